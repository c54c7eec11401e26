# SPDX-License-Identifier: Apache-2.0
"""Does a sentence say an intent, no less and no more?

Each slot must be said, in words of the lexicon or of the graph; and who reads the sentence without
knowing the intent must come to the same one: `RequestReader`, or else a language model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from prism_core.dialects.conversation import Message
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.kinds.said import MAY_BE_ANSWERED_NO
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.reading.cues import load_cues
from prism_core.domains.mapping.reading.tokens import gerund, spell_out, tokenize
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.writing.meaning import MeaningReader
from prism_core.domains.mapping.writing.prompts import make_reading_prompt
from prism_core.domains.mapping.writing.schema import WrittenMeaning, answer_schema, read_answer
from prism_core.errors import PlannerError, PlannerUnavailable, WorldRejected
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.text_model import TextModel

_READING_TOKENS = 700
_MAX_CHARS = 300
_STRAIGHT = str.maketrans({'\u2018': "'", '\u2019': "'", '\u201c': '"', '\u201d': '"'})
_SENTENCE = re.compile(rf'[^\W_][^\x00-\x1f\x7f]{{4,{_MAX_CHARS - 1}}}')


@cache
def _make_reader(words: Words) -> RequestReader:
    return RequestReader(words)


class EntailmentChecker:
    """Holds sentences against intents.

    Args:
        words: the nouns, attributes and purposes to know.
        model: reads what the matcher cannot; without one such sentences entail nothing.
    """

    def __init__(self, words: Words, model: TextModel | None = None):
        self._words = words
        self._model = model
        self._reader = _make_reader(words)
        self._meanings = MeaningReader(words.lexicon)
        self._schema = answer_schema('meaning', WrittenMeaning, words.lexicon)

    def find_gap(self, sentence: str, intent: Intent, graph: SceneGraph, seed: int = 0) -> str:
        """Why a sentence does not say an intent; '' if it does.

        Args:
            sentence: any text.
            intent: what it should mean.
            graph: its nodes can be called by name or by class.
            seed: for models that sample.

        Raises:
            PlannerUnavailable: the model cannot be reached.
        """
        if not _SENTENCE.fullmatch(sentence):
            return 'it is no sentence on one line'
        unsaid = self._find_unsaid(tokenize(spell_out(sentence)), intent)
        if unsaid:
            return f'the {unsaid} is not said'
        is_vague = not KINDS[intent.kind].is_understood
        if is_same_meaning(self._reader.read(sentence, graph), intent):
            if self._model is None or not is_vague:  # what cannot be read is vague to the matcher
                return ''
        elif self._model is None or is_vague:
            return 'it is read as something else'
        return self._find_difference(self._model, sentence, intent, graph, seed)

    def _find_difference(
        self, model: TextModel, sentence: str, intent: Intent, graph: SceneGraph, seed: int
    ) -> str:
        """Why the model does not come to the same intent; '' if it does."""
        messages: list[Message] = make_reading_prompt(sentence, graph, self._words.lexicon)
        try:
            reply = model.complete(
                messages, grammar=self._schema, max_new_tokens=_READING_TOKENS, seed=seed
            )
            read = self._meanings.read(read_answer(reply, WrittenMeaning), graph)
        except PlannerUnavailable:
            raise
        except (PlannerError, WorldRejected):
            return 'the model could not read it'
        return '' if is_same_meaning(read, intent) else 'the model reads it as something else'

    # ----------------------------------------------------------------------------------- the slots

    def _find_unsaid(self, said: tuple[str, ...], intent: Intent) -> str:
        """The slot that no word of a sentence stands for; '' if each is said."""
        lexicon, ends = self._words.lexicon, intent.ends or ()
        if intent.target is not None and not self._is_target_said(said, intent.target):
            return 'target'
        for region in (intent.region, intent.other_region, *ends):
            if region is not None and not self._is_target_said(said, region):
                return 'region'
        if any(not self._is_target_said(said, target) for target in intent.among):
            return 'target'
        if KINDS[intent.kind].has_free_value:
            if not _is_any_said(said, (intent.value,)):
                return 'value'
        elif intent.value and intent.attribute in lexicon.attributes:
            spec = lexicon.attributes[intent.attribute]
            pointing = (word for word, end in spec.comparatives.items() if end == intent.value)
            if not _is_any_said(said, (intent.value, *spec.values[intent.value], *pointing)):
                return 'value'
        elif intent.attribute in lexicon.attributes:
            spec = lexicon.attributes[intent.attribute]
            states = {word for value, others in spec.values.items() for word in (value, *others)}
            questions = [
                q for q, key in load_cues().value_questions.items() if key == intent.attribute
            ]
            names = (intent.attribute, *spec.words, *states, *questions)
            if not _is_any_said(said, names):
                return 'attribute'
        if any(f'{abs(number):g}' not in said for number in intent.position or ()):
            return 'position'
        for constraint in intent.constraints:
            if constraint.region is not None and not self._is_target_said(said, constraint.region):
                return 'region'
            if constraint.distance_m and f'{constraint.distance_m:g}' not in said:
                return 'distance'
        parts = (self._find_unsaid(said, part) for part in intent.parts)
        return next((slot for slot in parts if slot), '')

    def _is_target_said(self, said: tuple[str, ...], target: Target) -> bool:
        """Whether what a target is called stands in a sentence, and each of its attributes."""
        values = self._words.lexicon.attributes
        return _is_any_said(said, self._names_of(target)) and all(
            _is_any_said(said, (value, *values[key].values[value]))
            for key, value in target.attributes
        )

    def _names_of(self, target: Target) -> list[str]:
        """All that a target can be called: by its name, by its purpose, or by its class."""
        lexicon, cues = self._words.lexicon, load_cues()
        if target.name:
            return [target.name]
        if target.purpose:
            phrases = (target.purpose, *lexicon.purposes.get(target.purpose, ()))
            verbs = [' '.join((gerund(first), *rest)) for first, *rest in map(tokenize, phrases)]
            return [*phrases, *verbs, *cues.purpose_words.get(target.purpose, ())]
        called = lexicon.call(target)
        known = lexicon.objects.get(called)
        synonyms = known.synonyms if known is not None else lexicon.regions.get(called, ())
        names = (called, *synonyms, *cues.synonyms.get(called, ()))
        return [*names, *map(lexicon.plural, names)]


def _is_any_said(said: tuple[str, ...], phrases: Iterable[str]) -> bool:
    """Whether the words of one of some phrases stand in a sentence, one behind the other."""
    text = f' {" ".join(said)} '
    return any(f' {" ".join(tokenize(phrase))} ' in text for phrase in phrases)


def tidy_sentence(text: str) -> str:
    """A text on one line, with straight quotation marks."""
    return ' '.join(text.translate(_STRAIGHT).split())


def is_new_sentence(sentence: str, before: set[str]) -> bool:
    """Whether a sentence differs from those before it in more than marks and capitals; it is put to
    them.
    """
    words = ' '.join(word for word in tokenize(spell_out(sentence)) if word[0].isalnum())
    is_new = words not in before
    before.add(words)
    return is_new


def is_same_meaning(one: Intent, other: Intent) -> bool:
    """Whether two intents ask for the same; the order of what is compared or joined is nothing."""
    return _normal(one) == _normal(other)


def _normal(intent: Intent) -> Intent:
    condition = intent.condition
    if condition is not None and intent.value == 'no' and condition.kind in MAY_BE_ANSWERED_NO:
        value = '' if condition.value == 'no' else 'no'
        intent = replace(intent, value='', condition=replace(condition, value=value))
    region, other_region = _normal_target(intent.region), _normal_target(intent.other_region)
    if KINDS[intent.kind].is_symmetric and region and other_region:
        region, other_region = sorted((region, other_region), key=repr)
    ends = intent.ends
    if ends is not None:
        one, other = sorted(filter(None, map(_normal_target, ends)), key=repr)
        ends = (one, other)
    return replace(
        intent,
        target=_normal_target(intent.target),
        region=region,
        other_region=other_region,
        ends=ends,
        steps=tuple(_normal(step) for step in intent.steps),
        condition=None if intent.condition is None else _normal(intent.condition),
        constraints=tuple(
            sorted(
                (replace(c, region=_normal_target(c.region)) for c in intent.constraints), key=repr
            )
        ),
        among=_normal_among(intent),
    )


def _normal_among(intent: Intent) -> tuple[Target, ...]:
    """The objects among which it is asked, in an order of no meaning, where they may change
    places.
    """
    among = tuple(filter(None, map(_normal_target, intent.among)))
    return tuple(sorted(among, key=repr)) if KINDS[intent.kind].is_symmetric else among


def _normal_target(target: Target | None) -> Target | None:
    if target is None:
        return None
    classes, attributes = sorted(target.classes), sorted(target.attributes)
    return Target(target.kind, tuple(classes), tuple(attributes), target.name)
