# SPDX-License-Identifier: Apache-2.0
"""`prism trend`: success over tokens or episodes, and what ten times more would give."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from prism_core.cli.domain_option import named_domain

if TYPE_CHECKING:  # numpy is not everywhere
    from prism_core.evaluation.trend import Amount


@click.command()
@click.argument(
    'runs', nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False, exists=True)
)
@click.option(
    '--against', type=click.Choice(['tokens', 'episodes']), default='tokens', show_default=True
)
@click.option('--out', type=click.Path(path_type=Path, dir_okay=False), help='Draw it here.')
@named_domain
def trend(runs: tuple[Path, ...], against: Amount, out: Path | None) -> None:
    """Fit how success grows over RUNS, folders of `prism distill` that played one suite."""
    from prism_core.evaluation.trend import MORE, draw_trend, fit_trend

    found = fit_trend(runs, against)
    table = Table('run', 'tokens', 'episodes', 'success', '95 %')
    for point in found.points:
        success = point.success
        table.add_row(
            point.run,
            f'{point.tokens:,}',
            f'{point.episodes:,}',
            f'{success.value:.3f}',
            f'{success.low:.3f} to {success.high:.3f}',
        )
    Console(width=100).print(table)
    click.echo(f'k times the {against} leave k ** {found.exponent} of what fails')
    click.echo(f'{MORE} times more, {found.amount:,}: success {found.expected}')
    if out is not None:
        draw_trend(found, out)
        click.echo(f'{out}')
