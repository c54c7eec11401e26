# SPDX-License-Identifier: Apache-2.0
"""prism_planner: teacher, student and symbolic in falling order, each within its share of the time.

The teacher is a real HTTP server on loopback, the student's model runs in a real child process.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from action_msgs.msg import GoalStatus

from prism_core import find_domain
from prism_msgs.action import PlanMission
from prism_msgs.msg import Observation, Plan, PlanErrorCode, PlanStep, Turn
from prism_msgs.srv import GetPlan
from prism_ros.errors import Refusal
from prism_ros.planner_order import read_planners

from ..core.teacher_server import MODEL
from . import planners, students
from .asking import TASK, plan
from .checks import assert_refused
from .teachers import serve_teacher

HERE = students.__name__
STUDENT = f'student={HERE}:make'
SLOW_STUDENT = f'student={HERE}:make_slow'
DEAF_STUDENT = f'student={HERE}:make_deaf'


@pytest.fixture(autouse=True)
def engines():
    students.ENGINES.clear()
    yield students.ENGINES
    for engine in students.ENGINES:
        engine.close()


@pytest.fixture
def teacher(monkeypatch, tmp_path):
    with serve_teacher(monkeypatch, tmp_path, patience_s=60) as server:
        yield server


def start(ros, *order, **parameters):
    ros.start_graph()
    others = len(students.ENGINES)
    node = ros.start_planner(planner__order=list(order), **parameters)
    ros.spin_until(lambda: node._mirror.graph is not None)
    students_named = sum(entry.startswith('student=') for entry in order)
    ros.spin_until(lambda: len(students.ENGINES) - others == students_named)
    ros.spin_until(lambda: all(e.health.state == 'ready' for e in students.ENGINES[others:]))
    return node


def made_by(response) -> tuple[int, str]:
    assert response.success, response.error_msg
    return response.plan.source, response.plan.model_id


TEACHER, BY_STUDENT = (Plan.SOURCE_TEACHER, MODEL), (Plan.SOURCE_STUDENT, 'engine')
SYMBOLIC = (Plan.SOURCE_SYMBOLIC, 'symbolic')


def test_each_of_teacher_student_and_symbolic_plans_and_says_so(ros, teacher):
    start(ros, 'teacher=lm', STUDENT, 'symbolic')
    assert made_by(plan(ros)) == TEACHER
    assert len(teacher.asks) == 1
    by_student = plan(ros, planner='student')
    assert made_by(by_student) == BY_STUDENT
    assert by_student.plan_text == '1. inspect(forklift_1, "Is it free?")'
    assert made_by(plan(ros, planner='symbolic')) == SYMBOLIC
    assert made_by(plan(ros, planner='teacher')) == TEACHER


def test_a_teacher_that_hangs_is_passed_over_within_its_share(ros, teacher):
    node = start(ros, 'teacher=lm', STUDENT, 'symbolic', planner__shares=[1.0, 5.0])
    teacher.fault = lambda ask: 'stall'
    started_s = time.monotonic()
    assert made_by(plan(ros, timeout_s=3.5)) == BY_STUDENT
    assert 0.4 < time.monotonic() - started_s < 2
    model = node._pool.worker('teacher')._planner._model
    ros.spin_until(lambda: not model._in_flight)  # the deadline reached the model, which stays
    teacher.fault = lambda ask: ''
    assert made_by(plan(ros)) == TEACHER
    assert node._pool.worker('teacher')._planner._model is model


def test_a_teacher_that_is_unreachable_is_passed_over(ros, teacher):
    start(ros, 'teacher=lm', STUDENT, 'symbolic')
    teacher.go_down()
    response = plan(ros, timeout_s=3.0)
    assert made_by(response) == BY_STUDENT
    assert response.metrics.attempts == 2


REPEATS = f'{planners.__name__}:Repeats'


def test_a_valid_plan_that_is_odd_is_passed_over(ros):
    start(ros, REPEATS, 'symbolic')
    assert plan(ros).plan.source == Plan.SOURCE_SYMBOLIC


def test_an_odd_plan_and_no_other_is_refused_with_what_is_odd(ros):
    start(ros, REPEATS)
    assert_refused(plan(ros), PlanErrorCode.INVALID_OUTPUT, 'Step 2 repeats the step before')


def test_a_student_whose_child_is_killed_is_passed_over_and_comes_back(ros, engines):
    start(ros, SLOW_STUDENT, 'symbolic')
    pid = engines[0].health.pid
    threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
    started_s = time.monotonic()
    assert made_by(plan(ros, timeout_s=10.0)) == SYMBOLIC
    assert time.monotonic() - started_s < 3
    ros.spin_until(lambda: engines[0].health.losses and engines[0].health.state == 'ready')
    assert engines[0].health.pid != pid
    assert 'SIGKILL' in engines[0].health.last_error
    assert len(engines) == 1


@pytest.mark.parametrize(('student', 'losses'), [(SLOW_STUDENT, 0), (DEAF_STUDENT, 1)])
def test_the_deadline_reaches_the_model_of_a_student_that_hangs(ros, engines, student, losses):
    start(ros, student, 'symbolic')
    started_s = time.monotonic()
    assert made_by(plan(ros, timeout_s=4.0)) == SYMBOLIC
    assert 2.0 <= time.monotonic() - started_s < 5.0
    ros.spin_until(lambda: engines[0].health.losses == losses)
    ros.spin_until(lambda: not engines[0]._calls)  # nothing is worked on any more
    assert len(engines) == 1  # the student keeps its place


def test_a_stopped_child_is_passed_over_killed_and_replaced(ros, engines):
    start(ros, STUDENT, 'symbolic')
    os.kill(engines[0].health.pid, signal.SIGSTOP)
    assert made_by(plan(ros, timeout_s=1.0)) == SYMBOLIC
    ros.spin_until(lambda: engines[0].health.losses and engines[0].health.state == 'ready')
    assert made_by(plan(ros)) == BY_STUDENT


def test_a_cancel_reaches_the_model_in_mid_decode(ros, engines):
    start(ros, SLOW_STUDENT)
    goal = ros.send_goal(PlanMission, 'plan_mission', PlanMission.Goal(task=TASK))
    future = goal.get_result_async()
    ros.spin_until(lambda: engines[0]._calls)
    pid, started_s = engines[0].health.pid, time.monotonic()
    canceling = goal.cancel_goal_async()
    ros.spin_until(canceling.done)
    ros.spin_until(future.done)
    assert time.monotonic() - started_s < 1
    assert future.result().status == GoalStatus.STATUS_CANCELED
    assert future.result().result.error_code == PlanErrorCode.CANCELED
    ros.spin_until(lambda: not engines[0]._calls)
    assert time.monotonic() - started_s < 1
    assert (engines[0].health.pid, engines[0].health.losses) == (pid, 0)


def test_a_student_alone_that_cannot_plan_is_answered_for(ros, engines):
    start(ros, DEAF_STUDENT)
    assert_refused(plan(ros, timeout_s=0.5), PlanErrorCode.TIMEOUT, "'student'", '0.5 s')
    assert_refused(plan(ros, planner='symbolic'), PlanErrorCode.UNKNOWN_PLANNER, 'student')


def test_a_deactivated_planner_leaves_no_child_behind(ros, engines):
    start(ros, SLOW_STUDENT)
    pid = engines[0].health.pid
    future = ros.send(GetPlan, 'plan', GetPlan.Request(task=TASK))
    ros.spin_until(lambda: engines[0]._calls)
    assert ros.change_state('prism_planner', 'deactivate')
    ros.spin_until(future.done)
    assert_refused(future.result(), PlanErrorCode.NODE_INACTIVE)
    ros.spin_until(lambda: not Path(f'/proc/{pid}').exists())


@pytest.mark.parametrize(
    ('order', 'shares', 'sentence'),
    [
        ([''], [1.0], 'names no planner'),
        (['symbolic', 'symbolic'], [1.0], "two planners of one name, 'symbolic'; write other_name"),
        (['a=symbolic', 'a=lm'], [1.0], "two planners of one name, 'a'"),
        (['symbolic'], [0.0], 'expected positive numbers, got 0'),
        (['symbolic'], [float('nan')], 'expected positive numbers, got nan'),
    ],
)
def test_an_order_that_cannot_be_kept_is_refused(order, shares, sentence):
    with pytest.raises(Refusal, match=sentence):
        read_planners(order, shares, find_domain('mapping'))


@pytest.mark.parametrize(
    ('order', 'policy', 'names'),
    [
        (['a=symbolic', 'student'], 'first', ['a', 'student']),
        (['first', 'student', 'symbolic'], 'first', ['student', 'symbolic']),
        (['cascade', 'student', 'rules=symbolic'], 'cascade', ['rules', 'student']),
        (['cascade'], 'cascade', ['symbolic', 'student']),
    ],
)
def test_a_policy_may_stand_before_the_planners(order, policy, names):
    pool = read_planners(order, [1.0], find_domain('mapping'))
    assert (pool.policy.name, pool.names) == (policy, names)


def test_shares_are_of_the_planners_as_they_are_written_not_as_they_are_asked():
    pool = read_planners(['cascade', 'student', 'symbolic'], [3.0, 2.0], find_domain('mapping'))
    assert pool.share_s(pool.names, 10.0) == 4.0


GUESS = 'I need that thing we talked about.'


def test_a_cascade_asks_the_user_where_its_planners_read_words_otherwise(ros):
    start_cascade(ros, f'student={planners.__name__}:Instant')
    accounted = plan(ros)
    assert made_by(accounted) == SYMBOLIC
    assert accounted.plan.passed_over == []
    response = plan(ros, task=GUESS)
    assert made_by(response) == (Plan.SOURCE_OTHER, 'cascade')
    assert response.plan_text.startswith('1. clarify("I do not understand')
    assert [said.partition(':')[0] for said in response.plan.passed_over] == ['symbolic', 'student']
    assert response.metrics.attempts == 2
    named = plan(ros, task=GUESS, planner='symbolic')  # whatever others make of it
    assert made_by(named) == SYMBOLIC


def test_a_cascade_whose_second_planner_is_out_asks_the_user_and_says_why(ros):
    start_cascade(ros, f'student={planners.__name__}:Unavailable')
    response = plan(ros, task=GUESS)
    assert response.plan.steps[0].action == 'clarify'
    assert any('the endpoint is down' in said for said in response.plan.passed_over)


def start_cascade(ros, second):
    """A cascade on the depot, of which the robot knows everything."""
    ros.start_graph()
    order = ['cascade', 'symbolic', second]
    node = ros.start_planner(planner__order=order)
    ros.spin_until(lambda: node._mirror.graph is not None)


def test_shares_divide_the_time_that_is_left():
    order = ['a=symbolic', 'b=symbolic', 'c=symbolic']
    pool = read_planners(order, [3.0, 2.0], find_domain('mapping'))
    assert pool.share_s(['a', 'b', 'c'], 30.0) == 15.0
    assert pool.share_s(['b', 'c'], 15.0) == 10.0
    assert pool.share_s(['c'], 5.0) == 5.0


IDLES = f'{planners.__name__}:Idles'
GOTO_FAILED = Turn(
    plan=Plan(steps=[PlanStep(action='goto', targets=['gate_1'])]),
    robot_location='dock_1',
    observations=[Observation(status=Observation.FAILED, feedback='the wheels slip')],
)


def test_a_drive_to_where_the_robot_stands_reaches_no_user(ros):
    start(ros, IDLES)
    assert plan(ros).plan_text == '1. goto(gate_1)  2. replan()'


def test_a_planner_that_sends_a_failed_drive_again_is_passed_over(ros):
    start(ros, IDLES, 'symbolic')
    response = plan(ros, task='go to gate_1', history=[GOTO_FAILED])
    assert response.plan.source == Plan.SOURCE_SYMBOLIC
    (passed_over,) = response.plan.passed_over
    assert 'The same failed before, and nothing is new since: goto(gate_1)' in passed_over
    assert response.plan_text == '1. map_region(dock_1)'
