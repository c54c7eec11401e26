# SPDX-License-Identifier: Apache-2.0
"""`evaluate`: a candidate plays a suite; what came of it, as episodes and as a report.

episodes.jsonl   the trials, as they were played; graphs and all
controls.json    how planners that deserve no success did
report.json      scores
recipe.yaml      what was evaluated on what
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from importlib import metadata
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec

from prism_core.config_file import to_plain
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dataset.run_folder import RunFolder, read_lines
from prism_core.dataset.runner import start_runner
from prism_core.dataset.work import TaskJob
from prism_core.domain import find_domain
from prism_core.episode.episode import as_task
from prism_core.evaluation.candidates import Candidate
from prism_core.evaluation.controls import ControlScore, check_controls, play_controls
from prism_core.evaluation.costs import (
    Costs,
    KeptPlans,
    Manners,
    ModelCosts,
    count_kept,
    count_manners,
    mean_costs,
    percentile_s,
    sum_model_costs,
)
from prism_core.evaluation.invariance import Invariance, measure_invariance, states_of
from prism_core.evaluation.results import Result, read_result
from prism_core.evaluation.scores import (
    Ends,
    Estimate,
    ScoredTask,
    as_hits,
    count_reasons,
    estimate_ends,
    estimate_reference_rule,
    estimate_success,
    join_twins,
    path_efficiency,
)
from prism_core.evaluation.suite import Suite, count_worlds, draw_suite
from prism_core.evaluation.trial import PlayTrials
from prism_core.files import read_text, replace_file
from prism_core.words_file import describe_settings

EPISODES, CONTROLS, REPORT = 'episodes.jsonl', 'controls.json', 'report.json'
_ALL = 'all'
# Of files, their sha256 tells whether it is the same.
_MAY_CHANGE = ('versions.prism', 'suite.file', 'suite.words')


@dataclass(frozen=True)
class TrialProgress:
    """How far an evaluation is: worlds done and in all, trials, and how many succeeded."""

    done: int
    total: int
    trials: int
    successes: int


@dataclass(frozen=True)
class Scores:
    """What came of an evaluation.

    `success`: a macro average over kinds, twins as pairs. `ends`: how the rest ended for a person,
    above all wrong; None in reports of versions that did not tell it. `views`: success by group of
    each view, `wrong_views`: what was wrong by the same.
    `pairs`: pairs of twins alone, by kind. `first_invalid`: of how many plans the first reply was
    not accepted, in all and by kind of problem; `later_invalid`: of how many further replies.
    `controls`: planners that deserve no success, on a part of the suite.
    `left_invalid`: trials that ended as no reply was. `stuck`: trials that ended as the same was
    done in vain over and over. `made_up`: names in texts that were said and
    that no known node has. `path`: success weighted by path length. Times in seconds.
    `reference_rule`: the share of trials that the reference code's rule passes, of a suite in its
    form. `kept`: the plans for which nobody was asked. `invariance`: whether plans follow where the
    suite's states are put in other words; None where it was not measured.
    """

    candidate: dict[str, Any]
    suite_sha256: str
    trials: int
    success: Estimate
    pairs: dict[str, Estimate]
    views: dict[str, dict[str, Estimate]]
    parts: dict[str, float]
    plans: int
    first_invalid: dict[str, int]
    later_invalid: dict[str, int]
    left_invalid: int
    made_up: int
    path: float
    plan_median_s: float
    plan_p95_s: float
    failures: dict[str, int]
    costs: Costs
    manners: Manners
    model_costs: ModelCosts | None
    controls: dict[str, ControlScore]
    reference_rule: Estimate | None = None
    invariance: Invariance | None = None
    stuck: int = 0
    kept: KeptPlans | None = None
    ends: Ends | None = None
    wrong_views: dict[str, dict[str, Estimate]] = field(default_factory=dict)

    @property
    def unseen_wrong(self) -> Estimate | None:
        """What was wrong where wording, classes and places are unseen."""
        return self.wrong_views.get('wording and classes', {}).get('unseen')

    @property
    def unseen(self) -> Estimate | None:
        """Success where wording, classes and places are unseen: the headline, where a suite has
        such tasks.
        """
        return self.views.get('wording and classes', {}).get('unseen')

    @property
    def say_invalid(self) -> str:
        """How many plans needed a second reply, and why."""
        kinds = ', '.join(f'{k} {n}' for k, n in self.first_invalid.items() if k != _ALL)
        share = self.first_invalid[_ALL] / max(self.plans, 1)
        return f'{share:.2%} of {self.plans:,} plans ({kinds or "none"})'

    @property
    def say_ends(self) -> str:
        """How much of the rest did no harm."""
        if self.ends is None:
            return 'how the rest ended is not told'
        return f'asked {self.ends.asked}, said that it does not know {self.ends.unknown}'

    @property
    def text(self) -> str:
        """The headline, and success by kind and wording, as plain lines."""
        lines = [
            f'success {self.success}, {self.success.tasks} tasks, {self.trials} trials',
            *([f'wrong {self.ends.wrong}, {self.say_ends}'] if self.ends else []),
            *([f'by the reference rule {self.reference_rule}'] if self.reference_rule else []),
            f'first replies that were not accepted: {self.say_invalid}',
        ]
        for view in ('kind', 'wording and classes', 'start'):
            groups = self.views.get(view, {})
            if not groups:
                continue
            lines.append(f'{view}: ' + ', '.join(f'{k} {v.value:.3f}' for k, v in groups.items()))
        return '\n'.join(lines)


def evaluate(
    candidate: Candidate | str,
    suite: Suite,
    out: Path,
    *,
    resume: bool = False,
    workers: int = 0,
    any_suite: bool = False,
    invariance: int = 0,
    on_progress: Callable[[TrialProgress], None] = lambda progress: None,
    on_state: Callable[[int], None] = lambda done: None,
) -> Scores:
    """Let a candidate play a suite, and score it.

    Args:
        candidate: who plays.
        suite: what.
        out: the folder to write to.
        resume: whether to go on with what is there.
        workers: processes, each with a copy of the candidate; 0 for one for each core.
        any_suite: whether to play one that controls pass more often than by chance.
        invariance: on how many states of the suite to measure it afterwards.
        on_progress: called after each world.
        on_state: called after each state with how many are done.

    Raises:
        ConfigError: the candidate or the suite cannot be used, the folder holds another run, or the
            suite is one that controls pass.
        RunStopped: the candidate cannot be reached, or a process died.
    """
    if isinstance(candidate, str):
        candidate = Candidate(candidate, domain=suite.domain)
    domain = find_domain(suite.domain, words=suite.words)
    candidate.open(domain, lambda rejected: None)(_first_task(suite)).close()
    digest = hashlib.sha256()
    plan = {
        'stage': 'evaluate',
        'candidate': candidate.describe(),
        'suite': describe_settings(suite),
        'versions': {'prism': metadata.version('prism_ros'), domain.name: domain.version},
    }
    total = count_worlds(suite)
    work = PlayTrials(candidate, suite.domain, suite.words)
    with (
        RunFolder(out, EPISODES, plan, resume=resume, may_change=_MAY_CHANGE) as folder,
        start_runner(work, 'processes', workers or os.cpu_count() or 1) as run,
    ):
        controls = _play_controls(candidate, suite, out)
        if not any_suite:
            check_controls(controls)
        on_progress(TrialProgress(len(folder.done), total, folder.lines, folder.good))
        for job, lines, good in run(_jobs(suite, folder.done, digest), False):
            folder.commit(job.unit, lines, good)
            on_progress(TrialProgress(len(folder.done), total, folder.lines, folder.good))
    scores = score(read_results(out), candidate.describe(), digest.hexdigest(), controls)
    if invariance:
        scores = replace(
            scores, invariance=_measure_invariance(candidate, suite, invariance, on_state)
        )
    replace_file(out / REPORT, json.dumps(to_plain(scores), indent=2) + '\n')
    return scores


def _play_controls(candidate: Candidate, suite: Suite, out: Path) -> dict[str, ControlScore]:
    """How the controls do, which is the same each time."""
    path = out / CONTROLS
    if not path.exists():
        domain = find_domain(suite.domain, words=suite.words)
        scores = play_controls(candidate, draw_suite(suite), domain, suite.chance)
        replace_file(path, json.dumps(msgspec.to_builtins(scores), indent=2) + '\n')
    return msgspec.json.decode(read_text(path), type=dict[str, ControlScore])


def _measure_invariance(
    candidate: Candidate, suite: Suite, states: int, on_state: Callable[[int], None]
) -> Invariance:
    """How the candidate does on the first states of a suite in other words."""
    domain = find_domain(suite.domain, words=suite.words)
    opened = candidate.open(domain)
    first = islice(states_of(chain.from_iterable(draw_suite(suite, domain))), states)
    try:
        return measure_invariance(opened, domain, first, on_state)
    finally:
        opened(_first_task(suite)).close()


def _first_task(suite: Suite) -> Any:
    return next(episode.task for episodes in draw_suite(suite) for episode in episodes)


def _jobs(suite: Suite, done: set[int], digest: Any) -> Iterator[TaskJob]:
    """The worlds that are not done yet; all of them go into the digest."""
    for unit, episodes in enumerate(draw_suite(suite)):
        lines = tuple(render_episode(as_task(episode)).encode() for episode in episodes)
        for line in lines:
            digest.update(line + b'\n')
        if unit not in done:
            yield TaskJob(unit, lines)


def read_results(folder: Path) -> list[Result]:
    """The results of an evaluation, in the order of their ids."""
    lines = (line.decode() for line in read_lines(folder / EPISODES))
    return sorted((read_result(parse_episode(line)) for line in lines), key=lambda r: r.id)


def score(
    results: list[Result],
    candidate: dict[str, Any],
    suite_sha256: str,
    controls: dict[str, ControlScore],
) -> Scores:
    """The scores of some results."""
    tasks = join_twins(results)
    plans = sum(len(r.plan_s) for r in results)
    return Scores(
        candidate=candidate,
        suite_sha256=suite_sha256,
        trials=len(results),
        success=estimate_success(tasks),
        pairs={
            kind: estimate_success([t for t in tasks if t.kind == kind and t.is_pair])
            for kind in sorted({t.kind for t in tasks if t.is_pair})
        },
        views=_views(tasks),
        ends=estimate_ends(tasks),
        wrong_views=_views(as_hits(tasks, 'wrong')),
        parts={
            part: sum(getattr(r, part) for r in results) / max(len(results), 1)
            for part in ('found', 'grounded', 'answered', 'in_budget', 'success')
        },
        plans=plans,
        first_invalid=_count_kinds(r.first_rejected for r in results),
        later_invalid=_count_kinds(r.later_rejected for r in results),
        left_invalid=sum(r.ending in ('planner_error', 'invalid_plans') for r in results),
        made_up=sum(len(r.made_up) for r in results),
        path=path_efficiency(results),
        plan_median_s=percentile_s(results, 50),
        plan_p95_s=percentile_s(results, 95),
        failures=dict(count_reasons(results).most_common(30)),
        costs=mean_costs(results),
        manners=count_manners(results),
        model_costs=sum_model_costs(results),
        controls=controls,
        reference_rule=estimate_reference_rule(results),
        stuck=sum(r.ending == 'stuck' for r in results),
        kept=count_kept(results),
    )


def tell_ends(scores: Scores, results: list[Result]) -> Scores:
    """Scores of a version that did not tell how tasks ended that did not succeed, with that."""
    tasks = join_twins(results)
    return replace(scores, ends=estimate_ends(tasks), wrong_views=_views(as_hits(tasks, 'wrong')))


def _count_kinds(rejected: Iterable[tuple[tuple[str, ...], ...]]) -> dict[str, int]:
    """How many replies, and how many with each kind of problem."""
    replies = [kinds for found in rejected for kinds in found]
    return {_ALL: len(replies), **Counter(kind for kinds in replies for kind in kinds)}


def _views(tasks: Iterable[ScoredTask]) -> dict[str, dict[str, Estimate]]:
    groups: dict[str, dict[str, list[ScoredTask]]] = defaultdict(lambda: defaultdict(list))
    for task in tasks:
        for view, group in task.groups.items():
            groups[view][group].append(task)
    return {
        view: {group: estimate_success(found[group]) for group in sorted(found)}
        for view, found in groups.items()
    }
