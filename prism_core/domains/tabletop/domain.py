# SPDX-License-Identifier: Apache-2.0
"""The tabletop as datasets, training and evaluation see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from prism_core.dialects.language import Language
from prism_core.domain import Domain
from prism_core.domains.tabletop.actions import TABLETOP_ACTIONS
from prism_core.domains.tabletop.affordances import afford, possible_moves
from prism_core.domains.tabletop.controls import CONTROLS, Control, make_control
from prism_core.domains.tabletop.exchange import exchange_class
from prism_core.domains.tabletop.follow_ups import spell_out
from prism_core.domains.tabletop.free_requests import draw_free, load_free_requests
from prism_core.domains.tabletop.generator import DOMAIN, GENERATOR_VERSION, draw_world, plan_world
from prism_core.domains.tabletop.judge import (
    check_criterion,
    judge_episode,
    say_expected,
    say_harm,
)
from prism_core.domains.tabletop.meaning import Meaning
from prism_core.domains.tabletop.planning import GOALS, TabletopPlanner, make_teacher
from prism_core.domains.tabletop.reading import read_request
from prism_core.domains.tabletop.requests import held_out_requests
from prism_core.domains.tabletop.scenes import TabletopConfig, TabletopRecipe, features_of
from prism_core.domains.tabletop.simulator import TabletopSimulator
from prism_core.domains.tabletop.state import shows_the_move
from prism_core.domains.tabletop.words import word_masks
from prism_core.episode.criterion import Criterion, Outcome
from prism_core.episode.episode import Episode, Task, Turn
from prism_core.episode.observation import Observation
from prism_core.errors import ConfigError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action


class TabletopLanguage(Language):
    """Says only moves that the table takes now."""

    def list_possible(self, graph: SceneGraph) -> Sequence[Action]:
        """Picks of what is free, or places for what is held."""
        return possible_moves(graph)


class TabletopDomain(Domain):
    """SayCan's domain; entry point `tabletop` of group `prism.domains`."""

    name = DOMAIN
    version = GENERATOR_VERSION
    table = TABLETOP_ACTIONS
    recipe_type = TabletopRecipe
    meaning_type = Meaning
    controls = CONTROLS
    graphs = Path(__file__).parent / 'graphs'

    def plan_world(
        self, recipe: TabletopRecipe, index: int, is_test: bool, coverage: Mapping[str, int]
    ) -> TabletopConfig:
        """The kinds of task that were rare so far, and what of the held out it shows."""
        return plan_world(recipe, index, is_test, coverage)

    def draw_world(
        self, seed: int, config: TabletopConfig, rejections: Counter[str] | None = None
    ) -> list[Episode]:
        """The tasks on one table, each as the teacher plays it."""
        return draw_world(seed, config, rejections)

    def make_simulator(self, episode: Episode) -> TabletopSimulator:
        """A fresh table for an episode."""
        return TabletopSimulator(episode.true_graph, episode.known_graph)

    def judge(self, episode: Episode) -> Outcome:
        """Whether things are where they should be, and nothing else was moved."""
        return judge_episode(episode)

    def say_harm(self, episode: Episode) -> str:
        """What was moved that was to stay."""
        return say_harm(episode)

    def check_criterion(self, criterion: Criterion) -> None:
        """Refuse one of facts that no table has."""
        check_criterion(criterion)

    def say_expected(self, criterion: Criterion) -> str:
        """What must hold at the end."""
        return say_expected(criterion)

    def make_teacher(self, task: Task) -> TabletopPlanner:
        """The planner, handed what the sentence means."""
        return make_teacher(task)

    def make_symbolic(self) -> TabletopPlanner:
        """The same planner behind a reader of sentences."""
        return TabletopPlanner('symbolic', read_request)

    def spell_out(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> str:
        """A reply to the question which one is meant, as the request with that one in it."""
        return spell_out(request, known_graph, history)

    def make_control(self, name: str, task: Task) -> Control:
        """A junk planner."""
        if name not in CONTROLS:
            raise ConfigError(f'control: expected one of {", ".join(CONTROLS)}, got {name!r}')
        return make_control(name)

    def features_of(self, episode: Episode) -> Iterator[str]:
        """Which things there are, and where they lie."""
        return features_of(episode.true_graph)

    def groups_of(self, episode: Episode) -> Mapping[str, str]:
        """By how much stands on the table."""
        number = len(episode.known_graph.objects)
        return {
            'objects': next((f'up to {n}' for n in (12, 15, 18) if number <= n), 'more than 18')
        }

    def held_out_requests(self) -> Iterator[str]:
        """The free requests, and the phrasings that are held out, about something or other."""
        yield from (free.request for free in load_free_requests())
        yield from held_out_requests()

    @property
    def free_requests(self) -> int:
        """How many requests in free wording are packaged."""
        return len(load_free_requests())

    def draw_free(self, number: int, seed: int, recipe: Any) -> list[Episode]:
        """The task of one of them on a table that has what it speaks of."""
        return draw_free(number, seed)

    @cached_property
    def masks(self) -> Mapping[str, str]:
        """What blocks, bowls, places and colors are called."""
        return word_masks()

    def exchange_class(
        self, task: Task, graph: SceneGraph, rng: Random
    ) -> tuple[Task, str, str] | None:
        """The task about another block that can be picked up at once."""
        return exchange_class(task, graph, rng)

    @cached_property
    def language(self) -> Language:
        """Any table's, with the words that goals begin with and the moves that are possible."""
        return TabletopLanguage(self.table, goals=GOALS)

    def affordances(
        self, known_graph: SceneGraph, history: Sequence[Turn]
    ) -> Mapping[Action, float]:
        """Each next action that is possible, in a fixed order, with how likely it is to succeed."""
        return afford(known_graph, history)

    def is_expected(
        self, action: Action, observation: Observation, known_graph: SceneGraph
    ) -> bool:
        """Whether the block is now where the move was to bring it, and all else as it was."""
        return shows_the_move(action, observation, known_graph)
