# SPDX-License-Identifier: Apache-2.0
"""`prism import alfred`: homes, errands and plans of ALFRED."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from prism_core.domains.household.commands.alfred_files import AlfredCounts, import_alfred


@click.command()
@click.argument('file', type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    '--out',
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help='New folder for episodes.jsonl and the tasks of both validation splits.',
)
def alfred(file: Path, out: Path) -> None:
    """Turn trajectories of ALFRED (alfred.jsonl.gz, one a line) into episodes and tasks; each plan
    is carried out in our simulator, and judged.
    """
    if out.exists():
        raise click.ClickException(f'{out} is there already; name a new folder')
    draft = out.with_name(f'.{out.name}.draft')
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            shown = bar.add_task('trajectories', total=None)
            counts = import_alfred(
                file, draft, lambda done, total: bar.update(shown, completed=done, total=total)
            )
        draft.replace(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _print_counts(counts)
    click.echo(f'wrote {sum(counts.written.values()):,} episodes and tasks to {out}')


def _print_counts(counts: AlfredCounts) -> None:
    table = Table('what', 'which', 'number')
    for what in ('trajectories', 'texts', 'plans', 'written', 'left_out'):
        for which, number in sorted(getattr(counts, what).items()):
            table.add_row(what.replace('_', ' '), which, f'{number:,}')
    Console().print(table)
