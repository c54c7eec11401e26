# SPDX-License-Identifier: Apache-2.0
"""Logs of SPINE's planner: what the robot and the simulator wrote, as episodes."""

from __future__ import annotations

import json

from prism_core import render_scene_graph
from prism_core.dataset.filter import find_fault

from .mapping_worlds import episodes_of
from .spine_logs import EXAMPLE, GRAPH, ROBOT_LOG, SYSTEM, imported, reply, task, the_one, user


def test_a_log_of_spines_robot_becomes_a_checked_episode():
    one = the_one(ROBOT_LOG)
    assert (one.status, one.reason) == ('checked', '')
    episode = one.episode
    assert episode.task.request == 'Go to the field.'
    assert episode.provenance['imported_from'] == 'spine log'
    plans = [[action.name for action in turn.plan.actions] for turn in episode.turns]
    assert plans == [
        ['map_region', 'goto', 'answer'],
        ['goto', 'inspect', 'answer'],
        ['answer'],
    ]
    assert [len(turn.observations) for turn in episode.turns] == [1, 2, 1]
    assert [turn.robot_location for turn in episode.turns] == ['dock_1', 'road_1', 'field_1']
    assert [o.distance_m for _, o in episode.actions] == [20.0, 30.0, 0.0, 0.0]
    assert 'discovered_barrel_3' not in episode.known_graph.nodes
    barrel = episode.true_graph.nodes['discovered_barrel_3']
    assert (barrel.kind, barrel.position) == ('object', (21.0, 2.5))
    assert episode.true_graph.viewpoints['discovered_barrel_3'] == ('road_1',)
    road = episode.true_graph.nodes['road_1']
    assert road.description == 'a road, wet: it isnt safe (mud)'
    assert episode.final_graph.nodes['road_1'].attributes == {'mapped': True}
    assert road.attributes == {}


def test_worked_examples_are_left_out_however_many_there_are():
    for number in range(4):
        one = the_one([SYSTEM, *EXAMPLE * number, *ROBOT_LOG[9:]])
        assert one.status == 'checked'
        assert one.episode.task.request == 'Go to the field.'


def test_examples_before_a_task_without_advice_are_left_out_too():
    last = user(f'task: Go to the field.\nScene graph:{json.dumps(GRAPH)}')
    one = the_one([*EXAMPLE, last, reply('[goto(field_1), answer(I am in field_1.)]')])
    assert (one.status, one.episode.task.request) == ('checked', 'Go to the field.')


def test_a_log_of_the_simulator_has_bare_updates_with_nodes_named_before_their_braces():
    one = the_one(
        [
            task('Find a barrel.'),
            reply('[map_region(road_1), answer(none)]'),
            user(
                'add_nodes({barrel_2: {type: object, coords: [21.0, 2.0], description: blue}}),\n'
                'add_connections([barrel_2, road_1]),\n'
                'update_node_attributes({name: road_1, description: no description})'
            ),
            reply('[answer(There is barrel_2 at road_1.)]'),
        ]
    )
    assert (one.status, one.reason) == ('checked', '')
    assert one.episode.turns[1].robot_location == 'road_1'


def test_a_plan_that_the_logs_validator_refused_is_never_trained_on():
    refused = [
        task('Go to the field.'),
        {'role': 'assistant', 'content': 'I would go to the field.'},
        user('Feedback: You did not return your message in a valid json format.'),
        reply('[goto(mars_1)]'),
        user('Feedback: scene does not contain mars_1.'),
        reply('[goto(field_1), answer(I am in field_1.)]'),
    ]
    one = the_one(refused)
    assert one.status == 'checked'
    assert len(one.episode.turns) == 1
    assert 'mars_1' not in str(one.episode.turns)
    assert [item['feedback'][:12] for item in one.episode.provenance['refused']] == [
        'Feedback: Yo',
        'Feedback: sc',
    ]
    assert find_fault(one.episode) == ''


def test_a_refused_plan_in_our_dialect_is_left_out_of_the_turns():
    rows = [
        user(
            f'scene_graph: {json.dumps(GRAPH)}\ntask: Go to the field.\n'
            'robot_location: dock_1\nturns_left: 9'
        ),
        reply('[goto(mars_1)]'),
        user(
            'past_actions: [goto(mars_1)]\nupdates:\n- navigation_update("refused: no mars_1")\n'
            'robot_location: dock_1\nturns_left: 8'
        ),
        reply('[goto(field_1), answer(I am in field_1.)]'),
    ]
    one = the_one(rows)
    assert (one.status, len(one.episode.turns)) == ('checked', 1)
    assert one.episode.provenance['refused'][0]['feedback'] == 'no mars_1'


def test_a_blocked_way_leaves_the_robot_where_the_log_says():
    one = the_one(
        [
            task('Go to the field.'),
            reply('[goto(road_1), goto(field_1), answer(done)]'),
            user(
                'past_actions: [goto(road_1), goto(field_1)]\n'
                'updates: [remove_connections([road_1, field_1]), update_robot_location(road_1), '
                'navigation_update(could not navigate between [road_1, field_1]. Blocked.)]'
            ),
            reply('[answer(It cannot be reached.)]'),
        ]
    )
    statuses = [observation.status for _, observation in one.episode.actions]
    assert statuses == ['done', 'failed', 'done']
    assert one.episode.turns[1].robot_location == 'road_1'
    assert not one.episode.true_graph.is_reachable('road_1', 'field_1')


def test_missions_of_one_log_go_on_from_each_other():
    more = [
        user('task: Go to the dock.\nupdates: [no_updates()]'),
        reply('[goto(dock_1), answer(I am in dock_1.)]'),
    ]
    first, second = imported(json.dumps([*ROBOT_LOG, *more]), 'a.json')
    assert (first.source, second.source) == ('a.json:1', 'a.json:1#2')
    assert (first.status, second.status) == ('checked', 'checked')
    assert second.episode.known_graph.robot_location == 'field_1'
    assert 'discovered_barrel_3' in second.episode.known_graph.nodes


def test_pieces_of_an_older_log_behind_a_log_are_one_record_that_says_so():
    text = json.dumps(ROBOT_LOG, indent=2)
    older = json.dumps([*ROBOT_LOG, *ROBOT_LOG], indent=2)
    log, rest = imported(text + older[len(text) :])
    assert log.status == 'checked'
    assert (rest.status, rest.source) == ('unreadable', f'log:{text.count(chr(10)) + 1}')
    assert rest.reason.startswith('not a JSON record')


def test_logs_one_after_the_other_are_read_each():
    text = json.dumps(ROBOT_LOG, indent=2)
    assert [one.status for one in imported(f'{text}\n{text}\n')] == ['checked', 'checked']


def test_a_graph_of_our_own_form_is_read_in_a_spine_log():
    episode = episodes_of(range(6), tier='full', hidden=0.3)[0]
    graph = json.loads(render_scene_graph(episode.known_graph))
    one = the_one([task('Sing me a song.', graph), reply('[answer(La la.)]')])
    assert one.episode.known_graph.nodes == episode.known_graph.nodes
