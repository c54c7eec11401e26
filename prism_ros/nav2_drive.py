# SPDX-License-Identifier: Apache-2.0
"""Drives by Nav2's ROS action NavigateToPose, one goal at a time, whatever Nav2 does.

The action is that of nav2_msgs from Humble, whose results say nothing, to those that have an
`error_code` and an `error_msg`: https://github.com/ros-navigation/navigation2, nav2_msgs/action.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from action_msgs.msg import GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from rclpy.action import ActionClient
from unique_identifier_msgs.msg import UUID

from prism_core import quote
from prism_core.graph.poses import StandingPose
from prism_ros.conversions import FRAME
from prism_ros.goals import GoalEnd, pursue
from prism_ros.managed_node import ManagedNode, latched
from prism_ros.waiting import Waiter

# Of FollowPath, ComputePathToPose and NavigateToPose, which share one range.
CODES = {
    101: 'INVALID_CONTROLLER',
    102: 'TF_ERROR',
    103: 'INVALID_PATH',
    104: 'PATIENCE_EXCEEDED',
    105: 'FAILED_TO_MAKE_PROGRESS',
    106: 'NO_VALID_CONTROL',
    107: 'CONTROLLER_TIMED_OUT',
    201: 'INVALID_PLANNER',
    202: 'TF_ERROR',
    203: 'START_OUTSIDE_MAP',
    204: 'GOAL_OUTSIDE_MAP',
    205: 'START_OCCUPIED',
    206: 'GOAL_OCCUPIED',
    207: 'TIMEOUT',
    208: 'NO_VALID_PATH',
    9001: 'FAILED_TO_LOAD_BEHAVIOR_TREE',
    9002: 'TF_ERROR',
    9003: 'TIMEOUT',
}
OF_THE_WAY = (104, 105, 106, 206, 208)
"""The codes that speak of the way; the others do of Nav2 or of the robot."""

_LEFT_OVER_S = 1.0  # between two tries to cancel what was left over
_DRIVING = (GoalStatus.STATUS_ACCEPTED, GoalStatus.STATUS_EXECUTING)


@dataclass(frozen=True)
class DriveEnd:
    """How a drive ended, and what there is to say of it.

    It was reached; there was no way through; Nav2 failed or did other things; nobody drives; it was
    stopped, or took too long, and was canceled; or that did not end it (`drives_on`).
    """

    outcome: Literal[
        'reached', 'blocked', 'failed', 'unavailable', 'stopped', 'late', 'drives_on'
    ] = 'reached'
    said: str = ''


class Nav2Drive:
    """A client of Nav2.

    A goal that a process before this one left behind, because it was killed, is canceled: its id
    begins with what follows from the name of the node.

    Args:
        node: that drives.
        kind: nav2_msgs.action.NavigateToPose.
        name: of the ROS action.
        behavior_tree: that Nav2 is to use; '' for its own.
    """

    def __init__(self, node: ManagedNode, kind: Any, name: str, behavior_tree: str = ''):
        self._node = node
        self._kind = kind
        self._behavior_tree = behavior_tree
        self._mark = uuid.uuid5(uuid.NAMESPACE_URL, node.get_fully_qualified_name()).bytes[:8]
        self._sent: set[bytes] = set()
        self._under_way: dict[bytes, int] = {}  # the status of each goal, of anybody
        self._client = ActionClient(node, kind, name, callback_group=node.group)
        self._full_name = node.resolve_service_name(name)
        self._canceling = node.create_client(
            CancelGoal, f'{name}/_action/cancel_goal', callback_group=node.group
        )
        self._listener = node.listen(
            GoalStatusArray, f'{name}/_action/status', self._note, latched()
        )
        self._timer = node.every(_LEFT_OVER_S, self._cancel_left_over)

    def destroy(self) -> None:
        """Free everything."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self._listener)
        self._node.destroy_client(self._canceling)
        self._client.destroy()

    @property
    def is_there(self) -> bool:
        """Whether somebody drives."""
        return self._client.server_is_ready()

    @property
    def why_not_there(self) -> str:
        """What to say where nobody does."""
        return f"nobody serves Nav2's '{self._full_name}'; start Nav2, or set nav2.action_name"

    async def to(
        self,
        pose: StandingPose,
        waiter: Waiter,
        *,
        timeout_s: float,
        wait_s: float,
        cancel_s: float,
        tell: Callable[[Any], None],
    ) -> DriveEnd:
        """Drive to a pose in the frame of the graph.

        Args:
            pose: where to.
            waiter: whose interruption cancels it.
            timeout_s: after so long it is canceled, too.
            wait_s: how long Nav2 is waited for where it is not there.
            cancel_s: how long it may take to end what is canceled.
            tell: is told each feedback.
        """
        if timeout_s <= 0:
            return DriveEnd('late', 'the time of the step is over')
        if not await waiter.until(lambda: self.is_there, min(wait_s, timeout_s)):
            outcome = 'stopped' if waiter.is_interrupted else 'unavailable'
            return DriveEnd(outcome, self.why_not_there)  # type: ignore[arg-type]
        goal_id = self._mark + uuid.uuid4().bytes[8:]
        self._sent = {goal_id}
        is_begun = False

        def hear(feedback: Any) -> None:
            nonlocal is_begun
            is_begun = True
            tell(feedback)

        end = await pursue(
            self._client,
            self._goal(pose),
            waiter,
            timeout_s=timeout_s,
            cancel_s=cancel_s,
            tell=hear,
            goal_id=UUID(uuid=list(goal_id)),
        )
        if end.problem:
            return self._explain(end, timeout_s, cancel_s)
        return read_result(end.response, is_begun=is_begun, is_displaced=bool(self._others()))

    def _goal(self, pose: StandingPose) -> Any:
        goal = self._kind.Goal(behavior_tree=self._behavior_tree)
        goal.pose.header.frame_id = FRAME
        goal.pose.header.stamp = self._node.get_clock().now().to_msg()
        at, turn = goal.pose.pose.position, goal.pose.pose.orientation
        at.x, at.y, at.z = pose.x_m, pose.y_m, pose.z_m
        turn.z, turn.w = math.sin(pose.yaw_rad / 2), math.cos(pose.yaw_rad / 2)
        return goal

    def _explain(self, end: GoalEnd, timeout_s: float, cancel_s: float) -> DriveEnd:
        name = f"Nav2's '{self._full_name}'"
        if end.problem == 'rejected':
            return DriveEnd('unavailable', f'{name} rejected the goal; is bt_navigator active?')
        if end.problem == 'not_taken':
            return DriveEnd('unavailable', f'{name} did not take the goal in time')
        if end.problem == 'gone':
            return DriveEnd('unavailable', f'{name} is gone in the middle of a drive')
        why = 'was canceled' if end.problem == 'stopped' else f'took longer than {timeout_s:g} s'
        if end.response is None and self._under_way.keys() & self._sent:
            said = f'{name} did not end {cancel_s:g} s after its cancel: the robot may drive on'
            return DriveEnd('drives_on', f'the drive {why}, and {said}')
        return DriveEnd('stopped' if end.problem == 'stopped' else 'late', f'the drive {why}')

    def _note(self, message: GoalStatusArray) -> None:
        self._under_way = {
            bytes(status.goal_info.goal_id.uuid): status.status
            for status in message.status_list
            if status.status in (*_DRIVING, GoalStatus.STATUS_CANCELING)
        }

    def _others(self) -> list[bytes]:
        """The goals that Nav2 is at and that this process has not sent."""
        return [
            goal_id
            for goal_id, status in self._under_way.items()
            if status in _DRIVING and goal_id not in self._sent
        ]

    def _cancel_left_over(self) -> None:
        if not self._canceling.service_is_ready():
            return
        for goal_id in self._others():
            if goal_id.startswith(self._mark):
                self._node.get_logger().warning('a drive that was left behind is canceled')
                request = CancelGoal.Request()
                request.goal_info.goal_id.uuid = list(goal_id)
                self._canceling.call_async(request)


