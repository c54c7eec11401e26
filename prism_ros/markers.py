"""A scene graph as RViz markers: spheres for regions, cubes for objects, lines and names."""

from __future__ import annotations

from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from prism_core import Node, SceneGraph
from prism_ros.conversions import FRAME

MAX_NAMES = 500  # RViz draws more texts only slowly

_REGION = ColorRGBA(r=0.20, g=0.45, b=0.85, a=1.0)
_OBJECT = ColorRGBA(r=0.95, g=0.60, b=0.15, a=1.0)
_WAY = ColorRGBA(r=0.55, g=0.60, b=0.70, a=0.9)
_SIGHT = ColorRGBA(r=0.95, g=0.75, b=0.45, a=0.5)
_NAME = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
_ROBOT = ColorRGBA(r=0.15, g=0.75, b=0.35, a=1.0)


def make_markers(graph: SceneGraph, stamp) -> MarkerArray:
    """All markers of a graph; the first one deletes what was shown before."""
    regions, objects = list(graph.regions.values()), list(graph.objects.values())
    lists = [
        _points('regions', Marker.SPHERE_LIST, 1.2, _REGION, map(_point, regions)),
        _points('objects', Marker.CUBE_LIST, 0.8, _OBJECT, map(_point, objects)),
        _lines(graph, 'traversable', 0.15, _WAY),
        _lines(graph, 'observed_from', 0.06, _SIGHT),
    ]
    if graph.robot_location is not None:
        robot = graph.nodes[graph.robot_location]
        lists.append(_points('robot', Marker.SPHERE_LIST, 2.0, _ROBOT, [_point(robot)]))
    # RViz calls a list without points an error.
    markers = [Marker(action=Marker.DELETEALL), *(marker for marker in lists if marker.points)]
    for index, node in enumerate((regions + objects)[:MAX_NAMES]):
        name = _marker('names', Marker.TEXT_VIEW_FACING, 1.0, _NAME, index)
        name.text = node.name
        name.pose.position = _point(node, above_m=1.5)
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


def _lines(graph: SceneGraph, kind: str, size_m: float, color: ColorRGBA) -> Marker:
    ends = (
        _point(graph.nodes[name])
        for connection in graph.connections.values()
        if connection.kind == kind
        for name in (connection.source, connection.target)
    )
    return _points(kind, Marker.LINE_LIST, size_m, color, ends)


def _point(node: Node, above_m: float = 0.0) -> Point:
    z_m = node.attributes.get('z_m', 0.0)
    x_m, y_m = node.position
    return Point(x=x_m, y=y_m, z=(float(z_m) if isinstance(z_m, (int, float)) else 0.0) + above_m)
