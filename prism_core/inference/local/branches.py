# SPDX-License-Identifier: Apache-2.0
"""Several ways to go on from what a model has read, as a tree: what they share is read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

ROOT = 0


class Branch:
    """A token of a tree. The root stands for all that was read before.

    Attributes:
        token: what is read.
        parent: the number of the branch before it.
        depth: how many tokens of the tree are before it.
        leaves: the numbers of the leaves behind it, the first and one more than the last; a leaf's
            own is the only one.
        log_probabilities: of the tokens that are wanted behind it; none before it was read.
    """

    def __init__(self, token: int, parent: int, depth: int):
        self.token, self.parent, self.depth = token, parent, depth
        self.leaves = (0, 0)
        self.log_probabilities: dict[int, float] = {}


class Tree:
    """What has to be read to know how likely some sequences of tokens are: all of each but its last
    token. `branches` are in an order in which each stands behind its parent and what is shared
    is followed by those that share it.
    """

    def __init__(self, sequences: Sequence[Sequence[int]]):
        self.branches = [Branch(-1, -1, -1)]
        self.leaves: list[int] = []
        self._numbers: dict[tuple[int, int], int] = {}
        read = sorted({tuple(sequence[:-1]) for sequence in sequences})
        for way, following in zip(read, [*read[1:], ()]):
            last = self._grow(way)
            if way and following[: len(way)] != way:
                self._end(last)
        for sequence in sequences:
            for number, token in zip(self.path_of(sequence[:-1]), sequence):
                self.branches[number].log_probabilities[token] = -np.inf

    @property
    def size(self) -> int:
        """How many tokens have to be read."""
        return len(self.branches) - 1

    def divide(self, max_leaves: int, max_tokens: int) -> Iterator[tuple[range, list[int]]]:
        """Parts to be read one after the other: the leaves and all branches on the way to them.

        Args:
            max_leaves: so many a part has at most.
            max_tokens: so many branches a part has at most, if it has more than one leaf.
        """
        start = 0
        numbers: list[int] = []
        for leaf, last in enumerate(self.leaves):
            path = self._way_to(last)
            new = [n for n in path if self.branches[n].leaves[0] == leaf]
            if leaf > start and (
                leaf - start == max_leaves or len(numbers) + len(new) > max_tokens
            ):
                yield range(start, leaf), numbers
                start, numbers, new = leaf, [], path
            numbers = numbers + (new if leaf > start else path)
        if numbers:
            yield range(start, len(self.leaves)), numbers

    def path_of(self, tokens: Sequence[int]) -> list[int]:
        """The numbers of the root and of the branches of some tokens."""
        path = [ROOT]
        for token in tokens:
            path.append(self._numbers[path[-1], token])
        return path

    def take(self, number: int, logits: np.ndarray) -> None:
        """Note what may come behind a branch."""
        wanted = self.branches[number].log_probabilities
        best = logits.max()
        total = best + np.log(np.exp(logits - best).sum(dtype=np.float64))
        for token in wanted:
            wanted[token] = float(logits[token] - total)

    def sum_up(self, sequence: Sequence[int]) -> float:
        """The logarithm of the probability of one of the sequences, once all is read."""
        path = self.path_of(sequence[:-1])
        pairs = zip(path, sequence)
        return sum(self.branches[number].log_probabilities[token] for number, token in pairs)

    def _way_to(self, last: int) -> list[int]:
        way: list[int] = []
        while last != ROOT:
            way.append(last)
            last = self.branches[last].parent
        return way[::-1]

    def _grow(self, tokens: Sequence[int]) -> int:
        number = ROOT
        for depth, token in enumerate(tokens):
            key = number, token
            if key not in self._numbers:
                self._numbers[key] = len(self.branches)
                self.branches.append(Branch(token, number, depth))
            number = self._numbers[key]
        return number

    def _end(self, last: int) -> None:
        """Count a leaf."""
        leaf = len(self.leaves)
        self.leaves.append(last)
        for number in self._way_to(last):
            branch = self.branches[number]
            branch.leaves = branch.leaves[0] if branch.leaves[1] else leaf, leaf + 1
