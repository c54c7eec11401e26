# SPDX-License-Identifier: Apache-2.0
"""Scores from results: success, and how the rest ended, as macro averages over kinds of task, with
intervals.

A pair of twins counts as one task, which succeeds if both do, and else ended as the worse of them.
Tasks of one world are not independent, so that intervals are from a bootstrap that draws worlds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from prism_core.evaluation.results import Result
from prism_core.evaluation.rightness import RIGHTNESS, Rightness, worst_of

DRAWS = 2000
_LEVELS = (2.5, 97.5)


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval, over so many tasks."""

    value: float
    low: float
    high: float
    tasks: int

    def __str__(self) -> str:
        return f'{self.value:.3f} ({self.low:.3f} to {self.high:.3f})'


@dataclass(frozen=True)
class ScoredTask:
    """A task that counts as one: a pair of twins, or an episode without a twin.

    Kind and groups of a pair are those of the twin that was drawn first.
    """

    world: int
    kind: str
    is_pair: bool
    success: bool
    groups: Mapping[str, str] = field(default_factory=dict)
    rightness: Rightness = 'wrong'


@dataclass(frozen=True)
class Ends:
    """How tasks ended for a person, as shares that add up to one with success: see `rightness`."""

    asked: Estimate
    unknown: Estimate
    wrong: Estimate


def join_twins(results: Iterable[Result]) -> list[ScoredTask]:
    """The tasks of some results; twins are not told from one another."""
    ordered = sorted(results, key=lambda result: (result.world, result.task, result.number))
    tasks = []
    for (world, _), group in groupby(ordered, key=lambda result: (result.world, result.task)):
        twins = list(group)
        success = all(twin.success for twin in twins)
        first, end = twins[0], worst_of([twin.rightness for twin in twins])
        tasks.append(ScoredTask(world, first.kind, len(twins) > 1, success, first.groups, end))
    return tasks


def estimate_success(tasks: Sequence[ScoredTask], seed: int = 0) -> Estimate:
    """The macro average over kinds of the share of tasks that succeed."""
    return to_estimate(*draw_success(tasks, seed), len(tasks))


def estimate_ends(tasks: Sequence[ScoredTask]) -> Ends:
    """How tasks ended that did not succeed."""
    asked, unknown, wrong = (estimate_success(as_hits(tasks, end)) for end in RIGHTNESS[1:])
    return Ends(asked, unknown, wrong)


def as_hits(tasks: Sequence[ScoredTask], end: Rightness) -> list[ScoredTask]:
    """The tasks, of which those count as successes that ended so: for the share that they are."""
    return [replace(task, success=task.rightness == end) for task in tasks]


def estimate_reference_rule(results: Iterable[Result]) -> Estimate | None:
    """The share of the trials that the reference code's rule passes, where it can tell; None where
    it can tell of none.
    """
    told = [replace(r, success=r.reference) for r in results if r.reference is not None]
    return estimate_success(join_twins(told)) if told else None


def draw_success(tasks: Sequence[ScoredTask], seed: int = 0) -> tuple[float, np.ndarray]:
    """The macro average, and that of each of many draws of worlds.

    The draws are the same for all that tried the same tasks.
    """
    if not tasks:
        return 0.0, np.zeros(DRAWS)
    counts, successes = _tables(tasks)
    drawn = _draw_worlds(len(counts), seed)
    value = _macro(successes.sum(0)[None], counts.sum(0)[None])[0]
    return float(value), _macro(drawn @ successes, drawn @ counts)


def to_estimate(value: float, drawn: np.ndarray, tasks: int) -> Estimate:
    """A figure with the interval that its draws give, over so many tasks."""
    low, high = np.percentile(drawn, _LEVELS)
    return Estimate(value, float(low), float(high), tasks)


def _tables(tasks: Sequence[ScoredTask]) -> tuple[np.ndarray, np.ndarray]:
    """How many tasks of each kind a world has, and how many of them succeeded."""
    worlds = {world: i for i, world in enumerate(sorted({task.world for task in tasks}))}
    kinds = {kind: i for i, kind in enumerate(sorted({task.kind for task in tasks}))}
    counts = np.zeros((len(worlds), len(kinds)))
    successes = np.zeros_like(counts)
    for task in tasks:
        place = worlds[task.world], kinds[task.kind]
        counts[place] += 1
        successes[place] += task.success
    return counts, successes


def _draw_worlds(number: int, seed: int) -> np.ndarray:
    """How often each world is drawn, in each of many draws."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(number, np.full(number, 1 / number), size=DRAWS).astype(float)


def _macro(successes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The mean over the kinds that were drawn, for each row."""
    there = counts > 0
    shares = np.divide(successes, counts, out=np.zeros_like(successes), where=there)
    return shares.sum(1) / np.maximum(there.sum(1), 1)


def count_reasons(results: Iterable[Result]) -> Counter[str]:
    """Why trials failed, by how they ended and the part of the verdict that failed first."""
    return Counter(f'{r.kind}: {r.reason or r.ending}' for r in results if not r.success)


def path_efficiency(results: Sequence[Result]) -> float:
    """Success weighted by path length (SPL, Anderson et al. 2018, arXiv 1807.06757): the oracle's
    way over the one taken, 0 where the trial failed. A metre is added to both, as many a task needs
    no driving. Trials of tasks that no oracle played do not count.
    """
    shares = [
        r.success * (r.oracle_distance_m + 1.0) / (max(r.distance_m, r.oracle_distance_m) + 1.0)
        for r in results
        if r.oracle_actions
    ]
    return float(np.mean(shares)) if shares else 0.0
