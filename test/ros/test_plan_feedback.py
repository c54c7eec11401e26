# SPDX-License-Identifier: Apache-2.0
"""plan_mission tells of tokens and text on the way, at a bounded rate, and again in its result."""

from __future__ import annotations

import time

import pytest
from action_msgs.msg import GoalStatus

from prism_msgs.action import PlanMission
from prism_msgs.msg import PlanErrorCode, PlanningStatus

from . import students
from .asking import TASK, order, release_hanging_planners  # noqa: F401 - an autouse fixture


@pytest.fixture(autouse=True)
def engines():
    students.ENGINES.clear()
    yield students.ENGINES
    for engine in students.ENGINES:
        engine.close()


def plan_mission(ros, **fields):
    """Status, result, and the feedback with the time at which each came."""
    came: list[tuple[float, PlanMission.Feedback]] = []
    goal = ros.send_goal(
        PlanMission,
        'plan_mission',
        PlanMission.Goal(task=TASK, **fields),
        lambda message: came.append((time.monotonic(), message.feedback)),
    )
    future = goal.get_result_async()
    ros.spin_until(future.done)
    return future.result().status, future.result().result, came


def start(ros, *names: str, **parameters) -> None:
    beats = ros.collect(PlanningStatus, 'planner_status')
    ros.start_graph()
    node = ros.start_planner(planner__order=list(names), **parameters)
    ros.spin_until(lambda: node._mirror.graph is not None)
    ros.spin_until(lambda: beats and beats[-1].state == PlanningStatus.READY)


@pytest.mark.parametrize('rate_hz', [2.0, 10.0])
def test_tokens_and_text_come_while_the_model_writes_no_oftener_than_was_asked_for(ros, rate_hz):
    start(ros, f'student={students.__name__}:make_writing', planner__feedback_rate_hz=rate_hz)
    status, result, came = plan_mission(ros)
    assert status == GoalStatus.STATUS_SUCCEEDED
    assert result.plan.steps[0].targets == ['forklift_1']
    told = [(at_s, one) for at_s, one in came if one.tokens]
    assert told
    numbers = [one.tokens for _, one in told]
    assert numbers == sorted(set(numbers))
    assert all('"primary_goal"' in one.partial_text for _, one in told)
    assert all(one.phase == one.PLANNING and one.attempt == 1 for _, one in told)
    assert any(one.tokens_per_second > 1 for _, one in told if one.tokens > 3)
    took_s = result.metrics.planning_time_s
    assert len(told) <= took_s * rate_hz + 1


def test_where_no_planner_has_a_plan_the_result_says_of_each_one_why(ros):
    ros.start_graph()
    node = ros.start_planner(planner__order=order('Unavailable', 'Invents'))
    ros.spin_until(lambda: node._mirror.graph is not None)
    status, result, _ = plan_mission(ros)
    assert (status, result.error_code) == (
        GoalStatus.STATUS_ABORTED,
        PlanErrorCode.UNKNOWN_NODE,
    )
    assert [said.partition(':')[0] for said in result.passed_over] == ['Unavailable', 'Invents']
    assert 'the endpoint is down' in result.passed_over[0]
    assert result.metrics.attempts == 2
    assert result.metrics.planning_time_s > 0
