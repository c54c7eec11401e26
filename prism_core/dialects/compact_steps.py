# SPDX-License-Identifier: Apache-2.0
"""Actions and plans in the compact dialect, such as `find bench : inspect bench<o3> color`.

A reply is the goal and one or more steps: the word of the action, and its arguments as the language
of the domain shortens them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from prism_core.dialects.handles import Handles
from prism_core.dialects.language import Language
from prism_core.dialects.phrases import Named, Phrase, Quoted
from prism_core.errors import PlanParseError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ArgumentKind, Role
from prism_core.plan.plan import Plan

_REPLY = re.compile(r'\s*(?P<goal>[^:]*?) : (?P<steps>.+)', re.DOTALL)
# A quoted text ends where nothing or the joint of another phrase stands behind it.
_QUOTED = re.compile(r'"(?P<text>.*?)"(?=\s*(?:& |\Z))', re.DOTALL)


class CompactSteps:
    """Writes and reads steps on one known graph."""

    def __init__(self, graph: SceneGraph, handles: Handles, language: Language):
        self._graph = graph
        self._handles = handles
        self._language = language
        self._table = language.table

    # ------------------------------------------------------------------------------------ replies

    def render_reply(self, plan: Plan) -> str:
        """A plan as a reply.

        Raises:
            PlanParseError: it has no steps, or one that cannot be said.
        """
        if not plan.actions:
            raise PlanParseError('expected a plan with steps, got one without')
        *before, last = plan.actions
        with_it, ending = self._shorten(plan.actions, plan.primary_goal)
        said = [
            self.render(action, plan.primary_goal) for action in before[: len(before) - with_it]
        ]
        steps = ' ; '.join([*said, self._say(last, ending)])
        goal = self._handles.neutralize(plan.primary_goal.replace(':', ' '))
        return f' {goal} : {steps}'

    def parse_reply(self, text: str) -> Plan:
        """The plan of a reply.

        Raises:
            PlanParseError: the text is no reply.
        """
        match = _REPLY.fullmatch(text)
        if match is None:
            raise PlanParseError(f'expected "goal : steps", got {text[:60]!r}')
        goal = self._handles.restore(match['goal'])
        *before, last = self._split(match['steps'])
        steps = [self.parse(step, goal) for step in before]
        name, phrase = self._name(last)
        steps += self._language.expand_ending(name, phrase, self._graph_behind(steps), goal)
        return self._language.explain(goal, tuple(steps), self._graph)

    def _graph_behind(self, steps: Sequence[Action]) -> SceneGraph:
        """What is known, with the robot where some steps lead to."""
        drive = self._table.of_role(Role.DRIVE)
        driven = (str(s.arguments[0]) for s in reversed(steps) if drive and s.name == drive.name)
        at = next(driven, None)
        return self._graph.at(at) if at in self._graph.regions else self._graph

    def _split(self, steps: str) -> list[str]:
        """The steps between semicolons; the last one, and one with a quoted text, take the rest."""
        parts: list[str] = []
        rest = steps.strip()
        while rest:
            part, _, behind = rest.partition(' ; ')
            spec = self._table.get(self._table.names.get(part.partition(' ')[0], ''))
            if spec is not None:
                has_text = any(a.kind is ArgumentKind.TEXT for a in spec.arguments)
                if has_text and (spec.ends_mission or '"' in part):
                    return [*parts, rest]
            parts.append(part)
            rest = behind
        return parts

    # -------------------------------------------------------------------------------------- steps

    def render(self, action: Action, goal: str = '') -> str:
        """An action of a plan for a goal.

        Raises:
            PlanParseError: there is no such action, it names what is not known, or its arguments
                are none of its kind.
        """
        return self._say(action, self._shorten((action,), goal)[1])

    def _shorten(self, actions: Sequence[Action], goal: str) -> tuple[int, Phrase]:
        """How the last of some actions is said, and how many of the others are said with it."""
        action = actions[-1]
        spec = self._table.get(action.name)
        if spec is None:
            raise PlanParseError(f'there is no action {action.name[:60]!r} to say')
        try:
            if len(action.arguments) != len(spec.arguments):
                raise ValueError(f'expected {len(spec.arguments)}, got {len(action.arguments)}')
            return self._language.shorten_ending(actions, self._graph, goal)
        except (LookupError, TypeError, ValueError) as error:
            raise PlanParseError(
                f'{action.name} has arguments that cannot be said: {error}'
            ) from error

    def _say(self, action: Action, phrase: Phrase) -> str:
        return ' '.join([self._table[action.name].said, *map(self._write, phrase)])

    def say(self, action: Action) -> str | None:
        """An action that somebody else may have planned; None where it cannot be said and read."""
        try:
            text = self.render(action)
            self.parse(text)
        except PlanParseError:
            return None
        return text

    def parse(self, text: str, goal: str = '') -> Action:
        """The action of a step.

        Raises:
            PlanParseError: the text is no step.
        """
        name, phrase = self._name(text)
        return Action(name, self._language.expand(name, phrase, self._graph, goal))

    def _name(self, text: str) -> tuple[str, Phrase]:
        """The action that a step names, and what it says of it."""
        word, _, rest = text.strip().partition(' ')
        name = self._table.names.get(word)
        if name is None:
            known = ', '.join(self._table.names)
            raise PlanParseError(f'expected one of {known}, got {text[:60]!r}')
        return name, self._read(rest)

    # ------------------------------------------------------------------------------------- phrases

    def _write(self, part: str) -> str:
        if isinstance(part, Quoted):
            return f'"{self._handles.neutralize(part)}"'
        if not isinstance(part, Named):
            return part
        if part not in self._graph.nodes:
            raise PlanParseError(f'{part[:60]!r} is not known and has no handle')
        return self._handles.write(part)

    def _read(self, text: str) -> Phrase:
        phrase: list[str] = []
        at = 0
        for quoted in _QUOTED.finditer(text):
            phrase += self._handles.split(text[at : quoted.start()])
            phrase.append(Quoted(self._handles.restore(quoted['text'])))
            at = quoted.end()
        return (*phrase, *self._handles.split(text[at:]))
