# SPDX-License-Identifier: Apache-2.0
"""prism_executor over real DDS: canceled, stopped, denied, with skills, planners and clients that
hang, err or are gone. It always ends with a code, and takes the next mission.
"""

from __future__ import annotations

import time

import pytest
import rclpy
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from prism_core import GraphUpdate
from prism_msgs.action import ExecuteMission
from prism_msgs.msg import PlanErrorCode, PlanStep
from prism_msgs.srv import ApproveStep, GetPlan, UpdateGraph
from prism_ros.conversions import update_to_message
from prism_ros.executor_node import ExecutorNode
from prism_ros.mock_skills_node import MockSkillsNode
from prism_ros.parameters import EXECUTOR_PARAMETERS

from ..faults import recovery
from . import planners
from .asking import release_hanging_planners  # noqa: F401 - an autouse fixture
from .checks import assert_refused
from .robots import OddPlanner, OddSkills, Robot, code, steps

Feedback = ExecuteMission.Feedback
DRIVE = 'go to yard_7'
PHASES = {
    Feedback.PLANNING: {'planners': ('Hangs',)},
    Feedback.AWAITING_APPROVAL: {'executor': {'executor__approval_actions': ['goto']}},
    Feedback.EXECUTING: {'skills': {'skills__hanging': ['goto']}},
}

DOES = {
    Feedback.PLANNING: 'plans',
    Feedback.AWAITING_APPROVAL: 'waits for approval',
    Feedback.EXECUTING: 'acts',
}


def start_in(ros, tmp_path, phase) -> Robot:
    settings = dict(PHASES[phase])
    return Robot(ros, tmp_path, *settings.pop('planners', ('Insists',)), **settings)


def stop(robot) -> Trigger.Response:
    return robot.ros.call(Trigger, 'stop')


def cancel(robot) -> None:
    for _ in range(2):  # a second one does no harm
        robot.ros.spin_until(robot.goal.cancel_goal_async().done)


def approve(robot, feedback, is_approved: bool, step: int | None = None) -> ApproveStep.Response:
    return robot.ros.call(
        ApproveStep,
        'approve_step',
        plan_id=feedback.plan_id,
        step=feedback.step_index if step is None else step,
        approve=is_approved,
        reason='people are there',
    )


# ------------------------------------------------------------ cancel and stop


@pytest.mark.parametrize('phase', PHASES)
@pytest.mark.parametrize('end', [cancel, stop])
def test_a_mission_is_canceled_or_stopped_in_any_phase_and_the_next_one_is_taken(
    ros, tmp_path, phase, end
):
    robot = start_in(ros, tmp_path, phase)
    future = robot.send(DRIVE)
    robot.wait_for(phase)
    how = 'canceled twice' if end is cancel else 'stopped'
    with recovery(f'mission: {how} while it {DOES[phase]}') as fault:
        begun_s = time.monotonic()
        end(robot)
        result = robot.end_of(future)
        assert time.monotonic() - begun_s < 5
        fault.says(code(result))
        assert how.split()[0] in result.error_msg
        if phase == Feedback.EXECUTING:
            assert steps(result) == [('goto', 'yard_7', PlanStep.CANCELED)]
            ros.spin_until(lambda: robot.skills._waiter is None)  # the skill was canceled
        else:
            assert steps(result) == []
        assert robot.executor._mirror.graph.robot_location == 'gate_3'
        planners.RELEASE.set()
        assert code(robot.run(DRIVE, dry_run=True)) == 'NONE'


def test_a_stop_with_no_mission_says_so_and_does_no_harm(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'Insists')
    response = stop(robot)
    assert response.success
    assert response.message == 'no mission is under way'
    assert code(robot.run(DRIVE)) == 'NONE'


def test_deactivation_ends_the_mission(ros, tmp_path):
    robot = start_in(ros, tmp_path, Feedback.EXECUTING)
    future = robot.send(DRIVE)
    robot.wait_for(Feedback.EXECUTING)
    with recovery('node: deactivated in mid-mission') as fault:
        assert ros.change_state('prism_executor', 'deactivate')
        fault.says(code(robot.end_of(future)))
        assert not ros.call(Trigger, 'stop').success
        assert_refused(ros.call(ApproveStep, 'approve_step'), PlanErrorCode.NODE_INACTIVE)
        assert code(robot.run(DRIVE)) == 'NODE_INACTIVE'
        assert ros.change_state('prism_executor', 'activate')
        assert code(robot.run(DRIVE, dry_run=True)) == 'NONE'


