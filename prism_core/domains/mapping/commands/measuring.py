# SPDX-License-Identifier: Apache-2.0
"""`prism measure`: how good and how fast the parts of the mapping domain are, on fresh worlds.

The group is in the package.
"""

from __future__ import annotations

import itertools
import os
import resource
import time
from collections.abc import Iterable

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from prism_core.domain import DIALECTS
from prism_core.domains.mapping.controls import CONTROLS
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.measure import (
    PLANNERS,
    Tally,
    measure_distillation,
    measure_free_wording,
    measure_planners,
    tally_episodes,
)
from prism_core.domains.mapping.words import load_words
from prism_core.domains.mapping.world import SIZES, WorldConfig
from prism_core.evaluation.invariance import measure_invariance, states_of

# Worlds of these seeds are for measuring; tests and pictures draw smaller ones.
FIRST_SEED = 1_000_000
_HIDDEN = (0.0, 0.2, 0.4)


_worlds = click.option('--worlds', default=100, show_default=True, help='Worlds in each row.')
_workers = click.option('--workers', default=os.cpu_count(), show_default=True, help='Processes.')


@click.command()
@_worlds
@_workers
@click.option('--size', 'sizes', multiple=True, type=click.Choice(list(SIZES)), default=list(SIZES))
@click.option('--hidden', multiple=True, type=float, default=_HIDDEN, help='Hidden share.')
def planners(worlds: int, workers: int, sizes: tuple[str, ...], hidden: tuple[float, ...]) -> None:
    """Teacher, nearest-first explorer and fallback in closed loop, by size and hidden share."""
    table = _table(
        *('size', 'hidden', 'tasks', 'teacher', 'pairs', 'actions / oracle', 'metres / oracle'),
        *('actions / explorer', 'metres / explorer', 'fallback'),
    )
    missed: Tally = Tally()
    for size in sizes:
        for share in hidden:
            config = WorldConfig(size=size, hidden=share, tasks=1)
            seeds = range(FIRST_SEED, FIRST_SEED + worlds)
            title = f'{size}, {share:.0%} hidden'
            tallies = _collect(measure_planners(PLANNERS, config, seeds, workers), title, worlds)
            teacher, explorer, fallback = (tallies[name] for name in PLANNERS)
            missed += teacher
            table.add_row(
                size,
                f'{share:.0%}',
                str(teacher.episodes),
                f'{teacher.success:.2%}',
                f'{teacher.pair_successes}/{teacher.pairs}',
                _ratio(teacher.actions, teacher.oracle_actions),
                _ratio(teacher.distance_m, teacher.oracle_distance_m),
                _ratio(teacher.actions, explorer.actions),
                _ratio(teacher.distance_m, explorer.distance_m),
                f'{fallback.success:.2%}',
            )
    _print(table)
    click.echo(f'teacher missed: {dict(missed.misses) or "nothing"}')


@click.command()
@_worlds
@_workers
def wording(worlds: int, workers: int) -> None:
    """The fallback, which reads the sentence, on seen, unseen and free wording."""
    table = _table('wording', 'tier', 'tasks', 'success', 'pairs', 'missed most')
    seeds = range(FIRST_SEED, FIRST_SEED + worlds)
    cases = {
        'seen': frozenset[str](),
        'unseen': frozenset({'wording'}),
        'unseen, with unseen classes and places': frozenset({'wording', 'classes', 'places'}),
    }
    for name, unseen in cases.items():
        for tier in ('core', 'full'):
            config = WorldConfig(tier=tier, unseen=unseen, tasks=4)
            found = _collect(measure_planners(['fallback'], config, seeds, workers), name, worlds)
            _add_wording(table, name, tier, found['fallback'])
    free = measure_free_wording(['fallback'], WorldConfig(), range(2))
    _add_wording(table, 'free', 'full', _collect(free, 'free wording', 0)['fallback'])
    _print(table)


def _add_wording(table: Table, name: str, tier: str, tally: Tally) -> None:
    missed = ', '.join(f'{reason} {n}' for reason, n in tally.misses.most_common(3))
    pairs = f'{tally.pair_successes}/{tally.pairs}'
    table.add_row(name, tier, str(tally.episodes), f'{tally.success:.1%}', pairs, missed)


