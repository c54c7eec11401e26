# SPDX-License-Identifier: Apache-2.0
"""What prism_scene_graph makes its graph of beside updates: other graphs, detections, sightings."""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from hypothesis import given
from hypothesis import strategies as st
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock

from prism_core import Connection, GraphUpdate, Node, SceneGraph, SceneGraphError, parse_scene_graph
from prism_core.graph.frames import FrameTree, Transform
from prism_core.graph.sightings import Detection
from prism_msgs.msg import PlanErrorCode, SceneGraphUpdate, SceneNode
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.srv import GetSceneGraph, UpdateGraph
from prism_ros.conversions import UPDATE_LIMITS, scene_graph_to_message, update_to_message
from prism_ros.detections import KINDS, read_detections
from prism_ros.errors import CODE_NAMES
from prism_ros.frames import MAX_AGE_S, bring_to_map
from prism_ros.graph_intake import in_parts
from prism_ros.parameters import SCENE_GRAPH_PARAMETERS

from ..faults import recovery
from .checks import assert_refused

QUARTER = Transform((10.0, 5.0, 0.0), (0.0, 0.0, math.sqrt(0.5), math.sqrt(0.5)))


def graph_of(ros) -> SceneGraph:
    return parse_scene_graph(ros.call(GetSceneGraph, 'get_scene_graph', as_json=True).json)


def seen(class_name: str, x: float, y: float, confidence: float = 0.9) -> SceneNode:
    node = SceneNode(semantic_class=class_name, confidence=confidence)
    node.pose.position.x, node.pose.position.y = x, y
    return node


# Pure -----------------------------------------------------------------------------------------


def test_detections_of_our_own_message_are_class_confidence_and_place():
    message = SceneGraphUpdate(upsert_nodes=[seen('valve', 1.0, 2.0, 0.5)])
    assert read_detections(message, None, 0.0) == [Detection('valve', (1.0, 2.0), 0.5, 0.0)]


def vision(*results: tuple[str, float], frame: str = 'map') -> SimpleNamespace:
    """A Detection3DArray of one detection; vision_msgs itself is in the overlay's checks."""
    at = SimpleNamespace(x=1.0, y=0.0, z=0.5)
    hypotheses = [
        SimpleNamespace(
            hypothesis=SimpleNamespace(class_id=name, score=score),
            pose=SimpleNamespace(pose=SimpleNamespace(position=at)),
        )
        for name, score in results
    ]
    detections = [SimpleNamespace(results=hypotheses)]
    return SimpleNamespace(header=SimpleNamespace(frame_id=frame), detections=detections)


def test_of_a_detection_of_vision_msgs_the_surest_hypothesis_counts():
    found = read_detections(vision(('car', 0.2), ('truck', 0.7)), None, 0.0)
    assert found == [Detection('truck', (1.0, 0.0), 0.7, 0.5)]
    assert read_detections(vision(), None, 0.0) == []


def test_detections_in_another_frame_are_turned_or_refused():
    frames = FrameTree()
    frames.put('map', 'camera', QUARTER)
    (found,) = read_detections(vision(('car', 0.9), frame='camera'), frames, 0.0)
    assert found.position == pytest.approx((10.0, 6.0))
    with pytest.raises(SceneGraphError, match=r"frame 'map', got 'camera'; .* tf.listen: true"):
        read_detections(vision(('car', 0.9), frame='camera'), None, 0.0)
    with pytest.raises(SceneGraphError, match='TF told no way from there within 10 s'):
        read_detections(vision(('car', 0.9), frame='odom'), frames, 0.0)


def test_a_message_in_another_frame_is_turned_with_its_poses_but_for_what_lies_nowhere():
    frames = FrameTree()
    frames.put('map', 'odom', QUARTER, heard_s=100.0)
    nodes = [seen('a', 1.0, 0.0), seen('b', math.nan, math.nan), seen('c', 0.0, 0.0)]
    nodes[2].pose.orientation.z, nodes[2].pose.orientation.w = math.sqrt(0.5), math.sqrt(0.5)
    message = SceneGraphUpdate(upsert_nodes=nodes)
    message.header.frame_id = 'odom'
    bring_to_map(message, message.upsert_nodes, frames, now_s=100.0 + MAX_AGE_S)
    first, second, third = (node.pose for node in message.upsert_nodes)
    assert message.header.frame_id == 'map'
    assert (first.position.x, first.position.y) == pytest.approx((10.0, 6.0))
    assert (first.orientation.w, first.position.z) == (1.0, 0.0)
    assert math.isnan(second.position.x)
    assert (third.orientation.z, third.orientation.w) == pytest.approx((1.0, 0.0), abs=1e-9)
    message.header.frame_id = 'odom'
    with pytest.raises(SceneGraphError, match="got 'odom'"):
        bring_to_map(message, message.upsert_nodes, frames, now_s=101.0 + MAX_AGE_S)


