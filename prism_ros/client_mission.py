# SPDX-License-Identifier: Apache-2.0
"""A mission as its client sees it: what it is at, how it ends, and a way to cancel it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from prism_msgs.action import ExecuteMission
from prism_msgs.msg import PlanErrorCode
from prism_ros.client_thread import ClientThread, NoReply, NotThere
from prism_ros.errors import CODE_NAMES, Refusal

Feedback = ExecuteMission.Feedback
PHASE_NAMES = {
    value: name
    for name in dir(Feedback)
    if name.isupper() and isinstance(value := getattr(Feedback, name), int)
}
"""The name of each phase of a mission, such as 1 → EXECUTING."""

_KEPT_FEEDBACK = 256
_LOOK_S = 1.0
_QUIET_S = 3.0  # an executor tells at least each second where it is
_LOST_S = 30.0
_CANCEL_S = 10.0


@dataclass(frozen=True)
class MissionResult:
    """How a mission ended.

    Attributes:
        code: the name of its error code: NONE where there is an answer, NEEDS_CLARIFICATION where
            it ended in a question, else why it did not come to an end (docs/missions.md).
        answer: what was reported or asked.
        error: one sentence, '' where there is an answer.
        mission_id: by which another mission goes on with this one.
        message: all of it, with the last plan and the steps that were tried.
    """

    code: str
    answer: str
    error: str
    mission_id: str
    message: ExecuteMission.Result = field(repr=False)

    @property
    def is_answered(self) -> bool:
        """Whether it did what was asked."""
        return self.code == 'NONE'

    @property
    def question(self) -> str:
        """What it wants to know; '' where it ended otherwise."""
        return self.answer if self.code == 'NEEDS_CLARIFICATION' else ''


class RunningMission:
    """A mission under way, made by `PrismClient.start`; safe to use from several threads.

    Attributes:
        last_feedback: what it was at when it was heard last; None before that.
    """

    def __init__(self, thread: ClientThread, name: str):
        self.last_feedback: ExecuteMission.Feedback | None = None
        self._thread = thread
        self._name = name
        self._changed = threading.Condition()
        self._news: deque[ExecuteMission.Feedback] = deque(maxlen=_KEPT_FEEDBACK)
        self._ended: ExecuteMission.Result | None = None
        self._heard_s = time.monotonic()
        self._client: Any = None
        self._handle: Any = None

    def send(self, client: Any, goal: ExecuteMission.Goal, timeout_s: float) -> None:
        """Send the goal, once.

        Raises:
            NoReply: nobody took it in time.
            Refusal: it was not accepted.
        """
        self._client = client
        self._handle = self._thread.ask(
            lambda: client.send_goal_async(goal, lambda message: self._hear(message.feedback)),
            timeout_s,
            f"'{self._full_name}'",
        )
        if not self._handle.accepted:
            raise Refusal(PlanErrorCode.UNKNOWN, 'the mission was not accepted, without a reason')
        self._thread.run(self._await_result)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._ended is not None

    def feedback(self) -> Iterator[ExecuteMission.Feedback]:
        """What it is at, each time that it is heard, until it ends.

        Raises:
            NotThere: the executor has gone away.
            NoReply: it is there, and has said nothing for long, as one that was started again.
        """
        while (told := self._next()) is not None:
            yield told

    def result(self, timeout_s: float | None = None) -> MissionResult:
        """How it ended, once it has.

        Args:
            timeout_s: how long it is waited for at the most; the mission goes on after that. None
                for as long as the executor is heard.

        Raises:
            NotThere, NoReply: as `feedback`, or the time is over.
            Refusal: the mission did not begin, such as BUSY; `name` says why.
        """
        ends_s = None if timeout_s is None else time.monotonic() + timeout_s
        while self._ended is None:
            left_s = _LOOK_S if ends_s is None else ends_s - time.monotonic()
            if left_s <= 0:
                raise NoReply(f'the mission has not ended in {timeout_s:g} s; it goes on')
            self._wait(lambda: self._ended is not None, min(left_s, _LOOK_S))
        ended = self._ended
        if not ended.mission_id and ended.error_code == PlanErrorCode.NONE:
            raise NoReply(f"'{self._full_name}' knows nothing of the mission any more")
        if not ended.mission_id:
            raise Refusal(ended.error_code, ended.error_msg)
        code = CODE_NAMES.get(ended.error_code, str(ended.error_code))
        return MissionResult(code, ended.answer, ended.error_msg, ended.mission_id, ended)

    def cancel(self) -> None:
        """Have it canceled: what a skill is doing stops. `result` says how it ended.

        Raises:
            NoReply: the executor does not answer.
        """
        what = f"the cancel of '{self._full_name}'"
        self._thread.ask(self._handle.cancel_goal_async, _CANCEL_S, what)

    @property
    def _full_name(self) -> str:
        return self._thread.name_of(self._name)

    def _next(self) -> ExecuteMission.Feedback | None:
        while True:
            with self._changed:
                if self._news:
                    return self._news.popleft()
                if self._ended is not None:
                    return None
            self._wait(lambda: bool(self._news) or self._ended is not None, _LOOK_S)

    def _wait(self, is_so: Callable[[], bool], timeout_s: float) -> None:
        """Until something holds, but not for long; then see that the executor is there still."""
        with self._changed:
            if self._changed.wait_for(is_so, timeout_s):
                return
            quiet_s = time.monotonic() - self._heard_s
        if quiet_s < _QUIET_S:
            return
        if not self._thread.run(self._client.server_is_ready):
            raise NotThere(
                f"who serves '{self._full_name}' has gone away while the mission was under way"
            )
        if quiet_s > _LOST_S:
            raise NoReply(
                f"'{self._full_name}' has said nothing of the mission for {quiet_s:.0f} s; was its "
                'node started again?'
            )

    def _await_result(self) -> None:
        future = self._handle.get_result_async()
        future.add_done_callback(lambda ended: self._finish(ended.result().result))

    def _hear(self, feedback: ExecuteMission.Feedback) -> None:
        with self._changed:
            self.last_feedback, self._heard_s = feedback, time.monotonic()
            self._news.append(feedback)
            self._changed.notify_all()

    def _finish(self, result: ExecuteMission.Result) -> None:
        with self._changed:
            self._ended = result
            self._changed.notify_all()
