# SPDX-License-Identifier: Apache-2.0
"""The graphs that the last plans were made on, for the history of the requests behind them."""

from __future__ import annotations

from collections import deque

from prism_core import SceneGraph
from prism_msgs.msg import Plan as PlanMessage

KEPT_GRAPHS = 64
"""Graphs that follow on each other share most of their parts."""


class KeptGraphs:
    """Finds what was known when a plan was made, by the plan's id or by epoch and revision."""

    def __init__(self) -> None:
        self._kept: deque[tuple[bytes, tuple[int, int], SceneGraph]] = deque(maxlen=KEPT_GRAPHS)

    def keep(self, plan: PlanMessage, graph: SceneGraph) -> None:
        """Note which graph a plan was made on."""
        state = (plan.graph_epoch, graph.revision)
        self._kept.appendleft((bytes(plan.plan_id.uuid), state, graph))

    def find(self, plan: PlanMessage) -> SceneGraph | None:
        """The graph that a plan of a history was made on, if it is still kept. Where plan and graph
        have no number, it is one that may be it.
        """
        state = plan.graph_epoch, plan.graph_revision
        by_state = (graph for _, kept, graph in self._kept if kept == state)
        return self.find_made(plan) or next(by_state, None)

    def find_made(self, plan: PlanMessage) -> SceneGraph | None:
        """The graph of a plan that was made here, and no other one."""
        made = bytes(plan.plan_id.uuid)
        return next((graph for kept, _, graph in self._kept if any(made) and kept == made), None)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
