# SPDX-License-Identifier: Apache-2.0
"""Does a teacher that others bring keep the promises of a planner? Asked before a run, not after.

The promises are those of `Planner`; `testing.check_planner` holds a planner to them, and here its
findings become one sentence for the user.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prism_core.domain import Domain
from prism_core.episode.episode import Episode, Turn
from prism_core.episode.planner import PLANNER_MEMBERS, Planner, run_episode
from prism_core.errors import ConfigError
from prism_core.graph.elements import quote
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan
from prism_core.testing.doubles import ScriptedPlanner
from prism_core.testing.planners import check_planner


def check_teacher(planner: Planner, domain: Domain, tasks: Iterable[Episode]) -> None:
    """Hold a planner to the promises of the protocol, on the first two turns of some tasks.

    It is asked each question twice, and closed at the end: make another one for the run.

    Args:
        planner: of anybody.
        domain: where the simulator comes from in which its first plan is carried out.
        tasks: a few episodes without turns.

    Raises:
        ConfigError: which promise is broken, and how.
    """
    try:
        missing = [member for member in PLANNER_MEMBERS if not hasattr(planner, member)]
        if missing:
            raise AssertionError(f'expected name, plan and close, it lacks {", ".join(missing)}')
        kept = _Kept(planner)
        tasks = list(tasks)
        check_planner(kept, [(task.task.request, task.known_graph, ()) for task in tasks])
        if kept.odd:
            raise AssertionError(f'expected a Plan of Actions, got {quote(kept.odd[0])} in it')
        check_planner(kept, [_second_turn(kept, task, domain) for task in tasks])
        check_planner(planner, ())  # its name, and that it can be closed twice
    except AssertionError as error:
        raise ConfigError(_sentence(planner, str(error))) from error
    except Exception as error:  # a name or a close of others: anything may come
        raise ConfigError(_sentence(planner, f'name or close raised {error!r}')) from error


def _sentence(planner: object, problem: str) -> str:
    kind = type(planner)
    return (
        f'the teacher {kind.__module__}.{kind.__qualname__} breaks the protocol of planners: '
        f'{" ".join(problem.split())}; see docs/teachers.md for what a planner promises'
    )


class _Kept:
    """A planner that is not closed yet; what it planned, and what in its plans is no action."""

    def __init__(self, planner: Planner):
        self.name = planner.name
        self._planner = planner
        self._plans: dict[str, Plan] = {}
        self.odd: list[object] = []

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """What the planner answers."""
        plan = self._planner.plan(request, known_graph, history)
        if isinstance(plan, Plan):
            self.odd += [action for action in plan.actions if not isinstance(action, Action)]
            self._plans[request] = plan
        return plan

    def close(self) -> None:
        """Not yet."""

    def first_plan(self, request: str) -> list[Plan]:
        """What it planned for a request, if it did."""
        return [self._plans[request]] if request in self._plans else []


def _second_turn(
    kept: _Kept, task: Episode, domain: Domain
) -> tuple[str, SceneGraph, tuple[Turn, ...]]:
    """What a planner is asked behind its first plan."""
    script = ScriptedPlanner(kept.first_plan(task.task.request))
    run = run_episode(script, domain.make_simulator(task), task, max_turns=1)
    return task.task.request, run.final_graph, (*run.earlier, *run.turns)
