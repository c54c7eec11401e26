# SPDX-License-Identifier: Apache-2.0
"""Through which regions the robot drove, as far as what it observed tells."""

from __future__ import annotations

import itertools

from prism_core.episode.observation import Observation
from prism_core.graph.elements import Connection, GraphUpdate
from prism_core.graph.scene_graph import SceneGraph

# More blocked ways than this in one step are not searched for where the robot met them.
_MAX_DETOURS = 5


def find_blocked(update: GraphUpdate) -> list[Connection]:
    """The ways that were found blocked."""
    return [gone for gone in update.remove_connections if gone.kind == 'traversable']


def driven_way(graph: SceneGraph, true_graph: SceneGraph, observation: Observation) -> list[str]:
    """The regions that the robot drove through, the first one included.

    An observation tells only where a drive ended, what it showed and how long it was: of the ways
    by the places that were blocked or new this is the one of that length.
    """
    here = graph.robot_location
    if here is None:
        return []
    update = observation.update
    there = update.robot_location or here
    ends = [(c.source, c.target, None) for c in find_blocked(update)[:_MAX_DETOURS]]
    places = [tuple(turn for turn in turns if turn) for turns in itertools.product(*ends)]
    new = tuple(node.name for node in update.upsert_nodes if node.kind == 'region')
    if new:
        openings = {name for c in update.upsert_connections for name in c.key} - {*new}
        places += [(opening, *new) for opening in sorted(openings)]
    ways = [
        way
        for seen in (graph, graph.apply(update))
        for by in places
        if (way := _way_by(_drivable(seen, true_graph), [here, *by, there]))
    ]
    return min(ways, key=lambda way: abs(way[1] - observation.distance_m), default=([here], 0.0))[0]


def _drivable(graph: SceneGraph, true_graph: SceneGraph) -> SceneGraph:
    """What is known, without the ways that are blocked in truth."""
    gone = (c for key, c in graph.connections.items() if key not in true_graph.connections)
    return graph.apply(GraphUpdate(remove_connections=tuple(gone)))


def _way_by(graph: SceneGraph, stops: list[str]) -> tuple[list[str], float] | None:
    """The way by some regions and its length in metres; None where there is none."""
    way, length_m = stops[:1], 0.0
    for start, end in itertools.pairwise(stops):
        distances = graph.distances_m(start) if end in graph.nodes else {}
        if end not in distances:
            return None
        way += graph.route(start, end)[1:]
        length_m += distances[end]
    return way, length_m
