# SPDX-License-Identifier: Apache-2.0
"""The words of a domain as data: classes of things, what they are for, where they stand, what can
be asked of them. Knows no sentences and reads no files: it is handed what they hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from prism_core.domains.mapping.intent import Target
from prism_core.graph.calling import class_of_name, classes_of, ends_of
from prism_core.graph.elements import Node
from prism_core.text import phrase_pattern

Tier = Literal['core', 'full']
_MAX_NAMED_VALUES = 3
_QUESTIONS = {'description': 'Describe it.', 'text': 'What is written or shown on it?'}
_VOWELS = frozenset('aeiouy')
_IRREGULAR_ENDINGS = ('s', 'x', 'z', 'ch', 'sh')


@dataclass(frozen=True)
class ObjectClass:
    """A class of objects: its other names, what it is for, and what can be asked of it."""

    name: str
    tier: Tier = 'full'
    synonyms: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    looks_like: tuple[str, ...] = ()
    plural: str = ''


@dataclass(frozen=True)
class AttributeSpec:
    """Something that can be asked of an object: other words for it, and its values with their
    synonyms.

    Where one can have more of it than another, `comparatives` are the words that say so, each with
    the value that it points to, as fuller to full; the values then stand in order.
    """

    words: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    comparatives: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lexicon:
    """All words of a domain.

    `regions` holds region classes with their synonyms, `places` for each family of places its
    region classes with the object classes that are typical of them, `purposes` each purpose with
    its paraphrases, `groups` words for several classes.
    """

    objects: Mapping[str, ObjectClass]
    regions: Mapping[str, tuple[str, ...]]
    region_tiers: Mapping[str, Tier]
    places: Mapping[str, Mapping[str, tuple[str, ...]]]
    purposes: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, AttributeSpec]

    @classmethod
    def from_lists(cls, data: Mapping[str, Any]) -> Lexicon:
        """Build from the JSON of the domain's files, by file name without suffix."""
        places = data['places']
        return cls(
            objects={name: _object_class(name, e) for name, e in data['objects'].items()},
            regions=_tuples(data['regions']),
            region_tiers={
                name: entry['tier']
                for regions in places.values()
                for name, entry in regions.items()
            },
            places={
                family: {name: tuple(entry['objects']) for name, entry in regions.items()}
                for family, regions in places.items()
            },
            purposes=_tuples(data['purposes']),
            groups=_tuples(data['groups']),
            attributes={
                key: AttributeSpec(
                    tuple(entry['words']),
                    _tuples(entry['values']),
                    _pointing(data['comparatives'].get(key, {}), entry['values']),
                )
                for key, entry in data['attributes'].items()
            },
        )

    @cached_property
    def comparatives(self) -> Mapping[str, tuple[str, str]]:
        """Words such as `fuller`: the attribute, and the value to which more of it leads."""
        ends: dict[str, tuple[str, str]] = {}
        for key, spec in self.attributes.items():
            for word, value in spec.comparatives.items():
                ends.setdefault(word, (key, value))
        return ends

    @cached_property
    def comparative_pattern(self) -> re.Pattern[str]:
        """Finds these words."""
        return phrase_pattern(self.comparatives)

    @cached_property
    def typical_regions(self) -> Mapping[str, frozenset[str]]:
        """For each object class, the region classes where it is usual."""
        typical: dict[str, set[str]] = {}
        for regions in self.places.values():
            for region, objects in regions.items():
                for name in objects:
                    typical.setdefault(name, set()).add(region)
        return {name: frozenset(regions) for name, regions in typical.items()}

    @cached_property
    def classes_for(self) -> Mapping[str, tuple[str, ...]]:
        """For each purpose, the object classes that serve it."""
        return {
            purpose: tuple(c.name for c in self.objects.values() if purpose in c.purposes)
            for purpose in self.purposes
        }

    @cached_property
    def attribute_phrases(self) -> Mapping[str, tuple[str, str]]:
        """For each word of an attribute or a value: the attribute and the value ('' for none)."""
        phrases = {}
        for key, spec in self.attributes.items():
            for word in (key, *spec.words):
                phrases[word] = (key, '')
            for value, synonyms in spec.values.items():
                for word in (value, *synonyms):
                    phrases[word] = (key, value)
        return phrases

    @cached_property
    def _attribute_pattern(self) -> re.Pattern[str]:
        return phrase_pattern(self.attribute_phrases)

    def find_phrases(self, text: str) -> Iterator[re.Match[str]]:
        """The words of attributes and values in a text in small letters, the longest first."""
        return self._attribute_pattern.finditer(text)

    def asked_attributes(self, query: str) -> frozenset[str]:
        """The attributes that a question about an object asks for, by their names or values."""
        found = self._attribute_pattern.findall(query.lower())
        return frozenset(self.attribute_phrases[phrase][0] for phrase in found)

    def question(self, attribute: str) -> str:
        """The question by which an attribute of an object is asked for; `asked_attributes` finds it
        again. `description` asks for a description, `text` for what stands on it.
        """
        if attribute in _QUESTIONS:
            return _QUESTIONS[attribute]
        spec = self.attributes.get(attribute)
        if spec is None or len(spec.values) > _MAX_NAMED_VALUES:
            return f'What is the {attribute}?'
        *values, last = spec.values
        return f'Is it {", ".join(values)} or {last}?'

    @cached_property
    def _value_pattern(self) -> re.Pattern[str]:
        values = [value for spec in self.attributes.values() for value in spec.values]
        return phrase_pattern([*values, 'described'])

    def find_values(self, text: str) -> list[str]:
        """The values in a text, and the word 'described'."""
        return self._value_pattern.findall(text)

    def call(self, target: Target) -> str:
        """What a target is called in one way only: its purpose, the word for its group, its class,
        or the classes joined by ' or '.
        """
        if target.purpose or target.name:
            return target.purpose or class_of_name(target.name)
        return _call_first(target.classes, {c: word for word, c in self.groups.items()})

    @cached_property
    def _names(self) -> Mapping[str, tuple[str, ...]]:
        """For each word for a class, a group or a purpose: what `call` calls it."""
        words: dict[str, dict[str, None]] = {}
        classes = {name: entry.synonyms for name, entry in self.objects.items()}
        for name, others in (*classes.items(), *self.regions.items(), *self.groups.items()):
            synonyms = () if name in self.groups else others
            for word in (name, *synonyms):
                for form in (word, self.plural(word)):
                    words.setdefault(form, {})[name] = None
        for purpose, others in self.purposes.items():
            for phrase in (purpose, *others):
                words.setdefault(phrase, {})[purpose] = None
        return {word: tuple(called) for word, called in words.items()}

    @cached_property
    def _name_pattern(self) -> re.Pattern[str]:
        return phrase_pattern(self._names)

    @cached_property
    def all_calls(self) -> tuple[str, ...]:
        """All that `call` may call a target."""
        return (*self.objects, *self.regions, *self.groups, *self.purposes)

    @cached_property
    def synonyms(self) -> tuple[str, ...]:
        """Other words for its classes."""
        others = (*(entry.synonyms for entry in self.objects.values()), *self.regions.values())
        return tuple(dict.fromkeys(word for words in others for word in words))

    def is_listed(self, word: str) -> bool:
        """Whether a word stands for a class, a group or a purpose."""
        return word in self._names

    def classes_of(self, word: str) -> frozenset[str]:
        """A word for a class, and the classes that it may stand for: of a lorry, a truck; of an
        extinguisher, which is no class, the one that ends so.
        """
        return frozenset((word, *(self._names.get(word) or self._by_last_word.get(word, ()))))

    def calls_of(self, node: Node) -> frozenset[str]:
        """All that a node may be called, in the lexicon's words, too: of a pickup lorry, a truck,
        as `classes_of` has it of its classes in full.
        """
        full, kept = classes_of(node), self._calls_by_classes
        found = kept.get(full)
        if found is None:
            ends = frozenset().union(*map(ends_of, full))
            words = (self._names.get(word, ()) for word in ends)
            found = kept[full] = ends.union(*map(self.classes_of, full), *words)
        return found

    @cached_property
    def _calls_by_classes(self) -> dict[tuple[str, ...], frozenset[str]]:
        return {}

    @cached_property
    def _by_last_word(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name in (*self.objects, *self.regions):
            last = name.rpartition(' ')[2]
            found[last] = (*found.get(last, ()), name)
        return {last: names for last, names in found.items() if len(names) == 1}

    def said_things(self, text: str) -> tuple[str, ...]:
        """The classes, groups and purposes that a text speaks of, as `call` calls them."""
        found = self._name_pattern.findall(text.lower())
        return tuple(dict.fromkeys(name for word in found for name in self._names[word]))

    def meant_by(self, called: str) -> tuple[str, ...]:
        """The classes of what is called so."""
        known = self.classes_for.get(called) or self.groups.get(called)
        if known:
            return known
        first, *others = called.split(' or ')
        several = others and (self.groups.get(first) or self.classes_for.get(first))
        return (*(several or (first,)), *others)

    def call_classes(self, classes: str) -> str:
        """What some classes, joined by ' or ', are called in one word, where there is one for just
        these; `meant_by` finds them again.
        """
        return _call_first(tuple(classes.split(' or ')), self._words_for_several)

    def wider_calls(self, calls: Iterable[str]) -> frozenset[str]:
        """Some calls, and the words for several classes of which one is among them."""
        calls = frozenset(calls)
        wider = (word for c, word in self._words_for_several.items() if not calls.isdisjoint(c))
        return calls.union(wider)

    @cached_property
    def _words_for_several(self) -> Mapping[tuple[str, ...], str]:
        words = {classes: word for word, classes in self.classes_for.items()}
        words |= {classes: word for word, classes in self.groups.items()}
        return {
            classes: word
            for classes, word in words.items()
            if len(classes) > 1 and self.meant_by(word) == classes and ' or ' not in word
        }

    def plural(self, name: str) -> str:
        """The plural of a class, a synonym or a group."""
        known = self.objects.get(name)
        if known is not None and known.plural:
            return known.plural
        if name.isalpha() and not _VOWELS & set(name):  # a code, as HX
            return name + 's'
        if name.endswith(_IRREGULAR_ENDINGS):
            return name + 'es'
        if name.endswith('y') and name[-2:-1] not in 'aeiou':
            return name[:-1] + 'ies'
        return name + 's'


def _call_first(classes: tuple[str, ...], words: Mapping[tuple[str, ...], str]) -> str:
    """Some classes joined by ' or ', and in place of the first of them a word for just these."""
    for number in range(len(classes), 1, -1):
        if classes[:number] in words:
            return ' or '.join((words[classes[:number]], *classes[number:]))
    return ' or '.join(classes)


def _object_class(name: str, entry: Mapping[str, Any]) -> ObjectClass:
    parts: dict[str, Any] = {
        key: tuple(v) if isinstance(v, list) else v for key, v in entry.items()
    }
    return ObjectClass(name, **parts)


def _pointing(comparatives: Mapping[str, str], values: Iterable[str]) -> dict[str, str]:
    """The comparatives that point to one of some values."""
    ends = frozenset(values)
    return {word: value for word, value in comparatives.items() if value in ends}


def _tuples(lists: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words) for name, words in lists.items()}
