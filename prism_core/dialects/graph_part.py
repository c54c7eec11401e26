# SPDX-License-Identifier: Apache-2.0
"""The part of a known graph that matters to a request, where a language model cannot hold it all.

It holds the robot's region, what is asked to stay, what the request names and the ways there, what
is left to look at and is nearest, and then what is around the robot; with an object also what it is
in, on, or held by. A plan for the part is a plan
for the whole: its nodes are those of the whole, distances from the robot are the same, and where
regions of a way are left out, one connection of the same length stands for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from prism_core.episode.episode import Turn
from prism_core.graph.calling import calls_of
from prism_core.graph.elements import Connection, Node
from prism_core.graph.scene_graph import SceneGraph

_WORD = re.compile(r'[^\W_]+')
_WAYS_SHARE = 2  # ways are shown in full up to one half of the nodes
_LIKE_SHARE = 3  # nodes that may be meant take up to a third

Fit = Callable[[Node, SceneGraph, SceneGraph], Node]
"""A node as it has to be in a part of a graph: the node, the part, the whole."""


@dataclass(frozen=True)
class SpokenOf:
    """The nodes of a graph that a request names, and those of which it names the class."""

    names: tuple[str, ...] = ()
    likes: tuple[str, ...] = ()


@dataclass(frozen=True)
class GraphPart:
    """A part of a graph.

    Attributes:
        graph: the part, as a graph at the same revision; nodes are in the order of the whole.
        whole_nodes: so many nodes the whole has.
        left_out: the nodes that the request may speak of and that found no room.
    """

    graph: SceneGraph
    whole_nodes: int
    left_out: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What whoever carries out a plan that was made on it should know, as one sentence."""
        said = (
            f'planned on {len(self.graph.nodes)} of {self.whole_nodes} nodes, since the model can '
            'hold no more: those that the request names, what is left to look at, and what is '
            'around the robot'
        )
        if self.left_out:
            said += f'; {len(self.left_out)} more that the request may speak of were left out'
        return said


def find_spoken_of(request: str, graph: SceneGraph) -> SpokenOf:
    """The nodes that a request names (`truck_7`, truck 7), and those that it calls by their class,
    in one or many.
    """
    said = f' {_plain(request)} '
    names = [name for name in graph.nodes if f' {_plain(name)} ' in said]
    for name in sorted(names, key=len, reverse=True):
        said = said.replace(f' {_plain(name)} ', ' ; ')
    is_said = {
        calls: any(f' {call}{ending} ' in said for call in calls for ending in ('', 's', 'es'))
        for calls in set(map(calls_of, graph.nodes.values()))
    }
    named = set(names)
    likes = (n for n, node in graph.nodes.items() if n not in named and is_said[calls_of(node)])
    return SpokenOf(tuple(names), tuple(likes))


def _plain(text: str) -> str:
    return ' '.join(_WORD.findall(text.lower()))


def find_told(history: Iterable[Turn], graph: SceneGraph) -> tuple[list[str], list[str]]:
    """The nodes of a graph that the turns of a mission speak of: those where the robot was and on
    which it acted, and, the newest first, those of which it learned.
    """
    acted: dict[str, None] = {}
    learned: dict[str, None] = {}
    for turn in history:
        acted[turn.robot_location] = None
        for action in turn.plan.actions:
            acted |= dict.fromkeys(str(argument) for argument in action.arguments)
        for observation in turn.observations:
            update = observation.update
            acted[update.robot_location or ''] = None
            learned |= dict.fromkeys(node.name for node in update.upsert_nodes)
            learned |= dict.fromkeys(update.set_attributes)
            for connection in (*update.upsert_connections, *update.remove_connections):
                learned |= dict.fromkeys((connection.source, connection.target))
    known = graph.nodes
    return [n for n in acted if n in known], [n for n in reversed(learned) if n in known]


def choose_part(
    graph: SceneGraph,
    max_nodes: int,
    fit: Fit,
    *,
    spoken_of: SpokenOf = SpokenOf(),
    acted_on: Collection[str] = (),
    learned: Sequence[str] = (),
    frontiers: Sequence[str] = (),
) -> GraphPart:
    """Choose the part of a graph that matters; the same for the same arguments.

    Args:
        graph: the whole, with the robot in it.
        max_nodes: so many nodes at most; more only where `acted_on` alone holds more.
        fit: a node as it has to be in the part.
        spoken_of: by the request: what is named, with the ways there, comes first, then the nearest
            of what is named by class.
        acted_on: nodes that must be in it.
        learned: nodes that the mission has told of, what matters most first.
        frontiers: regions that are left to look at, the nearest first.
    """
    return _Choosing(graph, max_nodes, fit).choose(spoken_of, acted_on, learned, frontiers)


