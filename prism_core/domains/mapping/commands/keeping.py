# SPDX-License-Identifier: Apache-2.0
"""`prism measure bounds`: who enters what a request forbids, and what the check of plans costs."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from random import Random

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.kinds.constrained import Constrained
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.requests import render_request
from prism_core.domains.mapping.solution import solve
from prism_core.domains.mapping.words.speaker import Speaker
from prism_core.domains.mapping.world import WorldConfig
from prism_core.episode.driven_way import driven_way
from prism_core.episode.episode import Episode, Task
from prism_core.episode.planner import Planner, no_breaches, no_question, run_episode
from prism_core.errors import WorldRejected

_FIRST_SEED = 1_000_000

Open = Callable[[Task], Planner]


@dataclass(frozen=True)
class Kept:
    """What a planner did: of how many requests, in how many steps, and how many of each entered
    what was forbidden; how many of its plans were refused; how often it was right, and asked.
    """

    requests: int = 0
    steps: int = 0
    broken_steps: int = 0
    broken: int = 0
    refused: int = 0
    right: int = 0
    asked: int = 0

    def __add__(self, other: Kept) -> Kept:
        return Kept(*(one + two for one, two in zip(astuple(self), astuple(other))))

    @classmethod
    def of(cls, episode: Episode) -> Kept:
        """What an episode that was judged counts."""
        broken = count_broken_steps(episode)
        seen = (observation for turn in episode.turns for observation in turn.observations)
        return cls(
            requests=1,
            steps=sum(1 for _ in episode.actions),
            broken_steps=broken,
            broken=broken > 0,
            refused=sum(observation.status == 'refused' for observation in seen),
            right=episode.outcome is not None and episode.outcome.success,
            asked=episode.ending == 'asked',
        )


def count_broken_steps(episode: Episode) -> int:
    """How many steps entered what was to be avoided, in passing too."""
    graph, avoided, broken = episode.known_graph, {*episode.criterion.avoided}, 0
    for _, observation in episode.actions:
        way = driven_way(graph, episode.true_graph, observation)
        broken += not avoided.isdisjoint(way[1:])
        graph = graph.apply(observation.update)
    return broken


def draw_pairs(domain: MappingDomain, hidden: float) -> Iterator[tuple[Episode, Episode]]:
    """Tasks with something to keep to, each with the same task in the same world without that."""
    wording = Speaker(domain.words)
    kinds = sorted(k.name for k in KINDS.values() if isinstance(k, Constrained) and k.forbids)
    for seed in itertools.count(_FIRST_SEED):
        kind = kinds[seed % len(kinds)]
        config = WorldConfig(kinds=(kind,), tasks=1, hidden=hidden)
        for episode in draw_episodes(seed, config, domain.words)[:1]:
            intent = replace(episode.task.intent, constraints=())
            request = render_request(intent, Random(seed), wording)  # noqa: S311 - no secret
            try:
                free = solve(intent, episode.true_graph, episode.known_graph, domain.lexicon)
            except WorldRejected:
                continue
            task = replace(episode.task, request=request, intent=intent)
            yield _unlimited(episode), _unlimited(replace(episode, task=task, criterion=free))


def _unlimited(episode: Episode) -> Episode:
    criterion = replace(episode.criterion, max_actions=10**6, max_distance_m=math.inf)
    return replace(episode, criterion=criterion)


def open_planners(domain: MappingDomain, *, with_student: bool) -> dict[str, tuple[Open, bool]]:
    """The planners by name, and whether what they make is held to the request."""
    symbolic = domain.make_symbolic()

    def heedless(task: Task) -> Planner:
        return make_teacher(
            replace(task, intent=replace(task.intent, constraints=())), domain.words
        )

    opened: dict[str, tuple[Open, bool]] = {
        'symbolic': (lambda task: symbolic, False),
        'symbolic, checked': (lambda task: symbolic, True),
        'heeds nothing': (heedless, False),
        'heeds nothing, checked': (heedless, True),
    }
    if with_student:
        from prism_core.gguf_info import read_gguf_info
        from prism_core.inference.student import StudentConfig, find_student, make_engine, plan_with

        config = StudentConfig(find_student())
        info = read_gguf_info(Path(config.model), verify=False)
        model = make_engine(config, info)
        as_shipped = plan_with(model, domain, info.metadata.dialect)
        free = plan_with(
            model,
            domain,
            info.metadata.dialect,
            question_before=no_question,
            find_breaches=no_breaches,
        )
        checked = plan_with(model, domain, info.metadata.dialect, question_before=no_question)
        opened |= {
            'student': (lambda task: as_shipped, False),
            'student that asks nothing before': (lambda task: free, False),
            'the same, checked': (lambda task: checked, True),
        }
    return opened


@click.command()
@click.option('--requests', default=500, show_default=True, help='Requests, each with its twin.')
@click.option('--hidden', default=0.2, show_default=True, help='Hidden share of the worlds.')
@click.option('--student', 'with_student', is_flag=True, help='The student, too.')
def bounds(requests: int, hidden: float, with_student: bool) -> None:
    """Who enters what a request forbids, and what the check of plans costs."""
    domain = MappingDomain()
    planners = open_planners(domain, with_student=with_student)
    found = {name: (Kept(), Kept()) for name in planners}
    pairs = itertools.islice(draw_pairs(domain, hidden), requests)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for pair in progress.track(pairs, total=requests, description='requests and twins'):
            for name, (open_one, is_checked) in planners.items():
                played = [_play(domain, open_one, episode, is_checked) for episode in pair]
                kept, twin = found[name]
                found[name] = kept + Kept.of(played[0]), twin + Kept.of(played[1])
    Console(width=int(os.environ.get('COLUMNS', '160'))).print(_tabulate(found))


def _play(domain: MappingDomain, open_one: Open, episode: Episode, is_checked: bool) -> Episode:
    """A task as a planner plays it, judged."""
    played = run_episode(
        open_one(episode.task),
        domain.make_simulator(episode),
        episode,
        find_breaches=domain.find_breaches if is_checked else no_breaches,
    )
    return replace(played, outcome=domain.judge(played))


def _tabulate(found: dict[str, tuple[Kept, Kept]]) -> Table:
    table = Table()
    for column in (
        *('planner', 'requests', 'steps', 'steps that break it', 'requests broken'),
        *('plans refused', 'right', 'asked', 'twins: right', 'twins: refused'),
    ):
        table.add_column(column)
    for name, (kept, twin) in found.items():
        share = f'{kept.broken_steps / max(kept.steps, 1):.1%}'
        numbers = (kept.requests, kept.steps, f'{kept.broken_steps} ({share})', kept.broken)
        rest = (kept.refused, kept.right, kept.asked, twin.right, twin.refused)
        table.add_row(name, *map(str, (*numbers, *rest)))
    return table
