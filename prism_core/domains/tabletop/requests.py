# SPDX-License-Identifier: Apache-2.0
"""Meanings as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from prism_core.domains.tabletop.meaning import Meaning
from prism_core.domains.tabletop.state import CONTAINERS, CORNER, SPOTS
from prism_core.domains.tabletop.words import load_words, names_of, phrasings, plural
from prism_core.graph.calling import class_of_name, ends_of

_LETTERS = 'abcd'


def render_request(
    meaning: Meaning, group: str, rng: Random, names: frozenset[str], is_unseen: bool = False
) -> str:
    """A sentence that means this.

    Args:
        meaning: what it shall mean.
        group: of phrasings.
        rng: draws the phrasing and what things are called.
        names: of all nodes; what is called by one of them is called so.
        is_unseen: whether it is put in words that are held out of training.
    """
    slots = {
        'block': rng.choice(names_of('block', is_unseen)),
        'bowl': rng.choice(names_of('bowl', is_unseen)),
    }
    slots |= {f'{noun}s': plural(slots[noun]) for noun in ('block', 'bowl')}
    for letter, part in zip(_LETTERS, _told(meaning)):
        slots |= _slots(letter, part, rng, names, is_unseen)
    return rng.choice(phrasings(group, is_unseen)).format_map(slots)


def _told(meaning: Meaning) -> Iterator[Meaning]:
    """The parts that have a slot, in order."""
    if meaning.kind in ('thing', 'every'):
        yield meaning
    elif meaning.kind == 'put' and meaning.parts[0].kind == 'held':
        yield from _told(meaning.parts[1])  # what is held is called nothing
    else:
        for part in meaning.parts:
            yield from _told(part)


def _slots(
    letter: str, part: Meaning, rng: Random, names: frozenset[str], is_unseen: bool
) -> dict[str, str]:
    """All forms of what a part calls, by the letter of its slot."""
    if part.words in names and class_of_name(part.words) != part.words:
        called, the = part.words, part.words  # by its name
    else:
        called = rng.choice(names_of(part.words, is_unseen))
        the = f'the {called}'
    at, to, off = _prepositions(part.words, rng, is_unseen)
    return {
        letter: the,
        f'one_{letter}': called,
        f'{letter}s': plural(called),
        f'in_{letter}': f'{at} {the}',
        f'to_{letter}': f'{to} {the}',
        f'from_{letter}': f'from {the}',
        f'off_{letter}': f'{off} {the}',
    }


def _prepositions(words: str, rng: Random, is_unseen: bool) -> tuple[str, str, str]:
    """By which words something is put there, moved there, and taken away."""
    calls = ends_of(class_of_name(words))
    if not CONTAINERS.isdisjoint(calls):
        return ('inside' if is_unseen else rng.choice(('in', 'into'))), 'into', 'out of'
    if CORNER in calls or 'middle' in calls:
        return 'in', rng.choice(('to', 'into')), 'from'
    if not SPOTS.isdisjoint(calls):
        return rng.choice(('on', 'at')), 'to', 'from'
    return rng.choice(('on', 'on top of')), rng.choice(('onto', 'on top of')), 'from'


class _Anything(dict):
    """What may stand in any slot of a phrasing."""

    def __missing__(self, slot: str) -> str:
        return _IN_A_SLOT.get(slot[:2]) or _IN_A_SLOT.get(slot, 'the red block')


_IN_A_SLOT = {
    'in': 'in the red bowl', 'to': 'to the red bowl', 'fr': 'from the red bowl',
    'of': 'out of the red bowl', 'on': 'red block', 'as': 'red blocks',
    'block': 'block', 'blocks': 'blocks', 'bowl': 'bowl', 'bowls': 'bowls',
}  # fmt: skip


def held_out_requests() -> Iterator[str]:
    """The phrasings that are held out of training, about something or other."""
    for group in load_words('phrasings'):
        for phrasing in phrasings(group, True):
            yield phrasing.format_map(_Anything())
