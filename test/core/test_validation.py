# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import (
    Action,
    Connection,
    Node,
    Plan,
    ProblemKind,
    SceneGraph,
    ValidationReport,
    validate_plan,
)
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.plan.steps import parse_steps
from prism_core.plan.validation import MAX_STEPS

from .strategies import scene_graphs, tried_plans

SHAPE, ACTION = ProblemKind.SHAPE, ProblemKind.ACTION
UNKNOWN, UNREACHABLE = ProblemKind.UNKNOWN_NODE, ProblemKind.UNREACHABLE

# yard - path - gate | island - far_island; the car is seen from the path, the mast from the island
GRAPH = SceneGraph(
    [
        *(Node('yard', 'region', (0, 0)), Node('path', 'region', (10, 0))),
        *(Node('gate', 'region', (20, 0)), Node('island', 'region', (26.5, 1.25))),
        Node('far_island', 'region', (50, 0)),
        *(Node('car', 'object', (11, 1)), Node('mast', 'object', (27, 2))),
        *(Node('ghost', 'object', (0, 1)), Node('tower', 'object', (15, 15))),
    ],
    [
        *(Connection('traversable', 'yard', 'path'), Connection('traversable', 'path', 'gate')),
        Connection('traversable', 'island', 'far_island'),
        *(
            Connection('observed_from', 'car', 'path'),
            Connection('observed_from', 'mast', 'island'),
        ),
        *(
            Connection('observed_from', 'tower', 'island'),
            Connection('observed_from', 'tower', 'gate'),
        ),
    ],
    robot_location='yard',
)


def validate(plan: str | Plan, graph: SceneGraph = GRAPH) -> ValidationReport:
    if isinstance(plan, str):
        plan = Plan(tuple(parse_steps(plan, MAPPING_ACTIONS)))
    return validate_plan(plan, graph, MAPPING_ACTIONS)


@pytest.mark.parametrize(
    'steps',
    [
        'answer(done)',
        'clarify("Which car?")',
        'replan()',
        'map_region(gate), replan()',
        'goto(path), inspect(car, "is the door open?"), answer("yes, (both)")',
        'explore_region(gate)',
        'explore_region(gate, 0.5), explore_region(gate, 1000)',
        'extend_map(-10000000, 10000000), goto(yard)',
        'inspect(tower, is it lit?), goto(path)',
        'goto(yard), goto(yard)',
    ],
)
def test_plan_that_can_be_carried_out_is_accepted(steps):
    report = validate(steps)
    assert report.is_valid
    assert report.feedback == ''


