# SPDX-License-Identifier: Apache-2.0
"""The tasks of a suite in worlds where things are called otherwise; twins stay twins.

| names | in the map | in the sentence |
|---|---|---|
| compound | `service_truck_12` | as before: the truck, truck_12 |
| code | `TR-417`, with `semantic_class: truck` beside it | the truck, TR-417 |
| new | `dewar_12`, of a class that no lexicon has | the dewar, dewar_12 |

A sentence that speaks of what a thing is for, or of several classes in one word, cannot speak of
what nobody has a word for: such tasks are left out of `new`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from prism_core.domain import Domain
from prism_core.episode.episode import Episode
from prism_core.episode.renaming import (
    compound_names,
    nodes_of,
    rename_episode,
    rename_parts,
    rename_task,
)
from prism_core.errors import ConfigError
from prism_core.graph.calling import class_of
from prism_core.graph.elements import Node, NodeKind
from prism_core.graph.name_styles import NameWriter
from prism_core.text import phrase_pattern

World = list[Episode]
NAMES = ('plain', 'compound', 'code', 'new')


def check_names(names: str) -> None:
    """Refuse what is no style of names.

    Raises:
        ConfigError: which there are.
    """
    if names not in NAMES:
        raise ConfigError(f'names: expected one of {", ".join(NAMES)}, got {names!r}')


def name_worlds(worlds: Iterable[World], names: str, domain: Domain) -> Iterator[World]:
    """The worlds of a suite under names of a style, one of `NAMES`.

    Raises:
        ConfigError: the domain has no new words, or a task does not say what it means.
    """
    if names == 'plain':
        yield from worlds
        return
    if names == 'new' and not domain.new_classes:
        raise ConfigError(
            f'names: the domain {domain.name} has no new nouns; take compound or code'
        )
    for world in worlds:
        yield _WORLDS[names](world, domain)


def _compound(world: World, domain: Domain) -> World:
    return [compound_names(episode) for episode in world]


def _code(world: World, domain: Domain) -> World:
    nodes = _nodes_of(world)
    writer = NameWriter(_rng(world, 'code'), nodes)
    names = {n: writer.write('code', class_of(node), node.kind) for n, node in nodes.items()}
    said = {names[name]: {'semantic_class': class_of(node)} for name, node in nodes.items()}
    return [
        rename_episode(episode, rename_task(episode.task, names), names, said) for episode in world
    ]


def _new(world: World, domain: Domain) -> World:
    nodes = _nodes_of(world)
    nouns = _Nouns(_rng(world, 'new'), domain.new_classes)
    for node in nodes.values():
        nouns(class_of(node), node.kind)
    writer = NameWriter(_rng(world, 'new names'), nodes)
    names = {n: writer.write('snake', nouns(class_of(node), node.kind), node.kind)
             for n, node in nodes.items()}  # fmt: skip
    told = {node.description: _describe(node, nouns) for node in nodes.values()}
    renamed = []
    for episode in world:
        if episode.task.intent is None:
            raise ConfigError(
                f'names: new words need tasks that say what they mean, got {episode.task.request!r}'
                ' without; take compound or code'
            )
        task = domain.call_otherwise(rename_task(episode.task, names), nouns)
        if task is not None:
            other = rename_episode(episode, task, names)
            renamed.append(_with_descriptions(other, told))
    return renamed


def _with_descriptions(episode: Episode, told: Mapping[str, str]) -> Episode:
    """The episode in which nodes are described in other words, which the answer has to say."""

    def described(graph: Any) -> Any:
        nodes = [
            replace(n, description=told.get(n.description, n.description))
            for n in graph.nodes.values()
        ]
        return type(graph)(
            nodes,
            graph.connections.values(),
            robot_location=graph.robot_location,
            attributes=graph.attributes,
        )

    return replace(
        episode,
        criterion=rename_parts(episode.criterion, {k: v for k, v in told.items() if k}),
        true_graph=described(episode.true_graph),
        known_graph=described(episode.known_graph),
    )


def _describe(node: Node, nouns: Callable[[str, NodeKind], str]) -> str:
    name = class_of(node)
    return phrase_pattern([name]).sub(nouns(name, node.kind), node.description)


class _Nouns:
    """One new noun for each class of a world; a class keeps its own when all nouns are taken."""

    def __init__(self, rng: Random, nouns: Mapping[NodeKind, Sequence[str]]):
        self._left = {kind: rng.sample(list(some), len(some)) for kind, some in nouns.items()}
        self._given: dict[tuple[str, NodeKind], str] = {}

    def __call__(self, name: str, kind: NodeKind) -> str:
        left = self._left[kind]
        if (name, kind) not in self._given:
            self._given[name, kind] = left.pop() if left else name
        return self._given[name, kind]


def _nodes_of(world: World) -> dict[str, Node]:
    """The nodes of all graphs of a world: each task may have something hidden of its own."""
    return {name: node for episode in world for name, node in nodes_of(episode).items()}


def _rng(world: World, what: str) -> Random:
    return Random(f'{what} {world[0].seed if world else ""}')  # noqa: S311 - no secret


_WORLDS: dict[str, Callable[[World, Domain], World]] = {
    'compound': _compound,
    'code': _code,
    'new': _new,
}
