# SPDX-License-Identifier: Apache-2.0
"""Goals of plans, in the words in which a user is asked whether they are meant."""

from __future__ import annotations

from prism_core.domains.household.home import INSIDE
from prism_core.domains.household.meaning import ErrandKind
from prism_core.domains.household.words import plural

_SAID: dict[ErrandKind, str] = {
    'place': 'put the {0} {1}',
    'stack': 'put the {0} {1}, and that {2}',
    'two': 'put two {many} {1}',
    'clean': 'clean the {0} and put it {1}',
    'heat': 'heat the {0} and put it {1}',
    'cool': 'cool the {0} and put it {1}',
    'light': 'look at the {0} by the {lamp}',
}


def say_goal(goal: str) -> str:
    """A goal such as `cool apple slice, dining table` as it would be asked for; as it is where it
    is none of an errand.
    """
    kind, _, named = goal.partition(' ')
    said = next((said for known, said in _SAID.items() if known == kind), '')
    thing, *places = named.split(', ')
    if len(places) != (2 if kind == 'stack' else 1) or not said:
        return goal
    where = (f'{"in" if place in INSIDE else "on"} the {place}' for place in places)
    return said.format(thing, *where, many=plural(thing), lamp=places[-1])
