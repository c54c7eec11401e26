# SPDX-License-Identifier: Apache-2.0
"""One clause as one meaning, or as the same asked of each of many."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds.said import (
    OF_ALL_PLACES,
    OF_ONE_THING,
    OF_PRESENCE,
    SAYS_MORE,
)
from prism_core.domains.mapping.reading.accounting import accounts_for
from prism_core.domains.mapping.reading.composing_words import PATTERNS, SMALL
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.pointing import Pointing, Unread
from prism_core.domains.mapping.reading.reading import Reading
from prism_core.domains.mapping.reading.sentence import Sentence, join
from prism_core.domains.mapping.reading.trees import opened_leaf
from prism_core.graph.scene_graph import SceneGraph

LeafReader = Callable[[Sentence], tuple[Intent, Reading]]

_EVERYWHERE = re.compile(
    r'\b(?:whole|entire|all|every\w*|site|total|altogether|overall|anywhere|somewhere)\b'
)
_OR_VALUE = re.compile(r'\w or (?:is it )?(?!not\b|no\b|any)\w+$')
_GO_THROUGH = re.compile(r'go (?:through|over|around|round|all over) R(?: \w+ly)?')
_PATROL = re.compile(r'(?:patrol|tour|visit) R$')
_LEFT_OVER = re.compile(
    r'\b(?:\d+(?:\.\d+)?|one|two|three|five|ten|twenty|thirty|few) (?:m|metres?|'
    r'meters?|km|feet|ft|minutes?|'
    r'seconds?|hours?)\b|\baway from\b|\bwhich of O\b|'
    r'\bwhich(?:ever)? O (?:is|are)\b|\b(?:what|how) about\b|'
    r'\bevery (?:\w+ )?(?:minutes?|hours?|seconds?|days?|morning|night)\b|\bin each$|'
    r'\b(?:each|both|them|they)(?=$| [^\w\s]| of them)|'
    r'(?<!every )(?<!each )(?<!any )\bone of O\b|\buntil (?!you'
    r' (?:\w+ )?(?:find|found|see|spot|come across))|'
    r'\b(?:except|without|instead|rather than|unless|other than|once more|twice)\b'
)
_COMPARES = re.compile(
    r'\b(?:more|most|fewest|fewer|less|nearest|closest|nearer|closer(?! look)|furthest|biggest)\b'
)
_HOW_MANY = re.compile(
    r'\b(?:if|whether)\b.*\b(?:(?:more|less|fewer) than|at least|at most|'
    r'exactly|\w+ or (?:more|less|fewer)) '
)
_ASKS = re.compile(
    r'(?:tell|report|say|let me know|what|where|which|who|how|is|are|does|do|has|whether|find out|'
    r'check (?:if|whether)|see (?:if|whether))\b'
)
_ON_A_PART = re.compile(r'\b(?:the|a) (\w+) (?:on|at|under|behind|inside|above|below) O\b')
EACH = re.compile(
    r'\b(?:every one of|every single|each and every|all of|each of|both of|all|'
    r'each|every|both) ?(?:(?!about |over |around |that |for |in |to |at |'
    r'right )\w+ )?$'
)
_IN_R = re.compile(
    r' (?:that (?:is|are) |which (?:is|are) )?(?:in|at|inside|within|of|on|from|from within) R\b'
)


class Leaves(Pointing):
    """Reads clauses that have a verb of their own and point back to nothing.

    Args:
        graph: what is known.
        read: the meaning of a sentence of one part.
        small_words: words that name nothing.
    """

    def __init__(self, graph: SceneGraph, read: LeafReader, small_words: frozenset[str]):
        super().__init__(graph)
        self._read = read
        self._small = small_words | SMALL

    def leaf(self, clause: Sentence, into: list) -> Intent:
        """The meaning of a clause behind others."""
        found = self._each(clause)
        if found is not None:
            return found
        intent, reading = self._read(clause)
        self.remember(clause)
        if intent.kind == 'go_to' and _GO_THROUGH.fullmatch(clause.text):
            intent = replace(intent, kind='map_area')
        if intent.kind in OF_PRESENCE and _HOW_MANY.search(clause.text):
            return replace(intent, kind='count', value='?')  # only as a condition
        if intent.kind == 'map_area' and _PATROL.match(clause.text):
            intent = replace(intent, kind='go_to')
        if reading.position() is None and self._is_left_over(clause.text, intent):
            raise Unread
        is_guessed = intent.kind == 'go_to' and not clause.of('region')
        guessed = intent.region.classes if is_guessed and intent.region is not None else ()
        if any(PATTERNS['unable'].match(name) for name in guessed):
            raise Unread  # go there to charge
        previous = into[-1] if into and isinstance(into[-1], Intent) else None
        if previous is not None and previous.kind == 'go_to' and previous.region is not None:
            intent = _at(intent, previous.region, reading)
        if not accounts_for(clause, intent):
            raise Unread
        if intent.kind == 'yes_no' and _OR_VALUE.search(clause.text):
            return replace(intent, kind='attribute', value='')
        return intent

    def _is_left_over(self, text: str, intent: Intent) -> bool:
        """Whether a clause says something that its meaning has no place for."""
        if intent.kind == 'go_to' and _ASKS.match(text):
            return True
        if intent.kind not in SAYS_MORE and _COMPARES.search(text):
            return True
        part = _ON_A_PART.search(text)
        if intent.kind == 'describe' and part is not None and part[1] not in self._small:
            return True
        return _LEFT_OVER.search(text) is not None

    def _each(self, clause: Sentence) -> Intent | None:
        """The same asked of each of many; None where one is spoken of."""
        if clause.of('region') and not clause.of('object'):
            intent, _ = self._read(clause)
            if intent.kind in OF_ALL_PLACES:
                return intent
        for noun in clause.of('object', 'region'):
            match = EACH.search(clause.text[: noun.start])
            is_one = match is not None and match[0].startswith('all') and not noun.is_plural
            is_sum = match is not None and match[0].startswith('all') and noun.role == 'region'
            if is_sum and 'how many' in clause.text:
                return None
            if match is not None and not noun.target.name and not is_one:
                return self._read_each(clause, noun, match.start(), said_so=True)
        plural = [m for m in clause.of('object') if m.is_plural and m.article == 'the']
        is_one = len(clause.of('object')) == 1 and not re.search(
            r'\bone of$|^what is$|\b(?:which|how many|number of|any|some|most|count)\b',
            clause.text[: plural[0].start].strip() if plural else '',
        )
        if plural and is_one and not plural[0].target.name:
            return self._read_each(clause, plural[0], plural[0].start, said_so=False)
        return None

    def _read_each(
        self, clause: Sentence, noun: Mention, start: int, *, said_so: bool
    ) -> Intent | None:
        one = replace(noun, is_plural=False, article='the')
        behind = clause.part(noun.end)
        place = None
        inside = _IN_R.match(' ' + behind.text) if noun.role == 'object' else None
        if inside is not None:
            place = behind.of('region')[0]
            behind = behind.part(inside.end() - 1)
        single = join([clause.part(0, start), Sentence('O' if noun.role == 'object' else 'R', (
            replace(one, start=0, end=1),)), behind])  # fmt: skip
        intent, _ = self._read(single)
        open_part = opened_leaf(intent, noun)
        if open_part is None or (intent.kind in OF_PRESENCE and noun.role == 'object'):
            return None
        if intent.kind == 'go_to' and noun.role == 'region':
            self.remember_group(noun, None)
            return Intent('patrol', region=noun.target)
        if not said_so and intent.kind not in OF_ONE_THING:
            return None
        if not accounts_for(single, intent):
            raise Unread
        self.remember_group(noun, place)
        return Intent(
            'each',
            target=replace(noun.target),
            region=place.target if place is not None else None,
            steps=(open_part,),
        )


def _at(intent: Intent, region: Target, reading: Reading) -> Intent:
    """What is asked behind a drive is asked about where it leads."""
    if _EVERYWHERE.search(reading.text):
        return intent
    if intent.kind in OF_PRESENCE and intent.region is None:
        return replace(intent, region=region)
    if intent.kind == 'survey':
        return Intent('map_area', region=region)
    return intent
