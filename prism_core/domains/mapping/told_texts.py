# SPDX-License-Identifier: Apache-2.0
"""The sentences of a report, and which of them tells a text that is asked for."""

from __future__ import annotations

import re

from prism_core.domains.mapping.told_words import load_told_words

QUOTED = re.compile(r'"[^"]*"|“[^”]*”|„[^“]*“|«[^»]*»|‘[^’]*’|(?<!\w)\'[^\']*\'(?!\w)')
"""What stands in quotes."""
SENTENCE_END = re.compile(r'[.!?;]+(?=\s|$)|\n')
_WORD = re.compile(r'[a-z]+|\d+')
_NO_END = '_'


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, each with the mark at its end; what is in quotes is one with what
    stands around it.
    """
    held = QUOTED.sub(lambda quoted: _NO_END * len(quoted[0]), text)
    ends = [match.end() for match in SENTENCE_END.finditer(held)] + [len(text)]
    parts = (text[start:end].strip() for start, end in zip([0, *ends], ends))
    return [part for part in parts if part]


def sentences_about(text: str, asked: str) -> str:
    """The sentence of a text that has all the words of what is asked for, one with a number or a
    quotation before others; where that is a place for texts, such as a sign, one that speaks of
    another such place or quotes something; '' where none does.
    """
    words, sentences = asked.lower().split(), sentences_of(text)
    spoken = {sentence: _WORD.findall(sentence.lower()) for sentence in sentences}
    fitting = [s for s in sentences if all(word in spoken[s] for word in words)]
    telling = [s for s in sentences if QUOTED.search(s) or re.search(r'\d', s)]
    if not fitting and words and words[-1] in load_told_words().places:
        fitting = [s for s in telling if not load_told_words().places.isdisjoint(spoken[s])]
        fitting = fitting or [s for s in telling if QUOTED.search(s)]
    return next((s for s in fitting if s in telling), fitting[0] if fitting else '')
