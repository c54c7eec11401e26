# SPDX-License-Identifier: Apache-2.0
"""Where a sentence that was read may mean something else: words of which nothing was made, and what
had to be guessed because of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from prism_core.domains.household.classes import KNIVES, whole_of
from prism_core.domains.household.meaning import Meaning
from prism_core.domains.household.reading import RequestRead, understand, with_verb
from prism_core.domains.household.reading_classes import ROLES, HeldClasses
from prism_core.domains.household.reading_text import TREATMENTS
from prism_core.domains.household.reading_words import (
    Clause,
    NounPhrase,
    singular_of,
    split_tokens,
    verb_sorts,
    words_of,
)

_HANDLING = ('put', 'take', 'slice', *TREATMENTS)
_SURE = 0.75
"""So likely is a class by its noun alone that an unknown word before that changes nothing."""
_KNOWN = (
    *('determiners', 'pronouns', 'openers', 'fillers', 'grammar', 'many', 'slice words', 'tools'),
    *('nothings', *TREATMENTS),
)


def find_unread(request: str, home: HeldClasses) -> tuple[str, ...]:
    """The words of a request that name nothing in any home and do nothing in a sentence, and the
    things that are to be handled in no errand of its meaning; in the singular.
    """
    read = understand(request, home)
    left = [word for phrase in _forgotten(read, home) for word in phrase.words]
    return tuple(dict.fromkeys((*_loose(read, home), *left)))


def is_guessed(request: str, home: HeldClasses) -> bool:
    """Whether what a request means depends on words that are not known: the place where something
    goes is not among those that are; of what kind a thing is stands in such a word; or something
    that is to be handled, too, found no place in its meaning.
    """
    read = understand(request, home)
    loose = _loose(read, home)
    if read.meaning.errands and loose and not read.tells_place:
        return True
    used = _used_in(read.meaning)
    mentions = (mention for clause in with_verb(read.goal) for mention in clause.mentions)
    hides = any(_hides_its_kind(mention, loose, used, home) for mention in mentions)
    return hides or any(_forgotten(read, home))


def _loose(read: RequestRead, home: HeldClasses) -> tuple[str, ...]:
    said = [word for word in split_tokens(read.goal) if word[0].isalpha()]
    return tuple(
        noun
        for word, noun in zip(said, map(singular_of, said))
        if not (word in _plain_words() or verb_sorts(word) or home.has_name_with(noun))
    )


@cache
def _plain_words() -> frozenset[str]:
    return frozenset().union(*map(words_of, _KNOWN))


def _used_in(meaning: Meaning) -> frozenset[str]:
    """The classes that a meaning is about."""
    names = (
        name
        for errand in meaning.errands
        for name in (errand.thing, errand.place, errand.vessel, errand.lamp)
    )
    return frozenset(whole_of(name) for name in names if name)


def _hides_its_kind(
    mention: NounPhrase, loose: tuple[str, ...], used: frozenset[str], home: HeldClasses
) -> bool:
    """Whether an unknown word tells what is meant: a flat dish, a sliver of bread."""
    unknown = [at for at, word in enumerate(mention.words) if word in loose]
    if not unknown:
        return False
    is_part = 'of' in mention.words[unknown[0] :]
    meant = (home.meant_by(mention.words, role) for role in ROLES)
    return any(
        used & shares.keys() and (is_part or max(shares.values()) < _SURE) for shares in meant
    )


def _forgotten(read: RequestRead, home: HeldClasses) -> Iterator[NounPhrase]:
    """The things that are to be handled, and that the meaning leaves out; a knife is a tool."""
    used = _used_in(read.meaning).union(KNIVES)
    for clause in with_verb(read.goal) if read.meaning.errands else ():
        for mention in _handled(clause):
            meant = home.meant_by(mention.words, 'things')
            is_place = bool(home.meant_by(mention.words, 'places'))
            if meant and not is_place and used.isdisjoint(meant):
                yield mention


def _handled(clause: Clause) -> Iterator[NounPhrase]:
    if clause.sort in _HANDLING:
        yield from (mention for mention in clause.mentions if not mention.link)
