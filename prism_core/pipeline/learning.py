# SPDX-License-Identifier: Apache-2.0
"""The first stages: data, training, merging; what comes out is a checkpoint to export."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from prism_core.config_file import to_plain
from prism_core.dataset import produce
from prism_core.dataset.export import EPISODES, export_dataset, keep_tokenizer
from prism_core.dataset.produce import Settings, ShardSettings, SynthesisRecipe, synthesize
from prism_core.dataset.shard_writers import SHARDS
from prism_core.dataset.shards import open_shards
from prism_core.dataset.tokenizer import hash_tokenizer, load_tokenizer
from prism_core.distill.callbacks import TrainProgress
from prism_core.distill.config import TrainConfig
from prism_core.distill.merge import merge
from prism_core.distill.run_record import BEST, HOW_ONLY, hash_start
from prism_core.distill.sources import LEARNED, find_source, tokenizer_folder
from prism_core.distill.train import REPORT, train
from prism_core.domain import find_domain
from prism_core.errors import ConfigError
from prism_core.evaluation.closed_loop import make_trial_run
from prism_core.pipeline.ledger import Ledger, Stage, hash_files
from prism_core.pipeline.ranks import train_in_ranks
from prism_core.pipeline.recipe import DatasetConfig, Recipe
from prism_core.words_file import describe_settings

_MERGED_AS = 'bf16'
_SHOWN = ('loss', 'eval_loss', 'eval_handle_accuracy')


@dataclass(frozen=True)
class StageProgress:
    """How far a stage is, and the last figures in a few words."""

    stage: str
    done: int
    total: int
    about: str


Show = Callable[[StageProgress], None]


@dataclass(frozen=True)
class Made:
    """A folder, and the sha256 of what the next stage reads of it."""

    folder: Path
    files: dict[str, str]


def plain_training(config: TrainConfig) -> dict[str, Any]:
    """The settings of a training that decide what comes out."""
    return {k: v for k, v in to_plain(config).items() if k not in HOW_ONLY}


def make_data(recipe: Recipe, ledger: Ledger, show: Show) -> Made:
    """Draw the data, or take those that are there.

    Raises:
        ConfigError: they cannot be drawn, or are none that the training can read.
    """
    folder, worlds = recipe.folder or ledger.path / 'data', recipe.worlds
    if worlds is not None:
        inputs = _describe_data(recipe.config.data, worlds, recipe.train)
        make = partial(_draw_data, recipe.config.data, worlds, recipe.train, show)
        ledger.do(Stage('data', 'data', inputs, make, goes_on=True))
    elif _form_of(recipe.train) == 'shards' and _lacks_shards(folder):
        _make_shards(folder, recipe, show)
    return Made(folder, hash_data(folder, recipe.train))


def _describe_data(
    config: DatasetConfig, worlds: SynthesisRecipe, training: TrainConfig
) -> dict[str, Any]:
    domain = find_domain(training.domain)
    dialect = domain.make_dialect(training.data.dialect)
    return {
        'recipe': describe_settings(worlds),
        'teacher': config.teacher,
        'form': _form_of(training),
        'dialect': dialect.name,
        'header': training.data.header,
        'rebase': config.rebase,
        'failed': config.failed,
        **_tokenizer_of(training, config),
        'versions': {domain.name: domain.version, dialect.name: dialect.version},
    }


def _tokenizer_of(training: TrainConfig, config: DatasetConfig) -> dict[str, Any]:
    if not training.start:
        return {'vocab_size': config.vocab_size}
    return {'tokenizer': hash_tokenizer(load_tokenizer(Path(training.start)))}


def _form_of(training: TrainConfig) -> str:
    return 'shards' if training.nano is not None else training.data.form


def _draw_data(
    config: DatasetConfig,
    worlds: SynthesisRecipe,
    training: TrainConfig,
    show: Show,
    folder: Path,
) -> str:
    def tell(p: produce.RunProgress) -> None:
        show(StageProgress('data', p.done, p.total, f'{p.episodes:,} episodes'))

    dialect, form, shards = training.data.dialect, _form_of(training), None
    if form == 'shards':
        shards = ShardSettings(
            dialect, training.start, config.vocab_size, config.rebase, config.failed
        )
    settings = Settings(resume=True, on_progress=tell)
    done = synthesize(folder, worlds, teacher=config.teacher, shards=shards, settings=settings)
    about = f'{done.episodes:,} episodes, {done.good:,} good'
    if form in ('chat', 'turns'):
        counts = export_dataset(
            folder,
            folder / form,
            form,
            find_domain(training.domain),
            dialect,
            header=training.data.header,
            rebase=config.rebase,
        )
        about += f', {sum(counts.rows.values()):,} {form}'
    if shards is not None:
        tokens = sum(len(open_shards(split).tokens) for split in (folder / SHARDS).iterdir())
        about += f', {tokens:,} tokens'
    return about


def _lacks_shards(folder: Path) -> bool:
    has_episodes = (folder / EPISODES).is_file() and (folder / EPISODES).stat().st_size > 0
    return has_episodes and not all((folder / SHARDS / split).exists() for split in LEARNED)


def _make_shards(folder: Path, recipe: Recipe, show: Show) -> None:
    """Write the shards of a dataset that has none, beside its episodes."""
    config, training = recipe.config.data, recipe.train
    domain, dialect = find_domain(training.domain), training.data.dialect
    place = (
        Path(training.start)
        if training.start
        else keep_tokenizer(folder, domain, dialect, config.vocab_size)
    )
    with (folder / EPISODES).open('rb') as lines:
        total = sum(1 for _ in lines)
    export_dataset(
        folder,
        folder / SHARDS,
        'shards',
        domain,
        dialect,
        rebase=config.rebase,
        tokenizer=load_tokenizer(place),
        on_progress=lambda n: show(StageProgress('data', n, total, f'{n:,} episodes')),
    )


def hash_data(folder: Path, config: TrainConfig) -> dict[str, str]:
    """The sha256 of what a training reads, and of the episodes that it comes from.

    Raises:
        ConfigError: there are no episodes, or nothing that the training can read.
    """
    if not (folder / EPISODES).is_file():
        raise ConfigError(f'expected a dataset with its {EPISODES} in {folder}, got none')
    source = find_source(folder, config)
    paths = [folder / EPISODES, *(path for paths in source.files.values() for path in paths)]
    if source.form == 'shards':
        paths += tokenizer_folder(source).glob('*')
        _check_dialect(folder / SHARDS / 'train', config)
    return hash_files(folder, paths)


def _check_dialect(shards: Path, config: TrainConfig) -> None:
    meta = open_shards(shards).meta
    dialect = find_domain(config.domain).make_dialect(config.data.dialect)
    got = (meta.get('dialect'), meta.get('dialect_version'))
    if got != (dialect.name, dialect.version):
        raise ConfigError(
            f'{shards}: expected the dialect {dialect.name}, version {dialect.version}, as the '
            f'training says, got {got[0]}, version {got[1]}; set data.dialect, or make the shards '
            'again'
        )


def train_student(recipe: Recipe, data: Made, ledger: Ledger, show: Show) -> Made:
    """Train; what comes out is a checkpoint, or an adapter.

    Raises:
        ConfigError: the recipe or the machine cannot be used.
        RunStopped: one of several processes ended early.
    """
    config = recipe.train

    def make(folder: Path) -> str:
        if recipe.config.processes > 1:
            train_in_ranks(recipe.config.processes, data.folder, folder, config, ledger.lock)
        else:
            played = (config.closed_loop, config.domain, config.data.dialect)
            trials = make_trial_run(data.folder, *played)
            train(data.folder, folder, config, resume=True, on_progress=tell, smoke=trials)
        return _report(json.loads((folder / REPORT).read_text('utf-8')))

    def tell(p: TrainProgress) -> None:
        figures = [f'{k} {p.figures[k]:.3f}' for k in _SHOWN if k in p.figures]
        about = ', '.join([f'{p.tokens_per_s:,.0f} tokens/s', *figures])
        show(StageProgress('train', p.step, p.steps, about))

    inputs = {
        'config': plain_training(config),
        'data': data.files,
        'base': _hash_base(config),
        **hash_start(config),
    }
    kept = (f'{BEST}/*', REPORT)
    files = ledger.do(Stage('train', 'train', inputs, make, goes_on=True, files=kept))
    return Made(ledger.path / 'train' / BEST, files)


def merge_student(recipe: Recipe, trained: Made, ledger: Ledger) -> Made:
    """Put an adapter into its base; a checkpoint stays what it is.

    Raises:
        ConfigError: the adapter does not fit the base.
    """
    config = recipe.train
    if config.nano is not None or config.adapter.is_whole:
        return trained

    def make(folder: Path) -> str:
        merge(trained.folder, folder, dtype=_MERGED_AS, allow_download=config.allow_download)
        size = sum(path.stat().st_size for path in folder.glob('*.safetensors'))
        return f'{size:,} bytes in {_MERGED_AS}'

    inputs = {'adapter': trained.files, 'base': config.base, 'dtype': _MERGED_AS}
    return Made(ledger.path / 'merged', ledger.do(Stage('merge', 'merged', inputs, make)))


def _hash_base(config: TrainConfig) -> dict[str, str]:
    """The sha256 of the files of a base that lies on this machine."""
    folder = Path(config.base)
    return hash_files(folder, folder.iterdir()) if config.base and folder.is_dir() else {}


def _report(report: Mapping[str, Any]) -> str:
    best, dropped = report['best'], sum(report['dropped']['train'].values())
    return (
        f'{report["steps"]:,} steps, {report["tokens"]:,} tokens of {report["samples"]:,} samples, '
        f'{dropped:,} left out; best after step {best["step"]:,}: loss {best["eval_loss"]:.4f}, '
        f'right handles {best["eval_handle_accuracy"]:.1%}'
    )
