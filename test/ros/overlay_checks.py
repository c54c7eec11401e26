# SPDX-License-Identifier: Apache-2.0
"""Checks with tf2_msgs and vision_msgs themselves; `test_foreign_messages.py` builds both and runs
this file."""

from __future__ import annotations

import math

import pytest
from geometry_msgs.msg import TransformStamped
from rclpy.qos import DurabilityPolicy, QoSProfile
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose

from prism_core import parse_scene_graph
from prism_msgs.msg import PlanErrorCode, SceneGraphUpdate, SceneNode
from prism_msgs.srv import GetSceneGraph, UpdateGraph

from .checks import assert_refused


def graph_of(ros):
    return parse_scene_graph(ros.call(GetSceneGraph, 'get_scene_graph', as_json=True).json)


def transform(parent: str, child: str, x: float, y: float, yaw: float = 0.0) -> TFMessage:
    stamped = TransformStamped(child_frame_id=child)
    stamped.header.frame_id = parent
    stamped.transform.translation.x, stamped.transform.translation.y = x, y
    stamped.transform.rotation.z = math.sin(yaw / 2)
    stamped.transform.rotation.w = math.cos(yaw / 2)
    return TFMessage(transforms=[stamped])


@pytest.fixture
def tf(ros):
    """Publishes as tf2's broadcasters do."""
    static = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    ros.static = ros.node.create_publisher(TFMessage, '/tf_static', static)
    ros.moving = ros.node.create_publisher(TFMessage, '/tf', 100)
    return ros


def test_the_robots_location_follows_tf_with_a_margin(tf):
    tf.start_graph(tf__listen=True, tf__robot_frame='base_link')
    tf.static.publish(transform('odom', 'base_link', 0.0, 1.0))
    tf.spin_until(lambda: tf.moving.get_subscription_count())

    def drive_to(x: float, y: float, place: str):
        def is_there():
            tf.moving.publish(transform('map', 'odom', x, y - 1.0))
            return graph_of(tf).robot_location == place

        tf.spin_until(is_there)

    drive_to(22.0, 4.0, 'road_1')
    revision = graph_of(tf).revision
    # half way to road_2 (48, 8), and a little more: it stays
    for _ in range(15):
        tf.moving.publish(transform('map', 'odom', 35.1, 5.0))
        tf.spin_until(lambda: graph_of(tf).nodes)
    assert graph_of(tf).robot_location == 'road_1'
    assert graph_of(tf).revision == revision
    drive_to(40.0, 7.0, 'road_2')


def test_an_update_in_a_frame_that_tf_knows_is_taken_and_in_another_refused(tf):
    tf.start_graph(tf__listen=True)
    tf.static.publish(transform('map', 'odom', 10.0, 5.0, math.pi / 2))
    node = SceneNode(id='crate_9', type=SceneNode.TYPE_OBJECT, confidence=1.0)
    node.pose.position.x = 2.0
    message = SceneGraphUpdate(upsert_nodes=[node])
    message.header.frame_id = 'odom'
    tf.spin_until(lambda: tf.call(UpdateGraph, 'update_graph', update=message).success)
    assert graph_of(tf).nodes['crate_9'].position == pytest.approx((10.0, 7.0))
    message.header.frame_id = 'moon'
    response = tf.call(UpdateGraph, 'update_graph', update=message)
    assert_refused(response, PlanErrorCode.INVALID_GRAPH_UPDATE, "'moon'", 'TF told no way')


def test_detections_of_vision_msgs_become_objects(ros):
    ros.start_graph(detections__type='vision_msgs/Detection3DArray', detections__sightings=2)
    publisher = ros.node.create_publisher(Detection3DArray, 'detections', 10)
    ros.spin_until(lambda: publisher.get_subscription_count())
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id, result.hypothesis.score = 'valve', 0.9
    result.pose.pose.position.x = 3.0
    frame = Detection3DArray(detections=[Detection3D(results=[result])])
    frame.header.frame_id = 'map'

    def is_there():
        publisher.publish(frame)
        return 'valve_1' in graph_of(ros).nodes

    ros.spin_until(is_there)
