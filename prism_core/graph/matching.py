# SPDX-License-Identifier: Apache-2.0
"""Which nodes of two graphs are one thing of the world: by kind, class, place and name.

Two nodes can be one where they are of one kind, their classes fit, and they lie within a distance
of each other; where the place of one is unknown, where they bear one name. Of all ways to pair
them the one with the most pairs is taken; of these that with the least distance in all, in
millimetres; of these that with the most pairs of one name. What is alike even so is told apart by
the sorted names, so that the order of nodes says nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from prism_core.graph.calling import calls_of, class_of, is_opaque
from prism_core.graph.elements import Node

MAX_CANDIDATES = 8
"""A node is held against so many of the nearest that it could be; hundreds of one class within the
distance would take minutes."""

_Pair = tuple[str, str]


def are_alike(one: Node, other: Node) -> bool:
    """Whether two nodes can be one by kind and class: a pickup truck is a truck, but no fuel truck.

    A class that tells nothing, such as that of `R(17)`, fits any other of a region, and of an
    object only one that tells nothing either.
    """
    if one.kind != other.kind:
        return False
    if class_of(one) in calls_of(other) or class_of(other) in calls_of(one):
        return True
    tells_nothing = [is_opaque(class_of(node)) for node in (one, other)]
    return any(tells_nothing) if one.kind == 'region' else all(tells_nothing)


def match_nodes(ours: Iterable[Node], theirs: Iterable[Node], within_m: float) -> dict[str, str]:
    """Pair nodes of two graphs that are one thing each.

    Args:
        ours: nodes of one graph.
        theirs: nodes of the other.
        within_m: how far from each other the two of a pair can lie, in metres.

    Returns:
        The name of ours by that of theirs, of those that have a pair, by their names in order.
    """
    near = _Near(ours, within_m)
    costs = {
        (mine.name, other.name): cost
        for other in sorted(theirs, key=lambda node: node.name)
        for cost, mine in near.candidates(other)
    }
    return dict(sorted((their, our) for our, their in _assign(costs)))


class _Near:
    """Nodes by where they lie, in squares, and by name."""

    def __init__(self, nodes: Iterable[Node], within_m: float):
        self._within_m = within_m
        self._side_m = max(within_m, 1e-3)
        self._nodes = {node.name: node for node in nodes}
        self._squares: dict[tuple[int, int], list[Node]] = defaultdict(list)
        for node in self._nodes.values():
            if node.position is not None:
                self._squares[self._square(node.position)].append(node)

    def _square(self, position: tuple[float, float]) -> tuple[int, int]:
        return math.floor(position[0] / self._side_m), math.floor(position[1] / self._side_m)

    def candidates(self, other: Node) -> list[tuple[int, Node]]:
        """Those that another node can be, with what it costs: twice the millimetres between them,
        and one where the names differ. The cheapest come first.
        """
        found = {}
        for node in self._around(other):
            distance_m = node.distance_m(other)
            if distance_m is None:  # they bear one name
                distance_m = self._within_m
            if distance_m <= self._within_m and are_alike(node, other):
                found[node.name] = 2 * round(1000 * distance_m) + (node.name != other.name), node
        return sorted(found.values(), key=lambda item: (item[0], item[1].name))[:MAX_CANDIDATES]

    def _around(self, other: Node) -> Iterator[Node]:
        named = self._nodes.get(other.name)
        if named is not None and named.distance_m(other) is None:
            yield named
        if other.position is not None:
            x, y = self._square(other.position)
            for dx in (-1, 0, 1):
                for dy in (-1, 0, 1):
                    yield from self._squares.get((x + dx, y + dy), ())


def _assign(costs: Mapping[_Pair, int]) -> Iterator[_Pair]:
    """As many pairs as can be, which cost as little as can be; each node in one of them."""
    import networkx as nx

    pairs = sorted(costs)
    sides = [sorted({pair[side] for pair in pairs}) for side in (0, 1)]
    # Numbers: sets of texts have another order in each process.
    left, right = ({name: 2 * i + side for i, name in enumerate(sides[side])} for side in (0, 1))
    network = nx.Graph()
    for ours, theirs in pairs:
        network.add_edge(left[ours], right[theirs], weight=-costs[ours, theirs])
    for members in nx.connected_components(network):
        part = network.subgraph(members)
        if len(part) == 2:
            ends = [tuple(sorted(members))]
        else:
            part = nx.Graph(sorted((*sorted(edge), data) for *edge, data in part.edges(data=True)))
            ends = [tuple(sorted(e)) for e in nx.max_weight_matching(part, maxcardinality=True)]
        for one, other in ends:
            even, odd = (one, other) if one % 2 == 0 else (other, one)
            yield sides[0][even // 2], sides[1][odd // 2]
