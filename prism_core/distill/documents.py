# SPDX-License-Identifier: Apache-2.0
"""Samples as tokens with weights, from memory-mapped shards or from arrays.

A token's weight says how much it counts in the loss. Shards weigh replies only; here the tokens of
prompts can be given a weight of their own. A reply of weight 0 (a plan that was refused, or one
that another sample teaches) is part of no prompt: it stays at 0.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from tokenizers import Tokenizer

from prism_core.dataset.shards import open_shards
from prism_core.dataset.tokenizer import END, HANDLES, ROLES
from prism_core.errors import ConfigError

MIN_WEIGHT = 1e-6


@dataclass(frozen=True, eq=False)
class PromptWeighing:
    """How tokens of prompts are told from those of replies, and what they count.

    `reply` begins a reply and `end` ends it; tokens of `never` count nothing in prompts. Handles
    count `handle_weight` where they stand again, and nothing where they are new: nobody can foresee
    which one was drawn.
    """

    weight: float
    handle_weight: float
    reply: int
    end: int
    never: tuple[int, ...]
    handles: tuple[int, ...]

    def weigh(self, tokens: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The weights of one sample, with those of its prompts."""
        begins, ends = tokens == self.reply, tokens == self.end
        in_reply = np.cumsum(begins) - begins > np.cumsum(ends) - ends
        is_new = np.zeros(len(tokens), bool)
        is_new[np.unique(tokens, return_index=True)[1]] = True
        prompt = np.where(np.isin(tokens, self.never), 0.0, self.weight)
        prompt = np.where(
            np.isin(tokens, self.handles), np.where(is_new, 0.0, self.handle_weight), prompt
        )
        return np.where(in_reply, weights, prompt).astype(np.float32)


class Samples(Protocol):
    """Samples by number: their tokens and weights."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]: ...


@dataclass(frozen=True, eq=False)
class Documents:
    """Samples one behind the other in flat arrays; `dropped` counts those left out, by reason.

    `is_all`: whether there will be no more.
    """

    tokens: np.ndarray | _Joined
    weights: np.ndarray | _Joined
    starts: np.ndarray
    lengths: np.ndarray
    weighing: PromptWeighing | None = None
    dropped: dict[str, int] = field(default_factory=dict)
    is_all: bool = True

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Tokens (int64) and weights (float32) of one sample."""
        part = slice(int(self.starts[index]), int(self.starts[index] + self.lengths[index]))
        tokens = np.asarray(self.tokens[part], np.int64)
        weights = np.asarray(self.weights[part], np.float32)
        if self.weighing is not None:
            weights = self.weighing.weigh(tokens, weights)
        weights[0] = 0.0  # nothing foretells the first token
        return tokens, weights

    def begin_with(self, index: int, beginnings: Collection[tuple[int, ...]]) -> bool:
        """Whether what counts most in a sample, its first reply, begins with given tokens."""
        part = slice(int(self.starts[index]), int(self.starts[index] + self.lengths[index]))
        counted = np.flatnonzero(np.asarray(self.weights[part]) > MIN_WEIGHT)
        if not len(counted):
            return False
        reply = self.tokens[part][counted[0] :]
        return any(tuple(reply[: len(one)].tolist()) == one for one in beginnings)

    def take(self, kept: np.ndarray) -> Documents:
        """Some of the samples."""
        return replace(self, starts=self.starts[kept], lengths=self.lengths[kept])


def join_documents(
    samples: Sequence[tuple[Sequence[int], Sequence[float]]], dropped: dict[str, int]
) -> Documents:
    """Documents from tokens and weights of each sample."""
    lengths = np.array([len(tokens) for tokens, _ in samples], np.int64)
    ends = np.cumsum(lengths)
    return Documents(
        np.fromiter((t for tokens, _ in samples for t in tokens), np.int32),
        np.fromiter((w for _, weights in samples for w in weights), np.float32),
        ends - lengths,
        lengths,
        None,
        dropped,
    )


def drop_long(documents: Documents, max_length: int) -> Documents:
    """Without samples of more than so many tokens, which are counted: none is cut."""
    kept = documents.lengths <= max_length
    count = int((~kept).sum())
    reason = f'more than {max_length} tokens'
    dropped = {**documents.dropped, **({reason: count} if count else {})}
    return replace(documents.take(np.flatnonzero(kept)), dropped=dropped)


class _Joined:
    """Arrays one behind the other, where they lie; a part that is asked for is of one of them."""

    def __init__(self, arrays: Sequence[np.ndarray | _Joined]):
        self._arrays = arrays
        self._starts = np.cumsum([0, *map(len, arrays)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, part: slice) -> np.ndarray:
        number = int(np.searchsorted(self._starts, part.start, side='right')) - 1
        start = int(self._starts[number])
        return self._arrays[number][part.start - start : part.stop - start]


def join_shards(parts: Sequence[Documents]) -> Documents:
    """The samples of several folders, in their order; the arrays stay where they are."""
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *(len(part.tokens) for part in parts)])
    return Documents(
        _Joined([part.tokens for part in parts]),
        _Joined([part.weights for part in parts]),
        np.concatenate([part.starts + start for part, start in zip(parts, starts)]),
        np.concatenate([part.lengths for part in parts]),
        parts[0].weighing,
        is_all=all(part.is_all for part in parts),
    )


def open_shard_documents(
    folder: Path, tokenizer: Tokenizer, weighing: PromptWeighing | None
) -> Documents:
    """The conversations of a folder of shards; without `weighing` replies alone count.

    Raises:
        ConfigError: the folder holds no shards, or those of another tokenizer.
    """
    shards = open_shards(folder, tokenizer)
    return Documents(
        shards.tokens,
        shards.weights,
        shards.documents['start'].astype(np.int64),
        shards.documents['length'].astype(np.int64),
        weighing,
        is_all=shards.is_whole,
    )


def weigh_prompts(tokenizer: Tokenizer, weight: float, handle_weight: float) -> PromptWeighing:
    """Prompts of our own tokenizer, in which digits count nothing.

    Raises:
        ConfigError: the tokenizer lacks the control tokens.
    """
    reply, end = (tokenizer.token_to_id(token) for token in (ROLES['assistant'], END))
    if reply is None or end is None:
        raise ConfigError(
            f'expected a tokenizer with {ROLES["assistant"]} and {END}, got one without; train one '
            'with train_tokenizer'
        )
    digits, handles = (
        tuple(number for text in texts if (number := tokenizer.token_to_id(text)) is not None)
        for texts in ('0123456789', HANDLES)
    )
    return PromptWeighing(weight, handle_weight, reply, end, digits, handles)
