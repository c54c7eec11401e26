# SPDX-License-Identifier: Apache-2.0
"""How a domain is spoken of: what is told of its nodes, what is left to look at, how its actions
are said in few words, and what a reply may say.

`Language` suits any table of actions; a domain overrides what it says shorter or knows better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from prism_core.dialects.graph_part import SpokenOf, find_spoken_of
from prism_core.dialects.phrases import Named, Phrase, Quoted
from prism_core.dialects.reply_grammar import MOST_STEPS, ReplyGrammar, write_replies
from prism_core.episode.episode import Turn
from prism_core.errors import PlanParseError
from prism_core.graph.elements import Node
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable, Argument, ArgumentKind, ArgumentSpec
from prism_core.plan.grammar import Part
from prism_core.plan.plan import Plan
from prism_core.text import phrase_pattern

DESCRIBED = 'described'
"""Said of an object of which a description is known."""


class Language:
    """Of a domain.

    Attributes:
        table: its actions.
        values: the values that are told of an object, by attribute, in the order in which they are.
        flags: the attributes of regions that are told where they are true.
        goals: the words that a goal of a plan begins with; where there are none, any may.
        most_steps: so many steps a reply has at most.
    """

    def __init__(
        self,
        table: ActionTable,
        *,
        values: Mapping[str, Sequence[str]] | None = None,
        flags: Sequence[str] = (),
        goals: Sequence[str] = (),
        most_steps: int = MOST_STEPS,
    ):
        self.table = table
        self.values = dict(values or {})
        self.flags = tuple(flags)
        self.goals = tuple(goals)
        self.most_steps = most_steps

    # ------------------------------------------------------------------------------------- graphs

    def tell(self, node: Node) -> dict[str, str]:
        """What is said of a node beside its class and handle, by attribute."""
        if node.kind == 'region':
            return {flag: flag for flag in self.flags if node.attributes.get(flag)}
        told = self.tell_values(node.attributes)
        return {**told, 'description': DESCRIBED} if node.description else told

    def tell_values(self, known: Mapping[str, Any]) -> dict[str, str]:
        """What is said of some attributes of an object, in the order of `values`."""
        told = {
            key: known[key]
            for key, values in self.values.items()
            if isinstance(known.get(key), str) and known[key] in values
        }
        return {**told, 'description': DESCRIBED} if known.get('description') else told

    def read_values(self, text: str) -> dict[str, str]:
        """The values in a text, by attribute: the other way round."""
        said = {}
        for phrase in self._pattern.findall(text):
            key = 'description' if phrase == DESCRIBED else self._keys[phrase]
            said[key] = phrase
        return said

    @cached_property
    def _keys(self) -> dict[str, str]:
        return {value: key for key, values in self.values.items() for value in values}

    @cached_property
    def _pattern(self):
        return phrase_pattern([*self._keys, DESCRIBED])

    def hear(
        self, known_graph: SceneGraph, history: Sequence[Turn]
    ) -> tuple[SceneGraph, Sequence[Turn]]:
        """What is known and what was done, as a student is told it: with what a robot that reports
        in words plainly said as values that it knows.
        """
        return known_graph, history

    def find_spoken_of(self, request: str, graph: SceneGraph) -> SpokenOf:
        """The nodes that a request speaks of."""
        return find_spoken_of(request, graph)

    def fit_in_part(self, node: Node, part: SceneGraph, whole: SceneGraph) -> Node:
        """A node as it has to be in a part of a graph."""
        return node

    # -------------------------------------------------------------------------------------- plans

    def look_around(self, graph: SceneGraph, region: str) -> Action | None:
        """The action by which a region shows what it has not shown yet; None when there is none."""
        return None

    def shorten(self, action: Action, graph: SceneGraph, goal: str) -> Phrase:
        """The arguments of an action in few words, on a known graph.

        Args:
            action: its arguments are those of its row.
            graph: what is known.
            goal: what the plan is for; '' where that is not said before.

        Raises:
            LookupError, TypeError, ValueError: it cannot be said.
        """
        pairs = zip(self.table[action.name].arguments, action.arguments)
        return tuple(_shorten(spec, value) for spec, value in pairs)

    def expand(
        self, name: str, phrase: Phrase, graph: SceneGraph, goal: str
    ) -> tuple[Argument, ...]:
        """The arguments of an action from few words: the other way round.

        Raises:
            PlanParseError: they are not what the action takes.
        """
        spec = self.table[name]
        parts = [word for part in phrase for word in _split(part)]
        values: list[Argument] = []
        for argument in spec.arguments:
            if argument.kind.is_node:
                parts = from_first_node(parts)
            elif argument.kind is ArgumentKind.TEXT and len(parts) > 1:
                parts = [' '.join(parts)]  # a short word for a saying may be of several words
            if parts:
                values.append(_expand(argument, parts.pop(0), spec.signature))
            elif argument.default is not None:
                values.append(argument.default)
        if parts or len(values) < len(spec.arguments):
            raise PlanParseError(
                f'{spec.signature}: expected {len(spec.arguments)} argument(s), '
                f'got {" ".join(phrase)[:60]!r}'
            )
        return tuple(values)

    def shorten_ending(
        self, actions: Sequence[Action], graph: SceneGraph, goal: str
    ) -> tuple[int, Phrase]:
        """How the last action of a plan is said, and how many of those right before it are said
        with it.
        """
        return 0, self.shorten(actions[-1], graph, goal)

    def expand_ending(
        self, name: str, phrase: Phrase, graph: SceneGraph, goal: str
    ) -> tuple[Action, ...]:
        """The actions: the other way round; the robot is where those before them lead to.

        Raises:
            PlanParseError: the phrase is not what the action takes.
        """
        return (Action(name, self.expand(name, phrase, graph, goal)),)

    def explain(self, goal: str, actions: tuple[Action, ...], graph: SceneGraph) -> Plan:
        """A plan with its reasons; the graph that matters are the nodes that its actions name."""
        names = [name for action in actions for name in self.table.nodes_of(action)]
        return Plan(actions, goal, tuple(dict.fromkeys(n for n in names if n in graph.nodes)))

    def list_possible(self, graph: SceneGraph) -> Sequence[Action] | None:
        """The next actions on nodes that are possible by what is known; None where that is not
        told: all with nodes of the right kind that can be reached.
        """
        return None

    def write_replies(self, grammar: ReplyGrammar) -> Part | None:
        """What a reply may say: `goal : steps`, of names of the right kind that are known."""
        possible = self.list_possible(grammar.graph)
        return write_replies(grammar, self.table, self.goals, possible, self.most_steps)


def from_first_node(phrase: Sequence[str]) -> list[str]:
    """A phrase from its first node on: what stands before a handle is not read.

    Raises:
        PlanParseError: there is none.
    """
    first = next((at for at, part in enumerate(phrase) if isinstance(part, Named)), None)
    if first is None:
        raise PlanParseError(f'expected a node with its handle, got {" ".join(phrase)[:60]!r}')
    return [*phrase[first:]]


def read_number(text: str) -> float:
    """A number of metres.

    Raises:
        PlanParseError: the text is none.
    """
    try:
        return float(text)
    except ValueError:
        raise PlanParseError(f'expected a number of metres, got {text[:60]!r}') from None


def _shorten(spec: ArgumentSpec, value: Argument) -> str:
    if spec.kind.is_node:
        return Named(value)
    if spec.kind.is_number:
        return f'{float(value):g}'
    words = {text: word for word, text in spec.sayings.items()}
    return words.get(str(value)) or Quoted(value)


def _split(part: str) -> list[str]:
    return [part] if isinstance(part, (Named, Quoted)) else part.split()


def _expand(spec: ArgumentSpec, part: str, signature: str) -> Argument:
    if spec.kind.is_node and isinstance(part, Named):
        return str(part)
    if spec.kind.is_number and not isinstance(part, (Named, Quoted)):
        return read_number(part)
    if spec.kind is ArgumentKind.TEXT and isinstance(part, Quoted):
        return str(part)
    if spec.kind is ArgumentKind.TEXT and part in spec.sayings:
        return spec.sayings[part]
    raise PlanParseError(f'{signature}: expected a {spec.name}, got {part[:60]!r}')
