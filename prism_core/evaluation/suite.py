"""Suites: tasks in worlds that no model was trained on, the same for every planner.

A suite is a function of its recipe. All its worlds are of the test split, so that no training data
of whatever recipe holds them, and a share of them shows wording, classes and places that training
data never shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from prism_core.config_file import to_config
from prism_core.dataset.split import split_of_seed, world_seed
from prism_core.domain import Domain, find_domain
from prism_core.episode import Episode


@dataclass(frozen=True)
class SuiteConfig:
    """What tasks a suite has; as a file, see `config/evaluate/`.

    `worlds` is the domain's own recipe, such as `{seed: 1, worlds: 100, hidden: [0.2]}`.
    """

    domain: str = 'mapping'
    worlds: dict[str, Any] = field(default_factory=dict)


def draw_suite(config: SuiteConfig, domain: Domain | None = None) -> Iterator[list[Episode]]:
    """The tasks of one world after the other, each with an id; twins stand together.

    Raises:
        ConfigError: the recipe cannot be used.
    """
    domain = domain or find_domain(config.domain)
    recipe: Any = to_config(config.worlds, domain.recipe_type, 'worlds')
    coverage: Counter[str] = Counter()
    indices = (i for i in count() if split_of_seed(world_seed(recipe.seed, i)) == 'test')
    for _, index in zip(range(recipe.worlds), indices):
        seed = world_seed(recipe.seed, index)
        drawn = domain.draw_world(seed, domain.plan_world(recipe, index, True, coverage))
        for episode in drawn:
            coverage.update(domain.covers(episode))
        yield [
            replace(e, provenance={**e.provenance, 'id': f'{seed}-{number}'})
            for number, e in enumerate(drawn)
        ]
