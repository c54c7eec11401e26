# SPDX-License-Identifier: Apache-2.0
"""What a folder of a data set says about itself: `report.json`, plots and card, made together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from prism_core.dataset.card import PLOTS, REPORT, SHARDS, write_card
from prism_core.dataset.episode_json import read_episodes
from prism_core.dataset.episode_lines import find_episode_file
from prism_core.dataset.masking import RequestMask
from prism_core.dataset.plots import draw_plots
from prism_core.dataset.run_folder import RECIPE, read_progress, read_recipe
from prism_core.dataset.shards import open_shards
from prism_core.dataset.split import SPLITS
from prism_core.dataset.statistics import Statistics
from prism_core.domain import Domain
from prism_core.errors import ConfigError
from prism_core.files import replace_file


def describe_dataset(
    folder: Path, statistics: Statistics, *, today: date, licence: str = ''
) -> None:
    """Write `report.json`, the plots and the card of a data set.

    Args:
        folder: of the data set, with its recipe if it has one.
        statistics: what was counted of it.
        today: the date that the card states.
        licence: see `write_card`.

    Raises:
        ConfigError: the recipe cannot be read, matplotlib is not installed, or a file cannot be
            written.
    """
    recipe = read_recipe(folder) if (folder / RECIPE).exists() else {}
    report = json.dumps(statistics.to_json(), indent=2, ensure_ascii=False)
    replace_file(folder / REPORT, f'{report}\n')
    draw_plots(statistics, folder / PLOTS)
    write_card(folder, recipe, statistics, today=today, licence=licence)


def count_folder(
    folder: Path, domain: Domain, on_progress: Callable[[int], None] = lambda _: None
) -> Statistics:
    """Count the episodes of a folder, or its tasks; the draws that were rejected for them; and the
    tokens of their shards.

    A last line without its end is still being written: it is not counted.

    Args:
        folder: of the data set.
        domain: where the words and the actions come from.
        on_progress: called with the number of episodes counted so far.

    Raises:
        ConfigError: there are no episodes, a line is no episode, or the shards are of another
            version.
    """
    statistics = Statistics(domain.table)
    mask = RequestMask(domain.masks)
    path = find_episode_file(folder)
    try:
        with path.open(encoding='utf-8') as lines:
            for number, episode in enumerate(read_episodes(_whole(lines)), start=1):
                statistics.add(episode, mask, domain.remarks_on(episode))
                on_progress(number)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f'cannot read {path}: {error}') from error
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error
    for record in read_progress(folder):
        statistics.add_rejections(record['facts'].get('rejections', {}))
    for split in SPLITS:
        shards = folder / SHARDS / split
        if shards.is_dir():
            statistics.add_tokens(open_shards(shards).documents['length'].tolist())
    return statistics


def _whole(lines: Iterable[str]) -> Iterable[str]:
    return (line for line in lines if line.endswith('\n'))