def read_result(response: Any, *, is_begun: bool, is_displaced: bool) -> DriveEnd:
    """What the result of Nav2 says.

    An abort without a code is Humble's, or that of a goal that Nav2 could not begin on (it does not
    know where the robot is) or gave up for another one.

    Args:
        response: `status` and `result` of NavigateToPose.
        is_begun: whether it drove: there was feedback.
        is_displaced: whether Nav2 is at the goal of somebody else.
    """
    if response.status == GoalStatus.STATUS_SUCCEEDED:
        return DriveEnd()
    if response.status == GoalStatus.STATUS_CANCELED:
        return DriveEnd('failed', "somebody else canceled Nav2's goal")
    code = getattr(response.result, 'error_code', 0)
    message = getattr(response.result, 'error_msg', '')
    if not code and is_displaced:
        return DriveEnd('failed', 'somebody else gave Nav2 another goal')
    if not code and not is_begun:
        return DriveEnd('failed', 'Nav2 did not begin to drive; does it know where the robot is?')
    said = f'Nav2 gave up: {CODES.get(code, "UNKNOWN")} ({code})' if code else 'Nav2 gave up'
    if message:
        said += f', {quote(message)}'
    return DriveEnd('blocked' if not code or code in OF_THE_WAY else 'failed', said)
