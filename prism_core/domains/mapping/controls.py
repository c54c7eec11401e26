# SPDX-License-Identifier: Apache-2.0
"""Planners that deserve no success: they say what might pass, and what they say rests on nothing.

Whoever scores plans runs them too: a judge that lets one of them pass above its stated chance level
judges wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.looking import survey
from prism_core.domains.mapping.planning.symbolic import IntentReader
from prism_core.domains.mapping.words import Words
from prism_core.episode.episode import Turn
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan

CONTROLS = (
    *('say_nothing', 'list_every_object', 'always_yes', 'always_not_there', 'always_clarify'),
    *('blind_to_the_sentence', 'answer_before_looking', 'explore_all_then_guess'),
    *('one_fixed_sentence', 'no_answer'),
)
"""The names of the junk planners."""

_Act = Callable[[str, SceneGraph, Sequence[Turn]], Action]


@dataclass(frozen=True)
class Control:
    """A planner that takes one action at a time, by a rule that no judge should reward."""

    name: str
    act: _Act

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """A plan of one action."""
        return Plan((self.act(request, known_graph, history),))

    def close(self) -> None:
        """Nothing to free."""


def make_controls(read_intent: IntentReader, words: Words) -> dict[str, Control]:
    """The junk planners by name.

    Args:
        read_intent: by which those guess that look at the sentence at all.
        words: the values that are guessed from.
    """

    def guess(request: str, graph: SceneGraph) -> Action:
        intent = read_intent(request, graph)
        return _say(KINDS[intent.kind].guess(intent, graph, words.lexicon))

    def explore_all_then_guess(request: str, graph: SceneGraph, history: Sequence[Turn]) -> Action:
        return _explore(graph, history) or guess(request, graph)

    def blind(request: str, graph: SceneGraph, history: Sequence[Turn]) -> Action:
        return _explore(graph, history) or _say(next(iter(graph.objects), 'nothing'))

    acts: Mapping[str, _Act] = {
        'say_nothing': lambda *_: _say('I do not know.'),
        'list_every_object': lambda _, graph, __: _say(', '.join(graph.objects) or 'nothing'),
        'always_yes': lambda *_: _say('Yes.'),
        'always_not_there': lambda *_: _say('There is none.'),
        'always_clarify': lambda *_: Action('clarify', ('What do you mean?',)),
        'blind_to_the_sentence': blind,
        'answer_before_looking': lambda request, graph, _: guess(request, graph),
        'explore_all_then_guess': explore_all_then_guess,
        'one_fixed_sentence': lambda *_: _say(
            'Yes, no, 1, red, it is not there, I am there and all is done.'
        ),
        'no_answer': lambda *_: Action('replan'),
    }
    return {name: Control(name, act) for name, act in acts.items()}


def _say(text: str) -> Action:
    return Action('answer', (text[:1000],))


def _explore(graph: SceneGraph, history: Sequence[Turn]) -> Action | None:
    frontiers = survey(graph, history).frontiers
    return frontiers[0].action if frontiers else None
