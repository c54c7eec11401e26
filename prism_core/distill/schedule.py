# SPDX-License-Identifier: Apache-2.0
"""Which samples make which step: a plan of the whole run, made before its first step (where samples
are still being made, see `following`).

The plan is a function of lengths, recipe and seed alone, so that a run that goes on after any step
sees what an uninterrupted one would have seen, and any number of ranks share the same batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import numpy as np

from prism_core.distill.config import BatchConfig
from prism_core.errors import ConfigError

POOL = 64
"""Batches whose samples are sorted by length, so that there is little padding."""


class Steps(Protocol):
    """The samples of each step of a run."""

    def __len__(self) -> int: ...

    def __getitem__(self, step: int) -> np.ndarray: ...

    @property
    def total_tokens(self) -> int:
        """How many are seen in all."""

    def seen_after(self, step: int) -> int:
        """How many tokens were seen when so many steps were done."""


@dataclass(frozen=True, eq=False)
class BatchPlan:
    """The samples of each step, flat: step i has `order[ends[i - 1]:ends[i]]`; `seen` counts the
    tokens up to it.
    """

    order: np.ndarray
    ends: np.ndarray
    seen: np.ndarray

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, step: int) -> np.ndarray:
        return self.order[self.ends[step - 1] if step else 0 : self.ends[step]]

    @property
    def total_tokens(self) -> int:
        """How many are seen in all."""
        return int(self.seen[-1])

    def seen_after(self, step: int) -> int:
        """How many tokens were seen when so many steps were done."""
        return int(self.seen[step - 1]) if step else 0


def plan_batches(
    lengths: np.ndarray,
    batch: BatchConfig,
    *,
    total_tokens: int,
    seed: int,
    easy: np.ndarray | None = None,
    easy_share: float = 0.0,
) -> BatchPlan:
    """Draw the batches of a run; each sample once before any comes again.

    Args:
        lengths: of all samples, in tokens; at least one.
        batch: how large batches are, and how they grow.
        total_tokens: how many tokens are seen in all, at least.
        seed: of the order.
        easy: the samples that the first part of the run learns from, again and again.
        easy_share: how large that part is.

    Raises:
        ConfigError: a sample alone is larger than a batch.
    """
    least = min(batch.first_tokens or batch.tokens, batch.tokens)
    if lengths.max() > least:
        raise ConfigError(
            f'expected batches of at least {lengths.max()} tokens, as many as the longest sample '
            f'has, got {least}; set batch.tokens and batch.first_tokens higher, or data.max_length '
            'lower'
        )
    rng = np.random.default_rng(seed)
    everything = np.arange(len(lengths))
    first = everything[:0]
    if easy is not None and len(easy):
        first = _take(_passes(easy, rng), lengths, easy_share * total_tokens)
    seen = int(lengths[first].sum())
    unseen = rng.permutation(np.setdiff1d(everything, first))
    rest = _take(chain([unseen], _passes(everything, rng)), lengths, total_tokens - seen)
    batches = [
        *_cut(first, lengths, batch, 0, total_tokens, rng),
        *_cut(rest, lengths, batch, seen, total_tokens, rng),
    ]
    order, ends = np.concatenate(batches), np.cumsum([len(one) for one in batches])
    return BatchPlan(order, ends, np.cumsum(lengths[order])[ends - 1])


def _passes(pool: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    while True:
        yield rng.permutation(pool)


def _take(passes: Iterator[np.ndarray], lengths: np.ndarray, tokens: float) -> np.ndarray:
    """Samples in the order given, until they have so many tokens."""
    taken = [np.zeros(0, np.int64)]
    while tokens > 0:
        order = next(passes)
        sums = np.cumsum(lengths[order])
        taken.append(order[: int(np.searchsorted(sums, tokens)) + 1])
        tokens -= lengths[taken[-1]].sum()
    return np.concatenate(taken)


def _cut(
    order: np.ndarray,
    lengths: np.ndarray,
    batch: BatchConfig,
    seen: int,
    total_tokens: int,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    """Batches of samples of like length, from one pool of samples after the other."""
    sums = np.concatenate([[0], np.cumsum(lengths[order])])
    start = 0
    while start < len(order):
        limit = tokens_at(batch, (seen + sums[start]) / total_tokens)
        stop = int(np.searchsorted(sums, sums[start] + POOL * limit))
        pool = order[start : max(stop, start + 1)]
        yield from cut_pool(pool, lengths, batch, limit, rng)
        start += len(pool)


def cut_pool(
    pool: np.ndarray,
    lengths: np.ndarray,
    batch: BatchConfig,
    limit: float,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    """Batches of some samples, those of like length together, in random order."""
    batches = list(_fill(pool[np.argsort(lengths[pool], kind='stable')], lengths, batch, limit))
    for place in rng.permutation(len(batches)):
        yield batches[place]


def tokens_at(batch: BatchConfig, share: float) -> float:
    """The greatest number of tokens of a batch at some share of the run."""
    first = batch.first_tokens or batch.tokens
    grown = min(share / batch.growth, 1.0) if batch.growth else 1.0
    return first + grown * (batch.tokens - first)


def _fill(
    pool: np.ndarray, lengths: np.ndarray, batch: BatchConfig, limit: float
) -> Iterator[np.ndarray]:
    """Cut a pool that is sorted by length, so that each batch has room for its padding."""
    start, total = 0, 0
    for place, sample in enumerate(pool):
        length = int(lengths[sample])
        count = place - start + 1
        cost = total + length if batch.packed else count * length
        if cost > limit or (batch.samples and count > batch.samples):
            yield pool[start:place]
            start, total = place, 0
        total += length
    yield pool[start:]
