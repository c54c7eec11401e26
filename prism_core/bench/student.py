# SPDX-License-Identifier: Apache-2.0
"""How long a student takes for its plans on this machine, and what its engine reads for them.

The first plan of a mission, of which the model has read nothing, is told apart from the ones after
it. Knows no domain but by the name in the model's file: the missions come in as episodes, and each
plan is asked for as the robot would have asked for it in that episode, whatever was planned before.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from prism_core.bench.machine import resident_bytes
from prism_core.dialects.conversation import Message
from prism_core.episode.episode import Episode
from prism_core.errors import ConfigError, PlanRejected
from prism_core.gguf_info import read_gguf_info
from prism_core.inference.adapted import AdaptedModel
from prism_core.inference.call_stats import CallStats, Metered
from prism_core.inference.child.engine import EngineModel
from prism_core.inference.lm_planner import HeldTo, LMPlanner
from prism_core.inference.local.adapter_file import read_adapters
from prism_core.inference.local.llama_cpp import LlamaCppModel
from prism_core.inference.local.local_model import LocalModel
from prism_core.inference.student import (
    StudentConfig,
    choose_context,
    choose_threads,
    find_domain_of,
    make_engine,
    plan_with,
    read_taught,
)
from prism_core.installing import how_to_install

_WARM_UP: Sequence[Message] = ({'role': 'user', 'content': 'warm up'},)
_WARM_UP_TOKENS = 4


Loaded = LocalModel | EngineModel | AdaptedModel


@dataclass(frozen=True)
class MeasuredPlan:
    """How one plan was made.

    Attributes:
        is_first: whether it was the first of its mission.
        time_s: from the request to the plan.
        replies: so many were asked for.
        is_accepted: whether one of them held a plan that the validator accepts.
        stats: what the first of them took.
        rereads: whether it read again what had been read for the plan before, though that came with
            the first reply: a further one is asked for in other handles, of which nothing is kept.
    """

    is_first: bool
    time_s: float
    replies: int
    is_accepted: bool
    stats: CallStats
    rereads: bool


@dataclass(frozen=True)
class PlanTimes:
    """Some plans together: medians, where nothing else is said.

    Attributes:
        plans: how many.
        refused: how many of them never came, as no reply was accepted.
        time_s: from the request to the plan.
        p95_s: 95 of 100 came within this time.
        first_token_s: until the model says something.
        replies: for one plan, on average.
        prompt_tokens: of the first reply's prompt.
        kept_tokens: those of them that had been read before.
        read_tokens: those of them that were read for this plan.
        reply_tokens: of the first reply.
        forced_tokens: those of them that the grammar left no choice of.
        rejected_tokens: so many of the wanted tokens the grammar did not take, on average.
    """

    plans: int
    refused: int
    time_s: float
    p95_s: float
    first_token_s: float
    replies: float
    prompt_tokens: float
    kept_tokens: float
    read_tokens: float
    reply_tokens: float
    forced_tokens: float
    rejected_tokens: float


@dataclass(frozen=True)
class StudentRun:
    """A student's plans in one runtime.

    Attributes:
        runtime: what computed.
        held_to: what replies were held to.
        load_s: until the first token of the first reply of all.
        resident_bytes: of the process that holds the model, behind the last plan.
        first: the first plans of missions.
        replans: all others; None where there are none.
        rereads: so many replans read again what had been read for the plan before, though that came
            with the first reply.
    """

    runtime: str
    held_to: HeldTo
    load_s: float
    resident_bytes: int | None
    first: PlanTimes
    replans: PlanTimes | None
    rereads: int


@dataclass(frozen=True)
class Runtime:
    """What computes: `load` makes the model."""

    name: str
    held_to: HeldTo
    load: Callable[[], Loaded]


def list_runtimes(config: StudentConfig, checkpoint: Path | None = None) -> list[Runtime]:
    """The ways to run a student: in an engine child, as the robot does, and in this process, with
    the grammar and without one; with a checkpoint, its weights by transformers.

    Raises:
        ConfigError: the file cannot be read, or the checkpoint cannot be run.
    """
    if checkpoint is not None:
        _check(checkpoint)
    info = read_gguf_info(Path(config.model))
    adapters = {adapter.name: adapter for adapter in read_adapters(config.adapters, info)}
    context = choose_context(config.context_tokens, info)
    threads = choose_threads(config.threads, info)

    def with_first(model: Any) -> Any:
        return AdaptedModel(model, next(iter(adapters))) if adapters else model

    def load_child() -> Loaded:
        return with_first(make_engine(config, info))

    def load_here() -> Loaded:
        files = {name: adapter.info.path for name, adapter in adapters.items()}
        return with_first(
            LlamaCppModel(info.path, context_tokens=context, threads=threads, adapters=files)
        )

    def load_checkpoint() -> Loaded:
        from prism_core.inference.local.transformers_model import TransformersModel

        assert checkpoint is not None  # noqa: S101 - it is loaded only then
        return TransformersModel(checkpoint, context_tokens=context)

    runtimes = [
        Runtime('engine child', 'known', load_child),
        Runtime('library', 'known', load_here),
        Runtime('library', 'nothing', load_here),
    ]
    if checkpoint is not None:
        runtimes.append(Runtime('transformers', 'known', load_checkpoint))
    return runtimes


def _check(checkpoint: Path) -> None:
    if find_spec('transformers') is None:
        raise ConfigError(f'a checkpoint needs transformers; {how_to_install("prism_ros[train]")}')
    if not (checkpoint / 'config.json').is_file():
        raise ConfigError(f'{checkpoint}: expected a checkpoint with its config.json, got none')


def measure_runtime(
    runtime: Runtime,
    config: StudentConfig,
    missions: Iterable[Episode],
    on_plan: Callable[[], None] = lambda: None,
) -> StudentRun:
    """Have a student plan each turn of some missions.

    Args:
        runtime: what computes.
        config: of the student.
        missions: with the turns that somebody played.
        on_plan: called behind each plan.

    Raises:
        ConfigError: the file is no student that this version can run, or there are no missions.
        PlannerError: the model fails, or is too slow for a call.
    """
    info = read_gguf_info(Path(config.model), verify=False)
    taught, *_ = read_taught(config, info).values()
    domain = find_domain_of(taught)
    start_s = time.perf_counter()
    model = runtime.load()
    try:
        model.complete(_WARM_UP, max_new_tokens=_WARM_UP_TOKENS)
        load_s = time.perf_counter() - start_s
        replies: list[CallStats] = []
        planner = plan_with(
            Metered(model, replies.append), domain, taught.metadata.dialect, held_to=runtime.held_to
        )
        calls = []
        for call in _plan_all(planner, replies, missions):
            calls.append(call)
            on_plan()
        base = model.base if isinstance(model, AdaptedModel) else model
        pid = base.health.pid if isinstance(base, EngineModel) else os.getpid()
        taken_bytes = resident_bytes(pid)
    finally:
        model.close()
    if not calls:
        raise ConfigError('expected missions with at least one turn, got none')
    replans = [call for call in calls if not call.is_first]
    return StudentRun(
        runtime.name,
        runtime.held_to,
        load_s,
        taken_bytes,
        summarize([call for call in calls if call.is_first]),
        summarize(replans) if replans else None,
        sum(call.rereads for call in replans),
    )


def _plan_all(
    planner: LMPlanner, replies: list[CallStats], missions: Iterable[Episode]
) -> Iterator[MeasuredPlan]:
    for mission in missions:
        graph = mission.known_graph
        prompt_before = 0
        for index, turn in enumerate(mission.turns):
            replies.clear()
            is_accepted = True
            start_s = time.perf_counter()
            try:
                planner.plan(mission.task.request, graph, mission.turns[:index])
            except PlanRejected:
                is_accepted = False
            time_s = time.perf_counter() - start_s
            stats = replies[0]
            rereads = stats.kept_tokens < prompt_before
            yield MeasuredPlan(index == 0, time_s, len(replies), is_accepted, stats, rereads)
            prompt_before = stats.prompt_tokens if len(replies) == 1 else 0
            for observation in turn.observations:
                graph = graph.apply(observation.update)


def summarize(calls: Sequence[MeasuredPlan]) -> PlanTimes:
    """Some plans together; at least one."""

    def median(name: str) -> float:
        return statistics.median(getattr(call.stats, name) for call in calls)

    times_s = sorted(call.time_s for call in calls)
    return PlanTimes(
        plans=len(calls),
        refused=sum(not call.is_accepted for call in calls),
        time_s=statistics.median(times_s),
        p95_s=times_s[math.ceil(0.95 * len(times_s)) - 1],
        first_token_s=median('first_token_s'),
        replies=statistics.mean(call.replies for call in calls),
        prompt_tokens=median('prompt_tokens'),
        kept_tokens=median('kept_tokens'),
        read_tokens=median('read_tokens'),
        reply_tokens=median('new_tokens'),
        forced_tokens=median('forced_tokens'),
        rejected_tokens=statistics.mean(call.stats.rejected_tokens for call in calls),
    )
