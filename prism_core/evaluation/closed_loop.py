# SPDX-License-Identifier: Apache-2.0
"""A look in closed loop at a model that is still being trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from prism_core.dataset.episode_json import read_episodes
from prism_core.dataset.split import split_of
from prism_core.domain import find_domain
from prism_core.episode.episode import as_task
from prism_core.errors import ConfigError
from prism_core.evaluation.evaluate import EPISODES
from prism_core.evaluation.trial import Desk
from prism_core.inference.local.local_model import LocalModel
from prism_core.inference.local.transformers_model import TransformersBackend
from prism_core.inference.student import plan_with


def make_trial_run(
    data: Path, count: int, domain_name: str, dialect: str
) -> Callable[[Any, Any], Mapping[str, float]] | None:
    """What plays the first tasks of the split `valid` with a model, each time the same.

    Args:
        data: the folder of a dataset.
        count: how many tasks.
        domain_name: where they are from.
        dialect: that the model is taught.

    Returns:
        A function of model and tokenizer (of transformers) that gives the share of `success`; None
        for no tasks.

    Raises:
        ConfigError: there is no episode of that split.
    """
    if not count:
        return None
    domain, episodes = find_domain(domain_name), data / EPISODES
    try:
        with episodes.open(encoding='utf-8') as file:
            valid = (e for e in read_episodes(file) if split_of(e) == 'valid')
            tasks = [as_task(episode) for episode in islice(valid, count)]
    except FileNotFoundError:
        tasks = []
    if not tasks:
        raise ConfigError(
            f'closed_loop: expected episodes of the split valid in {episodes}, got none; train on '
            'the folder that `prism elicit` wrote, or set closed_loop to 0'
        )

    def play(model: Any, tokenizer: Any) -> dict[str, float]:
        backend = TransformersBackend(model, tokenizer)
        planner = plan_with(LocalModel(backend, name='model in training'), domain, dialect)
        desk = Desk(lambda task: planner, domain)
        played = [desk.play(task).outcome for task in tasks]
        return {'success': sum(o is not None and o.success for o in played) / len(played)}

    return play
