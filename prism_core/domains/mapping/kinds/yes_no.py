# SPDX-License-Identifier: Apache-2.0
"""yes_no: say whether an attribute of an object has a value."""

from __future__ import annotations

from dataclasses import replace

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.truth import Truth, target_of
from prism_core.episode.criterion import Criterion, Fact
from prism_core.graph.scene_graph import SceneGraph


class YesNo(Kind):
    """Intents have a `target` that means one object, an `attribute` and a `value`."""

    __slots__ = ()

    name = 'yes_no'
    said_goal = 'look at'
    asks = 'say whether an attribute of an object has a value (target, attribute, value)'
    slots = 'target attribute value'
    forms = ('is', 'unseen')
    is_core = True
    is_guessable = True
    is_condition = True

    def draw(self, source: IntentSource) -> Intent:
        """Of any object that has attributes; the value is the right one as often as not."""
        name = source.draw_object(with_attributes=True)
        key, value = source.draw_value(name)
        return Intent('yes_no', target=source.definite(name), attribute=key, value=value)

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To say yes or no."""
        name = truth.one_object(target_of(intent))
        value = truth.attribute(name, intent.attribute)
        return Criterion(
            'yes_no',
            accepted=(
                'yes' if value == intent.value else 'no',
                *truth.words_for(intent.attribute, intent.value),
            ),
            rivals=truth.rivals_of(intent.attribute, intent.value),
            evidence=(Fact('attribute', name, intent.attribute),),
        )

    def holds(self, intent: Intent, said: str) -> bool | None:
        """Whether it is so; its value is no answer."""
        return super().holds(replace(intent, value=''), said)

    def holds_by(self, intent: Intent, criterion: Criterion) -> bool:
        """Whether it is so."""
        return criterion.accepted[0] == 'yes'

    def change(self, pair: Pair) -> SceneGraph | None:
        """Another value."""
        return pair.change_value()

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """Yes."""
        return 'Yes.'

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Find out which object is meant, look at it, and say whether it is so."""
        name = mission.resolve(given(intent.target))
        if isinstance(name, Step):
            return name
        if mission.is_denied(name, intent.attribute, intent.value):
            return mission.deny(name)
        return mission.observe(name, intent.attribute) or mission.answer(
            'is', name, intent.attribute, intent.value
        )
