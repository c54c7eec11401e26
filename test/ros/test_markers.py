# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter

import pytest
from builtin_interfaces.msg import Time
from hypothesis import given
from visualization_msgs.msg import Marker

from prism_core import Connection, Node, SceneGraph
from prism_ros.markers import MAX_NAMES, make_markers

from ..core import strategies
from .message_strategies import patient

STAMP = Time(sec=5, nanosec=6)
GRAPH = SceneGraph(
    [
        Node('dock', 'region', (1, 2)),
        Node('truck', 'object', (7, 8), '', {'z_m': 3}),
        Node('road', 'region', (4, 5), '', {'z_m': 'high'}),
    ],
    [
        Connection('traversable', 'road', 'dock'),
        Connection('observed_from', 'truck', 'road'),
        Connection('on', 'truck', 'dock'),
    ],
    robot_location='road',
)


def named(graph: SceneGraph) -> dict[tuple[str, int], Marker]:
    """The markers behind the first, by namespace and id."""
    first, *markers = make_markers(graph, STAMP).markers
    assert first.action == Marker.DELETEALL
    assert all(marker.action == Marker.ADD for marker in markers)
    return {(marker.ns, marker.id): marker for marker in markers}


def points(marker: Marker) -> list[tuple[float, float, float]]:
    return [(point.x, point.y, point.z) for point in marker.points]


@patient
@given(strategies.scene_graphs())
def test_any_graph_is_drawn_with_a_point_for_each_node_and_two_for_each_connection(graph):
    markers = named(graph)
    kinds = Counter(connection.kind for connection in graph.connections.values())
    expected = {
        'regions': len(graph.regions),
        'objects': len(graph.objects),
        'traversable': 2 * kinds['traversable'],
        'observed_from': 2 * kinds['observed_from'],
        **{kind: 2 * kinds[kind] for kind in ('in', 'on', 'held')},
        'robot': int(graph.robot_location is not None),
    }
    drawn = {name: len(marker.points) for (name, _), marker in markers.items() if name != 'names'}
    # RViz calls a list without points an error, so there is none.
    assert drawn == {name: count for name, count in expected.items() if count}
    assert sorted(m.text for (name, _), m in markers.items() if name == 'names') == sorted(
        graph.nodes
    )


@patient
@given(strategies.scene_graphs())
def test_no_two_markers_share_namespace_and_id_and_the_same_graph_gives_the_same(graph):
    array = make_markers(graph, STAMP)
    assert len(named(graph)) == len(array.markers) - 1
    assert make_markers(graph, STAMP) == array


def test_points_stand_where_the_nodes_are():
    markers = named(GRAPH)
    assert points(markers['regions', 0]) == [(1, 2, 0), (4, 5, 0)]
    assert points(markers['objects', 0]) == [(7, 8, 3)]
    assert points(markers['traversable', 0]) == [(4, 5, 0), (1, 2, 0)]
    assert points(markers['observed_from', 0]) == [(7, 8, 3), (4, 5, 0)]
    assert points(markers['on', 0]) == [(7, 8, 3), (1, 2, 0)]
    assert points(markers['robot', 0]) == [(4, 5, 0)]


def test_what_lies_nowhere_known_is_left_out_and_an_object_stands_where_it_is_seen_from():
    graph = SceneGraph(
        [
            *(Node('dock', 'region', (1, 2)), Node('attic', 'region')),
            *(Node('mug "B"', 'object', None, '', {'z_m': 2}), Node('ghost', 'object')),
        ],
        [
            Connection('traversable', 'dock', 'attic'),
            Connection('observed_from', 'mug "B"', 'dock'),
        ],
        robot_location='attic',
    )
    markers = named(graph)
    assert points(markers['regions', 0]) == [(1, 2, 0)]
    assert points(markers['objects', 0]) == [(1, 2, 2)]
    assert points(markers['observed_from', 0]) == [(1, 2, 2), (1, 2, 0)]
    assert not {name for name, _ in markers} & {'traversable', 'robot'}
    assert [m.text for (space, _), m in markers.items() if space == 'names'] == ['dock', 'mug "B"']


def test_a_name_stands_above_its_node():
    markers = named(GRAPH)
    names = {
        marker.text: (marker.pose.position.x, marker.pose.position.y, marker.pose.position.z)
        for (namespace, _), marker in markers.items()
        if namespace == 'names'
    }
    assert names == {'dock': (1, 2, 1.5), 'road': (4, 5, 1.5), 'truck': (7, 8, 4.5)}


def test_every_marker_is_in_frame_map_with_the_stamp_of_the_graph():
    markers = make_markers(GRAPH, STAMP).markers
    assert {marker.header.frame_id for marker in markers} == {'map'}
    assert all(marker.header.stamp == STAMP for marker in markers)


def test_every_marker_can_be_seen():
    for marker in named(GRAPH).values():
        assert min(marker.scale.x, marker.scale.y, marker.scale.z, marker.color.a) > 0
        assert marker.pose.orientation.w == 1.0


@pytest.mark.parametrize('objects', [0, 100])
def test_of_many_names_the_first_are_drawn_regions_before_objects(objects):
    regions = MAX_NAMES + 1 - objects
    graph = SceneGraph(
        [Node(f'object_{i}', 'object', (i, 0)) for i in range(objects)]
        + [Node(f'region_{i}', 'region', (i, 1)) for i in range(regions)]
    )
    names = [marker.text for (space, _), marker in named(graph).items() if space == 'names']
    assert names == [*graph.regions, *graph.objects][:MAX_NAMES]
    assert len(named(graph)['regions', 0].points) == regions


def test_an_empty_graph_deletes_what_was_shown():
    assert [marker.action for marker in make_markers(SceneGraph(), STAMP).markers] == [
        Marker.DELETEALL
    ]
