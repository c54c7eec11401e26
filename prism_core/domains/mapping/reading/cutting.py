# SPDX-License-Identifier: Apache-2.0
"""Where a text falls into clauses, and in which order they are to be done."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

from prism_core.domains.mapping.reading.composing_words import PATTERNS, strip_polite
from prism_core.domains.mapping.reading.sentence import Sentence, join

_JOINER = (
    r',|and|then|:|/|&|plus|as well as|but|after that|afterwards|followed by|subsequently|'
    r'and only then|only then|before that'
)
_CUT = re.compile(rf'(?:(?<=\s)|^)(?:{_JOINER})(?: (?:{_JOINER}))*(?=\s|$)')
_NUMBER = r'(?:[xy] (?:[:=] )?)?(?:- )?\d+(?:\.\d+)?(?: (?:m|metres?|meters?))?'
UNCUT = re.compile(
    rf'{_NUMBER} (?:,|;|and|/|: ,)(?: and)? {_NUMBER}|\b[xy] : |'
    r'\b(?:go|come|try) and (?=\w)|(?:of|compare) R and R\b|'
    r'between (?:the )?R and R|from R and R|\d ,(?= (?:- )?\d)|(?<=both )R and R (?:are|have)|'
    r'R and R are (?:\w+ )*(?:connected|linked|joined)|more O in R and'
)


def cut(said: Sentence) -> Iterator[Sentence]:
    """The clauses of a text, in its order."""
    kept = [match.span() for match in UNCUT.finditer(said.text)]
    at = 0
    for match in _CUT.finditer(said.text):
        if any(start < match.end() and match.start() < end for start, end in kept):
            continue
        yield said.part(at, match.start())
        at = match.end()
    yield said.part(at)


_DOING = r'(?:you (?:have |are |had |can |do )?|i |having )*'
_FIRST = re.compile(
    rf'^(?P<word>before|prior to|after|once|when|as soon as) {_DOING}(?P<one>.+?) , (?P<two>.+)$'
)
_BEHIND = re.compile(
    rf'^(?P<one>.+?)(?: ,)? (?:but |and )?(?:only )?(?P<word>before|prior to|'
    rf'after|once|as soon as) (?!that\b|this\b|it\b){_DOING}(?P<two>.+)$'
)
_BUT_FIRST = re.compile(
    r'^(?P<one>.+?)(?: [,;])? (?:but|and) (?:first|before that|beforehand) ?,? (?P<two>.+)$'
)
_FIRST_BEHIND = re.compile(
    r'^(?P<one>.+?)(?: ,)? but (?P<two>.+?) (?:first|beforehand|before that)$'
)


def ordered(said: Sentence) -> Iterator[Sentence]:
    """The parts of a text in the order in which they are to be done."""
    for pattern in (_FIRST, _BEHIND, _BUT_FIRST, _FIRST_BEHIND):
        match = pattern.match(said.text)
        if match is None:
            continue
        one, two = (strip_polite(said.part(*match.span(group))) for group in ('one', 'two'))
        if not (_is_deed(one) and _is_deed(two)):
            continue
        if pattern is _BEHIND and not two.mentions:  # once you have looked at it
            yield from ordered(one)
            return
        is_home = PATTERNS['home'].fullmatch(one.text)
        if pattern is _FIRST and not one.mentions and not is_home:  # once you are done with it
            yield from ordered(two)
            return
        word = match.groupdict().get('word', 'before')
        is_before = word in ('before', 'prior to')
        first_named = pattern is _FIRST
        in_order = (two, one) if is_before == first_named else (one, two)
        if pattern in (_BUT_FIRST, _FIRST_BEHIND):
            in_order = (two, one)
        for part in in_order:
            yield from ordered(part)
        return
    yield said


def _is_deed(part: Sentence) -> bool:
    text = part.text
    return bool(PATTERNS['deed'].match(text) or PATTERNS['home'].match(text))


_LOOK_IN_ON = re.compile(r'\blook in on(?= R)')
_VISIT = re.compile(
    r'\b(?:drop (?:in|by|into|over)(?: at| on)?|look in at|'
    r'make (?:a |some |my )?stops? (?:at|in|by)|'
    r'(?:make|do|drive|take|go on|run) (?:a|the|my|this) (?:\w+ )?'
    r'(?:loop|round|rounds|tour|circuit|trip|run)(?: of| through| by| over| to| round| around| :)|'
    r'my (?:stops|destinations|waypoints) are(?: :)?)(?= R)'
)
_LABEL = re.compile(r'(?:\w+ ){0,2}[OR] : ')
_THAT_IS = re.compile(r'\bO (?:that|which|who) (?:is|are) (?:currently |still |now )?$')


def with_looks(said: Sentence) -> Sentence:
    """`O that is free` as `free O`, `look in on R` as `look in R`, `drop in at R` as `visit R`, a
    class with a name as that.
    """
    for noun, name in itertools.pairwise(said.mentions):
        is_both = noun.role == name.role and not noun.target.name and bool(name.target.name)
        if is_both and noun.role in ('object', 'region') and name.start == noun.end + 1:
            return with_looks(said.without(noun.start, noun.end))
    if said.text.startswith(('yes or no :', 'yes or no ,')):
        return with_looks(said.part(len('yes or no :')))
    label = _LABEL.match(said.text)
    if label is not None and said.mentions[0].target in [m.target for m in said.mentions[1:]]:
        return with_looks(said.part(label.end()))
    match = _VISIT.search(said.text)
    if match is not None:
        visit = Sentence('visit', (), said.part(*match.span()).sources)
        return with_looks(join([said.part(0, match.start()), visit, said.part(match.end())]))
    match = _LOOK_IN_ON.search(said.text)
    if match is not None:
        return with_looks(said.without(match.end() - 3, match.end()))
    for value in said.of('value'):
        match = _THAT_IS.search(said.text[: value.start])
        if match is not None:
            noun = next(m for m in said.of('object') if m.start == match.start())
            looks = (*noun.target.attributes, (value.attribute, value.value))
            noun = replace(noun, target=replace(noun.target, attributes=looks))
            return with_looks(said.put(match.start(), value.end, noun))
    return said