@given(sizes=st.tuples(*[st.integers(0, 3)] * 3), is_large=st.booleans())
def test_a_large_update_goes_in_parts_that_fit_and_make_the_same(sizes, is_large):
    nodes, ways, told = (
        size * (700 if is_large and index < 2 else 1) for index, size in enumerate(sizes)
    )
    names = [f'n_{i}' for i in range(max(nodes, 2))]
    graph = SceneGraph([Node(name, 'region') for name in ['n_0', 'n_1']])
    update = GraphUpdate(
        upsert_nodes=tuple(Node(name, 'region', (1.0, 2.0)) for name in names[:nodes]),
        upsert_connections=tuple(
            Connection('traversable', 'n_0', name) for name in names[1:nodes][:ways]
        ),
        set_attributes={name: {'told': True} for name in names[:told]},
        source='somebody',
    )
    parts = list(in_parts(update))
    after = graph
    for part in parts:
        message = update_to_message(part)
        assert all(len(getattr(message, field)) <= limit for field, limit in UPDATE_LIMITS.items())
        assert part.source == 'somebody'
        after = after.apply(part)
    assert after.with_revision(0) == graph.apply(update).with_revision(0)
    assert len(parts) == 1 or nodes > 1024


def test_what_detections_may_be_is_what_can_be_read():
    (spec,) = [spec for spec in SCENE_GRAPH_PARAMETERS if spec.name == 'detections.type']
    assert spec.choices == KINDS


# Over ROS -------------------------------------------------------------------------------------

FENCE = Node('fence_1', 'object', (3.0, 3.0))
THEIRS = SceneGraph(
    [
        Node('dock_7', 'region', (0.3, -0.2)),
        Node('truck_4', 'object', (54.2, 45.1), 'grey delivery truck', {'fuel': 'low'}),
        FENCE,
    ],
    [Connection('observed_from', 'fence_1', 'dock_7')],
)


def publisher_of(ros, kind, topic):
    publisher = ros.node.create_publisher(kind, topic, 10)
    ros.spin_until(lambda: publisher.get_subscription_count())
    return publisher


def test_the_graph_of_another_mapper_is_merged_once_and_conflicts_are_said_once(ros, capfd):
    ros.start_graph(merge__within_m=1.0)
    publisher = publisher_of(ros, SceneGraphMessage, 'merge_graph')
    publisher.publish(scene_graph_to_message(THEIRS))
    ros.spin_until(lambda: 'fence_1' in graph_of(ros).nodes)
    graph = graph_of(ros)
    assert graph.viewpoints['fence_1'] == ('dock_1',)
    assert graph.nodes['truck_1'].attributes['fuel'] == 'low'
    assert graph.revision == 1
    publisher.publish(scene_graph_to_message(THEIRS))
    ros.spin_until(lambda: ros.call(UpdateGraph, 'update_graph').success)
    publisher.publish(scene_graph_to_message(THEIRS))
    publisher.publish(scene_graph_to_message(SceneGraph([Node('pier_1', 'region', (-50.0, 0.0))])))
    ros.spin_until(lambda: 'pier_1' in graph_of(ros).nodes)
    assert graph_of(ros).revision == 3
    (said,) = [line for line in capfd.readouterr().err.splitlines() if 'conflict' in line]
    assert "'truck_1' (there 'truck_4'): description stays 'white delivery truck'" in said


def test_graphs_of_others_and_detections_are_ignored_until_a_parameter_says_otherwise(ros):
    node = ros.start_graph()
    graphs = publisher_of(ros, SceneGraphMessage, 'merge_graph')
    detections = publisher_of(ros, SceneGraphUpdate, 'detections')
    graphs.publish(scene_graph_to_message(THEIRS))
    for _ in range(5):
        detections.publish(SceneGraphUpdate(upsert_nodes=[seen('valve', 1.0, 2.0)]))
    before = graph_of(ros)
    assert before.revision == 0
    node.set_parameters([Parameter('merge.within_m', value=1.0)])
    graphs.publish(scene_graph_to_message(THEIRS))
    ros.spin_until(lambda: 'fence_1' in graph_of(ros).nodes)
    assert not [name for name in graph_of(ros).nodes if name.startswith('valve')]


