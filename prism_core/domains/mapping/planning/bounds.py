# SPDX-License-Identifier: Apache-2.0
"""Where a mission may lead: which regions must not be entered, and how to keep out of them.

Whoever drives takes the shortest known way, and another one by himself where that is blocked. So
a plan stops at regions on its way wherever the shortest way would enter one that is forbidden, and
looks first whether a way is free of which every detour would.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from prism_core.domains.mapping.intent import Constraint, Intent, Target
from prism_core.domains.mapping.kinds.goals import places_of
from prism_core.domains.mapping.reports import Report, render_report
from prism_core.episode.episode import Turn
from prism_core.episode.mission_state import MissionState
from prism_core.graph.calling import called
from prism_core.graph.elements import Connection, GraphUpdate
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan


def forbidden_regions(
    constraints: Sequence[Constraint],
    graph: SceneGraph,
    start: str,
    places: Sequence[Target] = (),
) -> frozenset[str]:
    """The regions of a graph that constraints forbid to enter.

    Args:
        constraints: those that bind a mission.
        graph: what is known, or all that there is.
        start: the region where the mission began.
        places: the regions that its task names.
    """
    forbidden: set[str] = set()
    stays = [c.region for c in constraints if c.kind == 'stay_on' and c.region is not None]
    if stays:
        allowed = {start, *(name for one in (*stays, *places) for name in regions_of(one, graph))}
        forbidden.update(graph.regions.keys() - allowed)
    for constraint in constraints:
        if constraint.kind == 'avoid' and constraint.region is not None:
            forbidden.update(regions_of(constraint.region, graph))
        elif constraint.kind == 'within':
            far = (
                name for name in graph.regions if _far_m(name, graph, start) > constraint.distance_m
            )
            forbidden.update(far)
    return frozenset(forbidden)


def regions_of(target: Target, graph: SceneGraph) -> list[str]:
    """All regions that a target means, those of its class or that of its name; of objects, those
    from which they are seen.
    """
    if target.kind == 'object':
        names = [target.name] if target.name else called(graph.objects.values(), target.classes)
        return [region for name in names for region in graph.viewpoints.get(name, ())]
    if target.name:
        return [target.name] if target.name in graph.regions else []
    return called(graph.regions.values(), target.classes)


def _far_m(name: str, graph: SceneGraph, start: str) -> float:
    """How far a region is from another in a straight line; by the ways between them where it is
    not known to lie anywhere.
    """
    one, other = graph.nodes[start].position, graph.nodes[name].position
    if one is not None and other is not None:
        return math.dist(one, other)
    return graph.distances_m(start).get(name, math.inf)


def without_ways_into(graph: SceneGraph, forbidden: frozenset[str], here: str) -> SceneGraph:
    """A graph without the ways into some regions; those that lead out of where the robot is are
    left.
    """
    gone = tuple(
        way
        for way in graph.connections.values()
        if way.kind == 'traversable' and (set(way.key) - {here}) & forbidden
    )
    return graph.apply(GraphUpdate(remove_connections=gone)) if gone else graph


def _began(graph: SceneGraph, history: Sequence[Turn]) -> str:
    """Where a mission began, as far as its first turn tells."""
    first = history[0] if history else Turn(Plan(()))
    kept = first.known_graph.robot_location if first.known_graph is not None else ''
    told = first.robot_location or kept or ''
    return told if told in graph.regions else graph.robot_location or ''


def stand_at(state: MissionState, view: SceneGraph, here: str) -> MissionState:
    """Where a mission stands when the robot is in a region and drives over the ways of a graph."""
    distances_m = view.distances_m(here)
    order = {name: index for index, name in enumerate(view.regions)}
    frontiers = [
        replace(frontier, distance_m=distances_m[frontier.region])
        for frontier in state.frontiers
        if frontier.region in distances_m
    ]
    frontiers.sort(key=lambda f: (state.failures.get(f.action, 0), f.distance_m, order[f.region]))
    unreachable = frozenset(order.keys() - distances_m.keys())
    return replace(state, here=here, frontiers=tuple(frontiers), unreachable=unreachable)


@dataclass(frozen=True)
class Bounds:
    """The regions that a mission must not enter, and the known graph without the ways into them."""

    graph: SceneGraph
    view: SceneGraph
    forbidden: frozenset[str]

    @classmethod
    def of(cls, intent: Intent, graph: SceneGraph, history: Sequence[Turn]) -> Bounds | None:
        """The bounds of a mission; None where nothing bounds it."""
        if all(constraint.kind == 'only_by' for constraint in intent.constraints):
            return None
        here, start = graph.robot_location or '', _began(graph, history)
        forbidden = forbidden_regions(intent.constraints, graph, start, places_of(intent))
        return cls(graph, without_ways_into(graph, forbidden, here), forbidden)

    def at(self, region: str) -> Bounds:
        """The same where the robot is elsewhere."""
        view = without_ways_into(self.graph, self.forbidden, region)
        return replace(self, graph=self.graph.at(region), view=view.at(region))

    def left_out(self) -> list[str]:
        """The known regions that the robot could get to if they were not forbidden."""
        here = self.graph.robot_location or ''
        reachable = self.graph.reachable_regions(here)
        return [name for name in self.graph.regions if name in self.forbidden & reachable]

    def is_open(self, name: str, here: str) -> bool:
        """Whether one may get from a region to a region, or to where an object is seen from."""
        return self._goal(name, here, self.view) is not None

    def entered_by(self, name: str, here: str) -> list[str]:
        """What is forbidden on the way that whoever is sent there would take."""
        goal = self._goal(name, here, self.graph)
        way = [] if goal is None else self.graph.route(here, goal)[1:]
        return [region for region in way if region in self.forbidden]

    def keep(self, step: Sequence[Action], state: MissionState) -> tuple[Action, ...]:
        """The actions of a step, with what keeps them out of what is forbidden: drives that are put
        before them, or a look instead of them.
        """
        here, kept = state.here, list[Action]()
        for action in step:
            name = str(action.arguments[0]) if action.arguments else ''
            if name in self.forbidden:
                said = render_report(Report('forbidden', (name,)), self.graph)
                return (*kept, Action('answer', (said,)))
            goal = self._goal(name, here, self.view)
            if goal is None or action.name in _SAID:
                kept.append(action)
                continue
            way = self.view.route(here, goal)
            unsure = next(
                (
                    start
                    for start, end in itertools.pairwise(way)
                    if self._strays(start, end, goal, state)
                ),
                None,
            )
            stops = self._stops(way if unsure is None else way[: way.index(unsure) + 1])
            kept += [Action('goto', (stop,)) for stop in stops[:-1]]
            if unsure is not None:
                return (*kept, Action('map_region', (unsure,)))
            at = stops[-2] if len(stops) > 1 else here
            if name != goal and self._goal(name, at, self.graph) != goal:
                kept.append(Action('goto', (goal,)))
            kept.append(action)
            here = goal
        return tuple(kept)

    @staticmethod
    def _goal(name: str, here: str, graph: SceneGraph) -> str | None:
        """Where one drives to for a region or an object; None where one cannot, or for neither."""
        distances_m = graph.distances_m(here)
        places = graph.viewpoints.get(name, (name,))
        near = [place for place in places if place in distances_m]
        return min(near, key=distances_m.__getitem__, default=None)

    def _stops(self, way: Sequence[str]) -> list[str]:
        """The regions on a way at which to stop, so that the shortest ways between them enter
        nothing forbidden; the first of the way is none of them, the last is.
        """
        stops, at = [way[0]], 0
        while at < len(way) - 1:
            ends = range(len(way) - 1, at, -1)
            at = next((end for end in ends if self._is_allowed(way[at], way[end])), at + 1)
            stops.append(way[at])
        return stops[1:] or list(way)

    def _is_allowed(self, start: str, end: str, without: tuple[Connection, ...] = ()) -> bool:
        graph = self.graph.apply(GraphUpdate(remove_connections=without)) if without else self.graph
        if without and not graph.is_reachable(start, end):
            return True
        return self.forbidden.isdisjoint(graph.route(start, end)[1:])

    def _strays(self, start: str, end: str, goal: str, state: MissionState) -> bool:
        """Whether who finds a way blocked may drive through what is forbidden; not where one has
        looked whether it is.
        """
        looks = [Action('map_region', (name,)) for name in (start, end)]
        if not state.done.isdisjoint(looks) or state.is_blocked(looks[0]):
            return False
        way = (self.graph.connections[min(start, end), max(start, end)],)
        return not all(self._is_allowed(start, place, way) for place in (end, goal))


_SAID = ('answer', 'clarify', 'extend_map')
