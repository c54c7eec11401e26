# SPDX-License-Identifier: Apache-2.0
"""Turns and missions in the closed loop, on a world made by hand: what ends them, what does not."""

from __future__ import annotations

import pytest

from prism_core import (
    Action,
    Connection,
    GraphUpdate,
    Node,
    Plan,
    PlannerError,
    SceneGraph,
    Turn,
)
from prism_core.dialects.conversation import fold_turns
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.domains.mapping.play import play_episode
from prism_core.episode.closed_loop import MAX_ALIKE, MAX_REFUSED_IN_A_ROW, MAX_SAME
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Episode, Task
from prism_core.episode.mission_state import MAX_TRIES, count_actions
from prism_core.episode.observation import Observation
from prism_core.testing import check_simulator

from .hand_made import REGIONS, SEEN, do, make_known, make_simulator, make_true, play
from .mapping_worlds import WORDS, episodes_of, taught


def test_what_a_step_revealed_ends_the_turn_and_later_turns_run_all_their_steps_again():
    drive = (do('goto', 'yard_7'), do('goto', 'gate_3'), do('goto', 'lane_4'))
    run = play([
        Plan((do('goto', 'yard_7'), do('map_region', 'yard_7'), do('goto', 'gate_3'))),
        Plan((*drive, do('inspect', 'crate_31', 'Is it red?'), do('goto', 'gate_3'))),
        Plan((*drive, do('goto', 'gate_3'), do('answer', 'done'))),
    ])  # fmt: skip
    assert [len(turn.observations) for turn in run.turns] == [2, 4, 5]
    assert [turn.robot_location for turn in run.turns] == ['gate_3', 'yard_7', 'lane_4']
    assert run.ending == 'reported'


@pytest.mark.parametrize('mapped', [(), ('gate_3',)])
def test_an_answer_behind_a_look_waits_for_the_next_turn_even_if_only_a_description_came(mapped):
    known = make_known('gate_3', 'yard_7', 'lane_4', mapped=mapped, objects=())
    plan = Plan((do('map_region', 'gate_3'), do('answer', 'done')))
    run = play([plan, plan], known=known, max_turns=1)
    ((shown,),) = (turn.observations for turn in run.turns)
    news = (
        {'description': 'gate with a roof'}
        if mapped
        else {**SEEN, 'description': 'gate with a roof'}
    )
    assert shown.update.set_attributes == {'gate_3': news}
    assert run.ending == 'limit'


def test_a_look_that_shows_nothing_new_ends_the_turn_all_the_same():
    look = Plan((do('inspect', 'crate_31', 'Is it red?'), do('answer', 'red')))
    run = play([look, look, Plan((do('answer', 'red'),))])
    assert [len(turn.observations) for turn in run.turns] == [1, 1, 1]
    assert run.turns[1].observations == (Observation(),)


def test_replan_ends_the_turn_and_not_the_mission():
    run = play([Plan((do('replan'), do('goto', 'yard_7'))), Plan((do('answer', 'done'),))])
    assert [len(turn.observations) for turn in run.turns] == [1, 1]
    assert run.final_graph.robot_location == 'gate_3'


@pytest.mark.parametrize(('last', 'ending'), [('answer', 'reported'), ('clarify', 'asked')])
def test_answer_and_clarify_end_the_mission_and_nothing_runs_behind_them(last, ending):
    run = play([Plan((do('goto', 'yard_7'), do(last, 'well'))), Plan((do('goto', 'gate_3'),))])
    assert run.ending == ending
    assert len(run.turns) == 1
    assert run.final_graph.robot_location == 'yard_7'


def test_a_failed_step_ends_the_turn_and_a_blocked_way_driven_around_does_not():
    plan = Plan((do('goto', 'shed_2'), do('goto', 'gate_3'), do('answer', 'done')))
    around = play([plan], make_true(('shed_2', 'yard_7')))
    assert [o.status for o in around.turns[0].observations] == ['done'] * 3
    failing = play([plan], make_true(('shed_2', 'yard_7'), ('lane_4', 'shed_2')), max_turns=1)
    assert [o.status for o in failing.turns[0].observations] == ['failed']
    assert failing.ending == 'limit'


def test_plans_that_the_validator_refuses_are_not_carried_out_and_end_the_mission_in_time():
    bad = Plan((do('goto', 'yard_7'), do('goto', 'attic_9')))
    run = play([bad] * 9)
    assert run.ending == 'invalid_plans'
    assert len(run.turns) == MAX_REFUSED_IN_A_ROW
    assert run.final_graph == run.known_graph.with_revision(run.final_graph.revision)
    assert all(turn.observations[0].status == 'refused' for turn in run.turns)
    assert "does not contain 'attic_9'" in run.turns[0].observations[0].feedback
    good = Plan((do('goto', 'yard_7'),))
    assert play([bad, bad, good, bad, bad, Plan((do('answer', 'done'),))]).ending == 'reported'


def test_a_planner_that_fails_ends_the_mission_with_what_it_said():
    run = play([Plan((do('goto', 'yard_7'),)), PlannerError('out of order')])
    assert (run.ending, run.error, len(run.turns)) == ('planner_error', 'out of order', 1)