@pytest.mark.parametrize(
    ('steps', 'step', 'kind', 'sentence'),
    [
        # the whole plan
        ('', None, SHAPE, 'The plan is empty; expected at least one step.'),
        ('replan(), ' * 129, None, SHAPE, 'The plan has 129 steps; at most 128 are allowed.'),
        ('answer(done), goto(path)', 1, SHAPE, 'answer ends the mission; no step may follow it.'),
        ('clarify(what?), replan()', 1, SHAPE, 'clarify ends the mission; no step may follow it.'),
        # the action
        (
            'goto(path), fly(path)',
            1,
            ACTION,
            "There is no action 'fly'; the actions are goto, map_region, explore_region, "
            'extend_map, inspect, replan, answer, clarify.',
        ),
        ('goto()', 0, ACTION, 'goto(region): expected 1 argument(s), got 0.'),
        ('goto(path, gate)', 0, ACTION, 'goto(region): expected 1 argument(s), got 2.'),
        ('extend_map(1)', 0, ACTION, 'extend_map(x_m, y_m): expected 2 argument(s), got 1.'),
        ('extend_map(1, 2, 3)', 0, ACTION, 'extend_map(x_m, y_m): expected 2 argument(s), got 3.'),
        (
            'explore_region(path, 3, 4)',
            *(0, ACTION, 'explore_region(region, radius_m=3): expected 2 argument(s), got 3.'),
        ),
        ('inspect(car)', 0, ACTION, 'inspect(object, query): expected 2 argument(s), got 1.'),
        ('replan(now)', 0, ACTION, 'replan(): expected 0 argument(s), got 1.'),
        ('answer()', 0, ACTION, 'answer(text): expected 1 argument(s), got 0.'),
        # texts
        ('inspect(car, )', 0, ACTION, 'inspect(object, query) needs a query that is not empty.'),
        ('answer(" \t\n")', 0, ACTION, 'answer(text) needs a text that is not empty.'),
        ('clarify("")', 0, ACTION, 'clarify(question) needs a question that is not empty.'),
        (
            f'inspect(car, {"x" * 1025})',
            *(0, ACTION, 'inspect(object, query): the query has 1025 characters; '),
        ),
        # numbers
        (
            'extend_map(nan, 0)',
            *(
                0,
                ACTION,
                'extend_map(x_m, y_m): x_m must be a number of metres between -1e+07 and ',
            ),
        ),
        (
            'extend_map(0, inf)',
            0,
            ACTION,
            'y_m must be a number of metres between -1e+07 and 1e+07',
        ),
        ('extend_map(0, -inf)', 0, ACTION, 'got -inf.'),
        ('extend_map(0, 1e8)', 0, ACTION, 'got 100000000.0.'),
        ('extend_map(ten, 0)', 0, ACTION, "got 'ten'."),
        ('extend_map("1", 0)', 0, ACTION, "got '1'."),
        (
            'explore_region(path, 0)',
            *(
                0,
                ACTION,
                'radius_m must be a number of metres more than 0 and at most 1000, got 0.0.',
            ),
        ),
        ('explore_region(path, -1)', 0, ACTION, 'got -1.0.'),
        ('explore_region(path, 1000.5)', 0, ACTION, 'got 1000.5.'),
        ('explore_region(path, nan)', 0, ACTION, 'got nan.'),
        ('explore_region(path, wide)', 0, ACTION, "got 'wide'."),
        # nodes
        (
            'goto(path), map_region(lake)',
            *(1, UNKNOWN, "The scene graph does not contain 'lake'; use replan() as stand-in for "),
        ),
        ('inspect(truck, "open?")', 0, UNKNOWN, "does not contain 'truck'"),
        ('goto("yard ")', 0, UNKNOWN, "does not contain 'yard '"),
        (
            'goto(path), explore_region(car, 2)',
            *(
                1,
                ACTION,
                "explore_region expects a region, 'car' is an object; an object is for inspect.",
            ),
        ),
        ('goto(path), map_region(car)', 1, ACTION, 'an object is for inspect.'),
        (
            'inspect(path, "open?")',
            0,
            ACTION,
            "inspect expects an object, 'path' is a region; a region is for goto, map_region, "
            'explore_region.',
        ),
        # ways
        (
            'goto(far_island)',
            0,
            UNREACHABLE,
            "'far_island' cannot be reached from 'yard': a connection is missing between the "
            "robot's side ('yard', 'path', 'gate') and the other side ('far_island', 'island'). "
            "The closest pair of regions across the gap is 'gate' and 'island', 6.62 m apart. "
            'Try goto(gate), extend_map(26.5, 1.25).',
        ),
        (
            'goto(path), inspect(mast, lit?)',
            *(1, UNREACHABLE, "'mast' cannot be reached from 'path': a connection is missing "),
        ),
        ('inspect(ghost, there?)', 0, UNREACHABLE, "'ghost' is connected to no region it is seen "),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else '',
)
def test_plan_that_cannot_be_carried_out_is_refused_with_the_reason(steps, step, kind, sentence):
    problem, *others = validate(steps).problems
    assert (problem.step, problem.kind, others) == (step, kind, [])
    assert re.search(re.escape(sentence), problem.sentence)
    assert problem.sentence.endswith('.')


def test_longest_plan_and_text_that_can_travel_are_accepted():
    assert validate(Plan((Action('replan'),) * MAX_STEPS)).is_valid
    assert validate(Plan((Action('answer', ('x' * 1024,)),))).is_valid


def test_plan_built_by_hand_may_hold_whole_numbers_but_no_wrong_types():
    assert validate(Plan((Action('extend_map', (1, 2)),))).is_valid
    for action in (Action('goto', (5.0,)), Action('goto', (None,)), Action('goto', (['path'],))):
        assert [problem.kind for problem in validate(Plan((action,))).problems] == [UNKNOWN]
    for action in (Action('answer', (5.0,)), Action('extend_map', (0.0, None))):
        assert [problem.kind for problem in validate(Plan((action,))).problems] == [ACTION]
    huge = validate(Plan((Action('extend_map', (10**400, 0)),)))
    assert huge.problems[0].sentence.endswith('000....')


def test_robot_in_an_unknown_place_may_only_do_what_needs_no_way():
    lost = GRAPH.at(None)
    assert validate('replan(), extend_map(1, 2), answer(lost)', lost).is_valid
    for steps in ('goto(yard)', 'inspect(car, "open?")'):
        (problem,) = validate(steps, lost).problems
        assert problem.kind is UNREACHABLE
        assert problem.sentence.startswith('Where the robot is is unknown, so no way to ')


@pytest.mark.parametrize('location', ['yard', 'island'])
@pytest.mark.parametrize('step', ['goto({})', 'map_region({})', 'explore_region({})'])
def test_step_is_judged_from_where_the_step_before_leaves_the_robot(location, step):
    here, there = ('yard', 'island') if location == 'yard' else ('island', 'yard')
    graph = GRAPH.at(location)
    assert validate(f'{step.format(here)}, goto({here})', graph).is_valid
    report = validate(f'{step.format(here)}, goto({there}), goto({here})', graph)
    assert [(problem.step, problem.kind) for problem in report.problems] == [(1, UNREACHABLE)]
    assert f"cannot be reached from '{here}'" in report.feedback


def test_later_step_is_named_with_the_region_that_an_earlier_inspect_leads_to():
    report = validate('inspect(car, "open?"), goto(island)')
    assert "'island' cannot be reached from 'path'" in report.feedback


def test_suggested_way_out_of_a_gap_is_a_valid_plan_to_the_exact_place():
    a, b = Node('5', 'region', (4_428_123.4, 0.1)), Node('b', 'region', (4_428_200.7, 1 / 3))
    graph = SceneGraph([a, b], robot_location='5')
    (problem,) = validate('goto(b)', graph).problems
    way_out = problem.sentence.split(' Try ')[1].removesuffix('.')
    assert parse_steps(way_out, MAPPING_ACTIONS) == [
        Action('goto', ('5',)),
        Action('extend_map', b.position),
    ]
    assert validate(way_out, graph).is_valid


def test_where_no_positions_are_known_both_sides_of_a_gap_are_named_all_the_same():
    names = ['hall', *(f'room {i}' for i in range(6)), 'attic']
    ways = [Connection('traversable', 'hall', name) for name in names[1:-1]]
    graph = SceneGraph([Node(n, 'region') for n in names], ways, robot_location='hall')
    (problem,) = validate('goto(attic)', graph).problems
    assert problem.sentence == (
        "'attic' cannot be reached from 'hall': a connection is missing between the robot's side "
        "('hall', 'room 0', 'room 1' and 4 more) and the other side ('attic'). No positions are "
        'known of either side.'
    )


def test_every_faulty_step_is_reported_with_its_number_in_one_feedback():
    report = validate('goto(lake), fly(), extend_map(nan, x), goto(path), answer(" "), replan()')
    assert [(problem.step, problem.kind) for problem in report.problems] == [
        *((0, UNKNOWN), (1, ACTION), (2, ACTION), (2, ACTION), (4, ACTION), (5, SHAPE)),
    ]
    assert not report.is_valid
    assert report.feedback.startswith("Step 1: The scene graph does not contain 'lake'")
    assert report.feedback.endswith(' Step 6: answer ends the mission; no step may follow it.')


@pytest.mark.parametrize('name', ['x' * 500, 'a\nb'])
def test_names_from_a_model_are_quoted_short_and_on_one_line(name):
    report = validate(Plan((Action('goto', (name,)), Action('map_region', (name,)))))
    assert len(report.feedback) < 400
    assert '\n' not in report.feedback


# ------------------------------------------------------------------- a second, naive judge


def naive_accepts(plan: Plan, graph: SceneGraph) -> bool:
    """The rules once more, by other means: reach by repeated spreading, one rule a line."""
    roads = [c.key for c in graph.connections.values() if c.kind == 'traversable']
    seen_from: dict[str, set[str]] = {}
    for c in graph.connections.values():
        for thing, region in ((c.source, c.target), (c.target, c.source)):
            if (graph.nodes[thing].kind, graph.nodes[region].kind) == ('object', 'region'):
                seen_from.setdefault(thing, set()).add(region)
    placed = [(c.source, c.target) for c in graph.connections.values() if c.is_placement]
    inside = [(thing, holder) for thing, holder in placed if thing not in seen_from]
    for _ in graph.nodes:
        seen_from |= {thing: seen_from.get(holder, set()) for thing, holder in inside}
    reach = {graph.robot_location} - {None}
    for _ in graph.nodes:
        reach |= {end for road in roads for end in road if reach & set(road)}

    def is_text(value) -> bool:
        return isinstance(value, str) and value.strip() != '' and len(value) <= 1024

    def is_number(value, limit: float) -> bool:
        return isinstance(value, float) and not math.isnan(value) and abs(value) <= limit

    def is_region(value) -> bool:
        return value in reach

    def is_object(value) -> bool:
        return bool(seen_from.get(value, set()) & reach)

    rules = {
        'goto': [is_region],
        'map_region': [is_region],
        'explore_region': [is_region, lambda value: is_number(value, 1000) and value > 0],
        'extend_map': [lambda value: is_number(value, 1e7)] * 2,
        'inspect': [is_object, is_text],
        'replan': [],
        'answer': [is_text],
        'clarify': [is_text],
    }
    names = [action.name for action in plan.actions]
    if not 1 <= len(names) <= 128 or not set(names) <= rules.keys():
        return False
    if {'answer', 'clarify'} & set(names[:-1]):
        return False
    return all(
        len(rules[action.name]) == len(action.arguments)
        and all(rule(value) for rule, value in zip(rules[action.name], action.arguments))
        for action in plan.actions
    )


@given(st.data())
def test_validator_agrees_with_a_naive_second_judge(data):
    graph = data.draw(scene_graphs(bare=True, located=True) | scene_graphs(bare=True))
    plan = data.draw(tried_plans(graph))
    report = validate(plan, graph)
    assert report.is_valid == naive_accepts(plan, graph), report.feedback
    steps = [problem.step for problem in report.problems]
    assert all(step is None or 0 <= step < len(plan.actions) for step in steps)
    assert all(problem.sentence for problem in report.problems)
