# SPDX-License-Identifier: Apache-2.0
"""A step as a trip: from region to region over known ways, and what it showed. Knows no ROS.

Each way is driven by itself, so that one on which no way through is found is known by name, and so
that the robot goes where the plan was checked to go.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from prism_core import (
    Action,
    ActionSpec,
    ArgumentKind,
    Connection,
    GraphUpdate,
    Observation,
    SceneGraph,
    SceneGraphError,
)
from prism_core.graph.poses import StandingPose, pose_in

_STEP_M = 0.1  # less than that is noise of the localisation
DRIVEN = 0.9  # the part of the progress that a drive is where something follows


class Destination(NamedTuple):
    """Where an action is done: in the nearest of some regions, looking at an object; or at a point,
    which lies in no region.
    """

    regions: tuple[str, ...] = ()
    facing: str | None = None
    point: tuple[float, float] | None = None


@dataclass(frozen=True)
class Leg:
    """One drive.

    `region` is where it ends, None at a point; `way` what it drives along, None where it begins
    and ends in one region, or ends at a point.
    """

    pose: StandingPose
    length_m: float
    region: str | None = None
    way: Connection | None = None

    @property
    def goal(self) -> str:
        """Where it ends, in words."""
        return self.region or f'({self.pose.x_m:g}, {self.pose.y_m:g})'


def find_legs(graph: SceneGraph, action: Action, spec: ActionSpec) -> list[Leg]:
    """The drives that bring a robot to where an action is done; none where that is anywhere.

    Args:
        graph: as it is known.
        action: fits its row of the table.
        spec: that row. The first node that it names is where to go, or else a coordinate.

    Raises:
        SceneGraphError: nothing is known of a way there, or of where it leads.
    """
    place = _destination_of(graph, action, spec)
    if place is None:
        return []
    here = graph.robot_location
    if here is None:
        raise SceneGraphError(
            'where the robot is is unknown; tell it in an update, or start prism_scene_graph with '
            'tf.listen and tf.robot_frame'
        )
    distances = graph.distances_m(here)
    reachable = [region for region in place.regions if region in distances]
    if place.point is not None:
        reachable = [_nearest(graph, distances, place.point)]
    if not reachable:
        raise SceneGraphError(f'no known way leads to {" or ".join(place.regions)}')
    route = graph.route(here, min(reachable, key=distances.__getitem__))
    legs = [_make_leg(graph, *ends) for ends in itertools.pairwise(route)]
    if place.point is not None:
        return [*legs, _leg_to_point(graph, route[-1], place.point)]
    last = legs.pop() if legs else _make_leg(graph, here, here)
    at = graph.position_of(place.facing) if place.facing else None
    pose = last.pose if at is None else last.pose.facing(*at)
    return [*legs, Leg(pose, last.length_m, last.region, last.way)]


def _destination_of(graph: SceneGraph, action: Action, spec: ActionSpec) -> Destination | None:
    values = {a.kind: value for a, value in zip(spec.arguments, action.arguments)}
    for argument, value in zip(spec.arguments, action.arguments):
        if not argument.kind.is_node:
            continue
        node = graph.nodes.get(str(value))
        if node is None or not argument.kind.takes(node.kind):
            raise SceneGraphError(
                f'the scene graph contains no {argument.kind.value} {str(value)[:80]}'
            )
        if node.kind == 'region':
            return Destination((node.name,))
        regions = graph.viewpoints[node.name]
        if not regions:
            raise SceneGraphError(f'nothing is known of where {node.name} is seen from')
        return Destination(regions, facing=node.name)
    x_m, y_m = values.get(ArgumentKind.X_M), values.get(ArgumentKind.Y_M)
    if isinstance(x_m, (int, float)) and isinstance(y_m, (int, float)):
        if not (math.isfinite(x_m) and math.isfinite(y_m)):
            raise SceneGraphError(f'expected a coordinate in metres, got ({x_m}, {y_m})')
        return Destination(point=(float(x_m), float(y_m)))
    return None


def _nearest(graph: SceneGraph, regions: Iterable[str], point: tuple[float, float]) -> str:
    gaps = {
        region: math.dist(position, point)
        for region in regions
        if (position := graph.nodes[region].position) is not None
    }
    if not gaps:
        raise SceneGraphError(
            'where the regions lie is unknown, so no way leads toward a coordinate'
        )
    return min(gaps, key=lambda region: (gaps[region], region))


def _make_leg(graph: SceneGraph, start: str, end: str) -> Leg:
    pose = pose_in(graph, end, None if start == end else start)
    if pose is None:
        raise SceneGraphError(f'where {end} lies is unknown, so the robot cannot be sent there')
    if start == end:
        return Leg(pose, 0.0, end)
    way = graph.connections[(start, end) if start < end else (end, start)]
    return Leg(pose, graph.region_network[start][end]['length_m'], end, way)


def _leg_to_point(graph: SceneGraph, start: str, point: tuple[float, float]) -> Leg:
    pose = pose_in(graph, start)
    if pose is None:  # it was chosen by its position
        raise SceneGraphError(f'where {start} lies is unknown')
    there = pose.facing(*point)._replace(x_m=point[0], y_m=point[1])
    return Leg(there, math.dist((pose.x_m, pose.y_m), point))


class Trip:
    """Legs that are driven one after the other.

    Args:
        legs: the drives.
        is_all: whether nothing follows them.

    Attributes:
        heard: how often feedback came of the leg under way.
        distance_m: how far the robot drove.
    """

    def __init__(self, legs: list[Leg], *, is_all: bool = True):
        self.legs = legs
        self.heard = 0
        self.distance_m = 0.0
        self._part = 1.0 if is_all else DRIVEN
        self._total_m = sum(leg.length_m for leg in legs)
        self._done_m = 0.0
        self._here: str | None = None  # another region than before that was reached last
        self._last: tuple[float, float] | None = None  # where the robot was
        self._progress = 0.0

    def begin(self) -> None:
        """The next leg begins."""
        self.heard = 0

    def hear(self, leg: Leg, feedback: Any) -> tuple[float, str]:
        """How far it is, from 0 to 1 and in words, as feedback of Nav2 says it."""
        self.heard += 1
        at = feedback.current_pose.pose.position
        here = (at.x, at.y)
        moved_m = math.dist(self._last or here, here)
        if self._last is None or moved_m >= _STEP_M:
            self.distance_m += moved_m
            self._last = here
        said, left_m = f'driving to {leg.goal}', feedback.distance_remaining
        if left_m > 0:  # Nav2 says 0 while it has no path yet
            said += f', {left_m:.1f} m to go'
            driven_m = self._done_m + max(leg.length_m - left_m, 0.0)
            if self._total_m:
                self._progress = max(self._progress, self._part * driven_m / self._total_m)
        if feedback.number_of_recoveries:
            said += f', recoveries: {feedback.number_of_recoveries}'
        return self._progress, said

    def reach(self, leg: Leg) -> None:
        """A leg was driven to its end."""
        self._done_m += leg.length_m
        if not self.heard:
            self.distance_m += leg.length_m
        if self._total_m:
            self._progress = max(self._progress, self._part * self._done_m / self._total_m)
        if leg.way is not None:
            self._here = leg.region

    def observe(
        self, why: str = '', *, blocked: Connection | None = None, source: str = ''
    ) -> Observation:
        """What it showed.

        Args:
            why: it ended early; '' where it came to its end.
            blocked: the way on which there was no way through.
            source: who reports it.
        """
        update = GraphUpdate(
            remove_connections=() if blocked is None else (blocked,),
            robot_location=self._here,
            source=source,
        )
        return Observation(update, why, 'failed' if why else 'done', round(self.distance_m, 3))