LOOK = Plan((do('inspect', 'crate_31', 'Is it red?'),))


def test_the_same_in_vain_over_and_over_ends_the_mission_and_says_what():
    run = play([LOOK] * 128)
    assert (run.ending, len(run.turns)) == ('stuck', 1 + MAX_SAME)
    assert run.error == (
        'inspect(crate_31, "Is it red?") brought no news, 4 times from the same place'
    )


def test_the_same_in_other_words_ends_the_mission_too():
    looks = [Plan((do('inspect', 'crate_31', f'Is it red? {n}'),)) for n in range(128)]
    run = play(looks)
    assert (run.ending, len(run.turns)) == ('stuck', 1 + MAX_ALIKE)


def test_to_and_fro_without_news_ends_the_mission():
    run = play([Plan((do('goto', name),)) for name in ('yard_7', 'gate_3') * 64])
    assert (run.ending, len(run.turns)) == ('stuck', 2 * MAX_SAME - 1)


def test_plans_that_are_refused_in_between_do_not_make_it_new():
    run = play([LOOK, Plan((do('goto', 'attic_9'),))] * 64)
    assert (run.ending, len(run.turns)) == ('stuck', 2 * MAX_SAME + 1)


def test_news_in_between_begins_the_count_anew_and_as_many_tries_as_are_worth_it_are_free():
    news = Plan((do('map_region', 'gate_3'),))
    looks = [LOOK] * MAX_TRIES
    run = play([LOOK, *looks, news, *looks, Plan((do('answer', 'red'),))])
    assert (run.ending, run.error, len(run.turns)) == ('reported', '', 3 + 2 * MAX_TRIES)


@pytest.mark.parametrize('hidden', [0.0, 0.4])
def test_no_mission_of_the_teacher_or_of_the_fallback_is_stuck(hidden, symbolic):
    episodes = episodes_of(range(900, 960), hidden=hidden)
    for episode in episodes:
        assert taught(episode).ending in ('reported', 'asked')
        assert play_episode(symbolic, episode, WORDS).ending in ('reported', 'asked')


def test_the_same_action_on_many_objects_and_again_is_no_repetition():
    boxes = [Node(f'box_{n}', 'object', (n, 1), 'box', {'color': 'red'}) for n in range(40)]
    views = [Connection('observed_from', box.name, 'gate_3') for box in boxes]
    true = SceneGraph([REGIONS['gate_3'], *boxes], views, robot_location='gate_3')
    known = SceneGraph(
        [REGIONS['gate_3'], *(Node(b.name, 'object', b.position) for b in boxes)],
        views,
        robot_location='gate_3',
    )
    looks = [Plan((do('inspect', box.name, 'Is it red?'),)) for box in boxes]
    run = play([*looks, *looks[:3], *looks[:3], Plan((do('answer', 'done'),))], true, known)
    assert run.ending == 'reported'
    assert {observation.status for _, observation in run.actions} == {'done'}
    assert {node.attributes.get('color') for node in run.final_graph.objects.values()} == {'red'}


def test_two_simulators_of_one_episode_share_nothing_and_show_the_same():
    true, known = make_true(failures=[('map_region', 'yard_7')]), make_known()
    actions = [
        do('map_region', 'yard_7'),
        do('map_region', 'yard_7'),
        do('explore_region', 'shed_2', 40.0),
        do('inspect', 'barrel_8', 'Is it red?'),
        do('extend_map', 60.0, 0.0),
    ]
    one = make_simulator(true, known)
    shown = [one.execute(action) for action in actions]
    assert [observation.status for observation in shown] == [
        *('failed', 'done', 'done', 'done', 'failed')
    ]
    other = make_simulator(true, known)
    assert other.known_graph == known
    assert [other.execute(action) for action in actions] == shown


def test_the_simulator_keeps_the_promises_of_the_protocol():
    episode = Episode(
        0,
        Task('do it'),
        Criterion('any'),
        make_true(('shed_2', 'yard_7'), failures=[('inspect', 'crate_31')]),
        make_known(),
        provenance={},
    )
    actions = [
        *(do('goto', 'shed_2'), do('goto', 'nowhere_1'), do('map_region', 'shed_2')),
        *(do('inspect', 'crate_31', 'Is it red?'),) * 2,
        *(do('explore_region', 'shed_2', 50.0), do('extend_map', 0.0, 0.0), do('replan')),
        do('answer', 'done'),
    ]
    check_simulator(lambda e: make_simulator(e.true_graph, e.known_graph), episode, actions)


def test_only_what_fails_without_news_counts_as_a_try_in_vain():
    goal = Action('map_region', ('dock',))
    way = Connection('traversable', 'yard', 'dock')
    blocked = Observation(GraphUpdate(remove_connections=(way,)), 'it is blocked', 'failed')
    obstructed = Observation(feedback='the view is obstructed', status='failed')
    turns = [Turn(Plan((goal,)), (o,)) for o in (blocked, blocked, obstructed, blocked)]

    assert count_actions(turns, MAPPING_ACTIONS) == (frozenset(), {goal: 1})
    assert [observation.feedback for _, observation in fold_turns(turns, SceneGraph())] == [
        'the view is obstructed'
    ]
