# SPDX-License-Identifier: Apache-2.0
"""What a rank sees of each step: parts of the batch as tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from prism_core.distill.documents import Samples
from prism_core.distill.schedule import Steps


class _Samples(Dataset):
    def __init__(self, documents: Samples):
        self._documents = documents

    def __len__(self) -> int:
        return len(self._documents)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        # A rank that has no sample in this step sees the first one, which then counts nothing.
        tokens, weights = self._documents[max(index, 0)]
        return tokens, weights if index >= 0 else np.zeros_like(weights)


class _Parts(Sampler):
    """The samples of each part of each step of one rank, from a step on."""

    def __init__(self, plan: Steps, first_step: int, rank: int, ranks: int, accumulation: int):
        self._plan, self._first_step = plan, first_step
        self._rank, self._ranks, self._accumulation = rank, ranks, accumulation

    def __len__(self) -> int:
        return len(self._plan) * self._accumulation

    def __iter__(self) -> Iterator[list[int]]:
        parts = self._ranks * self._accumulation
        for step in range(self._first_step, len(self._plan)):
            samples = self._plan[step]
            for number in range(self._rank, parts, self._ranks):
                yield samples[number::parts].tolist() or [-1]


def load_batches(
    documents: Samples,
    plan: Steps,
    *,
    first_step: int,
    rank: int,
    ranks: int,
    accumulation: int,
    packed: bool,
    multiple: int,
    workers: int,
) -> DataLoader:
    """The parts of each step that one rank works off, as `input_ids` and `weights`.

    Args:
        documents: the samples.
        plan: which make which step.
        first_step: where to begin.
        rank: which of the ranks this is.
        ranks: how many there are.
        accumulation: how many parts each of them has.
        packed: whether samples stand one behind the other, with `position_ids`.
        multiple: lengths are padded to a multiple of it.
        workers: processes that read ahead.
    """
    collate = partial(pack_samples if packed else pad_samples, multiple=multiple)
    return DataLoader(
        _Samples(documents),
        batch_sampler=_Parts(plan, first_step, rank, ranks, accumulation),
        collate_fn=collate,
        generator=torch.Generator(),  # or making an iterator would draw from the run's own
        num_workers=workers,
    )


def pad_samples(
    samples: Sequence[tuple[np.ndarray, np.ndarray]], multiple: int = 1
) -> dict[str, torch.Tensor]:
    """Samples side by side. What pads them stands behind them and counts nothing, so that a causal
    model needs no mask.
    """
    longest = max(len(tokens) for tokens, _ in samples)
    shape = (len(samples), -(-longest // multiple) * multiple)
    ids, weights = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
    for row, (tokens, counts) in enumerate(samples):
        ids[row, : len(tokens)] = tokens
        weights[row, : len(tokens)] = counts
    return {'input_ids': torch.from_numpy(ids), 'weights': torch.from_numpy(weights)}


def pack_samples(
    samples: Sequence[tuple[np.ndarray, np.ndarray]], multiple: int = 1
) -> dict[str, torch.Tensor]:
    """Samples one behind the other, each with positions from 0: attention keeps them apart."""
    tokens = np.concatenate([tokens for tokens, _ in samples])
    weights = np.concatenate([weights for _, weights in samples])
    batch = pad_samples([(tokens, weights)], multiple)
    length = batch['input_ids'].shape[1]
    positions = [np.arange(len(tokens)) for tokens, _ in samples]
    filled = sum(map(len, positions))
    joined = np.concatenate([*positions, np.arange(length - filled)])
    return {**batch, 'position_ids': torch.from_numpy(joined)[None]}
