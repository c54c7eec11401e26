# SPDX-License-Identifier: Apache-2.0
"""LLM-Planner's prompts (arXiv 2212.04088): examples of tasks with their plans, then the task with
what is done, what failed and what is there; the reply is the rest of the plan.

| line | says |
|---|---|
| `Task: Put a cold apple on the table.` | the request |
| `Steps: …` | its steps, where the request tells them behind `Steps:` |
| `Completed plans: Navigation fridge, …` | what was carried out for it; `none` |
| `Failed: PickupObject apple, …` | what did not work in the last turn, and why |
| `Visible objects: apple, fridge, …` | the classes that are known; of an example those in it |
| `Next plans:` | what the reply goes on with |

An example is cut behind as many steps as were carried out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prism_core.dialects.conversation import Dialect, Message
from prism_core.dialects.language import Language
from prism_core.domain.examples import PlanExample
from prism_core.domains.household.actions import HOUSEHOLD_ACTIONS
from prism_core.domains.household.classes import HAND
from prism_core.domains.household.home import read_home
from prism_core.domains.household.plan_words import (
    ACTIONS,
    CLASSES,
    DONE,
    PlanReader,
    PlanStep,
    name_of,
    say_action,
    to_skills,
)
from prism_core.domains.household.skills import LAST, Skill, Walk
from prism_core.episode.episode import Turn
from prism_core.episode.requests import own_turns
from prism_core.errors import PlanParseError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.grammar import GrammarWriter, Lark, in_order, one_of, one_text_of, repeated
from prism_core.plan.plan import Plan

TOLD = ' Steps: '
"""What stands in a request before the steps of who asked."""
_MOST_STEPS = 32
_WAYS = ('Navigation', 'OpenObject')
_HEADER = f"""\
You plan for a robot in a home. Say the steps that complete the task, one after the other, with \
the allowed actions and objects alone. Go on behind what is completed; where something failed, \
plan with what is visible. End with "{DONE}"; where nothing is left to do, say "{DONE}" alone.
Allowed actions: {', '.join(ACTIONS)}
Allowed objects: {', '.join(map(name_of, CLASSES))}"""


class PlanDialect(Dialect):
    """Writes each prompt anew, behind some examples, the nearest first."""

    name = 'llm_planner'
    version = 1
    is_rewritten = True
    least_node_tokens = 0

    def __init__(self, examples: Sequence[PlanExample]):
        super().__init__(Language(HOUSEHOLD_ACTIONS))
        self._examples = examples

    def render_prompt(
        self,
        request: str,
        known_graph: SceneGraph,
        history: Sequence[Turn],
        *,
        since: int = 0,
        header: str = '',
    ) -> list[Message]:
        """The one message up to the next reply, the nearest example last, behind the header."""
        done = list_completed(known_graph, history)
        goal, told = split_request(request)
        home = read_home(known_graph)
        seen = dict.fromkeys(home.class_of(n) for n in home.nodes if n != home.hand)
        parts = [_say_example(e, bool(told), len(done)) for e in reversed(self._examples)]
        lines = [
            *_say_task(goal, told, done),
            *_say_failure(known_graph, history),
            f'Visible objects: {_list(name_of(c) for c in seen if c != HAND)}',
            'Next plans:',
        ]
        return [
            {'role': 'system', 'content': header or _HEADER},
            {'role': 'user', 'content': '\n\n'.join([*parts, '\n'.join(lines)])},
        ]

    def render_reply(self, plan: Plan, known_graph: SceneGraph) -> str:
        """The steps of a plan."""
        return f' {_list(str(say_action(action, known_graph)) for action in plan.actions)}'

    def parse_reply(self, text: str, known_graph: SceneGraph) -> Plan:
        """What of a plan can be done on what is known, up to the first step that cannot; a look
        where it needs what is not known yet.

        Raises:
            PlanParseError: there is none, or its first step cannot be done.
        """
        home = read_home(known_graph)
        steps = PlanReader(map(home.class_of, home.nodes)).read(text)
        actions = _Grounding(steps, known_graph).ground()
        names = [name for action in actions for name in HOUSEHOLD_ACTIONS.nodes_of(action)]
        return Plan(actions, '', tuple(dict.fromkeys(names)))

    def make_grammar(
        self, request: str, known_graph: SceneGraph, history: Sequence[Turn] = ()
    ) -> Lark:
        """Any steps on classes that homes have."""
        home = read_home(known_graph)
        classes = dict.fromkeys([*map(home.class_of, home.nodes), *CLASSES])
        writer = GrammarWriter()
        name = writer.define('NAME', one_text_of(map(name_of, classes)))
        alone = writer.define('ALONE', one_text_of(a for a in ACTIONS if a != 'PutObject'))
        step = one_of([in_order(alone, ' ', name), in_order('PutObject ', name, ' ', name)])
        steps = repeated(in_order(writer.define('STEP', step), ', '), 0, _MOST_STEPS)
        return writer.finish(in_order(' ', steps, DONE))


def split_request(request: str) -> tuple[str, str]:
    """What is wanted, and the steps that are told with it; '' for none."""
    goal, _, told = request.partition(TOLD)
    return ' '.join(goal.split()), ' '.join(told.split())


def list_completed(known_graph: SceneGraph, history: Sequence[Turn]) -> list[str]:
    """What was carried out for the request that is worked on now."""
    return [
        str(say_action(action, known_graph))
        for turn in own_turns(history)
        for action, observation in zip(turn.plan.actions, turn.observations)
        if observation.status == 'done'
    ]


def _say_example(example: PlanExample, with_steps: bool, done: int) -> str:
    end = min(done, len(example.plan) - 1)
    told = ' '.join(' '.join(text.split()) for text in example.told)
    lines = [
        *_say_task(' '.join(example.request.split()), told * with_steps, example.plan[:end]),
        f'Visible objects: {_list(example.visible)}',
        f'Next plans: {_list([*example.plan[end:], DONE])}',
    ]
    return '\n'.join(lines)


def _say_task(goal: str, told: str, done: Sequence[str]) -> Iterator[str]:
    yield f'Task: {goal}'
    if told:
        yield f'Steps: {told}'
    yield f'Completed plans: {_list(done)}'


def _say_failure(known_graph: SceneGraph, history: Sequence[Turn]) -> Iterator[str]:
    """The step with which the last turn ended, where it did not work."""
    turns = own_turns(history)
    last = turns[-1] if turns else None
    if last is None or not last.observations or last.observations[-1].status == 'done':
        return
    action = last.plan.actions[len(last.observations) - 1]
    why = ' '.join(last.observations[-1].feedback.split())
    yield f'Failed: {say_action(action, known_graph)}{why and f" ({why})"}'


def _list(names: Sequence[str] | Iterator[str]) -> str:
    return ', '.join(names) or 'none'


class _Grounding:
    """The actions that the steps of a plan become on what is known."""

    def __init__(self, steps: Sequence[PlanStep], graph: SceneGraph):
        self._walk, self._graph, self._steps = Walk(graph, ''), graph, steps

    def ground(self) -> tuple[Action, ...]:
        """As many as can be done.

        Raises:
            PlanParseError: not even the first can be done, or there is none.
        """
        skills = to_skills(self._steps)
        if not skills:
            raise PlanParseError('expected a plan that takes, puts or looks, got one without')
        for number, skill in enumerate(skills):
            try:
                self._walk.do(skill, skills[number + 1 :])
            except PlanParseError:
                if not self._look_for(skill) and not self._walk.actions:
                    raise
                break
            if skill.verb in LAST:
                break
        return tuple(self._walk.actions)

    def _look_for(self, skill: Skill) -> bool:
        """Look where the plan goes for a thing of which none is known, else where it is nearest;
        whether there is such a place.
        """
        home = self._walk.home
        if skill.verb not in ('take', 'slice') or home.called(skill.words):
            return False
        ways = self._graph.distances_m(home.here)
        unseen = sorted((n for n in home.unseen() if n in ways), key=ways.__getitem__)
        near = dict.fromkeys(map(home.class_of, unseen))
        named = [c for step in self._steps if step.action in _WAYS for c in step.classes]
        place = next((words for words in [*named, *near] if words in near), '')
        if place:
            self._walk.do(Skill('look', place), ())
        return bool(place)
