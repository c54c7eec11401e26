# SPDX-License-Identifier: Apache-2.0
"""describe: look at an object and say what it looks like."""

from __future__ import annotations

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.planning.mission import Mission, Step, given
from prism_core.domains.mapping.truth import Truth, target_of
from prism_core.episode.criterion import Criterion, Fact


class Describe(Kind):
    """Intents have a `target` that means one object."""

    __slots__ = ()

    name = 'describe'
    asks = 'look at an object and describe it (target)'
    slots = 'target'
    forms = ('described', 'unseen')

    def draw(self, source: IntentSource) -> Intent:
        """Any object."""
        return Intent('describe', target=source.definite(source.draw_object()))

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To say its description, looked at in this mission."""
        name = truth.one_object(target_of(intent))
        description = truth.description(name)
        rivals = {truth.description(other) for other in truth.graph.objects} - {description, ''}
        return Criterion(
            'text',
            accepted=(description,),
            rivals=tuple(sorted(rivals)),
            evidence=(
                Fact('attribute', name, 'description'),
                Fact('inspected', name, 'description'),
            ),
        )

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Find out which object is meant, and look at it, though its description is known."""
        name = mission.resolve(given(intent.target))
        if isinstance(name, Step):
            return name
        return mission.inspect_anew(name, 'description') or mission.answer('described', name)
