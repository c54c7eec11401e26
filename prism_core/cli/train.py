# SPDX-License-Identifier: Apache-2.0
"""`prism train`, `prism merge`, `prism extract`: from a dataset to a student of full precision."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from prism_core.errors import ConfigError

if TYPE_CHECKING:  # torch takes seconds to import
    from prism_core.distill.callbacks import TrainProgress
    from prism_core.distill.config import TrainConfig

_folder = click.Path(path_type=Path, file_okay=False)
# Flags that stand for a setting of the recipe: the setting, what it is, and what it does.
_SETTINGS: dict[str, tuple[str, Any, str]] = {
    '--base': ('base', str, 'Pretrained model: local folder, or name on the Hub.'),
    '--method': (
        'adapter.method',
        click.Choice(['lora', 'dora', 'qlora', 'linear', 'full']),
        'What of a base is trained.',
    ),
    '--rank': ('adapter.rank', int, 'Rank of LoRA.'),
    '--alpha': ('adapter.alpha', int, 'Scale of LoRA, over the rank.'),
    '--dropout': ('adapter.dropout', float, 'Dropout of LoRA.'),
    '--epochs': ('epochs', float, 'How often all samples are seen.'),
    '--tokens': ('tokens', int, 'How many tokens are seen, instead of epochs.'),
    '--learning-rate': ('optimizer.learning_rate', float, 'The highest rate.'),
    '--warmup-steps': ('optimizer.warmup_steps', int, 'Steps until it is reached.'),
    '--weight-decay': ('optimizer.weight_decay', float, 'Of AdamW.'),
    '--optimizer': ('optimizer.name', str, 'One that transformers knows.'),
    '--batch-size': ('batch.samples', int, 'Samples in a batch at most.'),
    '--batch-tokens': ('batch.tokens', int, 'Tokens in a batch at most.'),
    '--accumulation': ('batch.accumulation', int, 'Parts that a batch is worked off in.'),
    '--max-length': ('data.max_length', int, 'Tokens; longer samples are dropped and counted.'),
    '--eval-every': ('eval_every', int, 'Steps between two validations.'),
    '--closed-loop': ('closed_loop', int, 'Tasks to play in closed loop at each validation.'),
    '--save-every': ('save_every', int, 'Steps between two checkpoints.'),
    '--seed': ('seed', int, 'Of weights, order and dropout.'),
    '--bf16': ('bf16', click.Choice(['auto', 'yes', 'no']), 'Whether to use bfloat16.'),
}


def _with_settings(function):
    for flag, (name, kind, text) in reversed(_SETTINGS.items()):
        function = click.option(flag, name.replace('.', '__'), type=kind, help=text)(function)
    return function


@click.command()
@click.option(
    '--recipe',
    type=click.Path(path_type=Path, dir_okay=False),
    help='Settings (YAML), see config/distill/; the flags below come before it.',
)
@click.option('--data', required=True, type=_folder, help='Folder of a dataset.')
@click.option('--out', required=True, type=_folder, help='New folder.')
@click.option('--resume', is_flag=True, help='Go on with the run that --out holds.')
@_with_settings
@click.option('--report-to', multiple=True, help='tensorboard, wandb, trackio or none.')
@click.option('--allow-download', is_flag=True, help='Fetch the base from the Hub.')
@click.option(
    '--set',
    'others',
    multiple=True,
    metavar='NAME=VALUE',
    help='Any other setting of the recipe, such as curriculum.share=0.1.',
)
def train(
    recipe: Path | None,
    data: Path,
    out: Path,
    resume: bool,
    report_to: tuple[str, ...],
    allow_download: bool,
    others: tuple[str, ...],
    **flags: Any,
) -> None:
    """Train a student: a nano from scratch, or LoRA on a pretrained base.

    On several GPUs: torchrun --nproc-per-node N --no-python prism train …
    """
    given = {k.replace('__', '.'): v for k, v in flags.items() if v is not None}
    given.update(_read_pair(pair) for pair in others)
    if report_to:
        given['report_to'] = list(report_to)
    if allow_download:
        given['allow_download'] = True
    config = _read_recipe(recipe, given)

    from prism_core.distill.train import train as run
    from prism_core.evaluation.closed_loop import make_trial_run

    trials = make_trial_run(data, config.closed_loop, config.domain, config.data.dialect)
    with _TrainDisplay() as show:
        done = run(data, out, config, resume=resume, on_progress=show, smoke=trials)
    if os.environ.get('RANK', '0') != '0':
        return
    for split, reasons in done.dropped.items():
        for reason, count in reasons.items():
            click.echo(f'left out of {split}: {count:,} samples, {reason}')
    click.echo(
        f'{done.steps:,} steps, {done.tokens:,} tokens; best after step {done.best["step"]:,}: '
        f'loss {done.best["eval_loss"]:.4f}, right handles {done.best["eval_handle_accuracy"]:.1%}'
    )
    click.echo(f'{out / "best"} and {out / "last"}')


@click.command()
@click.option('--adapter', required=True, type=_folder, help='Folder of an adapter, or of its run.')
@click.option('--out', required=True, type=_folder, help='New folder.')
@click.option('--base', default='', help='The base, if it is not where it was in training.')
@click.option(
    '--dtype',
    type=click.Choice(['bf16', 'fp32']),
    default='bf16',
    show_default=True,
    help='Of the weights that are written.',
)
@click.option('--allow-download', is_flag=True, help='Fetch the base from the Hub.')
def merge(adapter: Path, out: Path, base: str, dtype: str, allow_download: bool) -> None:
    """Put an adapter into its base; needs no GPU."""
    from prism_core.distill.merge import merge as run

    run(adapter, out, base=base, dtype=dtype, allow_download=allow_download)
    click.echo(f'{out}')


@click.command()
@click.option('--tuned', required=True, type=_folder, help='Checkpoint, or folder of its run.')
@click.option('--base', required=True, type=_folder, help='The base that it was tuned from.')
@click.option('--out', required=True, type=_folder, help='New folder.')
@click.option('--rank', default=16, show_default=True, type=click.IntRange(1), help='Of LoRA.')
def extract(tuned: Path, base: Path, out: Path, rank: int) -> None:
    """Cut what `prism train --method linear` changed in a base to an adapter of LoRA."""
    from prism_core.distill.extract import extract as run

    click.echo(f'{out}: {run(tuned, out, base=base, rank=rank)}')


def _read_pair(pair: str) -> tuple[str, Any]:
    from prism_core.yaml_text import load_yaml

    name, sign, value = pair.partition('=')
    if not sign:
        raise click.ClickException(f'--set: expected NAME=VALUE, got {pair!r}')
    return name, load_yaml(value)


def _read_recipe(path: Path | None, given: Mapping[str, Any]) -> TrainConfig:
    from prism_core.config_file import read_config, to_config, to_plain
    from prism_core.distill.config import TrainConfig

    plain: dict[str, Any] = {}
    if path is not None:
        plain = to_plain(read_config(path, TrainConfig))
        if 'base' in given:
            plain['nano'] = None
    for name, value in given.items():
        *places, last = name.split('.')
        here = plain
        for place in places:
            here = here.setdefault(place, {})
            if not isinstance(here, dict):
                raise ConfigError(f'there is no setting {name!r}')
        here[last] = value
    if path is None and not given.get('base'):
        raise click.ClickException(
            'expected --recipe, such as config/distill/nano_cpu.yaml, or --base, got neither'
        )
    return to_config(plain, TrainConfig, str(path or 'the flags'))


class _TrainDisplay(AbstractContextManager):
    """A bar in the terminal: tokens a second, time left, the last figures."""

    def __init__(self):
        columns = (
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn('{task.fields[about]}'),
        )
        is_main = os.environ.get('RANK', '0') == '0'
        self._bar = Bar(*columns, console=Console(stderr=True), disable=not is_main)
        self._task = self._bar.add_task('training', total=None, about='')

    def __enter__(self):
        self._bar.start()
        return self._show

    def __exit__(self, *_):
        self._bar.stop()

    def _show(self, progress: TrainProgress) -> None:
        minutes, seconds = divmod(round(progress.left_s), 60)
        about = f'{progress.tokens_per_s:,.0f} tokens/s, {minutes}:{seconds:02} left'
        for name in ('loss', 'eval_loss', 'eval_handle_accuracy'):
            if name in progress.figures:
                about += f', {name} {progress.figures[name]:.3f}'
        self._bar.update(self._task, completed=progress.step, total=progress.steps, about=about)