def test_a_graph_of_another_map_changes_nothing_and_is_warned_of(ros, capfd):
    ros.start_graph(merge__within_m=1.0)
    publisher = publisher_of(ros, SceneGraphMessage, 'merge_graph')
    message = scene_graph_to_message(THEIRS)
    message.map_id = 'moon'
    publisher.publish(message)
    said = ''

    def is_said():
        nonlocal said
        said += capfd.readouterr().err
        return "expected a graph of map 'depot', got one of map 'moon'" in said

    ros.spin_until(is_said)
    assert graph_of(ros).revision == 0


def test_what_a_detector_sees_often_enough_becomes_an_object(ros):
    ros.start_graph(detections__sightings=3, detections__period_s=0.0)
    publisher = publisher_of(ros, SceneGraphUpdate, 'detections')
    frame = SceneGraphUpdate(
        upsert_nodes=[seen('fire extinguisher', 2.0, 3.0), seen('ghost', 9.0, 9.0, 0.2)]
    )

    def is_there():
        publisher.publish(frame)
        return 'fire_extinguisher_1' in graph_of(ros).nodes

    ros.spin_until(is_there)
    graph = graph_of(ros)
    assert graph.viewpoints['fire_extinguisher_1'] == ('dock_1',)
    assert not [name for name in graph.nodes if name.startswith('ghost')]
    assert graph.nodes['fire_extinguisher_1'].attributes['last_seen'][0] > 1_700_000_000


def last_seen(name: str, seconds: int) -> SceneNode:
    node = SceneNode(id=name, type=SceneNode.TYPE_OBJECT, confidence=1.0)
    node.last_seen.sec = seconds
    return node


def test_nodes_that_were_not_seen_for_long_are_said_and_marked_or_removed(ros):
    node = ros.start_graph(graph__nodes_stale_after_s=60.0, graph__stale_nodes='mark')
    statuses = ros.collect(DiagnosticArray, '/diagnostics', 10)
    update = SceneGraphUpdate(upsert_nodes=[last_seen('crate_9', 1000)])
    assert ros.call(UpdateGraph, 'update_graph', update=update).success
    ros.spin_until(lambda: graph_of(ros).nodes['crate_9'].attributes.get('stale'))
    statuses.clear()
    ros.spin_until(
        lambda: [s for array in statuses for s in array.status if 'crate_9' in s.message]
    )
    node.set_parameters([Parameter('graph.stale_nodes', value='remove')])
    ros.spin_until(lambda: 'crate_9' not in graph_of(ros).nodes)
    assert 'truck_1' in graph_of(ros).nodes


def test_a_clock_that_jumps_ahead_takes_no_node_away_that_was_just_seen(ros):
    ros.start_graph(use_sim_time=True, graph__nodes_stale_after_s=60.0, graph__stale_nodes='remove')
    beats = ros.collect(SceneGraphUpdate, 'scene_graph/heartbeat')
    clock = publisher_of(ros, Clock, '/clock')

    def turn_to(seconds: int, ticks: int) -> None:
        def is_so() -> bool:
            clock.publish(Clock(clock=Time(sec=seconds)))
            return [b.header.stamp.sec for b in beats].count(seconds) >= ticks

        ros.spin_until(is_so)

    turn_to(1000, 1)
    update = SceneGraphUpdate(upsert_nodes=[last_seen('crate_9', 990)])
    with recovery('clock: it jumps past the age of all nodes') as fault:
        response = ros.call(UpdateGraph, 'update_graph', update=update)
        turn_to(100_000, 2)
        fault.says(CODE_NAMES[response.error_code])
        assert 'crate_9' in graph_of(ros).nodes


def test_an_update_in_another_frame_says_what_to_do(ros):
    ros.start_graph()
    message = SceneGraphUpdate(upsert_nodes=[last_seen('crate_9', 1)])
    message.header.frame_id = 'odom'
    response = ros.call(UpdateGraph, 'update_graph', update=message)
    assert_refused(response, PlanErrorCode.INVALID_GRAPH_UPDATE, "got 'odom'", 'tf.listen: true')


@pytest.mark.parametrize(
    ('parameters', 'package'),
    [
        ({'tf__listen': True}, 'tf2_msgs'),
        ({'detections__type': 'vision_msgs/Detection3DArray'}, 'vision_msgs'),
    ],
)
def test_a_package_that_is_missing_is_named_and_the_node_goes_on(
    ros, capfd, monkeypatch, parameters, package
):
    monkeypatch.setitem(sys.modules, f'{package}.msg', None)
    ros.start_graph(**parameters)
    assert graph_of(ros).nodes
    assert f'there is no package {package}: install ros-' in capfd.readouterr().err
