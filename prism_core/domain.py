"""What a source planner brings: its actions, its world, its judge, its teacher, its prompt.

A folder under `domains` is all that a new robot planner has to add; datasets, training and
evaluation go through this.
"""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from prism_core.actions import ActionTable
from prism_core.conversation import Dialect
from prism_core.criterion import Outcome
from prism_core.episode import Episode, Task
from prism_core.errors import ConfigError
from prism_core.inference.text_model import TextModel
from prism_core.lexicon import Lexicon
from prism_core.planner import Planner, Simulator
from prism_core.scene_graph import SceneGraph
from prism_core.suspicion import Vocabulary


class Domain(Protocol):
    """One domain of tasks."""

    @property
    def name(self) -> str:
        """Short name, as recipes say it."""

    @property
    def version(self) -> int:
        """Counts the changes after which a seed draws other worlds."""

    @property
    def table(self) -> ActionTable:
        """The actions of its robot."""

    @property
    def lexicon(self) -> Lexicon:
        """Its words."""

    @property
    def recipe_type(self) -> type:
        """The dataclass that says what worlds to draw; it has `seed` and `worlds`."""

    def plan_world(
        self, recipe: Any, index: int, is_test: bool, coverage: Mapping[str, int]
    ) -> Any:
        """What a world will be, drawn toward what is rare.

        Args:
            recipe: of type `recipe_type`.
            index: of the world, from 0.
            is_test: whether it belongs to the test split, which alone shows what is held out.
            coverage: how often there was what `covers` names.
        """

    def draw_world(
        self, seed: int, config: Any, rejections: Counter[str] | None = None
    ) -> list[Episode]:
        """The tasks of a world, each as the embedded teacher plays it; twins stand together.

        `rejections` counts each draw that could not be used, by reason.
        """

    def write_world(
        self, model: TextModel, seed: int, config: Any, rejections: Counter[str]
    ) -> list[Episode]:
        """The same, imagined and written by a language model, and checked as hard.

        Raises:
            PlannerUnavailable: the model cannot be reached.
        """

    def paraphrase(
        self,
        model: TextModel,
        episodes: Sequence[Episode],
        seed: int,
        rejections: Counter[str],
        share: float,
    ) -> list[Episode]:
        """The episodes, a share of them in other words that mean the same.

        Raises:
            PlannerUnavailable: the model cannot be reached.
        """

    def held_out_requests(self) -> Iterable[str]:
        """Sentences of which the like is in no training data."""

    @property
    def free_requests(self) -> int:
        """How many requests there are as people would say them, for evaluation only."""

    def draw_free(self, number: int, seed: int, recipe: Any) -> list[Episode]:
        """The task of one of them in a world of its own; none where no world suits it."""

    def covers(self, episode: Episode) -> Iterable[str]:
        """What an episode adds to the coverage."""

    def features_of(self, episode: Episode) -> Iterable[str]:
        """What makes its world look like another."""

    def make_simulator(self, episode: Episode) -> Simulator:
        """A fresh world for an episode."""

    def judge(self, episode: Episode) -> Outcome:
        """The verdict on an episode that ended."""

    @property
    def controls(self) -> Sequence[str]:
        """The names of planners that deserve no success."""

    def make_control(self, name: str, task: Task) -> Planner:
        """One of them, handed what the sentence means if the task says it.

        Raises:
            ConfigError: there is no such control.
        """

    def make_teacher(self, task: Task) -> Planner:
        """The embedded teacher, handed what the sentence means.

        Raises:
            ConfigError: the task has no intent.
        """

    @property
    def vocabulary(self) -> Vocabulary:
        """What its planners may say; see `suspicion`."""

    def question_before(self, request: str, known_graph: SceneGraph) -> str:
        """What every planner has to ask before a request is acted on, because it forbids something
        that no plan is held to; '' for nothing.
        """

    def make_dialect(self, name: str, seed: int = 0) -> Dialect:
        """A way to write prompts and replies; `seed` draws what is drawn anew for each sample.

        Raises:
            ConfigError: there is no such dialect.
        """

    def make_header(self, dialect: Dialect) -> str:
        """The system message for a teacher that was never trained on the domain."""


def find_domain(name: str) -> Domain:
    """A domain by entry point of group `prism.domains`.

    Raises:
        ConfigError: there is no such domain.
    """
    entry_points = {e.name: e for e in importlib.metadata.entry_points(group='prism.domains')}
    if name not in entry_points:
        known = ', '.join(sorted(entry_points))
        raise ConfigError(f'unknown domain {name!r}: expected one of {known}')
    return entry_points[name].load()()
