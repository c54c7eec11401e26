# SPDX-License-Identifier: Apache-2.0
"""RequestReader: from a bare sentence to what it means, without a language model.

It looks at which nouns a sentence has (`tagging`), and by cue words at what it asks of them. What
it cannot read it takes for vague, so that the planner asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.reading.accounting import (
    asks_nothing_else,
    forgets,
    is_accounted_for,
    is_alike,
    is_look_there,
)
from prism_core.domains.mapping.reading.composing import Composer, units_of
from prism_core.domains.mapping.reading.constraints import set_aside
from prism_core.domains.mapping.reading.cues import load_cues
from prism_core.domains.mapping.reading.cutting import with_looks
from prism_core.domains.mapping.reading.exclusions import Exclusions
from prism_core.domains.mapping.reading.follow_ups import FollowUps
from prism_core.domains.mapping.reading.foreign import english_words, is_foreign, language_of
from prism_core.domains.mapping.reading.guessing import Guesser
from prism_core.domains.mapping.reading.sentence import Sentence
from prism_core.domains.mapping.reading.sentences import read_questions
from prism_core.domains.mapping.reading.tagging import Tagger
from prism_core.domains.mapping.reading.words_left import words_left, words_of_phrasings
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.words.languages import find_forbidding
from prism_core.episode.episode import Turn
from prism_core.graph.calling import calls_of
from prism_core.graph.scene_graph import SceneGraph


@dataclass(frozen=True)
class _Read:
    """What a request means, as a tree and in one part; what of it was not read, and what of the
    things that it forbids is kept, as places in it.
    """

    intent: Intent
    flat: Intent
    unread: tuple[str, ...]
    kept: tuple[tuple[int, int], ...]


class RequestReader:
    """Reads requests in English.

    Args:
        words: the nouns, attributes and purposes to know.
    """

    def __init__(self, words: Words):
        self.lexicon = words.lexicon
        self.cues = load_cues()
        self._tagger = Tagger(words.lexicon, self.cues)
        self._guesser = Guesser(words.lexicon, self.cues, self._tagger)
        self._follow_ups = FollowUps(self._tagger, self._guesser, words.lexicon.plural)
        self._exclusions = Exclusions(words.lexicon)
        self._phrased = words_of_phrasings(words)
        self._words = words
        self._composer = Composer(words.lexicon, self.cues, self._guesser)
        self._last: tuple[str, SceneGraph, _Read] | None = None

    def read(self, request: str, known_graph: SceneGraph) -> Intent:
        """What a sentence means; of a kind that is not understood when nothing in it can be acted
        on.

        Args:
            request: any text.
            known_graph: its nodes can be called by name, and their classes are classes.
        """
        return self._read(request, known_graph).intent

    def spell_out(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> str:
        """A request that was said behind others as it would be said alone (see `follow_ups`)."""
        return self._follow_ups.spell_out(request, known_graph, history)

    def words_left(self, request: str, known_graph: SceneGraph) -> tuple[str, ...]:
        """The words of a request that it makes nothing of, or that name a class which neither a
        file nor the graph has; in small letters.
        """
        sentence = self._tagger.tag(request, known_graph)
        sentence = self._guesser.complete(sentence, known_graph)
        return words_left(sentence, self.cues, self._phrased, self._known_classes(known_graph))

    def is_guess(self, request: str, known_graph: SceneGraph) -> bool:
        """Whether a request has loose words of a purpose, and names nothing that it is about."""
        sentence = self._tagger.tag(request, known_graph)
        completed = self._guesser.complete(sentence, known_graph)
        return len(completed.of('purpose')) > len(sentence.of('purpose'))

    def _known_classes(self, known_graph: SceneGraph) -> frozenset[str]:
        called = frozenset(name for node in known_graph.nodes.values() for name in calls_of(node))
        return called | self.lexicon.objects.keys() | self.lexicon.regions.keys()

    @cached_property
    def _english(self) -> frozenset[str]:
        return english_words(self._words, self.cues)

    def question_before(self, request: str, known_graph: SceneGraph) -> str:
        """What to ask before a request is acted on: it is not in English, it forbids something
        that no constraint says, or a part of it is not understood; '' for nothing.
        """
        if is_foreign(request, known_graph, self._english):
            return 'I understand English only. What should I do?'
        read = self._read(request, known_graph)
        question = self._exclusions.question(
            request, known_graph, lambda: KINDS[read.intent.kind], lambda: read.kept
        )
        parts = self.unaccounted(request, known_graph)
        if question or not parts:
            return question
        return f'I do not understand "{parts[0]}". What should I do?'

    def question_of_forbidding(self, request: str, known_graph: SceneGraph) -> str:
        """What to ask who keeps to no constraint and knows meanings of one part alone: of what a
        request forbids, which is told by other words where it is in another language.
        """
        flat = self._read(request, known_graph).flat
        question = self._exclusions.question(request, known_graph, lambda: KINDS[flat.kind])
        language = language_of(request, known_graph, self._english)
        if not language:
            return question
        found = find_forbidding(language, request.lower())
        return f'I do not understand "{found[0]}". What should I do?' if found else ''

    def bounds_of(self, request: str, known_graph: SceneGraph) -> Intent | None:
        """What a request means that surely says where not to go, or where to stay; None for any
        other.
        """
        read = self._read(request, known_graph)
        is_sure = read.intent.constraints and not read.unread
        return read.intent if is_sure else None

    def unaccounted(self, request: str, known_graph: SceneGraph) -> tuple[str, ...]:
        """The parts of a request that its meaning has no place for, as they were said."""
        return self._read(request, known_graph).unread

    def _read(self, request: str, known_graph: SceneGraph) -> _Read:
        last = self._last  # as it is now, whoever else reads
        if last is None or last[0] != request or last[1] is not known_graph:
            last = self._last = request, known_graph, self._read_anew(request, known_graph)
        return last[2]

    def _read_anew(self, request: str, known_graph: SceneGraph) -> _Read:
        sentence, aside = set_aside(with_looks(self._tagger.tag(request, known_graph)))
        read = self._read_tagged(request, sentence, known_graph)
        read = replace(read, kept=(*read.kept, *aside)) if aside else read
        if not read.unread and forgets(read.intent, sentence, units_of(sentence)):
            return replace(read, unread=(' '.join(request.split()),))
        return read

    def _read_tagged(self, request: str, sentence: Sentence, known_graph: SceneGraph) -> _Read:
        units = [unit for unit, mark in units_of(sentence) if ';' not in mark]
        flat, reading = self._composer.read_leaf(sentence, known_graph)
        composed = self._composer.compose(sentence, known_graph)
        if len(units) > 1:
            questions = read_questions(
                request, units, self.cues, lambda part: self._read_alone(part, known_graph)
            )
            if questions is not None:
                return _Read(questions, flat, (), ())
        is_whole = asks_nothing_else(flat, reading.sentence, sentence, known_graph)
        if is_whole and not composed.constraints:
            return _Read(flat, flat, (), ())
        unread = tuple(' '.join(request[slice(*place)].split()) for place in composed.unread)
        if composed.intent is None:
            if is_accounted_for(flat, reading.sentence, composed):
                unread = ()
            elif not unread:
                unread = (' '.join(request.split()),)
            return _Read(flat, flat, unread, ())
        is_way_back = composed.intent.kind == 'return'
        if is_way_back and sentence.of('object', 'region', 'purpose'):
            return _Read(flat, flat, (' '.join(request.split()),), ())
        is_flat = not (composed.is_tree or is_way_back or is_look_there(flat, composed.intent))
        is_flat = is_flat or is_alike(flat, reading.sentence, composed)
        intent = flat if is_flat else composed.intent
        if intent.kind == 'sequence' and composed.intent.kind != 'sequence':
            return _Read(flat, flat, (' '.join(request.split()),), ())
        return _Read(intent, flat, unread, composed.kept)

    def _read_alone(self, request: str, known_graph: SceneGraph) -> Intent | None:
        """What a sentence means on its own; None where something of it is left over."""
        read = self._read_anew(request, known_graph)
        return None if read.unread or read.intent.constraints else read.intent
