# SPDX-License-Identifier: Apache-2.0
"""SayCan as a planner of any domain: on a student, on any other GGUF file, or on an endpoint.

The planner node names it `saycan`. Nothing of the runtime is imported on this side.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from prism_core.config_file import read_config
from prism_core.domain import Domain, find_domain
from prism_core.episode.episode import DEFAULT_DOMAIN, Episode
from prism_core.errors import ConfigError
from prism_core.files import hash_file
from prism_core.gguf_info import GgufInfo, read_gguf_info
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from prism_core.inference.local.model_file import SHA256_VARIABLE
from prism_core.inference.saycan_planner import NORMALISE, Normalise, SayCanPlanner
from prism_core.inference.saycan_wording import DialectWording, Example, PlainWording, Wording
from prism_core.inference.student import (
    PYTHON_VARIABLE,
    StudentConfig,
    find_domain_of,
    find_student,
    make_engine,
)
from prism_core.inference.text_model import ScoringModel

CONFIG_VARIABLE = 'PRISM_SAYCAN_CONFIG'
_MAX_EXAMPLE_STEPS = 6
_EXAMPLE_WORLDS = 32


@dataclass(frozen=True)
class SayCanConfig:
    """What says how likely steps are, and how they are weighed.

    Attributes:
        model: GGUF file; '' for the student. One that was taught a domain is asked in its dialect.
        endpoint: asked instead of a file, by its echo and logprobs.
        domain: of a model that was taught none, if its endpoint does not name it.
        normalise: `sum` or `mean` of the logarithms of the probabilities of a step's tokens.
        done: the affordance of the end; None for what the domain says.
        examples: so many tasks that the domain's teacher did stand in the prompt of a model that
            was taught no domain.
        context_tokens: of a file: prompt and step together, at most; 0 for all that it was made
            for.
        threads: of a file: 0 for one less than the process may use, or one for a small one.

    Raises:
        ConfigError: a value is out of its range.
    """

    model: str = ''
    endpoint: TeacherConfig | None = None
    domain: str = ''
    normalise: Normalise = NORMALISE
    done: float | None = None
    examples: int = 4
    context_tokens: int = 8192
    threads: int = 0

    def __post_init__(self):
        if self.model and self.endpoint is not None:
            raise ConfigError('model, endpoint: expected one of them, got both')
        if self.done is not None and not 0 < self.done <= 1:
            raise ConfigError(f'done: expected more than 0 and at most 1, got {self.done}')
        if not 0 <= self.examples <= 32:
            raise ConfigError(f'examples: expected 0 to 32, got {self.examples}')

    @property
    def file(self) -> str:
        """The GGUF file.

        Raises:
            ConfigError: none is named and none is bundled.
        """
        return self.model or find_student(self.domain or DEFAULT_DOMAIN)

    def describe(self) -> dict[str, Any]:
        """What tells its plans from others: what is asked, and how steps are weighed."""
        facts: dict[str, Any] = {'normalise': self.normalise, 'done': self.done}
        if self.endpoint is not None:
            return {**facts, 'model': self.endpoint.model, 'examples': self.examples}
        path = Path(self.file)
        return {**facts, 'model': path.name, 'sha256': hash_file(path), 'examples': self.examples}


def make_saycan_planner(domain: Domain | None = None, spare_bytes: int = 0) -> SayCanPlanner:
    """SayCan in a domain; entry point `saycan` of group `prism.planners`. `spare_bytes` is that of
    `StudentConfig`.

    The environment variable PRISM_SAYCAN_CONFIG names its settings, such as
    `config/saycan/vllm.yaml`; without it the model is the student's (see `make_student_planner`),
    in the domain that it was taught.

    Raises:
        ConfigError: the settings or the model cannot be used.
        OutOfMemory: the model does not fit into memory.
    """
    return make_planner(read_saycan_config(domain.name if domain else ''), domain, spare_bytes)


def read_saycan_config(domain: str = '') -> SayCanConfig:
    """The settings that PRISM_SAYCAN_CONFIG names; all defaults where it names none.

    Args:
        domain: the name of the one to plan in, where the settings name none.

    Raises:
        ConfigError: the file cannot be used.
    """
    path = os.environ.get(CONFIG_VARIABLE, '')
    config = read_config(Path(path), SayCanConfig) if path else SayCanConfig()
    return config if config.domain else replace(config, domain=domain)


def make_planner(
    config: SayCanConfig, domain: Domain | None = None, spare_bytes: int = 0
) -> SayCanPlanner:
    """A planner on an endpoint, or on a GGUF file in a child process.

    Args:
        config: what is asked.
        domain: that of the settings or of the student where it is None.
        spare_bytes: memory that has to stay available when a file is loaded.

    Raises:
        ConfigError: the model cannot be used, or was taught another domain.
        OutOfMemory: it does not fit into memory.
    """
    if config.endpoint is not None:
        from prism_core.inference.endpoint.scoring_api import (
            ScoringApi,  # the client takes a second to import
        )

        domain = domain or find_domain(config.domain or config.endpoint.domain)
        return plan_with(ScoringApi(config.endpoint), domain, config)
    info = read_gguf_info(Path(config.file), verify=False)
    domain = choose_domain(info, config, domain)
    student = StudentConfig(
        config.file,
        python=os.environ.get(PYTHON_VARIABLE, ''),
        context_tokens=config.context_tokens,
        threads=config.threads,
        sha256='' if config.model else os.environ.get(SHA256_VARIABLE, ''),
        spare_bytes=spare_bytes,
    )
    return plan_with(make_engine(student, info, plain=True), domain, config, info)


def choose_domain(info: GgufInfo, config: SayCanConfig, domain: Domain | None) -> Domain:
    """The domain that is wanted, of the settings, or that the model was taught.

    Raises:
        ConfigError: the model was taught another one, or what it was taught has changed.
    """
    taught = find_domain_of(info) if info.metadata.domain else None
    wanted = domain or (find_domain(config.domain) if config.domain else None)
    if taught and wanted and taught.name != wanted.name:
        raise ConfigError(
            f'{info.path}: expected a student of the domain {wanted.name}, got one of {taught.name}'
        )
    return wanted or taught or find_domain(DEFAULT_DOMAIN)


def plan_with(
    model: Any, domain: Domain, config: SayCanConfig, info: GgufInfo | None = None
) -> SayCanPlanner:
    """A planner on a model.

    Args:
        model: a ScoringModel; a student is a TextModel too.
        domain: what can be done, and in whose words.
        config: how steps are weighed.
        info: of the model's file, where it has one.
    """
    wording: Wording
    if info is not None and info.metadata.domain:
        wording = DialectWording(model, domain.make_dialect(info.metadata.dialect))
    else:
        wording = PlainWording(draw_examples(domain, config.examples))
    scoring: ScoringModel = model
    return SayCanPlanner(
        scoring,
        wording,
        domain.table,
        domain.affordances,
        normalise=config.normalise,
        done=config.done,
        question_before=domain.question_before,
    )


@cache
def draw_examples(domain: Domain, number: int) -> tuple[Example, ...]:
    """Short tasks of different kinds that the domain's teacher did, the same ones each time; fewer
    where it has no more.
    """
    found: dict[str, Example] = {}
    worlds = iter(range(_EXAMPLE_WORLDS))
    while len(found) < number and (seed := next(worlds, None)) is not None:
        for episode in _draw(domain, seed):
            steps = tuple(_steps_of(episode))
            if episode.ending == 'reported' and len(steps) <= _MAX_EXAMPLE_STEPS:
                found.setdefault(episode.task.kind, Example(episode.task.request, steps))
    return tuple(found.values())[:number]


def _draw(domain: Domain, seed: int) -> list[Episode]:
    """The tasks of a world of the training split."""
    recipe = domain.recipe_type()
    return domain.draw_world(seed, domain.plan_world(recipe, seed, False, {}))


def _steps_of(episode: Episode) -> Iterator[Any]:
    for turn in episode.turns:
        for action, observation in zip(turn.plan.actions, turn.observations):
            if observation.status == 'done':
                yield action
