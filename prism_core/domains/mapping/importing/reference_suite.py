# SPDX-License-Identifier: Apache-2.0
"""Suites in the form of the reference code (PRISM): one JSON with a graph, and tasks with regular
expressions. Three keys are ours and may be left out: what must be looked at, what is hidden, and
the same task with other hidden facts.

| key | holds |
|---|---|
| graph | a scene graph as SPINE's JSON, see `spine_json` |
| tasks | a list of tasks |
| chance | ours: the share of the tasks that a planner may solve that deserves no success; any \
when left out |

| key of a task | holds |
|---|---|
| task | the sentence |
| answer | a regular expression that is found in right answers, in capitals or not; and in the \
question, where asking is right: `clarify`, `which` |
| init_node | the region where the robot starts |
| needs | ours: objects that must be inspected and regions that must be mapped before the answer |
| hide | ours: nodes that the robot does not know at the start and must find before the answer |
| twin | ours: the same sentence and start with other hidden facts and another right answer |

| key of a twin | holds |
|---|---|
| answer | a regular expression that is found in its right answers |
| described | other descriptions, by the names of nodes that `needs` or `hide` names |
| without | nodes that `hide` names and that are not there |

Other keys are passed over. Such a task says nothing about what its sentence means and has no limit
of actions or metres; a trial ends when there have been as many plans as a mission may have.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from prism_core.domains.mapping.criterion import check_criterion
from prism_core.domains.mapping.looking import MAPPED, WAYS_M
from prism_core.episode.criterion import Criterion, Fact
from prism_core.episode.episode import Episode, Task
from prism_core.errors import ConfigError, SceneGraphError
from prism_core.graph.calling import class_attributes
from prism_core.graph.elements import GraphUpdate, Node, quote
from prism_core.graph.scene_graph import SceneGraph
from prism_core.graph.spine_json import read_scene_graph
from prism_core.json_text import DoubledKey, check_json

KIND = 'pattern'
_NO_LIMIT = 10**6
_SHAPE = '{"graph": {...}, "tasks": [{"task": "...", "answer": "...", "init_node": "..."}, ...]}'


@dataclass(frozen=True)
class _Twin:
    """What is other in the second task of a pair."""

    answer: str
    described: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Task:
    """A task as it stands in the file."""

    task: str
    answer: str
    init_node: str
    needs: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    twin: _Twin | None = None


@dataclass(frozen=True)
class _File:
    """What the file holds."""

    graph: dict[str, Any]
    tasks: tuple[_Task, ...]
    chance: float = 0.0


def read_reference_suite(text: str, askable: Collection[str]) -> tuple[list[Episode], float]:
    """Read the tasks of a suite in the form of the reference code, and the share of them that may
    be solved by chance.

    The robot knows the graph but for what is hidden, and but for what is to be seen of the nodes
    that a task needs; an object that is seen from hidden regions alone is hidden, too. It has
    looked at nothing yet. Each task has an id, its place in the list, and stands for a world of its
    own.

    Args:
        text: of the file.
        askable: the attributes of objects that an inspection can show beside the description.

    Raises:
        ConfigError: with the place in the file that cannot be used.
    """
    try:
        file = msgspec.json.decode(check_json(text), type=_File)
    except DoubledKey as error:
        raise ConfigError(str(error)) from None
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ConfigError(f'expected {_SHAPE}: {error}') from None
    if not file.tasks:
        raise ConfigError('tasks: expected at least one task, got none; add one')
    if not 0 <= file.chance < 1:
        raise ConfigError(f'chance: expected a share from 0 to below 1, got {file.chance}')
    try:
        graph = read_scene_graph(file.graph)
    except SceneGraphError as error:
        raise ConfigError(f'graph: {error}') from None
    episodes = []
    for number, task in enumerate(file.tasks):
        try:
            episodes += _read_pair(number, task, graph, askable)
        except ConfigError as error:
            raise ConfigError(f'tasks[{number}].{error}') from None
    return episodes, file.chance


def _read_pair(
    number: int, task: _Task, graph: SceneGraph, askable: Collection[str]
) -> list[Episode]:
    """A task, and its twin where it has one: known alike at the start."""
    episode = _read_task(number, task, graph, askable)
    if task.twin is None:
        return [episode]
    other = _Task(
        task.task,
        task.twin.answer,
        task.init_node,
        tuple(name for name in task.needs if name not in task.twin.without),
        tuple(name for name in task.hide if name not in task.twin.without),
    )
    twin = _read_task(number, other, _change(graph, task, task.twin), askable)
    facts = {'id': f'{number}-twin', 'twin': str(number)}
    return [
        replace(episode, provenance={**episode.provenance, 'twin': str(number)}),
        replace(
            twin,
            known_graph=episode.known_graph,
            provenance={**twin.provenance, **facts, 'needs_discovery': True},
        ),
    ]


def _change(graph: SceneGraph, task: _Task, twin: _Twin) -> SceneGraph:
    """The world of a twin."""
    hidden = {'described': {*task.needs, *task.hide}, 'without': {*task.hide}}
    for key, names in (('described', twin.described), ('without', twin.without)):
        for name in names:
            if name not in hidden[key] or name not in graph.nodes:
                allowed = 'needs or hide' if key == 'described' else 'hide'
                raise ConfigError(
                    f'twin.{key}: expected nodes that {allowed} of the task names, so that nothing '
                    f'is known of them at the start, got {quote(name)}; name it there, too'
                )
    if not twin.described and not twin.without:
        raise ConfigError('twin: expected something under described or without, got nothing')
    described = {name: {'description': said} for name, said in twin.described.items()}
    changed = graph.apply(GraphUpdate(set_attributes=described, remove_nodes=twin.without))
    return changed.with_revision(graph.revision)


def _read_task(number: int, task: _Task, graph: SceneGraph, askable: Collection[str]) -> Episode:
    if not task.task.strip():
        raise ConfigError(f'task: expected a sentence, got {quote(task.task)}')
    if task.init_node not in graph.regions:
        raise ConfigError(
            f'init_node: expected a region of the graph, {_some(graph.regions)}, got '
            f'{quote(task.init_node)}'
        )
    needs, hide = dict.fromkeys(task.needs), dict.fromkeys(task.hide)
    true = SceneGraph(
        (node.without_attributes((MAPPED, WAYS_M)) for node in graph.nodes.values()),
        graph.connections.values(),
        robot_location=task.init_node,
    )
    for key, names in (('needs', needs), ('hide', hide)):
        for name in names:
            _check_node(key, name, true, askable)
    return Episode(
        seed=number,
        task=Task(task.task, KIND),
        criterion=_make_criterion(task.answer, needs, hide, true),
        true_graph=true,
        known_graph=_know(true, needs, hide),
        provenance={'id': str(number), 'needs_discovery': bool(needs or hide)},
    )


def _check_node(key: str, name: str, true: SceneGraph, askable: Collection[str]) -> None:
    start = true.robot_location or ''
    node = true.nodes.get(name)
    if node is None:
        raise ConfigError(
            f'{key}: expected nodes of the graph, {_some(true.nodes)}, got {quote(name)}'
        )
    if true.reachable_regions(start).isdisjoint(true.viewpoints.get(name, (name,))):
        raise ConfigError(
            f'{key}: expected nodes that can be seen on a way from {start}, got {name!r}; connect '
            'it in the graph, or leave it out'
        )
    if key == 'hide' and name == start:
        raise ConfigError(f'hide: expected nodes other than init_node, got {name!r}; leave it out')
    is_seen = (
        node.kind == 'region' or node.description or not node.attributes.keys().isdisjoint(askable)
    )
    if key == 'needs' and not is_seen:
        raise ConfigError(
            f'needs: expected objects of which an inspection shows something, got {name!r}, which '
            'has no description; add one'
        )


def _some(names: Collection[str]) -> str:
    """The first few names, as an example."""
    shown = ', '.join(list(names)[:3])
    return f'such as {shown}' if shown else 'which has none'


def _make_criterion(
    answer: str, needs: Collection[str], hide: Collection[str], true: SceneGraph
) -> Criterion:
    evidence = [Fact('known', name) for name in hide]
    evidence += [Fact('inspected' if n in true.objects else 'mapped', n) for n in needs]
    criterion = Criterion(
        'pattern',
        (answer,),
        evidence=tuple(evidence),
        max_actions=_NO_LIMIT,
        max_distance_m=float(_NO_LIMIT),
    )
    try:
        check_criterion(criterion)
    except ConfigError as error:
        raise ConfigError(f'answer: {error}') from None
    return criterion


def _know(true: SceneGraph, needs: Collection[str], hide: Collection[str]) -> SceneGraph:
    """What the robot knows at the start."""
    unseen = (n for n, views in true.viewpoints.items() if views and {*views}.issubset(hide))
    gone = tuple(dict.fromkeys((*hide, *unseen)))
    bare = (_bare(true.nodes[name]) for name in needs if name not in gone)
    return true.apply(GraphUpdate(remove_nodes=gone, upsert_nodes=tuple(bare))).with_revision(0)


def _bare(node: Node) -> Node:
    """A node of which nothing was seen yet but what and where it is."""
    return Node(node.name, node.kind, node.position, attributes=class_attributes(node))
