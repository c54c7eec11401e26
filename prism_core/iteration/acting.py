# SPDX-License-Identifier: Apache-2.0
"""Rollouts of a student in which some turns are the teacher's: turn-level guidance (Guided-OPD, Li
et al. 2026, arXiv 2606.15912; the mixed policy of DAgger, arXiv 1011.0686).

Whose a turn is is drawn by the task and the number of the turn, so that it is the same wherever and
however often the task is played.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dataset.teaching import Classroom
from prism_core.dataset.work import TaskJob
from prism_core.domain import find_domain
from prism_core.episode.episode import Episode, Turn
from prism_core.episode.planner import Planner
from prism_core.evaluation.candidates import Candidate
from prism_core.evaluation.trial import TRIAL, Desk, open_desk
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.plan import Plan

TAUGHT = 'taught_turns'
"""Where the provenance of an episode says in which of its turns the teacher acted."""


@dataclass(frozen=True)
class Act:
    """Plays the tasks of a job with a student; each turn is the teacher's with the probability
    `guidance`.
    """

    student: Candidate
    teacher: str
    domain_name: str
    guidance: float

    def __call__(self, job: TaskJob) -> tuple[TaskJob, tuple[bytes, ...], int]:
        """The job, its episodes as they are stored, and how many of them succeeded.

        Raises:
            RunStopped: student or teacher cannot be reached or refuses to work.
        """
        desk = open_desk(self.student, self.domain_name)
        played = [self.play(parse_episode(line.decode()), desk) for line in job.lines]
        good = sum(one.outcome is not None and one.outcome.success for one in played)
        return job, tuple(render_episode(one).encode() for one in played), good

    def play(self, task: Episode, desk: Desk) -> Episode:
        """One task, without how long its plans took, which is different each time."""
        classroom = _open_classroom(self.teacher, self.domain_name)
        guided = _Guided(desk.candidate(task.task), classroom, task, self.guidance)
        played = replace(desk, candidate=lambda _: guided).play(task)
        facts = {name: fact for name, fact in played.provenance.items() if name != TRIAL}
        if guided.taught:
            facts[TAUGHT] = guided.taught
        return replace(played, provenance=facts)


@lru_cache(maxsize=1)
def _open_classroom(teacher: str, domain_name: str) -> Classroom:
    return Classroom(teacher, find_domain(domain_name))


class _Guided:
    """A student whose teacher acts now and then, and in which turns it did."""

    def __init__(self, student: Planner, classroom: Classroom, task: Episode, guidance: float):
        self._student, self._classroom = student, classroom
        self._task, self._guidance = task, guidance
        self.name = student.name
        self.taught: list[int] = []

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """What the teacher does if it is its turn and it has a plan, else what the student does."""
        number = len(history)
        draw = Random(f'guide {self._task.provenance["id"]} {number}').random()  # noqa: S311
        if draw < self._guidance:
            advice = self._classroom.advise(self._task, known_graph, history)
            if advice is not None:
                self.taught.append(number)
                return advice.plan
        return self._student.plan(request, known_graph, history)

    def close(self) -> None:
        """Student and teacher stay open for the next task."""
