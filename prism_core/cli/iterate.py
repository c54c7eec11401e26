# SPDX-License-Identifier: Apache-2.0
"""`prism iterate`: rounds of training, playing, and teaching what the student needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from prism_core.cli.distill import StageDisplay
from prism_core.installing import how_to_install

if TYPE_CHECKING:  # torch takes seconds to import
    from prism_core.iteration.report import IterationReport

_folder = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option(
    '--recipe',
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help='The rounds (YAML), see config/distill/iterate_unit.yaml.',
)
@click.option(
    '--out',
    required=True,
    type=_folder,
    help='Folder; what it holds of the same recipe is gone on with.',
)
@click.option(
    '--strategy',
    type=click.Choice(['uniform', 'failure', 'loss', 'on_policy', 'guided']),
    help='How tasks are chosen, instead of what the recipe says.',
)
@click.option(
    '--start',
    type=_folder,
    help='A run of the same recipe, to begin with its round 0, or the run of `prism distill` that '
    'made the student.',
)
@click.option('--workers', default=0, help='Processes that play; one for each core when left out.')
def iterate(
    recipe: Path, out: Path, strategy: str | None, start: Path | None, workers: int
) -> None:
    """Train, play, choose what the teacher shows next, and train again.

    Each round spends the same number of the teacher's plans, whatever the strategy. The best round
    by the split valid plays the split test once. What is done is done once and goes on where it was
    interrupted.
    """
    try:
        from prism_core.iteration.iterate import iterate as run
    except ImportError as error:
        raise click.ClickException(
            'this needs torch, transformers, gguf and llama-cpp-python '
            f'({error}); {how_to_install("prism_ros[data,train]")}'
        ) from error
    with StageDisplay() as display:
        report = run(
            recipe,
            out,
            strategy=strategy,  # type: ignore[arg-type]
            start=start,
            workers=workers,
            say=display.say,
            on_progress=display.show,
        )
    _print(report)
    click.echo(f'{out / "rounds.json"}')


def _print(report: IterationReport) -> None:
    columns = ('calls', 'calls in all', 'episodes', 'tokens', 'success on valid', '95 %')
    table = Table('round', *columns)
    for one in report.rounds:
        counts = (one.calls, one.all_calls, one.episodes, one.tokens)
        table.add_row(
            f'{one.number} (best)' if one.number == report.best else str(one.number),
            *(f'{count:,}' for count in counts),
            f'{one.valid.value:.3f}',
            f'{one.valid.low:.3f} to {one.valid.high:.3f}',
        )
    Console(width=100).print(table)
    click.echo(f'round {report.best} on test: success {report.test}, {report.strategy}')
