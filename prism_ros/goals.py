# SPDX-License-Identifier: Apache-2.0
"""A goal that a server has accepted, followed to its end.

DDS may lose the reply of a server that has not yet found who asks. The status of a goal is kept for
late joiners, so it says that a result is there to be asked for again, and whether a cancel arrived.
"""

from __future__ import annotations

import time
from typing import Any

from action_msgs.msg import GoalStatus

from prism_ros.waiting import Waiter

_LOOK_S = 0.5
_OVER = GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_CANCELED, GoalStatus.STATUS_ABORTED


class Goal:
    """A goal under way.

    Args:
        handle: of the client, accepted.
    """

    def __init__(self, handle: Any):
        self._handle = handle
        self._result = handle.get_result_async()
        self._is_canceled = False

    def cancel(self) -> None:
        """Ask the server to end it, again while one waits and the server knows of no cancel."""
        self._is_canceled = True
        self._handle.cancel_goal_async()

    async def end(self, waiter: Waiter, timeout_s: float) -> Any:
        """What the server says at the end: `status` and `result`; None where the time was over or
        the wait interrupted.

        Args:
            waiter: waits.
            timeout_s: for so long at the most.
        """
        ends_s = time.monotonic() + timeout_s
        while not await waiter.wait(self._result, min(_LOOK_S, ends_s - time.monotonic())):
            if self._handle.status in _OVER:
                self._result = self._handle.get_result_async()
            elif self._is_canceled and self._handle.status != GoalStatus.STATUS_CANCELING:
                self._handle.cancel_goal_async()
            if waiter.is_interrupted or time.monotonic() >= ends_s:
                return None
        return self._result.result()