class _Choosing:
    """Takes up nodes in the order in which they matter, as long as there is room."""

    def __init__(self, graph: SceneGraph, max_nodes: int, fit: Fit):
        here = graph.robot_location
        if here is None:
            raise ValueError('the robot location is unknown')
        self._graph, self._max_nodes, self._here, self._fit = graph, max_nodes, here, fit
        self._distances = graph.distances_m(here)
        self._chosen: set[str] = {here}

    def choose(
        self,
        spoken_of: SpokenOf,
        acted_on: Iterable[str],
        learned: Iterable[str],
        frontiers: Sequence[str],
    ) -> GraphPart:
        """All steps."""
        self._chosen.update(self._with_holders(acted_on))
        ends = [end for name in self._nearest_first(spoken_of.names) for end in self._ends(name)]
        for end in ends:
            self._take([end])
        for name in learned:
            self._take([name], share=_WAYS_SHARE)
        for region in frontiers:
            self._take([region])
        for end in [*ends, *frontiers]:
            self._take(self._way_to(end), share=_WAYS_SHARE)
        for name in spoken_of.names:
            self._take_each([*self._seen_from(name), *self._graph.contents(name)])
        room = len(self._chosen) + self._max_nodes // _LIKE_SHARE
        likes = self._nearest_first(spoken_of.likes)
        for name in likes:
            if len(self._chosen) < room:
                self._take(self._ends(name))
        for region in self._distances:
            if len(self._chosen) >= self._max_nodes:
                break
            self._take([region])
            if region in self._chosen:
                self._take_each(self._seen_from(region))
        left_out = [n for n in (*spoken_of.names, *likes) if n not in self._chosen]
        return GraphPart(self._make(), len(self._graph.nodes), tuple(left_out))

    # ------------------------------------------------------------------------------------ choosing

    def _take(self, nodes: Iterable[str], share: int = 1) -> None:
        """Take up some nodes, all or none of them, while less than this share is taken."""
        new = {name for name in self._with_holders(nodes) if name not in self._chosen}
        if len(self._chosen) + len(new) <= self._max_nodes // share:
            self._chosen |= new

    def _take_each(self, nodes: Iterable[str]) -> None:
        for name in nodes:
            self._take([name])

    def _with_holders(self, nodes: Iterable[str]) -> Iterator[str]:
        """Nodes, and what each is in, on, or held by, and so on."""
        for name in nodes:
            holder: str | None = name
            while holder is not None:
                yield holder
                holder = self._graph.holder(holder)

    def _region_of(self, name: str) -> str:
        """The region, or the nearest from which the object is seen; '' where there is none."""
        seen_from = self._graph.viewpoints.get(name, (name,))
        far = float('inf')
        return min(seen_from, key=lambda region: self._distances.get(region, far), default='')

    def _ends(self, name: str) -> list[str]:
        """A node, where it is seen from, and where the gap is smallest if no way leads there."""
        region = self._region_of(name)
        ends = [name, region] if region else [name]
        if region and region not in self._distances:
            ends += self._graph.closest_pair(self._here, region) or ()
        return list(dict.fromkeys(ends))

    def _way_to(self, name: str) -> list[str]:
        if name not in self._distances:
            return []
        return self._graph.route(self._here, name)

    def _nearest_first(self, names: Iterable[str]) -> list[str]:
        far = float('inf')
        return sorted(names, key=lambda name: self._distances.get(self._region_of(name), far))

    def _seen_from(self, region: str) -> Sequence[str]:
        return self._objects_of.get(region, ())

    @cached_property
    def _objects_of(self) -> dict[str, list[str]]:
        """For each region, the objects that are seen from it."""
        seen: dict[str, list[str]] = {}
        for name, regions in self._graph.viewpoints.items():
            for region in regions:
                seen.setdefault(region, []).append(name)
        return seen

    # -------------------------------------------------------------------------------------- making

    def _make(self) -> SceneGraph:
        """The graph of the chosen nodes."""
        nodes = [node for name, node in self._graph.nodes.items() if name in self._chosen]
        connections = {
            ends: connection
            for ends, connection in self._graph.connections.items()
            if ends[0] in self._chosen and ends[1] in self._chosen
        }
        for connection in self._stand_ins(nodes):
            connections.setdefault(connection.key, connection)
        part = self._build(nodes, connections.values())
        fitted = [self._fit(node, part, self._graph) for node in nodes]
        return self._build(fitted, connections.values())

    def _build(self, nodes: Iterable[Node], connections: Iterable[Connection]) -> SceneGraph:
        return SceneGraph(
            nodes,
            connections,
            robot_location=self._here,
            revision=self._graph.revision,
            attributes=self._graph.attributes,
        )

    def _stand_ins(self, nodes: Iterable[Node]) -> Iterator[Connection]:
        """For each way from the robot, the connections that stand for regions left out of it."""
        for node in nodes:
            way = self._way_to(node.name)
            last, is_gap = self._here, False
            for region in way[1:]:
                if region not in self._chosen:
                    is_gap = True
                    continue
                if is_gap:
                    length_m = self._distances[region] - self._distances[last]
                    yield Connection('traversable', last, region, length_m)
                last, is_gap = region, False
