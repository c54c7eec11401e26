# SPDX-License-Identifier: Apache-2.0
"""visits: be at several places one after the other, and perhaps back where one began."""

from __future__ import annotations

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.go_to import GoTo
from prism_core.domains.mapping.kinds.sequence import Sequence
from prism_core.errors import WorldRejected

_NUMBERS, _BACK = (2, 2, 3, 3, 4), 0.3


class Visits(Sequence):
    """Its intents are sequences of places to be at."""

    __slots__ = ()

    name = 'visits'
    asks = 'be at several places one after the other (steps)'
    has_intents = False
    is_flat = False
    is_drawn_unasked = False
    twins_may_agree = True
    says_parts_as = 'places'
    read_rank = 0

    def draw(self, source: IntentSource) -> Intent:
        """Two to four places that can be reached; of a loop, three at most."""
        is_loop = source.rng.random() < _BACK
        number = min(source.rng.choice(_NUMBERS), self.most_steps - is_loop)
        places = [GoTo().draw(source) for _ in range(number)]
        if len(set(places)) < number:
            raise WorldRejected('two places are the same')
        back = (Intent('return'),) if is_loop else ()
        return Intent('sequence', steps=(*places, *back))

    def phrasing_group(self, intent: Intent) -> str:
        """With the way back or without."""
        return 'composed_loop' if intent.steps[-1].kind == 'return' else 'composed_visits'
