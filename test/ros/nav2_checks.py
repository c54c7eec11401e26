# SPDX-License-Identifier: Apache-2.0
"""Checks with nav2_msgs itself; `test_foreign_messages.py` builds it and runs this file."""

from __future__ import annotations

import math
import os
import time

import pytest
from action_msgs.msg import GoalStatus
from nav2_msgs.action import NavigateToPose
from rclpy.action import ActionClient, ActionServer, CancelResponse, GoalResponse
from unique_identifier_msgs.msg import UUID

from prism_core import parse_scene_graph, render_scene_graph
from prism_msgs.action import ExecuteSkill
from prism_msgs.msg import Observation, PlanErrorCode, PlanStep
from prism_msgs.srv import GetSceneGraph
from prism_ros import goals
from prism_ros.errors import Refusal
from prism_ros.managed_node import ManagedNode
from prism_ros.nav2_skills_node import Nav2SkillsNode
from prism_ros.parameters import MOCK_SKILLS_PARAMETERS
from prism_ros.waiting import Waiter

from ..core.hand_made import make_known
from .robots import Robot, code, steps

KNOWN = make_known()
HAS_CODES = hasattr(NavigateToPose.Result(), 'error_code')  # not on Humble
needs_codes = pytest.mark.skipif(not HAS_CODES, reason='results of Humble have no error_code')


class Nav2(ManagedNode):
    """Serves Nav2's action; `how` says of each goal in turn how it goes: by its code, or a word."""

    def __init__(self, **node_arguments):
        super().__init__('bt_navigator', MOCK_SKILLS_PARAMETERS, **node_arguments)
        self.how: list[str | int] = []
        self.goals: list[NavigateToPose.Goal] = []
        self.ended: list[int] = []
        self.is_rejecting = False
        self.server = ActionServer(
            self,
            NavigateToPose,
            'navigate_to_pose',
            self._go,
            goal_callback=lambda goal: (
                GoalResponse.REJECT if self.is_rejecting else GoalResponse.ACCEPT
            ),
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
            callback_group=self.group,
        )
        self._action_servers.append(self.server)

    async def _go(self, handle):
        self.goals.append(handle.request)
        how = self.how.pop(0) if self.how else 'reaches'
        feedback = NavigateToPose.Feedback(distance_remaining=3.0, number_of_recoveries=1)
        feedback.current_pose.pose.position.x = handle.request.pose.pose.position.x
        handle.publish_feedback(feedback)
        waiter = Waiter(self)
        await waiter.pause(0.05)
        until_canceled = {'hangs': 60.0, 'is deaf': 1.5}.get(how, 0.0)
        ends_s = time.monotonic() + until_canceled
        while time.monotonic() < ends_s and not (how == 'hangs' and handle.is_cancel_requested):
            await waiter.pause(0.02)
        result = NavigateToPose.Result()
        if handle.is_cancel_requested:
            handle.canceled()
        elif how == 'reaches':
            handle.succeed()
        else:
            if isinstance(how, int) and HAS_CODES:
                result.error_code, result.error_msg = how, 'as the test says'
            handle.abort()
        self.ended.append(handle.status)
        return result


class Looks(ManagedNode):
    """The robot's own part of `inspect`."""

    def __init__(self, **node_arguments):
        super().__init__('looks', MOCK_SKILLS_PARAMETERS, **node_arguments)
        self.serve_action(ExecuteSkill, 'look/inspect', self._look, lambda goal_handle: None)

    def _look(self, goal_handle, result):
        if goal_handle.request.step.text == 'break':
            raise Refusal(PlanErrorCode.SKILL_FAILED, 'the lens is dirty')
        result.observation = Observation(feedback='it is red', distance_m=0.5)


@pytest.fixture
def robot(ros, tmp_path):
    """Nav2, the skills that drive by it, and the owner of a graph."""
    file = tmp_path / 'known.json'
    file.write_text(render_scene_graph(KNOWN), 'utf-8')
    ros.start_graph(graph__file=str(file))
    ros.nav2 = ros.start(Nav2)
    ros.start_skills = lambda **given: ros.start(Nav2SkillsNode, **given)
    return ros


