# SPDX-License-Identifier: Apache-2.0
"""A planner that plans as far as it can see, as language models do, for tests of what is left of
such plans.
"""

from __future__ import annotations

from collections.abc import Sequence

from prism_core import (
    Criterion,
    Domain,
    Episode,
    Plan,
    Planner,
    PlannerError,
    SceneGraph,
    Task,
    Turn,
    find_domain,
)

STEPS = 24


class FarSighted:
    """Plans on in the world as it is known, until something would be seen that is not.

    Args:
        planner: plans each turn.
        domain: whose actions.

    `calls` counts how often it was asked.
    """

    name = 'far_sighted'

    def __init__(self, planner: Planner, domain: Domain):
        self.calls = 0
        self._planner, self._domain = planner, domain

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        self.calls += 1
        first = plan = self._planner.plan(request, known_graph, history)
        task = Episode(0, Task(request), Criterion('any'), known_graph, known_graph)
        world, turns = self._domain.make_simulator(task), list(history)
        steps: list = []
        while len(steps) < STEPS:
            before, seen = world.known_graph, []
            for action in plan.actions:
                graph = world.known_graph
                steps.append(action)
                if self._domain.table[action.name].ends_mission:
                    return Plan(tuple(steps), first.primary_goal, first.relevant_graph)
                seen.append(world.execute(action))
                if not self._domain.is_expected(action, seen[-1], graph):
                    return Plan(tuple(steps), first.primary_goal, first.relevant_graph)
            turns.append(Turn(plan, tuple(seen), before.robot_location or '', known_graph=before))
            try:
                plan = self._planner.plan(request, world.known_graph, turns)
            except PlannerError:
                break
        return Plan(tuple(steps), first.primary_goal, first.relevant_graph)

    def close(self) -> None:
        self._planner.close()


def make_far_sighted(domain: Domain | None = None) -> FarSighted:
    """The symbolic planner of a domain, far-sighted."""
    domain = domain or find_domain('mapping')
    return FarSighted(domain.make_symbolic(), domain)
