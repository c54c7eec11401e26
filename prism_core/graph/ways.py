# SPDX-License-Identifier: Apache-2.0
"""What follows from where regions lie and what is connected: where one can drive, how far, and what
is seen from where.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from prism_core.graph.elements import UNKNOWN_WAY_M, Connection, Node

if TYPE_CHECKING:  # imported late: it takes longer than all of prism_core
    import networkx as nx

KEPT_STARTS = 64
"""Ways are remembered from so many regions: those from all of 2,000 would take a gigabyte."""


class Ways:
    """Where one can drive; the same for all graphs that differ in no region and no way."""

    def __init__(self, nodes: Mapping[str, Node], connections: Mapping[tuple, Connection]):
        self._nodes = nodes
        self._connections = connections
        self._lengths_m: dict[str, list[int]] = {}
        self._known: dict[str, tuple[Mapping[str, float], Mapping[str, list[str]]]] = {}

    @cached_property
    def network(self) -> nx.Graph:
        """The regions, with `length_m` on the edges where the robot can drive; frozen."""
        import networkx as nx

        network = nx.Graph()
        network.add_nodes_from(n for n, node in self._nodes.items() if node.kind == 'region')
        for connection in self._connections.values():
            if connection.kind == 'traversable':
                a, b = connection.source, connection.target
                length_m = connection.cost_m
                if length_m is None:
                    length_m = self._nodes[a].distance_m(self._nodes[b])
                if length_m is None:
                    length_m = UNKNOWN_WAY_M
                network.add_edge(a, b, length_m=length_m)
        return nx.freeze(network)

    @cached_property
    def component_of(self) -> Mapping[str, int]:
        """For each region a number that all have in common between which one can drive."""
        import networkx as nx

        components = nx.connected_components(self.network)
        return {name: index for index, members in enumerate(components) for name in members}

    def lengths_m(self, region: str) -> list[int]:
        """The lengths of all ways that lead away from a region, in whole metres, rounded up, the
        shortest first.
        """
        known = self._lengths_m.get(region)
        if known is None:
            ways = self.network[region].values()
            known = self._lengths_m[region] = sorted(math.ceil(way['length_m']) for way in ways)
        return known

    def distances_m(self, start: str) -> Mapping[str, float]:
        """Travel distance from a region to each region that can be reached, nearest first."""
        return self._from(start)[0]

    def route(self, start: str, end: str) -> list[str] | None:
        """The shortest way between two regions, both included; None where there is none."""
        if start not in self.network:
            return None
        distances, before = self._from(start)
        if end not in distances:
            return None
        way = [end]
        while way[-1] != start:
            way.append(before[way[-1]][0])
        return way[::-1]

    def _from(self, start: str) -> tuple[Mapping[str, float], Mapping[str, list[str]]]:
        """How far each region is that can be reached, and the regions before it on the way."""
        known = self._known.get(start)
        if known is None:
            import networkx as nx

            before, distances = nx.dijkstra_predecessor_and_distance(
                self.network, start, weight='length_m'
            )
            for oldest in list(self._known)[: 1 - KEPT_STARTS or None]:
                self._known.pop(oldest, None)
            known = self._known[start] = (MappingProxyType(distances), before)
        return known


def closest_pair(ours: Iterable[Node], theirs: Iterable[Node]) -> tuple[str, str] | None:
    """The closest two nodes of two groups, of those whose position is known; None where a group has
    none such. A sweep along the longer axis, n log n unless all share it.
    """
    here, there = _placed(ours), _placed(theirs)
    if not here or not there:
        return None
    everything = [position for position, _ in here + there]
    spread = [max(p[i] for p in everything) - min(p[i] for p in everything) for i in (0, 1)]
    axis = 0 if spread[0] >= spread[1] else 1
    there.sort(key=lambda item: (item[0][axis], item[1].name))
    keys = [position[axis] for position, _ in there]
    best, pair = math.inf, None
    for position, node in sorted(here, key=lambda item: item[1].name):
        at = bisect_left(keys, position[axis])
        for indices in (range(at, len(keys)), range(at - 1, -1, -1)):
            for i in indices:
                if abs(keys[i] - position[axis]) >= best:
                    break
                distance = node.distance_m(there[i][1])
                if distance is not None and distance < best:
                    best, pair = distance, (node.name, there[i][1].name)
    return pair


def _placed(nodes: Iterable[Node]) -> list[tuple[tuple[float, float], Node]]:
    """Those nodes whose position is known, with it."""
    return [(node.position, node) for node in nodes if node.position is not None]


class Views:
    """What is where, and seen from where; the same for all graphs that differ in no node and no
    connection.
    """

    def __init__(
        self,
        nodes: Mapping[str, Node],
        connections: Mapping[tuple, Connection],
        placements: Mapping[str, Connection],
    ):
        self._nodes = nodes
        self._connections = connections
        self._placements = placements

    @cached_property
    def contents(self) -> Mapping[str, tuple[str, ...]]:
        """For each node in or on which something is, or that holds something, these objects."""
        held: dict[str, list[str]] = {}
        for name, placement in self._placements.items():
            held.setdefault(placement.target, []).append(name)
        return MappingProxyType({name: tuple(objects) for name, objects in held.items()})

    @cached_property
    def viewpoints(self) -> Mapping[str, tuple[str, ...]]:
        """For each object, the regions that it is seen from, in the graph's order."""
        kinds = {
            kind: [n for n, node in self._nodes.items() if node.kind == kind]
            for kind in ('region', 'object')
        }
        order = {name: index for index, name in enumerate(kinds['region'])}
        regions: dict[str, list[str]] = {name: [] for name in kinds['object']}
        for connection in self._connections.values():
            ends = (connection.source, connection.target)
            if connection.kind == 'observed_from':
                seen, region = ends if ends[0] in regions else ends[::-1]
                regions[seen].append(region)
            elif connection.is_placement and ends[1] in order:
                regions[ends[0]].append(ends[1])
        self._follow_holders(regions)
        return MappingProxyType(
            {name: tuple(sorted(seen, key=order.__getitem__)) for name, seen in regions.items()}
        )

    def _follow_holders(self, regions: dict[str, list[str]]) -> None:
        """Let what has no viewpoint of its own be seen from where that is seen that holds it."""
        unseen: set[str] = set()
        for name in self._placements:
            walked = []
            while not regions[name] and name in self._placements and name not in unseen:
                walked.append(name)
                name = self._placements[name].target
            if not regions[name]:
                unseen.update(walked)
            for held in walked:
                regions[held] = regions[name]
