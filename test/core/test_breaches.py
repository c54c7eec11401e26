# SPDX-License-Identifier: Apache-2.0
"""A plan of anybody that enters what its request forbids is refused before it is driven."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
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
    render_plan,
)
from prism_core.domains.mapping.commands.keeping import count_broken_steps, draw_pairs
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.intent import Constraint, Intent, Target
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.solution import solve
from prism_core.episode.planner import run_episode
from prism_core.errors import WorldRejected
from prism_core.inference.cascade import make_offer
from prism_core.inference.lm_planner import LMPlanner
from prism_core.plan.validation import ProblemKind
from prism_core.testing import ScriptedPlanner, ScriptedTextModel

from .composed_sites import TRUCK, driven, make_site, pose, region
from .mapping_worlds import WORDS, episodes_of

DOMAIN = MappingDomain()
#  hall - yard_1 - shed_1
#    |               |
#  road_1 -------- road_2
SITE = SceneGraph(
    [
        Node('hall_1', 'region', (0.0, 0.0), attributes={'mapped': True}),
        Node('yard_1', 'region', (10.0, 0.0), attributes={'mapped': True}),
        Node('shed_1', 'region', (20.0, 0.0), attributes={'mapped': True}),
        Node('road_1', 'region', (0.0, 20.0), attributes={'mapped': True}),
        Node('road_2', 'region', (20.0, 20.0), attributes={'mapped': True}),
        Node('truck_1', 'object'),
        Node('crate_1', 'object'),
    ],
    [
        Connection('traversable', 'hall_1', 'yard_1'),
        Connection('traversable', 'yard_1', 'shed_1'),
        Connection('traversable', 'hall_1', 'road_1'),
        Connection('traversable', 'road_1', 'road_2'),
        Connection('traversable', 'road_2', 'shed_1'),
        Connection('observed_from', 'truck_1', 'yard_1'),
        Connection('observed_from', 'crate_1', 'shed_1'),
    ],
    robot_location='hall_1',
)


def goto(*names: str) -> Plan:
    return Plan((*(Action('goto', (name,)) for name in names), Action('answer', ('Done.',))))


def look_at(name: str) -> Plan:
    return Plan((Action('inspect', (name, 'Describe it.')),))


# ----------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ('request_', 'plan', 'feedback'),
    [
        (
            'Go to the shed, but do not enter the yard.',
            goto('yard_1', 'shed_1'),
            "Step 1: the request says not to enter 'yard_1'.",
        ),
        (
            'Go to the shed, but do not enter the yard.',
            goto('shed_1'),
            "Step 1: goto(shed_1) enters 'yard_1', which the request says not to. Try ",
        ),
        (
            'Describe the crate. Keep out of the yard.',
            look_at('crate_1'),
            'Step 1: inspect(crate_1, "Describe it.") enters \'yard_1\'',
        ),
        (
            'Go to the shed and keep away from the truck.',
            goto('shed_1'),
            "Step 1: goto(shed_1) enters 'yard_1', which the request says not to. Try ",
        ),
        (
            'Go to the shed, but stay on the roads.',
            goto('shed_1'),
            "Step 1: goto(shed_1) enters 'yard_1', which the request says not to. Try ",
        ),
        (
            'Go to the yard, but do not go further than 5 metres.',
            goto('yard_1'),
            "Step 1: the request says not to enter 'yard_1'.",
        ),
        (
            'Go to the shed, but avoid the yard.',
            Plan((Action('extend_map', (20.0, 0.0)),)),
            'Step 1: extend_map(20, 0) drives where nobody knows what it enters',
        ),
        (
            'Go to the shed, but avoid the roads and the yard.',
            goto('shed_1'),
            'no way around is known.',
        ),
    ],
)
def test_a_step_into_what_is_forbidden_is_refused_in_a_sentence(request_, plan, feedback):
    report = DOMAIN.validate(plan, request_, SITE, ())
    assert [problem.kind for problem in report.problems] == [ProblemKind.FORBIDDEN]
    assert feedback in report.feedback


def test_the_way_around_is_told_and_is_accepted():
    request, known = 'Go to the shed, but do not enter the yard.', SITE
    detour = DOMAIN.validate(goto('shed_1'), request, known, ()).feedback
    assert 'Try map_region(hall_1).' in detour or 'goto(road_2)' in detour
    assert DOMAIN.validate(Plan((Action('map_region', ('hall_1',)),)), request, known, ()).is_valid


@pytest.mark.parametrize(
    ('request_', 'plan'),
    [
        ('Go to the shed.', goto('yard_1', 'shed_1')),
        ('Go to the shed, but do not enter the yard.', Plan((Action('replan'),))),
        # what is not understood is asked about, not held to
        ('Go to the shed and never mind how.', goto('shed_1')),
        ('Go to the yard, but do not enter the yard.', goto('yard_1')),
        ('Go to the shed but avoid the swamp.', goto('shed_1')),
        ('Go to the shed, but do not enter the yard.', Plan((Action('answer', ('yard_1',)),))),
        ('Go to the shed, but do not enter the yard.', Plan((Action('clarify', ('yard_1?',)),))),
    ],
)
def test_nothing_else_is_refused(request_, plan):
    assert DOMAIN.validate(plan, request_, SITE, ()).is_valid


def test_what_cannot_be_carried_out_at_all_is_refused_for_that():
    report = DOMAIN.validate(goto('moon_1'), 'Go to the shed, but avoid the yard.', SITE, ())
    assert [problem.kind for problem in report.problems] == [ProblemKind.UNKNOWN_NODE]


def test_it_holds_from_where_the_mission_began():
    request = 'Go to the shed, but do not go further than 25 metres.'
    there = SITE.at('road_1')
    drive = Observation(update=GraphUpdate(robot_location='road_1'))
    began = Turn(goto('road_1'), (drive,), 'hall_1', known_graph=SITE)
    report = DOMAIN.validate(goto('road_2'), request, there, (began,))
    assert "not to enter 'road_2'" in report.feedback
    assert DOMAIN.validate(goto('road_2'), request, there, ()).is_valid


# ------------------------------------------------------------------------------------------- by whom


def test_no_offer_of_such_a_plan_is_taken():
    planner = ScriptedPlanner([goto('yard_1', 'shed_1')])
    offer = make_offer(planner, 'Go to the shed, but avoid the yard.', SITE, (), DOMAIN)
    assert offer.plan is None
    assert 'the request says not to' in offer.doubt


def test_a_language_model_is_told_and_asked_again():
    look = Plan((Action('map_region', ('hall_1',)),))
    model = ScriptedTextModel([render_plan(goto('yard_1', 'shed_1')), render_plan(look)])
    planner = LMPlanner(
        model, DOMAIN.make_dialect('spine'), DOMAIN.table, find_breaches=DOMAIN.find_breaches
    )
    plan = planner.plan('Go to the shed, but avoid the yard.', SITE, ())
    assert plan.actions == look.actions
    assert "not to enter 'yard_1'" in model.calls[1][-1]['content']


@pytest.mark.parametrize('kind', ['avoiding', 'keeping_clear', 'staying_on', 'staying_within'])
def test_no_plan_of_the_teacher_is_refused(kind):
    for episode in episodes_of(range(30, 36), kinds=(kind,), tasks=2):
        graph = episode.known_graph
        for number, turn in enumerate(episode.turns):
            history = episode.turns[:number]
            graph = turn.known_graph or graph
            report = DOMAIN.validate(turn.plan, episode.task.request, graph, history)
            assert report.is_valid, (episode.task.request, report.feedback)


@settings(max_examples=15, deadline=None)
@given(skip=st.integers(0, 25))
def test_who_heeds_nothing_enters_nothing_forbidden_once_he_is_checked(skip):
    pairs = draw_pairs(DOMAIN, 0.2)
    for _ in range(skip):
        next(pairs)
    episode, twin = next(pairs)
    task = replace(episode.task, intent=twin.task.intent)
    for one in (episode, twin):
        played = run_episode(
            make_teacher(task, WORDS),
            DOMAIN.make_simulator(one),
            one,
            find_breaches=DOMAIN.find_breaches,
        )
        assert count_broken_steps(played) == 0
        if one is twin:
            refused = [o for t in played.turns for o in t.observations if o.status == 'refused']
            assert not refused


# -------------------------------------------------------------------- things, and places to stay on


def clear_of(target: Target) -> tuple[Constraint, ...]:
    return (Constraint('avoid', region=target),)


def test_a_way_is_taken_around_where_a_thing_is_known_to_be():
    valve = Target(classes=('valve',))
    around = Intent('go_to', region=region('gate'), constraints=clear_of(valve))
    episode = pose(around, here='bridge_3')
    assert episode.outcome.success
    assert 'HX-201' not in driven(episode)


def test_a_thing_that_nobody_knows_of_yet_makes_no_task():
    intent = Intent('go_to', region=region('gate'), constraints=clear_of(TRUCK))
    hidden = make_site('old_truck', is_known=True, here='bridge_3')
    with pytest.raises(WorldRejected, match='not known where all'):
        solve(intent, make_site(here='bridge_3'), hidden, WORDS.lexicon)


def test_places_to_stay_on_hold_but_for_those_that_the_task_names():
    stay = (Constraint('stay_on', region=Target('region', classes=('road',))),)
    episode = pose(Intent('go_to', region=region('bridge'), constraints=stay))
    assert episode.outcome.success, episode.outcome.reason
    assert {*driven(episode)} <= {'road_2', 'bridge_3'}
    far = Intent('find', TRUCK, constraints=stay)
    assert 'Road_A' not in pose(far, 'old_truck', here='road_2').criterion.avoided
