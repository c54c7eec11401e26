# SPDX-License-Identifier: Apache-2.0
"""A scene graph as RViz markers: spheres for regions, cubes for objects, lines and names.

An object of unknown position is drawn where it is held or seen from. What is known to lie nowhere
is left out, and so are lines to it: a made-up place would be wrong on a real map.
"""

from __future__ import annotations

from collections.abc import Mapping

from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from prism_core import SceneGraph
from prism_ros.conversions import FRAME

MAX_NAMES = 500  # RViz draws more texts only slowly

_NAME_ABOVE_M = 1.5
_REGION = ColorRGBA(r=0.20, g=0.45, b=0.85, a=1.0)
_OBJECT = ColorRGBA(r=0.95, g=0.60, b=0.15, a=1.0)
_WAY = ColorRGBA(r=0.55, g=0.60, b=0.70, a=0.9)
_PLACED = ColorRGBA(r=0.95, g=0.60, b=0.15, a=0.9)
_SIGHT = ColorRGBA(r=0.95, g=0.75, b=0.45, a=0.5)
_NAME = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
_ROBOT = ColorRGBA(r=0.15, g=0.75, b=0.35, a=1.0)


def make_markers(graph: SceneGraph, stamp) -> MarkerArray:
    """All markers of a graph; the first one deletes what was shown before."""
    at = {name: p for name in graph.nodes if (p := _find_point(graph, name)) is not None}
    regions = [name for name in graph.regions if name in at]
    objects = [name for name in graph.objects if name in at]
    robot = [at[name] for name in at if name == graph.robot_location]
    lists = [
        _points('regions', Marker.SPHERE_LIST, 1.2, _REGION, map(at.__getitem__, regions)),
        _points('objects', Marker.CUBE_LIST, 0.8, _OBJECT, map(at.__getitem__, objects)),
        _lines(graph, at, 'traversable', 0.15, _WAY),
        _lines(graph, at, 'observed_from', 0.06, _SIGHT),
        *(_lines(graph, at, kind, 0.10, _PLACED) for kind in ('in', 'on', 'held')),
        _points('robot', Marker.SPHERE_LIST, 2.0, _ROBOT, robot),
    ]
    # RViz calls a list without points an error.
    markers = [Marker(action=Marker.DELETEALL), *(marker for marker in lists if marker.points)]
    for index, node in enumerate((regions + objects)[:MAX_NAMES]):
        name = _marker('names', Marker.TEXT_VIEW_FACING, 1.0, _NAME, index)
        name.text = node
        name.pose.position = Point(x=at[node].x, y=at[node].y, z=at[node].z + _NAME_ABOVE_M)
        markers.append(name)
    for marker in markers:
        marker.header.frame_id = FRAME
        marker.header.stamp = stamp
    return MarkerArray(markers=markers)


def _marker(namespace: str, kind: int, size_m: float, color: ColorRGBA, index: int = 0) -> Marker:
    marker = Marker(ns=namespace, id=index, type=kind, action=Marker.ADD, color=color)
    marker.scale.x = marker.scale.y = marker.scale.z = size_m
    marker.pose.orientation.w = 1.0
    return marker


def _points(namespace: str, kind: int, size_m: float, color: ColorRGBA, points) -> Marker:
    marker = _marker(namespace, kind, size_m, color)
    marker.points = list(points)
    return marker


def _lines(
    graph: SceneGraph, at: Mapping[str, Point], kind: str, size_m: float, color: ColorRGBA
) -> Marker:
    ends = (
        at[name]
        for connection in graph.connections.values()
        if connection.kind == kind and connection.source in at and connection.target in at
        for name in (connection.source, connection.target)
    )
    return _points(kind, Marker.LINE_LIST, size_m, color, ends)


def _find_point(graph: SceneGraph, name: str) -> Point | None:
    position = graph.position_of(name)
    if position is None:
        return None
    z_m = graph.nodes[name].attributes.get('z_m', 0.0)
    z_m = float(z_m) if isinstance(z_m, (int, float)) else 0.0
    return Point(x=position[0], y=position[1], z=z_m)
