# SPDX-License-Identifier: Apache-2.0
"""The way that a plan takes through the regions of a known graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import ActionTable
from prism_core.plan.plan import Plan


def trace_plan(plan: Plan, known_graph: SceneGraph, table: ActionTable) -> list[str]:
    """The regions that the robot passes, from where it is; each step goes the shortest way.

    An object is gone to where it is seen from nearest. Steps that name no known, reachable node
    leave the robot where it is. Empty when its location is unknown.
    """
    return trace_nodes(_targets(plan, table), known_graph)


def trace_nodes(names: Iterable[str], known_graph: SceneGraph) -> list[str]:
    """The regions that the robot passes to go to some nodes, in order, as `trace_plan` has it."""
    if known_graph.robot_location is None:
        return []
    way = [known_graph.robot_location]
    for name in names:
        distances = known_graph.distances_m(way[-1])
        goals = known_graph.viewpoints.get(name, (name,))
        reachable = [goal for goal in goals if goal in distances]
        if reachable:
            nearest = min(reachable, key=distances.__getitem__)
            way += known_graph.route(way[-1], nearest)[1:]
    return way


def _targets(plan: Plan, table: ActionTable) -> Iterator[str]:
    """The nodes that the steps go to, in order."""
    for action in plan.actions:
        spec = table.get(action.name)
        for argument, value in zip(spec.arguments if spec else (), action.arguments):
            if argument.kind.is_node:
                yield str(value)
