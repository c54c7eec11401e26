# SPDX-License-Identifier: Apache-2.0
"""survey: look everywhere."""

from __future__ import annotations

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.planning.mission import Mission, Step
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion


class Survey(Kind):
    """Intents have nothing."""

    __slots__ = ()

    name = 'survey'
    said_goal = 'map everything'
    asks = 'explore and map the whole site (no slots)'
    forms = ('surveyed',)
    is_everywhere = True

    def draw(self, source: IntentSource) -> Intent:
        """The whole site."""
        return Intent('survey')

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To have mapped all that can be reached."""
        return Criterion('any', evidence=truth.coverage)

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Look wherever something is left to look at, nearest first."""
        if mission.state.frontiers:
            return Step((mission.state.frontiers[0].action,))
        return mission.given_up() or mission.answer('surveyed')
