# SPDX-License-Identifier: Apache-2.0
"""The network goes while a teacher plans: the next planner takes over in time, and the teacher is
left alone until it can be asked again. The teacher is an endpoint over real HTTP.
"""

from __future__ import annotations

import threading
import time

import pytest
from diagnostic_msgs.msg import DiagnosticArray

from prism_msgs.msg import PlanErrorCode, PlanningStatus
from prism_msgs.msg import PlannerHealth as HealthMessage
from prism_msgs.srv import GetPlan
from prism_ros.errors import CODE_NAMES

from ..core.teacher_server import MODEL
from ..faults import recovery
from .asking import TASK, again, plan
from .checks import assert_refused
from .teachers import serve_teacher

SHARE_S, TIMEOUT_S = 1.5, 3.0
START_S = 60.0  # the client of endpoints takes long to import on a busy machine


@pytest.fixture
def teacher(monkeypatch, tmp_path):
    with serve_teacher(monkeypatch, tmp_path, patience_s=60.0) as server:
        yield server


@pytest.fixture
def beats(ros, teacher) -> list[PlanningStatus]:
    """The status of a planner node with a teacher before the symbolic planner; it is up."""
    beats = ros.collect(PlanningStatus, 'planner_status')
    ros.start_graph()
    node = ros.start_planner(
        planner__order=['teacher=lm', 'symbolic'],
        planner__breaker_failures=2,
        planner__breaker_pause_s=1.0,
    )
    ros.spin_until(lambda: node._mirror.graph is not None)
    is_ready = lambda: beats and beats[-1].state == PlanningStatus.READY  # noqa: E731
    ros.spin_until(is_ready, START_S)
    assert plan(ros).plan.model_id == MODEL
    return beats


def timed_plan(ros) -> tuple[GetPlan.Response, float]:
    started_s = time.monotonic()
    response = plan(ros, timeout_s=TIMEOUT_S)
    return response, time.monotonic() - started_s


def go_silent(teacher) -> None:
    teacher.fault = lambda ask: 'stall'


def test_a_teacher_that_goes_silent_costs_its_share_and_then_nothing_until_it_is_tried(
    ros, teacher, beats
):
    diagnostics: dict[str, str] = {}

    def keep(array: DiagnosticArray) -> None:
        for status in array.status:
            diagnostics.update({pair.key: pair.value for pair in status.values})

    ros.node.create_subscription(DiagnosticArray, '/diagnostics', keep, 10)
    go_silent(teacher)
    for _ in range(2):
        response, took_s = timed_plan(ros)
        assert response.plan.model_id == 'symbolic', response.error_msg
        assert 'did not answer within 1.5 s' in response.passed_over[0]
        assert SHARE_S <= took_s < TIMEOUT_S
    asked = len(teacher.asks)
    response, took_s = timed_plan(ros)
    assert took_s < SHARE_S / 2
    assert len(teacher.asks) == asked
    assert (response.plan.model_id, response.metrics.attempts) == ('symbolic', 1)
    assert 'teacher: it is left alone for 1 s after 2 failures in a row' in response.passed_over[0]
    assert response.passed_over[0].endswith(' s')
    ros.spin_until(lambda: beats[-1].state == PlanningStatus.DEGRADED)
    health = beats[-1].planners[0]
    assert (health.name, health.state) == ('teacher', HealthMessage.OUT)
    assert health.error_code == PlanErrorCode.TEACHER_UNAVAILABLE
    assert 'left alone' in health.detail
    ros.spin_until(lambda: 'teacher breaker' in diagnostics)
    ros.spin_until(lambda: diagnostics['teacher breaker'] == 'half-open')
    teacher.fault = lambda ask: ''
    assert timed_plan(ros)[0].plan.model_id == MODEL
    ros.spin_until(lambda: beats[-1].state == PlanningStatus.READY)
    ros.spin_until(lambda: diagnostics['teacher breaker'] == 'closed')


def test_who_asks_for_the_teacher_alone_is_told_at_once_when_it_can_be_asked_again(
    ros, teacher, beats
):
    go_silent(teacher)
    for _ in range(2):
        response = plan(ros, planner='teacher', timeout_s=1.5)
        assert_refused(response, PlanErrorCode.TIMEOUT, "'teacher' did not answer within 1.5 s")
    with recovery('network: the teacher is silent for long') as fault:
        response = plan(ros, planner='teacher', timeout_s=1.5)
        fault.says(assert_refused(response, PlanErrorCode.TEACHER_UNAVAILABLE, 'asked again in '))
        assert response.passed_over[0].startswith('teacher: ')
        assert response.metrics.attempts == 0
        teacher.fault = lambda ask: ''
        fault.is_mended()
        again(ros, lambda: plan(ros, planner='teacher').success)


def test_calls_with_next_to_no_time_are_not_held_against_the_teacher(ros, teacher, beats):
    teacher.slow_s = 0.5
    for _ in range(3):
        assert plan(ros, planner='teacher', timeout_s=0.2).error_code == PlanErrorCode.TIMEOUT
    assert plan(ros, planner='teacher', timeout_s=10.0).plan.model_id == MODEL


def test_a_connection_that_is_cut_while_the_teacher_plans_is_taken_over_within_its_share(
    ros, teacher, beats
):
    teacher.slow_s = 60.0
    cut = threading.Timer(0.5, teacher.go_down)
    cut.start()
    with recovery('network: cut while the teacher plans') as fault:
        response, took_s = timed_plan(ros)
        cut.join()
        assert response.plan.model_id == 'symbolic', response.error_msg
        assert 0.5 < took_s < TIMEOUT_S
        assert response.passed_over[0].startswith('teacher: ')
        fault.says(CODE_NAMES[response.error_code])
        teacher.slow_s = 0.0
        teacher.come_up()
        fault.is_mended()
        ros.spin_until(lambda: timed_plan(ros)[0].plan.model_id == MODEL)


def test_a_goal_that_is_canceled_is_not_held_against_the_teacher(ros, teacher, beats):
    go_silent(teacher)
    for _ in range(3):
        waiting = ros.send(GetPlan, 'plan', GetPlan.Request(task=TASK, timeout_s=20.0))
        begun = len(teacher.asks)
        ros.spin_until(lambda begun=begun: len(teacher.asks) > begun)
        assert ros.change_state('prism_planner', 'deactivate')
        ros.spin_until(waiting.done)
        assert ros.change_state('prism_planner', 'activate')
    teacher.fault = lambda ask: ''
    ros.spin_until(lambda: plan(ros, planner='teacher').success)