def test_a_client_that_dies_leaves_a_mission_that_can_be_stopped(ros, tmp_path):
    robot = start_in(ros, tmp_path, Feedback.EXECUTING)
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=ros.domain)
    dying = Node('dying_client', context=context)
    client = ActionClient(dying, ExecuteMission, 'execute_mission')
    assert client.wait_for_server(10)
    client.send_goal_async(ExecuteMission.Goal(task=DRIVE))
    ros.spin_until(lambda: robot.skills._waiter is not None)
    with recovery('mission: its client dies') as fault:
        client.destroy()
        dying.destroy_node()
        rclpy.shutdown(context=context)
        fault.says(code(robot.run(DRIVE)))
        assert stop(robot).success
        ros.spin_until(lambda: robot.executor._run_now is None)
        assert code(robot.run(DRIVE, dry_run=True)) == 'NONE'


# ------------------------------------------------------------ approval


def test_a_step_that_is_approved_is_carried_out(ros, tmp_path):
    robot = start_in(ros, tmp_path, Feedback.AWAITING_APPROVAL)
    future = robot.send(DRIVE)
    waiting = robot.wait_for(Feedback.AWAITING_APPROVAL)
    assert waiting.current_step.needs_approval
    assert waiting.current_step.status == PlanStep.AWAITING_APPROVAL
    assert_refused(approve(robot, waiting, True, step=7), PlanErrorCode.INVALID_REQUEST, 'step 0')
    assert approve(robot, waiting, True).success
    result = robot.end_of(future)
    assert code(result) == 'NONE', result.error_msg
    assert steps(result)[0] == ('goto', 'yard_7', PlanStep.SUCCEEDED)
    assert_refused(
        approve(robot, waiting, True), PlanErrorCode.INVALID_REQUEST, 'no mission is under way'
    )


def test_a_step_that_is_denied_ends_the_mission(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'Insists')
    future = robot.send(DRIVE, require_approval=True)
    assert approve(robot, robot.wait_for(Feedback.AWAITING_APPROVAL), False).success
    with recovery('mission: a step is denied') as fault:
        result = robot.end_of(future)
        fault.says(code(result))
        assert result.error_msg == 'goto(yard_7) was not approved: people are there'
        assert steps(result) == []
        assert code(robot.run(DRIVE)) == 'NONE'


def test_a_step_that_nobody_approves_is_denied(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'Insists', executor={'executor__approval_timeout_s': 1.0})
    with recovery('mission: nobody approves a step') as fault:
        result = robot.run(DRIVE, require_approval=True)
        fault.says(code(result))
        assert 'nobody approved it within 1 s' in result.error_msg
        assert robot.executor._mirror.graph.robot_location == 'gate_3'
        assert code(robot.run(DRIVE)) == 'NONE'


def test_an_action_to_approve_that_there_is_not_keeps_the_node_unconfigured(ros):
    ros.start(ExecutorNode, executor__approval_actions=['fly'])
    assert ros.state('prism_executor') == 'unconfigured'


# ------------------------------------------------------------ the graph of the moment


def test_a_step_that_the_graph_has_overtaken_is_not_carried_out(ros, tmp_path):
    robot = start_in(ros, tmp_path, Feedback.AWAITING_APPROVAL)
    future = robot.send('go to lane_4')
    waiting = robot.wait_for(Feedback.AWAITING_APPROVAL)
    gone = update_to_message(GraphUpdate(remove_nodes=('lane_4',)))
    with recovery('mission: the graph overtakes a step') as fault:
        assert ros.call(UpdateGraph, 'update_graph', update=gone).success
        ros.spin_until(lambda: 'lane_4' not in robot.executor._mirror.graph.nodes)
        assert approve(robot, waiting, True).success
        result = robot.end_of(future)  # the planner plans the same again, which its node refuses
        fault.says(code(result))
        assert code(robot.run(DRIVE, dry_run=True)) == 'NONE'
    stale = [plan.steps[0] for plan in robot.plans if plan.steps[0].error_code]
    assert {step.error_code for step in stale} == {PlanErrorCode.PLAN_STALE}
    assert {step.status for step in stale} == {PlanStep.SKIPPED}
    assert steps(result) == []