def send(ros, action, *targets, told=None, **fields):
    goal = ExecuteSkill.Goal(step=PlanStep(action=action, targets=list(targets), **fields))
    hear = None if told is None else (lambda message: told.append(message.feedback))
    return ros.send_goal(ExecuteSkill, f'skills/{action}', goal, hear)


def do(ros, *words, **fields):
    ending = send(ros, *words, **fields).get_result_async()
    ros.spin_until(ending.done)
    return ending.result().result


def at(goal) -> tuple[float, float, float]:
    pose = goal.pose.pose
    yaw = 2 * math.atan2(pose.orientation.z, pose.orientation.w)
    return pose.position.x, pose.position.y, round(yaw, 3)


def test_a_drive_goes_way_by_way_and_tells_how_far_it_is(robot):
    robot.start_skills(nav2__behavior_tree='/trees/slow.xml')
    told: list[ExecuteSkill.Feedback] = []
    result = do(robot, 'goto', 'shed_2', told=told)
    first, second = robot.nav2.goals
    assert (at(first), at(second)) == ((10.0, 0.0, 0.0), (20.0, 0.0, 0.0))
    assert (first.pose.header.frame_id, first.behavior_tree) == ('map', '/trees/slow.xml')
    assert first.pose.header.stamp.sec > 0
    shown = result.observation
    assert (shown.status, shown.update.robot_location) == (Observation.DONE, 'shed_2')
    assert (shown.distance_m, shown.update.source) == (10.0, 'prism_nav2_skills')
    assert told[0].message == 'driving to yard_7, 3.0 m to go, recoveries: 1'
    assert told[0].progress == pytest.approx(0.35)


@pytest.mark.parametrize(
    ('how', 'parameters', 'gone', 'words'),
    [
        pytest.param(
            *(208, {}, ['yard_7', 'shed_2']),
            "yard_7 is blocked: Nav2 gave up: NO_VALID_PATH (208), 'as the test says'",
            marks=needs_codes,
        ),
        pytest.param(
            *(202, {}, []),
            "shed_2 was not reached: Nav2 gave up: TF_ERROR (202), 'as the test says'",
            marks=needs_codes,
        ),
        ('aborts', {}, ['yard_7', 'shed_2'], 'is blocked: Nav2 gave up'),
        ('aborts', {'nav2__remove_ways': False}, [], 'is blocked: Nav2 gave up'),
    ],
)
def test_a_way_that_fails_is_told_with_the_words_of_nav2(robot, how, parameters, gone, words):
    robot.start_skills(**parameters)
    robot.nav2.how = ['reaches', how]
    result = do(robot, 'goto', 'shed_2')
    shown = result.observation
    assert result.error_code == PlanErrorCode.NONE
    assert (shown.status, shown.update.robot_location) == (Observation.FAILED, 'yard_7')
    assert {n for e in shown.update.remove_edges for n in (e.source, e.target)} == set(gone)
    assert words in shown.feedback


def test_a_cancel_is_passed_on_and_a_deaf_nav2_is_told_of(robot):
    robot.start_skills(nav2__cancel_timeout_s=0.3)
    for how, status, said in (
        ('hangs', GoalStatus.STATUS_CANCELED, 'the drive was canceled'),
        ('is deaf', GoalStatus.STATUS_ABORTED, 'did not end 0.3 s after its cancel: the robot may'),
    ):
        robot.nav2.how, robot.nav2.goals = [how], []
        handle = send(robot, 'goto', 'yard_7')
        ending = handle.get_result_async()
        robot.spin_until(lambda: robot.nav2.goals)
        begun_s = time.monotonic()
        handle.cancel_goal_async()
        robot.spin_until(ending.done)
        assert time.monotonic() - begun_s < 1.0
        assert ending.result().status == status
        assert said in ending.result().result.error_msg
    assert robot.nav2.ended[0] == GoalStatus.STATUS_CANCELED


