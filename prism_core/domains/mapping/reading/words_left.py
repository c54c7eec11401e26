# SPDX-License-Identifier: Apache-2.0
"""Which words of a request the reader makes nothing of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.tagging import Sentence
from prism_core.domains.mapping.reading.tokens import tokenize
from prism_core.domains.mapping.words import Words

_SLOT = re.compile(r'\{\w*\}')
_WORD = re.compile(r'[^\W\d_]{2,}')


def words_of_phrasings(words: Words) -> frozenset[str]:
    """The words of the phrasings that are not held out, beside what stands in their slots."""
    shown = (text for group in words.all_phrasings for text in words.phrasings(group, False))
    return frozenset(word for text in shown for word in tokenize(_SLOT.sub(' ', text)))


def words_left(
    sentence: Sentence, cues: Cues, phrased: Collection[str], classes: Collection[str]
) -> tuple[str, ...]:
    """The words of a tagged sentence that are no noun, no value, no cue and no small word, and the
    nouns of classes that nobody knows.

    Args:
        sentence: as the reader tagged and completed it.
        cues: the words with a use in sentences.
        phrased: other words that are known to change nothing.
        classes: those that are known.
    """
    left = (word for word in _left_over(sentence, cues) if word not in phrased)
    return tuple(dict.fromkeys((*_unknown_nouns(sentence, classes), *left)))


def _unknown_nouns(sentence: Sentence, classes: Collection[str]) -> Iterator[str]:
    for mention in sentence.of('object', 'region'):
        named = mention.target.classes
        if named and not any(name in classes for name in named):
            yield mention.said or named[0]


def _left_over(sentence: Sentence, cues: Cues) -> Iterator[str]:
    covered = [(mention.start, mention.end) for mention in sentence.mentions]
    for pattern in cues.patterns.values():
        covered += [match.span() for match in pattern.finditer(sentence.text)]
    known = cues.ignored | cues.own_words | cues.verbs | cues.way_nouns
    for match in _WORD.finditer(sentence.text):
        is_covered = any(start <= match.start() and match.end() <= end for start, end in covered)
        if match[0] not in known and not is_covered:
            yield match[0]
