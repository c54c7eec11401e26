# SPDX-License-Identifier: Apache-2.0
"""A goal is followed to its end, though a message of the server be lost."""

from __future__ import annotations

import asyncio

import pytest
from action_msgs.msg import GoalStatus
from rclpy.task import Future

from prism_ros import goals
from prism_ros.goals import Goal


class Handle:
    """Of a goal whose first result, or first cancel, is lost on the way."""

    def __init__(self, status: int):
        self.status = status
        self.asked = self.canceled = 0

    def get_result_async(self) -> Future:
        self.asked += 1
        future = Future()
        if self.asked > 1:
            future.set_result('the result')
        return future

    def cancel_goal_async(self) -> None:
        self.canceled += 1
        if self.canceled > 1:
            self.status = GoalStatus.STATUS_CANCELED


class Clock:
    """Waits in no time."""

    is_interrupted = False
    now_s = 0.0

    async def wait(self, future: Future, timeout_s: float) -> bool:
        if not future.done():
            self.now_s += timeout_s
        return future.done()

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(goals, 'time', clock)
    return clock


@pytest.mark.parametrize('status', goals._OVER)
def test_a_result_that_is_lost_is_asked_for_again(clock, status):
    handle = Handle(status)
    assert asyncio.run(Goal(handle).end(clock, 5.0)) == 'the result'
    assert (handle.asked, clock.now_s) == (2, 0.5)


def test_a_result_is_asked_for_once_while_the_server_works(clock):
    handle = Handle(GoalStatus.STATUS_EXECUTING)
    assert asyncio.run(Goal(handle).end(clock, 5.0)) is None
    assert (handle.asked, handle.canceled, clock.now_s) == (1, 0, 5.0)


def test_a_cancel_that_is_lost_is_sent_again(clock):
    handle = Handle(GoalStatus.STATUS_EXECUTING)
    goal = Goal(handle)
    goal.cancel()
    assert asyncio.run(goal.end(clock, 5.0)) == 'the result'
    assert (handle.canceled, clock.now_s) == (2, 1.0)


def test_short_looks_find_a_lost_result_too(clock):
    goal = Goal(Handle(GoalStatus.STATUS_SUCCEEDED))
    assert asyncio.run(goal.end(clock, 0.2)) is None
    assert asyncio.run(goal.end(clock, 0.2)) == 'the result'


def test_an_interrupted_wait_ends_at_once(clock):
    clock.is_interrupted = True
    assert asyncio.run(Goal(Handle(GoalStatus.STATUS_EXECUTING)).end(clock, 5.0)) is None
    assert clock.now_s <= 0.5
