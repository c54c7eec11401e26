# SPDX-License-Identifier: Apache-2.0
"""How much each plan should count: a critic learned from episodes that came out right and wrong.

As in SPRINT, which takes it from implicit Q-learning (arXiv 2110.06169): a value of state and
request by expectile regression (0.8), discount 0.97 a step, and exp(5 x advantage), at most 100, as
weight. Ours: a step is a skill, the reward is 1 where the judge finds the last one right, the nets
see words and classes instead of pictures, a plan of several steps has the discounted sum of their
advantages, and weights are divided by their mean, so that as much is learned in all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby

import torch

from prism_core.domains.household.sprint.features import SIZE, StepFeatures, features_of_steps
from prism_core.episode.episode import Episode

EXPECTILE, DISCOUNT, SHARPNESS, MOST = 0.8, 0.97, 5.0, 100.0
_WIDTH, _HIDDEN, _BATCH, _RATE, _EPOCHS = 16, 32, 256, 0.05, 8
_MOST_STEPS = 60_000
"""So many steps are learned from in an epoch, drawn anew each time."""


_Transition = tuple[StepFeatures, StepFeatures, float]


class _Net(torch.nn.Module):
    """A number between 0 and 1 for a bag of features."""

    def __init__(self) -> None:
        super().__init__()
        self.bag = torch.nn.EmbeddingBag(SIZE, _WIDTH, mode='mean', sparse=True)
        torch.nn.init.normal_(self.bag.weight, std=0.3)
        self.head = torch.nn.Sequential(
            torch.nn.Linear(_WIDTH, _HIDDEN), torch.nn.ReLU(), torch.nn.Linear(_HIDDEN, 1)
        )

    def forward(self, bags: Sequence[tuple[int, ...]]) -> torch.Tensor:
        sizes = torch.tensor([0, *(len(bag) for bag in bags[:-1])]).cumsum(0)
        flat = torch.tensor([number for bag in bags for number in bag])
        return torch.sigmoid(self.head(self.bag(flat, sizes))).squeeze(-1)


class StepCritic:
    """Says of each step of an episode how much better it is than what is usual there.

    Args:
        seed: of its first weights, and of the order in which it learns.
    """

    def __init__(self, seed: int = 0):
        self._random = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            self._of_state, self._of_step = _Net(), _Net()

    def learn(self, episodes: Iterable[Episode]) -> None:
        """Learn from judged episodes, good and bad.

        Raises:
            ValueError: there are only good ones, or only bad.
        """
        steps = [(s, after, reward) for e in episodes for s, after, reward in _transitions(e)]
        if len({reward for s, _, reward in steps if s.is_last}) < 2:
            raise ValueError('expected good and bad episodes to learn from, got one kind only')
        nets = [*self._of_state.parameters(), *self._of_step.parameters()]
        optimizer = torch.optim.Adagrad(nets, lr=_RATE)  # as most features are rare
        with _alone():
            self._descend(steps, optimizer)

    def _descend(self, steps: Sequence[_Transition], optimizer: torch.optim.Optimizer) -> None:
        for _ in range(_EPOCHS):
            order = torch.randperm(len(steps), generator=self._random)[:_MOST_STEPS].tolist()
            for start in range(0, len(order), _BATCH):
                batch = [steps[number] for number in order[start : start + _BATCH]]
                optimizer.zero_grad()
                self._loss(batch).backward()
                optimizer.step()

    def _loss(self, batch: Sequence[_Transition]) -> torch.Tensor:
        rewards = torch.tensor([reward for _, _, reward in batch])
        goes_on = torch.tensor([float(not now.is_last) for now, _, _ in batch])
        with torch.no_grad():
            after = self._of_state([after.state for _, after, _ in batch])
            wanted = rewards + DISCOUNT * goes_on * after
        of_step = self._of_step([now.step for now, _, _ in batch])
        gap = of_step.detach() - self._of_state([now.state for now, _, _ in batch])
        side = torch.where(gap > 0, EXPECTILE, 1 - EXPECTILE)
        return (of_step - wanted).square().mean() + (side * gap.square()).mean()

    def advantages(self, episodes: Sequence[Episode]) -> list[list[tuple[StepFeatures, float]]]:
        """For each episode its steps, with how much better each is than what is usual in its
        state.
        """
        found = [features_of_steps(episode) for episode in episodes]
        steps = [step for of_one in found for step in of_one]
        gaps: list[float] = []
        with _alone(), torch.no_grad():
            for start in range(0, len(steps), _BATCH):
                batch = steps[start : start + _BATCH]
                of_step = self._of_step([step.step for step in batch])
                gaps += (of_step - self._of_state([step.state for step in batch])).tolist()
        rest = iter(gaps)
        return [[(step, next(rest)) for step in of_one] for of_one in found]

    def raw_weights(self, episodes: Sequence[Episode]) -> list[list[float]]:
        """How much each turn of each episode should count, not yet divided by a mean; 1 for one
        without a step.
        """
        weights = []
        for episode, steps in zip(episodes, self.advantages(episodes)):
            found = [1.0] * len(episode.turns)
            for turn, of_turn in groupby(steps, key=lambda pair: pair[0].turn):
                total = sum(DISCOUNT**step.place * gap for step, gap in of_turn)
                found[turn] = min(math.exp(SHARPNESS * total), MOST)
            weights.append(found)
        return weights


@contextmanager
def _alone() -> Iterator[None]:
    """With one thread: the nets are too small for more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.sparse.check_sparse_tensor_invariants(enable=False):
            yield
    finally:
        torch.set_num_threads(before)


def _transitions(episode: Episode) -> Iterator[_Transition]:
    """Each step with the one behind it, itself where it is the last, and its reward."""
    steps = features_of_steps(episode)
    is_good = episode.outcome is not None and episode.outcome.success
    for number, step in enumerate(steps):
        after = steps[min(number + 1, len(steps) - 1)]
        yield step, after, float(step.is_last and is_good)


def with_weights(episode: Episode, weights: Sequence[float], mean: float) -> Episode:
    """The episode with weights for its turns, divided by their mean over all episodes."""
    turns = (
        replace(turn, weight=round(turn.weight * weight / mean, 4))
        for turn, weight in zip(episode.turns, weights)
    )
    return replace(episode, turns=tuple(turns))
