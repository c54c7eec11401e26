# SPDX-License-Identifier: Apache-2.0
"""How far things are for who drives there: metres along the known ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prism_core.graph.scene_graph import SceneGraph


def drive_m(graph: SceneGraph, name: str, distances_m: Mapping[str, float]) -> float | None:
    """How far a node is: an object, where it is next seen from; None where no known way leads.

    Args:
        graph: what is known.
        name: the node.
        distances_m: from where, as `SceneGraph.distances_m` has them.
    """
    places = (name,) if name in graph.regions else graph.viewpoints[name]
    return min((distances_m[place] for place in places if place in distances_m), default=None)


def by_nearness(graph: SceneGraph, names: Iterable[str], origin: str) -> list[tuple[float, str]]:
    """Those of some nodes to which known ways lead from a region, with how far, nearest first."""
    distances_m = graph.distances_m(origin)
    far_m = [(drive_m(graph, name, distances_m), name) for name in names]
    return sorted(((m, name) for m, name in far_m if m is not None), key=lambda entry: entry[0])


def has_lengths(graph: SceneGraph) -> bool:
    """Whether it is known how long each way is: that is told, or where both of its ends lie."""
    nodes = graph.nodes
    return all(
        way.cost_m is not None
        or None not in (nodes[way.source].position, nodes[way.target].position)
        for way in graph.connections.values()
        if way.kind == 'traversable'
    )
