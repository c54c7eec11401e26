# SPDX-License-Identifier: Apache-2.0
"""The recipe of `prism iterate`: the student that it begins with, and what each round may spend.

The student is a recipe of `prism distill`, named by file, from the folder of this one on. Nothing
is made here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from prism_core.config_file import read_config, to_config, to_plain
from prism_core.dataset.produce import SynthesisRecipe
from prism_core.distill.config import CurriculumConfig, TrainConfig
from prism_core.domain import find_domain
from prism_core.errors import ConfigError
from prism_core.pipeline.recipe import (
    FLOATS,
    DistillConfig,
    EvaluateConfig,
    Recipe,
    open_recipe,
)

Strategy = Literal['uniform', 'failure', 'loss', 'on_policy', 'guided']


@dataclass(frozen=True)
class GuidanceConfig:
    """How probable it is that a turn is the teacher's, in the `first` and in the `last` round; it
    falls in a line. Where there is one round, it is that of the first.

    Raises:
        ConfigError: it is no share, or it rises.
    """

    first: float = 0.5
    last: float = 0.0

    def __post_init__(self):
        if not 1 >= self.first >= self.last >= 0:
            raise ConfigError(
                f'guidance: expected shares from 0 to 1 that fall from first to last, got '
                f'{self.first} and {self.last}'
            )

    def in_round(self, number: int, rounds: int) -> float:
        """The probability in a round, from 1."""
        fallen = (number - 1) / max(rounds - 1, 1)
        return self.first + (self.last - self.first) * fallen


@dataclass(frozen=True)
class IterateConfig:
    """Some rounds; as a file, see `config/distill/iterate_unit.yaml`.

    `student`: file of the `DistillConfig` of a nano: the first dataset, of which each round draws
    more, the first training, and the suite that the best student plays, once. `rounds`: how many
    follow the first training. `strategy`: how each chooses what it is taught; `guidance`: of the
    strategy `guided`. `calls`: so many plans of the teacher it may ask for. `tokens`: of each later
    training, which begins with the weights of the one before; `learning_rate`: of those, 0 for that
    of the first. `valid`: the domain's own recipe of worlds, drawn in the split valid and played
    after each round. `seed`: of the worlds that are drawn for the rounds.

    Raises:
        ConfigError: a value is out of its range.
    """

    student: str
    valid: dict[str, Any]
    rounds: int
    calls: int
    tokens: int
    strategy: Strategy = 'uniform'
    guidance: GuidanceConfig = field(default_factory=GuidanceConfig)
    learning_rate: float = 0.0
    seed: int = 0

    def __post_init__(self):
        for name in ('rounds', 'calls', 'tokens'):
            if getattr(self, name) < 1:
                raise ConfigError(f'{name}: expected at least 1, got {getattr(self, name)}')
        if self.learning_rate < 0:
            raise ConfigError(f'learning_rate: expected at least 0, got {self.learning_rate}')


@dataclass(frozen=True)
class Rounds:
    """A recipe with what its files hold: `first` is all that the first training needs, `valid` has
    every setting with its value.
    """

    config: IterateConfig
    first: Recipe
    worlds: SynthesisRecipe
    valid: dict[str, Any]

    def begin_with(self, checkpoint: str) -> Rounds:
        """The same, with a first training that began with the weights of a checkpoint."""
        train = replace(self.first.train, start=checkpoint)
        return replace(self, first=replace(self.first, train=train))

    def later(self, number: int, start: Path) -> Recipe:
        """What a later round trains: on all data so far, with the weights of the round before.

        Args:
            number: of the round, from 1.
            start: the checkpoint of the round before.
        """
        train, config = self.first.train, self.config
        rate = config.learning_rate or train.optimizer.learning_rate
        again = replace(
            train,
            start=str(start),
            tokens=config.tokens,
            seed=train.seed + number,
            curriculum=CurriculumConfig(),
            optimizer=replace(train.optimizer, learning_rate=rate),
        )
        return replace(self.first, train=again)


def read_rounds(path: Path, strategy: Strategy | None = None) -> Rounds:
    """Read a recipe and the files that it names.

    Args:
        path: the file.
        strategy: instead of that of the file.

    Raises:
        ConfigError: with the file and the place in it that cannot be used.
    """
    config = read_config(path, IterateConfig)
    if strategy is not None:
        config = replace(config, strategy=strategy)
    student = path.parent / config.student
    distill = read_config(student, DistillConfig)
    if not (distill.data.recipe and distill.evaluate.suite):
        raise ConfigError(
            f'{student}: expected data.recipe, worlds of which each round draws more, and '
            f'evaluate.suite, which the best student plays, got {distill.data.recipe!r} and '
            f'{distill.evaluate.suite!r}'
        )
    evaluated = EvaluateConfig((FLOATS,), distill.evaluate.suite, distill.evaluate.held_to)
    first = open_recipe(replace(distill, quantise=(), evaluate=evaluated), student.parent)
    _check_training(student, first.train)
    assert first.worlds is not None  # noqa: S101 - there is a recipe of them
    kind = find_domain(first.train.domain).recipe_type
    valid: Any = to_config(config.valid, kind, f'{path}: valid')
    return Rounds(config, first, first.worlds, to_plain(valid))


def _check_training(student: Path, train: TrainConfig) -> None:
    if train.nano is None:
        raise ConfigError(f'{student}: expected the training of a nano, got that of {train.base!r}')
    if train.data.follow or train.closed_loop:
        raise ConfigError(
            f'{student}: expected neither data.follow nor closed_loop: the data of a round are '
            'there, and each round is played; got one of them'
        )
