# SPDX-License-Identifier: Apache-2.0
"""A circuit breaker: who failed several times in a row is left alone for a while.

A deadline bounds what one call to a planner behind a network costs; this bounds what all of them
cost while the network is down. Libraries for it (pybreaker, purgatory) wait the same time after
every trial; here it grows, and nothing of a planner's call has to be wrapped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from prism_core.errors import (
    ConfigError,
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    TeacherUnavailable,
)

BreakerState = Literal['closed', 'open', 'half-open']


@dataclass(frozen=True)
class BreakerConfig:
    """When a planner is left alone, and for how long.

    Attributes:
        failures: so many in a row open the breaker; 0 for never.
        pause_s: how long it is open then; doubled after each trial that fails.
        max_pause_s: the longest that it is open.

    Raises:
        ConfigError: a number is out of its range.
    """

    failures: int = 3
    pause_s: float = 5.0
    max_pause_s: float = 120.0

    def __post_init__(self):
        if self.failures < 0:
            raise ConfigError(f'breaker: expected 0 failures or more, got {self.failures}')
        if not 0 < self.pause_s <= self.max_pause_s:
            raise ConfigError(
                'breaker: expected a pause above 0 s that is no longer than the longest one, got '
                f'{self.pause_s:g} s and {self.max_pause_s:g} s'
            )


class Breaker:
    """Lets calls through while they succeed. Safe for several threads.

    Closed, it lets every call through; open, none; half-open, when the pause is over, one, which
    closes it or opens it for longer. Whoever was let through says how that went, by one of the
    `note_` methods.

    Args:
        config: when it opens, and for how long.
        clock: seconds that never go back.
    """

    def __init__(
        self, config: BreakerConfig | None = None, clock: Callable[[], float] = time.monotonic
    ):
        self._config = config or BreakerConfig()
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._error: PlannerError | None = None  # the last one
        self._pause_s = 0.0  # 0 while it is closed
        self._opens_s = 0.0  # when the pause ends
        self._is_tried = False

    @property
    def state(self) -> BreakerState:
        """Whether calls go through now."""
        if not self._pause_s:
            return 'closed'
        return 'open' if self.retry_in_s > 0 else 'half-open'

    @property
    def retry_in_s(self) -> float:
        """Seconds until a call is let through; 0 where one is."""
        return min(max(0.0, self._opens_s - self._clock()), self._pause_s)

    @property
    def error(self) -> PlannerUnavailable | None:
        """Why calls do not go through, in a sentence that stays the same meanwhile; None while
        they do.
        """
        with self._lock:
            return self._make_error() if self._pause_s else None

    def admit(self) -> None:
        """Let a call through.

        Raises:
            PlannerUnavailable: none is let through now; of the kind of the last failure, and when
                the next one will be.
        """
        with self._lock:
            if not self._pause_s:
                return
            if self.retry_in_s > 0:
                raise self._make_error(f'; asked again in {self.retry_in_s:.1f} s')
            if self._is_tried:
                raise self._make_error('; it is being tried')
            self._is_tried = True

    def note_success(self) -> None:
        """The planner answered, whatever it said."""
        with self._lock:
            self._failures, self._pause_s, self._is_tried = 0, 0.0, False

    def note_failure(self, error: PlannerError) -> None:
        """The planner could not be asked, or did not answer."""
        with self._lock:
            was_tried, self._is_tried = self._is_tried, False
            self._failures, self._error = self._failures + 1, error
            if self._pause_s and not was_tried:  # it was let through before the others failed
                return
            if not 0 < self._config.failures <= self._failures:
                return
            longer_s = 2 * self._pause_s or self._config.pause_s
            self._pause_s = min(longer_s, self._config.max_pause_s)
            self._opens_s = self._clock() + self._pause_s

    def note_nothing(self) -> None:
        """The call was given up, and nothing is known about the planner."""
        with self._lock:
            self._is_tried = False

    def _make_error(self, more: str = '') -> PlannerUnavailable:
        last = self._error
        kind = type(last) if isinstance(last, PlannerUnavailable) else TeacherUnavailable
        return kind(
            f'it is left alone for {self._pause_s:g} s after {self._failures} failures in a row; '
            f'the last: {last}{more}'
        )


def is_outage(error: PlannerError) -> bool:
    """Whether an error says that a planner cannot be reached, and not what it answered."""
    return isinstance(error, (PlannerTimeout, PlannerUnavailable))
