# SPDX-License-Identifier: Apache-2.0
"""The words by which sentences of the kinds are told apart, as data in `words/cues.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any, Literal


@dataclass(frozen=True)
class Cues:
    """Words with a use in sentences, and for each use of its words a pattern.

    The patterns are for tagged text (see `tagging`), `preamble` for the plain one.
    """

    articles: Mapping[str, Literal['a', 'the']]
    verbs: frozenset[str]
    function_words: frozenset[str]
    vague_nouns: frozenset[str]
    way_nouns: frozenset[str]
    before_way: frozenset[str]
    behind_way: frozenset[str]
    light_words: frozenset[str]
    own_words: frozenset[str]
    synonyms: Mapping[str, tuple[str, ...]]
    purpose_words: Mapping[str, tuple[str, ...]]
    value_questions: Mapping[str, str]
    patterns: Mapping[str, re.Pattern[str]]

    @cached_property
    def ignored(self) -> frozenset[str]:
        """Words that are no noun of their own."""
        return self.function_words | self.vague_nouns

    def find(self, cue: str, text: str, start: int = 0) -> re.Match[str] | None:
        """The first place of a cue in a text."""
        return self.patterns[cue].search(text, start)

    def has(self, cue: str, text: str) -> bool:
        """Whether a text has a cue."""
        return self.patterns[cue].search(text) is not None

    def without_preamble(self, text: str) -> str:
        """A plain text without a clause before it that asks for nothing, as 'before we leave'."""
        return self.patterns['preamble'].sub('', text, count=1)


@cache
def load_cues() -> Cues:
    """The packaged cues."""
    folder = resources.files('prism_core.domains.mapping').joinpath('words')
    data: dict[str, Any] = json.loads(folder.joinpath('cues.json').read_text('utf-8'))
    sets: dict[str, Any] = {
        key: frozenset(words) for key, words in data.items() if isinstance(words, list)
    }
    return Cues(
        articles=data['articles'],
        value_questions=data['value_questions'],
        patterns={cue: compile_phrases(phrases) for cue, phrases in data['patterns'].items()},
        synonyms=_tuples(data['synonyms']),
        purpose_words=_tuples(data['purpose_words']),
        **sets,
    )


def _tuples(lists: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words) for name, words in lists.items()}


def compile_phrases(phrases: Sequence[str]) -> re.Pattern[str]:
    """Any of some phrases, which are regular expressions, as whole words."""
    return re.compile(rf'(?<!\w)(?:{"|".join(phrases)})(?!\w)')
