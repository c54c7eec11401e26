"""What follows from where regions lie and what is connected: where one can drive, how far, and what
is seen from where.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

import networkx as nx

from prism_core.graph_elements import Connection, Node

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
        network = nx.Graph()
        network.add_nodes_from(n for n, node in self._nodes.items() if node.kind == 'region')
        for connection in self._connections.values():
            if connection.kind == 'traversable':
                a, b = connection.source, connection.target
                length_m = connection.cost_m
                if length_m is None:
                    length_m = self._nodes[a].distance_m(self._nodes[b])
                network.add_edge(a, b, length_m=length_m)
        return nx.freeze(network)

    @cached_property
    def component_of(self) -> Mapping[str, int]:
        """For each region a number that all have in common between which one can drive."""
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
            before, distances = nx.dijkstra_predecessor_and_distance(
                self.network, start, weight='length_m'
            )
            for oldest in list(self._known)[: 1 - KEPT_STARTS or None]:
                self._known.pop(oldest, None)
            known = self._known[start] = (MappingProxyType(distances), before)
        return known


class Views:
    """From where things are seen; the same for all graphs that differ in no node and no
    connection.
    """

    def __init__(self, nodes: Mapping[str, Node], connections: Mapping[tuple, Connection]):
        self._nodes = nodes
        self._connections = connections

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
            if connection.kind == 'observed_from':
                ends = (connection.source, connection.target)
                seen, region = ends if ends[0] in regions else ends[::-1]
                regions[seen].append(region)
        return MappingProxyType(
            {name: tuple(sorted(seen, key=order.__getitem__)) for name, seen in regions.items()}
        )
