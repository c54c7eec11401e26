# SPDX-License-Identifier: Apache-2.0
"""exists_such: say whether there is one of two classes, or one of a class that has a value."""

from __future__ import annotations

from dataclasses import replace

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.exists import Exists
from prism_core.domains.mapping.kinds.observed import draw_class
from prism_core.graph.calling import class_of

_OF_TWO = 0.5


class ExistsSuch(Exists):
    """Its intents are of kind exists; their targets have two classes, or attributes."""

    __slots__ = ()

    name = 'exists_such'
    asks = (
        'say whether there is one of a class that has a value (target with attributes, region or '
        'none)'
    )
    is_drawn_unasked = False
    has_intents = False
    read_rank = 0

    def draw(self, source: IntentSource) -> Intent:
        """Of two classes of which one is there, now and then; else with any value."""
        rng, specs = source.rng, source.words.lexicon.attributes
        if rng.random() < _OF_TWO:
            name, _, region = draw_class(source)
            mine = class_of(source.true.objects[name])
            other = source.choose(sorted(source.classes - {mine}), 'class')
            classes = rng.sample((mine, other), 2)
            return Intent('exists', Target(classes=tuple(classes)), region)
        name, target, region = draw_class(source, frozenset(specs))
        key = rng.choice(sorted(source.true.objects[name].attributes))
        value = rng.choice(sorted(specs[key].values))
        target = replace(target, attributes=((key, value),))
        return Intent('exists', target, region)

    def intent_kind(self, slots: set[str]) -> str:
        """To say whether there is one."""
        return 'exists'

    @property
    def posed_as(self) -> str:
        """Of what, a sentence says."""
        return 'exists'