def test_where_nobody_drives_the_skill_is_unavailable(robot, monkeypatch):
    monkeypatch.setattr(goals, 'LOST_S', 0.5)
    robot.start_skills(nav2__wait_s=0.2)
    robot.nav2.is_rejecting = True
    result = do(robot, 'goto', 'yard_7')
    said = [result.error_msg]
    robot.nav2.is_rejecting, robot.nav2.how = False, ['hangs']
    ending = send(robot, 'goto', 'yard_7').get_result_async()
    robot.spin_until(lambda: robot.nav2.goals)
    robot.nav2.end_action(robot.nav2.server)
    robot.spin_until(ending.done)
    said.append(ending.result().result.error_msg)
    result = do(robot, 'goto', 'yard_7')
    said.append(result.error_msg)
    assert result.error_code == PlanErrorCode.SKILL_UNAVAILABLE
    for word, sentence in zip(('rejected', 'is gone', 'start Nav2'), said):
        assert "'/navigate_to_pose'" in sentence
        assert word in sentence


def test_what_is_looked_at_is_driven_to_and_then_left_to_the_robot(robot):
    skills = robot.start_skills(nav2__wait_s=0.2)
    for label in ('deactivate', 'cleanup', 'configure', 'activate'):
        assert robot.change_state('prism_nav2_skills', label)
    result = do(robot, 'inspect', 'crate_31', text='its color?')
    assert result.error_code == PlanErrorCode.SKILL_UNAVAILABLE
    assert "nobody serves 'look/inspect'" in result.error_msg
    assert not robot.nav2.goals
    assert 'nobody serves look/map_region, look/' in skills.diagnose()[0].message
    robot.start(Looks)
    robot.spin_until(lambda: 'inspect' not in skills._looks.missing())
    shown = do(robot, 'inspect', 'crate_31', text='its color?').observation
    here = shown.update.robot_location
    assert (shown.feedback, here, shown.distance_m) == ('it is red', 'lane_4', 0.5)
    facing = round(math.atan2(4 - 10, 18 - 10), 3)
    assert at(robot.nav2.goals[-1]) == (10.0, 10.0, facing)
    result = do(robot, 'inspect', 'crate_31', text='break')
    assert (result.error_code, result.error_msg) == (PlanErrorCode.NONE, '')
    assert result.observation.feedback == 'the lens is dirty'
    assert result.observation.status == Observation.FAILED


def test_a_goal_of_somebody_else_blocks_no_way_and_one_left_behind_is_canceled(robot):
    skills = robot.start_skills()
    client = ActionClient(robot.node, NavigateToPose, 'navigate_to_pose')
    robot.nav2.how = ['hangs', 'aborts', 'hangs']
    client.wait_for_server(5.0)
    other = client.send_goal_async(NavigateToPose.Goal())
    robot.spin_until(lambda: skills._drive._others())
    shown = do(robot, 'goto', 'yard_7').observation
    assert (shown.status, list(shown.update.remove_edges)) == (Observation.FAILED, [])
    assert 'somebody else gave Nav2 another goal' in shown.feedback
    left = UUID(uuid=list(skills._drive._mark + os.urandom(8)))
    client.send_goal_async(NavigateToPose.Goal(), goal_uuid=left)
    robot.spin_until(lambda: GoalStatus.STATUS_CANCELED in robot.nav2.ended)
    assert robot.nav2.ended == [GoalStatus.STATUS_ABORTED, GoalStatus.STATUS_CANCELED]
    other.result().cancel_goal_async()
    robot.spin_until(lambda: len(robot.nav2.ended) == 3)
    client.destroy()


def test_a_mission_drives_around_a_way_on_which_there_is_no_way_through(ros, tmp_path):
    nav2 = ros.start(Nav2)
    ros.start(Nav2SkillsNode)
    robot = Robot(ros, tmp_path, 'symbolic', known=KNOWN, has_skills=False)
    nav2.how = ['reaches', 208]
    result = robot.run('go to shed_2')
    assert code(result) == 'NONE', result.error_msg
    assert steps(result)[:2] == [
        ('goto', 'shed_2', PlanStep.FAILED),
        ('goto', 'shed_2', PlanStep.SUCCEEDED),
    ]
    graph = parse_scene_graph(ros.call(GetSceneGraph, 'get_scene_graph', as_json=True).json)
    assert graph.robot_location == 'shed_2'
    assert ('shed_2', 'yard_7') not in graph.connections
    assert [at(goal)[:2] for goal in nav2.goals] == [(10, 0), (20, 0), (0, 0), (10, 10), (20, 0)]
