# SPDX-License-Identifier: Apache-2.0
"""return: be where one was asked, with what was found."""

from __future__ import annotations

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.composed import draw_leaf
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.kinds.parts import kind_of
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.mission import Mission, Step
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion, Fact
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

_TWO_FIRST = 0.25


class Return(Kind):
    """Intents have no slots: where the robot was asked is where to be. What is drawn are sequences
    that end with one, so that what was found is told there.
    """

    __slots__ = ()

    name = 'return'
    said_goal = 'come back'
    asks = 'come back to where the robot was asked, and tell there what was found (steps)'
    forms = ('here',)
    is_flat = False
    is_drawn_unasked = False
    is_guessable = True
    is_deed = True

    def draw(self, source: IntentSource) -> Intent:
        """One or two questions or deeds, and back."""
        number = 2 if source.rng.random() < _TWO_FIRST else 1
        steps = tuple(draw_leaf(source) for _ in range(number))
        if len(set(steps)) < number:
            raise WorldRejected('two steps are the same')
        return Intent('sequence', steps=(*steps, Intent('return')))

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To be where the robot began; nothing needs to be said of that."""
        if intent.kind != self.name:
            return kind_of(intent).solve(truth, intent)
        start = truth.graph.robot_location or ''
        return Criterion('any', evidence=(Fact('visited', start),), final_location=start)

    def solve_part(self, truth: Truth, intent: Intent, *, is_last: bool) -> Criterion:
        """To have been there, unless it comes last."""
        criterion = self.solve(truth, intent)
        return criterion if is_last else Criterion('any', evidence=criterion.evidence)

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """To be there already."""
        return f'I am at {graph.robot_location}.'

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """Drive to where the mission began."""
        return mission.go(mission.start)

    def is_step_done_by(self, step: Intent, action: Action, mission: Mission) -> bool:
        """A drive there."""
        return action == Action('goto', (mission.start,))
