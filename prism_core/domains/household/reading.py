# SPDX-License-Identifier: Apache-2.0
"""Reads sentences about a home: by their verbs, what they mention and how that is linked, and by
what the home holds.

Not every word has to be known: workers' sentences are full of colours and landmarks. Where goal
and steps are given, steps settle what the goal leaves open.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from prism_core.domains.household.classes import KNIVES, is_slice, whole_of
from prism_core.domains.household.meaning import VAGUE, Errand, Meaning
from prism_core.domains.household.reading_asides import leave_asides_out, put_noun_in
from prism_core.domains.household.reading_classes import HeldClasses
from prism_core.domains.household.reading_errand import ErrandRead, read_errand
from prism_core.domains.household.reading_words import Clause, clauses_of

_STEPS = re.compile(r'\bsteps?\s*:', re.IGNORECASE)
_CUT = re.compile(
    r'([.;!?]+\s|,?\s*\b(?:and then|after (?:that|this)|afterwards|then|and)\b[\s,]*)',
    re.IGNORECASE,
)
_WEAK = ('and',)
_MOST_CUTS = 12
_TOWARDS = ('to', 'in')


@dataclass(frozen=True)
class RequestRead:
    """What a sentence asks for, the part of it before its steps, and whether it tells where things
    are to be put (steps do).
    """

    meaning: Meaning
    goal: str
    tells_place: bool = True


def read_request(request: str, classes: Collection[str]) -> Meaning:
    """What a sentence asks for, among classes that the home is known to hold (furniture and
    things, such as `counter top` and `mug`); `VAGUE` where it is not understood.

    A request can go on with `Steps:` and what is to be done step by step. A thing or a place that
    the home does not hold is said all the same.
    """
    return understand(request, HeldClasses(frozenset(classes))).meaning


def understand(request: str, home: HeldClasses) -> RequestRead:
    """A sentence as it is read in a home. What it calls `it` may be named in an aside."""
    said, *rest = _STEPS.split(request, maxsplit=1)
    goal, asides = leave_asides_out(said, home)
    steps = clauses_of(rest[0]) if rest else []
    read = _read_goal(goal, steps, home)
    things = [*_things_in(asides, home)] if read.meaning == VAGUE and goal else []
    return _read_goal(put_noun_in(goal, things[-1]), steps, home) if things else read


def _read_goal(goal: str, steps: Sequence[Clause], home: HeldClasses) -> RequestRead:
    if not goal:
        return RequestRead(VAGUE, goal)
    if chain := _read_chain(goal, home):
        return RequestRead(Meaning(chain), goal)
    reading = read_errand(with_verb(goal), steps, home)
    if reading is None:
        return RequestRead(VAGUE, goal)
    return RequestRead(Meaning(_errands_of(reading)), goal, bool(steps) or reading.names_place)


def _things_in(text: str, home: HeldClasses) -> Iterator[str]:
    for clause in clauses_of(text):
        for mention in clause.mentions:
            if home.meant_by(mention.words, 'things'):
                yield ' '.join(mention.words)


def _errands_of(reading: ErrandRead) -> tuple[Errand, ...]:
    return (reading.errand, *(replace(reading.errand, thing=other) for other in reading.also))


def _read_chain(text: str, home: HeldClasses) -> tuple[Errand, ...]:
    """Errands of which each is complete on its own; none where there are not two of them."""
    pieces = _CUT.split(text)
    if len(pieces) > 2 * _MOST_CUTS:
        return ()
    chains: dict[int, tuple[Errand, ...]] = {}
    for start in range(len(pieces) - 1, -1, -2):
        chains[start] = _read_whole(''.join(pieces[start:]), home)
        for at in range(start + 1, len(pieces), 2):
            first, then = _read_whole(''.join(pieces[start:at]), home), chains[at + 1]
            is_weak = pieces[at].strip(' ,').lower() in _WEAK
            if first and then and _stands_alone(first[-1], then[0], is_weak):
                chains[start] = (*first, *then)
                break
    return chains[0] if len(pieces) > 1 and len(chains[0]) > 1 else ()


def _read_whole(text: str, home: HeldClasses) -> tuple[Errand, ...]:
    """An errand whose thing and place are both named; the mug in the sink, too."""
    reading = read_errand(with_verb(text), [], home)
    is_whole = reading and reading.names_thing and reading.names_place
    return _errands_of(reading) if reading and is_whole else ()


def with_verb(text: str) -> list[Clause]:
    """The clauses of a text; where it has no verb but a place, something is to be put there."""
    clauses = clauses_of(text)
    has_place = any(mention.link in _TOWARDS for clause in clauses for mention in clause.mentions)
    is_bare = has_place and not any(clause.sort for clause in clauses)
    return clauses_of(f'put {text}') if is_bare else clauses


def _stands_alone(first: Errand, then: Errand, is_weak: bool) -> bool:
    """Whether two errands are two, and not one told in two clauses."""
    if first.thing in KNIVES and is_slice(then.thing):
        return False
    same = {whole_of(first.thing), first.vessel} & {whole_of(then.thing), then.vessel} - {''}
    return not same or (not is_weak and first.kind != 'place' != then.kind)
