# SPDX-License-Identifier: Apache-2.0
"""Two evaluations of the same suite, compared task by task.

Both played the same tasks, so that what makes a task hard is in both figures and not in their
difference. Knows folders that `evaluate` wrote, and not how the planners were run.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

from prism_core.errors import ConfigError
from prism_core.evaluation.evaluate import REPORT, read_results
from prism_core.evaluation.results import Result
from prism_core.evaluation.scores import (
    Estimate,
    ScoredTask,
    as_hits,
    draw_success,
    join_twins,
    to_estimate,
)

VIEWS = ('kind', 'wording and classes')
# If all of 5 worlds go the same way, that is chance once in 16 times; of 6, once in 32.
FEWEST_WORLDS = 6
_ROUNDING = 1e-9  # of averages, which are equal up to it
_Pair = tuple[ScoredTask, ScoredTask]


@dataclass(frozen=True)
class Contrast:
    """How one planner did on some tasks, and how the other did.

    `difference`: of the macro averages, one - other. `ratio`: one / other; None where the other
    succeeds in nothing that some draw of worlds holds. `only_one`, `only_other`: tasks in which
    only that planner succeeds. `p`: of McNemar's test, which takes tasks for independent; the
    intervals do not.
    """

    worlds: int
    one: Estimate
    other: Estimate
    difference: Estimate
    ratio: Estimate | None
    only_one: int
    only_other: int
    p: float

    @property
    def is_told_apart(self) -> bool:
        """Whether the interval of the difference excludes 0, and is of enough worlds."""
        excludes_0 = self.difference.low > _ROUNDING or self.difference.high < -_ROUNDING
        return excludes_0 and self.worlds >= FEWEST_WORLDS

    @property
    def verdict(self) -> str:
        """Whether the planners can be told apart, in one sentence."""
        if self.worlds < FEWEST_WORLDS:
            return (
                f'not distinguishable: {self.worlds} worlds are too few, expected at least '
                f'{FEWEST_WORLDS}'
            )
        if not self.is_told_apart:
            return f'not distinguishable: the interval of the difference {self.difference} holds 0'
        better = 'one' if self.difference.low > 0 else 'other'
        return f'told apart: {better} is better, as the interval of {self.difference} excludes 0'


@dataclass(frozen=True)
class Comparison:
    """Two evaluations of a suite: the candidates as their reports say, all tasks, and groups of
    them by view. `wrong` and `wrong_views` are the same of the tasks that ended wrong, of which
    fewer are better.
    """

    one: dict[str, Any]
    other: dict[str, Any]
    suite_sha256: str
    total: Contrast
    views: dict[str, dict[str, Contrast]]
    wrong: Contrast
    wrong_views: dict[str, dict[str, Contrast]]

    @property
    def wrong_verdict(self) -> str:
        """Whether one planner is wrong less often, in one sentence."""
        if not self.wrong.is_told_apart:
            return f'wrong: {self.wrong.verdict}'
        fewer = 'one' if self.wrong.difference.low < 0 else 'other'
        return f'wrong: told apart: {fewer} is wrong less often'


def compare(one: Path, other: Path) -> Comparison:
    """Compare two evaluations of the same suite.

    Args:
        one: the folder of an evaluation, such as a student's.
        other: the folder of another, such as its teacher's.

    Raises:
        ConfigError: a folder holds no finished evaluation, or they are not of the same tasks.
    """
    first, second = read_report(one), read_report(other)
    suite, came = first['suite_sha256'], second['suite_sha256']
    if suite != came:
        raise ConfigError(
            f'{other}: expected an evaluation of the suite that {one} is of, sha256 {suite}, got '
            f'one of {came}; run `prism evaluate` for both with the same --suite and version'
        )
    ones, others = read_results(one), read_results(other)
    unpaired = _places(ones) ^ _places(others)
    if unpaired:
        raise ConfigError(
            f'expected the same trials in {one} and {other}, got {len(unpaired)} that only one of '
            'them has; run `prism evaluate` again, to a new folder'
        )
    pairs = list(zip(join_twins(ones), join_twins(others)))
    wrong = list(zip(*(as_hits(tasks, 'wrong') for tasks in zip(*pairs))))
    return Comparison(
        one=first['candidate'],
        other=second['candidate'],
        suite_sha256=suite,
        total=contrast(pairs),
        views=_contrast_groups(pairs),
        wrong=contrast(wrong),
        wrong_views=_contrast_groups(wrong),
    )


def _contrast_groups(pairs: Sequence[_Pair]) -> dict[str, dict[str, Contrast]]:
    views: dict[str, dict[str, list[_Pair]]] = {view: defaultdict(list) for view in VIEWS}
    for pair in pairs:
        for view, groups in views.items():
            if view in pair[0].groups:
                groups[pair[0].groups[view]].append(pair)
    return {
        view: {group: contrast(groups[group]) for group in sorted(groups)}
        for view, groups in views.items()
    }


def read_report(folder: Path) -> dict[str, Any]:
    """What an evaluation came to, as it was written.

    Raises:
        ConfigError: the folder holds no finished evaluation.
    """
    try:
        report = json.loads((folder / REPORT).read_text('utf-8'))
    except (OSError, ValueError):
        report = None
    if not isinstance(report, dict) or not {'candidate', 'suite_sha256'} <= report.keys():
        raise ConfigError(
            f'{folder}: expected a finished evaluation, got no {REPORT} of one; run `prism '
            f'evaluate` with --out {folder}, and with --resume if it was stopped'
        )
    return report


def _places(results: Sequence[Result]) -> set[tuple[int, str, str]]:
    return {(result.world, result.task, result.id) for result in results}


def contrast(pairs: Sequence[_Pair]) -> Contrast:
    """How two planners did on the same tasks.

    Args:
        pairs: each task as it went for the one, and for the other.
    """
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    (one, ones_drawn), (other, others_drawn) = draw_success(ones), draw_success(others)
    ratio = None
    if others_drawn.all():
        ratio = to_estimate(one / other, ones_drawn / others_drawn, len(pairs))
    only_one = sum(a.success and not b.success for a, b in pairs)
    only_other = sum(b.success and not a.success for a, b in pairs)
    return Contrast(
        worlds=len({task.world for task in ones}),
        one=to_estimate(one, ones_drawn, len(pairs)),
        other=to_estimate(other, others_drawn, len(pairs)),
        difference=to_estimate(one - other, ones_drawn - others_drawn, len(pairs)),
        ratio=ratio,
        only_one=only_one,
        only_other=only_other,
        p=mcnemar_p(only_one, only_other),
    )


def mcnemar_p(only_one: int, only_other: int) -> float:
    """The p of McNemar's test (Psychometrika 12, 1947, 153-157), exact and two-sided: how likely so
    uneven a split of the tasks in which one planner alone succeeds is, if each is even odds.
    """
    tasks = only_one + only_other
    tail = sum(comb(tasks, k) for k in range(min(only_one, only_other) + 1))
    return min(1.0, 2 * tail / 2**tasks)
