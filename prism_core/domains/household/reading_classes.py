# SPDX-License-Identifier: Apache-2.0
"""Which class is meant by what people call things, among those that a home holds."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Literal

from prism_core.domains.household.classes import FURNITURE, LAMPS, THINGS, is_slice
from prism_core.domains.household.reading_words import singular_of, split_words
from prism_core.domains.household.words import load_words, names_of

Role = Literal['things', 'places', 'lamps']
ROLES: tuple[Role, ...] = ('things', 'places', 'lamps')
Shares = Mapping[str, float]
"""How likely each class is meant; they add up to 1."""
_MOST_WORDS = 4
_ALIKE, _FEWEST_LETTERS = 0.84, 5
_SELDOM = 0.12
"""Who calls a thing by a word more seldom than this was mistaken: an egg is no potato, not even
where there is no egg.
"""


@cache
def _calls(role: Role) -> Mapping[str, Mapping[str, int]]:
    """What each phrase can mean, with how often it does."""
    calls: dict[str, dict[str, int]] = {}
    for known, said in load_words('reading')[role].items():
        for phrase, often in said.items():
            calls.setdefault(phrase, {})[known] = often
    own = {'things': THINGS, 'places': FURNITURE, 'lamps': LAMPS}[role]
    for known in own:
        if not is_slice(known):
            calls.setdefault(_singular(known), {known: 1})
            for name in names_of(known, False):
                calls.setdefault(_singular(name), {known: 1})
    return calls


def _singular(known: str) -> str:
    words = known.lower().split()
    return ' '.join((*words[:-1], *map(singular_of, words[-1:])))


@cache
def _name_words() -> frozenset[str]:
    """The words in what things are called."""
    return frozenset(word for role in ROLES for phrase in _calls(role) for word in phrase.split())


@cache
def _spellings() -> tuple[str, ...]:
    """Those of them that are so long that they may be misspelt."""
    return tuple(sorted(word for word in _name_words() if len(word) >= _FEWEST_LETTERS))


@lru_cache(4096)
def _spelled(word: str) -> str:
    """A word as it is spelled in what things are called, where it is nearly that."""
    if len(word) < _FEWEST_LETTERS:
        return word
    return next(iter(difflib.get_close_matches(word, _spellings(), 1, _ALIKE)), word)


@dataclass(frozen=True)
class HeldClasses:
    """The classes that a home holds, to find out which is meant, and what its nodes are named."""

    held: frozenset[str]
    names: frozenset[str] = frozenset()

    def meant_by(self, words: tuple[str, ...], role: Role) -> Shares:
        """The classes that words can mean in a role; empty where they mean none. Those that the
        home holds where it holds any.
        """
        words = tuple(map(self._spell, words))
        for end in range(len(words), 0, -1):
            for start in range(max(0, end - _MOST_WORDS), end):
                if found := self._called(' '.join(words[start:end]), role):
                    return found
            if any(words[end - 1] in _calls(other) for other in ROLES if other != role):
                return {}  # a coffee mug is no coffee machine
        return {}

    def has_name_with(self, word: str) -> bool:
        """Whether a word, in the singular, stands in what anything is called, here or elsewhere."""
        spelled = self._spell(word)
        return spelled in self._named or spelled in _name_words()

    def _spell(self, word: str) -> str:
        return word if word in self._named else _spelled(word)

    @cached_property
    def _named(self) -> frozenset[str]:
        classes = (word for known in self.held for word in _singular(known).split())
        return frozenset((*classes, *(w for name in self.names for w in split_words(name))))

    def _called(self, phrase: str, role: Role) -> Shares:
        found = dict(_calls(role).get(phrase, ()))
        if not found and not any(phrase in _calls(other) for other in ROLES):
            found = {known: 1 for known in self._unlisted(role) if phrase == _singular(known)}
        if ' ' in phrase and phrase in found and phrase in self.held:  # knife and cup mean several
            return {phrase: 1.0}
        least = _SELDOM * sum(found.values())
        found = {known: often for known, often in found.items() if often >= least}
        kept = {known: often for known, often in found.items() if known in self.held} or found
        return {known: often / sum(kept.values()) for known, often in kept.items()}

    def _unlisted(self, role: Role) -> frozenset[str]:
        """HeldClasses of this home that no table has; they can be a thing or a place."""
        return self.held - THINGS - FURNITURE - LAMPS if role != 'lamps' else frozenset()
