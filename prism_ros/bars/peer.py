# SPDX-License-Identifier: Apache-2.0
"""The planner node with a timer beside its own work, which says how late it was."""

from __future__ import annotations

import bisect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from std_srvs.srv import Trigger

from prism_ros.managed_node import run_node
from prism_ros.planner_node import PlannerNode

PERIOD_S = 0.02
_SCHEDULED = Path('/proc/thread-self/schedstat')  # ns on a processor, and waiting for one


class BarsPeer(PlannerNode):
    """Offers `bars_lateness`: how late the timer was at each time since it was asked before."""

    def __init__(self) -> None:
        super().__init__()
        self._rings: list[Ring] = []
        self._timer = self.every(PERIOD_S, self._ring)
        self._first_due_ns = 0  # until it was asked
        self.create_service(Trigger, 'bars_lateness', self._tell, callback_group=self.group)

    def _ring(self) -> None:
        at_ns = self._steady_clock.now().nanoseconds
        self._rings.append(Ring(at_ns, int(_SCHEDULED.read_text().split()[1])))

    def _tell(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        late: list[tuple[float, float]] = []
        if self._first_due_ns:
            late = find_lateness(self._rings, self._first_due_ns, round(PERIOD_S * 1e9))
        now_ns = self._steady_clock.now().nanoseconds
        self._rings, self._first_due_ns = self._rings[-1:], now_ns
        self._first_due_ns += self._timer.time_until_next_call()
        response.success, response.message = True, json.dumps(late)
        return response


class Ring(NamedTuple):
    """When a timer rang, and how long its thread had waited for a processor in all until then."""

    at_ns: int
    waited_ns: int


def find_lateness(
    rings: Sequence[Ring], first_due_ns: int, period_ns: int
) -> list[tuple[float, float]]:
    """How late, in milliseconds, a timer rang for each time that it was due; and how late it would
    have been if its thread had not waited for a processor, which others had.

    A timer that is kept from ringing for long rings once and leaves out what it missed; each time
    that it was due in between counts as served then, so that the wait weighs by its length.

    Args:
        rings: in order; those before it was due first are for what its thread had waited then.
        first_due_ns: when it was due first.
        period_ns: between two times that it is due.
    """
    late = []
    times_ns = [ring.at_ns for ring in rings]
    last_ns = times_ns[-1] if rings else first_due_ns - 1
    for due_ns in range(first_due_ns, last_ns + 1, period_ns):
        index = bisect.bisect_left(times_ns, due_ns)
        served, before = rings[index], rings[max(index - 1, 0)]
        late_ns = served.at_ns - due_ns
        own_ns = max(0, late_ns - (served.waited_ns - before.waited_ns))
        late.append((round(late_ns / 1e6, 2), round(own_ns / 1e6, 2)))
    return late


if __name__ == '__main__':
    run_node(BarsPeer)
