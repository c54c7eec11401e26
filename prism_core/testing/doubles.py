# SPDX-License-Identifier: Apache-2.0
"""Doubles for tests: a planner and a language model that follow a script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prism_core.dialects.conversation import Message
from prism_core.episode.episode import Turn
from prism_core.errors import PlannerUnavailable
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.text_model import JsonSchema
from prism_core.plan.grammar import Lark
from prism_core.plan.plan import Plan


class ScriptedPlanner:
    """A planner that gives back what it was handed, in order; an exception in the script is raised.

    `requests` keeps what it was asked. When the script has ended it raises PlannerUnavailable.
    """

    def __init__(self, script: Iterable[Plan | Exception], name: str = 'scripted'):
        self.name = name
        self.requests: list[str] = []
        self._script = iter(script)

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The next entry of the script."""
        self.requests.append(request)
        entry = next(self._script, PlannerUnavailable('the script has ended'))
        if isinstance(entry, Exception):
            raise entry
        return entry

    def close(self) -> None:
        """Nothing to free."""


class ScriptedTextModel:
    """A language model that gives back what it was handed, in order; an exception in the script is
    raised.

    `calls` keeps the messages of each call. When the script has ended it raises PlannerUnavailable.
    """

    def __init__(self, script: Iterable[str | Exception], name: str = 'scripted'):
        self.name = name
        self.calls: list[list[Message]] = []
        self._script = iter(script)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        grammar: JsonSchema | Lark | None = None,
        max_new_tokens: int = 1024,
        seed: int = 0,
        timeout_s: float | None = None,
    ) -> str:
        """The next entry of the script."""
        self.calls.append(list(messages))
        entry = next(self._script, PlannerUnavailable('the script has ended'))
        if isinstance(entry, Exception):
            raise entry
        return entry

    def close(self) -> None:
        """Nothing to free."""
