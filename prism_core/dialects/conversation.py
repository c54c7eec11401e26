# SPDX-License-Identifier: Apache-2.0
"""Episodes as chat messages: the one renderer, for training and for the robot.

A prompt is the graph as it was known at some turn, what was done before, the task, and the turns
since. Where several things were said one after the other, each stands as a task where it was said.
It is right about what is known now, and never guesses what was known then: it begins with a
graph that a turn of the history kept (see `Turn.known_graph`) and from which the updates since lead
to what is known now, or else with what is known now. As long as they do it is only ever appended
to, so that a model keeps what it has read. It is a function of what a planner is given: the
request, the known graph and the history. Two dialects say it: `dialects.spine` for language models
that others trained, `dialects.compact` for our students. A domain may have one that writes each
prompt anew.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from prism_core.dialects.language import Language
from prism_core.episode.episode import Turn
from prism_core.episode.mission_state import MissionState, survey_mission
from prism_core.episode.observation import Observation
from prism_core.episode.requests import Asked, list_said
from prism_core.errors import PlanParseError, SceneGraphError
from prism_core.graph.elements import GraphUpdate
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.grammar import Lark
from prism_core.plan.plan import Plan


class Message(TypedDict):
    """One chat message."""

    role: str
    content: str


@dataclass(frozen=True)
class Prompt:
    """What a conversation says, read back: all that a planner may go by."""

    request: str
    known_graph: SceneGraph
    history: tuple[Turn, ...]
    state: MissionState


class Dialect(ABC):
    """A way to write prompts and replies; `name` and `version` stand in the model it was taught.

    `language` is that of the domain. `reply_schema` is the JSON Schema of a reply, where replies
    are JSON, `form` what a model that was never trained on the dialect is told of it.
    `least_node_tokens` is the least that any tokenizer makes of one node of a graph. Where
    `is_rewritten`, each prompt is one that was written anew: nothing is appended to those before
    it, and it cannot be read back; all that a plan goes by has to stand in it.
    """

    name: str
    version: int
    reply_schema: Mapping[str, Any] | None = None
    form = ''
    least_node_tokens = 1
    is_rewritten = False

    def __init__(self, language: Language):
        self.language = language

    def survey(self, known_graph: SceneGraph, history: Sequence[Turn]) -> MissionState:
        """Where a mission stands; the robot's location must be known."""
        return survey_mission(known_graph, history, self.language.table, self.language.look_around)

    @abstractmethod
    def render_prompt(
        self,
        request: str,
        known_graph: SceneGraph,
        history: Sequence[Turn],
        *,
        since: int = 0,
        header: str = '',
    ) -> list[Message]:
        """The messages up to the next reply.

        Args:
            request: the task in the user's words; of several that were said, the last.
            known_graph: what the robot knows now; its location must be known.
            history: the turns of the mission.
            since: so many turns are folded into the graph that the prompt begins with, or more;
                nothing where each prompt is written anew.
            header: the system message; none for a student, which was trained on the rest.
        """

    def parse_prompt(self, messages: Sequence[Message], known_graph: SceneGraph) -> Prompt:
        """What the messages say; `known_graph` only tells which node a handle stands for.

        Raises:
            PlanParseError: the messages are no prompt, or say too little to be read back, as where
                each prompt is written anew.
        """
        raise PlanParseError(f"a prompt of the dialect '{self.name}' cannot be read back")

    @abstractmethod
    def render_reply(self, plan: Plan, known_graph: SceneGraph) -> str:
        """The reply that holds a plan."""

    def render_reply_on(self, plan: Plan, read: SceneGraph, known_graph: SceneGraph) -> str:
        """The reply that holds a plan made on a graph that was read from a prompt; `known_graph`
        tells the handles.
        """
        return self.render_reply(plan, read)

    @abstractmethod
    def parse_reply(self, text: str, known_graph: SceneGraph) -> Plan:
        """The plan of a reply.

        Raises:
            PlanParseError: the text is no reply in this dialect.
        """

    @abstractmethod
    def make_grammar(
        self, request: str, known_graph: SceneGraph, history: Sequence[Turn] = ()
    ) -> Lark:
        """The replies to a prompt that can be read and name known nodes of the right kind only."""


