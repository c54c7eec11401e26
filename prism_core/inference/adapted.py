# SPDX-License-Identifier: Apache-2.0
"""One base with several adapters: a model for each, and one planner that plans with any of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from prism_core.dialects.conversation import Message
from prism_core.episode.episode import Turn
from prism_core.episode.planner import Planner
from prism_core.episode.planner_health import PlannerHealth
from prism_core.episode.planner_progress import Progress, progress_of
from prism_core.errors import UnknownAdapter
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.call_stats import CallStats
from prism_core.inference.lm_planner import LMPlanner
from prism_core.inference.text_model import Score
from prism_core.plan.plan import Plan


class AdaptedModel:
    """A model with one of its adapters, as a TextModel and ScoringModel.

    Args:
        base: the model; takes the name of an adapter with each call, and is closed with this.
        adapter: the name.
    """

    def __init__(self, base: Any, adapter: str):
        self.name = f'{base.name} + {adapter}'
        self.base, self._adapter = base, adapter

    @property
    def stats(self) -> Any:
        """What the last call of the model took, with whatever adapter."""
        return self.base.stats

    @property
    def progress(self) -> Progress:
        """How far the model is with the reply that it writes, with whatever adapter."""
        return progress_of(self.base)

    @property
    def planner_health(self) -> PlannerHealth:
        """Whether the model can answer."""
        return self.base.tell_health(self._adapter)

    def complete(self, messages: Sequence[Message], **settings: Any) -> str:
        """The next message of the assistant."""
        return self.base.complete(messages, adapter=self._adapter, **settings)

    def score(self, *arguments: Any, **settings: Any) -> list[Score]:
        """How likely each of several texts is."""
        return self.base.score(*arguments, adapter=self._adapter, **settings)

    def cancel(self) -> None:
        """End every call of the model."""
        self.base.cancel()

    def close(self) -> None:
        """Free the model."""
        self.base.close()


class AdaptedPlanner:
    """A planner with several adapters; one that knows none is asked for the first.

    Args:
        planners: one for each adapter, by its name; '' for that of the base alone.
    """

    def __init__(self, planners: Mapping[str, LMPlanner]):
        self._planners = dict(planners)
        self._first = next(iter(self._planners.values()))
        self.name = self._first.name

    @property
    def stats(self) -> CallStats:
        """What the last plan took, of those with the first adapter."""
        return self._first.stats

    @property
    def progress(self) -> Progress:
        """How far the model is with the reply that it writes, with whatever adapter."""
        return self._first.progress

    @property
    def health(self) -> PlannerHealth:
        """Whether the model can answer, and which adapters it has."""
        return replace(self._first.health, adapters=tuple(self._planners))

    def adapted(self, adapter: str) -> LMPlanner:
        """The planner with one adapter.

        Raises:
            UnknownAdapter: there is none of that name.
        """
        if adapter not in self._planners:
            raise UnknownAdapter(say_unknown(adapter, {self.name: list(self._planners)}))
        return self._planners[adapter]

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The next plan, with the first adapter; see `LMPlanner.plan`."""
        return self._first.plan(request, known_graph, history)

    def cancel(self) -> None:
        """End the running `plan`, with whatever adapter."""
        for planner in self._planners.values():
            planner.cancel()

    def close(self) -> None:
        """Free the model."""
        for planner in self._planners.values():
            planner.close()


def with_adapter(planner: Any, adapter: str) -> Planner:
    """A planner with one of its adapters; as it is where none is named.

    Raises:
        UnknownAdapter: it has none of that name.
    """
    if not adapter:
        return planner
    if not hasattr(planner, 'adapted'):
        raise UnknownAdapter(say_unknown(adapter, {planner.name: ()}))
    return planner.adapted(adapter)


def adapters_of(planners: Iterable[Any]) -> tuple[str, ...]:
    """The names of the adapters that some planners have."""
    told = (getattr(planner, 'health', None) for planner in planners)
    return tuple(name for health in told if health is not None for name in health.adapters)


def say_unknown(adapter: str, known: Mapping[str, Sequence[str]]) -> str:
    """That there is no adapter of a name, and which each planner has."""
    named = [f'{planner}:{name}' for planner, names in known.items() for name in names if name]
    return (
        f"there is no adapter '{adapter[:80]}' of {' or '.join(known)}; "
        f'there are {", ".join(named) or "none"}'
    )
