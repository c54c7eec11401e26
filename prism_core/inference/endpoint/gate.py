# SPDX-License-Identifier: Apache-2.0
"""Where calls wait while an endpoint is down: one of them tries, the others wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable

from prism_core.errors import TeacherUnavailable

# So many different failures without an answer between them, and the endpoint counts as down; fewer
# where no more are asked at once, and two at least: one may be the call's own.
_MANY_FAILURES, _FEW_FAILURES = 5, 2
_MAX_PAUSE_S = 30.0


class Gate:
    """Open while an endpoint answers. Lives on one event loop.

    Args:
        url: the endpoint, for sentences.
        first_pause_s: between a failure and the first probe of an endpoint that is down; doubled
            for each one after.
        patience_s: so long it may be down.
        max_in_flight: so many calls at once.
        tell: told `down` and `up`, each with a sentence.
    """

    def __init__(
        self,
        url: str,
        first_pause_s: float,
        patience_s: float,
        max_in_flight: int,
        tell: Callable[[str, str], None],
    ):
        self._url = url
        self._first_pause_s = first_pause_s
        self._patience_s = patience_s
        self._tell = tell
        self._many_failures = min(_MANY_FAILURES, max(_FEW_FAILURES, max_in_flight))
        self._admitted: Counter[object] = Counter()
        self._failures: set[object] = set()
        self._down_since_s: float | None = None
        self._down_because = ''
        self._pause_s = self._failed_s = 0.0
        self._verdict: asyncio.Future[str] | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls go through."""
        return self._down_since_s is None

    @property
    def trouble(self) -> str:
        """Why calls wait, as one sentence; '' while they go through."""
        return '' if self.is_open else f'{self._url} is down: {self._down_because}'

    @contextlib.asynccontextmanager
    async def admit(self, call: object) -> AsyncIterator[None]:
        """Wait until the endpoint works, or until it is this call's turn to find out. Calls that
        ask the same are equal.

        Raises:
            TeacherUnavailable: it has been down for too long.
        """
        async with self._wait_for_turn():
            self._admitted[call] += 1
            try:
                yield
            finally:
                self._admitted -= Counter((call,))

    @contextlib.asynccontextmanager
    async def _wait_for_turn(self) -> AsyncIterator[None]:
        while not self.is_open and self._verdict is not None:
            sentence = await asyncio.shield(self._verdict)
            if sentence:
                raise TeacherUnavailable(sentence)
        if self._down_since_s is None:
            yield
            return
        verdict = self._verdict = asyncio.get_running_loop().create_future()
        now_s = time.monotonic()
        left_s = self._down_since_s + self._patience_s - now_s
        # Who comes long after the last failure need not wait: its own time may be shorter.
        pause_s = self._failed_s + self._pause_s - now_s
        try:
            await asyncio.sleep(max(0.0, min(pause_s, left_s)))
            self._pause_s = min(2 * self._pause_s, _MAX_PAUSE_S)
            yield
        finally:
            self._end_probe(verdict, '')

    def note_answer(self) -> None:
        """The endpoint answered, whatever it said."""
        self._failures.clear()
        if self._down_since_s is not None:
            self._tell('up', f'{self._url} answers again')
            self._down_since_s = None

    def note_failure(self, sentence: str, *, call: object, is_down: bool) -> None:
        """The endpoint did not answer as it should.

        Args:
            sentence: what happened.
            call: what failed; counts once.
            is_down: it cannot be reached at all.

        Raises:
            TeacherUnavailable: it has been down for too long.
        """
        now_s = time.monotonic()
        self._failed_s = now_s
        self._failures.add(call)
        if self._down_since_s is None:
            at_once = len(+self._admitted)  # twins ask the same
            is_few = _FEW_FAILURES <= at_once < self._many_failures
            if is_down or len(self._failures) >= (at_once if is_few else self._many_failures):
                self._down_because = sentence
                self._down_since_s, self._pause_s = now_s, self._first_pause_s
                self._tell('down', f'{self._url} is down, waiting for it: {sentence}')
            return
        if now_s < self._down_since_s + self._patience_s:
            return
        self._failures.clear()
        self._down_since_s = None
        given_up = (
            f'{self._url} has been down for {self._patience_s:g} s ({sentence}); start it or '
            'correct base_url, then resume'
        )
        self._end_probe(self._verdict, given_up)
        raise TeacherUnavailable(given_up)

    def _end_probe(self, verdict: asyncio.Future[str] | None, sentence: str) -> None:
        """Let all that wait for a probe go on, or fail with a sentence."""
        if verdict is not None and not verdict.done():
            verdict.set_result(sentence)
        if self._verdict is verdict:
            self._verdict = None
