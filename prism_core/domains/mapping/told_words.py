# SPDX-License-Identifier: Apache-2.0
"""The words by which reports of robots are read, as data in `words/told.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from prism_core.text import phrase_pattern


@dataclass(frozen=True)
class ToldWords:
    """The packaged words of reports.

    `values` are phrases for values beyond those of the lexicon, of which `last_in_clause` must end
    a clause; `parts` of things tell an attribute of the whole; `small` stands for no subject.
    """

    values: Mapping[str, tuple[str, str]]
    parts: Mapping[str, frozenset[str]]
    last_in_clause: frozenset[str]
    things: frozenset[str]
    places: frozenset[str]
    others: frozenset[str]
    verbs: frozenset[str]
    small: frozenset[str]
    phrase: re.Pattern[str]
    doubt: re.Pattern[str]
    denial: re.Pattern[str]


@cache
def load_told_words() -> ToldWords:
    """The packaged words of reports."""
    folder = resources.files('prism_core.domains.mapping').joinpath('words')
    data: dict[str, Any] = json.loads(folder.joinpath('told.json').read_text('utf-8'))
    phrases = {
        phrase: (attribute, value)
        for attribute, values in data['phrases'].items()
        for value, others in values.items()
        for phrase in others
    }
    return ToldWords(
        values=phrases,
        parts={attribute: frozenset(words) for attribute, words in data['parts'].items()},
        small=frozenset(data['adverbs']) | {w for text in data['negations'] for w in text.split()},
        phrase=phrase_pattern(phrases),
        doubt=phrase_pattern(data['doubts']),
        denial=phrase_pattern(data['negations']),
        last_in_clause=frozenset(data['last_in_clause']),
        things=frozenset(data['things']),
        places=frozenset(data['places']),
        others=frozenset(data['others']),
        verbs=frozenset(data['verbs']),
    )
