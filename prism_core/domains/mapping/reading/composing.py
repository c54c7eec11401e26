# SPDX-License-Identifier: Apache-2.0
"""Requests of several parts: what is asked one after the other, if something holds, of each of
many, and what holds on all ways, as a tree of meanings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import SELF_READ
from prism_core.domains.mapping.kinds.goals import goals_of
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.reading.accounting import has_place_for
from prism_core.domains.mapping.reading.cases import Cases
from prism_core.domains.mapping.reading.conditions import ConditionReader
from prism_core.domains.mapping.reading.constraints import take_constraints
from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.cutting import UNCUT
from prism_core.domains.mapping.reading.guessing import Guesser
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.one_noun import read_one_noun
from prism_core.domains.mapping.reading.parts import Parts
from prism_core.domains.mapping.reading.pointing import Unread
from prism_core.domains.mapping.reading.reading import Reading
from prism_core.domains.mapping.reading.sentence import Sentence, join
from prism_core.domains.mapping.reading.trees import Case, Composed, Trees
from prism_core.graph.calling import called
from prism_core.graph.scene_graph import SceneGraph

_EACH_NEXT = re.compile(r' (?:and )?for (?:each|every)(?: one)?(?: of them)? (?!O|R)')
_NUMBER = re.compile(r'^ ?\d+ ?$')
_UNIT = re.compile(r'[.?!;]+(?=\s|$)')


class Composer:
    """Reads requests of several parts.

    Args:
        lexicon: the nouns, and the values of attributes.
        cues: what tells sentences of one part apart.
        guesser: completes what names nothing that is known.
    """

    def __init__(self, lexicon: Lexicon, cues: Cues, guesser: Guesser):
        self.lexicon, self.cues, self._guesser = lexicon, cues, guesser

    def compose(self, sentence: Sentence, graph: SceneGraph) -> Composed:
        """The meaning of a tagged request on a graph in which the robot is where it was asked."""
        return _Composing(self, graph).compose(sentence)

    def read_leaf(self, sentence: Sentence, graph: SceneGraph) -> tuple[Intent, Reading]:
        """What a sentence of one part means."""
        sentence = self._guesser.complete(sentence, graph)
        reading = Reading(sentence, self.lexicon, self.cues, graph)
        own = (kind.read(reading) for kind in SELF_READ)
        return next(filter(None, own), None) or read_one_noun(reading), reading


class _Composing:
    """One request."""

    def __init__(self, composer: Composer, graph: SceneGraph):
        self._composer, self._graph = composer, graph
        self._parts = Parts(
            graph,
            lambda said: composer.read_leaf(said, graph),
            composer.cues.ignored | composer.cues.own_words,
        )
        conditions = ConditionReader(composer.cues, self._specific)
        self._trees = Trees(conditions)
        self._cases = Cases(self._parts, conditions, composer.cues)

    def _specific(self, mention: Mention, sentence: Sentence) -> Target:
        reading = Reading(sentence, self._composer.lexicon, self._composer.cues, self._graph)
        return reading.specific(mention)

    def compose(self, sentence: Sentence) -> Composed:
        """Its meaning, part by part."""
        found = take_constraints(sentence, self._graph, self._composer.lexicon)
        steps: list = []
        is_question = False
        for unit, mark in units_of(found.rest):
            if '?' in mark and self._cases.add_bare_question(unit, steps):
                is_question = True
                continue
            if is_question and re.match(r'(?:then|yes)\b', unit.text):
                unit = join([Sentence('if so'), unit.part(4 if unit.text[0] == 't' else 3)])
            try:
                self._cases.block(unit, steps)
            except Unread as caught:
                if not caught.is_talk:
                    self._parts.unread.append(unit)
                    self._parts.has_order |= bool(unit.of('object', 'region', 'purpose'))
            is_question = '?' in mark
        unread = [part.said for part in self._parts.unread]
        intent = None
        if not unread:
            try:
                intent = self._trees.whole(steps, found.constraints)
            except (Unread, ValueError):
                unread.append(sentence.said)
        is_tree = (
            bool(found.constraints)
            or len(steps) > 1
            or any(isinstance(step, Case) or step.parts for step in steps)
        )
        if intent is not None and self._is_torn(intent):
            intent = None
            unread += found.said
        if intent is not None and is_tree and not has_place_for(intent, found.rest, self._graph):
            intent = None
            unread.append(sentence.said)
        return Composed(
            intent,
            tuple(unread),
            (*found.said, *self._cases.kept, *self._parts.kept),
            is_tree=is_tree,
            is_unable=self._parts.is_unable,
            is_conditional=self._cases.is_conditional,
            read=tuple(step for step in steps if isinstance(step, Intent)),
            has_order=self._parts.has_order,
            parts=len(steps) + len(unread),
            constraints=found.constraints,
        )

    def _is_torn(self, intent: Intent) -> bool:
        """Whether what is to be avoided is, or may be, where to go, or what to look at."""
        avoided = [c.region for c in intent.constraints if c.kind == 'avoid' and c.region]
        things = [target for target in avoided if target.kind == 'object']
        places = self._nodes(target for target in avoided if target.kind == 'region')
        if not places.isdisjoint(self._nodes(goals_of(intent))):
            return True
        asked = [t for part in intent.walk() for t in (part.target, *part.among) if t is not None]
        return any(
            one.name == thing.name if one.name or thing.name else {*one.classes} & {*thing.classes}
            for thing in things
            for one in asked
        )

    def _nodes(self, targets: Iterable[Target | None]) -> set[str]:
        """The known regions that some targets mean, and their classes where none is known."""
        found: set[str] = set()
        for target in filter(None, targets):
            known = called(self._graph.regions.values(), target.classes)
            found.update((target.name,) if target.name else known or target.classes)
        return found


def units_of(sentence: Sentence) -> Iterator[tuple[Sentence, str]]:
    """The sentences of a text, and the marks at their ends."""
    at = 0
    kept = [match.span() for match in UNCUT.finditer(sentence.text)]
    for match in _UNIT.finditer(sentence.text):
        if any(start <= match.start() < end for start, end in kept):
            continue
        if _EACH_NEXT.match(sentence.text, match.end()) or _NUMBER.search(
            sentence.text[at : match.start()]
        ):
            continue
        if sentence.part(at, match.start()).text:
            yield sentence.part(at, match.start()), match[0]
        at = match.end()
    if sentence.part(at).text:
        yield sentence.part(at), ''
