"""Episodes as chat messages: the one renderer, for training and for the robot.

A prompt is the graph as it was known at some turn, what was done before, the task, and the turns
since; it is only ever appended to, so that a model keeps what it has read (but where a turn sets
anew what was known before it, see `rewind`). It is a function of what a planner is given: the
request, the known graph and the history. Two dialects say it: `dialects.spine` for language models
that others trained, `dialects.compact` for our students.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from prism_core.actions import Action
from prism_core.episode import Turn
from prism_core.grammar import Lark
from prism_core.graph_elements import GraphUpdate
from prism_core.graph_part import SpokenOf, find_spoken_of
from prism_core.mission_state import MissionState, survey_mission
from prism_core.observation import Observation
from prism_core.plan import Plan
from prism_core.scene_graph import SceneGraph


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

    `reply_schema` is the JSON Schema of a reply, where replies are JSON. `least_node_tokens` is the
    least that any tokenizer makes of one node of a graph.
    """

    name: str
    version: int
    reply_schema: Mapping[str, Any] | None = None
    least_node_tokens = 1

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
            request: the task in the user's words.
            known_graph: what the robot knows now; its location must be known.
            history: the turns of the mission.
            since: so many turns are folded into the graph that the prompt begins with.
            header: the system message; none for a student, which was trained on the rest.
        """
        turns = history[since:]
        graph = rewind(known_graph, turns)
        messages: list[Message] = [{'role': 'system', 'content': header}] if header else []
        content = self._begin(request, graph, history[:since])
        for index, turn in enumerate(turns, start=since):
            content += self._end(graph, survey_mission(graph, history[:index]))
            messages.append({'role': 'user', 'content': content})
            reply = self.render_reply(turn.plan, graph)
            messages.append({'role': 'assistant', 'content': reply})
            graphs = [graph]
            for observation in turn.observations:
                graphs.append(graphs[-1].apply(observation.update))
            content = self._continue(turn, graphs)
            graph = graphs[-1]
        content += self._end(known_graph, survey_mission(known_graph, history))
        messages.append({'role': 'user', 'content': content})
        return messages

    @abstractmethod
    def parse_prompt(self, messages: Sequence[Message], known_graph: SceneGraph) -> Prompt:
        """What the messages say; `known_graph` only tells which node a handle stands for."""

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

    def find_spoken_of(self, request: str, known_graph: SceneGraph) -> SpokenOf:
        """The nodes that a request speaks of, by the words that the dialect knows."""
        return find_spoken_of(request, known_graph)

    @abstractmethod
    def _begin(self, request: str, graph: SceneGraph, folded: Sequence[Turn]) -> str:
        """The graph, what was done before, and the task."""

    @abstractmethod
    def _continue(self, turn: Turn, graphs: Sequence[SceneGraph]) -> str:
        """What a turn revealed; the graphs are what was known before, and after each step."""

    @abstractmethod
    def _end(self, graph: SceneGraph, state: MissionState) -> str:
        """Where the mission stands: the end of each of the user's messages."""


def rewind(known_graph: SceneGraph, turns: Sequence[Turn]) -> SceneGraph:
    """The graph as it was before some turns, as far as the turns tell.

    What they revealed is taken away; attributes that they set again are lost.
    """
    if not turns:
        return known_graph
    nodes, connections = dict(known_graph.nodes), dict(known_graph.connections)
    for turn in reversed(turns):
        for observation in reversed(turn.observations):
            update = observation.update
            for name, changes in update.set_attributes.items():
                if name in nodes:
                    nodes[name] = nodes[name].without_attributes(changes)
            for connection in update.upsert_connections:
                connections.pop(connection.key, None)
            for node in update.upsert_nodes:
                nodes.pop(node.name, None)
            for connection in update.remove_connections:
                connections[connection.key] = connection
    kept = [c for (a, b), c in connections.items() if a in nodes and b in nodes]
    start = turns[0].robot_location or known_graph.robot_location
    return SceneGraph(
        nodes.values(),
        kept,
        robot_location=start if start in nodes else None,
        attributes=known_graph.attributes,
    )


def fold_turns(turns: Sequence[Turn]) -> list[tuple[Action, Observation]]:
    """What is told of turns that the graph holds already: the actions that count, and how they
    went. Of the graph nothing is kept but where the robot went; what failed and brought news is
    left out, since it says nothing about another try.
    """
    folded = []
    for turn in turns:
        for action, observation in zip(turn.plan.actions, turn.observations):
            if observation.status == 'done' or not observation.is_news:
                update = GraphUpdate(robot_location=observation.update.robot_location)
                told = Observation(update, observation.feedback, observation.status)
                folded.append((action, told))
    return folded
