# SPDX-License-Identifier: Apache-2.0
"""Whether the phrasings of a language can be used: their slots and the forms of these."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from string import Formatter

from prism_core.domains.mapping.words.languages import groups_of_kinds
from prism_core.domains.mapping.words.languages.language import ForeignLanguage
from prism_core.domains.mapping.words.voices.checking import Meaning, load_meanings

_FORBIDDEN = re.compile(r'[<>"\n\\]')
_NOT_A_WORD = re.compile(r'\W+')


def find_faults_in(
    language: ForeignLanguage, phrasings: Mapping[str, Sequence[str]], least: int = 1
) -> Iterator[str]:
    """What is wrong with some phrasings of a language, a sentence each.

    Args:
        language: whose forms they may name.
        phrasings: by group.
        least: so many are expected of each group of a kind that the language speaks of.
    """
    meanings = load_meanings()
    yield from (f'{group}: there is no such group' for group in phrasings if group not in meanings)
    for group in sorted({group for groups in groups_of_kinds().values() for group in groups}):
        number = len(phrasings.get(group, ()))
        if number < least:
            yield f'{group}: expected at least {least}, got {number}'
    seen: set[str] = set()
    for group in phrasings.keys() & meanings.keys():
        for text in phrasings[group]:
            faults = _faults_of(text, meanings[group], language)
            yield from (f'{group}: {fault}: {text}' for fault in faults)
            plain = _NOT_A_WORD.sub(' ', text.lower())
            if plain in seen:
                yield f'{group}: it is there twice: {text}'
            seen.add(plain)


def _faults_of(text: str, meaning: Meaning, language: ForeignLanguage) -> Iterator[str]:
    try:
        parts = [(slot, form) for _, slot, form, _ in Formatter().parse(text) if slot is not None]
    except ValueError as error:
        yield f'expected slots in braces, got {error}'
        return
    samples = language.sample()
    named = [slot for slot, form in parts if form not in language.beside]
    wanted = [next(iter(slot[0])) for slot in meaning.slots]
    for slot in wanted:
        if slot not in named:
            yield f'expected the slot {slot}'
    for slot, form in parts:
        if slot not in wanted or slot not in samples:
            yield f'there is no slot {slot}'
        elif form not in samples[slot]:
            known = ', '.join(name or 'none' for name in samples[slot])
            yield f'{slot}: expected a form of {known}, got {form or "none"}'
    if _FORBIDDEN.search(text):
        yield 'expected one line without < > " and backslashes'
