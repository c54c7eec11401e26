# SPDX-License-Identifier: Apache-2.0
"""vague: nothing that can be acted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.planning.mission import Mission, Step
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import QUESTION, Criterion

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading


class Vague(Kind):
    """Intents have nothing."""

    __slots__ = ()

    name = 'vague'
    asks = 'nothing that can be acted on, such as "take care of it" (no slots)'
    is_core = True
    is_understood = False
    read_rank = 15
    must_be_accounted_for = True

    def draw(self, source: IntentSource) -> Intent:
        """Nothing."""
        return Intent('vague')

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To ask what to do."""
        return Criterion(QUESTION)

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Ask what to do."""
        return mission.ask_what()

    def read(self, reading: Reading) -> Intent | None:
        """It is asked which of two places is nearer, or which thing is more so, which nothing that
        is known tells.
        """
        is_open = reading.compares_places or reading.questions.is_of_unknown_order()
        return Intent('vague') if is_open else None
