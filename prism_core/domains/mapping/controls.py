"""Planners that deserve no success: they say what might pass, and what they say rests on nothing.

Whoever scores plans runs them too: a judge that lets one of them pass above its stated chance level
judges wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from prism_core.actions import Action
from prism_core.domains.mapping.words import Words
from prism_core.episode import Turn
from prism_core.intent import Intent
from prism_core.mission_state import survey_mission
from prism_core.plan import Plan
from prism_core.scene_graph import SceneGraph
from prism_core.symbolic import IntentReader

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
        return _say(_guess(read_intent(request, graph), graph, words))

    def explore_all_then_guess(request: str, graph: SceneGraph, history: Sequence[Turn]) -> Action:
        return _explore(graph, history) or guess(request, graph)

    def blind(request: str, graph: SceneGraph, history: Sequence[Turn]) -> Action:
        return _explore(graph, history) or _say(_guess(Intent('find'), graph, words))

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
    frontiers = survey_mission(graph, history).frontiers
    return frontiers[0].action if frontiers else None


def _guess(intent: Intent, graph: SceneGraph, words: Words) -> str:
    """What might be right, by the kind of the question alone."""
    if intent.kind in ('yes_no', 'exists', 'passable'):
        return 'Yes.'
    if intent.kind == 'count':
        return '1'
    if intent.kind == 'attribute' and intent.attribute in words.lexicon.attributes:
        return next(iter(words.lexicon.attributes[intent.attribute].values))
    if intent.kind in ('locate', 'compare'):
        return next(iter(graph.regions))
    if intent.kind in ('go_to', 'conditional', 'reach'):
        return f'I am at {graph.robot_location}.'
    return next(iter(graph.objects), 'nothing')
