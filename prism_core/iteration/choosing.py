# SPDX-License-Identifier: Apache-2.0
"""Which tasks a round is taught: drawn from new worlds, those likelier that the student needs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, groupby
from random import Random
from typing import Any

from prism_core.config_file import to_config
from prism_core.dataset.split import split_of_seed, world_seed
from prism_core.domain import Domain
from prism_core.episode.episode import Episode, as_task
from prism_core.evaluation.results import Result

_LOOKS, _KNOWS = 'must look', 'knows it'  # as results call them

FLOOR = 0.05
"""The share of the greatest need that every group has beside its own."""


def draw_tasks(worlds: Mapping[str, Any], split: str, domain: Domain) -> Iterator[list[Episode]]:
    """The tasks of one world of a split after the other, without end; each has an id.

    Nothing that is held out is among them.

    Args:
        worlds: the domain's own recipe; how many worlds it asks for does not matter.
        split: `train` or `valid`.
        domain: what draws.

    Raises:
        ConfigError: the recipe cannot be used.
    """
    recipe: Any = to_config(worlds, domain.recipe_type, 'worlds')
    coverage: Counter[str] = Counter()
    for index in count():
        seed = world_seed(recipe.seed, index)
        if split_of_seed(seed) != split:
            continue
        drawn = domain.draw_world(seed, domain.plan_world(recipe, index, False, coverage))
        for episode in drawn:
            coverage.update(domain.covers(episode))
        yield [
            as_task(replace(e, provenance={**e.provenance, 'id': f'{seed}-{number}'}))
            for number, e in enumerate(drawn)
        ]


def choose_tasks(tasks: Sequence[Episode], weights: Mapping[str, float]) -> list[Episode]:
    """The tasks of a world that are to be taught; a function of the world's seed. Twins come
    together, as often as the one that is needed more.

    Args:
        tasks: of one world.
        weights: how probable it is that one of a group is taken (see `weigh_groups`); a group that
            they do not name has their mean, and where there are none all are taken.
    """
    mean = sum(weights.values()) / len(weights) if weights else 1.0
    chosen: list[Episode] = []
    for name, pair in groupby(tasks, key=lambda e: e.provenance.get('twin', e.provenance['id'])):
        twins = list(pair)
        draw = Random(f'choose {twins[0].seed} {name}').random()  # noqa: S311 - no secret
        if draw < max(weights.get(group_of_task(twin), mean) for twin in twins):
            chosen += twins
    return chosen


def group_of_task(episode: Episode) -> str:
    """Its kind, and whether it can be solved by what is known at the start."""
    looks = _LOOKS if episode.provenance.get('needs_discovery') else _KNOWS
    return _group(episode.task.kind, looks)


def weigh_groups(needs: Mapping[str, float]) -> dict[str, float]:
    """How probable it is that a drawn task of a group is taken: in proportion to the need of the
    group, and 1 for the greatest; a small floor lets no group die out.

    Args:
        needs: such as the share of failures, or the loss; none is negative.
    """
    greatest = max(needs.values(), default=0.0)
    if not greatest:
        return dict.fromkeys(needs, 1.0)
    return {group: (need / greatest + FLOOR) / (1 + FLOOR) for group, need in sorted(needs.items())}


def failures_by_group(results: Iterable[Result]) -> dict[str, float]:
    """The share of failed trials of each group of tasks."""
    failed: dict[str, list[bool]] = defaultdict(list)
    for result in results:
        failed[_group(result.kind, result.groups.get('start', _KNOWS))].append(not result.success)
    return {group: sum(found) / len(found) for group, found in failed.items()}


def _group(kind: str, looks: str) -> str:
    return f'{kind}, {looks}'