def test_plans_for_another_graph_end_the_mission(ros, tmp_path):
    robot = Robot(ros, tmp_path)
    planner = ros.start(OddPlanner)
    with recovery('mission: plans for another graph') as fault:
        result = robot.run(DRIVE)
        fault.says(code(result))
        assert "'atlantis'" in result.error_msg
        assert steps(result) == []
        planner.goal = 'yard_7'
        fault.is_mended()
        assert code(robot.run(DRIVE, dry_run=True)) == 'NONE'


# ------------------------------------------------------------ skills


@pytest.mark.parametrize('is_deaf', [False, True])
def test_a_skill_that_hangs_is_canceled_and_ends_the_mission(ros, tmp_path, is_deaf):
    robot = Robot(
        ros,
        tmp_path,
        'Insists',
        executor={'executor__skill_timeout_s': 1.0, 'executor__cancel_timeout_s': 1.0},
        skills={'skills__hanging': ['goto'], 'skills__ignore_cancel': is_deaf},
    )
    with recovery(f'mission: a skill hangs{" and hears no cancel" if is_deaf else ""}') as fault:
        begun_s = time.monotonic()
        result = robot.run(DRIVE)
        assert time.monotonic() - begun_s < 10
        fault.says(code(result))
        assert 'did not end within 1 s' in result.error_msg
        assert ('does not end 1 s after its cancel' in result.error_msg) == is_deaf
        robot.skills.set_parameters([Parameter('skills.hanging', value=[''])])
        ros.spin_until(lambda: robot.skills._waiter is None)
        assert code(robot.run(DRIVE)) == 'NONE'


def test_a_skill_that_nobody_serves_ends_the_mission(ros, tmp_path):
    robot = Robot(
        ros, tmp_path, 'Insists', executor={'executor__skill_wait_s': 0.5}, has_skills=False
    )
    with recovery('mission: nobody serves a skill') as fault:
        result = robot.run(DRIVE)
        fault.says(code(result))
        assert "nobody serves 'skills/goto'" in result.error_msg
        ros.start(MockSkillsNode)
        fault.is_mended()
        ros.spin_until(lambda: not robot.executor._skills.missing())
        assert code(robot.run(DRIVE)) == 'NONE'


def test_a_skill_that_two_servers_serve_is_not_called(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'Insists', executor={'executor__skill_wait_s': 0.5})
    other = ros.start(OddSkills)
    ros.spin_until(lambda: robot.executor.count_services('/skills/goto/_action/send_goal') == 2)
    with recovery('mission: two servers serve a skill') as fault:
        result = robot.run(DRIVE)
        fault.says(code(result))
        assert "2 servers serve 'skills/goto'" in result.error_msg
        assert other.steps == []
        ros.end(other)
        fault.is_mended()
        assert code(robot.run(DRIVE)) == 'NONE'


def test_a_skill_that_is_not_active_ends_the_mission(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'Insists')
    with recovery('mission: a skill server is not active') as fault:
        assert ros.change_state('prism_mock_skills', 'deactivate')
        fault.says(code(robot.run(DRIVE)))
        assert ros.change_state('prism_mock_skills', 'activate')
        assert code(robot.run(DRIVE)) == 'NONE'


def test_a_step_that_failed_twice_for_the_same_reason_is_not_tried_a_third_time(ros, tmp_path):
    failures = ['goto yard_7'] * 5
    robot = Robot(ros, tmp_path, skills={'skills__failures': failures})
    ros.start(OddPlanner).goal = 'yard_7'
    result = robot.run(DRIVE)
    assert code(result) == 'SKILL_FAILED'
    assert 'failed twice for the same reason' in result.error_msg
    assert steps(result) == [('goto', 'yard_7', PlanStep.FAILED)] * 2
    assert robot.skills._failures['goto yard_7'] == 3


def test_a_mission_plans_no_more_often_after_failures_than_it_may(ros, tmp_path):
    failures = ['goto yard_7'] * 5
    robot = Robot(ros, tmp_path, skills={'skills__failures': failures})
    ros.start(OddPlanner).goal = 'yard_7'
    with recovery('mission: a step fails over and over') as fault:
        result = robot.run(DRIVE, max_replans=1)
        fault.says(code(result))
        assert (result.replans, len(result.history)) == (1, 2)
        assert code(robot.run(DRIVE, dry_run=True)) == 'NONE'


