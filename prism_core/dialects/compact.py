# SPDX-License-Identifier: Apache-2.0
"""The `compact` dialect: short lines with handles, for small models.

Rules that its models need: a word that may be copied stands after exactly one space; each node is
its class and its handle (see `handles`); every message of the user ends with a line that says where
the robot is, what is left to look at, nearest first, and what cannot be reached, so that distances
and coverage are never left to the model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from prism_core.dialects.compact_graph import GraphLines
from prism_core.dialects.compact_steps import CompactSteps
from prism_core.dialects.conversation import AppendedDialect, Message, Prompt, fold_turns
from prism_core.dialects.handles import Handles, class_words
from prism_core.dialects.language import Language
from prism_core.dialects.reply_grammar import ReplyGrammar
from prism_core.episode.episode import Turn, as_earlier
from prism_core.episode.mission_state import (
    MAX_TRIES,
    NEAREST_FRONTIERS,
    Frontier,
    MissionState,
    count_actions,
    feedback_of,
)
from prism_core.episode.observation import Observation
from prism_core.episode.requests import Asked, list_said, own_turns
from prism_core.errors import PlanParseError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.grammar import Lark
from prism_core.plan.plan import Plan

_TASK = 'task '
_STATUS = re.compile(r'(done|failed|refused)(?: (.*))?')
_FRONTIER = re.compile(r'(?P<node>[^<>]*<r\d+>) (?P<look>\S+) (?P<far>\d+)')


class CompactDialect(AppendedDialect):
    """Writes for one mission; `seed` draws the handles, anew for each training sample."""

    name = 'compact'
    version = 1
    least_node_tokens = 3  # a comma or the end of a line, a class, a handle

    def __init__(self, language: Language, seed: int = 0):
        super().__init__(language)
        self._seed = seed
        self._last = (SceneGraph(), Handles(SceneGraph(), seed))

    def render_reply(self, plan: Plan, known_graph: SceneGraph) -> str:
        """A plan as `goal : steps`."""
        return self._steps(known_graph).render_reply(plan)

    def render_reply_on(self, plan: Plan, read: SceneGraph, known_graph: SceneGraph) -> str:
        """The reply, with the handles of the known graph."""
        return self._steps(read, known_graph).render_reply(plan)

    def parse_reply(self, text: str, known_graph: SceneGraph) -> Plan:
        """Read `goal : steps`."""
        return self._steps(known_graph).parse_reply(text)

    def make_grammar(
        self, request: str, known_graph: SceneGraph, history: Sequence[Turn] = ()
    ) -> Lark:
        """The grammar of `goal : steps` with the handles of the known graph."""
        state, feedback = self.survey(known_graph, history), feedback_of(history)
        said = ' , '.join(s.request for s in list_said(request, history, self.language.table))
        grammar = ReplyGrammar(said, known_graph, state, self._handles(known_graph), feedback)
        return grammar.finish(self.language.write_replies(grammar))

    def _steps(self, graph: SceneGraph, named_by: SceneGraph | None = None) -> CompactSteps:
        return CompactSteps(graph, self._handles(named_by or graph), self.language)

    def _handles(self, graph: SceneGraph) -> Handles:
        last, handles = self._last
        if graph is not last:
            handles = Handles(graph, self._seed)
            self._last = (graph, handles)
        return handles

    # ----------------------------------------------------------------------------------- writing

    def _begin(self, graph: SceneGraph, said: Sequence[Asked]) -> str:
        handles = self._handles(graph)
        lines = ['map', *GraphLines(handles, self.language).render_graph(graph)]
        steps = self._steps(graph)
        for request, turns, _ in said:
            for action, observation in fold_turns(turns, graph):
                step = steps.say(action)
                if step is not None:  # or it was done on a node that is gone: nobody tries it again
                    lines.append(f'did {step}')
                    lines += self._render_observation(observation, graph, graph)
            lines.append(f'{_TASK}{handles.neutralize(request)}')
        return ''.join(f'{line}\n' for line in lines)

    def _ask(self, request: str, graph: SceneGraph) -> str:
        return f'{_TASK}{self._handles(graph).neutralize(request)}\n'

    def _continue(self, turn: Turn, graphs: Sequence[SceneGraph]) -> str:
        lines = []
        for observation, before, after in zip(turn.observations, graphs, graphs[1:]):
            lines += self._render_observation(observation, before, after)
        return ''.join(f'{line}\n' for line in lines)

    def _render_observation(
        self, observation: Observation, before: SceneGraph, after: SceneGraph
    ) -> list[str]:
        gone = self._handles(before) if observation.update.remove_nodes else None
        handles = self._handles(after)
        said = handles.neutralize(observation.feedback)
        first = f'{observation.status} {said}' if said else observation.status
        lines = GraphLines(handles, self.language, gone)
        return [first, *lines.render_update(observation.update, before, after)]

    def _says_the_same(self, one: SceneGraph, other: SceneGraph) -> bool:
        if one.connections.keys() != other.connections.keys() or one.places != other.places:
            return False
        if one.placements != other.placements:
            return False
        tell = GraphLines(self._handles(other), self.language).tell
        pairs = ((node, other.nodes[name]) for name, node in one.nodes.items())
        return all(
            node is again
            or (node.kind, class_words(node), tell(node))
            == (again.kind, class_words(again), tell(again))
            for node, again in pairs
        )

    def _end(self, graph: SceneGraph, state: MissionState) -> str:
        handles, steps = self._handles(graph), self._steps(graph)
        parts = [f'now {handles.write(state.here)}']
        near = state.frontiers[:NEAREST_FRONTIERS]
        if near:
            parts.append('next ' + ' , '.join(self._render_frontier(f, handles) for f in near))
        if len(state.frontiers) > len(near):
            parts.append(f'more {len(state.frontiers) - len(near)}')
        if state.unreachable:
            names = [name for name in graph.regions if name in state.unreachable]
            parts.append('no way ' + ' , '.join(handles.write(name) for name in names))
        given_up = [a for a, number in state.failures.items() if number >= MAX_TRIES]
        nodes_of = self.language.table.nodes_of
        said = (steps.say(a) for a in given_up if (on := nodes_of(a)) and on[0] in graph.nodes)
        parts += [f'blocked {text}' for text in said if text is not None]
        parts.append(f'left {state.turns_left}')
        return ' ; '.join(parts)

    def _render_frontier(self, frontier: Frontier, handles: Handles) -> str:
        look = self.language.table[frontier.action.name].said
        return f'{handles.write(frontier.region)} {look} {frontier.distance_m:.0f}'

    # ----------------------------------------------------------------------------------- reading

    def parse_prompt(self, messages: Sequence[Message], known_graph: SceneGraph) -> Prompt:
        """What the messages say; `known_graph` tells which node a handle stands for.

        Raises:
            PlanParseError: they are none of this dialect.
        """
        handles = self._handles(known_graph).with_gone(m['content'] for m in messages)
        lines = GraphLines(handles, self.language)
        graph, request, last = SceneGraph(), '', ''
        history: list[Turn] = []
        for message in messages:
            if message['role'] == 'assistant':
                graph = graph.at(self._read_state(last, handles, graph).here)
                steps = CompactSteps(graph, handles, self.language)
                history.append(Turn(steps.parse_reply(message['content']), known_graph=graph))
            elif message['role'] == 'user':
                *body, last = message['content'].split('\n')
                chunks = _by_task(body)
                if body and body[0] == 'map':
                    for told, said in chunks:
                        did = (at for at, text in enumerate(told) if text.startswith('did '))
                        split = next(did, len(told))
                        graph = graph.apply(lines.parse_update(told[:split], graph))
                        history = [*as_earlier(history, request)]
                        history += self._read_folded(told[split:], graph, handles)
                        request = handles.restore(said)
                    continue
                observations, graph = self._read_observations(chunks[0][0], graph, handles)
                history[-1] = replace(history[-1], observations=observations)
                if chunks[0][1]:
                    history = [*as_earlier(history, request)]
                    request = handles.restore(chunks[0][1])
        state = self._read_state(last, handles, graph)
        graph = graph.at(state.here)
        done, failures = count_actions(own_turns(history), self.language.table)
        state = MissionState(
            **{**vars(state), 'done': done, 'failures': {**failures, **state.failures}}
        )
        return Prompt(request, graph, tuple(history), state)

    def _read_folded(self, lines: Sequence[str], graph: SceneGraph, handles: Handles) -> list[Turn]:
        turns = []
        starts = [i for i, line in enumerate(lines) if line.startswith('did ')]
        for start, end in zip(starts, [*starts[1:], len(lines)]):
            steps = CompactSteps(graph, handles, self.language)
            action = steps.parse(lines[start].removeprefix('did '))
            observations, _ = self._read_observations(lines[start + 1 : end], graph, handles)
            turns.append(Turn(Plan((action,)), observations))
        return turns

    def _read_observations(
        self, lines: Sequence[str], graph: SceneGraph, handles: Handles
    ) -> tuple[tuple[Observation, ...], SceneGraph]:
        observations = []
        reader = GraphLines(handles, self.language)
        starts = [i for i, line in enumerate(lines) if _STATUS.fullmatch(line)]
        for start, end in zip(starts, [*starts[1:], len(lines)]):
            match = _STATUS.fullmatch(lines[start])
            update = reader.parse_update([t for t in lines[start + 1 : end] if t], graph)
            said = handles.restore(match[2] or '') if match else ''
            status: Any = match[1] if match else 'done'
            observations.append(Observation(update, said, status))
            graph = graph.apply(update)
        return tuple(observations), graph

    def _read_state(self, line: str, handles: Handles, graph: SceneGraph) -> MissionState:
        here, frontiers, unreachable, failures, left = '', [], frozenset[str](), {}, 0
        steps = CompactSteps(graph, handles, self.language)
        for part in line.split(' ; '):
            word, _, rest = part.partition(' ')
            if word == 'now':
                here = handles.read(rest)
            elif word == 'next':
                frontiers = [
                    self._read_frontier(item, handles, steps) for item in rest.split(' , ')
                ]
            elif word == 'no':
                unreachable = frozenset(handles.find(rest))
            elif word == 'blocked':
                failures[steps.parse(rest)] = MAX_TRIES
            elif word == 'left':
                left = int(rest)
        if not here:
            raise PlanParseError(f'expected a line that says where the robot is, got {line[:60]!r}')
        return MissionState(here, tuple(frontiers), unreachable, frozenset(), failures, left)

    def _read_frontier(self, text: str, handles: Handles, steps: CompactSteps) -> Frontier:
        match = _FRONTIER.fullmatch(text)
        if match is None:
            raise PlanParseError(f'expected a region and how to look, got {text[:60]!r}')
        action = steps.parse(f'{match["look"]} {match["node"]}')
        return Frontier(handles.read(match['node']), action, float(match['far']))


def _by_task(lines: Sequence[str]) -> list[tuple[list[str], str]]:
    """The lines before each task, without the word that begins a map, and the task; '' behind the
    last one, where there are lines.
    """
    chunks: list[tuple[list[str], str]] = [([], '')]
    for line in lines[1:] if lines[:1] == ['map'] else lines:
        if line.startswith(_TASK):
            chunks[-1] = (chunks[-1][0], line.removeprefix(_TASK))
            chunks.append(([], ''))
        else:
            chunks[-1][0].append(line)
    return chunks[:-1] if len(chunks) > 1 and not chunks[-1][0] else chunks
