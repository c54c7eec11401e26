# SPDX-License-Identifier: Apache-2.0
"""What trials cost, and how a planner behaves in them, whether it succeeds or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from prism_core.evaluation.results import Result


@dataclass(frozen=True)
class Costs:
    """What trials took: turns, actions and metres of a trial (means), and the oracle's."""

    turns: float
    actions: float
    oracle_actions: float
    metres: float
    oracle_metres: float


@dataclass(frozen=True)
class ModelCosts:
    """What a reply of a model that runs here took: tokens of the prompt, tokens that were read anew
    and tokens of the reply (medians), seconds to the first token (median and p95); and the largest
    memory of a process in MiB.
    """

    prompt_tokens: float
    read_tokens: float
    new_tokens: float
    first_token_s: float
    first_token_p95_s: float
    peak_mib: int


@dataclass(frozen=True)
class Manners:
    """How a planner asks, and what else its domain counts.

    Asking what is meant was `asked_right`, or `asked_wrong`, or should have been done and
    `asked_not`. `remarks`: how often there was what `Domain.remarks_on` names.
    """

    asked_right: int
    asked_wrong: int
    asked_not: int
    remarks: dict[str, int]


@dataclass(frozen=True)
class KeptPlans:
    """Plans that were the rest of the one before, so that nobody was asked: how many, their share
    of all plans, and the seconds that one took (median).
    """

    plans: int
    share: float
    median_s: float

    def __str__(self) -> str:
        return (
            f'{self.plans:,} plans ({self.share:.1%}) were the rest of the one before, given '
            f'without asking in {self.median_s * 1e3:.1f} ms (median)'
        )


def count_kept(results: Sequence[Result]) -> KeptPlans | None:
    """The plans for which nobody was asked; None where each one was asked for."""
    counted = [result for result in results if result.kept_s is not None]
    if not counted:
        return None
    seconds = [s for result in counted for s in result.kept_s or ()]
    plans = sum(len(result.plan_s) for result in counted)
    median_s = float(np.median(seconds)) if seconds else 0.0
    return KeptPlans(len(seconds), len(seconds) / max(plans, 1), median_s)


def mean_costs(results: Sequence[Result]) -> Costs:
    """What trials took."""

    def mean(name: str) -> float:
        return float(np.mean([getattr(result, name) for result in results] or [0.0]))

    names = ('turns', 'actions', 'oracle_actions', 'distance_m', 'oracle_distance_m')
    return Costs(*map(mean, names))


def sum_model_costs(results: Sequence[Result]) -> ModelCosts | None:
    """What the replies of a model took; None where none ran here."""
    calls = [call for result in results for call in result.calls]
    if not calls:
        return None
    waits = [call.first_token_s for call in calls]
    return ModelCosts(
        prompt_tokens=float(np.median([call.prompt_tokens for call in calls])),
        read_tokens=float(np.median([call.read_tokens for call in calls])),
        new_tokens=float(np.median([call.new_tokens for call in calls])),
        first_token_s=float(np.median(waits)),
        first_token_p95_s=float(np.percentile(waits, 95)),
        peak_mib=max(result.peak_mib for result in results),
    )


def count_manners(results: Sequence[Result]) -> Manners:
    """How a planner asks, and what else its domain counts."""
    asked = Counter(result.asked for result in results)
    remarks = Counter[str]()
    for result in results:
        remarks.update(result.remarks)
    return Manners(
        asked_right=asked['right'],
        asked_wrong=asked['wrong'],
        asked_not=asked['missed'],
        remarks=dict(remarks),
    )


def percentile_s(results: Iterable[Result], percent: float) -> float:
    """A percentile of the time that a plan took."""
    seconds = [s for r in results for s in r.plan_s]
    return float(np.percentile(seconds, percent)) if seconds else 0.0
