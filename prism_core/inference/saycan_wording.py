# SPDX-License-Identifier: Apache-2.0
"""How SayCan asks a language model for the next step: the prompt, and how plans are said behind it.

A student is asked in the dialect that it was taught; any other model goes on with a plain text of
tasks and numbered steps, as in SayCan (arXiv 2204.01691).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prism_core.dialects.conversation import Dialect, Message
from prism_core.episode.episode import Turn
from prism_core.errors import PlannerError, PlanParseError, PromptTooLong
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.text_model import JsonSchema, TextModel
from prism_core.plan.actions import Action
from prism_core.plan.grammar import Lark
from prism_core.plan.plan import Plan
from prism_core.plan.steps import render_steps

Say = Callable[[Action], str]
"""An action as a step of a plain text, on one line."""
_HEADER = 'The robot does one task after the other, step by step.\n'
_FAILED = ' (it failed)'


@dataclass(frozen=True)
class Opening:
    """What a model is asked: a prompt, the goal of the plan that is scored behind it, and how many
    steps were carried out before.
    """

    prompt: Sequence[Message] | str
    goal: str
    done: int = 0


class Wording(Protocol):
    """A way to ask for the next step."""

    def open(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Opening:
        """The prompt for the next plan.

        Raises:
            PlannerError: there is none.
        """

    def say(self, steps: Sequence[Action], opening: Opening, known_graph: SceneGraph) -> str:
        """The steps of a plan as they stand behind the prompt.

        Raises:
            PlanParseError: they cannot be said.
        """


def say_steps(action: Action) -> str:
    """An action as a plan writes it, such as `goto(yard_1)`; SayCan's own steps look so too."""
    return render_steps([action])


@dataclass(frozen=True)
class Example:
    """A task that was done: what was asked, and the steps."""

    request: str
    steps: tuple[Action, ...]


class PlainWording:
    """Tasks with numbered steps, for models that were never trained on the domain. What the robot
    sees is left out, as SayCan leaves it out: it stands in the steps that can be chosen.

    Args:
        examples: tasks that were done.
        say: an action as a step.
    """

    def __init__(self, examples: Sequence[Example], say: Say = say_steps):
        self._say = say
        told = [
            self._begin(example.request, [say(action) for action in example.steps])
            for example in examples
        ]
        self._head = '\n'.join([_HEADER, *told, ''])

    def open(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Opening:
        """The examples, the task, and the steps that were carried out."""
        steps = []
        for turn in history:
            for action, observation in zip(turn.plan.actions, turn.observations):
                if observation.status != 'refused':
                    failed = _FAILED if observation.status == 'failed' else ''
                    steps.append(self._say(action) + failed)
        prompt = f'{self._head}{self._begin(request, steps)}{len(steps) + 1}.'
        return Opening(prompt, request, len(steps))

    def say(self, steps: Sequence[Action], opening: Opening, known_graph: SceneGraph) -> str:
        """The steps, each to the end of its line."""
        lines = [f'{n}. {self._say(step)}\n' for n, step in enumerate(steps, opening.done + 1)]
        return ''.join(lines).removeprefix(f'{opening.done + 1}.')

    def _begin(self, request: str, steps: Sequence[str]) -> str:
        lines = [f'Task: {" ".join(request.split())}']
        lines += [f'{number}. {step}' for number, step in enumerate(steps, start=1)]
        return ''.join(f'{line}\n' for line in lines)


class DialectWording:
    """The conversation that a student was taught. It says its goal first, as far as its grammar
    lets it; the steps are scored behind that goal.

    Args:
        model: says the goal.
        dialect: writes the conversation.
        header: the system message; none for a student.
        max_new_tokens: where a reply is cut.
    """

    def __init__(
        self, model: TextModel, dialect: Dialect, *, header: str = '', max_new_tokens: int = 256
    ):
        self._model, self._dialect, self._header = model, dialect, header
        self._max_new_tokens = max_new_tokens

    def open(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Opening:
        """The conversation from its first turn, or from the last one where that is too long."""
        if known_graph.robot_location is None:
            raise PlannerError('where the robot is is unknown; set the robot location')
        grammar = self._make_grammar(request, known_graph, history)
        failed: PromptTooLong | None = None
        for since in dict.fromkeys((0, len(history))):
            prompt = self._dialect.render_prompt(
                request, known_graph, history, since=since, header=self._header
            )
            try:
                reply = self._model.complete(
                    prompt, grammar=grammar, max_new_tokens=self._max_new_tokens
                )
            except PromptTooLong as error:
                failed = error
            else:
                return Opening(prompt, self._read_goal(reply, known_graph))
        raise PromptTooLong(
            f'expected a request and a map that fit the context of the model, got {failed}'
        ) from failed

    def say(self, steps: Sequence[Action], opening: Opening, known_graph: SceneGraph) -> str:
        """The reply that holds the plan."""
        return self._dialect.render_reply(Plan(tuple(steps), opening.goal), known_graph)

    def _make_grammar(
        self, request: str, known_graph: SceneGraph, history: Sequence[Turn]
    ) -> JsonSchema | Lark:
        schema = self._dialect.reply_schema
        if schema is not None:
            return JsonSchema(f'{self._dialect.name}_reply', schema)
        return self._dialect.make_grammar(request, known_graph, history)

    def _read_goal(self, reply: str, known_graph: SceneGraph) -> str:
        try:
            return self._dialect.parse_reply(reply, known_graph).primary_goal
        except PlanParseError:  # it was cut
            return ''
