# SPDX-License-Identifier: Apache-2.0
"""Changing the hidden facts of a world, so that a sentence has another right answer there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.looking import MAPPED
from prism_core.domains.mapping.naming import make_name
from prism_core.domains.mapping.truth import Truth
from prism_core.domains.mapping.words import Words
from prism_core.episode.episode import Episode
from prism_core.graph.calling import class_of
from prism_core.graph.elements import Connection, GraphUpdate, Node
from prism_core.graph.scene_graph import SceneGraph


@dataclass(frozen=True)
class Pair:
    """An episode whose hidden facts are to be changed."""

    episode: Episode
    intent: Intent
    rng: Random
    words: Words
    found: frozenset[str] = frozenset()

    @property
    def truth(self) -> Truth:
        """What is true before the change."""
        constraints = self.episode.task.intent.constraints
        return Truth(self.true, self.known, self.words.lexicon, constraints, self.found)

    @property
    def true(self) -> SceneGraph:
        """The world."""
        return self.episode.true_graph

    @property
    def known(self) -> SceneGraph:
        """What is known of it at the start."""
        return self.episode.known_graph

    def apply(self, update: GraphUpdate) -> SceneGraph:
        """The true graph with changes that nobody takes for news."""
        return self.true.apply(update).with_revision(self.true.revision)

    def reachable(self) -> set[str]:
        """The regions that the robot can get to, and may."""
        return self.truth.reachable

    def open_regions(self, regions: Iterable[str]) -> list[str]:
        """Those of some regions that nobody has mapped: what lies there is hidden."""
        known = self.known.nodes
        return sorted(r for r in regions if r not in known or not known[r].attributes.get(MAPPED))

    # --------------------------------------------------------------------------------- the values

    def change_value(self) -> SceneGraph | None:
        """Another value for the attribute that is asked for, unless it is known."""
        key = self.intent.attribute
        fact = next((f for f in self.episode.criterion.evidence if f.kind == 'attribute'), None)
        target = self.intent.target
        if fact is None or target is None or any(k == key for k, _ in target.attributes):
            return None
        if self._is_seen(fact.node, key):
            return None
        value = self.true.nodes[fact.node].attributes[key]
        others = self.other_values(key, value)
        if self.intent.value and value != self.intent.value:
            others = [self.intent.value]
        return self.set_values({fact.node: self.rng.choice(others)}, key)

    def _is_seen(self, name: str, key: str) -> bool:
        node = self.known.nodes.get(name)
        return node is not None and key in node.attributes

    def other_values(self, key: str, value: str) -> list[str]:
        """What else an attribute may be."""
        return sorted(set(self.words.lexicon.attributes[key].values) - {value})

    def set_values(self, values: dict[str, str], key: str) -> SceneGraph:
        """The world with other values of an attribute, by object."""
        changes = {name: {key: value} for name, value in values.items()}
        return self.apply(GraphUpdate(set_attributes=changes))

    def change_way(self) -> SceneGraph | None:
        """Block the way that is asked about, or open it."""
        fact = next(f for f in self.episode.criterion.evidence if f.kind == 'way')
        way = Connection('traversable', fact.node, fact.detail)
        if way.key in self.true.connections:
            return self.apply(GraphUpdate(remove_connections=(way,)))
        return self.apply(GraphUpdate(upsert_connections=(way,)))

    # ----------------------------------------------------------------------------------- the things

    def there(self, scope: set[str], *, is_named: bool = False) -> list[str]:
        """The objects that the sentence means, seen from somewhere in a scope; where one of them is
        to be named, those that are known, too, wherever they are.
        """
        target = self.intent.target
        return [
            name
            for name, node in self.true.objects.items()
            if target is not None
            and class_of(node) in target.classes
            and (
                scope.intersection(self.true.viewpoints[name])
                or (is_named and name in self.known.nodes)
            )
        ]

    def _scope(self) -> set[str]:
        """The reachable regions that the question is about."""
        reachable, wanted = self.reachable(), self.intent.region
        if wanted is None:
            return reachable
        return {
            name
            for name in reachable
            if name == wanted.name or class_of(self.true.nodes[name]) in wanted.classes
        }

    def change_presence(
        self, *, is_number: bool = False, is_named: bool = False
    ) -> SceneGraph | None:
        """Take away what was asked for where it is hidden, or put it where nobody has looked.

        Args:
            is_number: how many there are is asked for, so that one less is enough.
            is_named: one of them is to be named, so that there must be others to mistake for it.
        """
        target, scope = self.intent.target, self._scope()
        if target is None:
            return None
        if target.attributes:
            return self._change_fit(is_named=is_named)
        there = self.there(scope, is_named=is_named)
        hidden = [name for name in there if name not in self.known.nodes]
        changed: SceneGraph | None
        if there and (hidden if is_number else hidden == there):
            gone = hidden[:1] if is_number else hidden
            changed = self.apply(GraphUpdate(remove_nodes=tuple(gone)))
        elif there and not is_number:
            return None
        else:
            changed = self.put_one_of(target.classes, scope)
        others = set(self.true.objects) - set(there)
        can_be_mistaken = any(scope.intersection(self.true.viewpoints[name]) for name in others)
        return changed if can_be_mistaken or not is_named else None

    def _change_fit(self, *, is_named: bool) -> SceneGraph | None:
        """Let the only things that fit by a value have another one, or one of its class have it."""
        target = self.intent.target
        if target is None or len(target.attributes) != 1:
            return None
        ((key, value),) = target.attributes
        there = self.there(self.reachable(), is_named=is_named)
        there = [name for name in there if key in self.true.nodes[name].attributes]
        fitting = [n for n in there if self.true.nodes[n].attributes[key] == value]
        hidden = [n for n in (fitting or there) if not self._is_seen(n, key)]
        if fitting:
            if hidden != fitting:
                return None
            others = self.other_values(key, value)
            return self.set_values({name: self.rng.choice(others) for name in fitting}, key)
        return self.set_values({self.rng.choice(hidden): value}, key) if hidden else None

    def move(self, name: str, place: str) -> SceneGraph:
        """The world in which an object stands in another region, and is seen from there alone."""
        region = self.true.nodes[place]
        node = replace(self.true.nodes[name], position=region.position)
        seen_from = tuple(c for ends, c in self.true.connections.items() if name in ends)
        return self.apply(
            GraphUpdate(
                upsert_nodes=(node,),
                remove_connections=seen_from,
                upsert_connections=(Connection('observed_from', name, region.name),),
            )
        )

    def take_away(self, names: Iterable[str]) -> SceneGraph | None:
        """The world without some objects, if they are hidden."""
        gone = tuple(names)
        is_known = not self.known.nodes.keys().isdisjoint(gone)
        return None if is_known else self.apply(GraphUpdate(remove_nodes=gone))

    def put_one_of(self, classes: Iterable[str], scope: set[str]) -> SceneGraph | None:
        """One more object of some classes, of one that the world may hold."""
        facts = self.episode.provenance
        ours = self.words.object_classes(facts['tier'], facts['unseen'], facts['family'])
        fitting = sorted(ours.intersection(classes))
        return self.put(self.rng.choice(fitting), scope) if fitting else None

    def put(
        self,
        object_class: str,
        scope: set[str],
        position: tuple[float, float] | None = None,
    ) -> SceneGraph | None:
        """One more object, in a region of the scope that has not been mapped."""
        regions = self.open_regions(scope)
        if not regions:
            return None
        region = self.true.nodes[self.rng.choice(regions)]
        beside = None
        if region.position is not None:
            x, y = region.position
            beside = (round(x + self.rng.uniform(-3, 3), 1), round(y + self.rng.uniform(-3, 3), 1))
        name = make_name(self.rng, object_class, self.true)
        description = f'{object_class} {self.rng.choice(self.words.object_details)}'
        attributes = self.words.draw_attributes(self.rng, object_class)
        node = Node(name, 'object', position or beside, description, attributes)
        seen = Connection('observed_from', name, region.name)
        return self.apply(GraphUpdate(upsert_nodes=(node,), upsert_connections=(seen,)))

    # ----------------------------------------------------------------------------------- the places

    def change_reach(self) -> SceneGraph | None:
        """Cut off the region that is to be reached, or connect it; a hidden one changes places with
        another that is hidden.
        """
        wanted = self.intent.region
        if wanted is None:
            return None
        region = next(
            name
            for name, node in self.true.regions.items()
            if name == wanted.name or class_of(node) in wanted.classes
        )
        if region not in self.known.nodes:
            return self._swap(region)
        start = self.true.robot_location or ''
        if self.known.is_reachable(start, region):
            return None
        reachable = self.reachable()
        if region in reachable:
            ways = tuple(
                connection
                for ends, connection in self.true.connections.items()
                if region in ends and connection.kind == 'traversable'
            )
            return self.apply(GraphUpdate(remove_connections=ways))
        open_regions = self.open_regions(reachable)
        if not open_regions or not self.open_regions([region]):
            return None
        nearest = min(open_regions, key=lambda name: (self.true.distance_m(region, name), name))
        way = Connection('traversable', region, nearest)
        return self.apply(GraphUpdate(upsert_connections=(way,)))

    def _swap(self, region: str) -> SceneGraph | None:
        """The same world, in which the region and another hidden one have changed places."""
        hidden = [n for n in self.reachable() if n not in self.known.nodes and n != region]
        if not hidden:
            return None
        other = self.rng.choice(sorted(hidden))
        renamed = {region: other, other: region}
        nodes = [
            replace(node, position=self.true.nodes[renamed.get(node.name, node.name)].position)
            for node in self.true.nodes.values()
        ]
        connections = [
            replace(
                connection,
                source=renamed.get(connection.source, connection.source),
                target=renamed.get(connection.target, connection.target),
            )
            for connection in self.true.connections.values()
        ]
        return SceneGraph(
            nodes,
            connections,
            robot_location=self.true.robot_location,
            attributes=self.true.attributes,
        )
