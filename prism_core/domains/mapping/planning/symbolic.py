# SPDX-License-Identifier: Apache-2.0
"""SymbolicPlanner: plans by search over the known graph, without a language model.

It resolves what a sentence means to nodes that are known, goes and looks where something is still
to be seen, and answers when the answer has been observed. It is the teacher when it is made for an
Intent, and the planner that is always there, the fallback on the robot, when it reads the sentence
itself; there it asks where matching is ambiguous. Each plan is the shortest that brings news.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.domains.mapping.hearing import hear
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.looking import survey
from prism_core.domains.mapping.planning.strategy import decide
from prism_core.episode.episode import Turn
from prism_core.episode.planner import RequestCheck, no_question
from prism_core.episode.requests import own_turns
from prism_core.errors import PlannerError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.plan import Plan, ask_user

IntentReader = Callable[[str, SceneGraph], Intent]
SpellOut = Callable[[str, SceneGraph, Sequence[Turn]], str]
"""A request as it would be said if nothing had been said before."""


class SymbolicPlanner:
    """Plans in the mapping domain.

    Args:
        lexicon: what classes are for and where they are usual.
        read_intent: from a sentence and the known graph to what it means.
        question_before: what to ask before a sentence is acted on (see `Domain`); '' for nothing.
        name: as requests and replies use it.
        spell_out: what a sentence means by what was said and done before it, in one of its own.

    Passes `testing.check_planner`.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        read_intent: IntentReader,
        name: str = 'symbolic',
        question_before: RequestCheck = no_question,
        spell_out: SpellOut = lambda request, known_graph, history: request,
    ):
        self.name = name
        self._spell_out = spell_out
        self._question_before = question_before
        self._lexicon = lexicon
        self._read_intent = read_intent

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The next plan.

        Raises:
            PlannerError: where the robot is is unknown.
        """
        if known_graph.robot_location is None:
            raise PlannerError('where the robot is is unknown; set the robot location')
        request = self._spell_out(request, known_graph, history)
        asked = when_asked(known_graph, history)
        question = self._question_before(request, asked)
        if question:
            return ask_user(question, MAPPING_ACTIONS)
        intent = self._read_intent(request, asked)
        known_graph, history = hear(known_graph, history, self._lexicon)
        history = own_turns(history)
        state = survey(known_graph, history)
        return decide(intent, known_graph, state, history, self._lexicon)

    def close(self) -> None:
        """Nothing to free."""


def when_asked(known_graph: SceneGraph, history: Sequence[Turn]) -> SceneGraph:
    """The known graph with the robot where it was asked: that is where to come back to."""
    history = own_turns(history)
    start = history[0].robot_location if history else known_graph.robot_location
    if start in (None, known_graph.robot_location) or start not in known_graph.regions:
        return known_graph
    return known_graph.at(start)
