# SPDX-License-Identifier: Apache-2.0
"""A language other than English in which requests are put: its phrasings, its words, and how these
change. Each language is a subclass, which knows its grammar.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from random import Random
from typing import Any, ClassVar

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.words import is_held_out, split_held_out
from prism_core.domains.mapping.words.languages.forms import ForeignNoun, Forms, read_noun
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of_name

_SLOT = re.compile(r'\{[^}]*\}')
_WORD = re.compile(r'[^\W\d_]+')
_FIRST_LETTER = re.compile(r'(^|[.?!] )([¿¡]?)([^\W\d_])(?=[^\W\d_]*(?:[ ,.:;?!]|$))')


@dataclass(frozen=True)
class ForeignLanguage(ABC):
    """A language.

    Attributes:
        name: as a recipe says it.
        phrasings: by group, their slots with the form that stands there.
        words: for each table (objects, regions, groups, purposes, attributes, values) the entries
            by the English word.
        kinds: the kinds of task that it has phrasings for.
    """

    name: str
    phrasings: Mapping[str, tuple[str, ...]]
    words: Mapping[str, Mapping[str, Any]]
    kinds: frozenset[str]

    beside: ClassVar[frozenset[str]] = frozenset()
    """Forms that agree with what a slot says elsewhere in the sentence: endings, pronouns."""

    # ------------------------------------------------------------------------------- the grammar

    @abstractmethod
    def definite(self, noun: ForeignNoun, value: str = '') -> Forms:
        """The one that is meant, with a value as its attribute; '' for none."""

    @abstractmethod
    def indefinite(self, noun: ForeignNoun, value: str = '') -> Forms:
        """Any one."""

    @abstractmethod
    def named(self, name: str, noun: ForeignNoun | None) -> Forms:
        """One by its name; `noun` is that of its class, where one is known."""

    @abstractmethod
    def many(self, noun: ForeignNoun) -> Forms:
        """Several."""

    @abstractmethod
    def state(self, value: str, noun: ForeignNoun | None) -> Forms:
        """A value, said of a noun."""

    @abstractmethod
    def purpose(self, entry: str) -> Forms:
        """What something is for."""

    # --------------------------------------------------------------------------------- sentences

    def say(self, intent: Intent, group: str, rng: Random, *, is_unseen: bool, most: int) -> str:
        """A sentence that means an intent.

        Args:
            intent: of one of the language's kinds.
            group: that of its phrasings.
            rng: draws the phrasing and the words.
            is_unseen: whether both are of the part that is held out.
            most: so many phrasings of a group are drawn from, 0 for all.

        Raises:
            WorldRejected: the language has no phrasing or no word for it.
        """
        phrasing = rng.choice(self._said(group, intent.attribute, is_unseen)[: most or None])
        slots = self.slots(intent, rng, is_unseen)
        if not writes_capitals(phrasing):
            return phrasing.format(**{slot: f.in_small_letters() for slot, f in slots.items()})
        return _FIRST_LETTER.sub(lambda m: m[1] + m[2] + m[3].upper(), phrasing.format(**slots))

    def _said(self, group: str, attribute: str, is_unseen: bool) -> tuple[str, ...]:
        """The phrasings of a group, and those for an attribute alone."""
        texts = (
            *self.phrasings.get(group, ()),
            *self.phrasings.get(f'{group}_{attribute}', ()),
        )
        if not texts:
            raise WorldRejected(f'{self.name} has no phrasings of {group}')
        return split_held_out(texts, is_unseen)

    def slots(self, intent: Intent, rng: Random, is_unseen: bool) -> dict[str, Forms]:
        """What stands in the slots of a phrasing for an intent.

        Raises:
            WorldRejected: the language has no word for something.
        """
        slots: dict[str, Forms] = {}
        if intent.target is not None:
            slots |= self._of_target(intent.target, intent.attribute, intent.value, rng, is_unseen)
        if intent.region is not None:
            noun = self._noun_of(intent.region, 'regions', rng, is_unseen)
            name = intent.region.name
            slots['region'] = self.named(name, noun) if name else self.definite(_given(noun))
        if intent.attribute:
            entries = self._entries('attributes', intent.attribute, is_unseen)
            slots['attribute'] = self.definite(read_noun(rng.choice(entries)))
        return slots

    def _of_target(
        self, target: Target, attribute: str, value: str, rng: Random, is_unseen: bool
    ) -> dict[str, Forms]:
        if target.purpose:
            entries = self._entries('purposes', target.purpose, is_unseen)
            return {'purpose': self.purpose(rng.choice(entries))}
        noun = self._noun_of(target, 'objects', rng, is_unseen)
        slots = {}
        if value:
            slots['value'] = self.state(self._value(attribute, value, rng, is_unseen), noun)
        if target.name:
            return {**slots, 'target': self.named(target.name, noun)}
        noun = _given(noun)
        if len(target.attributes) > 1:
            raise WorldRejected(f'{self.name} says one value of a thing at most')
        having = ''.join(self._value(*pair, rng, is_unseen) for pair in target.attributes)
        return {
            **slots,
            'target': self.definite(noun, having),
            'a_target': self.indefinite(noun, having),
            'plural': self.many(noun),
        }

    def _noun_of(
        self, target: Target, table: str, rng: Random, is_unseen: bool
    ) -> ForeignNoun | None:
        """A noun for what is meant; None for a name that tells no class."""
        words = self.words[table]
        if target.name:
            entries = words.get(class_of_name(target.name))
            return read_noun(entries[0]) if entries else None
        if len(target.classes) == 1:
            return read_noun(rng.choice(self._entries(table, target.classes[0], is_unseen)))
        group = next((g for g, m in self.words['members'].items() if m == target.classes), '')
        return read_noun(rng.choice(self._entries('groups', group, is_unseen)))

    def _value(self, attribute: str, value: str, rng: Random, is_unseen: bool) -> str:
        known = self.words['values'].get(attribute, {})
        if value not in known:
            raise WorldRejected(f'{self.name} has no word for {attribute} {value}')
        return rng.choice(_of_part(known[value], is_unseen))

    def _entries(self, table: str, word: str, is_unseen: bool) -> Sequence[str]:
        """The words for an English one."""
        entries = self.words[table].get(word)
        if not entries:
            raise WorldRejected(f'{self.name} has no word for {word or "these classes"}')
        return _of_part(entries, is_unseen)

    # ---------------------------------------------------------------------------------- checking

    def sample(self) -> dict[str, Forms]:
        """Something in each slot, whose forms are those that a phrasing may name."""
        noun = read_noun(self.words['objects']['ladder'][0])
        entries = {name: next(iter(self.words[name].values()))[0] for name in _TABLES}
        value = next(iter(next(iter(self.words['values'].values())).values()))[0]
        return {
            'target': self.definite(noun),
            'a_target': self.indefinite(noun),
            'plural': self.many(noun),
            'region': self.definite(read_noun(entries['regions'])),
            'attribute': self.definite(read_noun(entries['attributes'])),
            'value': self.state(value, noun),
            'purpose': self.purpose(entries['purposes']),
        }

    @cached_property
    def all_words(self) -> frozenset[str]:
        """Every word of its phrasings and tables, in small letters."""
        entries = [
            entry
            for table in ('objects', 'regions', 'groups', 'purposes', 'attributes')
            for entries in self.words[table].values()
            for entry in entries
        ]
        values = (v for said in self.words['values'].values() for v in chain(*said.values()))
        texts = chain(chain(*self.phrasings.values()), entries, values)
        return frozenset(_WORD.findall(_SLOT.sub(' ', ' '.join(texts)).lower()))

    def nouns(self, table: str) -> Iterator[tuple[str, ForeignNoun]]:
        """The nouns of a table, each with the English word."""
        for word, entries in self.words[table].items():
            yield from ((word, read_noun(entry)) for entry in entries)


_TABLES = ('regions', 'attributes', 'purposes')


def writes_capitals(phrasing: str) -> bool:
    """Whether who says a phrasing writes capitals and stops."""
    plain = _SLOT.sub('', phrasing)
    return plain != plain.lower() or plain.endswith(('.', '?', '!'))


def _of_part(entries: Sequence[str], is_unseen: bool) -> Sequence[str]:
    """The first word, which all may say, and of the others those held out or the rest."""
    return (entries[0], *(entry for entry in entries[1:] if is_held_out(entry) == is_unseen))


def _given(noun: ForeignNoun | None) -> ForeignNoun:
    assert noun is not None  # noqa: S101 - what has no name has a class
    return noun
