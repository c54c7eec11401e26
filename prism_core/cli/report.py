# SPDX-License-Identifier: Apache-2.0
"""`prism report`: what came of evaluations, as a page for the browser."""

from __future__ import annotations

from pathlib import Path

import click

from prism_core.cli.domain_option import named_domain


@click.command()
@click.argument(
    'folders',
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option(
    '--out', required=True, type=click.Path(path_type=Path, dir_okay=False), help='The .html file.'
)
@click.option(
    '--episodes',
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help='How many trials the page holds to look at, above all those that failed.',
)
@named_domain
def report(folders: tuple[Path, ...], out: Path, episodes: int) -> None:
    """Write one page on what `prism evaluate` left in FOLDERS, one for each planner: figures,
    failures by cause, and trials to step through.
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from prism_core.evaluation.report import write_report

    columns = (SpinnerColumn(), TextColumn('{task.completed:,} trials read'), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        read = progress.add_task('', total=None)
        write_report(folders, out, episodes=episodes, on_trial=lambda: progress.advance(read))
    click.echo(f'wrote {out}')
