# SPDX-License-Identifier: Apache-2.0
"""The recipe of `prism distill`: which data, which training, and what is made of the student.

Recipes of worlds, training and suites are named by file, from the folder of this one on, so that no
setting stands twice. Nothing is made here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from prism_core.config_file import change_config, read_config, to_config, to_plain
from prism_core.dataset.produce import SynthesisRecipe
from prism_core.dataset.teaching import LM, SYMBOLIC
from prism_core.distill.config import TrainConfig
from prism_core.domain import find_domain
from prism_core.errors import ConfigError
from prism_core.evaluation.candidates import HeldTo
from prism_core.evaluation.suite import SuiteConfig
from prism_core.words_file import words_beside

FLOATS = 'F16'
"""What the student is exported in, and all else is made of."""
ADAPTER = 'adapter'
"""The one file of a student that is delivered as an adapter for the file of its base."""
_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]*')


@dataclass(frozen=True)
class DatasetConfig:
    """Where the data come from: worlds of a `recipe`, which a `teacher` plays, or a `folder` that
    is there already.

    `rebase`: share of the episodes that are cut in two. `failed`: whether a nano learns from failed
    episodes, too, without their refused plans. `vocab_size`: of the tokenizer that is learned for a
    nano; one that goes on from a checkpoint keeps its tokenizer.

    Raises:
        ConfigError: both or none of recipe and folder are given, or a language model is to teach.
    """

    recipe: str = ''
    folder: str = ''
    teacher: str = SYMBOLIC
    rebase: float = 0.0
    failed: bool = False
    vocab_size: int = 2048

    def __post_init__(self):
        if bool(self.recipe) == bool(self.folder):
            both = 'both' if self.recipe else 'neither'
            raise ConfigError(
                f'data: expected either recipe, a file, or folder, a dataset; got {both}'
            )
        if self.failed and self.folder:
            raise ConfigError(
                f'data.failed: expected data that are drawn, got those of {self.folder!r}, which '
                'hold failed episodes or not'
            )
        if self.teacher == LM:
            raise ConfigError(
                f'data.teacher: expected a planner that runs here, got {LM!r}; let it play with '
                '`prism elicit`, and name the dataset with data.folder'
            )
        if not 0 <= self.rebase <= 1:
            raise ConfigError(f'data.rebase: expected a share from 0 to 1, got {self.rebase}')


@dataclass(frozen=True)
class EvaluateConfig:
    """Which files are evaluated, by their type, the file of the suite they play, and what their
    replies are held to.
    """

    files: tuple[str, ...] = ()
    suite: str = ''
    held_to: HeldTo = 'known'

    def __post_init__(self):
        if bool(self.files) != bool(self.suite):
            raise ConfigError(
                f'evaluate: expected files and a suite, got {self.files or self.suite!r} alone'
            )


@dataclass(frozen=True)
class DistillConfig:
    """A student; as a file, see `config/distill/student_cpu.yaml`.

    `name`: of the student; its files begin with it. `train`: file of the training. `change`: what
    is other than in the files that are named, under `worlds` and `train`. `processes`: so many
    train together (one for each GPU). `deliver`: a `model` of its own, or the `adapter` alone, for
    the file of its base. `quantise`: what other files are made of a model, the one in F16 is
    always.

    Raises:
        ConfigError: a value is out of its range, or what is to be evaluated is not made.
    """

    name: str
    data: DatasetConfig
    train: str
    change: dict[str, dict[str, Any]] = field(default_factory=dict)
    licence: str = 'apache-2.0'
    processes: int = 1
    deliver: Literal['model', 'adapter'] = 'model'
    quantise: tuple[str, ...] = ('Q8_0', 'Q4_K_M')
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)

    def __post_init__(self):
        if not _NAME.fullmatch(self.name):
            raise ConfigError(
                f'name: expected letters, digits, dots, dashes and underscores, got {self.name!r}'
            )
        if self.processes < 1:
            raise ConfigError(f'processes: expected at least 1, got {self.processes}')
        if len(set(self.quantise)) < len(self.quantise):
            raise ConfigError(f'quantise: expected each type once, got {", ".join(self.quantise)}')
        unknown = set(self.change) - {'worlds', 'train'}
        if unknown:
            raise ConfigError(f'change: expected worlds or train, got {min(unknown)!r}')
        if self.delivers_adapter and self.quantise:
            raise ConfigError(
                f'quantise: expected nothing beside deliver: {ADAPTER}, got '
                f'{", ".join(self.quantise)}; the base has its file already'
            )
        made = self.file_types if self.delivers_adapter else (*self.quantise, FLOATS)
        others = set(self.evaluate.files) - set(made)
        if others:
            raise ConfigError(
                f'evaluate.files: expected some of {", ".join(made)}, got {min(others)!r}; add it '
                'to quantise'
            )

    @property
    def delivers_adapter(self) -> bool:
        """Whether the student is an adapter, and no model of its own."""
        return self.deliver == ADAPTER

    @property
    def file_types(self) -> tuple[str, ...]:
        """The files that are made, by their type, the one to recommend first."""
        if self.delivers_adapter:
            return (ADAPTER,)
        return tuple(dict.fromkeys([*self.evaluate.files, *self.quantise, FLOATS]))

    def file_name(self, file_type: str) -> str:
        """Such as `nano-q8_0.gguf`; an adapter has the bare name."""
        return (
            f'{self.name}.gguf' if file_type == ADAPTER else f'{self.name}-{file_type.lower()}.gguf'
        )


@dataclass(frozen=True)
class Recipe:
    """A recipe with what its files hold: `worlds` to draw, or the `folder` that is there."""

    config: DistillConfig
    train: TrainConfig
    worlds: SynthesisRecipe | None
    folder: Path | None
    suite: SuiteConfig | None


def read_recipe(
    path: Path,
    *,
    data: Path | None = None,
    base: Path | None = None,
    start: Path | None = None,
    allow_download: bool = False,
) -> Recipe:
    """Read a recipe and the files that it names.

    Args:
        path: the file.
        data: folder of a dataset to learn from, instead of the data that the recipe names.
        base: folder of the base, if it is not where the recipe of training says.
        start: checkpoint of a nano to go on from, whatever the recipe of training says.
        allow_download: whether the base may be fetched, whatever the recipe of training says.

    Raises:
        ConfigError: with the file and the place in it that cannot be used.
    """
    config = read_config(path, DistillConfig)
    if data is not None:
        there = replace(config.data, recipe='', folder=str(data.absolute()))
        config = replace(config, data=there)
    recipe = open_recipe(config, path.parent, allow_download=allow_download)
    train = recipe.train
    if base is not None:
        train = replace(train, base=str(base))
    if start is not None:
        train = replace(train, start=str(start))
    return replace(recipe, train=train)


def open_recipe(config: DistillConfig, here: Path, *, allow_download: bool = False) -> Recipe:
    """Read the files that a recipe names, from a folder on.

    Raises:
        ConfigError: with the file and the place in it that cannot be used.
    """
    data = config.data
    train_path = here / config.train
    train = read_config(train_path, TrainConfig)
    train = change_config(train, config.change.get('train', {}), 'change.train')
    if allow_download:
        train = replace(train, allow_download=True)
    if data.failed and train.nano is None:
        raise ConfigError('data.failed: expected the training of a nano, got that of a base')
    if config.delivers_adapter and (train.nano is not None or train.adapter.method != 'lora'):
        raise ConfigError(
            f'deliver: expected LoRA on a base to deliver an {ADAPTER} of, got other training in '
            f'{train_path}; deliver a model'
        )
    worlds = suite = None
    if data.recipe:
        changes = config.change.get('worlds', {})
        worlds = _read_worlds(here / data.recipe, SynthesisRecipe, train, changes)
        if worlds.needs_model:
            raise ConfigError(
                f'{here / data.recipe}: expected worlds that no language model writes; draw them '
                'with `prism elicit`, and name the dataset with data.folder'
            )
    if config.evaluate.suite:
        suite = _read_worlds(here / config.evaluate.suite, SuiteConfig, train)
    folder = here / data.folder if data.folder else None
    return Recipe(config, train, worlds, folder, suite)


def _read_worlds(
    path: Path, kind: Any, train: TrainConfig, changes: Mapping[str, Any] = MappingProxyType({})
) -> Any:
    """A recipe of worlds, every setting of them with its value.

    Raises:
        ConfigError: it cannot be used, or is of another domain than the training.
    """
    recipe = read_config(path, kind)
    if recipe.domain != train.domain:
        raise ConfigError(
            f'{path}: expected the domain {train.domain}, which is trained, got {recipe.domain}'
        )
    worlds: Any = to_config(
        {**recipe.worlds, **changes}, find_domain(recipe.domain).recipe_type, f'{path}: worlds'
    )
    return replace(recipe, worlds=to_plain(worlds), words=words_beside(path, recipe.words))
