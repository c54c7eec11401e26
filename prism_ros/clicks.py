# SPDX-License-Identifier: Apache-2.0
"""A map by clicks: what a point that was clicked in RViz makes of a scene graph.

Regions are joined in the order in which they are clicked, as one would walk; an object is seen from
the region that was clicked last. A click on a region that is there adds none: the next one goes on
from it. Knows no walls.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from prism_core import Connection, GraphUpdate, Node, SceneGraph

SAME_M = 0.5
"""A click so near to a region means that region."""
SOURCE = 'clicked_point'


@dataclass(frozen=True)
class Click:
    """What a click leads to.

    `update` is None where it changes nothing; `last` is the region that the next one is joined
    with; `said` tells of it in a few words.
    """

    update: GraphUpdate | None
    last: str | None
    said: str


def take_click(
    graph: SceneGraph,
    point: tuple[float, float, float],
    *,
    name: str,
    kind: str,
    last: str | None,
) -> Click:
    """What a click makes of a graph.

    Args:
        graph: as it is.
        point: x, y and z in metres, in frame map.
        name: of what is clicked; a number is added where it is taken.
        kind: region or object.
        last: the region that was clicked last; None for the nearest one.

    Raises:
        SceneGraphError: no node can be called so, be there, or be of that kind.
    """
    x_m, y_m, z_m = point
    made = Node(
        _free_name(graph, name),
        kind,  # type: ignore[arg-type]
        (x_m, y_m),
        '',
        {'z_m': round(z_m, 3)} if z_m else {},
    )
    near = _nearest(graph, made)
    if last not in graph.regions:
        last = near
    if kind == 'region' and near is not None and _away_m(graph, near, made) <= SAME_M:
        return _go_on(graph, last, near)
    update = GraphUpdate(upsert_nodes=(made,), source=SOURCE)
    where = f"{kind} '{made.name}' at ({x_m:.2f}, {y_m:.2f})"
    follows = made.name if kind == 'region' else last
    if last is None:
        return Click(update, follows, f'{where}, joined with nothing')
    connection = Connection('traversable' if kind == 'region' else 'observed_from', made.name, last)
    joined = 'joined with' if kind == 'region' else 'seen from'
    update = GraphUpdate(upsert_nodes=(made,), upsert_connections=(connection,), source=SOURCE)
    return Click(update, follows, f"{where}, {joined} '{last}'")


def _go_on(graph: SceneGraph, last: str | None, here: str) -> Click:
    """A click on a region that is there: a way to it where there is none yet."""
    if last is None or last == here or here in graph.region_network[last]:
        return Click(None, here, f"goes on from region '{here}'")
    way = Connection('traversable', last, here)
    update = GraphUpdate(upsert_connections=(way,), source=SOURCE)
    return Click(update, here, f"way from '{last}' to '{here}'")


def _free_name(graph: SceneGraph, name: str) -> str:
    """The name, or with the first number from 2 that makes it a new one: dock, dock_2."""
    free, number = name, 1
    while free in graph.nodes:
        number += 1
        free = f'{name}_{number}'
    return free


def _nearest(graph: SceneGraph, made: Node) -> str | None:
    names = [name for name, node in graph.regions.items() if node.position is not None]
    return min(names, key=lambda name: _away_m(graph, name, made), default=None)


def _away_m(graph: SceneGraph, name: str, made: Node) -> float:
    distance_m = graph.nodes[name].distance_m(made)
    return math.inf if distance_m is None else distance_m
