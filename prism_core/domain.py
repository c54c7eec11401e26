"""What a source planner brings: its actions, its world, its judge, its teacher, its prompt.

A folder under `domains` is all that a new robot planner has to add; datasets, training and
evaluation go through this.
"""

from __future__ import annotations

import importlib.metadata
from typing import Protocol

from prism_core.actions import ActionTable
from prism_core.conversation import Dialect
from prism_core.criterion import Outcome
from prism_core.episode import Episode, Task
from prism_core.errors import ConfigError
from prism_core.planner import Planner, Simulator


class Domain(Protocol):
    """One domain of tasks."""

    @property
    def name(self) -> str:
        """Short name, as recipes say it."""

    @property
    def table(self) -> ActionTable:
        """The actions of its robot."""

    def make_simulator(self, episode: Episode) -> Simulator:
        """A fresh world for an episode."""

    def judge(self, episode: Episode) -> Outcome:
        """The verdict on an episode that ended."""

    def make_teacher(self, task: Task) -> Planner:
        """The embedded teacher, handed what the sentence means.

        Raises:
            ConfigError: the task has no intent.
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
