# SPDX-License-Identifier: Apache-2.0
"""Where a picture shows nodes: where they lie, or beside what they belong to.

Nodes of known position stay there. A region without lies one step from the region that it is
connected to, what follows it fanned out in its sector, so that parts that are trees do not cross
themselves. An object without lies beside what holds it or the region it is seen from. Nothing is
random: equal graphs are laid out equally. Parts without any known position stand in a row below.
Layouts by forces would need numpy, which maps in the terminal do without.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from statistics import median

from prism_core.graph.scene_graph import SceneGraph

Point = tuple[float, float]

_STEP_M = 4.0  # between regions, where no two connected ones are known to lie anywhere
_BESIDE = 0.3  # of a step: how far an object lies from what it belongs to
_GOLDEN = math.pi * (3 - math.sqrt(5))  # objects around one place never hide each other


def lay_out(graph: SceneGraph) -> dict[str, Point]:
    """A place for each node, in metres."""
    at = {name: node.position for name, node in graph.nodes.items() if node.position is not None}
    if len(at) < len(graph.nodes):
        step_m = _step_m(graph)
        _place_regions(graph, at, step_m)
        _place_objects(graph, at, _BESIDE * step_m)
    return at


def say_unknown(graph: SceneGraph) -> str:
    """Of how many nodes the position is unknown, as a legend says it; '' where of none."""
    unknown = sum(node.position is None for node in graph.nodes.values())
    if unknown == len(graph.nodes):
        return 'no positions are known' if unknown else ''
    return f'{unknown} of unknown position' if unknown else ''


def _step_m(graph: SceneGraph) -> float:
    """How long a way is, in general."""
    ends = (graph.nodes[a].distance_m(graph.nodes[b]) for a, b in graph.region_network.edges)
    lengths_m = [length_m for length_m in ends if length_m]
    return median(lengths_m) if lengths_m else _STEP_M


def _place_regions(graph: SceneGraph, at: dict[str, Point], step_m: float) -> None:
    known = [name for name in graph.regions if name in at]
    low = min((y for _, y in at.values()), default=0.0)
    right = min((x for x, _ in at.values()), default=0.0)
    if known:
        _fan_out(graph, known, at, step_m)
    order = {name: number for number, name in enumerate(graph.regions)}
    for name in graph.regions:
        if name in at:
            continue
        ways = graph.region_network.degree
        part = _tree(graph, [name], at)
        middle = max(part, key=lambda n: (ways[n], -order[n]))
        placed: dict[str, Point] = {middle: (0.0, 0.0)}
        _fan_out(graph, [middle], placed, step_m)
        xs, ys = zip(*placed.values())
        dx, dy = right - min(xs), low - 2 * step_m - max(ys)
        at.update({name: (x + dx, y + dy) for name, (x, y) in placed.items()})
        right += max(xs) - min(xs) + 2 * step_m


def _fan_out(graph: SceneGraph, roots: list[str], at: dict[str, Point], step_m: float) -> None:
    """Place what is connected to some placed regions: each one a step on from the one before it, in
    a part of that one's sector as wide as what follows it.
    """
    following = _tree(graph, roots, at)
    leaves: dict[str, int] = {}
    for name in reversed(list(following)):
        leaves[name] = sum(leaves[n] for n in following[name]) or 1
    open_ = deque((root, *_free_sector(graph, root, at)) for root in roots)
    while open_:
        name, start, width = open_.popleft()
        total = sum(leaves[n] for n in following[name])
        for other in following[name]:
            share = width * leaves[other] / total
            angle = start + share / 2
            x, y = at[name]
            at[other] = (x + step_m * math.cos(angle), y + step_m * math.sin(angle))
            # What follows keeps its share of the circle, and never turns back.
            turn = min(share, math.pi)
            open_.append((other, angle - turn / 2, turn))
            start += share


def _tree(graph: SceneGraph, roots: list[str], at: Mapping[str, Point]) -> dict[str, list[str]]:
    """For each region, in the order in which they are reached, those that follow it."""
    following: dict[str, list[str]] = {root: [] for root in roots}
    open_ = deque(roots)
    while open_:
        name = open_.popleft()
        for other in graph.region_network[name]:
            if other not in following and other not in at:
                following[name].append(other)
                following[other] = []
                open_.append(other)
    return following


def _free_sector(graph: SceneGraph, name: str, at: Mapping[str, Point]) -> tuple[float, float]:
    """Where the sector around a region begins that its neighbours leave free, and how wide it is:
    the widest one; the whole circle where no neighbour is placed.
    """
    x, y = at[name]
    around = (at[other] for other in graph.region_network[name] if other in at)
    angles = sorted(math.atan2(b - y, a - x) for a, b in around if (a, b) != (x, y))
    if not angles:
        return 0.0, 2 * math.pi
    gaps = list(_gaps(angles))
    return max(gaps, key=lambda gap: gap[1])


def _gaps(angles: list[float]) -> Iterator[tuple[float, float]]:
    for one, other in zip(angles, [*angles[1:], angles[0] + 2 * math.pi]):
        yield one, other - one


def _place_objects(graph: SceneGraph, at: dict[str, Point], radius_m: float) -> None:
    """Put objects around what holds them or where they are seen from, others in a row below all."""
    counts: dict[str, int] = {}
    low = min((y for _, y in at.values()), default=0.0) - 4 * radius_m
    right = min((x for x, _ in at.values()), default=0.0)
    for name in _holders_first(graph):
        if name in at:
            continue
        anchor = graph.holder(name) or next(iter(graph.viewpoints[name]), '')
        if not anchor:
            at[name] = (right, low)
            right += 2 * radius_m
            continue
        number = counts[anchor] = counts.get(anchor, 0) + 1
        x, y = at[anchor]
        far = radius_m * math.sqrt(number)
        at[name] = (x + far * math.cos(number * _GOLDEN), y + far * math.sin(number * _GOLDEN))


def _holders_first(graph: SceneGraph) -> Iterator[str]:
    """The objects, each behind the object that holds it."""
    told: set[str] = set()
    for name in graph.objects:
        chain: list[str] = []
        current = name
        while current in graph.objects and current not in told:
            chain.append(current)
            current = graph.holder(current) or ''
        told.update(chain)
        yield from reversed(chain)
