# SPDX-License-Identifier: Apache-2.0
"""Goals of ROS actions, from being sent to their end, whatever their server does.

DDS may lose the reply of a server that has not yet found who asks. The status of a goal is kept for
late joiners, so it says that a result is there to be asked for again, and whether a cancel arrived.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from action_msgs.msg import GoalStatus

from prism_ros.waiting import Waiter

ACCEPT_S = 5.0  # that a server may take to accept a goal
LOST_S = 3.0  # that a server may be gone, or be two, in the middle of its work
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


@dataclass(frozen=True)
class GoalEnd:
    """How a goal ended: by itself, with what its server says, or otherwise, as `problem` says.

    It was not taken in time, or rejected; its server is gone; it was late, or stopped from outside,
    and canceled: then `response` is what the server said to that, None where it did not end.
    """

    response: Any = None
    problem: Literal['', 'not_taken', 'rejected', 'gone', 'late', 'stopped'] = ''


async def pursue(
    client: Any,
    wanted: Any,
    waiter: Waiter,
    *,
    timeout_s: float,
    cancel_s: float,
    tell: Callable[[Any], None],
    is_there: Callable[[], bool] | None = None,
    goal_id: Any = None,
) -> GoalEnd:
    """Send a goal and follow it to its end; whatever was begun is canceled.

    Args:
        client: of the ROS action, whose server is there.
        wanted: the goal.
        waiter: whose interruption cancels it.
        timeout_s: after so long it is canceled, too.
        cancel_s: how long the server may take to end what is canceled.
        tell: is told each feedback.
        is_there: whether one server is; asks the client when left out.
        goal_id: UUID that it gets; None for any.
    """
    if waiter.is_interrupted:
        return GoalEnd(problem='stopped')
    ends_s = time.monotonic() + timeout_s
    accepting = client.send_goal_async(wanted, lambda message: tell(message.feedback), goal_id)
    if not await waiter.wait(accepting, min(ACCEPT_S, timeout_s)):
        accepting.add_done_callback(_cancel_late)  # whoever accepts it later must not begin
        return GoalEnd(problem='stopped' if waiter.is_interrupted else 'not_taken')
    handle = accepting.result()
    if not handle.accepted:
        return GoalEnd(problem='rejected')
    goal, is_there = Goal(handle), is_there or client.server_is_ready
    gone_s = 0.0
    while not waiter.is_interrupted and (left_s := ends_s - time.monotonic()) > 0:
        if (end := await goal.end(waiter, min(_LOOK_S, left_s))) is not None:
            return GoalEnd(end)
        gone_s = 0.0 if is_there() else gone_s + _LOOK_S
        if gone_s >= LOST_S:
            goal.cancel()
            return GoalEnd(problem='gone')
    is_stopped = waiter.is_interrupted
    waiter.resume()  # for the end of what is canceled
    goal.cancel()
    end = await goal.end(waiter, cancel_s)
    if is_stopped:
        waiter.interrupt()
    return GoalEnd(end, 'stopped' if is_stopped else 'late')


def _cancel_late(accepting: Any) -> None:
    handle = accepting.result()
    if handle is not None and handle.accepted:
        handle.cancel_goal_async()
