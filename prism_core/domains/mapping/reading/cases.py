# SPDX-License-Identifier: Apache-2.0
"""What to do if something holds, what else, and what with each of many."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.kinds.said import LOOKS, OF_PRESENCE, YES_OR_NO
from prism_core.domains.mapping.reading.composing_words import PATTERNS, strip_polite
from prism_core.domains.mapping.reading.conditions import (
    IT_IS,
    IT_IS_NOT,
    Condition,
    ConditionReader,
)
from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.markers import is_short, marker, marks, splits
from prism_core.domains.mapping.reading.parts import Parts
from prism_core.domains.mapping.reading.pointing import Spoken, Unread
from prism_core.domains.mapping.reading.sentence import Sentence
from prism_core.domains.mapping.reading.trees import Case, Trees, of_each

_WAITS = re.compile(
    r'\b(?:once|as soon as|until|till|after) (?:(?:O|R)(?: (?:is|are|has|have|can))\b|there is\b)'
)
_JOINER = re.compile(r'(?: ,)? (?:and|but|or)$')
_ASKING = re.compile(r'.*?\b(?:if|whether)(?: or not)? ')

_FOR_EACH = re.compile(
    r'(?:^|(?<= ))(?:(?:go|look|run) (?:through|over|round|around)|take|find|'
    r'locate|do (?:the following|this) for|'
    r'leave out none of|skip none of|for|of|with|check)(?: (?:each|every|'
    r'every single|all|both|any))?(?: of)?'
    r'(?: one of)? (?P<noun>[OR])(?: (?:that (?:is|are) )?(?:in|at|inside|within|on) (?P<place>R))?'
    r'(?: in turn| one by one)?'
    r'(?:(?: [,;:.]| and| then)+ (?:for|of|at|in) (?:each|every one|each one|'
    r'all)(?: one)?(?: of (?:them|these|those))? ?,?'
    r'|(?<=in turn) [,:]|(?<=one by one) [,:])(?= )'
    r'|(?:^|(?<= ))(?:do (?:the following|this) )?for (?:each|every|'
    r'every single|all)(?: of)?(?: one of)? '
    r'(?P<noun2>[OR])(?: (?:in|at|inside|within|on) (?P<place2>R))? ?[,:](?= )'
)


class Cases:
    """Reads texts in which clauses depend on others.

    Args:
        parts: reads the clauses.
        conditions: reads conditions.
        cues: by which words they begin.
    """

    def __init__(self, parts: Parts, conditions: ConditionReader, cues: Cues):
        self._parts, self._conditions, self._cues = parts, conditions, cues
        self._trees = Trees(conditions)
        self.kept: list[tuple[int, int]] = []
        """Where in the request conditions stand that were read."""
        self.is_conditional = False
        """Whether something is to be done only if something holds."""

    def add_bare_question(self, unit: Sentence, steps: list) -> bool:
        """`The valve open?` as a question."""
        said = strip_polite(unit)
        if len(said.of('object')) != 1 or not said.text.startswith('O '):
            return False
        condition = self._conditions.read(said)
        if condition is None or condition.is_no or condition.question.kind not in YES_OR_NO:
            return False
        steps.append(condition.question)
        self._parts.last = said
        self._remember_condition(said)
        return True

    def block(self, said: Sentence, into: list) -> None:
        """The parts of a text, put behind those that there are."""
        said = said.part(0)
        if _WAITS.search(said.text):
            raise Unread
        found = marker(said.text, self._cues)
        each = _FOR_EACH.search(said.text)
        if each is not None and (found is None or each.start() < found[1]):
            self._for_each(said, each, into)
            return
        if found is None:
            self._parts.add(said, into)
            return
        self.is_conditional = True
        kind, start, end = found
        before, after = said.part(0, start), said.part(end)
        is_nothing = PATTERNS['nothing'].fullmatch(strip_polite(after).text)
        if kind != 'if' and is_nothing and (before.text or into):
            self._add_some(before, into)
            self._keep(said.part(start, None))
            return
        if kind == 'so' and before.text and re.match(r'(?:,? ?(?:or|and|but)\b|$)', after.text):
            self._keep(said.part(start, end))
            self._cases_behind(before, after, into)
        elif kind == 'so':
            self._add_some(before, into)
            self._so(after, into)
            self._keep(said.part(start, end))
        elif kind == 'else':
            self._add_some(before, into)
            self._else(after, into)
            self._keep(said.part(start, end))
        else:
            self._if(said, start, end, into)

    def _add_some(self, said: Sentence, into: list) -> None:
        if said.text:
            self._parts.add(said, into)

    def _case(self, said: Sentence, into: list) -> None:
        """What to do in one case: something, or nothing by words that say so."""
        joiner = _JOINER.search(said.text)
        said = said.part(0, joiner.start()) if joiner is not None else said
        self._parts.is_case = True
        self.block(said, into)
        self._parts.is_case = False
        if not into and not PATTERNS['filler'].fullmatch(strip_polite(said).text):
            raise Unread

    def _for_each(self, said: Sentence, match: re.Match[str], into: list) -> None:
        """`For each O in R: do this with it`."""
        before = said.part(0, match.start())
        if before.text:
            self.block(before, into)
        noun = next(m for m in said.of('object', 'region') if m.start == _start_of(match, 'noun'))
        place = next((m for m in said.of('region') if m.start == _start_of(match, 'place')), None)
        self._keep(said.part(*match.span()))
        one = replace(noun, article='the', is_plural=False)
        self._parts.spoken = Spoken([one] if noun.role == 'object' else [], place or one)
        self._parts.goes_on = False
        steps: list = []
        self.block(said.part(match.end()), steps)
        if not steps:
            raise Unread
        region = place.target if place is not None else None
        into.append(of_each(self._trees.sequence(steps), noun, region))
        self._parts.remember_group(noun, place)

    def _so(self, after: Sentence, into: list) -> None:
        last = into[-1] if into else None
        if isinstance(last, Case) and last.condition.is_no and not last.other:
            self._block_of_other(after, last)
            return
        node = self._node(self._question(into), is_asked=True)
        into.append(node)
        self._branches(after, node)

    def _cases_behind(self, before: Sentence, after: Sentence, into: list) -> None:
        """`Do this if it is so, or that if it is not`, behind a question."""
        node = self._node(self._question(into), is_asked=True)
        into.append(node)
        self._case(before, node.then)
        other = next(marks('else', after.text, self._cues), None)
        if other is None:
            raise Unread
        self._keep(after.part(*other.span()))
        behind = after.part(other.end())
        self._block_of_other(behind if behind.text else after.part(0, other.start()), node)

    def _node(self, condition: Condition, **said: Any) -> Case:
        return Case(condition, spoken=self._parts.spoken.copy(), **said)

    def _block_of_other(self, said: Sentence, node: Case) -> None:
        """What else to do; nothing that was spoken of in the first case is pointed back to."""
        self._parts.spoken = node.spoken.copy()
        self._parts.goes_on = True
        self._case(said, node.other)

    def _else(self, after: Sentence, into: list) -> None:
        last = into[-1] if into else None
        if isinstance(last, Case):
            if last.other:
                raise Unread
            self._block_of_other(after, last)
            return
        node = self._node(~self._question(into), is_asked=True)
        into.append(node)
        self._branches(after, node)

    def _question(self, into: list) -> Condition:
        last = into[-1] if into else None
        clause = self._parts.last or Sentence('')
        asked = _ASKING.match(clause.text)
        if isinstance(last, Intent) and asked is not None:
            stated = clause.part(asked.end())
            condition = self._condition(stated, into[:-1])
            if condition is not None:
                into.pop()
                self._keep(stated)
                return condition
        if (
            isinstance(last, Intent)
            and last.kind in YES_OR_NO
            and not re.search(r'\b(?:no|not|none)\b', clause.text)
        ):
            return Condition(into.pop())
        raise Unread

    def _branches(self, said: Sentence, node: Case) -> None:
        """What to do if a condition holds, and what else."""
        other = next(marks('else', said.text, self._cues), None)
        if other is None:
            self._case(said, node.then)
            return
        self._case(said.part(0, other.start()), node.then)
        self._keep(said.part(*other.span()))
        self._block_of_other(said.part(other.end()), node)

    # ------------------------------------------------------------------------------- conditions

    def _if(self, said: Sentence, start: int, end: int, into: list) -> None:
        before, after = said.part(0, start), said.part(end)
        word = said.text[start:end]
        is_not = word in ('unless', 'except if', 'except when') or 'not' in word.split()
        before_text = said.text[:start].strip()
        self._keep(Sentence('', (), said.part(start, end).sources))
        only = re.search(r'\b(?:but )?only$', before_text)
        if only is not None:
            before = said.part(0, only.start())
        is_only = word == 'only if' or only is not None
        is_first = not before.text or (
            not is_only and re.search(r'(?:\band|\bthen|\bbut|:)(?: ,)?$', before_text)
        )
        if is_first and self._first_if(before, after, is_not, into):
            return
        if before.text and self._last_if(before, after, is_not, into):
            return
        if not is_first and self._first_if(before, after, is_not, into):
            return
        raise Unread

    def _first_if(self, before: Sentence, after: Sentence, is_not: bool, into: list) -> bool:
        """`If C, then do this, otherwise that`."""
        steps: list = []
        is_apart = not before.text or before.text.endswith(':')
        if before.text:
            self._parts.add(before, steps)
        for split, behind in splits(after.text):
            stated = after.part(0, split)
            condition = self._condition(stated, steps or into)
            if condition is None:
                continue
            rest = strip_polite(after.part(behind))
            if not rest.text:
                continue
            self._remember_condition(stated)
            node = self._node(~condition if is_not else condition)
            into += steps
            self._parts.goes_on = bool(steps)
            if into and _is_look_at(into[-1], condition) and is_apart:
                into.pop()
            into.append(node)
            self._keep(stated)
            self._branches(rest, node)
            return True
        return False

    def _last_if(self, before: Sentence, after: Sentence, is_not: bool, into: list) -> bool:
        """`Do this if C, otherwise that`."""
        other = next(marks('else', after.text, self._cues), None)
        so = next(
            (
                m
                for m in PATTERNS['so'].finditer(after.text)
                if is_short(m[0], after.text[m.end() :])
            ),
            None,
        )
        if so is not None and is_not:
            other = so
        stated = after.part(0, other.start() if other is not None else None)
        joiner = _JOINER.search(stated.text)
        stated = stated.part(0, joiner.start()) if joiner is not None else stated
        behind = Sentence('') if other is None else after.part(other.end())
        if other is not None and not behind.text:  # to do this if C, and that if not
            stated, behind = self._apart(stated)
        steps: list = []
        self._parts.add(before, steps)
        condition = self._condition(stated, steps or into)
        is_nothing = not steps and PATTERNS['filler'].fullmatch(strip_polite(before).text)
        if condition is None or (len(steps) != 1 and not is_nothing):
            return False
        if condition.question.kind == 'reach' and condition.question.region is None:
            return False
        self._remember_condition(stated)
        node = self._node(~condition if is_not else condition, then=steps)
        into.append(node)
        self._keep(stated)
        if other is not None:
            self._keep(after.part(*other.span()))
            self._block_of_other(behind, node)
        return True

    def _apart(self, stated: Sentence) -> tuple[Sentence, Sentence]:
        """A condition and what follows it, where `if not` ends the sentence."""
        for match in re.finditer(r'(?: ,)? (?:and|but|or)(?= )', stated.text):
            first = stated.part(0, match.start())
            if self._condition(first, []) is not None:
                return first, stated.part(match.end())
        return stated, Sentence('')

    def _condition(self, stated: Sentence, steps: list) -> Condition | None:
        """What a clause states, with what it points back to."""
        last = next((s for s in reversed(steps) if isinstance(s, Intent)), None)
        if (
            last is not None
            and last.kind == 'go_to'
            and re.fullmatch(
                r'(?:you can(?: get there| reach it| make it)?|(?:it|that) is'
                r' (?:possible|reachable)|'
                r'it can be reached|there is (?:a|any) way(?: there)?|reachable|at all possible)',
                stated.text,
            )
        ):
            return Condition(Intent('reach', region=last.region))
        denied = IT_IS_NOT.match(stated.text)
        if denied is not None:
            found = self._condition(stated.part(denied.end()), steps)
            return None if found is None else ~found
        start = IT_IS.match(stated.text)
        try:
            resolved = self._parts.resolved(stated.part(start.end() if start else 0))
        except Unread:
            return None
        condition = self._conditions.read(resolved)
        if condition is None or condition.question.region is not None:
            return condition
        if last is not None and last.kind == 'go_to' and condition.question.kind in OF_PRESENCE:
            question = replace(condition.question, region=last.region)
            return replace(condition, question=question)
        return condition

    def _remember_condition(self, stated: Sentence) -> None:
        try:
            self._parts.remember(self._parts.resolved(stated))
        except Unread:
            return

    def _keep(self, said: Sentence) -> None:
        if said.sources:
            self.kept.append(said.said)


def _start_of(match: re.Match[str], group: str) -> int:
    """Where a group stands in either of two ways."""
    return max(match.start(group), match.start(f'{group}2'))


def _is_look_at(step: object, condition: Condition) -> bool:
    """Whether a step looks at what a condition is about, and no more."""
    return (
        isinstance(step, Intent)
        and step.kind in LOOKS
        and condition.question.kind == 'yes_no'
        and step.target == condition.question.target
    )
