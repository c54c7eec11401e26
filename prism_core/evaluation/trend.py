# SPDX-License-Identifier: Apache-2.0
"""How success grows with tokens or episodes, over students of `prism distill` that played one
suite, and what ten times more would give if it went on like that.

The trend is a power law of what fails: log(1 - success) is a straight line over log(amount).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from prism_core.dataset.shard_writers import SHARDS
from prism_core.dataset.shards import count_episodes, open_shards
from prism_core.errors import ConfigError
from prism_core.evaluation.comparison import read_report
from prism_core.evaluation.evaluate import read_results
from prism_core.evaluation.scores import Estimate, draw_success, join_twins, to_estimate
from prism_core.files import read_text
from prism_core.pictures.picture import BLUE, TEXT, open_figure, plain_axes, save_figure

Amount = Literal['tokens', 'episodes']

FEWEST_RUNS = 3
MORE = 10
_SMALLEST_ERROR = 1e-3


@dataclass(frozen=True)
class Point:
    """A student: the tokens that it was trained on, the episodes that they are from, and success on
    the suite.
    """

    run: str
    tokens: int
    episodes: int
    success: Estimate


@dataclass(frozen=True)
class Trend:
    """Students by what they had of something, with the fitted line.

    `exponent`: with k times the amount k ** exponent times as much fails. `expected`: success with
    ten times the largest amount. Intervals are from a bootstrap over the worlds of the suite, the
    same draw for all students; they do not tell whether the law holds so far out.
    """

    against: Amount
    points: tuple[Point, ...]
    amount: int
    exponent: Estimate
    expected: Estimate


def fit_trend(runs: Sequence[Path], against: Amount) -> Trend:
    """Read some runs and fit the line.

    Args:
        runs: folders of `prism distill`, each with one evaluation, all of one suite.
        against: what counts.

    Raises:
        ConfigError: a folder holds no such run, the suites differ, or the runs are too few or all
            of one amount.
    """
    folders = [_find_evaluation(run) for run in runs]
    suites = {read_report(folder)['suite_sha256'] for folder in folders}
    if len(suites) > 1:
        raise ConfigError(
            f'expected runs that played one suite, got those of {len(suites)}; evaluate the '
            'students with the same suite'
        )
    points, drawn = [], []
    for run, folder in zip(runs, folders):
        tasks = join_twins(read_results(folder))
        value, draws = draw_success(tasks)
        points.append(Point(run.name, *_count(run), to_estimate(value, draws, len(tasks))))
        drawn.append(draws)
    amounts = np.array([getattr(point, against) for point in points])
    if len(set(amounts)) < FEWEST_RUNS:
        raise ConfigError(
            f'expected runs of at least {FEWEST_RUNS} different numbers of {against}, got '
            f'{len(set(amounts))}; see config/distill/ablations'
        )
    amount = MORE * int(amounts.max())
    middle = np.array([[point.success.value for point in points]])
    tasks_of_all = points[0].success.tasks
    fitted = zip(_fit(amounts, middle, amount), _fit(amounts, np.stack(drawn, axis=1), amount))
    exponent, expected = (to_estimate(float(v[0]), d, tasks_of_all) for v, d in fitted)
    order = np.argsort(amounts, kind='stable')
    return Trend(against, tuple(points[i] for i in order), amount, exponent, expected)


def _find_evaluation(run: Path) -> Path:
    found = sorted(path for path in (run / 'evaluation').glob('*') if path.is_dir())
    if len(found) != 1:
        raise ConfigError(
            f'{run}: expected a run of `prism distill` with one evaluation, got {len(found)}'
        )
    return found[0]


def _count(run: Path) -> tuple[int, int]:
    """The tokens that a student was trained on, and the episodes that they are from."""
    tokens = json.loads(read_text(run / 'train' / 'report.json'))['tokens']
    return tokens, count_episodes(open_shards(run / 'data' / SHARDS / 'train'))


def _fit(amounts: np.ndarray, successes: np.ndarray, amount: int) -> tuple[np.ndarray, np.ndarray]:
    """For each row of successes the exponent, and success with some amount."""
    errors = np.log(np.maximum(1 - successes, _SMALLEST_ERROR)).T
    slope, start = np.polyfit(np.log(amounts), errors, 1)
    return slope, 1 - np.exp(start + slope * np.log(amount))


def draw_trend(trend: Trend, path: Path) -> None:
    """Draw what fails over the amount, both in powers of ten, with the line and where it leads.

    Raises:
        ConfigError: it cannot be written, or matplotlib is not installed.
    """
    figure = open_figure((6.4, 4.0), layout='constrained')
    axes: Any = figure.add_subplot()
    amounts = [getattr(point, trend.against) for point in trend.points]
    for x, found, filled in (
        *((x, point.success, True) for x, point in zip(amounts, trend.points)),
        (trend.amount, trend.expected, False),
    ):
        reach = [[found.high - found.value], [found.value - found.low]]
        face = BLUE if filled else 'white'
        axes.errorbar(
            [x], [1 - found.value], yerr=reach, color=BLUE, marker='o', mfc=face, capsize=3
        )
    ends = np.array([min(amounts), trend.amount])
    reached = (1 - trend.expected.value) * (ends / trend.amount) ** trend.exponent.value
    axes.plot(ends, reached, '--', color=BLUE, linewidth=1)
    axes.set_xscale('log')
    axes.set_yscale('log')
    axes.set_xlabel(f'{trend.against} of training', fontsize=9, color=TEXT)
    axes.set_ylabel('share that fails', fontsize=9, color=TEXT)
    plain_axes(axes)
    axes.yaxis.get_major_locator().set_params(subs=(1.0, 2.0, 5.0))
    axes.yaxis.set_major_formatter(lambda value, _: f'{value:g}')
    axes.yaxis.set_minor_formatter('')
    axes.xaxis.set_major_formatter(lambda value, _: f'{value:,.0f}')
    axes.set_title('Measured, and what ten times more would give', fontsize=11, loc='left')
    save_figure(figure, path)
