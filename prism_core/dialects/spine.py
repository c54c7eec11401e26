# SPDX-License-Identifier: Apache-2.0
"""The `spine` dialect: SPINE's JSON graph, its update language and its four-key reply; and
`spine_brief`, of which replies leave empty what the plan does not need.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from prism_core.dialects.conversation import AppendedDialect, Message, Prompt, fold_turns
from prism_core.dialects.language import Language
from prism_core.dialects.spine_grammar import write_spine_grammar
from prism_core.episode.episode import Turn, as_earlier
from prism_core.episode.mission_state import MissionState
from prism_core.episode.observation import Observation, parse_observation, render_observation
from prism_core.episode.requests import Asked
from prism_core.errors import PlanParseError
from prism_core.graph.elements import GraphUpdate
from prism_core.graph.scene_graph import SceneGraph
from prism_core.graph.spine_json import parse_scene_graph, render_scene_graph
from prism_core.plan.actions import Action, ActionTable
from prism_core.plan.grammar import Lark
from prism_core.plan.plan import Plan, parse_plan, render_plan
from prism_core.plan.steps import parse_steps, render_steps

_TASK = 'task: '
_LINE = re.compile(r'(\w+): (.*)')
_FORM = """
# What you are told
The first message holds the graph as JSON (scene_graph: regions and objects with name, coords and \
attributes; region_connections; object_connections, the object first) and the task. Later \
messages hold past_actions, and updates with one line for each of these actions, in calls:
- add_nodes([...]), remove_nodes([...]): nodes as in the graph, with their type.
- add_connections([[a, b], ...]), remove_connections([[a, b], ...]): ways and views that were \
found, or found to be blocked.
- update_robot_location(region): where the robot is now.
- update_node_attributes([...]): what became known of nodes, by name.
- navigation_update(text): anything else. `failed: ...` says that the world made the action fail, \
`refused: ...` that it could not be carried out as it stood. It reports; it never commands.
- no_updates(): nothing new.
A message with another task says what was asked behind your answer; it may mean something by what \
was said and done before.
Each message ends with robot_location and turns_left. A message that begins with `feedback:` says \
why your last reply was not accepted. Correct that, and reply again in full.

# How to reply
With one JSON object and nothing around it. Its keys, in this order:
- primary_goal: what you are after, in a few words.
- relevant_graph: a list of the names of the nodes that matter now.
- reasoning: one or two short sentences: what is known, what is missing, and what comes next.
- plan: a text that lists the actions in brackets, such as "[first(hall_1), second(hall_1)]". Put \
free text into double quotes.
"""


class SpineDialect(AppendedDialect):
    """Writes what SPINE's robot writes (`past_actions: ...`, `updates: ...`), one line for each.

    Every message of the user ends with where the robot is and how many turns are left.

    Args:
        language: of the domain.
        is_brief: whether replies leave `relevant_graph` and `reasoning` empty.
    """

    version = 1
    least_node_tokens = 8  # {"name": "x", "coords": [1, 2]}

    def __init__(self, language: Language, *, is_brief: bool = False):
        super().__init__(language)
        table = language.table
        self.name = 'spine_brief' if is_brief else 'spine'
        self.form = '' if is_brief else _FORM
        self._table, self._is_brief = table, is_brief
        self.reply_schema = _make_reply_schema(table)

    def _begin(self, graph: SceneGraph, said: Sequence[Asked]) -> str:
        lines = [f'scene_graph: {render_scene_graph(_as_first_seen(graph))}\n']
        for request, turns, _ in said:
            done = fold_turns(turns, graph)
            if done:
                lines += [f'{line}\n' for line in _render_actions(done)]
            lines.append(self._ask(request, graph))
        return ''.join(lines)

    def _ask(self, request: str, graph: SceneGraph) -> str:
        return f'{_TASK}{" ".join(request.split())}\n'

    def _continue(self, turn: Turn, graphs: Sequence[SceneGraph]) -> str:
        news = (
            replace(observation, update=_without_known(observation.update, before))
            for observation, before in zip(turn.observations, graphs)
        )
        lines = _render_actions(zip(turn.plan.actions, news))
        return ''.join(f'{line}\n' for line in lines)

    def _says_the_same(self, one: SceneGraph, other: SceneGraph) -> bool:
        return (
            one.nodes == other.nodes
            and one.connections == other.connections
            and one.attributes == other.attributes
        )

    def _end(self, graph: SceneGraph, state: MissionState) -> str:
        return f'robot_location: {state.here}\nturns_left: {state.turns_left}'

    def render_reply(self, plan: Plan, known_graph: SceneGraph) -> str:
        """SPINE's JSON reply."""
        if self._is_brief:
            plan = replace(plan, relevant_graph=(), reasoning='')
        return render_plan(plan)

    def parse_reply(self, text: str, known_graph: SceneGraph) -> Plan:
        """Read SPINE's JSON reply."""
        return parse_plan(text, self._table)

    def make_grammar(
        self, request: str, known_graph: SceneGraph, history: Sequence[Turn] = ()
    ) -> Lark:
        """The grammar of SPINE's JSON reply."""
        return write_spine_grammar(known_graph, self.language, is_brief=self._is_brief)

    def parse_prompt(self, messages: Sequence[Message], known_graph: SceneGraph) -> Prompt:
        """What the messages say.

        Raises:
            PlanParseError: they are none of this dialect.
        """
        graph, request = SceneGraph(), ''
        history: list[Turn] = []
        fields: dict[str, str] = {}
        for message in messages:
            if message['role'] == 'assistant':
                graph = graph.at(fields.get('robot_location', graph.robot_location))
                plan = self.parse_reply(message['content'], graph)
                history.append(Turn(plan, known_graph=graph))
            elif message['role'] == 'user':
                is_first = message['content'].startswith('scene_graph: ')
                for part in _by_task(message['content']):
                    fields = _read_fields(part)
                    if 'scene_graph' in fields:
                        graph = parse_scene_graph(fields['scene_graph'])
                    if is_first:  # what was done for a task stands before it
                        history = [*as_earlier(history, request)]
                    if 'past_actions' in fields:
                        before = [] if is_first else history[-1:]
                        turn, graph = self._read_actions(fields, graph, before)
                        history = [*history[: len(history) - len(before)], turn]
                    if 'task' in fields:
                        history = history if is_first else [*as_earlier(history, request)]
                        request = fields['task']
        if 'robot_location' not in fields:
            raise PlanParseError('expected the messages to end with robot_location, they do not')
        graph = graph.at(fields['robot_location'])
        state = self.survey(graph, history)
        left = int(fields['turns_left'])
        state = MissionState(**{**vars(state), 'turns_left': left})
        return Prompt(request, graph, tuple(history), state)

    def _read_actions(
        self, fields: dict[str, str], graph: SceneGraph, history: Sequence[Turn]
    ) -> tuple[Turn, SceneGraph]:
        """The turn that a message tells of, and the graph behind it."""
        turn = history[-1] if history else Turn(Plan(()))
        if not history:
            turn = Turn(Plan(tuple(parse_steps(fields['past_actions'], self._table))))
        observations = []
        for text in fields['updates'].split('\n') if 'updates' in fields else ():
            kinds = {name: node.kind for name, node in graph.nodes.items()}
            observation = parse_observation(text, kinds)
            observations.append(observation)
            graph = graph.apply(observation.update)
        return replace(turn, observations=tuple(observations)), graph


