"""What a request speaks of, by whatever word, among what is known: things, regions, attributes and
values. Where it speaks of none of a kind, it may be about all of them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from prism_core.calling import alike, classes_of
from prism_core.dialects.own_classes import FUNCTION_WORDS, OwnClasses, calls_of_all, named_so
from prism_core.dialects.plain_text import PHRASE
from prism_core.intent import IntentKind, Target, class_of, class_of_name
from prism_core.lexicon import Lexicon
from prism_core.scene_graph import SceneGraph

_MAX_PHRASE_WORDS = 3
_NAME = re.compile(r'[\w.\-]*\w')
_NUMBERED = re.compile(r'[\w.\-]*\d')
_WORD = re.compile('[a-z]+')
_NUMBERS = re.compile(r'(?<![\w.\-])-?\d+(?:\.\d+)?(?![\w\-]|\.\d)')
_OF_ONE_REGION: tuple[IntentKind, ...] = ('map_area', 'exists', 'count')
_OF_THINGS: tuple[IntentKind, ...] = (
    'find', 'locate', 'attribute', 'yes_no', 'describe', 'exists', 'count', 'compare', 'nearest',
)  # fmt: skip
_OF_SEVERAL: tuple[IntentKind, ...] = ('conditional', 'sequence')
_BETWEEN_REGIONS: tuple[IntentKind, ...] = ('passable', 'compare')
_REGION_KINDS: tuple[IntentKind, ...] = ('go_to', 'reach', 'map_area', 'passable', 'conditional')


class Topic:
    """Of a request on one known graph."""

    def __init__(self, request: str, graph: SceneGraph, lexicon: Lexicon):
        self._request, self._graph, self._lexicon = request, graph, lexicon
        self._names = dict.fromkeys(_NAME.findall(request))
        numbered = (n for n in self._names if n[-1].isdigit() and class_of_name(n) != n)
        self.numbered = {named_so(name, graph) for name in numbered}
        self._names |= dict.fromkeys(sorted(self.numbered))
        self._said = _WORD.findall(request.lower())
        self.values = lexicon.said_values(request)
        self._own_classes = OwnClasses(request, graph, lexicon)
        spoken = lexicon.said_things(self._own_classes.rest)
        self._spoken = {called for said in spoken for called in lexicon.meant_by(said)}
        self.things = (*spoken, *self._called_otherwise())
        """What goals are about: classes, groups and purposes."""
        self.classes = {c for said in self.things for c in lexicon.meant_by(said)}
        numbers = [float(said) for said in _NUMBERS.findall(request)]
        self.positions = [*itertools.pairwise(numbers)]
        """What may be meant as a position, x and y in metres."""
        here = graph.robot_location
        self._reached = graph.reachable_regions(here) if here is not None else set()

    # ---------------------------------------------------------------------------- what is spoken of

    def _called_otherwise(self) -> Iterator[str]:
        """The classes of known nodes that the request names, or calls by a word of no lexicon."""
        said = self._own_classes.said
        for name, node in self._graph.nodes.items():
            called = class_of(node)
            if name in self._names or called in said:
                yield called
        yield from self._own_classes.ends

    @cached_property
    def asks_attributes(self) -> bool:
        """Whether the request asks for attributes."""
        return bool(self._lexicon.asked_attributes(self._request))

    @cached_property
    def attributes(self) -> list[str]:
        """The attributes that may be asked for."""
        asked = self._lexicon.asked_attributes(self._request)
        return [key for key in self._lexicon.attributes if not asked or key in asked]

    @cached_property
    def asked(self) -> list[str]:
        """Those attributes of which the request says no value; all, where there are none."""
        return [key for key in self.attributes if key not in self.values] or self.attributes

    @cached_property
    def _numbered_alone(self) -> set[str]:
        """The classes of which the request numbers one, and does not speak besides."""
        return {*map(class_of_name, self.numbered)} - self._spoken

    def _may_mean(self, name: str, classes: set[str]) -> bool:
        """Whether a node may be meant, where the request speaks of these classes: if it numbers one
        of the node's class and does not speak of the class besides, only that one.
        """
        called = class_of(self._graph.nodes[name])
        if name in self.numbered:
            return True
        return called not in self._numbered_alone and (
            not classes or not self.classes_of(name).isdisjoint(classes)
        )

    @cached_property
    def object_choices(self) -> list[frozenset[str]]:
        """For each thing that the request speaks of and that is no place, what it may mean."""
        places = {*self._lexicon.regions, *self._region_calls}
        meant = (frozenset(self._lexicon.meant_by(said)) for said in self.things)
        return [classes for classes in meant if classes.isdisjoint(places)]

    def classes_of(self, name: str) -> frozenset[str]:
        """What a node may be called, for its class; one that is gone, for the class that its name
        tells.
        """
        node = self._graph.nodes.get(name)
        if node is None:
            return self._lexicon.classes_of(class_of_name(name))
        return self._lexicon.calls_of(node)

    @cached_property
    def _region_calls(self) -> frozenset[str]:
        return calls_of_all(self._graph.regions, self._graph.objects)

    @cached_property
    def _object_calls(self) -> frozenset[str]:
        return calls_of_all(self._graph.objects, self._graph.regions)

    def meant_of(self, names: Sequence[str]) -> list[str]:
        """Of known nodes of which the request speaks, those that are meant where it means one: by
        each class those that are called exactly so, or else all that are.
        """
        found: dict[str, None] = {}
        for said in sorted(self.classes):
            called = [name for name in names if said in self.classes_of(name)]
            found |= dict.fromkeys(
                [n for n in called if self._is_called_exactly(n, said)] or called
            )
        return [*found] or [*names]

    def _is_called_exactly(self, name: str, said: str) -> bool:
        full = classes_of(self._graph.nodes[name])
        return any(said in self._lexicon.classes_of(called) for called in full)

    @cached_property
    def alike(self) -> list[str]:
        """The known nodes that bear a word of which the request speaks and by which no known node
        is called: none of it is said not to be there before it was asked about.
        """
        nodes = self._graph.nodes
        missing = self.classes - self._object_calls - self._region_calls
        missing -= {called for name in nodes for called in self.classes_of(name)}
        if not missing:
            return []
        return alike(nodes, Target(classes=(*sorted(missing),)), self._lexicon.is_listed)

    @cached_property
    def object_classes(self) -> set[str]:
        """The classes of objects that the request speaks of."""
        return self.classes & {*self._lexicon.objects, *self._object_calls}

    @cached_property
    def objects(self) -> list[str]:
        """The known objects that the request may speak of."""
        return [n for n in self._graph.objects if self._may_mean(n, self.object_classes)]

    @cached_property
    def near_objects(self) -> list[str]:
        """Those objects that can be seen from where known ways lead."""
        seen_from = self._graph.viewpoints
        return [name for name in self.objects if not self._reached.isdisjoint(seen_from[name])]

    @cached_property
    def _region_classes(self) -> set[str]:
        return self.classes & {*self._lexicon.regions, *self._region_calls}

    @cached_property
    def regions(self) -> list[str]:
        """The known regions that the request may speak of."""
        return [n for n in self._graph.regions if self._may_mean(n, self._region_classes)]

    @cached_property
    def places(self) -> set[str]:
        """The classes of regions that the request speaks of, and that no object is called by."""
        return self._region_classes - {*self._lexicon.objects, *self._object_calls}

    @cached_property
    def named_regions(self) -> list[str]:
        """The known regions that the request numbers."""
        return [name for name in self._graph.regions if name in self.numbered]

    @property
    def speaks_of_places(self) -> bool:
        """Whether the request speaks of regions, and not of objects that are called alike."""
        return bool(self.places or self.named_regions)

    @cached_property
    def other_places(self) -> set[str]:
        """The classes of regions that the request speaks of and numbers none of."""
        return self.places - {class_of_name(name) for name in self.named_regions}

    @property
    def number_of_places(self) -> int:
        """How many regions the request speaks of, as far as that is known."""
        return len(self.named_regions) + len(self.other_places)

    @property
    def number_of_values(self) -> int:
        """How many values the request speaks of."""
        return sum(map(len, self.values.values()))

    @property
    def near_regions(self) -> list[str]:
        """All regions where known ways lead."""
        return [name for name in self._graph.regions if name in self._reached]

    @property
    def far_regions(self) -> list[str]:
        """The known regions to which a way has to be found: those that the request speaks of, by
        themselves or by what is seen from them.
        """
        said = {*self.regions} if self._region_classes or not self.things else set()
        if self.object_classes:
            said |= {r for name in self.objects for r in self._graph.viewpoints[name]}
        return [n for n in self._graph.regions if n in said and n not in self._reached]

    @cached_property
    def all_words(self) -> list[str]:
        """What goals may be about: what the request speaks of, or else all that the lexicon or the
        graph has; and the request's own words.
        """
        lexicon = self._lexicon
        found = [name for said in self.things for name in (said, *lexicon.meant_by(said))]
        if not found:
            found = [*lexicon.objects, *lexicon.regions, *lexicon.purposes, *lexicon.groups]
            found += map(class_of, self._graph.nodes.values())
        found += map(class_of_name, self.numbered)
        return [*filter(PHRASE.fullmatch, dict.fromkeys((*found, *self._own_phrases)))]

    @cached_property
    def _object_words(self) -> list[str]:
        regions = {*self._lexicon.regions, *self._region_calls}
        objects = {*self._lexicon.objects, *self._object_calls}
        places = regions - objects
        return [w for w in self.all_words if not places.issuperset(self._lexicon.meant_by(w))]

    def may_be_goal(self, kind: IntentKind) -> bool:
        """Whether the request may ask for this: not for an attribute or a value of what it speaks
        of, unless it says which; nothing is vague that it speaks of.
        """
        if self._is_all_known and not self._is_said_enough(kind):
            return False
        if kind == 'yes_no':
            return bool(self.values) or not self.things
        if kind == 'attribute':
            return self.asks_attributes or not self.things
        if kind in _OF_ONE_REGION and self.number_of_places > 1:
            return False
        if kind in (*_BETWEEN_REGIONS, 'map_area') and self.object_choices:
            return self.speaks_of_places
        if not (self.things or self.positions or self.numbered or self._own_phrases):
            return kind in ('vague', 'survey')
        if kind == 'survey':
            return not (self.object_choices or self.speaks_of_places)
        return kind != 'vague' or not self.things

    @cached_property
    def _is_all_known(self) -> bool:
        """Whether all that the request may speak of is known or stands in the lexicon."""
        is_lost = not self.numbered <= self._graph.nodes.keys()
        return bool(self.things) and not is_lost and not self._own_phrases

    def _is_said_enough(self, kind: IntentKind) -> bool:
        """Whether the request speaks of all that a goal of this kind needs."""
        if kind in _OF_THINGS and not self.object_choices:
            return False
        if kind in _BETWEEN_REGIONS and self.number_of_places < 2:
            return False
        return kind not in _OF_SEVERAL or self.number_of_places + len(self.object_choices) > 1

    def words(self, kind: IntentKind) -> list[str]:
        """What a goal of this kind may be about: not about regions, where the request speaks of
        things and the kind is about things.
        """
        return self.all_words if kind in _REGION_KINDS else self._object_words or self.all_words

    @property
    def names_choices(self) -> bool:
        """Whether a goal may be about several classes."""
        return not self.things or 'or' in self._said

    @cached_property
    def _own_phrases(self) -> list[str]:
        """What the request may call a thing that no lexicon has."""
        return [*self._unknown_phrases()]

    def _unknown_phrases(self) -> Iterator[str]:
        values = self._lexicon.attribute_phrases.keys()
        for text in self._lexicon.without_things(self._own_classes.rest):
            said = _WORD.findall(_NUMBERED.sub(' of ', text))
            for length in range(1, _MAX_PHRASE_WORDS + 1):
                for start in range(len(said) - length + 1):
                    words = said[start : start + length]
                    if FUNCTION_WORDS.isdisjoint(words) and values.isdisjoint(words):
                        yield ' '.join(words)
