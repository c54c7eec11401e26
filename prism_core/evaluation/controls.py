# SPDX-License-Identifier: Apache-2.0
"""Controls: planners that deserve no success play a part of each suite that is played, so that what
passes there by luck or by a rule of thumb is known beside every figure.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from prism_core.domain import SYMBOLIC, Domain
from prism_core.episode.episode import Episode, as_task
from prism_core.errors import ConfigError
from prism_core.evaluation.candidates import Candidate
from prism_core.evaluation.results import read_result
from prism_core.evaluation.scores import (
    Estimate,
    estimate_ends,
    estimate_reference_rule,
    estimate_success,
    join_twins,
)
from prism_core.evaluation.trial import Desk
from prism_core.gguf_info import read_gguf_info

UNTRAINED, REFERENCE = 'untrained', SYMBOLIC
_WORLDS = 20
_SHUFFLED_BYTES = 32
# What is held to known names and kept from pointless steps solves a pair now and then, by luck: of
# the pairs in the first 20 worlds 15 % of core, 16 of gate, 19 of smoke, 10 of standard, 6 of full.
_LUCK = 0.2
# Of tasks without twins one fixed deed, such as to ask or to say that there is none, may be right
# for any number: how much controls solve of them is said, and not refused unless the suite says so.
_ANY = 1.0


@dataclass(frozen=True)
class ControlScore:
    """How a control did on the first worlds of a suite.

    `success`: a macro average over kinds, `wrong`: the same of what was wrong. `solved`: the share
    of the pairs of twins, or of all tasks where there are no twins (`has_twins`); it may be
    `chance` at most, or anything where that is None, of a planner that is no control.
    `reference_rule`: the share that the reference code's rule passes, of a suite in its form.
    """

    success: Estimate
    solved: float
    chance: float | None
    reference_rule: Estimate | None = None
    has_twins: bool = True
    wrong: Estimate | None = None


def say_controls(scores: Mapping[str, ControlScore]) -> str:
    """How much the control that does best solves, and what that means."""
    junk = {name: score for name, score in scores.items() if score.chance is not None}
    best = max(junk, key=lambda name: junk[name].solved, default='')
    if not best or junk[best].has_twins:
        solved = junk[best].solved if best else 0.0
        return f'controls solve {solved:.1%} at most of what cannot be guessed'
    return (
        f'controls solve {junk[best].solved:.1%} at most ({best}) of these tasks, which have no '
        'twins: as much passes here by luck or by one fixed deed'
    )


def play_controls(
    candidate: Candidate,
    worlds: Iterator[list[Episode]],
    domain: Domain,
    chance: float,
    on_control: Callable[[str], None] = lambda name: None,
) -> dict[str, ControlScore]:
    """Let the junk planners play, the symbolic planner for comparison, and, where the candidate is
    a GGUF file, the same model with its weights shuffled, or those of its adapter if it has one.

    Args:
        candidate: whom they stand beside; it is not played.
        worlds: the tasks of a suite, world by world.
        domain: where they are from.
        chance: the share that a control may solve; 0 for no pair of twins, and for any number of
            tasks without twins, of which one fixed deed may be right.
        on_control: told the name of each before it plays.
    """
    first = list(islice(worlds, _WORLDS))
    scores = {}
    for name in domain.controls:
        on_control(name)
        scores[name] = _play(Candidate(f'control:{name}'), first, domain, (chance, chance or _ANY))
    if domain.has_symbolic:
        on_control(REFERENCE)
        scores[REFERENCE] = _play(Candidate(REFERENCE), first, domain, None)
    if candidate.is_gguf:
        on_control(UNTRAINED)
        with tempfile.TemporaryDirectory() as folder:
            path = str(shuffle_weights(candidate.taught_file, Path(folder)))
            if candidate.adapter:
                untrained = replace(candidate, adapter=path)
            else:
                untrained = replace(candidate, planner=path)
            may = (max(chance, _LUCK), max(chance, _LUCK**0.5) if chance else _ANY)
            scores[UNTRAINED] = _play(untrained, first, domain, may)
    return scores


def check_controls(scores: dict[str, ControlScore]) -> None:
    """Refuse a suite that can be solved without deserving it.

    Raises:
        ConfigError: a control solves more than its chance.
    """
    for name, score in scores.items():
        if score.chance is not None and score.solved > score.chance:
            raise ConfigError(
                f'expected a suite of which the control {name} solves {score.chance:.0%} at most, '
                f'it solves {score.solved:.0%}: what others solve there means as little; let its '
                'tasks need evidence (twins, or `needs` and `hide`), state its chance, or see the '
                'figures with --any-suite'
            )


def _play(
    control: Candidate,
    worlds: list[list[Episode]],
    domain: Domain,
    chances: tuple[float, float] | None,
) -> ControlScore:
    """How a control does; `chances`: what it may solve of pairs of twins, and of other tasks."""
    opened = control.open(domain)
    desk = Desk(opened, domain)
    episodes = [as_task(episode) for world in worlds for episode in world]
    results = [read_result(desk.play(episode)) for episode in episodes]
    tasks = join_twins(results)
    if episodes:
        opened(episodes[0].task).close()
    pairs = [task for task in tasks if task.is_pair]
    counted = pairs or tasks
    chance = None if chances is None else chances[not pairs]
    solved = sum(task.success for task in counted) / max(len(counted), 1)
    by_rule = estimate_reference_rule(results)
    wrong = estimate_ends(tasks).wrong
    success = estimate_success(tasks)
    return ControlScore(success, solved, chance, by_rule, has_twins=bool(pairs), wrong=wrong)


def shuffle_weights(source: Path, folder: Path, seed: int = 0) -> Path:
    """A copy of a GGUF file that knows nothing: the blocks of each matrix, in whatever numbers they
    are written, in another order. Vectors, such as norms, stay as they are.
    """
    path = folder / source.name
    path.write_bytes(source.read_bytes())
    data, rng = np.memmap(path, np.uint8, 'r+'), np.random.default_rng(seed)
    for tensor in read_gguf_info(path).tensors:
        size = tensor.block_bytes
        if len(tensor.shape) > 1 and size:
            while size < _SHUFFLED_BYTES and tensor.size_bytes % (2 * size) == 0:
                size *= 2
            end = tensor.start + tensor.size_bytes
            blocks = data[tensor.start : end].reshape(-1, size)
            blocks[:] = rng.permutation(blocks)
    data.flush()
    return path
