# SPDX-License-Identifier: Apache-2.0
"""Reads sentences about a home: by their verbs, what they mention and how that is linked, and by
what the home holds.

Not every word has to be known: workers' sentences are full of colours and landmarks. Where goal
and steps are given, steps settle what the goal leaves open.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from prism_core.domains.household.meaning import VAGUE, Meaning
from prism_core.domains.household.reading_classes import Classes
from prism_core.domains.household.reading_errand import read_errand
from prism_core.domains.household.reading_words import clauses_of, words_of

_STEPS = re.compile(r'\bsteps?\s*:', re.IGNORECASE)


def read_request(request: str, classes: Collection[str]) -> Meaning:
    """What a sentence asks for, among classes that the home is known to hold (furniture and
    things, such as `counter top` and `mug`); `VAGUE` where it is not understood.

    A request can go on with `Steps:` and what is to be done step by step. A thing or a place that
    the home does not hold is said all the same.
    """
    goal, *rest = _STEPS.split(request, maxsplit=1)
    if words_of('no') & {*re.findall(r"[a-z']+", goal.lower().replace('\u2019', "'"))}:
        return VAGUE
    home = Classes(frozenset(classes))
    steps = clauses_of(rest[0]) if rest else []
    errand = read_errand(clauses_of(goal), steps, home)
    return Meaning((errand.errand,)) if errand else VAGUE
