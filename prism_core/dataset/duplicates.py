# SPDX-License-Identifier: Apache-2.0
"""Near duplicates: tasks that say the same, in worlds that are almost the same, by MinHash.

Broder, On the resemblance and containment of documents, 1997.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import numpy as np
from datasketch import MinHash, MinHashLSH

_PERMUTATIONS = 64
_SEED = 1

Signature = np.ndarray
"""The MinHash of a world: one number for each permutation."""


def sign_world(features: Iterable[str]) -> Signature:
    """The signature of a world by its features."""
    minhash = MinHash(_PERMUTATIONS, seed=_SEED)
    minhash.update_batch([feature.encode() for feature in sorted(features)])
    return minhash.hashvalues


class DuplicateFilter:
    """Remembers worlds and what was said in them.

    Args:
        likeness: from this share of common features on two worlds are almost the same; at most
            0.95, as the permutations tell no more.
    """

    def __init__(self, likeness: float):
        self._likeness = likeness
        self._index = MinHashLSH(likeness, _PERMUTATIONS)
        self._worlds: dict[int, Signature] = {}
        self._said: dict[int, tuple[str, ...]] = {}

    def find_said(self, world: Signature) -> frozenset[str]:
        """What was said in worlds that are almost the same."""
        near = [
            index
            for index in self._index.query(_minhash(world))
            if np.mean(self._worlds[index] == world) >= self._likeness
        ]
        return frozenset().union(*(self._said[index] for index in near))

    def add(self, index: int, world: Signature, said: Sequence[str]) -> None:
        """Remember a world by its index."""
        self._index.insert(index, _minhash(world))
        self._worlds[index] = np.asarray(world, np.uint64)
        self._said[index] = tuple(map(sys.intern, said))  # most are said in many worlds


def _minhash(world: Signature) -> MinHash:
    minhash = MinHash(_PERMUTATIONS, seed=_SEED)
    minhash.hashvalues = np.asarray(world, minhash.hashvalues.dtype)
    return minhash
