# SPDX-License-Identifier: Apache-2.0
"""The household as datasets, training and evaluation see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from random import Random

from prism_core.dialects.conversation import Dialect
from prism_core.dialects.language import Language
from prism_core.domain import Domain
from prism_core.domains.household.actions import HOUSEHOLD_ACTIONS
from prism_core.domains.household.affordances import afford
from prism_core.domains.household.controls import CONTROLS, HouseholdControl, make_control
from prism_core.domains.household.dialect import HouseholdDialect
from prism_core.domains.household.examples import HouseholdPlans
from prism_core.domains.household.exchange import exchange_class
from prism_core.domains.household.free_requests import draw_free, load_free_requests
from prism_core.domains.household.generator import (
    DOMAIN,
    GENERATOR_VERSION,
    draw_world,
    plan_world,
)
from prism_core.domains.household.grammar import GOALS, OTHER_GOALS
from prism_core.domains.household.home import read_home
from prism_core.domains.household.judge import (
    check_criterion,
    judge_episode,
    say_expected,
    say_harm,
)
from prism_core.domains.household.likeness import compare_with_people
from prism_core.domains.household.meaning import Meaning
from prism_core.domains.household.planning import HouseholdPlanner, make_teacher
from prism_core.domains.household.reading import understand
from prism_core.domains.household.reading_classes import HeldClasses
from prism_core.domains.household.reading_doubts import find_unread, is_guessed
from prism_core.domains.household.requests import held_out_requests
from prism_core.domains.household.said_goals import say_goal
from prism_core.domains.household.scenes import HouseholdConfig, HouseholdRecipe, features_of
from prism_core.domains.household.simulator import HouseholdSimulator, shows_what_was_meant
from prism_core.domains.household.words import word_masks
from prism_core.episode.criterion import Criterion, Outcome
from prism_core.episode.episode import Episode, Task, Turn
from prism_core.episode.observation import Observation
from prism_core.errors import ConfigError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

_MOST_SUBTASKS = 8
_MOST_STEPS = 40


class HouseholdDomain(Domain):
    """LLM-Planner's domain; entry point `household` of group `prism.domains`."""

    name = DOMAIN
    version = GENERATOR_VERSION
    table = HOUSEHOLD_ACTIONS
    recipe_type = HouseholdRecipe
    meaning_type = Meaning
    controls = CONTROLS
    graphs = Path(__file__).parent / 'graphs'

    def plan_world(
        self, recipe: HouseholdRecipe, index: int, is_test: bool, coverage: Mapping[str, int]
    ) -> HouseholdConfig:
        """The kinds of task that were rare so far, and what of the held out it shows."""
        return plan_world(recipe, index, is_test, coverage)

    def draw_world(
        self, seed: int, config: HouseholdConfig, rejections: Counter[str] | None = None
    ) -> list[Episode]:
        """The tasks in one home, each as the teacher plays it."""
        return draw_world(seed, config, rejections)

    def make_simulator(self, episode: Episode) -> HouseholdSimulator:
        """A fresh home for an episode."""
        return HouseholdSimulator(episode.true_graph, episode.known_graph)

    def judge(self, episode: Episode) -> Outcome:
        """Whether things are where and as they should be."""
        return judge_episode(episode)

    def say_harm(self, episode: Episode) -> str:
        """What was sliced that nobody wanted sliced."""
        return say_harm(episode)

    def check_criterion(self, criterion: Criterion) -> None:
        """Refuse one of facts that no home has."""
        check_criterion(criterion)

    def say_expected(self, criterion: Criterion) -> str:
        """What must hold at the end."""
        return say_expected(criterion)

    def make_teacher(self, task: Task) -> HouseholdPlanner:
        """The planner, handed what the sentence means."""
        return make_teacher(task)

    def make_symbolic(self) -> HouseholdPlanner:
        """The same planner behind a reader of sentences."""
        return HouseholdPlanner('symbolic', _read)

    def unaccounted(self, request: str, known_graph: SceneGraph) -> tuple[str, ...]:
        """What is known in no home, and what is forgotten."""
        return find_unread(request, _classes_in(known_graph))

    def is_guess(self, request: str, known_graph: SceneGraph) -> bool:
        """Whether what was meant stood in words that are not known."""
        return is_guessed(request, _classes_in(known_graph))

    def say_goal(self, goal: str) -> str:
        """An errand as one would ask for it."""
        return say_goal(goal)

    def make_control(self, name: str, task: Task) -> HouseholdControl:
        """A junk planner."""
        if name not in CONTROLS:
            raise ConfigError(f'control: expected one of {", ".join(CONTROLS)}, got {name!r}')
        return make_control(name)

    def features_of(self, episode: Episode) -> Iterator[str]:
        """Which furniture and things there are, and where the things lie."""
        return features_of(episode.true_graph)

    def remarks_on(self, episode: Episode) -> Mapping[str, int]:
        """Whether what was done is just what people planned, where that is known."""
        return compare_with_people(episode)

    def groups_of(self, episode: Episode) -> Mapping[str, str]:
        """By what is wanted, and by how many skills the teacher needs for it."""
        meaning = episode.task.intent
        errands = meaning.errands if isinstance(meaning, Meaning) else ()
        groups: dict[str, str] = {
            'goal': errands[0].kind if len(errands) == 1 else 'several' if errands else 'none'
        }
        subtasks = episode.provenance.get('subtasks')
        if isinstance(subtasks, int):
            groups['subtasks'] = (
                f'{_MOST_SUBTASKS} or more' if subtasks >= _MOST_SUBTASKS else str(subtasks)
            )
        return groups

    def held_out_requests(self) -> Iterator[str]:
        """The free requests, and the phrasings that are held out, about something or other."""
        yield from (free.request for free in load_free_requests())
        yield from held_out_requests()

    @property
    def free_requests(self) -> int:
        """How many requests in free wording are packaged."""
        return len(load_free_requests())

    def draw_free(self, number: int, seed: int, recipe: HouseholdRecipe) -> list[Episode]:
        """The task of a free request, in the packaged home."""
        return draw_free(number, seed)

    @cached_property
    def masks(self) -> Mapping[str, str]:
        """What furniture and things are called."""
        return word_masks()

    def exchange_class(
        self, task: Task, graph: SceneGraph, rng: Random
    ) -> tuple[Task, str, str] | None:
        """The task about another thing that is known."""
        return exchange_class(task, graph, rng)

    def make_dialect(self, name: str, seed: int = 0) -> Dialect:
        """`compact`, in classes, or `spine`, `spine_brief`."""
        if name == 'compact':
            return HouseholdDialect(self.language)
        return super().make_dialect(name, seed)

    def make_plan_form(self) -> HouseholdPlans:
        """LLM-Planner's own words."""
        return HouseholdPlans()

    @cached_property
    def language(self) -> Language:
        """Any table's, with the words that goals begin with."""
        return Language(self.table, goals=(*GOALS, *OTHER_GOALS), most_steps=_MOST_STEPS)

    def affordances(
        self, known_graph: SceneGraph, history: Sequence[Turn]
    ) -> Mapping[Action, float]:
        """Each next action that is possible, in a fixed order, with how likely it is to succeed."""
        return afford(known_graph, history)

    def is_expected(
        self, action: Action, observation: Observation, known_graph: SceneGraph
    ) -> bool:
        """Whether the action did what it does, and nothing else became known."""
        return shows_what_was_meant(action, observation, known_graph)


def _read(request: str, known_graph: SceneGraph) -> Meaning:
    """What a sentence means where so much is known."""
    return understand(request, _classes_in(known_graph)).meaning


def _classes_in(known_graph: SceneGraph) -> HeldClasses:
    return HeldClasses(frozenset(read_home(known_graph).by_class), frozenset(known_graph.nodes))
