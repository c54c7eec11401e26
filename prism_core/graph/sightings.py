# SPDX-License-Identifier: Apache-2.0
"""From what a detector sees, frame by frame, to updates of a scene graph.

A detection near an object of its class is that object, seen again; what is seen often enough where
nothing is known becomes a new object, seen from where the robot is. What the detector is not sure
of is ignored. Nothing is removed: what is not seen any more goes stale (see `staleness`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prism_core.graph.elements import MAX_COORDINATE_M, Connection, GraphUpdate, Node, is_name
from prism_core.graph.localising import locate
from prism_core.graph.matching import match_nodes
from prism_core.graph.merging import SEEN, next_name
from prism_core.graph.scene_graph import SceneGraph
from prism_core.graph.staleness import STALE, seen_s, stamp

MAX_CLASS_CHARS = 64
"""The bound of field semantic_class of prism_msgs/SceneNode."""
MAX_REMEMBERED = 1000
"""So many things that may come into the graph are remembered, the last that were seen."""


@dataclass(frozen=True)
class Detection:
    """Something of a class at a place, in frame `map`; `confidence` is from 0 to 1."""

    class_name: str
    position: tuple[float, float]
    confidence: float = 1.0
    z_m: float = 0.0


@dataclass(frozen=True)
class SightingRules:
    """When detections change a graph.

    `min_confidence`: below it a detection is ignored. `sightings`: in so many frames something new
    has to be seen, with no more than `forget_s` between two. `within_m`: so far from each other two
    detections are one thing, as in `match_nodes`. `period_s`: updates come no closer than that.
    `refresh_s`: so long a known object need not be told to be seen again.
    """

    min_confidence: float = 0.5
    sightings: int = 3
    within_m: float = 1.0
    period_s: float = 1.0
    refresh_s: float = 10.0
    forget_s: float = 30.0


@dataclass(frozen=True)
class _Candidate:
    """Something that is not in the graph: a node that it may become, and how often it was seen."""

    node: Node
    count: int
    seen_s: float


class Sightings:
    """Collects detections, and tells from time to time what they change.

    Args:
        rules: when.
        source: who the updates are from.
    """

    def __init__(self, rules: SightingRules, source: str = 'detections'):
        self.rules = rules
        self._source = source
        self._candidates: list[_Candidate] = []
        self._seen: dict[str, tuple[float, float]] = {}  # of known ones: when, and how surely
        self._told_s = -math.inf

    def note(self, detections: Iterable[Detection], graph: SceneGraph, now_s: float) -> None:
        """Take one frame of a detector.

        Args:
            detections: all of the frame; what is no place, no class or too unsure is left out.
            graph: as it is now.
            now_s: when it was taken, in seconds.
        """
        found = [
            Node(
                f'detection {index}',
                'object',
                detection.position,
                attributes=_attributes_of(detection),
            )
            for index, detection in enumerate(detections)
            if _is_usable(detection) and detection.confidence >= self.rules.min_confidence
        ]
        found = self._match_known(found, graph, now_s)
        self._match_candidates(found, now_s)

    def _match_known(self, found: Sequence[Node], graph: SceneGraph, now_s: float) -> list[Node]:
        """Note which objects of the graph were seen; what is none of them."""
        known = [node for node in graph.objects.values() if node.position is not None]
        matched = match_nodes(known, found, self.rules.within_m)
        for node in found:
            name = matched.get(node.name)
            if name is not None:
                self._seen[name] = now_s, node.attributes['confidence']
        return [node for node in found if node.name not in matched]

    def _match_candidates(self, found: Sequence[Node], now_s: float) -> None:
        oldest_s = now_s - self.rules.forget_s
        named = {
            f'candidate {index}': candidate
            for index, candidate in enumerate(self._candidates)
            if candidate.seen_s >= oldest_s
        }
        before = [replace(candidate.node, name=name) for name, candidate in named.items()]
        matched = match_nodes(before, found, self.rules.within_m)
        for index, node in enumerate(found):
            name = matched.get(node.name, f'new {index}')
            known = named.get(name, _Candidate(node, 0, now_s))
            named[name] = _Candidate(_averaged(known, node), known.count + 1, now_s)
        newest = sorted(named.values(), key=lambda candidate: candidate.seen_s)
        self._candidates = newest[-MAX_REMEMBERED:]

    def update(self, graph: SceneGraph, now_s: float) -> GraphUpdate | None:
        """What is to be changed in a graph now; None where nothing is, or not yet."""
        if 0 <= now_s - self._told_s < self.rules.period_s:
            return None
        ripe = [c.node for c in self._candidates if c.count >= self.rules.sightings]
        self._candidates = [c for c in self._candidates if c.count < self.rules.sightings]
        ripe = [replace(node, name=f'ripe {index}') for index, node in enumerate(ripe)]
        new = self._match_known(ripe, graph, now_s)  # another may have told of it meanwhile
        told = {
            name: self._news_of(graph.nodes[name], *seen)
            for name, seen in sorted(self._seen.items())
            if name in graph.objects
        }
        told = {name: changes for name, changes in told.items() if changes}
        self._seen = {}
        if not (new or told):
            return None
        self._told_s = now_s
        nodes = _named(new, graph, now_s)
        regions = [graph.robot_location or _nearest(graph, node) for node in nodes]
        return GraphUpdate(
            upsert_nodes=tuple(nodes),
            upsert_connections=tuple(
                Connection('observed_from', node.name, region)
                for node, region in zip(nodes, regions)
                if region is not None
            ),
            set_attributes=told,
            source=self._source,
        )

    def _news_of(self, node: Node, now_s: float, confidence: float) -> dict[str, Any]:
        before_s = seen_s(node)
        is_stale = node.attributes.get(STALE) is True
        if before_s is not None and not is_stale and now_s - before_s < self.rules.refresh_s:
            return {}
        news = {SEEN: stamp(now_s), 'confidence': confidence}
        return {**news, STALE: False} if is_stale else news


def _is_usable(detection: Detection) -> bool:
    name = detection.class_name
    numbers = (*detection.position, detection.confidence, detection.z_m)
    return (
        is_name(name)
        and len(name) <= MAX_CLASS_CHARS
        and all(abs(number) <= MAX_COORDINATE_M for number in numbers)
    )


def _attributes_of(detection: Detection) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        'semantic_class': detection.class_name,
        'confidence': round(min(detection.confidence, 1.0), 3),
    }
    return {**attributes, 'z_m': round(detection.z_m, 3)} if detection.z_m else attributes


def _averaged(known: _Candidate, node: Node) -> Node:
    """The mean of all places where it was seen, and the highest confidence."""
    before, now = known.node.position, node.position
    if not known.count or before is None or now is None:
        return node
    part = 1 / (known.count + 1)
    x, y = (b + (n - b) * part for b, n in zip(before, now))
    surest = max(known.node.attributes['confidence'], node.attributes['confidence'])
    return replace(known.node, position=(x, y)).with_attributes({'confidence': surest})


def _named(new: Iterable[Node], graph: SceneGraph, now_s: float) -> list[Node]:
    taken = set(graph.nodes)
    nodes = []
    for node in new:
        first = node.attributes['semantic_class'].replace(' ', '_') + '_1'
        named = replace(node, name=first).with_attributes({SEEN: stamp(now_s)})
        if first in taken:
            named = replace(named, name=next_name(named, taken))
        taken.add(named.name)
        nodes.append(named)
    return nodes


def _nearest(graph: SceneGraph, node: Node) -> str | None:
    return None if node.position is None else locate(graph, node.position, 0.0)
