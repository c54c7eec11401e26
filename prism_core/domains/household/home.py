# SPDX-License-Identifier: Apache-2.0
"""Where the things of a home are: what a scene graph says, in the terms of the domain.

Furniture and rooms are regions: where the robot stands when it reaches something. A thing is in or
on furniture, a vessel or the bare room, or in the hand. Attributes of nodes:

| attribute | of | means |
|---|---|---|
| door | what can be opened | `open` or `closed` |
| seen | regions | what they hold is known, as far as it is open |
| hot, cold, clean | things | true: it was heated, cooled, cleaned |
| power | lamps, microwaves, faucets | `on` or `off` |
| capacity | furniture | so many things it holds at most; where there is none, any number |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from prism_core.domains.household.calling import household_class
from prism_core.domains.household.classes import (
    FURNITURE,
    HAND,
    LAMPS,
    OPENABLE,
    THINGS,
    VESSELS,
)
from prism_core.graph.elements import Node, PlacementKind
from prism_core.graph.scene_graph import SceneGraph

INSIDE = frozenset(
    (*OPENABLE, 'sink basin', 'bathtub basin', 'garbage can', 'laundry hamper', *VESSELS)
) - {'plate', 'pan'}
"""The classes in which things are, not on."""


def kind_of_placement(holder: Node) -> PlacementKind:
    """How something lies that is put there: `in` or `on`."""
    return 'in' if household_class(holder) in INSIDE else 'on'


@dataclass(frozen=True)
class Home:
    """Nodes by name, what each object is in, on or held by, and where the robot is."""

    nodes: Mapping[str, Node]
    holders: Mapping[str, str]
    here: str

    def class_of(self, name: str) -> str:
        """The class of a node."""
        return household_class(self.nodes[name])

    @cached_property
    def by_class(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the nodes of each class, in the graph's order."""
        found: dict[str, list[str]] = {}
        for name, node in self.nodes.items():
            found.setdefault(household_class(node), []).append(name)
        return {words: tuple(names) for words, names in found.items()}

    def called(self, words: str) -> tuple[str, ...]:
        """The names of the nodes of a class."""
        return self.by_class.get(words, ())

    @cached_property
    def hand(self) -> str:
        """The name of the robot's hand; '' where there is none."""
        return next(iter(self.called(HAND)), '')

    @cached_property
    def held(self) -> str:
        """What the hand holds; '' for nothing."""
        return next((n for n, at in self.holders.items() if at == self.hand), '')

    def contents(self, name: str) -> Iterator[str]:
        """What is in or on a node, and in or on that."""
        for thing, holder in self.holders.items():
            if holder == name:
                yield thing
                yield from self.contents(thing)

    def around(self, name: str) -> Iterator[str]:
        """What a thing is in or on, and what that is in or on."""
        holder = self.holders.get(name, '')
        while holder:
            yield holder
            holder = self.holders.get(holder, '')

    def place_of(self, name: str) -> str:
        """The region at which a node is within reach; where the robot is for what it holds, '' for
        what is nowhere.
        """
        seen: set[str] = set()
        while name != self.hand and name in self.holders and name not in seen:
            seen.add(name)
            name = self.holders[name]
        if name == self.hand:
            return self.here
        return name if name in self.nodes and self.nodes[name].kind == 'region' else ''

    def is_furniture(self, name: str) -> bool:
        """Whether a region is more than a room: things are put there."""
        return self.nodes[name].kind == 'region' and (
            self.class_of(name) in FURNITURE or 'door' in self.nodes[name].attributes
        )

    def is_thing(self, name: str) -> bool:
        """Whether it can be taken: an object that is neither hand, lamp nor part of furniture."""
        node = self.nodes[name]
        if node.kind == 'region' or 'power' in node.attributes or name == self.hand:
            return False
        words = household_class(node)
        return words in THINGS or (words not in LAMPS and words not in FURNITURE)

    def can_open(self, name: str) -> bool:
        """Whether it has a door or a lid."""
        return 'door' in self.nodes[name].attributes

    def is_shut(self, name: str) -> bool:
        """Whether it is closed."""
        return self.nodes[name].attributes.get('door') == 'closed'

    def is_locked_in(self, name: str) -> bool:
        """Whether something closed is around a thing."""
        return any(map(self.is_shut, self.around(name)))

    def has_room(self, name: str) -> bool:
        """Whether one thing more can be put there, by its `capacity`."""
        most = self.nodes[name].attributes.get('capacity')
        there = sum(at == name and self.is_thing(n) for n, at in self.holders.items())
        return not isinstance(most, int) or there < most

    def is_seen(self, region: str) -> bool:
        """Whether what a region holds is known."""
        return bool(self.nodes[region].attributes.get('seen'))

    def unseen(self) -> list[str]:
        """The furniture and rooms of which it is not known what they hold."""
        return [
            n for n, node in self.nodes.items() if node.kind == 'region' and not self.is_seen(n)
        ]

    # ----------------------------------------------------------------------------------- changes

    def at(self, region: str) -> Home:
        """With the robot elsewhere."""
        return replace(self, here=region)

    def moved(self, name: str, holder: str) -> Home:
        """With a thing elsewhere."""
        return replace(self, holders={**self.holders, name: holder})

    def told(self, changes: Mapping[str, Mapping[str, object]]) -> Home:
        """With other attributes of some nodes."""
        nodes = {n: self.nodes[n].with_attributes(new) for n, new in changes.items()}
        return replace(self, nodes={**self.nodes, **nodes})


def read_home(graph: SceneGraph) -> Home:
    """What a graph says now. What has no placement is where it is seen from."""
    holders: dict[str, str] = {}
    for name, node in graph.objects.items():
        if household_class(node) == HAND:  # it goes where the robot goes
            continue
        holder = graph.holder(name)
        if holder is None:
            seen_from = graph.viewpoints.get(name, ())
            holder = seen_from[0] if seen_from else None
        if holder is not None:
            holders[name] = holder
    return Home(graph.nodes, holders, graph.robot_location or '')
