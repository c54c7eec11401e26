# SPDX-License-Identifier: Apache-2.0
"""Waiting in a coroutine on a node's executor, which it does not hold meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.task import Future

from prism_ros.managed_node import ManagedNode

POLL_S = 0.1


class Waiter:
    """The waits of one coroutine, one at a time. `interrupt` ends the one under way and all later
    ones.
    """

    def __init__(self, node: ManagedNode):
        self.is_interrupted = False
        self._node = node
        self._woken: Future | None = None

    def interrupt(self) -> None:
        """Wait for nothing any more, until `resume`."""
        self.is_interrupted = True
        self.wake()

    def resume(self) -> None:
        """Wait again."""
        self.is_interrupted = False

    def wake(self) -> None:
        """End the wait under way."""
        self._complete(self._woken)

    async def wait(self, future: Any, timeout_s: float) -> bool:
        """Wait for a future of rclpy, for so long at the most; whether it is done."""
        if future.done() or self.is_interrupted or timeout_s <= 0:
            return future.done()
        woken = self._woken = Future(executor=self._node.executor)
        future.add_done_callback(lambda _: self._complete(woken))
        timer = self._node.once(timeout_s, lambda: self._complete(woken))
        await woken
        self._woken = None
        self._node.destroy_timer(timer)
        return future.done()

    async def pause(self, seconds: float) -> None:
        """Wait for the time, or for `wake`."""
        await self.wait(Future(executor=self._node.executor), seconds)

    async def until(self, is_so: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until something holds, which is looked at often; whether it does."""
        ends_s = time.monotonic() + timeout_s
        while not is_so() and not self.is_interrupted:
            left_s = ends_s - time.monotonic()
            if left_s <= 0:
                return False
            await self.pause(min(POLL_S, left_s))
        return is_so()

    def _complete(self, woken: Future | None) -> None:
        if woken is not None and not woken.done():
            woken.set_result(None)
            self._node.executor.wake()
