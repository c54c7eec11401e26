# SPDX-License-Identifier: Apache-2.0
"""RobotWatch: hears a robot for `prism watch`, and tells it what a person says.

Follows the topics of our nodes, and missions of whoever sent them by the topics and services that
every ROS action has (`_action/status`, `_action/feedback`, `_action/get_result`). It serves
nothing. Everything of ROS happens on one thread; the graph, which can be large, is read by whoever
shows it (`refresh`), so that a stop never waits behind it.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError
from typing import Any

import rclpy
from action_msgs.msg import GoalStatus, GoalStatusArray
from rcl_interfaces.srv import GetParameters
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor
from rclpy.parameter import parameter_value_to_python
from std_srvs.srv import Trigger
from unique_identifier_msgs.msg import UUID

from prism_core import SceneGraphError
from prism_core.watch import Approval, CommandReply, NewTask, WatchBoard
from prism_msgs.action import ExecuteMission
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import PlanningStatus, SceneGraphUpdate
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.srv import ApproveStep
from prism_ros.errors import CODE_NAMES
from prism_ros.graph_mirror import KEPT_UPDATES, GraphMirror
from prism_ros.managed_node import latched
from prism_ros.watch_messages import (
    end_shown,
    hex_of,
    limits_shown,
    plan_shown,
    planners_shown,
    progress_shown,
)

ACTION = 'execute_mission'
EXECUTOR = 'prism_executor'
REPLY_S = 5.0
"""That a service of the robot may take to answer."""
LOST_S = 3.0
"""Without anybody who takes missions for so long, the one under way is lost."""
LOOK_S = 0.5
_LIMITS = ('max_turns', 'max_replans', 'max_distance_m', 'timeout_s')
_UNDER_WAY = (GoalStatus.STATUS_ACCEPTED, GoalStatus.STATUS_EXECUTING, GoalStatus.STATUS_CANCELING)


class RobotWatch:
    """Hears one robot. Use as a context manager; it is `RobotCommands`, too.

    Args:
        namespace: of the robot; '' for none.
        domain_id: the ROS domain; None for that of the environment.
    """

    def __init__(self, namespace: str = '', domain_id: int | None = None):
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain_id)
        self._node = rclpy.create_node(
            f'prism_watch_{os.getpid()}', namespace=namespace, context=self._context
        )
        self.board = WatchBoard(self._node.get_namespace().rstrip('/'))
        self._mirror = GraphMirror()
        self._graphs: deque[tuple[Callable[[Any], bool], Any]] = deque()
        self._asked: set[str] = set()  # the goals whose result is waited for, or has come
        self._values: dict[str, Any] = {}  # of the executor's parameters
        self._executor_s = time.monotonic()
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._make_interfaces()
        self._thread = threading.Thread(target=self._spin, name='prism-watch-ros', daemon=True)

    def _make_interfaces(self) -> None:
        node, kept = self._node, latched()
        raw_graph = self._follow(self._mirror.take_graph)
        node.create_subscription(SceneGraphMessage, 'scene_graph', raw_graph, kept, raw=True)
        update = self._follow(self._mirror.take_update)
        node.create_subscription(
            SceneGraphUpdate, 'scene_graph_updates', update, latched(KEPT_UPDATES)
        )
        self._listen(PlanMessage, 'current_plan', self._hear_plan, kept)
        self._listen(PlanningStatus, 'planner_status', self._hear_planners, kept)
        mission = ExecuteMission.Impl
        self._listen(mission.FeedbackMessage, f'{ACTION}/_action/feedback', self._hear_progress, 10)
        self._listen(GoalStatusArray, f'{ACTION}/_action/status', self._hear_goals, kept)
        self._goals = node.create_client(mission.SendGoalService, f'{ACTION}/_action/send_goal')
        self._results = node.create_client(mission.GetResultService, f'{ACTION}/_action/get_result')
        self._stops = node.create_client(Trigger, 'stop')
        self._approvals = node.create_client(ApproveStep, 'approve_step')
        self._parameters = node.create_client(GetParameters, f'{EXECUTOR}/get_parameters')
        node.create_timer(LOOK_S, self._guard(self._look_for_executor))

    def __enter__(self) -> RobotWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        rclpy.shutdown(context=self._context)
        self._thread.join()
        self._executor.shutdown()
        self._node.destroy_node()

    def refresh(self) -> None:
        """Read what has come of the scene graph since the last time."""
        has_changed = False
        while self._graphs:
            take, message = self._graphs.popleft()
            try:
                has_changed |= take(message)
            except SceneGraphError as error:
                self.board.note(f'scene graph refused: {error}', is_bad=True)
        if has_changed and self._mirror.graph is not None:
            self.board.take_graph(self._mirror.graph, self._mirror.epoch)

    # ------------------------------------------------------------------------------- what is told

    def stop(self) -> CommandReply:
        """End the mission under way."""
        response = self._call(self._stops, Trigger.Request())
        if isinstance(response, CommandReply):
            return response
        return CommandReply(response.success, response.message)

    def approve(self, approval: Approval) -> CommandReply:
        """Allow or forbid the step that awaits it."""
        request = ApproveStep.Request(
            plan_id=UUID(uuid=[*bytes.fromhex(approval.plan_id)]),
            step=approval.step,
            approve=approval.approve,
            reason=approval.reason,
        )
        response = self._call(self._approvals, request)
        if isinstance(response, CommandReply):
            return response
        if not response.success:
            code = CODE_NAMES.get(response.error_code, str(response.error_code))
            return CommandReply(False, f'{response.error_msg} [{code}]')
        said = 'allowed' if approval.approve else 'forbidden'
        return CommandReply(True, f'step {approval.step + 1} is {said}')

    def send(self, task: NewTask) -> CommandReply:
        """Give a task; while a mission is under way none is taken."""
        if self.board.is_running:
            return CommandReply(False, 'a mission is under way; stop it, or wait for its end')
        goal = ExecuteMission.Goal(
            task=task.task,
            continue_mission=task.continue_mission[:64],
            planner=task.planner,
            require_approval=task.require_approval,
            dry_run=task.dry_run,
        )
        goal_id = UUID(uuid=[*uuid.uuid4().bytes])
        request = ExecuteMission.Impl.SendGoalService.Request(goal_id=goal_id, goal=goal)
        response = self._call(self._goals, request)
        if isinstance(response, CommandReply):
            is_heard = self.board.mission == hex_of(goal_id)  # DDS may lose the first reply alone
            return CommandReply(True, 'the task is given') if is_heard else response
        if not response.accepted:
            return CommandReply(False, 'prism_executor does not take the mission')
        self._begin(hex_of(goal_id))
        return CommandReply(True, 'the task is given')

    def _call(self, client: Any, request: Any) -> Any:
        """The response of a service; a reply that says why there is none. Called from any thread
        but that of ROS.
        """
        name = self._node.resolve_service_name(client.srv_name)
        if not client.service_is_ready():
            return CommandReply(False, f"nobody serves '{name}'; is prism_executor running?")
        waiting: Future = Future()

        def ask() -> None:
            future = client.call_async(request)
            future.add_done_callback(lambda done: waiting.set_result(done.result()))

        self._executor.create_task(ask)
        try:
            return waiting.result(REPLY_S)
        except LateError:
            return CommandReply(False, f"'{name}' did not answer within {REPLY_S:g} s")

    # ------------------------------------------------------------------------------ what is heard

    def _hear_plan(self, message: PlanMessage) -> None:
        self.board.take_plan(plan_shown(message))

    def _hear_planners(self, message: PlanningStatus) -> None:
        self.board.take_planners(planners_shown(message))

    def _hear_progress(self, message: Any) -> None:
        goal_id = hex_of(message.goal_id)
        self.board.take_progress(goal_id, progress_shown(message.feedback))
        self._begin(goal_id)

    def _hear_goals(self, message: GoalStatusArray) -> None:
        """Goals that are under way are followed; of those that have ended, the last one."""
        listed = sorted(message.status_list, key=_accepted_at)
        for one in listed[-1:]:
            goal_id = hex_of(one.goal_info.goal_id)
            if one.status in _UNDER_WAY:
                self._begin(goal_id)
            elif not self.board.is_running:
                self._ask_for_result(goal_id)

    def _begin(self, goal_id: str) -> None:
        if self.board.begin_mission(goal_id) or goal_id not in self._asked:
            self._executor.create_task(self._ask_for_result, goal_id)
            self._executor.create_task(self._ask_for_limits)

    def _ask_for_result(self, goal_id: str) -> None:
        if goal_id in self._asked:
            return
        self._asked.add(goal_id)
        wanted = UUID(uuid=[*bytes.fromhex(goal_id)])
        future = self._results.call_async(
            ExecuteMission.Impl.GetResultService.Request(goal_id=wanted)
        )
        future.add_done_callback(self._guard(lambda done: self._hear_end(goal_id, done.result())))

    def _hear_end(self, goal_id: str, response: Any) -> None:
        if response.status != GoalStatus.STATUS_UNKNOWN:
            self.board.end_mission(goal_id, end_shown(response.result))
        elif self.board.mission == goal_id:
            self.board.lose_mission('prism_executor does not know the mission any more')

    def _ask_for_limits(self) -> None:
        if not self._parameters.service_is_ready():
            return
        names = [f'executor.{name}' for name in _LIMITS]
        future = self._parameters.call_async(GetParameters.Request(names=names))

        def take(done: Any) -> None:
            values = map(parameter_value_to_python, done.result().values)
            self._values = dict(zip(_LIMITS, values))
            self.board.take_limits(limits_shown(self._values))

        future.add_done_callback(self._guard(take))

    def _look_for_executor(self) -> None:
        """See whether anybody takes missions, and give up the one of who is gone."""
        is_there, now_s = self._goals.service_is_ready(), time.monotonic()
        self.board.take_executor(is_there)
        if is_there:
            self._executor_s = now_s
        elif now_s - self._executor_s > LOST_S:
            self.board.lose_mission('prism_executor is gone')

    # ------------------------------------------------------------------------------------- helpers

    def _listen(self, kind: Any, topic: str, callback: Callable[[Any], None], qos: Any) -> None:
        self._node.create_subscription(kind, topic, self._guard(callback), qos)

    def _follow(self, take: Callable[[Any], bool]) -> Callable[[Any], None]:
        return lambda message: self._graphs.append((take, message))

    def _guard(self, callback: Callable) -> Callable:
        """What cannot be read is a line on the page, and no end of what is heard."""

        def guarded(*arguments: Any) -> None:
            try:
                callback(*arguments)
            except Exception as error:
                said = f'unexpected {type(error).__name__}: {error}'
                self.board.note(said, is_bad=True)

        return guarded

    def _spin(self) -> None:
        while self._context.ok():
            try:
                self._executor.spin_once(timeout_sec=0.1)
            except (ExternalShutdownException, ShutdownException):
                return
            except Exception as error:  # rclpy raises for what a late reply finds
                if not self._context.ok():
                    return
                self.board.note(f'unexpected {type(error).__name__}: {error}', is_bad=True)


def _accepted_at(status: GoalStatus) -> tuple[int, int]:
    stamp = status.goal_info.stamp
    return stamp.sec, stamp.nanosec
