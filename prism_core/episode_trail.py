"""What happened in an episode up to a turn: where the robot drove, what each step showed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

from prism_core.actions import Action
from prism_core.criterion import Criterion, Outcome
from prism_core.episode import Episode, Turn
from prism_core.errors import ConfigError
from prism_core.graph_elements import Connection, GraphUpdate
from prism_core.mission_state import MAPPED, WAYS_M
from prism_core.observation import Observation
from prism_core.scene_graph import SceneGraph
from prism_core.steps import render_steps

NOT_CARRIED_OUT = 'not carried out'

_DASH = '\N{NO-BREAK SPACE}–\N{NO-BREAK SPACE}'
# More blocked ways than this in one step are not searched for where the robot met them.
_MAX_DETOURS = 5


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
        steps.append((_step(action, observation), _news(graph, observation) if observation else []))
        if observation is None:
            continue
        update = observation.update
        done.way.extend(driven_way(graph, true_graph, observation)[1:])
        done.blocked.extend(update.remove_connections)
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


def _news(graph: SceneGraph, observation: Observation) -> list[Line]:
    """What an observation shows beyond what is known, each sort on a line."""
    update = observation.update
    new = [node.name for node in update.upsert_nodes if node.name not in graph.nodes]
    ways, views = [], []
    for connection in update.upsert_connections:
        ends = connection.key
        if connection.kind == 'traversable':
            ways.append(f'{ends[0]}{_DASH}{ends[1]}')
        elif not set(new).intersection(ends):
            views.append(' from '.join(sorted(ends, key=graph.regions.__contains__)))
    attributes = [
        f'{name}: {key} {value}'
        for name, changes in update.set_attributes.items()
        for key, value in changes.items()
        if MAPPED not in changes and key != WAYS_M
    ]
    sorts = {'new': new, 'way': ways, 'in view': views, 'gone': update.remove_nodes}
    lines = [Line(f'{sort}: {", ".join(items)}') for sort, items in sorts.items() if items]
    lines += [Line(text) for text in attributes]
    if observation.status != 'done':
        lines.append(Line(f'{observation.status}: {observation.feedback}', is_bad=True))
    elif update.remove_connections:
        gone = ', '.join(f'{c.source}{_DASH}{c.target}' for c in update.remove_connections)
        lines.append(Line(f'blocked: {gone}', is_bad=True))
    elif observation.feedback:
        lines.append(Line(observation.feedback))
    if not lines and MAPPED in set().union(*update.set_attributes.values()):
        lines.append(Line('mapped, nothing new'))
    return lines


def driven_way(graph: SceneGraph, true_graph: SceneGraph, observation: Observation) -> list[str]:
    """The regions that the robot drove through, the first one included.

    An observation tells only where a drive ended, what it showed and how long it was: of the ways
    by the places that were blocked or new this is the one of that length.
    """
    here = graph.robot_location
    if here is None:
        return []
    update = observation.update
    there = update.robot_location or here
    ends = [(c.source, c.target, None) for c in update.remove_connections[:_MAX_DETOURS]]
    places = [tuple(turn for turn in turns if turn) for turns in itertools.product(*ends)]
    new = tuple(node.name for node in update.upsert_nodes if node.kind == 'region')
    if new:
        openings = {name for c in update.upsert_connections for name in c.key} - {*new}
        places += [(opening, *new) for opening in sorted(openings)]
    ways = [
        way
        for seen in (graph, graph.apply(update))
        for by in places
        if (way := _way_by(_drivable(seen, true_graph), [here, *by, there]))
    ]
    return min(ways, key=lambda way: abs(way[1] - observation.distance_m), default=([here], 0.0))[0]


def _drivable(graph: SceneGraph, true_graph: SceneGraph) -> SceneGraph:
    """What is known, without the ways that are blocked in truth."""
    gone = (c for key, c in graph.connections.items() if key not in true_graph.connections)
    return graph.apply(GraphUpdate(remove_connections=tuple(gone)))


def _way_by(graph: SceneGraph, stops: list[str]) -> tuple[list[str], float] | None:
    """The way by some regions and its length in metres; None where there is none."""
    way, length_m = stops[:1], 0.0
    for start, end in itertools.pairwise(stops):
        distances = graph.distances_m(start) if end in graph.nodes else {}
        if end not in distances:
            return None
        way += graph.route(start, end)[1:]
        length_m += distances[end]
    return way, length_m


# --------------------------------------------------------------------------------------- in words


def describe_expected(criterion: Criterion) -> str:
    """The answer that is right, in a few words."""
    if criterion.answer in ('absence', 'unreachable', 'clarify', 'any'):
        return _EXPECTED[criterion.answer]
    if criterion.answer in ('value', 'yes_no', 'number'):
        return criterion.accepted[0]
    if not criterion.accepted:
        return 'nothing'
    return (', ' if criterion.answer in ('nodes', 'text') else ' or ').join(criterion.accepted)


_EXPECTED = {
    'absence': 'there is none',
    'unreachable': 'no way leads there',
    'clarify': 'a question back',
    'any': 'any, after the work',
}


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
    cost = (
        f'{outcome.actions} of {criterion.max_actions} actions, '
        f'{outcome.distance_m:.0f} of {criterion.max_distance_m:.0f} m'
    )
    return verdict, marks, cost
