# SPDX-License-Identifier: Apache-2.0
"""questions: several questions in one request, each a sentence of its own."""

from __future__ import annotations

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.attribute import Attribute
from prism_core.domains.mapping.kinds.composed import Draw
from prism_core.domains.mapping.kinds.count import Count
from prism_core.domains.mapping.kinds.exists import Exists
from prism_core.domains.mapping.kinds.locate import Locate
from prism_core.domains.mapping.kinds.passable import Passable
from prism_core.domains.mapping.kinds.sequence import Sequence
from prism_core.domains.mapping.kinds.yes_no import YesNo
from prism_core.errors import WorldRejected

_THREE = 0.25
_ASKED: tuple[Draw, ...] = (
    Attribute().draw,
    YesNo().draw,
    Count().draw,
    Exists().draw,
    Locate().draw,
    Passable().draw,
)


class SeveralQuestions(Sequence):
    """Its intents are sequences of questions."""

    __slots__ = ()

    name = 'questions'
    asks = 'several questions, each of which is answered (steps)'
    has_intents = False
    is_flat = False
    is_drawn_unasked = False
    is_guessable = True
    says_parts_as = 'sentences'
    read_rank = 0

    def draw(self, source: IntentSource) -> Intent:
        """Two or three."""
        number = 3 if source.rng.random() < _THREE else 2
        steps = tuple(source.rng.choice(_ASKED)(source) for _ in range(number))
        if len(set(steps)) < number or all(step.kind == 'attribute' for step in steps):
            raise WorldRejected('they are no questions that are answered one by one')
        return Intent('sequence', steps=steps)

    def phrasing_group(self, intent: Intent) -> str:
        """By how many there are."""
        return f'composed_questions_{len(intent.steps)}'
