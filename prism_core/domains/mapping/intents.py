"""Drawing intents that suit a world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from prism_core.domains.mapping.words import Words
from prism_core.errors import WorldRejected
from prism_core.intent import Intent, Target, class_of
from prism_core.scene_graph import SceneGraph

CORE_KINDS = ('go_to', 'find', 'locate', 'attribute', 'yes_no', 'count', 'absent', 'vague')
KINDS = (
    *CORE_KINDS,
    *('reach', 'exists', 'compare', 'nearest', 'map_area', 'survey', 'describe', 'passable'),
    *('conditional', 'sequence', 'ambiguous'),
)
"""Kinds of task: those of intents, `absent` (find what is not there) and `ambiguous` (a target of
which several are known)."""

_HIDDEN_FIRST, _BY_NAME, _BY_PURPOSE, _BY_GROUP, _WITH_VALUE = 0.7, 0.3, 0.4, 0.15, 0.2
_EVERYWHERE, _BY_POSITION, _WAY_CONDITION = 0.3, 0.35, 0.4
_LOOK_ALIKE_FIRST = 0.5


class IntentSource:
    """Draws intents for one world; `is_core` leaves out what only the full tier has.

    `favored` are object classes to ask for where there is a choice.
    """

    def __init__(
        self,
        rng: Random,
        true_graph: SceneGraph,
        known_graph: SceneGraph,
        words: Words,
        family_classes: frozenset[str],
        *,
        is_core: bool,
        favored: Callable[[str], bool] = lambda _: True,
    ):
        self._rng = rng
        self._true = true_graph
        self._known = known_graph
        self._words = words
        self._classes = family_classes
        self._is_core = is_core
        self._favored = favored

    def draw(self, kind: str) -> Intent:
        """An intent of a kind.

        Raises:
            WorldRejected: the world has nothing that the kind needs.
        """
        return _DRAWERS[kind](self)

    # -------------------------------------------------------------------------------- the parts

    def _choose(self, names: Sequence[str], what: str) -> str:
        if not names:
            raise WorldRejected(f'no {what} to ask for')
        return self._rng.choice(names)

    def _object(self, *, with_attributes: bool = False) -> str:
        """An object, more often than not one that is hidden."""
        nodes = self._true.objects
        names = [n for n, node in nodes.items() if node.attributes or not with_attributes]
        names = [n for n in names if self._favored(class_of(nodes[n]))] or names
        hidden = [n for n in names if n not in self._known.nodes]
        if hidden and self._rng.random() < _HIDDEN_FIRST:
            names = hidden
        return self._choose(names, 'object')

    def _definite(self, name: str) -> Target:
        """A target that means one object: by its class, by its name, or by class and value."""
        node = self._true.objects[name]
        target = Target(classes=(class_of(node),))
        alike = [n for n in self._true.objects.values() if class_of(n) == class_of(node)]
        is_known = name in self._known.nodes
        by_name = self._rng.random() < _BY_NAME or (len(alike) > 1 and self._is_core)
        if is_known and by_name:
            return Target(name=name)
        if len(alike) > 1 and node.attributes and not self._is_core:
            key = self._rng.choice(sorted(node.attributes))
            return Target(classes=target.classes, attributes=((key, node.attributes[key]),))
        return target

    def _region(self, among: Sequence[str] = ()) -> Target:
        name = self._choose(list(among or self._true.regions), 'region')
        node = self._true.regions[name]
        alike = [n for n in self._true.regions.values() if class_of(n) == class_of(node)]
        is_known = name in self._known.nodes
        if is_known and (len(alike) > 1 or self._rng.random() < _BY_NAME):
            return Target('region', name=name)
        return Target('region', classes=(class_of(node),))

    def _two_regions(self, among: Sequence[str] = ()) -> tuple[Target, Target]:
        names = list(among or self._true.regions)
        if len(names) < 2:
            raise WorldRejected('no two regions to ask for')
        one, other = self._rng.sample(names, 2)
        return self._region([one]), self._region([other])

    def _kind_of_object(self, name: str) -> Target:
        """A target that any of several objects may meet: by class, purpose, group or value."""
        lexicon, rng = self._words.lexicon, self._rng
        node = self._true.objects[name]
        entry = lexicon.objects[class_of(node)]
        purposes = [p for p in entry.purposes if self._is_ours(lexicon.classes_for[p])]
        if purposes and rng.random() < _BY_PURPOSE:
            purpose = rng.choice(purposes)
            return Target(classes=lexicon.classes_for[purpose], purpose=purpose)
        groups = [g for g in lexicon.groups.values() if entry.name in g and self._is_ours(g)]
        if groups and not self._is_core and rng.random() < _BY_GROUP:
            return Target(classes=rng.choice(groups))
        if node.attributes and not self._is_core and rng.random() < _WITH_VALUE:
            key = rng.choice(sorted(node.attributes))
            return Target(classes=(entry.name,), attributes=((key, node.attributes[key]),))
        return Target(classes=(entry.name,))

    def _is_ours(self, classes: Sequence[str]) -> bool:
        """Whether none of some classes is out of bounds for this world's tier and split."""
        return bool(classes) and any(c in self._classes for c in classes)

    def _asked_value(self, name: str) -> tuple[str, str]:
        """An attribute of an object, hidden more often than not, and a value to ask about."""
        attributes = self._true.objects[name].attributes
        known = self._known.nodes.get(name)
        hidden = [k for k in attributes if known is None or k not in known.attributes]
        keys = hidden if hidden and self._rng.random() < _HIDDEN_FIRST else list(attributes)
        key = self._choose(sorted(keys), 'attribute')
        others = sorted(set(self._words.lexicon.attributes[key].values) - {attributes[key]})
        is_true = self._rng.random() < 0.5
        return key, attributes[key] if is_true else self._rng.choice(others)

    def _present_classes(self) -> set[str]:
        return {class_of(node) for node in self._true.objects.values()}

    # -------------------------------------------------------------------------------- the kinds

    def _go_to(self) -> Intent:
        reachable = self._true.reachable_regions(self._true.robot_location or '')
        among = [n for n in self._true.regions if n in reachable and n != self._true.robot_location]
        return Intent('go_to', region=self._region(among))

    def _reach(self) -> Intent:
        start = self._true.robot_location or ''
        reachable = self._true.reachable_regions(start)
        cut_off = [n for n in self._known.regions if n not in reachable]
        unknown = [n for n in self._known.regions if not self._known.is_reachable(start, n)]
        return Intent('reach', region=self._region(cut_off or unknown or list(self._known.regions)))

    def _find(self) -> Intent:
        return Intent('find', target=self._kind_of_object(self._object()))

    def _absent(self) -> Intent:
        lexicon, present = self._words.lexicon, self._present_classes()
        absent = sorted(self._classes - present)
        absent = [c for c in absent if self._favored(c)] or absent
        alike = [c for c in absent if not present.isdisjoint(lexicon.objects[c].looks_like)]
        if alike and self._rng.random() < _LOOK_ALIKE_FIRST:
            absent = alike
        name = self._choose(absent, 'absent class')
        purposes = [
            p
            for p in lexicon.objects[name].purposes
            if not present.intersection(lexicon.classes_for[p])
        ]
        if purposes and self._rng.random() < _BY_PURPOSE:
            purpose = self._rng.choice(purposes)
            return Intent(
                'find', target=Target(classes=lexicon.classes_for[purpose], purpose=purpose)
            )
        return Intent('find', target=Target(classes=(name,)))

    def _locate(self) -> Intent:
        return Intent('locate', target=self._definite(self._object()))

    def _attribute(self) -> Intent:
        name = self._object(with_attributes=True)
        key, _ = self._asked_value(name)
        return Intent('attribute', target=self._definite(name), attribute=key)

    def _yes_no(self) -> Intent:
        name = self._object(with_attributes=True)
        key, value = self._asked_value(name)
        return Intent('yes_no', target=self._definite(name), attribute=key, value=value)

    def _describe(self) -> Intent:
        return Intent('describe', target=self._definite(self._object()))

    def _exists(self) -> Intent:
        if self._rng.random() < 0.5 and self._true.objects:
            name = self._object()
            region = self._region(self._true.viewpoints[name])
            return Intent('exists', target=self._plain(name), region=region)
        name = self._choose(sorted(self._classes), 'class')
        return Intent('exists', target=Target(classes=(name,)), region=self._region())

    def _plain(self, name: str) -> Target:
        return Target(classes=(class_of(self._true.objects[name]),))

    def _count(self) -> Intent:
        name = self._object()
        target = self._plain(name)
        groups = [
            g for g in self._words.lexicon.groups.values()
            if target.classes[0] in g and self._is_ours(g)
        ]  # fmt: skip
        if groups and not self._is_core and self._rng.random() < _BY_GROUP:
            target = Target(classes=self._rng.choice(groups))
        if self._rng.random() < _EVERYWHERE:
            return Intent('count', target=target)
        region = self._region(self._true.viewpoints[name])
        return Intent('count', target=target, region=region)

    def _compare(self) -> Intent:
        name = self._object()
        here = self._true.viewpoints[name][0]
        others = [n for n in self._true.regions if n != here]
        pair = [self._region([here]), self._region(others)]
        self._rng.shuffle(pair)
        target = self._plain(name)
        return Intent('compare', target=target, region=pair[0], other_region=pair[1])

    def _nearest(self) -> Intent:
        name = self._object()
        region = self._region(self._true.viewpoints[name])
        return Intent('nearest', target=self._definite(name), region=region)

    def _map_area(self) -> Intent:
        if self._rng.random() >= _BY_POSITION:
            return Intent('map_area', region=self._region())
        unknown = [n for n in self._true.regions if n not in self._known.nodes]
        name = self._choose(unknown or list(self._true.regions), 'region')
        x, y = self._true.nodes[name].position
        return Intent('map_area', position=(float(round(x)), float(round(y))))

    def _survey(self) -> Intent:
        return Intent('survey')

    def _passable(self) -> Intent:
        one, other = self._known_way()
        return Intent('passable', region=one, other_region=other)

    def _known_way(self) -> tuple[Target, Target]:
        ways = list(self._known.region_network.edges)
        blocked = [way for way in ways if not self._true.region_network.has_edge(*way)]
        if not ways:
            raise WorldRejected('no way to ask for')
        one, other = self._rng.choice(blocked if blocked and self._rng.random() < 0.5 else ways)
        return self._region([one]), self._region([other])

    def _conditional(self) -> Intent:
        region, other = self._two_regions()
        if self._rng.random() < _WAY_CONDITION:
            ends = self._known_way()
            return Intent('conditional', ends=ends, region=region, other_region=other)
        name = self._object(with_attributes=True)
        key, value = self._asked_value(name)
        return Intent(
            'conditional',
            target=self._definite(name),
            attribute=key,
            value=value,
            region=region,
            other_region=other,
        )

    def _sequence(self) -> Intent:
        steps = []
        number = self._rng.choice((2, 2, 3))
        looking = self._rng.randrange(number)  # at least one step is more than driving by
        for index in range(number):
            if index != looking and self._rng.random() < 0.7:
                steps.append(Intent('go_to', region=self._region()))
            else:
                name = self._object(with_attributes=True)
                key, _ = self._asked_value(name)
                steps.append(Intent('attribute', target=self._definite(name), attribute=key))
        return Intent('sequence', steps=tuple(steps))

    def _ambiguous(self) -> Intent:
        classes = [class_of(node) for node in self._known.objects.values()]
        several = sorted({c for c in classes if classes.count(c) > 1})
        name = self._choose(several, 'class of which several are known')
        if self._rng.random() < 0.4:
            return Intent('locate', target=Target(classes=(name,)))
        key = self._rng.choice(sorted(self._words.lexicon.objects[name].attributes))
        return Intent('attribute', target=Target(classes=(name,)), attribute=key)

    def _vague(self) -> Intent:
        return Intent('vague')


_DRAWERS: dict[str, Callable[[IntentSource], Intent]] = {
    'go_to': IntentSource._go_to,
    'reach': IntentSource._reach,
    'find': IntentSource._find,
    'absent': IntentSource._absent,
    'locate': IntentSource._locate,
    'attribute': IntentSource._attribute,
    'yes_no': IntentSource._yes_no,
    'describe': IntentSource._describe,
    'exists': IntentSource._exists,
    'count': IntentSource._count,
    'compare': IntentSource._compare,
    'nearest': IntentSource._nearest,
    'map_area': IntentSource._map_area,
    'survey': IntentSource._survey,
    'passable': IntentSource._passable,
    'conditional': IntentSource._conditional,
    'sequence': IntentSource._sequence,
    'ambiguous': IntentSource._ambiguous,
    'vague': IntentSource._vague,
}
