# SPDX-License-Identifier: Apache-2.0
"""Whether the phrasings of a voice can be used: their slots, and that none is there twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from string import Formatter

from prism_core.errors import ConfigError
from prism_core.json_text import load_json

_FORBIDDEN = re.compile(r'[<>"\n\\]')
_NOT_A_WORD = re.compile(r'\W+')
_APART = re.compile(r' \{(?:in_region|from_region|where)\}')


@dataclass(frozen=True)
class Meaning:
    """What the sentences of a group mean.

    `slots` are the words that each of them has a place for: one, or one of several, of which some
    come together. `beside`: what may stand there as well.
    """

    means: str
    slots: tuple[tuple[frozenset[str], ...], ...]
    beside: frozenset[str]


@cache
def load_meanings() -> dict[str, Meaning]:
    """The meanings that a voice speaks of, by group."""
    text = resources.files('prism_core.domains.mapping.words').joinpath('meanings.json').read_text()
    return {
        group: Meaning(
            said['means'],
            tuple(map(_alternatives, said['slots'])),
            frozenset(said.get('beside', ())),
        )
        for group, said in json.loads(text).items()
    }


def _alternatives(slot: str | Sequence[str | Sequence[str]]) -> tuple[frozenset[str], ...]:
    among = [slot] if isinstance(slot, str) else slot
    return tuple(frozenset([one] if isinstance(one, str) else one) for one in among)


def read_voice(path: Path) -> dict[str, tuple[str, ...]]:
    """The phrasings in a file, by group.

    Raises:
        ConfigError: it is not readable, or no JSON object of lists of texts.
    """
    try:
        data = load_json(path.read_text('utf-8'))
    except (OSError, ValueError) as error:
        raise ConfigError(f'{path}: expected a readable JSON file, got {error}') from error
    is_fine = isinstance(data, dict) and all(
        isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        for texts in data.values()
    )
    if not is_fine:
        raise ConfigError(f'{path}: expected an object with a list of texts for each group')
    return {group: tuple(texts) for group, texts in data.items()}


def find_faults(voice: Mapping[str, Sequence[str]], least: int = 1) -> Iterator[str]:
    """What is wrong with the phrasings of a voice, a sentence each.

    Args:
        voice: phrasings by group.
        least: so many are expected of each group.
    """
    meanings = load_meanings()
    yield from (f'{group}: there is no such group' for group in voice if group not in meanings)
    for group, meaning in meanings.items():
        texts = voice.get(group, ())
        if len(texts) < least:
            yield f'{group}: expected at least {least}, got {len(texts)}'
        seen: set[str] = set()
        for text in texts:
            yield from (f'{group}: {fault}: {text}' for fault in _faults_of(text, meaning))
            plain = _NOT_A_WORD.sub(' ', text.lower())
            if plain in seen:
                yield f'{group}: it is there twice: {text}'
            seen.add(plain)


def _faults_of(text: str, meaning: Meaning) -> Iterator[str]:
    try:
        said = [slot for _, slot, _, _ in Formatter().parse(text) if slot is not None]
    except ValueError as error:
        yield f'expected slots in braces, got {error}'
        return
    if len(said) != len(set(said)):
        yield 'a slot is there twice'
    known = set(meaning.beside)
    for alternatives in meaning.slots:
        known.update(*alternatives)
        if sum(together <= set(said) for together in alternatives) != 1:
            wanted = ' or '.join(' and '.join(sorted(together)) for together in alternatives)
            yield f'expected the slot {wanted}'
    yield from (f'there is no slot {slot}' for slot in said if slot not in known)
    if _FORBIDDEN.search(text):
        yield 'expected one line without < > " and backslashes'
    if _APART.search(text):
        yield 'expected no blank before a slot that brings its own'
