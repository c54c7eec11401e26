# SPDX-License-Identifier: Apache-2.0
"""Plans that repeat or contradict what is known: mended, told of, or not sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import (
    Action,
    Connection,
    GraphUpdate,
    Node,
    Observation,
    Plan,
    SceneGraph,
    Turn,
    finish_plan,
    suspect,
    validate_plan,
)
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.plan.steps import parse_steps

from .strategies import scene_graphs, tried_plans

# dock - yard - lane | barn; the cart is seen from the lane
SITE = SceneGraph(
    [
        *(Node(name, 'region', (x, 0)) for name, x in (('dock', 0), ('yard', 9), ('lane', 20))),
        *(Node('barn', 'region', (33, 5)), Node('cart', 'object', (21, 1))),
    ],
    [
        Connection('traversable', 'dock', 'yard'),
        Connection('traversable', 'yard', 'lane'),
        Connection('observed_from', 'cart', 'lane'),
    ],
    robot_location='dock',
)
NO_POSITIONS = SceneGraph(
    [Node(n.name, n.kind) for n in SITE.nodes.values()],
    SITE.connections.values(),
    robot_location='dock',
)


def steps(text: str) -> tuple[Action, ...]:
    return tuple(parse_steps(text, MAPPING_ACTIONS))


def finish(text: str, graph: SceneGraph = SITE, history=()) -> Plan:
    return finish_plan(Plan(steps(text)), graph, history, MAPPING_ACTIONS)


def failed(text: str, said: str = '', update: GraphUpdate | None = None, at: str = 'dock') -> Turn:
    seen = Observation(update or GraphUpdate(), said, 'failed')
    return Turn(Plan(steps(text)), (seen,), at)


@pytest.mark.parametrize(
    ('planned', 'finished'),
    [
        ('goto(dock), map_region(yard)', 'map_region(yard)'),
        ('goto(yard), goto(yard), map_region(yard)', 'goto(yard), map_region(yard)'),
        ('goto(yard), goto(dock), goto(dock)', 'goto(yard), goto(dock)'),
        ('map_region(yard), goto(yard), replan()', 'map_region(yard), replan()'),
        ('inspect(cart, "open?"), goto(lane)', 'inspect(cart, "open?")'),
        ('goto(dock)', 'goto(dock)'),  # nothing else is left
        ('goto(moon), goto(dock), fly(dock)', 'goto(moon), fly(dock)'),
        ('goto(barn), goto(dock)', 'goto(barn), goto(dock)'),  # for the validator to name
    ],
)
def test_a_drive_to_where_the_robot_stands_is_no_step(planned, finished):
    assert finish(planned).actions == steps(finished)


@given(st.data())
def test_a_finished_plan_is_valid_where_the_plan_was_and_drives_nowhere_it_is(data):
    graph = data.draw(scene_graphs(bare=True, located=True, any_kind=True))
    plan = data.draw(tried_plans(graph))
    finished = finish_plan(plan, graph, [], MAPPING_ACTIONS)
    if validate_plan(plan, graph, MAPPING_ACTIONS).is_valid:
        assert validate_plan(finished, graph, MAPPING_ACTIONS).is_valid
        first = finished.actions[0]
        is_idle = first == Action('goto', (graph.robot_location,))
        assert not is_idle or set(plan.actions) == {first}
    assert finish_plan(finished, graph, [], MAPPING_ACTIONS).actions == finished.actions


def test_a_step_that_failed_before_is_told_of_with_the_reason():
    history = [failed('map_region(yard)', 'the view is obstructed')]
    assert finish('map_region(yard)', history=history).notes == (
        "map_region(yard) failed before: 'the view is obstructed'; it is tried again.",
    )
    done = Turn(Plan(steps('map_region(yard)')), (Observation(),), 'dock')
    assert finish('map_region(yard)', history=[*history, done]).notes == ()


def test_a_plan_across_a_gap_names_both_sides_and_what_is_missing():
    assert finish('extend_map(33, 5)').notes == (
        "'barn' cannot be reached from 'dock': a connection is missing between the robot's side "
        "('dock', 'yard', 'lane') and the other side ('barn'). The closest pair of regions across "
        "the gap is 'lane' and 'barn', 13.9 m apart.",
    )
    assert finish('extend_map(1, 1)').notes == ()


@pytest.mark.parametrize('graph', [SITE, NO_POSITIONS])
def test_the_symbolic_planner_names_both_sides_of_a_gap(graph, symbolic):
    plan = symbolic.plan('go to the barn', graph, [])
    assert plan.actions != (Action('goto', ('barn',)),)
    (note,) = plan.notes
    assert note.startswith("'barn' cannot be reached from 'dock': a connection is missing between")
    assert "('dock', 'yard', 'lane') and the other side ('barn')" in note
    finished = finish_plan(plan, graph, [], MAPPING_ACTIONS)
    assert finished.notes == plan.notes


def test_the_symbolic_planner_sends_no_drive_again_that_failed_and_says_so(symbolic):
    history: list[Turn] = []
    asked = 'go to the lane'
    plans = [symbolic.plan(asked, SITE, history)]
    while not MAPPING_ACTIONS[plans[-1].actions[-1].name].ends_mission or len(plans) == 1:
        first = plans[-1].actions[:1]
        history.append(Turn(Plan(first), (Observation(feedback='stuck', status='failed'),), 'dock'))
        plans.append(symbolic.plan(asked, SITE, history))
        assert suspect(plans[-1], asked, SITE, history, MAPPING_ACTIONS) == ''
    drive, look, end = (plan.actions[0] for plan in plans)
    assert (drive, look) == (steps('goto(lane)')[0], steps('map_region(dock)')[0])
    assert end == Action('answer', ('lane cannot be reached.',))
    assert plans[-1].notes == ("The drive to 'lane' failed: 'stuck'; no other way there is known.",)


def test_a_drive_that_failed_is_sent_again_once_something_is_new(symbolic):
    news = GraphUpdate(set_attributes={'dock': {'mapped': True}})
    look = Turn(Plan(steps('map_region(dock)')), (Observation(news),), 'dock')
    history = [failed('goto(lane)'), look]
    graph = SITE.apply(news)
    assert symbolic.plan('go to the lane', graph, history).actions[0] == steps('goto(lane)')[0]


def test_what_failed_is_looked_at_after_everything_else(symbolic):
    first = symbolic.plan('find the crane', SITE, [])
    history = [Turn(first, (Observation(status='failed'),), 'dock')]
    second = symbolic.plan('find the crane', SITE, history)
    assert second.actions[-1].name == first.actions[-1].name == 'map_region'
    assert second.actions != first.actions


@pytest.mark.parametrize(
    ('plan', 'tries', 'is_odd'),
    [
        ('goto(lane), map_region(lane)', ['goto(lane)'], True),
        ('goto(yard)', ['goto(lane)'], False),
        ('map_region(yard)', ['map_region(yard)'] * 2, False),  # a view may clear
        ('map_region(yard)', ['map_region(yard)'] * 3, True),
        ('explore_region(yard, 5)', ['explore_region(yard, 3)'] * 3, False),
    ],
)
def test_sending_again_what_failed_without_news_is_odd(plan, tries, is_odd):
    history = [failed(text) for text in tries]
    doubt = suspect(Plan(steps(plan)), 'look', SITE, history, MAPPING_ACTIONS)
    assert doubt.startswith('The same failed before, and nothing is new since') == is_odd
    way = SITE.connections[('dock', 'yard')]
    with_news = [*history, failed('goto(lane)', '', GraphUpdate(remove_connections=(way,)))]
    assert suspect(Plan(steps(plan)), 'look', SITE, with_news, MAPPING_ACTIONS) == ''
    elsewhere = [failed(text, at='yard') for text in tries]
    assert suspect(Plan(steps(plan)), 'look', SITE, elsewhere, MAPPING_ACTIONS) == ''
