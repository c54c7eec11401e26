# SPDX-License-Identifier: Apache-2.0
"""The one noun from synthesis to evaluation: a task in a world, how it went, and how it ended.

An episode without turns is a task that waits to be tried.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    when it planned ('': not known). `weight` is how much the plan counts in training.

    `known_graph` is what was known when it was planned, where that was kept: a help for whoever
    writes prompts. It is not in an episode's JSON, whose first graph and updates tell it (see
    `with_known_graphs`).
    """

    plan: Plan
    observations: tuple[Observation, ...] = ()
    robot_location: str = ''
    weight: float = 1.0
    known_graph: SceneGraph | None = field(default=None, compare=False, repr=False)

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
    that failed said, or what was done in vain. `domain`: by what name its domain is found. Run
    again with the same plans it comes to the same outcome.
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
    graph, turns = episode.known_graph, []
    for number, turn in enumerate(episode.turns, start=1):
        turns.append(replace(turn, known_graph=graph))
        if number < len(episode.turns):
            graph = turn.replay(graph)[-1]
    return replace(episode, turns=tuple(turns))


def as_task(episode: Episode) -> Episode:
    """The task of an episode, to be tried anew."""
    return replace(episode, turns=(), ending='', error='', outcome=None)
