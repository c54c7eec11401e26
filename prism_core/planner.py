"""What every planner looks like from outside, and how one is found by name."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from prism_core.episode import Turn
from prism_core.errors import ConfigError
from prism_core.plan import Plan
from prism_core.scene_graph import SceneGraph

PlannerFactory = Callable[[], 'Planner']


@runtime_checkable
class Planner(Protocol):
    """Turns a sentence, what is known and what happened so far into the next plan.

    A planner keeps no memory between calls: the same arguments give the same plan. It never sees
    the true world nor how success is judged.
    """

    @property
    def name(self) -> str:
        """Short name that requests and replies use."""

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The next plan, valid or not.

        Args:
            request: the task in the user's words.
            known_graph: what the robot knows now.
            history: the turns of this mission, oldest first; empty for a new mission.

        Raises:
            PlannerError: no plan came. A planner raises nothing else.
        """

    def close(self) -> None:
        """Free what the planner holds.

        A second call does nothing.
        """


def find_planner(name: str) -> PlannerFactory:
    """The factory of a planner, by entry point of group `prism.planners` or by path
    `package.module:factory`.

    Raises:
        ConfigError: no such entry point, module or attribute, or what is there cannot be called.
    """
    entry_points = {e.name: e for e in importlib.metadata.entry_points(group='prism.planners')}
    if name not in entry_points and ':' not in name:
        raise ConfigError(
            f"unknown planner '{name}': expected one of {', '.join(sorted(entry_points))}, "
            'or package.module:factory'
        )
    try:
        if name in entry_points:
            factory = entry_points[name].load()
        else:
            module, _, attribute = name.partition(':')
            factory = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # importing runs the code of others: anything may come
        raise ConfigError(f"planner '{name}' cannot be loaded: {error}") from error
    if not callable(factory):
        raise ConfigError(f"planner '{name}' cannot be loaded: {factory!r} cannot be called")
    return factory
