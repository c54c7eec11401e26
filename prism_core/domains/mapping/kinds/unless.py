# SPDX-License-Identifier: Apache-2.0
"""unless: do something where a condition does not hold, and nothing where it does."""

from __future__ import annotations

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.composed import draw_condition, draw_leaf
from prism_core.domains.mapping.kinds.conditional import Conditional


class Unless(Conditional):
    """Its intents are conditionals with `value` 'no' and one step."""

    __slots__ = ()

    name = 'unless'
    asks = 'do something unless a condition holds (condition, steps)'
    has_intents = False
    is_flat = False
    is_drawn_unasked = False
    is_guessable = True
    read_rank = 0

    def draw(self, source: IntentSource) -> Intent:
        """A condition that is said as it would hold, and what to do where it does not."""
        condition = draw_condition(source, may_be_no=False)
        return Intent('conditional', value='no', condition=condition, steps=(draw_leaf(source),))
