# SPDX-License-Identifier: Apache-2.0
"""What kinds share that ask about something observed of several objects."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.planning.several import Values
from prism_core.domains.mapping.truth import Truth, target_of
from prism_core.episode.criterion import Fact
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of
from prism_core.graph.scene_graph import SceneGraph

_IN_A_REGION, _SEVERAL_FIRST = 0.6, 0.8


class Observed(Kind):
    """A question about attributes of several objects, none of which a student has learned yet."""

    __slots__ = ()

    is_drawn_unasked = False
    reads_whole = True
    is_guessable = True
    is_within = True

    def change(self, pair: Pair) -> SceneGraph | None:
        """Another value for one of them."""
        return change_a_value(self, pair)


def members_of(truth: Truth, intent: Intent) -> tuple[list[str], tuple[Fact, ...]]:
    """The objects that an intent asks about, whatever their attributes, and what must be known to
    know them all.

    Raises:
        WorldRejected: one cannot be reached, or is no single one.
    """
    if intent.among:
        names = [truth.one_object(target) for target in intent.among]
        if len(set(names)) < len(names):
            raise WorldRejected('one is named twice')
        return names, ()
    target = target_of(intent)
    region = truth.region(intent.region) if intent.region else ''
    names = truth.all_of(Target(classes=target.classes, name=target.name))
    if region:
        names = [name for name in names if region in truth.graph.viewpoints[name]]
    elif not all(map(truth.can_be_reached, names)):
        raise WorldRejected('a target cannot be reached')
    return names, truth.scope(region)


def looks_at(truth: Truth, names: list[str], values: Values) -> tuple[Fact, ...]:
    """What must be observed of some objects to know which of them have all of some values.

    Raises:
        WorldRejected: one lacks an attribute.
    """
    facts = []
    for name in names:
        for key, value in values:
            facts.append(Fact('attribute', name, key))
            if value and truth.attribute(name, key) != value:
                break
    return tuple(facts)


def fits(truth: Truth, name: str, values: Values) -> bool:
    """Whether an object has all of some values."""
    return all(truth.attribute(name, key) == value for key, value in values)


def change_a_value(kind: Kind, pair: Pair) -> SceneGraph | None:
    """Another value for one of the objects that were to be looked at, or two of them exchanged, so
    that the answer is another; None where what is hidden decides nothing.
    """
    before = pair.episode.criterion
    facts = (*before.evidence, *before.any_of)
    places = {(f.node, f.detail): None for f in facts if f.kind == 'attribute'}
    hidden = [
        (name, key)
        for name, key in places
        if name not in pair.known.nodes or key not in pair.known.nodes[name].attributes
    ]
    pair.rng.shuffle(hidden)
    changed = (pair.set_values(values, key) for key, values in _changes(pair, hidden))
    return next((world for world in changed if is_other_answer(kind, pair, world)), None)


def _changes(pair: Pair, hidden: list[tuple[str, str]]) -> Iterator[tuple[str, dict[str, str]]]:
    """What may be changed of the hidden attributes of some objects."""
    seen = {(name, key): pair.true.nodes[name].attributes[key] for name, key in hidden}
    for (name, key), value in seen.items():
        others = pair.other_values(key, value)
        for other in pair.rng.sample(others, len(others)):
            yield key, {name: other}
    for (one, key), (other, other_key) in combinations(hidden, 2):
        if key == other_key:
            yield key, {one: seen[other, key], other: seen[one, key]}


def is_other_answer(kind: Kind, pair: Pair, changed: SceneGraph) -> bool:
    """Whether there is a right answer in a changed world, and another than before."""
    before = pair.episode.criterion
    try:
        after = kind.solve(Truth(changed, pair.known, pair.words.lexicon), pair.intent)
    except WorldRejected:
        return False
    return (after.answer, after.accepted) != (before.answer, before.accepted)


# --------------------------------------------------------------------------------------- drawing


def draw_class(
    source: IntentSource, keys: frozenset[str] = frozenset()
) -> tuple[str, Target, Target | None]:
    """An object; a target that means all of its class, more often than not one of which there are
    several; and a region that it is seen from, None for everywhere.

    `keys` are attributes of which it must have one; empty for none.
    """
    nodes = source.true.objects
    fitting = [n for n, node in nodes.items() if not (keys and keys.isdisjoint(node.attributes))]
    classes = [class_of(nodes[name]) for name in fitting]
    several = [name for name in fitting if classes.count(class_of(nodes[name])) > 1]
    is_of_several = bool(several) and source.rng.random() < _SEVERAL_FIRST
    name = source.choose(several if is_of_several else fitting, 'object')
    region = None
    if source.rng.random() < _IN_A_REGION:
        region = source.draw_region(source.true.viewpoints[name])
    return name, source.plain(name), region


def draw_among(
    source: IntentSource, keys: frozenset[str], number: int
) -> tuple[str, tuple[Target, ...]]:
    """An attribute of some, and objects that have it.

    Raises:
        WorldRejected: there are not so many.
    """
    nodes = source.true.objects
    having = {
        key: [name for name, node in nodes.items() if key in node.attributes]
        for key in sorted(keys)
    }
    key = source.choose([k for k, names in having.items() if len(names) >= number], 'attribute')
    return key, definite_of(source, source.rng.sample(having[key], number))


def definite_of(source: IntentSource, names: list[str]) -> tuple[Target, ...]:
    """Targets that mean one object each.

    Raises:
        WorldRejected: it takes a value to tell which one is meant.
    """
    among = tuple(map(source.definite, names))
    if any(target.attributes for target in among):
        raise WorldRejected('it takes a value to tell which one is meant')
    return among
