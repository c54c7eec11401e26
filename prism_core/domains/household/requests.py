# SPDX-License-Identifier: Apache-2.0
"""Meanings as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from prism_core.domains.household.classes import is_slice, whole_of
from prism_core.domains.household.home import INSIDE
from prism_core.domains.household.meaning import Errand, Meaning
from prism_core.domains.household.words import load_words, names_of, phrasings, plural

_PART_OF_IT = ('a slice of it', 'one slice', 'a piece of it', 'one of the slices')
_CUT_FIRST = 0.5  # of the sentences about a slice speak of cutting first
_IN_WORDS = INSIDE | {'coffee machine', 'toaster'}


def render_request(meaning: Meaning, rng: Random, is_unseen: bool = False) -> str:
    """A sentence that means this.

    Args:
        meaning: of at most two errands.
        rng: draws the phrasing and what things are called.
        is_unseen: whether it is put in words that are held out of training.
    """
    if not meaning.errands:
        return rng.choice(phrasings('vague', is_unseen))
    if len(meaning.errands) == 1:
        return _say(meaning.errands[0], rng, is_unseen, is_clause=False)
    one, other = (_say(errand, rng, is_unseen, is_clause=True) for errand in meaning.errands)
    return rng.choice(phrasings('then', is_unseen)).format(x=one, y=other)


def _say(errand: Errand, rng: Random, is_unseen: bool, *, is_clause: bool) -> str:
    slots = _name_slots(errand, rng, is_unseen)
    if is_slice(errand.thing) and rng.random() < _CUT_FIRST:
        whole = rng.choice(names_of(whole_of(errand.thing), is_unseen))
        slots |= {'a': rng.choice(_PART_OF_IT), 'one_a': 'slice', 'as': 'slices of it'}
        clause = rng.choice(phrasings(errand.kind, is_unseen, True)).format_map(slots)
        return rng.choice(phrasings('sliced', is_unseen)).format(w=f'the {whole}', x=clause)
    return rng.choice(phrasings(errand.kind, is_unseen, is_clause)).format_map(slots)


def _name_slots(errand: Errand, rng: Random, is_unseen: bool) -> dict[str, str]:
    """All forms of what an errand names."""
    thing = rng.choice(names_of(errand.thing, is_unseen))
    place, vessel, lamp = (
        rng.choice(names_of(words, is_unseen))
        for words in (errand.place, errand.vessel, errand.lamp)
    )
    return {
        'a': f'{_article(thing, rng)} {thing}',
        'one_a': thing,
        'as': plural(thing),
        'p': f'the {place}',
        'in_p': f'{"in" if errand.place in _IN_WORDS else "on"} the {place}',
        'v': f'the {vessel}',
        'in_v': f'{"in" if errand.vessel in _IN_WORDS else "on"} the {vessel}',
        'l': f'the {lamp}',
    }


def _article(noun: str, rng: Random) -> str:
    is_many = noun.endswith('s') or noun in ('bread', 'lettuce', 'soap', 'salt', 'pepper', 'wine')
    if is_many or rng.random() < 0.5:
        return 'the'
    return 'an' if noun[0] in 'aeio' else 'a'


def held_out_requests() -> Iterator[str]:
    """The phrasings that are held out of training, about something or other."""
    rng = Random(0)  # noqa: S311 - no secret
    slots = _name_slots(Errand('place', 'mug', 'desk', 'bowl', 'desk lamp'), rng, True)
    slots |= {'w': 'the apple', 'x': 'put the mug on the desk', 'y': 'put the book on the bed'}
    for group in load_words('phrasings'):
        for phrasing in phrasings(group, True):
            yield phrasing.format_map(slots)
