# SPDX-License-Identifier: Apache-2.0
"""The planner as prism_executor asks it: over its ROS action, so that a cancel reaches the model.

A planner that is busy, inactive, restarting or gone is asked again until the time for a plan is
over.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from rclpy.action import ActionClient

from prism_msgs.action import PlanMission
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import PlanErrorCode, PlanningStatus, Turn
from prism_ros.errors import Refusal
from prism_ros.goals import Goal
from prism_ros.graph_mirror import GraphMirror
from prism_ros.managed_node import ManagedNode, latched
from prism_ros.waiting import Waiter

ACTION = 'plan_mission'
AGAIN_S = 0.2
ACCEPT_S = 5.0
SILENT_S = 10.0  # without a beat of the planner, which comes once a second, it is gone
IDLE_S = (
    2.0  # with beats that tell of no plan in the making, it has begun anew and knows of no goal
)
GRACE_S = 2.0  # behind the time that the planner was given
_NOT_NOW = PlanErrorCode.BUSY, PlanErrorCode.NODE_INACTIVE
_LOOK_S = 0.5


class PlannerCalls:
    """Asks the planner of the node's namespace, one plan at a time."""

    def __init__(self, node: ManagedNode):
        self._node = node
        self._client = ActionClient(node, PlanMission, ACTION, callback_group=node.group)
        self._heard_s = self._planning_s = 0.0  # any beat, and the last one of a plan in the making
        self._beat: PlanningStatus | None = None
        node.listen(PlanningStatus, 'planner_status', self._hear, latched())

    @property
    def domain(self) -> str:
        """The domain that the planner plans in, as it says itself; '' where it was not heard."""
        return self._beat.domain if self._beat is not None else ''

    def destroy(self) -> None:
        """Free the client."""
        self._client.destroy()

    def _hear(self, beat: PlanningStatus) -> None:
        self._beat, self._heard_s = beat, time.monotonic()
        if beat.state == PlanningStatus.PLANNING:
            self._planning_s = self._heard_s

    async def ask(
        self,
        task: str,
        history: Sequence[Turn],
        *,
        planner: str,
        mirror: GraphMirror,
        timeout_s: float,
        waiter: Waiter,
    ) -> PlanMessage | None:
        """A plan; None where the wait was interrupted.

        Args:
            task: of the request, as are the next three.
            history: the turns of the mission.
            planner: '' for those of the planner's own choice.
            mirror: what of the scene graph the plan must know at least.
            timeout_s: the time for it, with all waiting.
            waiter: whose interruption cancels it.

        Raises:
            Refusal: there is none in time, or the planner refuses.
        """
        ends_s = time.monotonic() + timeout_s
        name = self._node.resolve_service_name(ACTION)
        why = Refusal(
            PlanErrorCode.NODE_INACTIVE, f"nobody serves '{name}'; is prism_planner running?"
        )
        while not waiter.is_interrupted:
            left_s = ends_s - time.monotonic()
            if left_s <= 0 or not await waiter.until(self._client.server_is_ready, left_s):
                break
            goal = PlanMission.Goal(
                task=task,
                planner=planner,
                timeout_s=max(ends_s - time.monotonic(), 0.1),
                min_graph_revision=mirror.revision,
                history=list(history),
            )
            try:
                plan = await self._ask_once(goal, waiter, mirror)
                if plan is not None or waiter.is_interrupted:
                    return plan
                why = Refusal(PlanErrorCode.TIMEOUT, f"'{name}' did not answer")
            except Refusal as refusal:
                if refusal.code not in _NOT_NOW:
                    raise
                why = refusal
            await waiter.pause(AGAIN_S)
        if waiter.is_interrupted:
            return None
        raise Refusal(why.code, f'{why}; waited {timeout_s:g} s for a plan')

    async def _ask_once(
        self, wanted: PlanMission.Goal, waiter: Waiter, mirror: GraphMirror
    ) -> PlanMessage | None:
        """A plan; None where none came and nobody said why, or the owner of the graph began anew,
        so that the revision which the plan was to know may never come.

        Raises:
            Refusal: the planner refuses.
        """
        ends_s, epoch = time.monotonic() + wanted.timeout_s + GRACE_S, mirror.epoch
        accepting = self._client.send_goal_async(wanted)
        if not await waiter.wait(accepting, min(ACCEPT_S, wanted.timeout_s)):
            accepting.add_done_callback(lambda late: late.result().cancel_goal_async())
            return None
        goal = Goal(accepting.result())
        asked_s = time.monotonic()
        while not waiter.is_interrupted and (now_s := time.monotonic()) < ends_s:
            if (end := await goal.end(waiter, min(_LOOK_S, ends_s - now_s))) is not None:
                result = end.result
                if result.error_code != PlanErrorCode.NONE:
                    raise Refusal(result.error_code, result.error_msg)
                return result.plan
            if mirror.epoch != epoch or (self._beat and self._is_lost(asked_s)):
                break
        goal.cancel()
        return None

    def _is_lost(self, asked_s: float) -> bool:
        """Whether the planner cannot be at a goal that it accepted then."""
        is_gone = time.monotonic() - max(asked_s, self._heard_s) > SILENT_S
        return is_gone or self._heard_s - max(asked_s, self._planning_s) > IDLE_S
