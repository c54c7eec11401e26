# SPDX-License-Identifier: Apache-2.0
"""The planner node with a timer beside its own work, which says how late it was."""

from __future__ import annotations

import bisect
import json
from collections.abc import Sequence

from std_srvs.srv import Trigger

from prism_ros.managed_node import run_node
from prism_ros.planner_node import PlannerNode

PERIOD_S = 0.02


class BarsPeer(PlannerNode):
    """Offers `bars_lateness`: how late the timer was at each time since it was asked before."""

    def __init__(self) -> None:
        super().__init__()
        self._rung_ns: list[int] = []
        self._timer = self.every(PERIOD_S, self._ring)
        self._first_due_ns = 0
        self.create_service(Trigger, 'bars_lateness', self._tell, callback_group=self.group)

    def _ring(self) -> None:
        self._rung_ns.append(self._steady_clock.now().nanoseconds)

    def _tell(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        late_ms = find_lateness(self._rung_ns, self._first_due_ns, round(PERIOD_S * 1e9))
        now_ns = self._steady_clock.now().nanoseconds
        self._rung_ns, self._first_due_ns = [], now_ns + self._timer.time_until_next_call()
        response.success, response.message = True, json.dumps([round(one, 2) for one in late_ms])
        return response


def find_lateness(rung_ns: Sequence[int], first_due_ns: int, period_ns: int) -> list[float]:
    """How late, in milliseconds, a timer rang for each time that it was due.

    A timer that is kept from ringing for long rings once and leaves out what it missed; each time
    that it was due in between counts as served then, so that the wait weighs by its length.

    Args:
        rung_ns: when it rang, in order.
        first_due_ns: when it was due first.
        period_ns: between two times that it is due.
    """
    late = []
    last_ns = rung_ns[-1] if rung_ns else first_due_ns - 1
    for due_ns in range(first_due_ns, last_ns + 1, period_ns):
        served_ns = rung_ns[bisect.bisect_left(rung_ns, due_ns)]
        late.append((served_ns - due_ns) / 1e6)
    return late


if __name__ == '__main__':
    run_node(BarsPeer)
