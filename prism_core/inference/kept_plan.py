# SPDX-License-Identifier: Apache-2.0
"""No planner is asked where none is needed: the rest of the last plan, while it still holds.

A planner is a function of the sentence, of what is known and of what happened. Where all that was
carried out of its last plan went as it was meant to, and nothing else became known, the steps that
it planned behind that are as good as they were. What says that the mission is done is never kept:
it was planned before the last step was seen, and so was what stands for news.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from prism_core.domain import Domain
from prism_core.episode.episode import Turn
from prism_core.episode.planner import Planner
from prism_core.episode.planner_health import PlannerHealth
from prism_core.errors import SceneGraphError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.call_stats import CallStats, stats_of
from prism_core.plan.actions import Action, ActionTable, Role
from prism_core.plan.plan import Plan

KEPT = 'All went as planned: this is the rest of the plan before, no planner was asked.'
"""What the notes of such a plan say; those of the plan before were told with it."""


def has_rest(history: Sequence[Turn], table: ActionTable) -> bool:
    """Whether the last plan of a mission may go on: something of it was done, all that was done
    succeeded, and there are steps behind. Looks at the last turn alone.
    """
    return bool(history) and bool(_steps_behind(history[-1], table))


def find_rest(
    request: str, known_graph: SceneGraph, history: Sequence[Turn], domain: Domain
) -> Plan | None:
    """The rest of the last plan of a mission; None where a planner has to be asked.

    It is given where each observation of the last turn is what its action was meant to show (see
    `Domain.is_expected`), the graph is the one that the plan was made on with these observations
    and nothing else, and the rest is still valid and allowed by the request. What that takes grows
    with the last turn, not with the mission.

    Args:
        request: in the user's words; all turns are of the same request.
        known_graph: what is known now.
        history: the turns so far; the last one says what was known when it was planned.
        domain: whose actions they are.
    """
    if not has_rest(history, domain.table):
        return None
    last = history[-1]
    if last.known_graph is None or last.request:  # that was planned for what was said earlier
        return None
    steps = _steps_behind(last, domain.table)
    try:
        graphs = last.replay(last.known_graph)
    except SceneGraphError:
        return None
    carried_out = zip(last.plan.actions, last.observations, graphs)
    if not all(domain.is_expected(*one) for one in carried_out) or not _same(
        graphs[-1], known_graph
    ):
        return None
    rest = replace(last.plan, actions=steps, notes=(KEPT,))
    return rest if domain.validate(rest, request, known_graph, history).is_valid else None


def _steps_behind(turn: Turn, table: ActionTable) -> tuple[Action, ...]:
    """What is left to be carried out of a plan, up to what ends the mission or stands for news."""
    done = len(turn.observations)
    if not done or any(observation.status != 'done' for observation in turn.observations):
        return ()
    steps = turn.plan.actions[done:]
    for number, action in enumerate(steps):
        spec = table.get(action.name)
        if spec is None or spec.ends_mission or spec.role is Role.STAND_IN:
            return steps[:number]
    return steps


def _same(one: SceneGraph, other: SceneGraph) -> bool:
    """Whether two graphs say the same, whatever their revisions."""
    return (
        one.robot_location == other.robot_location
        and one.nodes == other.nodes
        and one.connections == other.connections
    )


class KeepingPlanner:
    """Another planner, which is asked only where its last plan does not go on.

    Args:
        planner: the other one.
        domain: whose actions it plans with.

    `kept` counts the plans for which it was not asked. Passes `testing.check_planner` where the
    other one does.
    """

    def __init__(self, planner: Planner, domain: Domain):
        self.name = planner.name
        self.kept = 0
        self.stats = CallStats()
        self._planner, self._domain = planner, domain

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The rest of the last plan, or the other planner's.

        Raises:
            PlannerError: the other planner does.
        """
        self.stats = CallStats()
        rest = find_rest(request, known_graph, history, self._domain)
        if rest is not None:
            self.kept += 1
            return rest
        try:
            return self._planner.plan(request, known_graph, history)
        finally:
            self.stats = stats_of(self._planner)

    @property
    def health(self) -> PlannerHealth:
        """How the other planner is."""
        told: Any = getattr(self._planner, 'health', None)
        return told or PlannerHealth('ready')

    def cancel(self) -> None:
        """End the running `plan`, where the other planner can."""
        getattr(self._planner, 'cancel', lambda: None)()

    def close(self) -> None:
        """Free the other planner."""
        self._planner.close()
