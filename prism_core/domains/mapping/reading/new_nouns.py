# SPDX-License-Identifier: Apache-2.0
"""Nouns that are in no file and of which nothing is known yet, by where they stand in a sentence:
`is the alembic wet?`, `which of R and the vestry has more O`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.tagging import Sentence, Tagger
from prism_core.domains.mapping.reading.tokens import singular
from prism_core.graph.scene_graph import SceneGraph

_PHRASE = re.compile(
    r'(?:(?<=\s)|^)(?:(?P<article>the|a|an|any) '
    r'|(?P<number>more|fewer|many|most|number of|count of) )'
    r'(?P<noun>(?:[^\W\d_A-Z]+ ?){1,3})'
)
_BEFORE_REGION = re.compile(
    r'(?:\b(?:in|inside|within|into|at|toward|towards|through|between|does)'
    r'|(?<!close)(?<!next)(?<!closer)(?<!closest)(?<!nearer)(?<!nearest)\bto'
    r'|\bR (?:and|or|or in|or at|or does)) $'
)
_BESIDE_REGION = re.compile(r' (?:and|or)(?: in| at| does)? R\b')
_ADVERBS = frozenset(('anywhere', 'somewhere', 'everywhere'))
_HAS = re.compile(r' (?:have|has|contain|hold)\b')
_BEFORE_OBJECT = re.compile(
    r'\b(?:if|whether|unless|where|there (?:is|are)|seen|see|finding|find|locating|locate|inspect'
    r'|describe|task :|come across|hunt down|counting|regarding|like|site is'
    r'|R (?:have|has|hold|holds|contain|contains)) $'
)
_BEFORE_NOUN = re.compile(' [ORP]\\b')
_BEHIND_OBJECT = re.compile(r' (?:is|are)\b')
_NUMBER = re.compile(r'^(?:more|fewer|many|most|number of|count of) ')
_ASKED_OF = re.compile(r'\b(?:of|has|does) $')


class NewNouns:
    """Puts `O` and `R` for such nouns into sentences."""

    def __init__(self, cues: Cues, tagger: Tagger):
        self._cues = cues
        self._tagger = tagger
        self._common = cues.ignored | cues.own_words | cues.light_words | cues.verbs

    def complete(self, sentence: Sentence, graph: SceneGraph) -> Sentence:
        """The sentence with each of them that surely is one; of things one at most, where none is
        known.
        """
        at = 0
        while (found := next(self._find(sentence, at), None)) is not None:
            start, end, words, match = found
            kind = self._kind(sentence, start, end)
            at = end
            if not kind:
                continue
            said = ' '.join(words)
            mention = Mention(
                kind,
                self._tagger.target_for(said, kind, graph),
                said=said,
                article=self._cues.articles.get(match['article'] or '', ''),
                is_plural=bool(match['number']) or singular(words[-1]) != words[-1],
            )
            keeps = match['number'] is not None
            begin = match.start('noun') if keeps else start
            sentence = insert_noun(sentence, mention, begin, end - begin)
            at = begin + 1
        return sentence

    def _find(
        self, sentence: Sentence, at: int
    ) -> Iterator[tuple[int, int, list[str], re.Match[str]]]:
        """From where to where a noun phrase stands behind a place, and the words of its noun."""
        match = _PHRASE.search(sentence.text, at)
        while match is not None:
            start = match.start('noun')
            words = self._words(sentence, match)
            if words:
                yield match.start(), start + len(' '.join(words)), words, match
            match = _PHRASE.search(sentence.text, start)

    def _words(self, sentence: Sentence, match: re.Match[str]) -> list[str]:
        """The words of a noun: none that has a use of its own in sentences."""
        words: list[str] = []
        at = match.start('noun')
        for word in match['noun'].split():
            is_said = any(m.start < at + len(word) and at < m.end for m in sentence.mentions)
            is_vague = word in self._cues.vague_nouns | self._cues.own_words
            if word in _ADVERBS:
                break
            if is_vague and word not in self._cues.function_words:
                return []  # what stands before it is an adjective
            if is_said or word in self._common:
                break
            words.append(word)
            at += len(word) + 1
        return words

    def _kind(self, sentence: Sentence, start: int, end: int) -> Literal['', 'object', 'region']:
        """What a noun phrase speaks of, by what stands around it; '' where that is not sure."""
        before, behind = sentence.text[:start], sentence.text[end:]
        if _BEFORE_NOUN.match(behind):
            return ''
        is_compared = before.endswith('compare ') and behind.startswith(' and ')
        is_compared |= self._cues.has('more', sentence.text) and bool(_BESIDE_REGION.match(behind))
        is_owner = not before.endswith('does ') or before.endswith('or does ')
        is_behind = _BEFORE_REGION.search(before) and (is_owner or _HAS.match(behind))
        if is_compared or is_behind:
            return 'region'
        if not sentence.of('object', 'purpose'):
            is_number = _NUMBER.search(sentence.text[start:end])
            is_alone = not sentence.of('region') and _BEHIND_OBJECT.match(behind)
            return 'object' if is_number or is_alone or _BEFORE_OBJECT.search(before) else ''
        asked = [m for m in sentence.of('attribute') if m.end < start]
        between = sentence.text[asked[-1].end : start] if asked else ''
        return 'object' if asked and _ASKED_OF.fullmatch(between.strip() + ' ') else ''


def insert_noun(sentence: Sentence, mention: Mention, start: int, length: int) -> Sentence:
    """Put a mention in place of some words; its article is among them."""
    letter = 'R' if mention.role == 'region' else 'O'
    text = sentence.text[:start] + letter + sentence.text[start + length :]
    moved = [
        m if m.start < start else replace(m, start=m.start - length + 1, end=m.end - length + 1)
        for m in sentence.mentions
        if not start <= m.start < start + length
    ]
    own = replace(mention, start=start, end=start + 1)
    return Sentence(text, tuple(sorted((*moved, own), key=lambda m: m.start)))
