# SPDX-License-Identifier: Apache-2.0
"""Where the things on a table are: what a scene graph says, in the terms of the domain.

A thing is held, or lies in or on exactly one other node (its support), or on the bare table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from prism_core.episode.episode import Turn
from prism_core.episode.observation import Observation
from prism_core.graph.calling import calls_of, class_of, meant
from prism_core.graph.elements import Connection, Node, PlacementKind
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

HELD: PlacementKind = 'held'
GRIPPER = 'gripper'
CONTAINERS = frozenset(
    ('bowl', 'dish', 'box', 'tray', 'basket', 'container', 'bin', 'cup', 'plate', 'pot')
)
"""Last words of the classes of what things lie in; it stays where it is."""
SPOTS = frozenset(('corner', 'middle', 'center', 'centre', 'side', 'edge'))
"""Last words of the classes of what are but places on the table."""
CORNER = 'corner'


def is_container(node: Node) -> bool:
    """Whether things lie in it."""
    return not CONTAINERS.isdisjoint(calls_of(node))


def is_spot(node: Node) -> bool:
    """Whether it is but a place on the table."""
    return node.kind == 'object' and not SPOTS.isdisjoint(calls_of(node))


def is_corner(node: Node) -> bool:
    """Whether it is a corner."""
    return CORNER in calls_of(node)


def is_movable(node: Node) -> bool:
    """Whether the gripper can pick it up."""
    return (
        node.kind == 'object'
        and GRIPPER not in calls_of(node)
        and not is_container(node)
        and not is_spot(node)
    )


def support_kind(node: Node) -> PlacementKind:
    """How a thing lies that is put there: `in` or `on`."""
    return 'in' if is_container(node) else 'on'


def color_of(node: Node) -> str:
    """The words before the last one of its class: what `red block` and `red bowl` share."""
    return class_of(node).rpartition(' ')[0]


@dataclass(frozen=True)
class Table:
    """Nodes by name, and by what each movable thing is supported: '' for the bare table."""

    nodes: Mapping[str, Node]
    supports: Mapping[str, str]

    @cached_property
    def gripper(self) -> str:
        """The gripper's name; '' where there is none."""
        return next((n for n, node in self.nodes.items() if GRIPPER in calls_of(node)), '')

    @cached_property
    def surface(self) -> str:
        """The name of the region that stands for the bare table."""
        return next((n for n, node in self.nodes.items() if node.kind == 'region'), '')

    @cached_property
    def covers(self) -> Mapping[str, str]:
        """What stands on each block that is not free."""
        return {
            support: name
            for name, support in self.supports.items()
            if support and is_movable(self.nodes[support])
        }

    @property
    def held(self) -> str:
        """What the gripper holds; '' for nothing."""
        return next((n for n, at in self.supports.items() if at and at == self.gripper), '')

    @cached_property
    def movable(self) -> tuple[str, ...]:
        """All blocks, in the graph's order."""
        return tuple(self.supports)

    def top_of(self, name: str) -> str:
        """The uppermost of what stands on a thing; the thing itself where nothing does."""
        seen = {name}
        while (above := self.covers.get(name)) is not None and above not in seen:
            seen.add(above)
            name = above
        return name

    def above(self, name: str) -> list[str]:
        """All that stands on a thing, from below."""
        found: list[str] = []
        while (name := self.covers.get(name, '')) and name not in found:
            found.append(name)
        return found

    def below(self, name: str) -> list[str]:
        """All blocks that a thing stands on, from above."""
        found: list[str] = []
        while (name := self.supports.get(name, '')) in self.supports and name not in found:
            found.append(name)
        return found

    def is_in_container(self, name: str) -> bool:
        """Whether a thing lies in a bowl."""
        support = self.supports.get(name, '')
        return bool(support) and is_container(self.nodes[support])

    def lies_at(self, name: str, spot: str) -> bool:
        """Whether a thing lies there; the surface is the bare table."""
        return self.supports.get(name) == ('' if spot == self.surface else spot)

    def carries(self, spot: str) -> bool:
        """Whether one more thing can be put there now."""
        node = self.nodes[spot]
        if not is_movable(node):
            return node.kind == 'region' or is_container(node) or is_spot(node)
        return spot not in self.covers and not self.is_in_container(spot) and spot != self.held

    def called(self, words: str) -> list[str]:
        """The names of the objects that are called so: one by its name, or all of a class."""
        if words in self.nodes:
            return [words] if self.nodes[words].kind == 'object' else []
        objects = [node for node in self.nodes.values() if node.kind == 'object']
        spelled = [node.name for node in objects if node.name.lower() == words.lower()]
        return spelled or meant(objects, (words,))

    def all_called(self, words: str) -> list[str]:
        """The things of a class, also of one that is the name of one of them."""
        objects = [node for node in self.nodes.values() if node.kind == 'object']
        return meant(objects, (words,)) or self.called(words)


@dataclass(frozen=True)
class Course:
    """What was known of a table when a mission began, after each of its actions, and now; of the
    nodes that are still there.
    """

    tables: tuple[Table, ...]

    @property
    def start(self) -> Table:
        """When the mission began."""
        return self.tables[0]

    @property
    def now(self) -> Table:
        """What is known by now."""
        return self.tables[-1]


def read_table(graph: SceneGraph) -> Table:
    """What a graph says now."""
    return read_course(graph, ()).now


def shows_the_move(action: Action, observation: Observation, known_graph: SceneGraph) -> bool:
    """Whether a pick or a place went as it was meant to, and nothing else changed."""
    update = observation.update
    moved = (*update.upsert_connections, *update.remove_connections)
    if observation.status != 'done' or observation.feedback or not action.arguments:
        return False
    before = read_table(known_graph)
    after = read_table(known_graph.apply(replace(update, base_revision=0)))
    name, *spots = map(str, action.arguments)
    to = spots[0] if spots else before.gripper
    return (
        all(connection.is_placement for connection in moved)
        and after.nodes == before.nodes
        and after.supports == {**before.supports, name: '' if to == before.surface else to}
    )


def read_course(graph: SceneGraph, history: Sequence[Turn]) -> Course:
    """What a graph says now, and what it said before each action of a mission."""
    movable = [name for name, node in graph.nodes.items() if is_movable(node)]
    ends = _ends(graph.connections.values())
    tables = [_table(graph, movable, ends)]
    for turn in reversed(history):
        for observation in reversed(turn.observations):
            update = observation.update
            for name in _ends(update.upsert_connections):
                ends.pop(name, None)
            ends.update(_ends(update.remove_connections))
            tables.append(_table(graph, movable, ends))
    return Course(tuple(reversed(tables)))


def _ends(connections: Iterable[Connection]) -> dict[str, str]:
    return {c.source: c.target for c in connections if c.is_placement}


def _table(graph: SceneGraph, movable: Iterable[str], ends: Mapping[str, str]) -> Table:
    supports = {name: ends.get(name, '') for name in movable}
    there = {name: at if at in graph.nodes else '' for name, at in supports.items()}
    return Table(graph.nodes, there)
