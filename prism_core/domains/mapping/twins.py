"""Twins: the same sentence and the same known graph, other hidden facts and another right answer.

A planner that guesses is wrong on one of the two; only one that looks is right on both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from prism_core.criterion import Criterion
from prism_core.domains.mapping.solution import solve
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.world import make_name
from prism_core.episode import Episode
from prism_core.errors import WorldRejected
from prism_core.graph_elements import Connection, GraphUpdate, Node
from prism_core.intent import Intent, class_of
from prism_core.mission_state import MAPPED
from prism_core.scene_graph import SceneGraph

# How a new object lies between two that are compared by distance.
_NEARER = 0.5


def make_twin(episode: Episode, rng: Random, words: Words) -> Episode | None:
    """The other one of the pair; None where no hidden fact decides the answer."""
    intent = episode.task.intent
    change = _CHANGES.get(intent.kind) if intent is not None else None
    if change is None or intent is None or episode.criterion.answer == 'clarify':
        return None
    true_graph = change(_Pair(episode, intent, rng, words))
    if true_graph is None:
        return None
    try:
        criterion = solve(intent, true_graph, episode.known_graph, words.lexicon)
    except WorldRejected:
        return None
    if _is_same(criterion, episode.criterion) and intent.kind not in ('go_to', 'reach'):
        return None
    kind = episode.task.kind
    if intent.kind == 'find':
        kind = 'absent' if criterion.answer == 'absence' else 'find'
    task = replace(episode.task, kind=kind)
    return replace(episode, task=task, criterion=criterion, true_graph=true_graph)


def _is_same(one: Criterion, other: Criterion) -> bool:
    return (one.answer, one.accepted) == (other.answer, other.accepted)


@dataclass(frozen=True)
class _Pair:
    """An episode whose hidden facts are to be changed."""

    episode: Episode
    intent: Intent
    rng: Random
    words: Words

    @property
    def true(self) -> SceneGraph:
        return self.episode.true_graph

    @property
    def known(self) -> SceneGraph:
        return self.episode.known_graph

    def apply(self, update: GraphUpdate) -> SceneGraph:
        return self.true.apply(update).with_revision(self.true.revision)

    def reachable(self) -> set[str]:
        return self.true.reachable_regions(self.true.robot_location or '')

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
        others = self._other_values(key, value)
        if self.intent.value and value != self.intent.value:
            others = [self.intent.value]
        return self._set({fact.node: self.rng.choice(others)}, key)

    def _is_seen(self, name: str, key: str) -> bool:
        node = self.known.nodes.get(name)
        return node is not None and key in node.attributes

    def _other_values(self, key: str, value: str) -> list[str]:
        return sorted(set(self.words.lexicon.attributes[key].values) - {value})

    def _set(self, values: dict[str, str], key: str) -> SceneGraph:
        changes = {name: {key: value} for name, value in values.items()}
        return self.apply(GraphUpdate(set_attributes=changes))

    def change_condition(self) -> SceneGraph | None:
        """The other case of a condition."""
        return self.change_value() if self.intent.ends is None else self.change_way()

    def change_way(self) -> SceneGraph | None:
        """Block the way that is asked about, or open it."""
        fact = next(f for f in self.episode.criterion.evidence if f.kind == 'way')
        way = Connection('traversable', fact.node, fact.detail)
        if way.key in self.true.connections:
            return self.apply(GraphUpdate(remove_connections=(way,)))
        return self.apply(GraphUpdate(upsert_connections=(way,)))

    # ----------------------------------------------------------------------------------- the things

    def _there(self, scope: set[str]) -> list[str]:
        """The objects that the sentence means, seen from somewhere in a scope."""
        target = self.intent.target
        return [
            name
            for name, node in self.true.objects.items()
            if target is not None
            and class_of(node) in target.classes
            and (scope.intersection(self.true.viewpoints[name]) or self._is_known_find(name))
        ]

    def _is_known_find(self, name: str) -> bool:
        """What is known can be named as found, wherever it is."""
        return self.intent.kind == 'find' and name in self.known.nodes

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

    def change_presence(self) -> SceneGraph | None:
        """Take away what was asked for where it is hidden, or put it where nobody has looked."""
        target, scope = self.intent.target, self._scope()
        if target is None:
            return None
        if target.attributes:
            return self._change_fit()
        there = self._there(scope)
        hidden = [name for name in there if name not in self.known.nodes]
        is_count = self.intent.kind == 'count'
        changed: SceneGraph | None
        if there and (hidden if is_count else hidden == there):
            changed = self.apply(
                GraphUpdate(remove_nodes=tuple(hidden[:1] if is_count else hidden))
            )
        elif there and not is_count:
            return None
        else:
            changed = self._put_one_of(target.classes, scope)
        others = set(self.true.objects) - set(there)
        can_be_mistaken = any(scope.intersection(self.true.viewpoints[name]) for name in others)
        return changed if can_be_mistaken or self.intent.kind != 'find' else None

    def _change_fit(self) -> SceneGraph | None:
        """Let the only things that fit by a value have another one, or one of its class have it."""
        target = self.intent.target
        if target is None or len(target.attributes) != 1:
            return None
        ((key, value),) = target.attributes
        there = [n for n in self._there(self.reachable()) if key in self.true.nodes[n].attributes]
        fitting = [n for n in there if self.true.nodes[n].attributes[key] == value]
        hidden = [n for n in (fitting or there) if not self._is_seen(n, key)]
        if fitting:
            if hidden != fitting:
                return None
            others = self._other_values(key, value)
            return self._set({name: self.rng.choice(others) for name in fitting}, key)
        return self._set({self.rng.choice(hidden): value}, key) if hidden else None

    def change_majority(self) -> SceneGraph | None:
        """More of what is compared in the region that had less, if nobody has looked there."""
        target, winner = self.intent.target, self.episode.criterion.accepted[0]
        loser = next(f.node for f in self.episode.criterion.evidence if f.node != winner)
        gap = len(self._there({winner})) - len(self._there({loser}))
        changed: SceneGraph | None = self.true
        for _ in range(gap + 1):
            if changed is None or target is None:
                return None
            grown = replace(self, episode=replace(self.episode, true_graph=changed))
            changed = grown._put_one_of(target.classes, {loser})
        return changed

    def change_contents(self) -> SceneGraph | None:
        """One more thing in the region that is to be mapped."""
        region = self.episode.criterion.evidence[0].node
        classes = sorted({class_of(node) for node in self.true.objects.values()})
        return self._put(self.rng.choice(classes), {region}) if classes else None

    def change_nearest(self) -> SceneGraph | None:
        """Something that lies nearer."""
        anchor = self.true.nodes[self.episode.criterion.evidence[0].node]
        best = self.true.nodes[self.episode.criterion.accepted[0]]
        (x, y), (best_x, best_y) = anchor.position, best.position
        position = (
            round(x + _NEARER * (best_x - x), 1),
            round(y + _NEARER * (best_y - y), 1),
        )
        region = self.episode.criterion.evidence[1].node
        classes = sorted(
            {class_of(node) for node in self.true.objects.values()} - {class_of(anchor)}
        )
        return self._put(self.rng.choice(classes), {region}, position) if classes else None

    def change_place(self) -> SceneGraph | None:
        """What is sought stands elsewhere."""
        name = self.episode.criterion.evidence[0].node
        if name in self.known.nodes:
            return None
        regions = set(self.open_regions(self.reachable())) - set(self.true.viewpoints[name])
        if not regions:
            return None
        region = self.true.nodes[self.rng.choice(sorted(regions))]
        node = replace(self.true.nodes[name], position=region.position)
        seen_from = tuple(c for ends, c in self.true.connections.items() if name in ends)
        return self.apply(
            GraphUpdate(
                upsert_nodes=(node,),
                remove_connections=seen_from,
                upsert_connections=(Connection('observed_from', name, region.name),),
            )
        )

    def _put_one_of(self, classes: Iterable[str], scope: set[str]) -> SceneGraph | None:
        """One more object of some classes, of one that the world may hold."""
        facts = self.episode.provenance
        ours = self.words.object_classes(facts['tier'], facts['unseen'], facts['family'])
        fitting = sorted(ours.intersection(classes))
        return self._put(self.rng.choice(fitting), scope) if fitting else None

    def _put(
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
        here = self.true.nodes[region]
        open_regions = self.open_regions(reachable)
        if not open_regions or not self.open_regions([region]):
            return None
        nearest = min(open_regions, key=lambda name: (here.distance_m(self.true.nodes[name]), name))
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


_CHANGES = {
    'attribute': _Pair.change_value,
    'compare': _Pair.change_majority,
    'conditional': _Pair.change_condition,
    'count': _Pair.change_presence,
    'exists': _Pair.change_presence,
    'find': _Pair.change_presence,
    'go_to': _Pair.change_reach,
    'locate': _Pair.change_place,
    'map_area': _Pair.change_contents,
    'nearest': _Pair.change_nearest,
    'passable': _Pair.change_way,
    'reach': _Pair.change_reach,
    'yes_no': _Pair.change_value,
}
