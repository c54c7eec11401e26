# SPDX-License-Identifier: Apache-2.0
"""What happened in an episode up to a turn: where the robot drove, what each step showed."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from prism_core.episode.criterion import Criterion, Outcome
from prism_core.episode.driven_way import driven_way, find_blocked
from prism_core.episode.episode import Episode, Turn
from prism_core.episode.observation import Observation
from prism_core.errors import ConfigError
from prism_core.graph.elements import PLACEMENT_WORDS, Connection
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.steps import render_steps

NOT_CARRIED_OUT = 'not carried out'

_DASH = '\N{NO-BREAK SPACE}–\N{NO-BREAK SPACE}'


@dataclass(frozen=True)
class Line:
    """A line of what happened; `is_bad` when something went wrong."""

    text: str
    is_bad: bool = False


@dataclass(frozen=True)
class Trail:
    """An episode up to a turn.

    `way`: the regions that the robot drove through. `stops`: where it stopped, and in which turns.
    `turns`: for each turn its steps, and for each step the lines of what it showed.
    """

    graph: SceneGraph
    way: list[str] = field(default_factory=list)
    stops: dict[str, list[int]] = field(default_factory=dict)
    blocked: list[Connection] = field(default_factory=list)
    turns: list[list[tuple[str, list[Line]]]] = field(default_factory=list)


def follow_episode(episode: Episode, number: int | None = None) -> Trail:
    """Follow an episode through so many turns; through all of them without a number.

    Raises:
        ConfigError: the episode has fewer turns.
    """
    if number is None:
        number = len(episode.turns)
    if not 0 <= number <= len(episode.turns):
        raise ConfigError(
            f'there is no turn {number}: the episode has {len(episode.turns)} turns; '
            '0 is before the first'
        )
    graph = episode.known_graph
    done = Trail(graph)
    if graph.robot_location is not None:
        done.way.append(graph.robot_location)
    for index, turn in enumerate(episode.turns[:number], start=1):
        graph = _follow(done, graph, episode.true_graph, index, turn)
    return replace(done, graph=graph)


def _follow(
    done: Trail, graph: SceneGraph, true_graph: SceneGraph, index: int, turn: Turn
) -> SceneGraph:
    """Note a turn, and give the graph behind it."""
    steps: list[tuple[str, list[Line]]] = []
    done.turns.append(steps)
    for action, observation in itertools.zip_longest(turn.plan.actions, turn.observations):
        news = tell_news(graph, observation) if observation else []
        steps.append((_step(action, observation), news))
        if observation is None:
            continue
        update = observation.update
        done.way.extend(driven_way(graph, true_graph, observation)[1:])
        done.blocked.extend(find_blocked(update))
        graph = graph.apply(update)
        if update.robot_location:
            stops = done.stops.setdefault(update.robot_location, [])
            if index not in stops:
                stops.append(index)
    return graph


def _step(action: Action | None, observation: Observation | None) -> str:
    text = render_steps([action]) if action is not None else 'a plan without steps'
    if observation is None:
        return f'{text}: {NOT_CARRIED_OUT}'
    return f'{text}   {observation.distance_m:.0f} m' if observation.distance_m else text


def tell_news(graph: SceneGraph, observation: Observation) -> list[Line]:
    """What an observation shows beyond what is known, each sort on a line."""
    update = observation.update
    new = [node.name for node in update.upsert_nodes if node.name not in graph.nodes]
    ways, views, placed = [], [], []
    for connection in update.upsert_connections:
        ends = connection.key
        if connection.kind == 'traversable':
            ways.append(f'{ends[0]}{_DASH}{ends[1]}')
        elif connection.is_placement:
            placed.append(_say_placement(connection))
        elif not set(new).intersection(ends):
            views.append(' from '.join(sorted(ends, key=graph.regions.__contains__)))
    gone = [_say_placement(c) for c in update.remove_connections if c.is_placement]
    sorts = {
        'new': new,
        'way': ways,
        'in view': views,
        'now': placed,
        'gone': [*update.remove_nodes, *gone],
    }
    lines = [Line(f'{sort}: {", ".join(items)}') for sort, items in sorts.items() if items]
    regions = {*graph.regions, *(n.name for n in update.upsert_nodes if n.kind == 'region')}
    told, flags = _tell_attributes(update.set_attributes, regions)
    lines += map(Line, told)
    if observation.status != 'done':
        said = f': {observation.feedback}' if observation.feedback else ''
        lines.append(Line(f'{observation.status}{said}', is_bad=True))
    elif blocked := find_blocked(update):
        said = ', '.join(f'{c.source}{_DASH}{c.target}' for c in blocked)
        lines.append(Line(f'blocked: {said}', is_bad=True))
    elif observation.feedback:
        lines.append(Line(observation.feedback))
    return lines or [Line(f'{flag}, nothing new') for flag in flags]


def _tell_attributes(
    changes: Mapping[str, Mapping[str, Any]], regions: Collection[str]
) -> tuple[list[str], list[str]]:
    """What is told of the attributes that were set, and what is told only where there is nothing
    else: what the robot noted of a region, such as that it has looked at all of it. Lists are not
    told.
    """
    told, flags = [], []
    for name, values in changes.items():
        for key, value in values.items():
            if value is True and name in regions:
                flags.append(f'{name}: {key}')
            elif isinstance(value, bool):
                told.append(f'{name}: {key if value else f"not {key}"}')
            elif not isinstance(value, (list, tuple, Mapping)):
                told.append(f'{name}: {key} {value}')
    return told, flags


def _say_placement(connection: Connection) -> str:
    return f'{connection.source} {PLACEMENT_WORDS[connection.kind]} {connection.target}'


# --------------------------------------------------------------------------------------- in words


def describe_outcome(outcome: Outcome, criterion: Criterion) -> tuple[str, str, str]:
    """The verdict, its parts, and what the episode cost, in words."""
    parts = {
        'found': outcome.found,
        'grounded': outcome.grounded,
        'answered': outcome.answered,
        'in budget': outcome.in_budget,
    }
    verdict = 'success' if outcome.success else f'failed – {outcome.reason}'
    marks = '   '.join(f'{"✓" if holds else "✗"} {part}' for part, holds in parts.items())
    return verdict, marks, say_cost(outcome.actions, outcome.distance_m, criterion)


def say_cost(actions: int, distance_m: float, criterion: Criterion) -> str:
    """What was spent, and of what budget where there is one."""
    most, most_m = criterion.max_actions, criterion.max_distance_m
    said = f'{actions} of {most} actions' if most else f'{actions} actions'
    if distance_m or most_m:
        said += f', {distance_m:.0f} of {most_m:.0f} m' if most_m else f', {distance_m:.0f} m'
    return said