@click.command()
@_worlds
@_workers
def controls(worlds: int, workers: int) -> None:
    """Junk planners: pairs and discoveries that they solve, and their luck elsewhere."""
    table = _table('planner', 'pairs', 'tasks that need discovery', 'elsewhere, by kind')
    seeds = range(FIRST_SEED, FIRST_SEED + worlds)
    found: dict[str, Tally] = {}
    for tier in ('core', 'full'):
        config = WorldConfig(tier=tier, hidden=0.4)
        tallies = _collect(measure_planners(CONTROLS, config, seeds, workers), tier, worlds)
        found = {name: found.get(name, Tally()) + tally for name, tally in tallies.items()}
    for name, tally in found.items():
        lucky = (f'{k} {n}/{tally.episodes_of[k]}' for k, n in tally.successes_of.items() if n)
        table.add_row(
            name,
            f'{tally.pair_successes}/{tally.pairs}',
            f'{tally.discovery_successes}/{tally.discoveries}',
            ', '.join(lucky),
        )
    _print(table)


@click.command()
@click.option('--states', default=10_000, show_default=True, help='States for each dialect.')
@click.option(
    '--dialect',
    'dialects',
    multiple=True,
    type=click.Choice(DIALECTS),
    default=('compact', 'spine'),  # of which replies hold the whole plan
)
def prompts(states: int, dialects: tuple[str, ...]) -> None:
    """Whether what the teacher does can be learned from what a prompt says."""
    table = _table(
        *('dialect', 'states', 'other plan read back', 'other plan from the prompt'),
        *('equal prompts, other reply', 'characters of a prompt', 'of a reply'),
    )
    seeds = range(FIRST_SEED, 2 * FIRST_SEED)
    for dialect in dialects:
        found = measure_distillation(dialect, WorldConfig(hidden=0.3), seeds, states)
        numbers = (found.states, found.replies, found.plans, found.conflicts)
        sizes = (found.prompt_chars // found.states, found.reply_chars // found.states)
        table.add_row(dialect, *map(str, (*numbers, *sizes)))
    _print(table)


@click.command()
@click.option('--states', default=10_000, show_default=True, help='States.')
def invariance(states: int) -> None:
    """Whether the teacher's plans follow names and class word, and stay in another order."""
    domain, config = MappingDomain(), WorldConfig(hidden=0.3)
    seeds = range(FIRST_SEED, 2 * FIRST_SEED)
    episodes = (e for seed in seeds for e in domain.draw_world(seed, config))
    found = measure_invariance(
        domain.make_teacher, domain, itertools.islice(states_of(episodes), states)
    )
    table = _table(
        *('states', 'did not follow the names', 'other plan in another order'),
        *('with another class word', 'did not follow it'),
    )
    names, order, words = found.names, found.order, found.words
    missed = (str(share.cases - share.kept) for share in (names, order))
    table.add_row(str(found.states), *missed, str(words.cases), str(words.cases - words.kept))
    _print(table)


_CASES = {
    'core': WorldConfig(tier='core'),
    'small': WorldConfig(),
    'medium': WorldConfig(size='medium'),
    'large': WorldConfig(size='large'),
}


@click.command()
@click.option('--episodes', default=5_000, show_default=True, help='Episodes in each row.')
@click.option(
    '--worlds',
    'names',
    multiple=True,
    type=click.Choice(list(_CASES)),
    default=list(_CASES),
    help='The core tier, or a size of the full one.',
)
def speed(episodes: int, names: tuple[str, ...]) -> None:
    """Episodes a second that one process simulates and judges, and draws; and its memory."""
    words = load_words()
    table = _table('worlds', 'episodes', 'turns', 'played a second', 'drawn a second', 'memory')
    for name in names:
        tally, drawing_s, half_mib = Tally(), 0.0, 0.0
        for seed in itertools.count(FIRST_SEED):
            started_s = time.perf_counter()
            drawn = draw_episodes(seed, _CASES[name], words)
            drawing_s += time.perf_counter() - started_s
            tally += tally_episodes('teacher', drawn, words)
            half_mib = half_mib or (_peak_mib() if tally.episodes >= episodes / 2 else 0.0)
            if tally.episodes >= episodes:
                break
        table.add_row(
            name,
            str(tally.episodes),
            f'{tally.turns / tally.episodes:.1f}',
            f'{tally.episodes / tally.time_s:.0f}',
            f'{tally.episodes / drawing_s:.0f}',
            f'{half_mib:.0f} MiB after half, {_peak_mib():.0f} MiB after all',
        )
    _print(table)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _collect(results: Iterable[dict[str, Tally]], title: str, worlds: int) -> dict[str, Tally]:
    total: dict[str, Tally] = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for found in progress.track(results, total=worlds / 10 or None, description=title):
            total = {name: total.get(name, Tally()) + tally for name, tally in found.items()}
    return total


def _ratio(one: float, other: float) -> str:
    return f'{one / other:.2f}' if other else '-'


def _table(*columns: str) -> Table:
    table = Table()
    for column in columns:
        table.add_column(column)
    return table


def _print(table: Table) -> None:
    Console(width=160).print(table)
