# SPDX-License-Identifier: Apache-2.0
"""Planners that keep a call in one phase, named by import path in parameter planner.order."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from prism_core import (
    DEFAULT_DOMAIN,
    Action,
    Plan,
    PlannerError,
    Role,
    SceneGraph,
    Turn,
    find_domain,
)

LINGER_S = 0.5
_STEPS = 120


class Hangs:
    """Makes no plan until it is told to end."""

    name = 'hangs'

    def __init__(self) -> None:
        self._told = threading.Semaphore(0)

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """Wait.

        Raises:
            PlannerError: it was told to end.
        """
        self._told.acquire()
        raise PlannerError('told to end')

    def cancel(self) -> None:
        """End the running call."""
        self._told.release()

    def close(self) -> None:
        """Nothing to free."""


class Lingers(Hangs):
    """Takes its time to end."""

    name = 'lingers'

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """Wait, and a while longer.

        Raises:
            PlannerError: it was told to end.
        """
        self._told.acquire()
        time.sleep(LINGER_S)
        raise PlannerError('told to end')


class Drives:
    """Plans one drive, to the region that the graph lists last."""

    name = 'drives'
    steps = 1

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """Drives, to regions far from each other."""
        table = find_domain(DEFAULT_DOMAIN).table
        drive, report = table.of_role(Role.DRIVE), table.of_role(Role.REPORT)
        if drive is None or report is None:
            raise PlannerError(f'the domain {DEFAULT_DOMAIN} has no drive')
        regions = list(known_graph.regions)
        ends = (regions[-1] if step % 2 == 0 else regions[0] for step in range(self.steps))
        return Plan((*(Action(drive.name, (end,)) for end in ends), Action(report.name, ('done',))))

    def close(self) -> None:
        """Nothing to free."""


class Checks(Drives):
    """Plans at once what takes long to check."""

    name = 'checks'
    steps = _STEPS
