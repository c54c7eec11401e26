# SPDX-License-Identifier: Apache-2.0
"""Which known objects are seen from where, and which of them lies closest."""

from __future__ import annotations

from collections.abc import Iterable

from prism_core.graph.calling import is_called
from prism_core.graph.scene_graph import SceneGraph


def objects_of(graph: SceneGraph, classes: Iterable[str], region: str = '') -> list[str]:
    """The known objects of some classes, seen from a region or anywhere, in the graph's order."""
    wanted = frozenset(classes)
    return [
        name
        for name, node in graph.objects.items()
        if is_called(node, wanted) and (not region or region in graph.viewpoints[name])
    ]


def objects_in(graph: SceneGraph, region: str) -> list[str]:
    """The known objects that are seen from a region, in the graph's order."""
    return [name for name, regions in graph.viewpoints.items() if region in regions]


def nearest_object(graph: SceneGraph, region: str, name: str) -> str:
    """Of the other objects seen from a region the one closest to an object, as far as it is known
    where they lie; '' without any.

    Raises:
        KeyError: that is known of none of them, or not of the object.
    """
    others = [graph.nodes[other] for other in objects_in(graph, region) if other != name]
    distances_m = {other.name: graph.nodes[name].distance_m(other) for other in others}
    known = {other: far_m for other, far_m in distances_m.items() if far_m is not None}
    if others and not known:
        raise KeyError(f'the position of {name}')
    return min(known, key=known.__getitem__, default='')
