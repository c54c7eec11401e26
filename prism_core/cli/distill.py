# SPDX-License-Identifier: Apache-2.0
"""`prism distill`: from a recipe to a student that is ready to be published."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from prism_core.installing import how_to_install

if TYPE_CHECKING:  # torch takes seconds to import
    from prism_core.pipeline.learning import StageProgress


@click.command()
@click.option(
    '--recipe',
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help='What to make of what (YAML), see config/distill/student_cpu.yaml.',
)
@click.option(
    '--out',
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help='Folder; what it holds of the same recipe is gone on with.',
)
@click.option(
    '--data',
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help='Folder of a dataset to learn from, instead of what the recipe draws.',
)
@click.option(
    '--base',
    type=click.Path(path_type=Path, file_okay=False),
    help='Folder of the base, as `prism base` writes it, if the recipe names another.',
)
@click.option(
    '--start',
    type=click.Path(path_type=Path, file_okay=False),
    help='Checkpoint of a nano to go on from, with its tokenizer, such as DIR/train/best.',
)
@click.option('--allow-download', is_flag=True, help='Fetch the base from the Hub.')
def distill(
    recipe: Path,
    out: Path,
    data: Path | None,
    base: Path | None,
    start: Path | None,
    allow_download: bool,
) -> None:
    """Make a student: data, training, merge, export, quantising, evaluation, model card.

    Each stage is done once, goes on where it was interrupted, and is done again when its settings
    or what it reads have changed.
    """
    try:
        from prism_core.pipeline.distill import distill as run
    except ImportError as error:
        raise click.ClickException(
            'this needs torch, transformers, gguf and llama-cpp-python '
            f'({error}); {how_to_install("prism_ros[data,train]")}'
        ) from error
    with StageDisplay() as display:
        folder = run(
            recipe,
            out,
            data=data,
            base=base,
            start=start,
            allow_download=allow_download,
            say=display.say,
            on_progress=display.show,
        )
    click.echo(f'{folder}')


class StageDisplay(AbstractContextManager):
    """A line for each stage; while one is at work, a bar."""

    def __init__(self):
        self._bar: Bar | None = None

    def say(self, line: str) -> None:
        """Print a line in the place of the bar."""
        self._stop()
        click.echo(line)

    def show(self, progress: StageProgress) -> None:
        """How far a stage is."""
        if self._bar is None:
            columns = (
                *(TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn()),
                *(TextColumn('{task.fields[about]}'), TimeRemainingColumn()),
            )
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.add_task(progress.stage, total=None, about='')
            self._bar.start()
        self._bar.update(
            self._bar.task_ids[0],
            completed=progress.done,
            total=progress.total,
            about=progress.about,
        )

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __exit__(self, *_):
        self._stop()
