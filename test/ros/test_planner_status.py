# SPDX-License-Identifier: Apache-2.0
"""prism_planner says how each of its planners is, and why one that is out cannot answer."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

from prism_core import CallStats, EngineLost, PlannerError, PlannerHealth, render_scene_graph
from prism_msgs.action import PlanMission
from prism_msgs.msg import Plan, PlanErrorCode, PlanningStatus
from prism_msgs.msg import PlannerHealth as HealthMessage
from prism_msgs.srv import GetPlan
from prism_ros import errors
from prism_ros.bench import make_graph
from prism_ros.errors import CODE_NAMES
from prism_ros.planner_status import START_LINE_S, StartReport, health_messages, judge, make_metrics

from ..core.teacher_server import CANARY, KEY_VARIABLE, MODEL
from ..faults import recovery
from . import planners, students
from .asking import (  # noqa: F401 - an autouse fixture
    TASK,
    again,
    order,
    plan,
    release_hanging_planners,
)
from .checks import assert_refused
from .teachers import serve_teacher

HERE = students.__name__
LOADING, READY = PlannerHealth('loading'), PlannerHealth('ready')
OUT = PlannerHealth('out', EngineLost('the engine was lost: x'), 'nano 0123456789ab')


@pytest.fixture(autouse=True)
def engines():
    students.ENGINES.clear()
    yield students.ENGINES
    for engine in students.ENGINES:
        engine.close()


def start(ros, *names, **parameters):
    """Both nodes; the messages of the status from the start on."""
    beats = ros.collect(PlanningStatus, 'planner_status')
    ros.start_graph()
    node = ros.start_planner(planner__order=list(names), **parameters)
    ros.spin_until(lambda: node._mirror.graph is not None)
    return beats


def wait_for(ros, beats, state: int) -> PlanningStatus:
    ros.spin_until(lambda: beats and beats[-1].state == state)
    return beats[-1]


# ---------------------------------------------------------------------------- states and sentences


@pytest.mark.parametrize(
    ('health', 'doubts', 'state', 'detail'),
    [
        ([READY, READY], [], PlanningStatus.READY, 'ready'),
        (
            [LOADING, READY],
            [],
            PlanningStatus.LOADING,
            'student is being made; symbolic can answer',
        ),
        (
            [LOADING, LOADING],
            [],
            PlanningStatus.LOADING,
            'no planner can answer; student, symbolic is being made',
        ),
        (
            [OUT, READY],
            [],
            PlanningStatus.DEGRADED,
            'student is out (the engine was lost: x); symbolic can answer',
        ),
        ([READY, READY], ['the graph is old'], PlanningStatus.DEGRADED, 'the graph is old'),
        (
            [OUT, READY],
            ['the graph is old'],
            PlanningStatus.DEGRADED,
            'student is out (the engine was lost: x); the graph is old; symbolic can answer',
        ),
        (
            [OUT, LOADING],
            [],
            PlanningStatus.LOADING,
            'no planner can answer; student is out (the engine was lost: x); symbolic is being '
            'made',
        ),
        (
            [OUT, OUT],
            [],
            PlanningStatus.FAULT,
            'no planner can answer; student is out (the engine was lost: x); symbolic is out '
            '(the engine was lost: x)',
        ),
    ],
)
def test_the_state_follows_from_the_planners_and_from_doubts(health, doubts, state, detail):
    assert judge(dict(zip(('student', 'symbolic'), health)), doubts) == (state, detail)


def test_the_health_of_a_planner_travels_with_its_code_and_its_model():
    lost, fine = health_messages({'student': OUT, 'symbolic': READY})
    assert lost == HealthMessage(
        name='student',
        state=HealthMessage.OUT,
        error_code=PlanErrorCode.ENGINE_LOST,
        detail='the engine was lost: x',
        model_id='nano 0123456789ab',
    )
    assert fine == HealthMessage(name='symbolic', state=HealthMessage.READY)
    remark = PlannerHealth('ready', remark='used without a check')
    assert health_messages({'student': remark})[0].detail == 'used without a check'


def test_one_line_tells_of_a_start_and_one_of_each_change():
    report = StartReport('prism_planner', 10.0)
    assert report.look({'student': LOADING, 'symbolic': READY}, [], 10.1) == []
    nano = PlannerHealth('ready', model_id='nano 0123')
    assert report.look({'student': nano, 'symbolic': READY}, [], 10.4) == [
        'prism_planner ready: student (nano 0123) ready in 0.4 s; symbolic ready'
    ]
    assert report.look({'student': nano, 'symbolic': READY}, [], 10.5) == []
    assert report.look({'student': OUT, 'symbolic': READY}, [], 10.6) == [
        "planner 'student' is out: the engine was lost: x"
    ]
    assert report.look({'student': nano, 'symbolic': READY}, [], 10.7) == [
        "planner 'student' is ready"
    ]


def test_the_line_of_a_start_says_what_is_out_and_what_is_still_being_made():
    report = StartReport('prism_planner', 0.0)
    health = {'student': OUT, 'mine': LOADING, 'symbolic': READY}
    assert report.look(health, [], START_LINE_S - 1) == []
    assert report.look(health, [], START_LINE_S) == [
        'prism_planner degraded: student (nano 0123456789ab) out: the engine was lost: x; mine '
        'still being made after 60 s; symbolic ready'
    ]


def test_what_a_plan_took_is_that_of_all_its_tries():
    one = CallStats(100, 80, 20, 10, 2, 1, first_token_s=0.1, total_s=0.6)
    metrics = make_metrics(one + one, 2.0, 3)
    assert (metrics.prompt_tokens, metrics.cached_tokens, metrics.completion_tokens) == (
        200,
        160,
        20,
    )
    assert metrics.tokens_per_second == 20.0
    assert metrics.time_to_first_token_s == pytest.approx(0.2)
    assert (metrics.planning_time_s, metrics.attempts) == (2.0, 3)
    assert make_metrics(CallStats(), 1.0, 1).tokens_per_second == 0.0


# ------------------------------------------------------------------- each code over the real path


def test_each_code_has_a_producer():
    folder = Path(errors.__file__).parent
    text = ''.join(path.read_text() for path in folder.glob('*.py'))
    named = set(re.findall(r'PlanErrorCode\.([A-Z_]+)', text))
    assert set(CODE_NAMES.values()) - named == set()


def test_a_student_alone_that_is_out_is_a_fault(ros, monkeypatch, tmp_path):
    monkeypatch.setenv('PRISM_STUDENT_MODEL', str(tmp_path / 'gone.gguf'))
    beats = start(ros, 'student')
    status = wait_for(ros, beats, PlanningStatus.FAULT)
    assert status.detail.startswith('no planner can answer; student is out (cannot read ')


def test_a_student_whose_engine_is_killed_is_lost_until_it_comes_back(ros, engines):
    beats = start(ros, f'student={HERE}:make_patient', 'symbolic')
    wait_for(ros, beats, PlanningStatus.READY)
    future = ros.send(GetPlan, 'plan', GetPlan.Request(task=TASK, planner='student'))
    ros.spin_until(lambda: engines[0]._calls)
    os.kill(engines[0].health.pid, signal.SIGKILL)
    ros.spin_until(future.done)
    assert_refused(future.result(), PlanErrorCode.ENGINE_LOST, 'SIGKILL')
    lost = wait_for(ros, beats, PlanningStatus.DEGRADED)
    assert lost.planners[0].error_code == PlanErrorCode.ENGINE_LOST
    assert 'SIGKILL' in lost.detail
    assert wait_for(ros, beats, PlanningStatus.READY).planners[0].state == HealthMessage.READY
    assert plan(ros, planner='student').success


def test_a_change_is_told_within_a_moment(ros, engines):
    beats = start(ros, f'student={HERE}:make_patient', 'symbolic')
    wait_for(ros, beats, PlanningStatus.READY)
    killed_s = time.monotonic()
    os.kill(engines[0].health.pid, signal.SIGKILL)
    wait_for(ros, beats, PlanningStatus.DEGRADED)
    assert time.monotonic() - killed_s < 0.5


@pytest.fixture
def teacher(monkeypatch, tmp_path):
    with serve_teacher(monkeypatch, tmp_path, patience_s=0.3) as server:
        yield server


def test_a_teacher_that_refuses_the_key_is_out_once_it_was_asked(ros, teacher, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, CANARY + '-stale')
    beats = start(ros, 'teacher=lm', 'symbolic')
    wait_for(ros, beats, PlanningStatus.READY)
    with recovery('teacher: HTTP 401, the key is refused') as fault:
        assert plan(ros).plan.model_id == 'symbolic'
        status = wait_for(ros, beats, PlanningStatus.DEGRADED)
        assert status.planners[0].error_code == PlanErrorCode.TEACHER_AUTH
        response = plan(ros, planner='teacher')
        fault.says(assert_refused(response, PlanErrorCode.TEACHER_AUTH, 'refused the key'))
        assert plan(ros).plan.model_id == 'symbolic'


def test_a_teacher_that_cannot_be_reached_is_out_until_it_answers(ros, teacher):
    beats = start(ros, 'teacher=lm', 'symbolic')
    wait_for(ros, beats, PlanningStatus.READY)
    teacher.go_down()
    response = plan(ros, planner='teacher')
    assert_refused(response, PlanErrorCode.TEACHER_UNAVAILABLE, 'has been down')
    status = wait_for(ros, beats, PlanningStatus.DEGRADED)
    assert status.planners[0].error_code == PlanErrorCode.TEACHER_UNAVAILABLE
    teacher.come_up()
    assert plan(ros, planner='teacher').plan.model_id == MODEL
    wait_for(ros, beats, PlanningStatus.READY)


# --------------------------------------------------------------------- what replies and status say


def test_the_bundled_student_says_which_weights_planned_and_what_that_took(ros, monkeypatch):
    monkeypatch.delenv('PRISM_STUDENT_MODEL', raising=False)
    beats = start(ros, 'student', 'symbolic')
    status = wait_for(ros, beats, PlanningStatus.READY)
    assert status.planners[0].model_id == 'prism-nano-1m 3c0a57f1cbb2'
    response = plan(ros, task='go to the warehouse')
    assert (response.plan.source, response.plan.model_id) == (
        Plan.SOURCE_STUDENT,
        'prism-nano-1m 3c0a57f1cbb2',
    )
    assert response.plan.passed_over == []
    metrics = response.metrics
    assert metrics.prompt_tokens > 100
    assert metrics.cached_tokens < metrics.prompt_tokens
    assert metrics.completion_tokens > 3
    assert metrics.tokens_per_second > 1
    assert 0 < metrics.time_to_first_token_s < metrics.planning_time_s
    assert plan(ros, task='go to the warehouse').metrics.cached_tokens > 50
    ros.spin_until(lambda: beats[-1].last.cached_tokens > 50)


def test_a_plan_on_a_part_of_a_large_graph_says_so_and_is_valid_on_the_whole(ros):
    beats = start(ros, 'student')
    wait_for(ros, beats, PlanningStatus.READY)
    graph = make_graph(1500)
    thing = [*graph.objects][321]
    response = plan(ros, task=f'where is {thing}?', scene_graph_json=render_scene_graph(graph))
    assert response.success, response.error_msg
    named = set(re.findall(r'(?:crate|region)_[0-9]+', response.plan_text))
    assert named
    assert named <= graph.nodes.keys()
    assert response.plan.source == Plan.SOURCE_STUDENT
    (warning,) = response.plan.warnings
    assert warning.startswith('planned on 96 of ')


def test_a_request_that_the_model_cannot_hold_overflows_its_context_with_what_to_do(ros):
    beats = start(ros, 'student', 'symbolic')
    wait_for(ros, beats, PlanningStatus.READY)
    with recovery('request: too long for the model') as fault:
        response = plan(ros, task='\u01c2' * 4000, planner='student')
        words = '4000 characters', 'shorten the req'
        fault.says(assert_refused(response, PlanErrorCode.CONTEXT_OVERFLOW, *words))
        assert plan(ros, planner='student').success
    plan(ros, task='\u01c2' * 4000, planner='student')
    ready = PlanErrorCode.CONTEXT_OVERFLOW, PlanningStatus.READY
    ros.spin_until(lambda: (beats[-1].last_error_code, beats[-1].state) == ready)


def test_a_hanging_planner_is_out_until_it_is_made_anew(ros):
    beats = start(ros, *order('Hangs', 'symbolic'))
    wait_for(ros, beats, PlanningStatus.READY)
    with recovery('planner: it hangs') as fault:
        response = plan(ros, planner='Hangs', timeout_s=0.3)
        fault.says(assert_refused(response, PlanErrorCode.TIMEOUT))
        status = wait_for(ros, beats, PlanningStatus.DEGRADED)
        assert (status.planners[0].name, status.planners[0].error_code) == (
            'Hangs',
            PlanErrorCode.TIMEOUT,
        )
        planners.RELEASE.set()
        fault.is_mended()
        assert plan(ros, planner='Hangs').success
        wait_for(ros, beats, PlanningStatus.READY)


def test_feedback_says_why_the_planner_before_gave_no_plan(ros):
    start(ros, *order('Unavailable', 'Invents', 'symbolic'))
    told: list[str] = []
    goal = ros.send_goal(
        PlanMission,
        'plan_mission',
        PlanMission.Goal(task=TASK),
        lambda message: told.append(message.feedback.last_rejection),
    )
    future = goal.get_result_async()
    ros.spin_until(future.done)
    ros.spin_until(lambda: told and told[-1].startswith('Invents: '))
    assert 'Unavailable: the endpoint is down' in told
    said = future.result().result.plan.passed_over
    assert said[0] == 'Unavailable: the endpoint is down'
    assert "'atlantis'" in said[1]


def test_a_stale_graph_degrades_the_node(ros):
    beats = start(ros, 'symbolic', graph__stale_after_s=0.5)
    status = wait_for(ros, beats, PlanningStatus.DEGRADED)
    assert 'graph.stale_after_s (0.5 s)' in status.detail


def test_an_inactive_node_says_so(ros):
    beats = start(ros, 'symbolic')
    wait_for(ros, beats, PlanningStatus.READY)
    assert ros.change_state('prism_planner', 'deactivate')
    assert wait_for(ros, beats, PlanningStatus.INACTIVE).detail == 'not active'


def test_a_planner_whose_health_cannot_be_told_is_out(ros, monkeypatch):
    def crash(self):
        raise ZeroDivisionError('a bug')

    monkeypatch.setattr(planners.Instant, 'health', property(crash), raising=False)
    beats = start(ros, *order('Instant'))
    assert 'ZeroDivisionError' in wait_for(ros, beats, PlanningStatus.FAULT).planners[0].detail
    told = PlannerHealth('out', PlannerError('not now'))
    monkeypatch.setattr(planners.Instant, 'health', told)
    ros.spin_until(lambda: beats[-1].planners[0].detail == 'not now')
