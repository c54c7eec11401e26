# SPDX-License-Identifier: Apache-2.0
"""The words of a domain: a site's own, what they call, and what it makes of a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from prism_core.domain.words_report import WordsReport
from prism_core.episode.episode import Episode, Task
from prism_core.errors import ConfigError
from prism_core.graph.elements import NodeKind
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.suspicion import Vocabulary

if TYPE_CHECKING:  # which has these words
    from prism_core.domain.base import Domain


class DomainWords:
    """What a domain has that brings no words: it takes none, and makes nothing of a sentence.

    Attributes:
        name: short name of the domain, as recipes say it.
    """

    name: ClassVar[str]

    def with_words(self, path: Path) -> Domain:
        """The domain with a site's own words.

        Args:
            path: of a file in the domain's own form.

        Raises:
            ConfigError: the file cannot be used, or the domain takes no words.
        """
        raise ConfigError(f'the domain {self.name} takes no words of a site, got {path}')

    def check_words(self, graph: SceneGraph) -> WordsReport:
        """Which nodes of a map its words do not call, and which words call two things.

        Raises:
            ConfigError: the domain takes no words.
        """
        raise ConfigError(f'the domain {self.name} takes no words of a site')

    @property
    def masks(self) -> Mapping[str, str]:
        """Its phrases in small letters, each with the word that stands for all of its kind where
        ways of asking are counted.
        """
        return {}

    def exchange_class(
        self, task: Task, graph: SceneGraph, rng: Random
    ) -> tuple[Task, str, str] | None:
        """The task about another class of which something is known, what it was about, and what it
        is about now; None where that cannot be said.
        """
        return None

    new_classes: ClassVar[Mapping[NodeKind, Sequence[str]]] = MappingProxyType({})
    """Nouns for regions and for objects that none of its words has, no two with the same end."""

    def call_otherwise(self, task: Task, call: Callable[[str, NodeKind], str]) -> Task | None:
        """The task with other words for its classes, in its sentence and in what it means; None
        where that cannot be said.

        Args:
            task: any; nodes that it speaks of by their names stay.
            call: what a class of a kind is called.
        """
        return None

    @property
    def vocabulary(self) -> Vocabulary | None:
        """What its planners may say without having read it; None where any words may be said."""
        return None

    def unaccounted(self, request: str, known_graph: SceneGraph) -> tuple[str, ...]:
        """The words of a request that its planner without a language model makes nothing of; none
        where it accounts for all of them.
        """
        return ()

    def say_goal(self, goal: str) -> str:
        """The goal of a plan in the words in which a user is asked whether it is meant."""
        return goal.replace('_', ' ')

    def is_guess(self, request: str, known_graph: SceneGraph) -> bool:
        """Whether its planner without a language model has to guess what a request is about, as it
        names nothing that is known.
        """
        return False

    def question_before(self, request: str, known_graph: SceneGraph) -> str:
        """What every planner has to ask before a request is acted on, because it forbids something
        that no plan is held to; '' for nothing.
        """
        return ''

    def in_words(self, episode: Episode) -> Episode:
        """The same task with a robot that reports in words; its budget stays.

        Raises:
            ConfigError: the domain has no such robot.
        """
        raise ConfigError(
            f'observations: the domain {self.name} has no robot that reports in words'
        )
