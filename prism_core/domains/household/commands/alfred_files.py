# SPDX-License-Identifier: Apache-2.0
"""A file of ALFRED as a folder of ours: episodes to learn from, and tasks to be tried.

| file | holds |
|---|---|
| `episodes.jsonl` | split train: for each worker's text an episode with the goal alone, and one \
with the steps; with the plan of the data, or the teacher's, who has to look for things |
| `valid_seen.jsonl`, `valid_unseen.jsonl` | tasks with the goal alone, all of the home known |
| `…_steps.jsonl` | the same with the steps |
| `…_hidden.jsonl` | with the goal alone; what is in closed furniture is not known |
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from prism_core.dataset.episode_json import render_episode
from prism_core.dataset.split import split_of_seed
from prism_core.domains.household.importing.alfred import (
    SPLITS,
    has_all_steps,
    load_homes,
    make_task,
    open_home,
    play_steps,
    requests_of,
    steps_of,
)
from prism_core.domains.household.importing.alfred_homes import AlfredHome, Trajectory
from prism_core.domains.household.judge import judge_episode, reaches_goal
from prism_core.domains.household.likeness import say_plan
from prism_core.domains.household.planning import make_teacher
from prism_core.domains.household.simulator import HouseholdSimulator
from prism_core.episode.episode import Episode
from prism_core.episode.planner import run_episode

HIDDEN = 3
"""Of so many annotations one is played by the teacher, who does not know what is in what is
closed."""
_VALID = 20
"""Of so many trajectories of split train one is for validation while training."""

TRAIN = 'train'


@dataclass(frozen=True)
class AlfredCounts:
    """What came of a file: trajectories and texts by split; plans by whether they reach their goal,
    or why not; episodes written, and those left out, by reason.
    """

    trajectories: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    plans: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def import_alfred(
    path: Path, out: Path, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> AlfredCounts:
    """Write the folder.

    Args:
        path: `alfred.jsonl.gz`, a trajectory a line.
        out: an empty folder.
        on_progress: told how many trajectories are done, of how many.

    Raises:
        ConfigError: the file holds something else.
    """
    trajectories, plans = load_homes(path)
    counts = AlfredCounts()
    with ExitStack() as stack:
        files = {
            name: stack.enter_context((out / f'{name}.jsonl').open('w', encoding='utf-8'))
            for name in _file_names()
        }
        for number, trajectory in enumerate(trajectories):
            split = trajectory['split']
            counts.trajectories[split] += 1
            counts.texts[split] += len(trajectory['anns'])
            home = open_home(trajectory, plans)
            gold, problems = play_steps(steps_of(trajectory), home, make_task(trajectory, home))
            is_right = reaches_goal(gold)
            counts.plans['reach their goal' if is_right else _why_not(problems)] += 1
            made = (
                _episodes(trajectory, home, gold, number)
                if split == TRAIN
                else _tasks(trajectory, home, gold, number)
            )
            for name, episode in made:
                if episode.outcome is not None and not episode.outcome.success:
                    counts.left_out[episode.outcome.reason.partition(':')[0]] += 1
                    continue
                counts.written[name] += 1
                files[name].write(render_episode(episode) + '\n')
            on_progress(number + 1, len(trajectories))
    return counts


def _why_not(problems: list[str]) -> str:
    return f'do not: {problems[0]}' if problems else 'do not: the goal is not so at the end'


def _file_names() -> Iterator[str]:
    yield 'episodes'
    for split in SPLITS[1:]:
        yield from (split, f'{split}_steps', f'{split}_hidden')


def _episodes(
    trajectory: Trajectory, home: AlfredHome, gold: Episode, number: int
) -> Iterator[tuple[str, Episode]]:
    """What is learned from a trajectory."""
    seed = seed_of_trajectory(trajectory, number)
    hidden = _play_hidden(trajectory, home)
    gold = replace(gold, outcome=judge_episode(gold))
    for with_steps in (False, True):
        for index, request in requests_of(trajectory, with_steps):
            if with_steps and not has_all_steps(trajectory, index):
                continue
            is_hidden = (number + index + with_steps) % HIDDEN == 0
            played = hidden if is_hidden else gold
            yield 'episodes', _say(played, request, seed, trajectory, index, with_steps)


def _play_hidden(trajectory: Trajectory, home: AlfredHome) -> Episode:
    task = make_task(trajectory, home, hidden=True)
    simulator = HouseholdSimulator(task.true_graph, task.known_graph)
    played = run_episode(make_teacher(task.task), simulator, task)
    return replace(played, outcome=judge_episode(played))


def _tasks(
    trajectory: Trajectory, home: AlfredHome, gold: Episode, number: int
) -> Iterator[tuple[str, Episode]]:
    """What is tried of a trajectory, with the plan that people made."""
    split, plan = trajectory['split'], say_plan(gold)
    known, hidden = (
        replace(task, provenance={**task.provenance, **plan})
        for task in (make_task(trajectory, home), make_task(trajectory, home, hidden=True))
    )
    for name, task, with_steps in (
        (split, known, False),
        (f'{split}_steps', known, True),
        (f'{split}_hidden', hidden, False),
    ):
        for index, request in requests_of(trajectory, with_steps):
            yield name, _say(task, request, number, trajectory, index, with_steps)


def _say(
    episode: Episode, request: str, seed: int, trajectory: Trajectory, index: int, with_steps: bool
) -> Episode:
    form = '+steps' if with_steps else ''
    facts = {**episode.provenance, 'id': f'{trajectory["task"]}#{index}{form}'}
    task = replace(episode.task, request=request)
    return replace(episode, seed=seed, task=task, provenance=facts)


def seed_of_trajectory(trajectory: Trajectory, number: int) -> int:
    """A seed of a trajectory's own, that is of the split which it is of while training; `number` is
    its place in the file.
    """
    split = 'valid' if number % _VALID == 0 else TRAIN
    for attempt in count():
        digest = hashlib.sha256(f'{trajectory["task"]} {attempt}'.encode()).digest()
        seed = int.from_bytes(digest[:6], 'big')
        if split_of_seed(seed) == split:
            return seed
    raise AssertionError  # pragma: no cover
