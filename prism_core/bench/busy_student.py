# SPDX-License-Identifier: Apache-2.0
"""Planners that keep a student's engine child at one thing until they are told to end: for
measuring what a robot's nodes do meanwhile. They make no plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prism_core.dialects.conversation import Message
from prism_core.episode.episode import Turn
from prism_core.episode.planner_health import PlannerHealth
from prism_core.episode.planner_progress import Progress
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.student import (
    StudentConfig,
    choose_context,
    find_student,
    make_engine,
    read_student,
)
from prism_core.inference.text_model import JsonSchema
from prism_core.plan.grammar import Lark
from prism_core.plan.plan import Plan

_MARGIN = 64
"""Tokens of the context that stay free: of the template, and of what is said beside the text."""
_MOST_TOKEN_LETTERS = 8  # on average of a reply
_LEAST_WORD_TOKENS = 2  # of a number in a prompt, with its blank


class Writes:
    """Has the student write replies as long as its context, one after the other."""

    name = 'writes'

    def __init__(self) -> None:
        info = read_student(Path(find_student()))
        config = StudentConfig(str(info.path))
        self._engine = make_engine(config, info)
        self._context = choose_context(config.context_tokens, info)

    @property
    def health(self) -> PlannerHealth:
        """How its child is."""
        return self._engine.planner_health

    @property
    def progress(self) -> Progress:
        """How far the reply is that is being written."""
        return self._engine.progress

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """Work until `cancel` or `close` is called.

        Raises:
            PlannerError: always.
        """
        number = 0
        while True:
            self._work(number)
            number += 1

    def _work(self, number: int) -> None:
        letters = self._context * _MOST_TOKEN_LETTERS
        grammar = Lark(f'start: /[a-z ]{{{letters},{letters}}}/', letters)
        self._say(f'go on {number}', grammar, self._context - _MARGIN)

    def _say(self, text: str, grammar: JsonSchema | Lark | None, max_new_tokens: int) -> None:
        messages: list[Message] = [{'role': 'user', 'content': text}]
        self._engine.complete(messages, grammar=grammar, max_new_tokens=max_new_tokens)

    def cancel(self) -> None:
        """End the running call."""
        self._engine.cancel()

    def close(self) -> None:
        """End the child."""
        self._engine.close()


class Reads(Writes):
    """Has the student read prompts that nearly fill its context, one after the other."""

    name = 'reads'

    def _work(self, number: int) -> None:
        words = (self._context - _MARGIN) // _LEAST_WORD_TOKENS
        # One digit and one blank a word; another beginning each time, or it would be read already.
        text = ' '.join(str((number * 7 + at * at + at) % 10) for at in range(words))
        self._say(f'{number} {text}', None, 1)
