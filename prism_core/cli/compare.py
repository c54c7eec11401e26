# SPDX-License-Identifier: Apache-2.0
"""`prism compare`: two evaluations of the same suite, task by task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from prism_core.cli.domain_option import named_domain

if TYPE_CHECKING:  # not everywhere
    from prism_core.evaluation.comparison import Contrast

_folder = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument('one', type=_folder)
@click.argument('other', type=_folder)
@click.option(
    '--json',
    'out',
    type=click.Path(path_type=Path, dir_okay=False),
    help='Write all figures here, too.',
)
@named_domain
def compare(one: Path, other: Path, out: Path | None) -> None:
    """Compare the evaluations in ONE and OTHER, of the same suite.

    For example a student's and its teacher's. Both are folders that `prism evaluate` wrote.
    """
    from prism_core.config_file import to_plain
    from prism_core.evaluation.comparison import compare as run
    from prism_core.files import replace_file

    found = run(one, other)
    total = found.total
    columns = ('one', 'other', 'one - other', '95 %', 'tasks', 'only one', 'only other', 'wrong')
    table = Table('', 'group', *columns)
    table.add_row('all', '', *_cells(total, found.wrong))
    for view, groups in found.views.items():
        for group, contrast in groups.items():
            table.add_row(view, group, *_cells(contrast, found.wrong_views[view][group]))
    Console(width=140).print(table)
    lines = (
        f'one: {one} ({found.one["planner"]}), success {total.one}',
        f'other: {other} ({found.other["planner"]}), success {total.other}',
        f'one / other: {total.ratio or "none, the other succeeds too seldom"}',
        f'tasks in which only one succeeds: {total.only_one}, only the other: {total.only_other} '
        f"(McNemar's exact test: p = {total.p:.2g})",
        total.verdict,
        f'wrong: one {found.wrong.one}, other {found.wrong.other}',
        found.wrong_verdict,
    )
    click.echo('\n'.join(lines))
    if out is not None:
        figures = {'verdict': total.verdict, **to_plain(found)}
        replace_file(out, json.dumps(figures, indent=2) + '\n')
        click.echo(f'{out}')


def _cells(contrast: Contrast, wrong: Contrast) -> tuple[str, ...]:
    difference = contrast.difference
    return (
        f'{contrast.one.value:.3f}',
        f'{contrast.other.value:.3f}',
        f'{difference.value:+.3f}',
        f'{difference.low:+.3f} to {difference.high:+.3f}',
        str(difference.tasks),
        str(contrast.only_one),
        str(contrast.only_other),
        f'{wrong.one.value:.3f} and {wrong.other.value:.3f}',
    )
