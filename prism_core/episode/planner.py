# SPDX-License-Identifier: Apache-2.0
"""What planners and simulators look like from outside, and the closed loop that joins them."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from prism_core.episode.closed_loop import ClosedLoop, FindBreaches, no_breaches
from prism_core.episode.episode import Episode, Turn
from prism_core.episode.mission_state import MAX_TURNS
from prism_core.episode.observation import Observation
from prism_core.errors import ConfigError, PlannerError, PrismError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable
from prism_core.plan.plan import Plan

PlannerFactory = Callable[[], 'Planner']
RequestCheck = Callable[[str, SceneGraph], str]
"""Says something of a request on a known graph; '' for nothing."""

PLANNER_MEMBERS = ('name', 'plan', 'close')


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
            request: the task in the user's words; of several that were said, the last.
            known_graph: what the robot knows now.
            history: the turns of this mission, oldest first; empty for a new mission. Those that
                were planned for something said earlier say what (`Turn.request`).

        Raises:
            PlannerError: no plan came. A planner raises nothing else.
        """

    def close(self) -> None:
        """Free what the planner holds.

        A second call does nothing.
        """


def no_question(request: str, known_graph: SceneGraph) -> str:
    """Nothing is to be asked before a request is acted on."""
    return ''


@runtime_checkable
class Simulator(Protocol):
    """A world that carries out actions one by one and shows what they reveal.

    The same actions in the same order give the same observations.
    """

    @property
    def table(self) -> ActionTable:
        """The actions that it carries out."""

    @property
    def known_graph(self) -> SceneGraph:
        """What the robot knows by now: the graph at the start with every update since."""

    def execute(self, action: Action) -> Observation:
        """Carry out one action and reveal what it shows.

        What cannot be carried out as it stands comes back as `refused` and changes nothing; it
        raises nothing.
        """


def run_episode(
    planner: Planner,
    simulator: Simulator,
    episode: Episode,
    *,
    max_turns: int = MAX_TURNS,
    find_breaches: FindBreaches = no_breaches,
) -> Episode:
    """Let a planner work on a task until it answers, asks, fails, does the same in vain over and
    over, or runs out of turns.

    A turn ends where the robot's would: behind an action that may bring news, and where the world
    made an action fail. A plan that the validator refuses is not carried out; its turn holds the
    feedback as `refused` observation. The planner gets the sentence alone.

    Args:
        planner: asked once a turn.
        simulator: a fresh one for this episode.
        episode: the task; turns that it may have are left out.
        max_turns: so many plans at most.
        find_breaches: what is refused beyond what the validator refuses.

    Returns:
        The episode with its turns and why it ended, not yet judged.
    """
    loop = ClosedLoop(
        episode.task.request,
        simulator.table,
        find_breaches=find_breaches,
        history=episode.earlier,
    )
    while not loop.ending:
        if len(loop.turns) >= max_turns:
            loop.end('limit')
            break
        graph = simulator.known_graph
        try:
            plan = planner.plan(loop.request, graph, loop.history)
        except PlannerError as caught:
            loop.end('planner_error', str(caught))
            break
        loop.take_plan(plan, graph)
        while (action := loop.action) is not None:
            loop.take_observation(simulator.execute(action))
    return dataclasses.replace(
        episode, turns=loop.turns, ending=loop.ending, error=loop.error, outcome=None
    )


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


def open_planner(name: str) -> Planner:
    """Make a planner by entry point or import path, as `find_planner` finds it.

    Raises:
        ConfigError: there is none, its factory cannot be called without arguments, or gives
            something else.
        PrismError: the factory says itself why it makes no planner.
    """
    return call_factory(name, find_planner(name))


def call_factory(name: str, factory: PlannerFactory) -> Planner:
    """The planner that a factory gives; `name` says in errors which it is.

    Raises:
        ConfigError: it cannot be called without arguments, or gives something else.
        PrismError: the factory says itself why it makes no planner.
    """
    try:
        planner = factory()
        missing = [member for member in PLANNER_MEMBERS if not hasattr(planner, member)]
    except PrismError:
        raise
    except Exception as error:  # the code of others: anything may come
        raise ConfigError(
            f"planner '{name}' cannot be made: expected a factory that is called without "
            f'arguments and gives a planner, it raised {error!r}'
        ) from error
    if missing:
        raise ConfigError(
            f"planner '{name}' gives {planner!r:.80}: expected name, plan and close, it lacks "
            f'{", ".join(missing)}; see docs/teachers.md for what a planner promises'
        )
    return planner
