# SPDX-License-Identifier: Apache-2.0
"""absent: find what is not there."""

from __future__ import annotations

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.intents import BY_PURPOSE, IntentSource
from prism_core.domains.mapping.kinds.find import Find
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion
from prism_core.errors import WorldRejected
from prism_core.graph.calling import class_of

_LOOK_ALIKE_FIRST = 0.5


class Absent(Find):
    """Its intents are of kind find."""

    __slots__ = ()

    name = 'absent'
    asks = 'find something that is not there (target)'
    has_intents = False

    def draw(self, source: IntentSource) -> Intent:
        """Of a class that is not there, more often than not where something looks like it."""
        lexicon, rng = source.words.lexicon, source.rng
        present = {class_of(node) for node in source.true.objects.values()}
        absent = sorted(source.classes - present)
        absent = [c for c in absent if source.favors(c)] or absent
        alike = [c for c in absent if not present.isdisjoint(lexicon.objects[c].looks_like)]
        if alike and rng.random() < _LOOK_ALIKE_FIRST:
            absent = alike
        name = source.choose(absent, 'absent class')
        purposes = [
            p
            for p in lexicon.objects[name].purposes
            if not present.intersection(lexicon.classes_for[p])
        ]
        if purposes and rng.random() < BY_PURPOSE:
            purpose = rng.choice(purposes)
            target = Target(classes=lexicon.classes_for[purpose], purpose=purpose)
            return Intent('find', target=target)
        return Intent('find', target=Target(classes=(name,)))

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To say that there is none."""
        criterion = super().solve(truth, intent)
        if criterion.answer != 'absence':
            raise WorldRejected('it is there')
        return criterion

    def intent_kind(self, slots: set[str]) -> str:
        """To find it."""
        return 'find'

    @property
    def posed_as(self) -> str:
        """Whether it is there, a world shows."""
        return 'find'
