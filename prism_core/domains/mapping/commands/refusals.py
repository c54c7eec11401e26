# SPDX-License-Identifier: Apache-2.0
"""`prism measure refusals`: which right replies the grammar of the compact dialect refuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.kinds import KINDS
from prism_core.episode.episode import Episode
from prism_core.evaluation.refusals import RepliedPlan, hold_replies, play_right
from prism_core.evaluation.suite import SuiteConfig, draw_suite

# What a suite is beside its kind of task: of its worlds, and of its own.
_CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    'plain': ({}, {}),
    'names of sites': ({'names': 'site'}, {}),
    'reports in words': ({'observations': 'mixed'}, {}),
    'new nouns': ({}, {'names': 'new'}),
}
_FREE = 'free requests'
_WORLDS, _TASKS, _SHOWN = 60, 3, 3  # at most so many worlds, of so many tasks each


@click.command()
@click.option('--tasks', default=30, show_default=True, help='Tasks of each kind in each case.')
@click.option('--free', default=3, show_default=True, help='Worlds for each free request.')
@click.option('--kind', 'kinds', multiple=True, type=click.Choice(list(KINDS)), default=list(KINDS))
@click.option('--seed', default=7, show_default=True, help='Of the worlds.')
def refusals(tasks: int, free: int, kinds: tuple[str, ...], seed: int) -> None:
    """Right replies that the grammar refuses, by what the worlds are like, kind and cause."""
    domain = MappingDomain()
    table = Table()
    for column in ('worlds', 'right tasks', 'not right', 'replies', 'with a text', 'refused'):
        table.add_column(column)
    refused: Counter[tuple[str, str, str]] = Counter()
    shown: dict[tuple[str, str, str], list[str]] = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for name in (*_CASES, _FREE):
            drawn = list(_draw(name, kinds, tasks, free, seed, domain, progress))
            right = [one for one in drawn if one is not None]
            held = list(progress.track(hold_replies(right, domain, 'compact'), description=name))
            bad = [one for one in held if one.is_refused]
            for one in bad:
                place = (name, one.kind, one.cause)
                refused[place] += 1
                shown.setdefault(place, []).append(one.reply)
            numbers = (len(right), len(drawn) - len(right), len(held), _texts(held), len(bad))
            table.add_row(name, *map(str, numbers))
    Console(width=120).print(table)
    for place, number in refused.most_common():
        click.echo(f'{number} {", ".join(place)}')
        for reply in shown[place][:_SHOWN]:
            click.echo(f'    {reply}')


def _texts(held: list[RepliedPlan]) -> int:
    return sum(one.has_text for one in held)


def _draw(
    name: str,
    kinds: tuple[str, ...],
    tasks: int,
    free: int,
    seed: int,
    domain: MappingDomain,
    progress: Progress,
) -> Iterator[Episode | None]:
    """Tasks as the teacher does them; None for each that it does not right."""
    if name == _FREE:
        worlds: dict[str, Any] = {'seed': seed, 'worlds': 1, 'tasks': 1}
        suites = [SuiteConfig(worlds=worlds, free=free)] if free else []
        tasks = free * domain.free_requests + 1
    else:
        of_worlds, of_suite = _CASES[name]
        worlds = {'seed': seed, 'worlds': _WORLDS, 'tasks': _TASKS, **of_worlds}
        suites = [SuiteConfig(worlds={**worlds, 'kinds': [kind]}, **of_suite) for kind in kinds]
    bar = progress.add_task(f'{name}: tasks', total=tasks * len(suites))
    for suite in suites:
        drawn = (episode for world in draw_suite(suite, domain) for episode in world)
        for episode in islice(drawn, tasks):
            yield play_right(episode, domain)
            progress.advance(bar)
    progress.remove_task(bar)
