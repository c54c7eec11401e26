# SPDX-License-Identifier: Apache-2.0
"""Training on samples that are still being made, on the shards that `prism elicit` writes.

Samples are taken in the order in which they come, and waited for; when there will be no more, all
come again. A run is a function of samples, recipe and seed as any other: it does not depend on who
was faster, and goes on after any step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from prism_core.distill.config import BatchConfig
from prism_core.distill.documents import Documents
from prism_core.distill.schedule import POOL, cut_pool, tokens_at
from prism_core.errors import ConfigError

_LOOK_S = 0.5
_SHARES = np.linspace(0, 1, 1001)


class GrowingDocuments:
    """Samples of which there may be more each time one looks.

    Args:
        look: gives those that there are, each at the same place as before.
    """

    def __init__(self, look: Callable[[], Documents]):
        self._look = look
        self._now = look()

    def __len__(self) -> int:
        return len(self._now)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Tokens and weights of one sample; waits until it is there."""
        self.wait_for(index + 1)
        return self._now[index]

    @property
    def lengths(self) -> np.ndarray:
        """Of those that there were at the last look, in tokens."""
        return self._now.lengths

    @property
    def dropped(self) -> dict[str, int]:
        """How many were left out so far, by reason."""
        return self._now.dropped

    def wait_for(self, count: int) -> bool:
        """Wait until there are so many; false if there never will be."""
        while len(self._now) < count and not self._now.is_all:
            time.sleep(_LOOK_S)
            self._now = self._look()
        return len(self._now) >= count

    def take(self, kept: np.ndarray) -> Documents:
        """Some of those that there are, which stay what they are."""
        return self._now.take(kept)


class GrowingPlan:
    """The steps of a run over growing documents, each planned when it is asked for.

    How many there are is told by the first samples: about as many as `total_tokens` take.

    Args:
        documents: the samples.
        batch: how large batches are, and how they grow.
        total_tokens: how many tokens are to be seen, about.
        seed: of the order.

    Raises:
        ConfigError: there is no sample, and there will be none.
    """

    def __init__(
        self, documents: GrowingDocuments, batch: BatchConfig, *, total_tokens: int, seed: int
    ):
        if not documents.wait_for(1):
            raise ConfigError('expected samples to learn from, got none; draw more worlds')
        self._documents, self._batch, self._tokens = documents, batch, total_tokens
        self._steps: list[np.ndarray] = []
        self._seen: list[int] = [0]
        self._pools = self._draw(np.random.default_rng(seed))
        self._add_pool()
        filled = self._seen[-1] / (len(self._steps) * tokens_at(batch, 0))
        sizes = np.array([tokens_at(batch, share) for share in _SHARES])
        self._length = max(1, round(total_tokens / filled * float(np.mean(1 / sizes))))

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, step: int) -> np.ndarray:
        while len(self._steps) <= step:
            self._add_pool()
        return self._steps[step]

    @property
    def total_tokens(self) -> int:
        """How many are seen in all: what was asked for until the last step is planned."""
        is_planned = len(self._steps) >= self._length
        return self._seen[self._length] if is_planned else self._tokens

    def seen_after(self, step: int) -> int:
        """How many tokens were seen when so many steps were done."""
        while len(self._steps) < step:
            self._add_pool()
        return self._seen[step]

    def _add_pool(self) -> None:
        for samples in next(self._pools):
            self._steps.append(samples)
            self._seen.append(self._seen[-1] + int(self._documents.lengths[samples].sum()))

    def _draw(self, rng: np.random.Generator) -> Iterator[list[np.ndarray]]:
        """The steps of one pool of samples after the other."""
        order = self._order(rng)
        while True:
            limit = tokens_at(self._batch, self._seen[-1] / self._tokens)
            pool, room = [], POOL * limit
            while room > 0:
                pool.append(next(order))
                room -= int(self._documents.lengths[pool[-1]])
            lengths = self._documents.lengths
            yield list(cut_pool(np.array(pool), lengths, self._batch, limit, rng))

    def _order(self, rng: np.random.Generator) -> Iterator[int]:
        place = 0
        while self._documents.wait_for(place + 1):
            yield place
            place += 1
        while True:
            yield from rng.permutation(place).tolist()
