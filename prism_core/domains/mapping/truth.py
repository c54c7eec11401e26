# SPDX-License-Identifier: Apache-2.0
"""What is true of a world, as far as it can be observed, and what must be looked at to know it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from prism_core.domains.mapping.describing import describe, reports_of
from prism_core.domains.mapping.intent import Constraint, Intent, Target
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.bounds import (
    forbidden_regions,
    regions_of,
    without_ways_into,
)
from prism_core.episode.criterion import Criterion, Fact
from prism_core.errors import WorldRejected
from prism_core.graph.calling import is_called, meant
from prism_core.graph.elements import GraphUpdate
from prism_core.graph.scene_graph import SceneGraph


@dataclass(frozen=True)
class Truth:
    """A true graph, what is known of it at the start, and the words for it.

    `constraints` bind the mission, of which the task names the regions `places`; `found` are nodes
    that are meant by name, though they are not known.
    """

    graph: SceneGraph
    known: SceneGraph
    lexicon: Lexicon
    constraints: tuple[Constraint, ...] = ()
    found: frozenset[str] = frozenset()
    places: tuple[Target, ...] = ()

    @cached_property
    def forbidden(self) -> frozenset[str]:
        """The regions that the robot must not enter."""
        here = self.graph.robot_location or ''
        return forbidden_regions(self.constraints, self.graph, here, self.places)

    @cached_property
    def reachable(self) -> set[str]:
        """The regions that the robot can get to, and may."""
        here = self.graph.robot_location or ''
        return without_ways_into(self.graph, self.forbidden, here).reachable_regions(here)

    @cached_property
    def coverage(self) -> tuple[Fact, ...]:
        """What must be known to say that something is nowhere."""
        return tuple(Fact('mapped', name) for name in self.graph.regions if name in self.reachable)

    def scope(self, region: str) -> tuple[Fact, ...]:
        """What must be known to say all that there is in a region; everywhere, where that is ''."""
        return (Fact('mapped', region),) if region else self.coverage

    def can_be_seen(self, name: str) -> bool:
        """Whether an object is known, or can be."""
        return name in self.known.nodes or self.can_be_reached(name)

    def can_be_reached(self, name: str) -> bool:
        """Whether the robot can get to where an object is seen from."""
        return any(region in self.reachable for region in self.graph.viewpoints[name])

    def all_of(self, target: Target) -> list[str]:
        """All objects of a target's classes with its attributes, wherever they are."""
        if target.name:
            return [target.name] if target.name in self.graph.objects else []
        return [
            name
            for name, node in self.graph.objects.items()
            if is_called(node, target.classes)
            and all(node.attributes.get(key) == value for key, value in target.attributes)
        ]

    def one_object(self, target: Target) -> str:
        """The object that a target means.

        Raises:
            WorldRejected: it means none or several, or one that cannot be reached.
        """
        names = self.all_of(target)
        if not target.name:
            names = meant(map(self.graph.nodes.__getitem__, names), target.classes)
        if len(names) != 1:
            raise WorldRejected('the target is not unique')
        if not self.can_be_reached(names[0]):
            raise WorldRejected('the target cannot be reached')
        self._check_name(target)
        return names[0]

    def _check_name(self, target: Target) -> None:
        """Raises: WorldRejected: a target is meant by a name that nobody knows."""
        if target.name and target.name not in self.found and target.name not in self.known.nodes:
            raise WorldRejected('a name is not known')

    def all_regions(self, target: Target) -> list[str]:
        """All regions of a target's classes."""
        return regions_of(target, self.graph)

    def region(self, target: Target | None, *, must_be_reachable: bool = True) -> str:
        """The region that a target means.

        Raises:
            WorldRejected: it means none or several, or one that cannot be reached.
        """
        if target is None:
            raise WorldRejected('a region is missing')
        if target.name:
            names = [target.name] if target.name in self.graph.regions else []
        else:
            names = meant(self.graph.regions.values(), target.classes)
        if len(names) != 1:
            raise WorldRejected('the region is not unique')
        self._check_name(target)
        if names[0] in self.forbidden:
            raise WorldRejected('the region must not be entered')
        if must_be_reachable and names[0] not in self.reachable:
            raise WorldRejected('the region cannot be reached')
        return names[0]

    def way(self, one: Target | None, other: Target | None) -> tuple[str, str]:
        """The ends of a way that is known, though it may be none.

        Raises:
            WorldRejected: an end is not one region that can be reached, or no way is known.
        """
        ends = (self.region(one), self.region(other))
        if not self.known.region_network.has_edge(*ends):
            raise WorldRejected('the way is not known')
        return ends

    @cached_property
    def hopeful(self) -> SceneGraph:
        """The world with the ways, too, that are believed to be free: nothing known in it is nearer
        than here, whatever was looked at.
        """
        believed = (c for c in self.known.connections.values() if c.kind == 'traversable')
        gone = tuple(c for c in believed if c.key not in self.graph.connections)
        return self.graph.apply(GraphUpdate(upsert_connections=gone))

    @cached_property
    def sure(self) -> SceneGraph:
        """The world with no ways but those that are free and known from the start."""
        ways = (c for c in self.graph.connections.values() if c.kind == 'traversable')
        hidden = tuple(c for c in ways if c.key not in self.known.connections)
        return self.graph.apply(GraphUpdate(remove_connections=hidden))

    def words_for(self, attribute: str, value: str) -> tuple[str, ...]:
        """A value and its synonyms."""
        return (value, *self.lexicon.attributes[attribute].values[value])

    def rivals_of(self, attribute: str, value: str) -> tuple[str, ...]:
        """The other values of an attribute, and their synonyms."""
        values = self.lexicon.attributes[attribute].values
        return tuple(
            word for other, words in values.items() if other != value for word in (other, *words)
        )

    def attribute(self, name: str, key: str) -> str:
        """The value of an attribute of an object.

        Raises:
            WorldRejected: it has none.
        """
        value = self.graph.nodes[name].attributes.get(key)
        if value is None:
            raise WorldRejected('the target lacks the attribute')
        return value

    def description(self, name: str) -> str:
        """What the robot says of an object when it is to describe it."""
        if reports_of(self.graph) is not None:
            return describe(self.graph, name, self.lexicon)
        return self.graph.nodes[name].description

    def be_at(self, region: str, *evidence: Fact) -> Criterion:
        """To be in a region at the end, and to say so."""
        return Criterion(
            'node',
            accepted=(region,),
            rivals=others(self.graph.regions, (region,)),
            evidence=evidence,
            final_location=region,
        )


def others(names: Iterable[str], accepted: tuple[str, ...]) -> tuple[str, ...]:
    """The names that are not among those accepted."""
    return tuple(name for name in names if name not in accepted)


def target_of(intent: Intent) -> Target:
    """The target of an intent.

    Raises:
        WorldRejected: it has none.
    """
    if intent.target is None:
        raise WorldRejected('a target is missing')
    return intent.target