def test_a_mission_drives_no_further_than_it_may(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'Insists')
    with recovery('mission: the way is too long') as fault:
        result = robot.run(DRIVE, max_distance_m=5.0)
        fault.says(code(result))
        assert (steps(result), result.distance_m) == ([], 0.0)
        assert code(robot.run(DRIVE)) == 'NONE'


def test_a_mission_takes_no_longer_than_it_may(ros, tmp_path):
    robot = start_in(ros, tmp_path, Feedback.EXECUTING)
    assert code(robot.run(DRIVE, dry_run=True)) == 'NONE'
    with recovery('mission: its time is over') as fault:
        result = robot.run(DRIVE, timeout_s=4.0)  # a machine that is busy may plan for seconds
        fault.says(code(result))
        assert 4 <= result.elapsed_s < 8.5
        assert steps(result) == [('goto', 'yard_7', PlanStep.CANCELED)]
        assert code(robot.run(DRIVE, dry_run=True)) == 'NONE'


SAYS = {
    'does not fit': 'shows what does not fit the graph',
    'cannot be read': 'shows what cannot be read',
    'aborts': 'aborts its goal',
    'breaks': 'crashes in its goal',
    'has no base': 'says that its base is off',
}


@pytest.mark.parametrize(
    ('how', 'word', 'ended'),
    [
        ('does not fit', 'does not fit the scene graph', 'SKILL_FAILED'),
        ('cannot be read', 'reports what cannot be read', 'SKILL_FAILED'),
        ('aborts', 'a wheel came off', 'SKILL_FAILED'),  # the planner has no other way
        ('breaks', 'ZeroDivisionError', 'SKILL_FAILED'),
        ('has no base', "'skills/goto': the base is off", 'SKILL_UNAVAILABLE'),
    ],
)
def test_a_skill_that_errs_fails_its_step_and_the_next_mission_goes_well(
    ros, tmp_path, how, word, ended
):
    robot = Robot(ros, tmp_path, 'Insists', has_skills=False)
    skills = ros.start(OddSkills)
    skills.how = how
    with recovery(f'mission: a skill {SAYS[how]}') as fault:
        result = robot.run(DRIVE)
        fault.says(code(result))
        assert code(result) == ended
        assert word in result.history[0].message
        assert word in result.error_msg
        assert len(skills.steps) == 1
        skills.how = 'fits'
        assert code(robot.run(DRIVE)) == 'NONE'
    assert robot.executor._mirror.graph.robot_location == 'yard_7'


# ------------------------------------------------------------ the planner


def test_a_planner_that_is_not_there_ends_the_mission_in_its_time(ros, tmp_path):
    robot = Robot(ros, tmp_path, executor={'executor__planner_timeout_s': 1.0})
    with recovery('mission: there is no planner') as fault:
        result = robot.run(DRIVE)
        fault.says(code(result))
        assert 'is prism_planner running?' in result.error_msg
        robot.executor.set_parameters([Parameter('executor.planner_timeout_s', value=20.0)])
        fault.is_mended()
        ros.start_planner(planner__order=['symbolic'])
        assert code(robot.run(DRIVE)) == 'NONE'


def test_a_planner_that_comes_late_is_waited_for(ros, tmp_path):
    robot = Robot(ros, tmp_path)
    future = robot.send(DRIVE)
    robot.wait_for(Feedback.PLANNING)
    ros.start_planner(planner__order=['symbolic'])
    assert code(robot.end_of(future)) == 'NONE'


def test_a_planner_that_has_no_plan_ends_the_mission_with_its_own_code(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'Unavailable')
    result = robot.run(DRIVE)
    assert code(result) == 'MODEL_NOT_LOADED'
    assert 'the endpoint is down' in result.error_msg


def test_a_planner_that_is_busy_is_asked_again(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'Hangs', executor={'executor__planner_timeout_s': 1.5})
    other = ros.send(GetPlan, 'plan', GetPlan.Request(task=DRIVE, timeout_s=20.0))
    ros.spin_until(planners.BEGUN.is_set)
    with recovery('mission: the planner works for somebody else') as fault:
        fault.says(code(robot.run(DRIVE)))
        planners.RELEASE.set()
        ros.spin_until(other.done)
        assert robot.run(DRIVE).answer == 'late'


def test_every_parameter_is_described_by_the_running_node(ros):
    node = ros.start(ExecutorNode)
    for spec in EXECUTOR_PARAMETERS:
        assert node.describe_parameter(spec.name).description == spec.description
