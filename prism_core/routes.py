"""The way that a plan takes through the regions of a known graph."""

from __future__ import annotations

from prism_core.plan import Plan
from prism_core.scene_graph import SceneGraph


def trace_plan(plan: Plan, known_graph: SceneGraph) -> list[str]:
    """The regions that the robot passes, from where it is; each step goes the shortest way.

    An object is gone to where it is seen from nearest. Steps that name no known, reachable node
    leave the robot where it is. Empty when its location is unknown.
    """
    if known_graph.robot_location is None:
        return []
    way = [known_graph.robot_location]
    for action in plan.actions:
        names = [a for a in action.arguments if isinstance(a, str) and a in known_graph.nodes]
        if not names:
            continue
        distances = known_graph.distances_m(way[-1])
        goals = known_graph.viewpoints.get(names[0], (names[0],))
        reachable = [goal for goal in goals if goal in distances]
        if reachable:
            nearest = min(reachable, key=distances.__getitem__)
            way += known_graph.route(way[-1], nearest)[1:]
    return way
