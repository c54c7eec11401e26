# SPDX-License-Identifier: Apache-2.0
"""The goal of a plan: its kind, what it is about, and what bounds it, as in `find crate , avoid
kitchen`; and as a user is asked whether it is meant.
"""

from __future__ import annotations

from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.lexicon import Lexicon

BOUND = ' , '
"""What stands before each constraint of a goal."""
_SAID_BOUNDS = {
    'avoid': 'without going into',
    'only_by': 'by way of',
    'within': 'not far from here',
}


def is_bounded(goal: str) -> bool:
    """Whether a goal has constraints."""
    return BOUND in goal


def about_of(goal: str) -> str:
    """What a goal is about; '' where it says nothing of that."""
    return goal.partition(BOUND)[0].partition(' ')[2]


def say_goal(goal: str, lexicon: Lexicon) -> str:
    """A goal such as `exists crate` in words."""
    goal, *bounds = goal.split(BOUND)
    name, _, target = goal.partition(' ')
    kind = KINDS.get(name)
    said = kind.said_goal if kind is not None else ''
    if target in lexicon.purposes:
        target = f'something to {target}'
    words = [f'{said or name.replace("_", " ")} {target}'.strip(), *map(_say_bound, bounds)]
    return ' '.join(words)


def _say_bound(bound: str) -> str:
    word, _, about = bound.partition(' ')
    return f'{_SAID_BOUNDS.get(word, word)} {about}'.strip()
