# SPDX-License-Identifier: Apache-2.0
"""From the messages of a conversation to missions: what was asked, known, planned and revealed.

Two forms are read: the `spine` dialect of prism_core, and what SPINE's planner sends and logs
(github.com/KumarRobotics/SPINE). Worked examples before the mission are known by what they say:
they have a graph, but not the advice that SPINE gives with a real task; where nobody gives advice,
the last graph belongs to the mission. Says nothing about whether a plan was right.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from prism_core.dialects.conversation import Message
from prism_core.dialects.language import Language
from prism_core.dialects.spine import SpineDialect
from prism_core.domains.mapping.importing.updates import is_update, read_update
from prism_core.episode.episode import Turn
from prism_core.episode.observation import Observation
from prism_core.errors import PlanParseError, PrismError, SceneGraphError
from prism_core.graph.elements import NodeKind, quote
from prism_core.graph.scene_graph import SceneGraph
from prism_core.graph.spine_json import parse_scene_graph, read_scene_graph
from prism_core.plan.actions import ActionTable
from prism_core.plan.plan import MAX_PLAN_TEXT_CHARS, Plan, parse_plan

_OURS = re.compile(r'scene_graph: \{')
_COMPACT = re.compile(r'map\n(?s:.*)\ntask ')
_GRAPH, _ADVICE = 'Scene graph:', 'Advice:'
_TASK = re.compile(r'\s*task:\s*', re.IGNORECASE)
_NEWS = re.compile(r'\s*(?:past_actions:|updates:)')
# What SPINE's validator answers to a plan that it does not accept.
_REFUSAL = re.compile(r'\s*(?:Feedback:|Could not parse step)')
_ACTION = re.compile(r'\b([a-z_]+)\(')


@dataclass(frozen=True)
class LoggedMission:
    """One task of a conversation, as far as it could be read.

    `start` is None where the mission goes on from the graph of the one before. `news` is what the
    robot learned before its first plan. Each observation stands for one step that was carried out;
    what a turn revealed stands with the last of them. `refused` holds the replies that the log's
    own validator sent back, with its feedback. `fault` says what could not be read.
    """

    form: str = ''
    request: str = ''
    start: SceneGraph | None = None
    news: Observation = field(default_factory=Observation)
    turns: tuple[Turn, ...] = ()
    refused: tuple[Mapping[str, str], ...] = ()
    fault: str = ''


def read_missions(messages: Sequence[Message], table: ActionTable) -> Iterator[LoggedMission]:
    """The missions of a conversation; at least one, if only to say why there is none."""
    chat = _join([message for message in messages if message['role'] != 'system'])
    graphs = [i for i, m in enumerate(chat) if m['role'] == 'user' and _has_graph(m['content'])]
    if not graphs:
        yield LoggedMission(fault=_why_without_graph(chat))
        return
    advised = [i for i in graphs if _ADVICE in chat[i]['content']]
    starts = advised or graphs[-1:]
    if _OURS.match(chat[starts[-1]]['content']):
        yield _read_ours(chat[starts[-1] :], table)
        return
    starts += [i for i in range(starts[0], len(chat)) if _is_task(chat[i])]
    bounds = [*sorted(set(starts)), len(chat)]
    kinds: dict[str, NodeKind] = {}
    for begin, end in pairwise(bounds):
        yield _read_spine(chat[begin:end], table, kinds)


def _join(chat: Sequence[Message]) -> list[Message]:
    """Messages of one role that follow each other as one."""
    joined: list[Message] = []
    for message in chat:
        if joined and joined[-1]['role'] == message['role']:
            content = f'{joined[-1]["content"]}\n{message["content"]}'
            joined[-1] = {'role': message['role'], 'content': content}
        else:
            joined.append(message)
    return joined


def _has_graph(content: str) -> bool:
    return _GRAPH in content or _OURS.match(content) is not None


def _is_task(message: Message) -> bool:
    """Whether a message asks for something, with a graph or without."""
    content = message['content']
    is_answer = _NEWS.match(content) or _REFUSAL.match(content) or is_update(content)
    return message['role'] == 'user' and not is_answer


def _why_without_graph(chat: Sequence[Message]) -> str:
    if any(m['role'] == 'user' and _COMPACT.match(m['content']) for m in chat):
        return (
            'no scene graph: the compact dialect names nodes by handles, which only its own graph '
            'can tell; import the episodes, or rows in the spine dialect'
        )
    return f'no scene graph: no message of the user has one behind "{_GRAPH}" or "scene_graph:"'


# --------------------------------------------------------------------------------- our own dialect


def _read_ours(chat: Sequence[Message], table: ActionTable) -> LoggedMission:
    dialect = SpineDialect(Language(table))
    first, replies = chat[0], [m for m in chat if m['role'] == 'assistant']
    if any(line.startswith('past_actions:') for line in first['content'].split('\n')):
        fault = 'no whole mission: the row begins in the middle; import the row of the first turn'
        return LoggedMission(form='chat', fault=fault)
    try:
        begin = dialect.parse_prompt([first], SceneGraph())
        if chat[-1]['role'] == 'user':
            turns = dialect.parse_prompt(chat, SceneGraph()).history
        else:
            history = dialect.parse_prompt(chat[:-1], SceneGraph()).history
            last = dialect.parse_reply(replies[-1]['content'], SceneGraph())
            turns = (*history, _until_news(last, table))
    except (PrismError, KeyError, IndexError, ValueError) as error:
        return LoggedMission(
            form='chat', fault=f'no mission in the spine dialect: {_sentence(error)}'
        )
    return LoggedMission('chat', begin.request, begin.known_graph, turns=turns)


def _sentence(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f'there is no line {error}'
    return str(error) or type(error).__name__


def _until_news(plan: Plan, table: ActionTable) -> Turn:
    """A turn of which the log tells no news: carried out up to the first step that ends it."""
    done = 0
    for action in plan.actions:
        done += 1
        if action.name not in table or table[action.name].ends_turn:
            break
    return Turn(plan, (Observation(),) * done)


# -------------------------------------------------------------------------------------- SPINE's own


def _read_spine(
    chat: Sequence[Message], table: ActionTable, kinds: dict[str, NodeKind]
) -> LoggedMission:
    """A mission of which the first message is the task; `kinds` of nodes are added to."""
    mission = LoggedMission('spine log')
    try:
        mission = _read_task(chat[0]['content'], mission, kinds)
    except SceneGraphError as error:
        return replace(mission, fault=f'no scene graph: {error}')
    turns: list[Turn] = []
    refused: list[Mapping[str, str]] = []
    told = 0
    for index in range(1, len(chat), 2):
        reply = chat[index]['content']
        answer = chat[index + 1]['content'] if index + 1 < len(chat) else ''
        if _REFUSAL.match(answer):
            refused.append({'reply': reply[:MAX_PLAN_TEXT_CHARS], 'feedback': answer})
            continue
        where = f'turn {len(turns) + 1}'
        try:
            turn = _until_news(parse_plan(reply, table), table)
        except PlanParseError as error:
            return replace(mission, fault=f'no plan in a reply: {where}: {error}')
        if answer:
            try:
                turn, told = _read_news(turn, answer, told, kinds)
            except SceneGraphError as error:
                return replace(mission, fault=f'no update in a message: {where}: {error}')
        turns.append(turn)
    return replace(mission, turns=tuple(turns), refused=tuple(refused))


def _read_task(content: str, mission: LoggedMission, kinds: dict[str, NodeKind]) -> LoggedMission:
    """Sentence, graph and news of the message that begins a mission."""
    said, sign, graph_text = content.rpartition(_GRAPH)
    start = None
    if sign:
        start = _read_graph(graph_text.strip())
        kinds.clear()
        kinds |= {name: node.kind for name, node in start.nodes.items()}
    else:
        said = content
    said = said.partition(f'\n{_ADVICE}')[0]
    said, _, updates = said.partition('\nupdates:')
    request = ' '.join(_TASK.sub('', said, count=1).split())
    news = _read_kinds(updates, kinds) if updates.strip() else Observation()
    return replace(mission, request=request, start=start, news=news)


def _read_graph(text: str) -> SceneGraph:
    """A graph as JSON, or as Python prints it, which SPINE does before the first update."""
    try:
        return parse_scene_graph(text)
    except SceneGraphError:
        if not text.startswith("{'"):
            raise
    try:
        _refuse_doubled_keys(ast.parse(text, mode='eval'))
        data = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise SceneGraphError(f'neither JSON nor a Python literal: {quote(text)}') from None
    return read_scene_graph(data)


def _refuse_doubled_keys(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            doubled = [key for key in keys if keys.count(key) > 1]
            if doubled:
                raise SceneGraphError(f'expected each key once, got {doubled[0]!r} twice')


def _read_news(turn: Turn, content: str, told: int, kinds: dict[str, NodeKind]) -> tuple[Turn, int]:
    """The turn with what it revealed, and how many actions the log has told of by now.

    The robot lists all actions of the mission, also those that it added by itself; its simulator
    lists none.
    """
    done = len(turn.observations)
    updates = content
    if _NEWS.match(content):
        actions, _, updates = content.partition('updates:')
        names = _ACTION.findall(actions)
        if names:
            new = names[told:] if len(names) > told else names
            told = len(names)
            matching = [a.name == name for a, name in zip(turn.plan.actions, new)]
            done = max(1, (*matching, False).index(False))
    observations = (Observation(),) * (done - 1) + (_read_kinds(updates, kinds),)
    return Turn(turn.plan, observations[: len(turn.plan.actions)]), told


def _read_kinds(text: str, kinds: dict[str, NodeKind]) -> Observation:
    """An update; the nodes that it adds are known from then on."""
    observation = read_update(text, kinds)
    kinds |= {node.name: node.kind for node in observation.update.upsert_nodes}
    return observation
