# SPDX-License-Identifier: Apache-2.0
"""Trials: a candidate plays tasks in closed loop, each from a clean state, and is timed."""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dataset.teaching import Watched
from prism_core.dataset.work import TaskJob
from prism_core.domain import Domain, find_domain
from prism_core.episode.episode import Episode, Turn
from prism_core.episode.planner import MAX_TURNS, Planner, run_episode
from prism_core.evaluation.candidates import Candidate, Opened
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.call_stats import CallStats
from prism_core.inference.kept_plan import KeepingPlanner
from prism_core.inference.lm_planner import Rejected
from prism_core.plan.plan import Plan

TRIAL = 'trial'
"""Where an episode's provenance says how the candidate did beside the outcome."""
_PATIENCE = 2  # times the budget, beyond which nothing counts as success


@dataclass(frozen=True)
class PlayTrials:
    """Plays the tasks of a job with one candidate; each process opens it once."""

    candidate: Candidate
    domain: str
    words: str = ''

    def __call__(self, job: TaskJob) -> tuple[TaskJob, tuple[bytes, ...], int]:
        """The job, its episodes as they are stored, and how many of them succeeded.

        Raises:
            RunStopped: the candidate cannot be reached or refuses to work.
        """
        desk = open_desk(self.candidate, self.domain, self.words)
        played = [desk.play(parse_episode(line.decode())) for line in job.lines]
        good = sum(one.outcome is not None and one.outcome.success for one in played)
        return job, tuple(render_episode(one).encode() for one in played), good


@lru_cache(maxsize=1)
def open_desk(candidate: Candidate, domain_name: str, words: str = '') -> Desk:
    """A candidate at work in a domain; the one of this process if it is the same again."""
    domain = find_domain(domain_name, words=words)
    rejected: list[Rejected] = []
    calls: list[CallStats] = []
    return Desk(candidate.open(domain, rejected.append, calls.append), domain, rejected, calls)


@dataclass(frozen=True)
class Desk:
    """A candidate at work. Its model notes in `rejected` what was not accepted, and in `calls` what
    each reply took.
    """

    candidate: Opened
    domain: Domain
    rejected: list[Rejected] = field(default_factory=list)
    calls: list[CallStats] = field(default_factory=list)

    def play(self, task: Episode) -> Episode:
        """The task as the candidate played it, judged; `provenance['trial']` says how long each
        plan took, and those for which nobody was asked, which replies were not accepted, and what
        each reply of a model took.

        It ends when there have been twice as many plans as the budget has actions.
        """
        self.rejected.clear()
        self.calls.clear()
        planner = self.candidate(task.task)
        timed = _Timed(planner)
        most = min(_PATIENCE * task.criterion.max_actions or MAX_TURNS, MAX_TURNS)
        run = run_episode(timed, self.domain.make_simulator(task), task, max_turns=most)
        facts: dict[str, Any] = {'plan_s': timed.seconds}
        if isinstance(planner, KeepingPlanner):
            facts['kept_s'] = timed.kept_s
        if self.rejected:
            facts['rejected'] = [one.as_json() for one in self.rejected]
        if self.calls:
            facts['calls'] = [_as_json(stats) for stats in self.calls]
            facts['peak_mib'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        run = replace(run, provenance={**task.provenance, TRIAL: facts})
        return replace(run, outcome=self.domain.judge(run))


def _as_json(stats: CallStats) -> dict[str, Any]:
    return {
        'prompt_tokens': stats.prompt_tokens,
        'read_tokens': stats.read_tokens,
        'new_tokens': stats.new_tokens,
        'first_token_s': round(stats.first_token_s, 5),
    }


class _Timed(Watched):
    """A planner and how long each of its plans took, in seconds."""

    def __init__(self, planner: Planner):
        super().__init__(planner)
        self.seconds: list[float] = []
        self.kept_s: list[float] = []  # of those for which nobody was asked

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        kept, started_s = self._kept, time.perf_counter()
        try:
            return super().plan(request, known_graph, history)
        finally:
            self.seconds.append(round(time.perf_counter() - started_s, 5))
            if self._kept > kept:
                self.kept_s.append(self.seconds[-1])

    @property
    def _kept(self) -> int:
        return getattr(self._planner, 'kept', 0)
