# SPDX-License-Identifier: Apache-2.0
"""count_state: say how many of a class have a value."""

from __future__ import annotations

from dataclasses import replace

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.count import Count
from prism_core.domains.mapping.kinds.observed import draw_class

_IS_SO = 0.8


class CountState(Count):
    """Its intents are of kind count, and their targets have attributes."""

    __slots__ = ()

    name = 'count_state'
    asks = 'count those of a class that have a value (target with attributes, region or none)'
    is_core = False
    is_drawn_unasked = False
    has_intents = False
    read_rank = 0

    def draw(self, source: IntentSource) -> Intent:
        """Of any class; a value that one has, more often than not."""
        rng, specs = source.rng, source.words.lexicon.attributes
        name, target, region = draw_class(source, frozenset(specs))
        known = source.true.objects[name].attributes
        key = rng.choice(sorted(known))
        value = known[key] if rng.random() < _IS_SO else rng.choice(sorted(specs[key].values))
        target = replace(target, attributes=((key, value),))
        return Intent('count', target, region)

    def intent_kind(self, slots: set[str]) -> str:
        """To count."""
        return 'count'

    @property
    def posed_as(self) -> str:
        """Of what, a sentence says."""
        return 'count'
