# SPDX-License-Identifier: Apache-2.0
"""Conditions: from `the gate is open` or `there is no truck in the yard` to a question of yes and
no, and whether it is asked the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds.said import MAY_BE_ANSWERED_NO
from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.sentence import Sentence

_IN = r'(?: (?:in|at|inside|within|on|near|by)(?: the area of)? R| there| here)?'
_NUMBER = r'(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten)'
_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        'zero one two three four five six seven eight nine ten'.split()  # noqa: SIM905
    )
}
_COMPARED = {
    'more than': '>', 'over': '>', 'at least': '>=', 'less than': '<', 'fewer than': '<',
    'at most': '<=', 'not more than': '<=', 'no more than': '<=', 'not less than': '>=',
    'exactly': '', '': '', 'only': '',
}  # fmt: skip
_THERE = re.compile(
    r'(?:there (?P<not1>is not|are not|is|are|was|were|be|happens? to be|'
    r'happens? not to be)|(?:you|i) (?:can |could |do |should |happen to )*'
    r'(?P<not2>not )?(?:see|find|spot|notice|discover|meet|come across|detect|have found|found)|'
    r'O can (?P<not3>not )?be (?:found|seen))'
    rf'(?: (?P<no>no|not any|not|any|some|at least one|one|a single))*(?: more)?(?: O)?{_IN}{_IN}'
)
_MANY = re.compile(
    rf'(?:there (?:is|are)|you (?:see|find|count)|R (?:has|have|contains?|'
    rf'holds?)) (?P<than>(?:{"|".join(filter(None, _COMPARED))}) |)'
    rf'(?P<number>{_NUMBER})(?: or (?P<more>more|less|fewer))? O{_IN}'
)
_IS_THERE = re.compile(
    r'O (?:(?:is|are) )?(?P<no>not |no longer )?(?:still |already )?(?:there|here|present|around|'
    r'(?:standing |lying |parked )?(?:in|at|inside|within|on) R)'
)
_HAS = re.compile(
    r'R (?:has|have|contains?|holds?|does (?P<not>not )?(?:have|contain))'
    r'(?: (?P<no>no|any|some|at least one))* O'
)
_REACH = re.compile(
    r'(?:R (?:is|can) (?P<no1>not )?(?:be reached|reachable|accessible|reached)|'
    r'(?:you|one|i) (?:can|are able to) ?(?P<no2>not )?(?:get to|reach|'
    r'make it to|drive to|go to|enter) R|'
    r'there is (?P<no3>no |a |not a |not any )?(?:way|route|path|road) (?:to|into) R|'
    r'R is (?P<no4>un|in)(?:reachable|accessible))'
)
_VALUE_WORDS = re.compile(
    r'(?:O|V|is|are|was|be|it|turns? out to be|turns? out|looks|seems|to|still|really|already|'
    r'currently|now|the|that|you (?:see|find|notice|discover) that|find|then|also|indeed|'
    r'(?:in|at|inside|on|of) R|proves|appears|has|its|color|colou?r|state|\?| )+'
)
IT_IS = re.compile(
    r'(?:it (?:turns out|is true|is the case|happens)|you (?:see|find|notice|'
    r'discover|find out))(?: that)? (?!to\b|a\b|an\b|any\b|no\b|some\b|more\b|'
    r'at least\b|fewer\b|less\b|\d|O$|O in R)'
)
IT_IS_NOT = re.compile(r'it is not (?:true|so|the case)(?: that)? (?=\S)')
_NOT = re.compile(r'\b(?:not|no longer|never)\b')
_BLOCKED_NOT = re.compile(r'\b(?:not|no longer)\b')


@dataclass(frozen=True)
class Condition:
    """A question of yes and no; whether it must be answered no."""

    question: Intent
    is_no: bool = False

    def __invert__(self) -> Condition:
        return replace(self, is_no=not self.is_no)


class ConditionReader:
    """Reads conditions.

    Args:
        cues: how ways are spoken of.
        specific: the target of a mention of one object in a sentence.
    """

    def __init__(self, cues: Cues, specific: Callable[[Mention, Sentence], Target]):
        self._cues = cues
        self._specific = specific

    def read(self, said: Sentence) -> Condition | None:
        """What a clause states; None where that is no question of yes and no."""
        start = IT_IS.match(said.text)
        if start is not None:
            return self.read(said.part(start.end()))
        text = re.sub(r'\b(?:really|still|actually|any longer)\b ?', '', said.text).strip()
        regions, things = said.of('region'), said.of('object', 'purpose')
        if len(regions) == 2 and not things:
            return self._way(said)
        region = regions[0].target if len(regions) == 1 else None
        if len(regions) > 1 or len(things) > 1:
            return None
        if not things:
            match = _REACH.fullmatch(text)
            if match is None or region is None:
                return None
            no = [m for m in match.groups() if m and m != 'a ']
            return Condition(Intent('reach', region=region), bool(no))
        if said.of('value'):
            return self._value(said)
        return self._presence(said, text, region)

    def _presence(self, said: Sentence, text: str, region: Target | None) -> Condition | None:
        thing = said.of('object', 'purpose')[0]
        many = _MANY.fullmatch(text)
        if many is not None:
            number = _NUMBERS.get(many['number'], many['number'])
            sign = _COMPARED[many['than'].strip()]
            if many['more']:
                sign = '>=' if many['more'] == 'more' else '<='
            if not sign and not many['than'] and number == '1' and not thing.is_plural:
                return Condition(Intent('exists', thing.target, region))
            return Condition(Intent('count', thing.target, region, value=sign + number))
        for pattern in (_THERE, _IS_THERE, _HAS):
            match = pattern.fullmatch(text)
            if match is not None:
                nots = [g for g in match.groups() if g and re.search(r'\b(?:no|not)\b', g)]
                return Condition(Intent('exists', thing.target, region), bool(nots))
        return None

    def _value(self, said: Sentence) -> Condition | None:
        values = said.of('value')
        if len(values) != 1 or said.of('purpose'):
            return None
        value, thing = values[0], said.of('object')[0]
        text = said.text[: value.start] + 'V' + said.text[value.end :]
        stripped = _NOT.sub('', text)
        if not _VALUE_WORDS.fullmatch(stripped) or re.match(r'O\b.*\b(?:O)\b', stripped):
            return None
        target = self._specific(thing, said)
        question = Intent('yes_no', target, attribute=value.attribute, value=value.value)
        return Condition(question, bool(_NOT.search(text)))

    def _way(self, said: Sentence) -> Condition | None:
        one, other = said.of('region')
        if ',' in said.text or not all(self._cues.has(cue, said.text) for cue in ('way', 'ends')):
            return None
        blocked, free = (self._cues.has(cue, said.text) for cue in ('blocked', 'free'))
        if blocked == free:
            return None
        is_no = blocked != bool(_BLOCKED_NOT.search(said.text))
        return Condition(Intent('passable', region=one.target, other_region=other.target), is_no)

    @staticmethod
    def settle(condition: Condition) -> tuple[Intent, bool]:
        """The question, and whether what is to be done is for where it does not hold: no question
        says itself that something is not so, but those that may be answered no.
        """
        question = condition.question
        if condition.is_no and question.kind in MAY_BE_ANSWERED_NO:
            return replace(question, value='no'), False
        return question, condition.is_no
