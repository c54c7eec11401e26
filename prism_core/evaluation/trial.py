"""Trials: a candidate plays tasks in closed loop, each from a clean state, and is timed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from prism_core.dataset.teaching import Watched
from prism_core.dataset.work import TaskJob
from prism_core.domain import Domain, find_domain
from prism_core.episode import Episode, Turn
from prism_core.episode_json import parse_episode, render_episode
from prism_core.evaluation.candidates import Candidate, Opened
from prism_core.inference.lm_planner import Rejected
from prism_core.plan import Plan
from prism_core.planner import MAX_TURNS, Planner, run_episode
from prism_core.scene_graph import SceneGraph

TRIAL = 'trial'
"""Where an episode's provenance says how the candidate did beside the outcome."""
_PATIENCE = 2  # times the budget, beyond which nothing counts as success


@dataclass(frozen=True)
class PlayTrials:
    """Plays the tasks of a job with one candidate; each process opens it once."""

    candidate: Candidate
    domain: str

    def __call__(self, job: TaskJob) -> tuple[TaskJob, tuple[bytes, ...], int]:
        """The job, its episodes as they are stored, and how many of them succeeded.

        Raises:
            RunStopped: the candidate cannot be reached or refuses to work.
        """
        desk = _open_desk(self.candidate, self.domain)
        played = [desk.play(parse_episode(line.decode())) for line in job.lines]
        good = sum(one.outcome is not None and one.outcome.success for one in played)
        return job, tuple(render_episode(one).encode() for one in played), good


@lru_cache(maxsize=1)
def _open_desk(candidate: Candidate, domain_name: str) -> Desk:
    domain = find_domain(domain_name)
    rejected: list[Rejected] = []
    return Desk(candidate.open(domain, rejected.append), domain, rejected)


@dataclass(frozen=True)
class Desk:
    """A candidate at work. `rejected` is where its model notes what was not accepted."""

    candidate: Opened
    domain: Domain
    rejected: list[Rejected] = field(default_factory=list)

    def play(self, task: Episode) -> Episode:
        """The task as the candidate played it, judged; `provenance['trial']` says how long each
        plan took and which replies were not accepted.

        It ends when there have been twice as many plans as the budget has actions.
        """
        self.rejected.clear()
        timed = _Timed(self.candidate(task.task))
        most = min(_PATIENCE * task.criterion.max_actions or MAX_TURNS, MAX_TURNS)
        run = run_episode(timed, self.domain.make_simulator(task), task, max_turns=most)
        facts: dict[str, Any] = {'plan_s': timed.seconds}
        if self.rejected:
            facts['rejected'] = [one.as_json() for one in self.rejected]
        run = replace(run, provenance={**task.provenance, TRIAL: facts})
        return replace(run, outcome=self.domain.judge(run))


class _Timed(Watched):
    """A planner and how long each of its plans took, in seconds."""

    def __init__(self, planner: Planner):
        super().__init__(planner)
        self.seconds: list[float] = []

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        started_s = time.perf_counter()
        try:
            return super().plan(request, known_graph, history)
        finally:
            self.seconds.append(round(time.perf_counter() - started_s, 5))
