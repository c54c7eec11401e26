# SPDX-License-Identifier: Apache-2.0
"""Suites: tasks in worlds that no model was trained on, the same for every planner.

A suite is a function of its recipe. All its worlds are of the test split, so that no training data
of whatever recipe holds them, and a share of them shows wording, classes and places that training
data never shows. Or it is a file of tasks, of which nothing of the like is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count, islice
from pathlib import Path
from typing import Any

from prism_core.config_file import read_config, to_config
from prism_core.dataset.split import split_of_seed, world_seed
from prism_core.domain import Domain, find_domain
from prism_core.episode.episode import DEFAULT_DOMAIN, Episode
from prism_core.errors import ConfigError
from prism_core.evaluation.file_suite import (
    FileSuite,
    check_observations,
    draw_file,
    is_file_suite,
    read_file_suite,
)
from prism_core.evaluation.suite_names import check_names, name_worlds
from prism_core.words_file import words_beside


@dataclass(frozen=True)
class SuiteConfig:
    """What tasks a suite has; as a file, see `config/evaluate/`.

    `worlds` is the domain's own recipe, such as `{seed: 1, worlds: 100, hidden: [0.2]}`. `free`:
    how often each of the domain's requests in free wording is tried beside, each time in a world of
    its own. `chance`: the share of what cannot be guessed that controls may solve; more where there
    are no twins. `names`: what the worlds call things, see `suite_names`. `observations`: `words`
    lets the robot report in sentences what it would show as values. `words`: a file of a
    site's own words, from the folder of the suite on, see `docs/words.md`.

    Raises:
        ConfigError: a value is out of its range.
    """

    domain: str = DEFAULT_DOMAIN
    words: str = ''
    worlds: dict[str, Any] = field(default_factory=dict)
    free: int = 0
    chance: float = 0.0
    names: str = 'plain'
    observations: str = ''

    def __post_init__(self):
        check_names(self.names)
        check_observations(self.observations)
        if self.free < 0:
            raise ConfigError(f'free: expected at least 0, got {self.free}')
        if not 0 <= self.chance <= 1:
            raise ConfigError(f'chance: expected a share from 0 to 1, got {self.chance}')


Suite = SuiteConfig | FileSuite


def read_suite(
    path: Path,
    domain_name: str = DEFAULT_DOMAIN,
    words: str = '',
    names: str = '',
    observations: str = '',
) -> Suite:
    """A suite from a file: its recipe (YAML), or its tasks (.jsonl, .json).

    Args:
        path: of the file.
        domain_name: of tasks; a recipe says it itself.
        words: a file of a site's own words; that of the recipe when left out.
        names: what its worlds call things; as the recipe says it when left out.
        observations: how the robot reports; as the recipe says it when left out.

    Raises:
        ConfigError: with the place in the file that cannot be used.
    """
    if is_file_suite(path):
        suite = read_file_suite(path, domain_name, words)
        return replace(suite, names=names or 'plain', observations=observations)
    recipe = read_config(path, SuiteConfig)
    words = words or words_beside(path, recipe.words)
    observations = observations or recipe.observations
    return replace(recipe, words=words, names=names or recipe.names, observations=observations)


def count_worlds(suite: Suite) -> int:
    """How many worlds a suite has."""
    if isinstance(suite, FileSuite):
        return suite.worlds
    domain = find_domain(suite.domain, words=suite.words)
    drawn = int(suite.worlds.get('worlds', domain.recipe_type().worlds))
    return drawn + suite.free * domain.free_requests


def draw_suite(suite: Suite, domain: Domain | None = None) -> Iterator[list[Episode]]:
    """The tasks of one world after the other, each with an id; twins stand together.

    Raises:
        ConfigError: the recipe or the file cannot be used.
    """
    domain = domain or find_domain(suite.domain, words=suite.words)
    if isinstance(suite, FileSuite):
        drawn = draw_file(Path(suite.file), domain)
    else:
        drawn = _draw_worlds(suite, domain)
    worlds = name_worlds(drawn, suite.names, domain)
    if suite.observations == 'words':
        worlds = ([domain.in_words(episode) for episode in world] for world in worlds)
    return worlds


def _draw_worlds(config: SuiteConfig, domain: Domain) -> Iterator[list[Episode]]:
    recipe: Any = to_config(config.worlds, domain.recipe_type, 'worlds')
    coverage: Counter[str] = Counter()
    indices = (i for i in count() if split_of_seed(world_seed(recipe.seed, i)) == 'test')
    for index in islice(indices, recipe.worlds):
        seed = world_seed(recipe.seed, index)
        drawn = domain.draw_world(seed, domain.plan_world(recipe, index, True, coverage))
        for episode in drawn:
            coverage.update(domain.covers(episode))
        yield _name(seed, drawn)
    for request in range(domain.free_requests * config.free):
        seed = world_seed(recipe.seed, next(indices))
        yield _name(seed, domain.draw_free(request % domain.free_requests, seed, recipe))


def _name(seed: int, drawn: list[Episode]) -> list[Episode]:
    return [
        replace(e, provenance={**e.provenance, 'id': f'{seed}-{number}'})
        for number, e in enumerate(drawn)
    ]
