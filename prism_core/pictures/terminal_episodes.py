# SPDX-License-Identifier: Apache-2.0
"""Worlds, their tasks and episodes in the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from prism_core.domain import domain_named
from prism_core.episode.episode import Episode, Turn
from prism_core.episode.observation import render_observation
from prism_core.graph.scene_graph import SceneGraph
from prism_core.pictures.episode_trail import describe_outcome
from prism_core.plan.steps import render_steps

_MAX_CHARS = 160  # of each call that an observation is written in
_MIN_WIDTH = 120  # in columns; narrower, a table of tasks cannot be read


def print_world(episodes: Sequence[Episode], rejections: Counter[str]) -> None:
    """Print the facts of a drawn world, its tasks (numbered from 0), how each went if it was tried,
    and why other draws were rejected.
    """
    console = Console(highlight=False)
    if episodes:
        first = episodes[0]
        facts = first.provenance
        drawn = ''.join(f'{facts[name]}, ' for name in ('family', 'structure') if name in facts)
        console.print(
            f'{drawn}seed {first.seed}; {_describe_hidden(first.true_graph, first.known_graph)}',
            markup=False,
        )
        table = _tabulate(episodes)
        Console(highlight=False, width=max(console.width, _MIN_WIDTH)).print(table)
    number = sum(rejections.values())
    console.print(f'{number} draws rejected' + (':' if number else ''))
    for reason, times in rejections.most_common():
        console.print(f'  {times:3} {reason}', markup=False)


def _describe_hidden(true: SceneGraph, known: SceneGraph) -> str:
    """How many of the regions, objects, ways and attributes are hidden at the start."""
    counts = {
        'regions': (len(true.regions), len(known.regions)),
        'objects': (len(true.objects), sum(name in true.nodes for name in known.objects)),
        'ways': (
            len(true.region_network.edges),
            sum(true.region_network.has_edge(*way) for way in known.region_network.edges),
        ),
        'attributes': (_count_attributes(true), _count_attributes(known)),
    }
    parts = (
        f'{number - shown} of {number} {what} hidden' for what, (number, shown) in counts.items()
    )
    return ', '.join(parts)


def _count_attributes(graph: SceneGraph) -> int:
    return sum(len(node.attributes) for node in graph.objects.values())


def _tabulate(episodes: Sequence[Episode]) -> Table:
    was_tried = any(episode.outcome for episode in episodes)
    columns = ['', 'kind', 'request', 'right answer', 'oracle', 'teacher', 'twin']
    table = Table(*columns, *(['outcome', 'actions', 'm'] if was_tried else []))
    pairs: dict[str, str] = {}
    for number, episode in enumerate(episodes):
        facts = episode.provenance
        twin = facts.get('twin', '')
        cells = [
            str(number),
            episode.task.kind,
            episode.said,
            domain_named(episode.domain).say_expected(episode.criterion),
            f'{facts.get("oracle_actions", "?")}, {facts.get("oracle_distance_m", 0):.0f} m',
            f'{facts.get("teacher_actions", "?")}',
            pairs.setdefault(twin, chr(ord('a') + len(pairs) % 26)) if twin else '',
        ]
        outcome = episode.outcome
        if was_tried and outcome is not None:
            color = 'green' if outcome.success else 'red'
            verdict = escape(outcome.reason or 'success')
            cells = [escape(cell) for cell in cells]
            cells += [f'[{color}]{verdict}[/]', str(outcome.actions), f'{outcome.distance_m:.0f}']
            table.add_row(*cells)
        else:
            table.add_row(*(escape(cell) for cell in cells))
    return table


def print_episode(episode: Episode, *, turns: int | None = None) -> None:
    """Print what was asked, each turn with what it showed, and the verdict.

    Args:
        episode: tried or not.
        turns: so many turns are printed, all of them when left out.
    """
    console = Console(highlight=False)
    console.print(f'“{episode.said}”', style='bold', markup=False)
    console.print(
        f'{episode.task.kind}, seed {episode.seed}; '
        f'right answer: {domain_named(episode.domain).say_expected(episode.criterion)}',
        markup=False,
    )
    for number, turn in enumerate(episode.turns[:turns], start=1):
        console.print(
            f'\nturn {number}' + (f', in {turn.robot_location}' if turn.robot_location else '')
        )
        _print_turn(console, turn)
    console.print()
    left = len(episode.turns) - len(episode.turns[:turns])
    if left:
        console.print(f'… {left} more turns')
    elif episode.outcome is None:
        console.print('not judged' if episode.turns else 'not tried yet')
    else:
        verdict, marks, cost = describe_outcome(episode.outcome, episode.criterion)
        color = 'green' if episode.outcome.success else 'red'
        console.print(verdict, style=f'bold {color}', markup=False)
        console.print(f'{marks}   {cost}', markup=False)


def _print_turn(console: Console, turn: Turn) -> None:
    for index, action in enumerate(turn.plan.actions):
        console.print(f'  {render_steps([action])}', markup=False)
        if index >= len(turn.observations):
            console.print('    not carried out', style='dim')
            continue
        observation = turn.observations[index]
        style = 'dim' if observation.status == 'done' else 'red'
        if observation.distance_m:
            console.print(f'    {observation.distance_m:.0f} m', style=style)
        for call in render_observation(observation).splitlines():
            console.print(f'    {_shorten(call)}', style=style, markup=False)
    if not turn.plan.actions:
        for observation in turn.observations:
            console.print(
                f'    {_shorten(render_observation(observation))}', style='red', markup=False
            )


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_CHARS else text[: _MAX_CHARS - 1] + '…'
