# SPDX-License-Identifier: Apache-2.0
"""Sentences of several clauses: what goes with which condition, and what comes first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.reading.cues import Cues
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.sentence import Sentence

_NEGATION = re.compile(r'\b(?:not|no longer|never|neither)\b')
_BREAK = re.compile(r'[.;:!]|\bbut(?! only)\b|\bhowever\b|\bthough\b')
_SEPARATOR = re.compile(r'(?:[,.;:?!]|\bor|\band|\bbut) $')
_MARK = re.compile(r'[.;:!?,]')


class _Condition(NamedTuple):
    """Where a sentence states a condition, and whether it is for or against.

    `form`: stated in full, only asked for, or referred to as in 'if so' and 'otherwise'.
    """

    start: int
    end: int
    holds: bool
    form: Literal['stated', 'asked', 'short'] = 'stated'


def read_conditional(sentence: Sentence, cues: Cues) -> Intent | None:
    """A condition with where to go if it holds and where else; None without one."""
    regions = sentence.of('region')
    ends = way_ends(sentence, cues) if len(regions) > 3 else None
    if ends is not None:
        places = [region for region in regions if region not in ends]
        stated = _stated_ways(sentence, cues)
        about = Intent('conditional', ends=(ends[0].target, ends[1].target))
    else:
        found = _valued_object(sentence)
        if len(regions) != 2 or found is None:
            return None
        places = regions
        thing, value = found
        values = [v for v in sentence.of('value') if v.attribute == value.attribute]
        stated = [(v.start, v.end, v.value == value.value) for v in values]
        about = Intent(
            'conditional', target=thing.target, attribute=value.attribute, value=value.value
        )
    first_holds = _first_place_holds(sentence, places, _conditions(sentence, stated, cues))
    one, other = places[:2] if first_holds else places[1::-1]
    return Intent(
        'conditional',
        target=about.target,
        attribute=about.attribute,
        value=about.value,
        ends=about.ends,
        region=one.target,
        other_region=other.target,
    )


def way_ends(sentence: Sentence, cues: Cues) -> tuple[Mention, Mention] | None:
    """The two regions that a sentence speaks of the way between."""
    match = cues.find('ends', sentence.text)
    if match is None:
        return None
    ends = [r for r in sentence.of('region') if match.start() <= r.start < match.end()]
    return (ends[0], ends[1]) if len(ends) == 2 else None


def _valued_object(sentence: Sentence) -> tuple[Mention, Mention] | None:
    """The first value that is said of an object, and that object."""
    things = sentence.of('object')
    for value in sentence.of('value'):
        before = [thing for thing in things if thing.start < value.start]
        if things:
            return (before or things)[-1 if before else 0], value
    return None


def _stated_ways(sentence: Sentence, cues: Cues) -> list[tuple[int, int, bool]]:
    stated = []
    for cue in ('blocked', 'free'):
        for match in cues.patterns[cue].finditer(sentence.text):
            stated.append((match.start(), match.end(), cue == 'blocked'))
    return sorted(stated)


def _conditions(
    sentence: Sentence, stated: Sequence[tuple[int, int, bool]], cues: Cues
) -> list[_Condition]:
    """What a sentence says of when something holds, in order."""
    text = sentence.text
    found: list[_Condition] = []
    for start, end, is_positive in stated:
        clause = re.split(r'[.;!]', text[:start])[-1]
        asked = _last(cues.patterns['ask'], clause)
        joined = _last(cues.patterns['when'], clause)
        holds = is_positive != bool(
            _NEGATION.search(clause[max(asked, joined, len(clause) - 16) :])
        )
        if joined >= 0 and re.match('unless|except', clause[joined:]):
            holds = not holds
        at = len(text[:start]) - len(clause) + max(joined, 0)
        is_asked = joined < 0 or (asked >= 0 and asked >= joined - 12)
        found.append(_Condition(at, end, holds, 'asked' if is_asked else 'stated'))
    said = [c.holds for c in found[:1]] or [True]
    for cue, is_so in (('so', True), ('otherwise', False)):
        for match in cues.patterns[cue].finditer(text):
            if not any(c.start <= match.start() < c.end for c in found[: len(stated)]):
                found.append(_Condition(match.start(), match.end(), said[0] == is_so, 'short'))
    return sorted(found)


def _last(pattern: re.Pattern[str], text: str) -> int:
    return max((match.start() for match in pattern.finditer(text)), default=-1)


def _first_place_holds(
    sentence: Sentence, places: Sequence[Mention], conditions: Sequence[_Condition]
) -> bool:
    """Whether the first of two places is for the case that the condition holds."""
    one, other = places[:2]
    before = [c for c in conditions if c.end <= one.start]
    if before and before[-1].form != 'asked':
        return before[-1].holds
    between = [c for c in conditions if one.end <= c.start and c.end <= other.start]
    behind = [c for c in conditions if c.start >= other.end]
    if between:
        is_for_other = len(between) == 1 and not behind
        if between[0].form == 'short':
            is_apart = _SEPARATOR.search(sentence.text[: between[0].start])
        else:
            is_apart = None if before else _BREAK.search(sentence.text, one.end, between[0].start)
        return between[0].holds != bool(is_for_other and is_apart)
    return (before or behind or [_Condition(0, 0, True)])[0].holds


# ------------------------------------------------------------------------------------- sequences


def read_steps(
    sentence: Sentence, cues: Cues, read_step: Callable[[Mention, Sequence[Mention]], Intent]
) -> tuple[Intent, ...]:
    """The steps of a sentence that asks for several things; none where it asks for one.

    `read_step` reads one step from a region or an object and the attributes that go with it.
    """
    nouns = _steps(sentence, cues)
    if len(nouns) < 2:
        return ()
    asked = sentence.of('attribute', 'value')
    is_ordered = cues.has('sequence', sentence.text)
    regions = [noun for noun in nouns if noun.role == 'region']
    if not is_ordered and len(regions) < 2 and not (regions and asked) and len(asked) < 2:
        return ()
    steps = [read_step(noun, _asked_of(i, nouns, asked, sentence)) for i, noun in enumerate(nouns)]
    return tuple(steps[i] for i in _order(nouns, sentence))


def _steps(sentence: Sentence, cues: Cues) -> list[Mention]:
    """The objects, and the regions that are to be driven to."""
    steps = []
    for noun in sentence.of('object', 'region'):
        before = sentence.text[: noun.start].split()
        is_goal = noun.role == 'object' or not before or before[-1] not in _PLACES
        if is_goal or 'you at' in ' '.join(before[-3:]):
            steps.append(noun)
    return steps


_PLACES = frozenset(['in', 'inside', 'within', 'on', 'of', 'from', 'near'])


def _asked_of(
    index: int, nouns: Sequence[Mention], asked: Sequence[Mention], sentence: Sentence
) -> list[Mention]:
    """The attributes that are asked of a noun: those before 'of' it, else those behind it."""
    start = nouns[index - 1].end if index else 0
    end = nouns[index + 1].start if index + 1 < len(nouns) else len(sentence.text)
    noun = nouns[index]
    own = [a for a in asked if start <= a.start < noun.start and _is_led_to(a, noun, sentence)]
    for other in asked:
        is_next = index + 1 < len(nouns) and _is_led_to(other, nouns[index + 1], sentence)
        if noun.end <= other.start < end and not is_next:
            own.append(other)
    return own


def _is_led_to(asked: Mention, noun: Mention, sentence: Sentence) -> bool:
    """Whether an attribute belongs to the noun behind it, as in 'the color of the truck'."""
    between = sentence.text[asked.end : noun.start]
    return not _MARK.search(between) and not re.search(r'\b(?:and|then|go|to|before)\b', between)


_LATER = re.compile(r'\b(?:before|prior to|ahead of)\b(?! (?:that|this|it|doing so))')
_NOT_YET = re.compile(r'\bnot\b')
_UNTIL = re.compile(r'\b(?:until|unless|before|till)\b')
_SOONER = re.compile(
    r'\bonly (?:after|once|when|then after)\b(?! (?:that|this|both|it|these|those|all))'
    r'|\bbut (?:not )?(?:only )?(?:first|before that|beforehand|before doing so|before this)\b'
    r'|\b(?:and|;|,|\.) (?:but )?(?:before that|beforehand|before this|before doing so)\b'
    r'|(?<!, )(?<!and )(?<!; )(?<!\. )\b(?:after|once|as soon as) you '
    r'(?!are|have|finish|get|arrive)'
    r'|\bafter (?:having|you have first)\b|\bpreceded by\b'
)
_LAST = re.compile(r'\b(?:then|finally|last|lastly|end|third|afterwards|after|finish)\b')
_AND_THEN = re.compile(r'\band then\b')  # before you A, do B and then C: A comes last
_AT_LAST_FIRST = re.compile(r'\W*(?:first|beforehand|before that|before doing so)\b')


def _order(nouns: Sequence[Mention], sentence: Sentence) -> list[int]:
    """The steps in the order in which they are to be done."""
    text = sentence.text
    starts = [0, *(noun.end for noun in nouns[:-1])]
    leads = [text[start : noun.start] for start, noun in zip(starts, nouns)]
    order = list(range(len(nouns)))
    if _LATER.search(leads[0]) or (_NOT_YET.search(leads[0]) and _UNTIL.search(leads[1])):
        order.remove(0)
        is_then = len(nouns) > 2 and bool(_LAST.search(_AND_THEN.sub('', leads[2])))
        order.insert(1 if is_then else len(order), 0)
        return order
    for index in range(1, len(nouns)):
        is_last_first = 'but' in leads[index].split() and index == len(nouns) - 1
        if _SOONER.search(leads[index]) or (
            is_last_first and _AT_LAST_FIRST.match(text[nouns[index].end :])
        ):
            order[index - 1], order[index] = order[index], order[index - 1]
    return order