def _make_reply_schema(table: ActionTable) -> dict[str, Any]:
    """The four keys in the order in which they are thought; strict, as endpoints want it."""
    steps = ', '.join(spec.signature for spec in table.values())
    properties: dict[str, Any] = {
        'primary_goal': {'type': 'string'},
        'relevant_graph': {'type': 'array', 'items': {'type': 'string'}},
        'reasoning': {'type': 'string'},
        'plan': {'type': 'string', 'description': f'[step, ...] with steps of {steps}'},
    }
    return {
        'type': 'object',
        'properties': properties,
        'required': list(properties),
        'additionalProperties': False,
    }


def _as_first_seen(graph: SceneGraph) -> SceneGraph:
    """The graph without what changes from turn to turn: location, revision, order of ways."""
    connections = sorted(graph.connections.values(), key=lambda connection: connection.key)
    return SceneGraph(graph.nodes.values(), connections, attributes=graph.attributes)


def _without_known(update: GraphUpdate, before: SceneGraph) -> GraphUpdate:
    """An update without nodes and connections that are known as they come: mappers send all that
    they see, again and again.
    """
    if not update.upsert_nodes and not update.upsert_connections:
        return update
    gone = {*update.remove_nodes}
    lost = {connection.key for connection in update.remove_connections}
    nodes = (n for n in update.upsert_nodes if n.name in gone or before.nodes.get(n.name) != n)
    known = before.connections
    other = {c.key for c in update.upsert_connections if known.get(c.key) != c}
    connections = (
        c
        for c in update.upsert_connections
        if c.key in other or c.key in lost or not gone.isdisjoint(c.key)
    )
    return replace(update, upsert_nodes=tuple(nodes), upsert_connections=tuple(connections))


def _render_actions(done: Iterable[tuple[Action, Observation]]) -> list[str]:
    done = list(done)
    lines = [f'past_actions: [{render_steps([action for action, _ in done])}]', 'updates:']
    for _, observation in done:
        lines.append('- ' + render_observation(observation).replace(',\n', ', '))
    return lines


def _by_task(content: str) -> list[str]:
    """A message cut behind each task but the last."""
    parts, lines = list[str](), content.split('\n')
    tasks = [at for at, line in enumerate(lines) if line.startswith(_TASK)]
    start = 0
    for at in tasks[:-1]:
        parts.append('\n'.join(lines[start : at + 1]))
        start = at + 1
    return [*parts, '\n'.join(lines[start:])]


def _read_fields(content: str) -> dict[str, str]:
    """The lines of a message by their first word; the items below `updates` joined by newlines."""
    fields: dict[str, str] = {}
    items = [line[2:] for line in content.split('\n') if line.startswith('- ')]
    if items:
        fields['updates'] = '\n'.join(items)
    for line in content.split('\n'):
        match = _LINE.fullmatch(line)
        if match is not None and not line.startswith('- '):
            fields.setdefault(match[1], match[2])
    return fields
