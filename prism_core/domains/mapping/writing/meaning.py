# SPDX-License-Identifier: Apache-2.0
"""From what a model says that a sentence means to an Intent: words become classes, slots are held
against the kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.writing.schema import (
    WrittenAttribute,
    WrittenMeaning,
    WrittenStep,
)
from prism_core.errors import WorldRejected
from prism_core.graph.elements import MAX_COORDINATE_M, NodeKind
from prism_core.graph.scene_graph import SceneGraph

CLASS = re.compile(r'[a-z]+(?: [a-z]+){0,3}')
"""What can be a class: up to four plain words, so that it can be part of a name."""

_SIZES = (('way', (0, 2)), ('position', (0, 2)), ('steps', (0, 2, 3)), ('among', (0, 2, 3)))
"""So many entries slots have that hold several."""


@dataclass(frozen=True)
class MeaningReader:
    """Reads meanings in the words of a lexicon."""

    lexicon: Lexicon

    @cached_property
    def _objects(self) -> Mapping[str, str]:
        classes = ((c.name, (c.name, *c.synonyms)) for c in self.lexicon.objects.values())
        return self._by_word((*classes, *((name, (name,)) for name in self.lexicon.groups)))

    @cached_property
    def _regions(self) -> Mapping[str, str]:
        return self._by_word((c, (c, *words)) for c, words in self.lexicon.regions.items())

    def _by_word(self, classes: Iterable[tuple[str, Sequence[str]]]) -> dict[str, str]:
        """Each word for a class, and its plural, with the class."""
        names = {word: name for name, words in classes for word in words}
        plurals = {self.lexicon.plural(word): name for word, name in names.items()}
        return {**plurals, **names}

    def class_of(self, word: str, kind: NodeKind) -> str:
        """The class that a word stands for, or the word itself where it is in no list."""
        word = ' '.join(word.lower().replace('_', ' ').replace('-', ' ').split())
        return (self._objects if kind == 'object' else self._regions).get(word, word)

    def value_of(self, key: str, value: str) -> str:
        """A value as the lexicon has it.

        Raises:
            WorldRejected: there is no such attribute, or it has no such value.
        """
        spec = self.lexicon.attributes.get(key)
        if spec is None:
            raise WorldRejected('there is no such attribute')
        for known, words in spec.values.items():
            if value.lower() in (known, *words):
                return known
        raise WorldRejected('the attribute has no such value')

    def _value(self, kind: str, meaning: WrittenMeaning) -> str:
        if not meaning.value or KINDS[kind].has_free_value:
            return meaning.value
        return self.value_of(meaning.attribute, meaning.value)

    def read(self, meaning: WrittenMeaning, graph: SceneGraph) -> Intent:
        """The intent of a meaning.

        Args:
            meaning: its targets and regions are words for classes or names of nodes.
            graph: the nodes that have names.

        Raises:
            WorldRejected: slots are missing or superfluous, or hold what cannot be.
        """
        if meaning.kind not in KINDS:
            raise WorldRejected('there is no such kind of task')
        filled = _filled(meaning)
        kind = KINDS[meaning.kind].intent_kind(filled)
        _check_slots(kind, filled)
        named = _Named(self, graph)
        region, other_region, start, end = (
            named.region(word) if word else None
            for word in (meaning.region, meaning.other_region, *(meaning.way or ('', '')))
        )
        return Intent(
            kind,
            target=named.target(meaning.target, meaning.purpose, meaning.target_attributes),
            region=region,
            other_region=other_region,
            attribute=named.attribute(meaning.attribute),
            value=self._value(kind, meaning),
            position=(meaning.position[0], meaning.position[1]) if meaning.position else None,
            ends=(start, end) if start and end else None,
            steps=tuple(named.step(step) for step in meaning.steps),
            among=tuple(named.one(word) for word in meaning.among),
        )


@dataclass(frozen=True)
class _Named:
    """Words in a graph of which the nodes have names."""

    reader: MeaningReader
    graph: SceneGraph

    def region(self, word: str) -> Target:
        if word in self.graph.regions:
            return Target('region', name=word)
        return Target('region', classes=(_plain(self.reader.class_of(word, 'region')),))

    def target(
        self, word: str, purpose: str, attributes: Sequence[WrittenAttribute]
    ) -> Target | None:
        lexicon = self.reader.lexicon
        pairs = tuple((a.key, self.reader.value_of(a.key, a.value)) for a in attributes)
        if word in self.graph.objects and not purpose:
            return Target(name=word, attributes=pairs)
        if purpose:
            classes = lexicon.classes_for.get(purpose, ())
            if not classes or word:
                raise WorldRejected('the purpose cannot be used')
            return Target(classes=classes, attributes=pairs, purpose=purpose)
        if not word and not pairs:
            return None
        names = [_plain(self.reader.class_of(part, 'object')) for part in word.split(' or ')]
        meant = [c for name in names for c in lexicon.groups.get(name, (name,))]
        return Target(classes=tuple(dict.fromkeys(meant)), attributes=pairs)

    def one(self, word: str) -> Target:
        target = self.target(word, '', ())
        if target is None:
            raise WorldRejected('a slot is missing')
        return target

    def step(self, step: WrittenStep) -> Intent:
        if step.kind not in KINDS or not KINDS[step.kind].is_step:
            raise WorldRejected('there is no such kind of step')
        slots = {name for name in ('target', 'region', 'attribute') if getattr(step, name)}
        _check_slots(step.kind, slots | ({'target'} if step.target_attributes else set()))
        return Intent(
            step.kind,
            target=self.target(step.target, '', step.target_attributes),
            region=self.region(step.region) if step.region else None,
            attribute=self.attribute(step.attribute),
        )

    def attribute(self, key: str) -> str:
        if key and key not in (*self.reader.lexicon.attributes, 'description'):
            raise WorldRejected('there is no such attribute')
        return key


def _plain(word: str) -> str:
    if not CLASS.fullmatch(word):
        raise WorldRejected('a class is no plain words')
    return word


def _filled(meaning: WrittenMeaning) -> set[str]:
    """The slots that a meaning fills.

    Raises:
        WorldRejected: one holds too little or too much.
    """
    for slot, sizes in _SIZES:
        if len(getattr(meaning, slot)) not in sizes:
            raise WorldRejected(f'the slot {slot} has a wrong number of entries')
    if not all(meaning.way):
        raise WorldRejected('a slot is missing')
    if any(abs(value) > MAX_COORDINATE_M for value in meaning.position):
        raise WorldRejected('a coordinate is out of range')
    names = ('region', 'other_region', 'attribute', 'value', 'way', 'position', 'steps', 'among')
    slots = {name for name in names if getattr(meaning, name)}
    if meaning.target or meaning.purpose or meaning.target_attributes:
        slots.add('target')
    return slots


def _check_slots(kind: str, filled: set[str]) -> None:
    """Raises: WorldRejected: a kind has other slots."""
    forms = [form.split() for form in KINDS[kind].slots.split('|')]
    allowed = [{slot.lstrip('?') for slot in form} for form in forms]
    needed = [{slot for slot in form if not slot.startswith('?')} for form in forms]
    if any(must <= filled <= may for must, may in zip(needed, allowed)):
        return
    if not any(must <= filled for must in needed):
        raise WorldRejected('a slot is missing')
    raise WorldRejected('a slot is filled that the kind does not have')
