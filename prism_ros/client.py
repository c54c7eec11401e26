# SPDX-License-Identifier: Apache-2.0
"""The client of a robot: plans, missions, questions, approval and stop, in a few lines of Python.

    from prism_ros.client import PrismClient

    with PrismClient() as robot:
        result = robot.execute('what color is the barrel?', print)
        print(result.answer)

It has a node, an executor and a thread of its own. So every call waits for its end, from any thread
and from the callback of another node, which it holds up for that long; nothing has to be spun.
Callbacks are called by whoever waits for the mission, and may ask the client themselves.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

from std_srvs.srv import Trigger

from prism_msgs.action import ExecuteMission
from prism_msgs.msg import Plan, PlanErrorCode, PlanningStatus, PlanStep, SceneGraph
from prism_msgs.srv import ApproveStep, GetPlan, GetSceneGraph, ValidatePlan
from prism_ros.client_mission import PHASE_NAMES, Feedback, MissionResult, RunningMission
from prism_ros.client_thread import ClientThread, NoReply, NotThere
from prism_ros.conversions import wire_text
from prism_ros.errors import CODE_NAMES, Refusal
from prism_ros.managed_node import latched

__all__ = [
    'CODE_NAMES',
    'PHASE_NAMES',
    'Feedback',
    'MissionResult',
    'NoReply',
    'NotThere',
    'PrismClient',
    'Refusal',
    'RunningMission',
]

Approve = Callable[[ExecuteMission.Feedback], 'bool | tuple[bool, str]']
"""Whether the step that awaits approval may be carried out, and why."""

_CALL_S = 10.0
_GRACE_S = 2.0  # for a reply that is sent at the deadline
_FIRST_S = 2.0  # that a latched message may take to come
_KEPT_S = 0.5  # that another one may take then
_WHO_KEEP_A_PLAN = 2
_MISSION, _GOAL_FIELDS = 'execute_mission', ExecuteMission.Goal.get_fields_and_field_types()


class PrismClient:
    """Asks the nodes of one robot. Use as a context manager; safe to use from several threads.

    Errors are `Refusal`: of kind `NotThere` where nobody serves what is asked, `NoReply` where no
    reply came in time, else what the node answered, by its `code` and `name`.

    Args:
        namespace: of the robot; '' for none.
        domain_id: the ROS domain; None for that of the environment.
        wait_s: how long a node that is not there is waited for.
    """

    def __init__(self, namespace: str = '', domain_id: int | None = None, *, wait_s: float = 10.0):
        self._wait_s = wait_s
        self._thread = ClientThread(namespace, domain_id)

    def __enter__(self) -> PrismClient:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Destroy node and thread; missions go on."""
        self._thread.close()

    # ------------------------------------------------------------------------------------- plans

    def plan(
        self,
        task: str,
        *,
        planner: str = '',
        start_location: str = '',
        timeout_s: float = 30.0,
    ) -> GetPlan.Response:
        """One plan, which nobody carries out: `plan`, `plan_text` and `metrics`.

        Args:
            task: the sentence.
            planner: its name, behind a colon an adapter; '' for the robot's order.
            start_location: region to plan from; '' for where the robot is.
            timeout_s: the time for it.

        Raises:
            Refusal: there is none, and why.
        """
        request = GetPlan.Request(
            task=wire_text(task),
            planner=wire_text(planner),
            start_location=wire_text(start_location),
            timeout_s=float(timeout_s),
        )
        return _checked(self._call(GetPlan, 'plan', request, timeout_s + _GRACE_S))

    def find_planner(self) -> None:
        """Wait until the planner is there, so that a call that is timed holds nothing else.

        Raises:
            NotThere: it is not.
        """
        self._thread.service(GetPlan, 'plan', self._wait_s)

    def validate(self, plan: Plan) -> ValidatePlan.Response:
        """Whether a plan could be carried out on the scene graph of now: `accepted`, and why not.

        Raises:
            Refusal: it cannot be told.
        """
        response = self._call(ValidatePlan, 'validate_plan', ValidatePlan.Request(plan=plan))
        if not response.accepted and response.error_code in _NOT_JUDGED:
            raise Refusal(response.error_code, response.error_msg)
        return response

    def scene_graph(self, near: str = '', hops: int = 0) -> SceneGraph:
        """What the robot knows, or the part of it around a node."""
        request = GetSceneGraph.Request(near=wire_text(near), hops=hops)
        return _checked(self._call(GetSceneGraph, 'get_scene_graph', request)).graph

    def scene_graph_json(self, near: str = '', hops: int = 0) -> str:
        """The same as JSON of SPINE."""
        request = GetSceneGraph.Request(near=wire_text(near), hops=hops, as_json=True)
        return _checked(self._call(GetSceneGraph, 'get_scene_graph', request)).json

    # ---------------------------------------------------------------------------------- missions

    def execute(
        self,
        task: str,
        on_feedback: Callable[[ExecuteMission.Feedback], Any] | None = None,
        *,
        approve: Approve | None = None,
        **fields: Any,
    ) -> MissionResult:
        """Run a mission and wait for its end. Whatever ends the wait, such as Ctrl-C, cancels it.

        Args:
            task: the sentence.
            on_feedback: is told what it is at, five times a second at most.
            approve: asked once for each step that awaits approval. Without it nobody is, and the
                step is denied when its time is over, unless somebody else approves it.
            **fields: others of the goal of `ExecuteMission`, such as `max_turns`.

        Returns:
            How it ended: with an answer, a question, or neither.

        Raises:
            Refusal: it did not begin, or the executor has gone away.
            TypeError: a goal has no such field.
        """
        mission = self.start(task, **fields)
        asked: set[tuple[bytes, int]] = set()
        try:
            for feedback in mission.feedback():
                if on_feedback is not None:
                    on_feedback(feedback)
                step = bytes(feedback.plan_id.uuid), feedback.step_index
                is_waiting = feedback.phase == Feedback.AWAITING_APPROVAL
                if approve is not None and is_waiting and step not in asked:
                    asked.add(step)
                    self._decide(feedback, approve(feedback))
            return mission.result()
        except BaseException:
            if not mission.is_over:
                with contextlib.suppress(Refusal):
                    mission.cancel()
            raise

    def start(self, task: str, **fields: Any) -> RunningMission:
        """Begin a mission; it goes on when the client is closed.

        Args:
            task: the sentence.
            **fields: as of `execute`.

        Raises:
            Refusal: nobody takes it.
            TypeError: a goal has no such field.
        """
        unknown = sorted(fields.keys() - _GOAL_FIELDS.keys())
        if unknown:
            known = ', '.join(name for name in _GOAL_FIELDS if name != 'task')
            raise TypeError(f'a mission has no field {", ".join(unknown)}; it has {known}')
        for name in ('timeout_s', 'max_distance_m'):
            if name in fields:
                fields[name] = float(fields[name])
        goal = ExecuteMission.Goal(task=wire_text(task), **fields)
        client = self._thread.action(ExecuteMission, _MISSION, self._wait_s)
        mission = RunningMission(self._thread, _MISSION)
        mission.send(client, goal, _CALL_S)
        return mission

    def reply(
        self,
        result: MissionResult,
        text: str,
        on_feedback: Callable[[ExecuteMission.Feedback], Any] | None = None,
        **fields: Any,
    ) -> MissionResult:
        """Answer the question of a mission, or say what is next behind its answer; as `execute`."""
        return self.execute(text, on_feedback, continue_mission=result.mission_id, **fields)

    def approve(
        self, feedback: ExecuteMission.Feedback, is_approved: bool = True, reason: str = ''
    ) -> None:
        """Allow or forbid the step that awaits approval.

        Args:
            feedback: that told of it.
            is_approved: False forbids it, which ends the mission.
            reason: for the planner and the log.

        Raises:
            Refusal: that step does not await approval any more.
        """
        request = ApproveStep.Request(
            plan_id=feedback.plan_id,
            step=feedback.step_index,
            approve=is_approved,
            reason=wire_text(reason)[:256],
        )
        _checked(self._call(ApproveStep, 'approve_step', request))

    def stop(self) -> str:
        """End the mission under way, whoever sent it; what was stopped."""
        response = self._call(Trigger, 'stop', Trigger.Request())
        if not response.success:
            raise Refusal(PlanErrorCode.UNKNOWN, response.message)
        return response.message

    # ---------------------------------------------------------------------------------- watching

    def current_plan(self, timeout_s: float = _FIRST_S) -> Plan | None:
        """The last plan with the status of each step; None while there is none.

        The planner keeps its last plan for who comes late, and the executor the one that it carries
        out, often the same one; which of both comes first nobody knows.
        """
        first = next(self.watch(timeout_s), None)
        if first is None or self._thread.node.count_publishers('current_plan') < _WHO_KEEP_A_PLAN:
            return first
        kept = itertools.islice(self.watch(_KEPT_S), _WHO_KEEP_A_PLAN)
        return max((first, *kept), key=_how_late)

    def status(self, timeout_s: float = _FIRST_S) -> PlanningStatus:
        """What the planner is at.

        Raises:
            NotThere: no planner says so.
        """
        told = next(self._listen(PlanningStatus, 'planner_status', timeout_s), None)
        if told is None:
            topic = self._thread.name_of('planner_status')
            raise NotThere(f"nobody publishes '{topic}'; is prism_planner there?")
        return told

    def watch(self, timeout_s: float) -> Iterator[Plan]:
        """The last plan, and each that comes, or whose steps get another status, for so long."""
        return self._listen(Plan, 'current_plan', timeout_s)

    # ------------------------------------------------------------------------------------ inside

    def _listen(self, kind: Any, topic: str, timeout_s: float) -> Iterator[Any]:
        node, heard = self._thread.node, queue.SimpleQueue[Any]()
        listener = self._thread.run(
            lambda: node.create_subscription(kind, topic, heard.put, latched())
        )
        ends_s = time.monotonic() + timeout_s
        try:
            while (left_s := ends_s - time.monotonic()) > 0:
                with contextlib.suppress(queue.Empty):
                    yield heard.get(timeout=left_s)
        finally:
            self._thread.run(lambda: node.destroy_subscription(listener))

    def _decide(self, feedback: ExecuteMission.Feedback, said: bool | tuple[bool, str]) -> None:
        is_approved, reason = said if isinstance(said, tuple) else (said, '')
        try:
            self.approve(feedback, is_approved, reason)
        except Refusal as refusal:
            if refusal.code != PlanErrorCode.INVALID_REQUEST:  # it came too late
                raise

    def _call(self, kind: Any, name: str, request: Any, timeout_s: float = _CALL_S) -> Any:
        return self._thread.call(kind, name, request, wait_s=self._wait_s, timeout_s=timeout_s)


_NOT_JUDGED = (
    PlanErrorCode.NODE_INACTIVE,
    PlanErrorCode.NO_SCENE_GRAPH,
    PlanErrorCode.STALE_SCENE_GRAPH,
)


def _checked(response: Any) -> Any:
    if not response.success:
        raise Refusal(response.error_code, response.error_msg)
    return response


def _how_late(plan: Plan) -> tuple[int, int, bool]:
    """By when a plan was made, and whether any of its steps was begun."""
    is_begun = any(step.status != PlanStep.PENDING for step in plan.steps)
    return plan.header.stamp.sec, plan.header.stamp.nanosec, is_begun
