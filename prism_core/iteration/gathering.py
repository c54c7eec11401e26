# SPDX-License-Identifier: Apache-2.0
"""The data of a round: what the teacher shows for so many plans, as episodes and as shards.

episodes.jsonl  the episodes, the student's own among them
shards/         what of them is learned from, of the split train alone
before.json     the data that came before, which training reads as well
recipe.yaml     what was asked for; progress.jsonl: what came of each world
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dataset.export import EPISODES
from prism_core.dataset.filter import find_fault
from prism_core.dataset.run_folder import RunFolder, read_lines, read_progress
from prism_core.dataset.runner import start_runner
from prism_core.dataset.shard_writers import SHARDS, TOKENIZER, ShardWriters
from prism_core.dataset.shards import encode_episode
from prism_core.dataset.teaching import Classroom
from prism_core.dataset.tokenizer import load_tokenizer
from prism_core.dataset.work import TaskJob
from prism_core.distill.sources import BEFORE
from prism_core.domain import Domain, find_domain
from prism_core.episode.episode import Episode
from prism_core.episode.planner import MAX_TURNS
from prism_core.evaluation.candidates import Candidate
from prism_core.files import replace_file
from prism_core.iteration.acting import Act
from prism_core.iteration.choosing import choose_tasks, draw_tasks
from prism_core.iteration.correcting import NO_PLAN, correct_episode

ON_POLICY, GUIDED = 'on_policy', 'guided'
ACTING = (ON_POLICY, GUIDED)
"""The strategies in which the student acts."""


@dataclass(frozen=True)
class Order:
    """What a round asks for.

    `calls`: so many plans of the `teacher`. `worlds`: the domain's own recipe, with a seed of the
    round. `weights`: see `choose_tasks`. `student`: who acts, where the teacher corrects;
    `guidance`: how probable it is that a turn is the teacher's all the same.
    """

    number: int
    strategy: str
    calls: int
    domain_name: str
    teacher: str
    dialect_name: str
    worlds: Mapping[str, Any]
    rebase: float = 0.0
    weights: Mapping[str, float] | None = None
    student: Candidate | None = None
    guidance: float = 0.0

    @cached_property
    def domain(self) -> Domain:
        """Where tasks are from."""
        return find_domain(self.domain_name)

    @property
    def provenance(self) -> dict[str, Any]:
        """What its episodes say of it."""
        return {'round': self.number, 'strategy': self.strategy}

    def describe(self) -> dict[str, Any]:
        """All that decides what comes out, as plain data."""
        dialect = self.domain.make_dialect(self.dialect_name)
        acts = self.student.describe() if self.student else {}
        if self.guidance:
            acts['guidance'] = self.guidance
        return {
            'stage': 'iterate',
            **self.provenance,
            'calls': self.calls,
            'domain': self.domain_name,
            'teacher': self.teacher,
            'worlds': dict(self.worlds),
            'rebase': self.rebase,
            'weights': dict(self.weights or {}),
            'student': acts,
            'versions': {self.domain.name: self.domain.version, dialect.name: dialect.version},
        }


@dataclass(frozen=True)
class Gathered:
    """How far the gathering is: calls of the teacher, and episodes."""

    calls: int
    episodes: int


def gather(
    order: Order,
    folder: Path,
    before: Sequence[Path],
    *,
    workers: int,
    on_progress: Callable[[Gathered], None],
) -> Gathered:
    """Draw worlds, and have the teacher show what it does until all calls are spent.

    Tasks are chosen before the teacher is asked. An episode for which too few calls are left ends
    there and is not learned from. Goes on with what the folder holds.

    Args:
        order: what is asked for.
        folder: where it is written.
        before: the data so far; the first of them has the tokenizer.
        workers: processes in which the student plays.
        on_progress: called after each world.

    Raises:
        ConfigError: a setting cannot be used, or the folder holds something else.
        RunStopped: the teacher cannot be reached, or a process died.
    """
    with RunFolder(folder, EPISODES, order.describe(), resume=True) as run_folder:
        done = Gathered(count_calls(folder), run_folder.lines)
        on_progress(done)
        if done.calls < order.calls:
            show = _teach if order.student is None else _correct
            left = order.calls - done.calls
            for unit, episodes, calls in show(order, run_folder.done, left, workers):
                lines = [render_episode(episode).encode() for episode in episodes]
                good = sum(map(_is_learned, episodes))
                run_folder.commit(unit, lines, good, {'calls': calls})
                done = Gathered(done.calls + calls, run_folder.lines)
                on_progress(done)
    _write_shards(order, folder, before[0] / TOKENIZER)
    places = [os.path.relpath(one, folder) for one in before]
    replace_file(folder / BEFORE, json.dumps(places) + '\n')
    return done


def count_calls(folder: Path) -> int:
    """How many plans of the teacher were asked for."""
    return sum(record['facts']['calls'] for record in read_progress(folder))


def _worlds(order: Order, done: set[int]) -> Iterator[tuple[int, list[Episode]]]:
    """The chosen tasks of each world that is not done yet, by its number."""
    for unit, tasks in enumerate(draw_tasks(order.worlds, 'train', order.domain)):
        if unit not in done:
            facts = order.provenance
            chosen = choose_tasks(tasks, order.weights or {})
            yield unit, [replace(e, provenance={**e.provenance, **facts}) for e in chosen]


def _teach(
    order: Order, done: set[int], left: int, workers: int
) -> Iterator[tuple[int, list[Episode], int]]:
    """The teacher plays; of each world its number, the episodes and the calls."""
    classroom = Classroom(order.teacher, order.domain)
    for unit, tasks in _worlds(order, done):
        episodes, used = [], 0
        for task in tasks:
            if used == left:
                break
            played = classroom.play(task, max_turns=min(left - used, MAX_TURNS))
            used += len(played.turns) + (played.ending == NO_PLAN)
            episodes.append(played)
        yield unit, episodes, used
        left -= used
        if not left:
            return


def _correct(
    order: Order, done: set[int], left: int, workers: int
) -> Iterator[tuple[int, list[Episode], int]]:
    """The student plays, now and then the teacher for it, which says of each state what it would
    have done; the same of each world. Worlds that are played ahead and not come to do not count.
    """
    assert order.student is not None  # noqa: S101 - the caller has looked
    classroom = Classroom(order.teacher, order.domain)
    dialect = order.domain.make_dialect(order.dialect_name)
    jobs = (
        TaskJob(unit, tuple(render_episode(task).encode() for task in tasks))
        for unit, tasks in _worlds(order, done)
    )
    work = Act(order.student, order.teacher, order.domain_name, order.guidance)
    with start_runner(work, 'processes', workers) as run:
        for job, lines, _ in run(jobs, True):
            episodes: list[Episode] = []
            used = 0
            for line in lines:
                if used == left:
                    break
                played = parse_episode(line.decode())
                corrected = correct_episode(played, classroom, dialect, left - used)
                episodes += corrected.episodes
                used += corrected.calls
            yield job.unit, episodes, used
            left -= used
            if not left:
                return


def _is_learned(episode: Episode) -> bool:
    """Whether it teaches: what the teacher played if it is good, else if some turn counts."""
    if episode.provenance['strategy'] in ACTING:
        return any(turn.weight for turn in episode.turns)
    return not find_fault(episode)


def _write_shards(order: Order, folder: Path, tokenizer_folder: Path) -> None:
    """The tokens of what is learned from, anew."""
    if (folder / SHARDS).exists():
        shutil.rmtree(folder / SHARDS)
    tokenizer = load_tokenizer(tokenizer_folder)
    dialect = order.domain.make_dialect(order.dialect_name)
    with ShardWriters(folder, dialect, tokenizer) as writers:
        for number, line in enumerate(read_lines(folder / EPISODES)):
            episode = parse_episode(line.decode())
            if _is_learned(episode):
                # a correction that is cut in two would have a part that teaches nothing
                rebase = 0.0 if order.student else order.rebase
                encoded = encode_episode(
                    episode, order.domain, order.dialect_name, tokenizer, rebase=rebase
                )
                writers.append('train', encoded, number)
