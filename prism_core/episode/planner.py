# SPDX-License-Identifier: Apache-2.0
"""What planners and simulators look like from outside, and the closed loop that joins them."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable

from prism_core.episode.episode import Ending, Episode, Turn
from prism_core.episode.mission_state import MAX_TURNS
from prism_core.episode.observation import Observation
from prism_core.errors import ConfigError, PlannerError, PrismError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable, Role
from prism_core.plan.plan import Plan
from prism_core.plan.steps import render_steps
from prism_core.plan.validation import Problem, ValidationReport, validate_plan

PlannerFactory = Callable[[], 'Planner']
RequestCheck = Callable[[str, SceneGraph], str]
"""Says something of a request on a known graph; '' for nothing."""

FindBreaches = Callable[[Plan, str, SceneGraph, Sequence[Turn]], Iterable[Problem]]
"""What a valid plan would do that a request forbids, see `Domain`."""

PLANNER_MEMBERS = ('name', 'plan', 'close')
MAX_REFUSED_IN_A_ROW = 3
MAX_SAME = 4
"""So many turns that do the same in the same place and see the same, without news in between, end a
mission: one more than any action is worth (`MAX_TRIES`)."""
MAX_ALIKE = 12
"""So many with the same actions on the same nodes, in other words."""


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


def no_breaches(
    plan: Plan, request: str, known_graph: SceneGraph, history: Sequence[Turn]
) -> Iterable[Problem]:
    """No request forbids anything."""
    return ()


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
    turns: list[Turn] = []
    earlier = episode.earlier
    ending: Ending = 'limit'
    error = ''
    refused_in_a_row = 0
    in_vain = _InVain()
    while len(turns) < max_turns:
        graph = simulator.known_graph
        try:
            plan = planner.plan(episode.task.request, graph, (*earlier, *turns))
        except PlannerError as caught:
            ending, error = 'planner_error', str(caught)
            break
        report = validate_plan(plan, graph, simulator.table)
        if report.is_valid:
            breaches = find_breaches(plan, episode.task.request, graph, (*earlier, *turns))
            report = ValidationReport(tuple(breaches))
        if not report.is_valid:
            refusal = Observation(feedback=report.feedback, status='refused')
            turns.append(Turn(plan, (refusal,), graph.robot_location or '', known_graph=graph))
            refused_in_a_row += 1
            if refused_in_a_row == MAX_REFUSED_IN_A_ROW:
                ending = 'invalid_plans'
                break
            continue
        refused_in_a_row = 0
        observations = _carry_out(plan, simulator)
        turns.append(Turn(plan, observations, graph.robot_location or '', known_graph=graph))
        last = plan.actions[len(turns[-1].observations) - 1].name
        if simulator.table[last].ends_mission:
            ending = 'asked' if simulator.table[last].role is Role.ASK else 'reported'
            break
        if error := in_vain.note(turns[-1]):
            ending = 'stuck'
            break
    return dataclasses.replace(
        episode, turns=tuple(turns), ending=ending, error=error, outcome=None
    )


class _InVain:
    """What a mission did since the last news, and how often."""

    def __init__(self) -> None:
        self._times: Counter[tuple] = Counter()

    def note(self, turn: Turn) -> str:
        """Count a turn; what was done too often, '' while nothing was."""
        if any(observation.is_news for observation in turn.observations):
            self._times.clear()
            return ''
        steps = list(zip(turn.plan.actions, turn.observations))
        same = tuple((action, seen.status, seen.feedback) for action, seen in steps)
        alike = tuple((action.name, _node_of(action)) for action, _ in steps)
        for what, most in ((same, MAX_SAME), (alike, MAX_ALIKE)):
            self._times[turn.robot_location, what] += 1
            if (times := self._times[turn.robot_location, what]) == most:
                last = render_steps([action for action, _ in steps[-1:]])
                return f'{last} brought no news, {times} times from the same place'
        return ''


def _node_of(action: Action) -> str:
    """What an action is done on, where its first argument says so."""
    first = action.arguments[0] if action.arguments else ''
    return first if isinstance(first, str) else ''


def _carry_out(plan: Plan, simulator: Simulator) -> tuple[Observation, ...]:
    observations = []
    for action in plan.actions:
        observation = simulator.execute(action)
        observations.append(observation)
        if observation.status != 'done' or simulator.table[action.name].ends_turn:
            break
    return tuple(observations)


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
