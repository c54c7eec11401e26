# SPDX-License-Identifier: Apache-2.0
"""What a sentence may mean that names no known object: a purpose in other words, or a new noun."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from prism_core.domains.mapping.intent import Target
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.new_nouns import NewNouns, insert_noun
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.sentence import Sentence
from prism_core.domains.mapping.reading.tagging import Tagger
from prism_core.domains.mapping.reading.tokens import singular, stem, tokenize
from prism_core.graph.scene_graph import SceneGraph

_SURE, _LIKELY = 0.7, 0.5
_OBJECT_SLOT = re.compile(
    r'\b(?:find|search for|searching for|look for|looking for|locate|track down|where (?:is|are)|'
    r'inspect|check|examine|describe|look at|is there|are there|how many|number of|count|'
    r'contains?|need)'
    r'(?: (?:me|all|out|up))? ((?:a|an|any|some|another|the|my|all|two|three|several) )?'
    r'((?:[^\W\d_A-Z]+ ?){1,3})'
    r'|\b(?:is|are|see|of) ((?:a|an|the|my) )((?:[^\W\d_A-Z]+ ?){1,3})'
)
_REGION_SLOT = re.compile(
    r'\b(?:go|drive|move|head|proceed|travel|return|navigate|come) (?:\w+ )?(?:to|for) '
    r'(?:the |my |a )?((?:[^\W\d_A-Z]+ ?){1,3})'
)
_EACH_SLOT = re.compile(
    r'\b(?:patrol|visit) (?:each|every|all)(?: of)?(?: the| my)? ((?:[^\W\d_A-Z]+ ?){1,3})'
)


class Guesser:
    """Completes sentences in which no object was found."""

    def __init__(self, lexicon: Lexicon, cues: Cues, tagger: Tagger):
        self._cues = cues
        self._tagger = tagger
        self._new = NewNouns(cues, tagger)
        self._light_stems = frozenset(map(stem, cues.light_words | cues.ignored))
        self._phrases: list[tuple[frozenset[str], str]] = []
        self._classes = lexicon.classes_for
        for purpose, paraphrases in lexicon.purposes.items():
            for phrase in (purpose, *paraphrases):
                self._phrases.append((self._content(phrase), purpose))
        for purpose, words in cues.purpose_words.items():
            if purpose in lexicon.purposes:
                self._phrases += [(frozenset([stem(word)]), purpose) for word in words]
        used = Counter(
            w for words in {p: self._all(p) for p in self._classes}.values() for w in words
        )
        self._weights = {word: 1 / times for word, times in used.items()}
        self._known_words = frozenset(used)

    def _all(self, purpose: str) -> set[str]:
        return set().union(*(words for words, other in self._phrases if other == purpose))

    def _content(self, phrase: str) -> frozenset[str]:
        words = [word for word in tokenize(phrase) if word not in self._cues.ignored]
        return frozenset(map(stem, words)) - self._light_stems

    def complete(self, sentence: Sentence, graph: SceneGraph) -> Sentence:
        """The sentence with a purpose or the nouns that it was found to have; or as it is."""
        guessed = self._guess(sentence, graph)
        return guessed if guessed.of('purpose') else self._new.complete(guessed, graph)

    def _guess(self, sentence: Sentence, graph: SceneGraph) -> Sentence:
        if sentence.of('object', 'purpose'):
            return sentence
        has_region = bool(sentence.of('region'))
        score, purpose = (0.0, '') if has_region else self._purpose(sentence.text)
        if score < _SURE and not self._cues.has('wish', sentence.text):
            score = 0.0
        if score < _SURE:
            with_noun = self._with_noun(sentence, graph)
            if with_noun is not None:
                return with_noun
        if score < _LIKELY or self._cues.has('survey', sentence.text):
            return sentence
        target = Target(classes=self._classes[purpose], purpose=purpose)
        mention = Mention('purpose', self._tagger.localize(target, graph))
        return replace(sentence, mentions=(*sentence.mentions, mention))

    def _purpose(self, text: str) -> tuple[float, str]:
        """The purpose that a text has most of the words of, and the share that it has."""
        words = self._content(text) & self._known_words
        best = (0.0, '')
        for content, purpose in self._phrases if words else ():
            total = sum(self._weights[word] for word in content)
            score = sum(self._weights[word] for word in content & words) / total if content else 0.0
            if score > best[0]:
                best = (score, purpose)
        return best

    def _with_noun(self, sentence: Sentence, graph: SceneGraph) -> Sentence | None:
        """The sentence with a noun that is in no file in its place."""
        for match in _OBJECT_SLOT.finditer(sentence.text):
            slot = 2 if match[2] else 4
            article = (match[slot - 1] or '').strip()
            words = self._noun(match[slot])
            if not words or (sentence.of('region') and not article and words[-1][-1] != 's'):
                continue
            target = self._tagger.target_for(' '.join(words), 'object', graph)
            mention = Mention(
                'object',
                target,
                said=' '.join(words),
                article=self._cues.articles.get(article, ''),
                is_plural=singular(words[-1]) != words[-1],
            )
            start = match.start(slot - 1) if match[slot - 1] else match.start(slot)
            length = match.start(slot) + len(mention.said) - start
            return insert_noun(sentence, mention, start, length)
        for match in self._region_slots(sentence):
            words = self._noun(match[1])
            if words:
                said = ' '.join(words)
                mention = Mention('region', self._tagger.target_for(said, 'region', graph))
                return insert_noun(sentence, mention, match.start(1), len(said))
        return None

    def _region_slots(self, sentence: Sentence) -> Iterator[re.Match[str]]:
        if sentence.of('region'):
            return
        yield from _REGION_SLOT.finditer(sentence.text)
        if not self._cues.has('survey', self._cues.patterns['patrol'].sub('', sentence.text)):
            yield from _EACH_SLOT.finditer(sentence.text)

    def _noun(self, words: str) -> list[str]:
        """The words up to the first that is no part of a noun."""
        noun: list[str] = []
        for word in words.split():
            if word in self._cues.vague_nouns or word in self._cues.way_nouns:
                return []
            if word in self._cues.function_words:
                break
            noun.append(word)
        return noun
