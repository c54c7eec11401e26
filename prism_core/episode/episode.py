# SPDX-License-Identifier: Apache-2.0
"""The one noun from synthesis to evaluation: a task in a world, how it went, and how it ended.

An episode without turns is a task that waits to be tried.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from prism_core.episode.criterion import Criterion, Outcome
from prism_core.episode.observation import Observation
from prism_core.graph.elements import GraphUpdate
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.plan import Plan

SCHEMA_VERSION = 2
DEFAULT_DOMAIN = 'mapping'
"""The domain where none is named: of episodes and of settings."""

Ending = Literal['', 'reported', 'asked', 'limit', 'stuck', 'invalid_plans', 'planner_error']


@dataclass(frozen=True)
class Turn:
    """A plan, one observation for each step of it that was carried out, and where the robot was
    when it planned ('': not known). `weight` is how much the plan counts in training. `request` is
    what it was planned for where that was said earlier; '' where it is what is worked on now.

    `known_graph` is what was known when it was planned, where that was kept: a help for whoever
    writes prompts. It is not in an episode's JSON, whose first graph and updates tell it (see
    `with_known_graphs`).
    """

    plan: Plan
    observations: tuple[Observation, ...] = ()
    robot_location: str = ''
    weight: float = 1.0
    known_graph: SceneGraph | None = field(default=None, compare=False, repr=False)
    request: str = ''

    def replay(self, graph: SceneGraph) -> list[SceneGraph]:
        """A graph, and what each observation in turn makes of it, whatever revision its update was
        made for.

        Raises:
            SceneGraphError: an update cannot be applied.
        """
        graphs = [graph]
        for observation in self.observations:
            update = observation.update
            if update.base_revision:
                update = replace(update, base_revision=0)
            graphs.append(graphs[-1].apply(update))
        return graphs


@dataclass(frozen=True)
class Past:
    """What was said and done before a task was: what was known at first, and the turns since, each
    with its request.

    Raises:
        ValueError: a turn has no request.
    """

    known_graph: SceneGraph
    turns: tuple[Turn, ...] = ()

    def __post_init__(self):
        for number, turn in enumerate(self.turns):
            if not turn.request:
                raise ValueError(
                    f'turns[{number}]: expected the request that it was planned for, got none'
                )

    def told(self) -> tuple[Turn, ...]:
        """The turns, with what was known at each.

        Raises:
            SceneGraphError: an update cannot be applied.
        """
        return _with_graphs(self.turns, self.known_graph)


@dataclass(frozen=True)
class Task:
    """A sentence, and what it means where that is known.

    `kind` is for statistics. `intent` is of its domain's `meaning_type`: a frozen dataclass, or
    None. A planner gets the sentence alone; a teacher may be made for the intent.
    """

    request: str
    kind: str = ''
    intent: Any = None


@dataclass(frozen=True)
class Episode:
    """A task in a world that the planner does not see, and what came of it.

    `known_graph` is what the robot knew at the start, `true_graph` the world. `ending` says why the
    run ended ('' before it; `stuck`: it did the same in vain over and over), `error` what a planner
    that failed said, or what was done in vain. `domain`: by what name its domain is found.
    `before`: what the task follows up; None where it is the first thing that is said. Run again
    with the same plans it comes to the same outcome.
    """

    seed: int
    task: Task
    criterion: Criterion
    true_graph: SceneGraph
    known_graph: SceneGraph
    turns: tuple[Turn, ...] = ()
    ending: Ending = ''
    error: str = ''
    outcome: Outcome | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    domain: str = DEFAULT_DOMAIN
    schema_version: int = SCHEMA_VERSION
    before: Past | None = None

    @property
    def earlier(self) -> tuple[Turn, ...]:
        """The turns before the task was said, with what was known at each."""
        return () if self.before is None else self.before.told()

    @property
    def said(self) -> str:
        """The request, behind what was asked and answered before it: for people who look at it."""
        turns = () if self.before is None else self.before.turns
        parts: list[str] = []
        for request, asked in itertools.groupby(turns, key=lambda turn: turn.request):
            *_, last = asked
            answers = (str(text) for text in last.plan.actions[-1].arguments[-1:])
            parts += [request, *answers]
        return ' — '.join((*parts, self.task.request))

    def history(self, number: int) -> tuple[Turn, ...]:
        """What a planner is told at a turn of a number, from 0: what was before the task, and the
        turns before it.
        """
        return (*self.earlier, *self.turns[:number])

    @property
    def actions(self):
        """Each step that was carried out, with its observation."""
        for turn in self.turns:
            yield from zip(turn.plan.actions, turn.observations)

    @property
    def final_graph(self) -> SceneGraph:
        """What the robot knows at the end."""
        graph = self.known_graph
        for _, observation in self.actions:
            if observation.update != GraphUpdate():
                graph = graph.apply(observation.update)
        return graph


def with_known_graphs(episode: Episode) -> Episode:
    """The episode with what was known at each of its turns.

    Raises:
        SceneGraphError: an update cannot be applied.
    """
    return replace(episode, turns=_with_graphs(episode.turns, episode.known_graph))


def _with_graphs(turns: Sequence[Turn], graph: SceneGraph) -> tuple[Turn, ...]:
    """Turns with what was known at each, from what was known at the first."""
    told = []
    for number, turn in enumerate(turns, start=1):
        told.append(replace(turn, known_graph=graph))
        if number < len(turns):
            graph = turn.replay(graph)[-1]
    return tuple(told)


def as_task(episode: Episode) -> Episode:
    """The task of an episode, to be tried anew."""
    return replace(episode, turns=(), ending='', error='', outcome=None)


def say_next(episode: Episode, task: Task, criterion: Criterion) -> Episode:
    """A task that is said when an episode has ended: in the same world, with what is known by
    then, and with what was said and done as its past.

    Raises:
        SceneGraphError: an update of the episode cannot be applied.
    """
    known, before = episode.final_graph, episode.before
    past = Past(
        episode.known_graph if before is None else before.known_graph,
        (
            *(() if before is None else before.turns),
            *as_earlier(episode.turns, episode.task.request),
        ),
    )
    here = known.robot_location
    return replace(
        as_task(episode),
        task=task,
        criterion=criterion,
        true_graph=episode.true_graph if here is None else episode.true_graph.at(here),
        known_graph=known,
        before=past,
    )


def as_earlier(turns: Sequence[Turn], request: str) -> tuple[Turn, ...]:
    """The turns of a request as they stand in the history of what is said behind it."""
    return tuple(turn if turn.request else replace(turn, request=request) for turn in turns)
