# SPDX-License-Identifier: Apache-2.0
"""Goals of missions as limits, plans with the status of each step, ends with a code."""

from __future__ import annotations

from types import SimpleNamespace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import GraphUpdate, Observation, Plan
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.mission import Budget, MissionEnding, RobotMission, Rules
from prism_msgs.action import ExecuteMission
from prism_msgs.msg import PlanErrorCode, PlanStep
from prism_ros.conversions import plan_to_message
from prism_ros.errors import CODE_NAMES, Refusal
from prism_ros.mission_messages import (
    ENDING_CODES,
    mark_approval,
    mark_steps,
    read_goal,
    refusal_of,
    tried_steps,
)

from ..core.hand_made import do, make_known

LIMITS = Budget(max_turns=20, max_replans=5, max_distance_m=300.0, max_time_s=60.0)
DRIVE = Plan((do('goto', 'yard_7'), do('goto', 'shed_2'), do('answer', 'I am there.')))
numbers = st.floats(0, 1e6, width=32)


@given(st.integers(0, 65535), st.integers(0, 65535), numbers, numbers)
def test_a_goal_never_takes_more_than_the_parameters_allow(turns, replans, metres, seconds):
    goal = ExecuteMission.Goal(
        task='go', max_turns=turns, max_replans=replans, max_distance_m=metres, timeout_s=seconds
    )
    budget, _ = read_goal(goal, LIMITS, Rules())
    for asked, got, limit in (
        (turns, budget.max_turns, LIMITS.max_turns),
        (replans, budget.max_replans, LIMITS.max_replans),
        (metres, budget.max_distance_m, LIMITS.max_distance_m),
        (seconds, budget.max_time_s, LIMITS.max_time_s),
    ):
        assert got == (min(asked, limit) if asked else limit)


def test_a_goal_that_says_nothing_takes_what_the_parameters_say():
    assert read_goal(ExecuteMission.Goal(task='go'), LIMITS, Rules())[0] == LIMITS


@pytest.mark.parametrize(
    ('fields', 'sentence'),
    [
        ({'task': ''}, 'expected a task'),
        ({'task': 'a\0b'}, 'expected a task'),
        ({'timeout_s': float('inf')}, 'timeout_s must be a finite number, 0 or more, got inf'),
        ({'max_distance_m': -2.0}, 'max_distance_m must be a finite number, 0 or more, got -2'),
    ],
)
def test_a_goal_that_cannot_be_is_refused(fields, sentence):
    goal = ExecuteMission.Goal(task='go')
    for name, value in fields.items():
        setattr(goal, name, value)
    with pytest.raises(Refusal, match=sentence) as caught:
        read_goal(goal, LIMITS, Rules())
    assert caught.value.code == PlanErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(('name', 'most'), [('task', 4096), ('planner', 160)])
def test_a_text_that_no_middleware_bounds_is_bounded_here(name, most):
    fields = {'task': 'go', 'planner': '', 'timeout_s': 0.0, 'max_distance_m': 0.0}
    goal = SimpleNamespace(**{**fields, name: 'x' * (most + 1)})
    with pytest.raises(Refusal, match=f'{name} has more than the {most} characters'):
        read_goal(goal, LIMITS, Rules())


def test_each_way_to_end_has_a_code():
    assert set(ENDING_CODES) == set(get_args(MissionEnding))
    named = {CODE_NAMES[code] for code in ENDING_CODES.values()}
    assert named >= {
        *('SKILL_UNAVAILABLE', 'SKILL_FAILED', 'REPLAN_LIMIT', 'DISTANCE_LIMIT'),
        *('APPROVAL_DENIED', 'PLAN_STALE', 'NEEDS_CLARIFICATION', 'CANCELED', 'TIMEOUT'),
    }


def begin(**options):
    mission = RobotMission('go', MAPPING_ACTIONS, **options)
    message = plan_to_message(DRIVE, MAPPING_ACTIONS)
    mission.take_plan(DRIVE, make_known())
    return mission, message


def statuses(mission, message):
    mark_steps(message, mission, is_taken=True)
    return [step.status for step in message.steps]


def test_the_steps_of_a_plan_say_how_far_it_is():
    mission, message = begin()
    assert statuses(mission, message) == [PlanStep.RUNNING, PlanStep.PENDING, PlanStep.PENDING]
    graph = make_known().at('yard_7')
    mission.take_observation(Observation(GraphUpdate(robot_location='yard_7')), graph)
    assert statuses(mission, message) == [PlanStep.SUCCEEDED, PlanStep.RUNNING, PlanStep.PENDING]
    mission.take_observation(Observation(status='failed', feedback='a wheel is stuck'), graph)
    assert statuses(mission, message) == [PlanStep.SUCCEEDED, PlanStep.FAILED, PlanStep.SKIPPED]
    assert message.steps[1].message == 'a wheel is stuck'
    assert message.steps[1].error_code == PlanErrorCode.SKILL_FAILED
    assert [step.targets[0] for step in tried_steps([message])] == ['yard_7', 'shed_2']


def test_a_step_that_is_overtaken_is_stale_and_was_not_tried():
    mission, message = begin()
    gone = make_known().apply(GraphUpdate(remove_nodes=('shed_2',), robot_location='yard_7'))
    mission.take_observation(Observation(), gone)
    assert statuses(mission, message) == [PlanStep.SUCCEEDED, PlanStep.SKIPPED, PlanStep.SKIPPED]
    assert message.steps[1].error_code == PlanErrorCode.PLAN_STALE
    assert len(tried_steps([message])) == 1


def test_a_step_waits_for_approval_where_it_is_marked():
    rules = Rules(approval_actions=frozenset({'goto'}))
    mission, message = begin(rules=rules)
    mark_approval(message, rules, MAPPING_ACTIONS)
    assert [step.needs_approval for step in message.steps] == [True, True, False]
    assert statuses(mission, message)[0] == PlanStep.AWAITING_APPROVAL
    mark_approval(message, Rules(approve_all=True), MAPPING_ACTIONS)
    assert [step.needs_approval for step in message.steps] == [True, True, False]


def test_a_dry_run_leaves_its_steps_as_they_are():
    mission, message = begin(rules=Rules(is_dry=True))
    assert set(statuses(mission, message)) == {PlanStep.PENDING}
    assert refusal_of(mission) is None


def test_a_planner_that_refused_lends_its_code_to_the_mission():
    mission = RobotMission('go', MAPPING_ACTIONS)
    mission.fail_to_plan('the endpoint is down')
    refusal = refusal_of(mission, PlanErrorCode.TEACHER_UNAVAILABLE)
    assert (refusal.code, str(refusal)) == (
        PlanErrorCode.TEACHER_UNAVAILABLE,
        'the endpoint is down',
    )
    assert refusal_of(mission).code == PlanErrorCode.INVALID_OUTPUT