class AppendedDialect(Dialect):
    """One in which a prompt is only ever appended to; what it says can be read back."""

    def render_prompt(
        self,
        request: str,
        known_graph: SceneGraph,
        history: Sequence[Turn],
        *,
        since: int = 0,
        header: str = '',
    ) -> list[Message]:
        """The messages up to the next reply; it begins with the first turn from `since` on whose
        graph is known and leads, by what the turns observed, to what is known now; where there is
        none, all turns are folded.
        """
        told = self._replay(known_graph, history, since)
        begins = [*(graphs[0] for graphs in told), known_graph]
        first = len(history) - len(told)
        said = list_said(request, history, self.language.table)
        start: list[Message] = [{'role': 'system', 'content': header}] if header else []
        messages, content = [*start], self._begin(begins[0], _fold(said, first))
        for index, graphs in enumerate(told, start=first):
            turn, graph = history[index], graphs[0]
            try:
                reply = self.render_reply(turn.plan, graph)
                self.parse_reply(reply, graph)
            except PlanParseError:  # a plan that cannot be said: all up to it is folded
                done = index + 1
                messages = [*start]
                content = self._begin(begins[done - first], _fold(said, done))
                continue
            content += self._end(graph, self.survey(graph, _fold(said, index)[-1].turns))
            messages.append({'role': 'user', 'content': content})
            messages.append({'role': 'assistant', 'content': reply})
            content = self._continue(turn, graphs)
            content += ''.join(
                self._ask(s.request, graphs[-1]) for s in said[1:] if s.start == index + 1
            )
        content += self._end(known_graph, self.survey(known_graph, history))
        messages.append({'role': 'user', 'content': content})
        return messages

    def _replay(
        self, known_graph: SceneGraph, history: Sequence[Turn], since: int
    ) -> list[list[SceneGraph]]:
        """For each of the last turns, from the first whose graph leads to what is known, what was
        known before it and behind each of its steps.
        """
        told: list[list[SceneGraph]] = []
        end, following = len(history), known_graph
        for index in reversed(range(since, end)):
            graph = history[index].known_graph
            if graph is None or graph.robot_location is None:
                continue
            part: list[list[SceneGraph]] = []
            try:
                for turn in history[index:end]:
                    part.append(turn.replay(_at(graph, turn.robot_location)))
                    graph = part[-1][-1]
            except SceneGraphError:
                break
            if not self._says_the_same(graph, following):
                break
            if part[-1][1:]:
                part[-1][-1] = following
            told = part + told
            end, following = index, part[0][0]
        return told

    @abstractmethod
    def _begin(self, graph: SceneGraph, said: Sequence[Asked]) -> str:
        """The graph, and for each request what was done for it, and the task."""

    @abstractmethod
    def _ask(self, request: str, graph: SceneGraph) -> str:
        """The task, where it is said behind others; `graph` is what is known then."""

    @abstractmethod
    def _continue(self, turn: Turn, graphs: Sequence[SceneGraph]) -> str:
        """What a turn revealed; the graphs are what was known before, and after each step."""

    @abstractmethod
    def _says_the_same(self, one: SceneGraph, other: SceneGraph) -> bool:
        """Whether the dialect says and calls all nodes and connections of two graphs the same."""

    @abstractmethod
    def _end(self, graph: SceneGraph, state: MissionState) -> str:
        """Where the mission stands: the end of each of the user's messages."""


def _at(graph: SceneGraph, robot_location: str) -> SceneGraph:
    """The graph with the robot in a region, if that is one."""
    is_other = robot_location != graph.robot_location and robot_location in graph.regions
    return graph.at(robot_location) if is_other else graph


def _fold(said: Sequence[Asked], until: int) -> list[Asked]:
    """The requests up to the one for which the turn of a number was planned, without the turns from
    there on.
    """
    return [s._replace(turns=s.turns[: max(0, until - s.start)]) for s in said if s.start <= until]


def fold_turns(turns: Sequence[Turn], known_graph: SceneGraph) -> list[tuple[Action, Observation]]:
    """What is told of turns that the known graph holds already: the actions that count, and how
    they went. Of their updates nothing is kept but where the robot went, if that is still known;
    what failed and brought news is left out, since it says nothing about another try.
    """
    folded = []
    for turn in turns:
        for action, observation in zip(turn.plan.actions, turn.observations):
            if observation.status == 'done' or not observation.is_news:
                went = observation.update.robot_location
                update = GraphUpdate(robot_location=went if went in known_graph.regions else None)
                told = Observation(update, observation.feedback, observation.status)
                folded.append((action, told))
    return folded
