# SPDX-License-Identifier: Apache-2.0
"""What a goal of plan_mission is told on the way: at once where planners change, and at a bounded
rate of what a model writes.

Feedback may be lost or come late; what counts stands in the result again.
"""

from __future__ import annotations

import time
from typing import Any

from prism_core.episode.planner_progress import Progress
from prism_msgs.action import PlanMission
from prism_ros.conversions import wire_text
from prism_ros.managed_node import ManagedNode
from prism_ros.plan_call import PlanCall


class PlanFeedback:
    """Tells one goal; a context in which the call is worked on.

    Args:
        node: whose steady clock beats.
        goal_handle: of the goal.
        rate_hz: so often is told of tokens and text at most.
    """

    def __init__(self, node: ManagedNode, goal_handle: Any, rate_hz: float):
        self._node, self._goal_handle = node, goal_handle
        self._pause_s = 1.0 / rate_hz
        self._started_s = time.monotonic()
        self._call: PlanCall | None = None
        self._told = Progress()
        self._timer: Any = None

    def __enter__(self) -> PlanFeedback:
        self._timer = self._node.every(self._pause_s, self._tell_progress)
        return self

    def __exit__(self, *_: object) -> None:
        self._node.destroy_timer(self._timer)

    def tell(self, call: PlanCall) -> None:
        """That another planner is asked, or that something is waited for."""
        self._call = call
        self._publish(call, call.progress)

    def _tell_progress(self) -> None:
        if self._call is not None and (told := self._call.progress) != self._told:
            self._publish(self._call, told)

    def _publish(self, call: PlanCall, progress: Progress) -> None:
        self._told = progress
        self._goal_handle.publish_feedback(
            PlanMission.Feedback(
                phase=call.phase,
                attempt=call.attempts,
                elapsed_s=time.monotonic() - self._started_s,
                last_rejection=wire_text(''.join(call.passed_over[-1:])),
                tokens=progress.tokens,
                tokens_per_second=progress.tokens_per_second,
                partial_text=wire_text(progress.text),
            )
        )
