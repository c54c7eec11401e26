# SPDX-License-Identifier: Apache-2.0
"""What is recorded late is whole: config/bag/record.yaml subscribes as our topics are published.

`ros2 bag` is no part of what can be installed here; a reader with the same settings stands for it.
"""

import pytest
import yaml
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from prism_core import GraphUpdate
from prism_msgs.msg import Plan, PlanningStatus, SceneGraph, SceneGraphUpdate
from prism_msgs.srv import UpdateGraph
from prism_ros.conversions import scene_graph_from_message, update_from_message, update_to_message
from prism_ros.interface_page import OFFERS

from ..docs.sources import ROOT
from .asking import plan, release_hanging_planners, start_both  # noqa: F401 - a fixture

OVERRIDES = yaml.safe_load((ROOT / 'config' / 'bag' / 'record.yaml').read_text('utf-8'))
LATCHED = {
    f'/{offer.name}': offer
    for offers in OFFERS.values()
    for offer in offers
    if offer.how == 'publishes' and 'latched' in offer.text
}


def profile(topic: str) -> QoSProfile:
    """As ros2bag reads it: ros2bag/api/__init__.py of https://github.com/ros2/rosbag2."""
    said = dict(OVERRIDES[topic])
    return QoSProfile(
        history=HistoryPolicy.get_from_short_key(said.pop('history')),
        depth=said.pop('depth'),
        reliability=ReliabilityPolicy.get_from_short_key(said.pop('reliability')),
        durability=DurabilityPolicy.get_from_short_key(said.pop('durability')),
        **said,
    )


def test_it_has_every_latched_topic_with_its_depth():
    assert OVERRIDES.keys() == LATCHED.keys()
    for topic, offer in LATCHED.items():
        assert f'depth {OVERRIDES[topic]["depth"]}' in offer.text


@pytest.mark.parametrize('topic', OVERRIDES)
def test_its_settings_are_those_that_the_topic_is_published_with(ros, topic):
    start_both(ros)
    ros.spin_until(lambda: ros.node.get_publishers_info_by_topic(topic))
    (publisher,) = ros.node.get_publishers_info_by_topic(topic)
    wanted = profile(topic)
    assert publisher.qos_profile.durability == wanted.durability
    assert publisher.qos_profile.reliability == wanted.reliability


def test_a_recording_that_begins_late_has_all_that_makes_the_graph_of_the_end(ros):
    owner = start_both(ros)
    changes = [GraphUpdate(robot_location=place) for place in ('field_1', 'gate_1') * 20]
    for update in changes:
        assert ros.call(UpdateGraph, 'update_graph', update=update_to_message(update)).success
    plan(ros)
    kinds = {
        '/scene_graph': SceneGraph,
        '/scene_graph_updates': SceneGraphUpdate,
        '/current_plan': Plan,
        '/planner_status': PlanningStatus,
    }
    recorded = {topic: ros.collect(kind, topic, profile(topic)) for topic, kind in kinds.items()}
    ros.spin_until(lambda: all(recorded.values()) and len(recorded['/scene_graph_updates']) >= 40)
    graph = scene_graph_from_message(recorded['/scene_graph'][0])
    for message in recorded['/scene_graph_updates']:
        update = update_from_message(message)
        if update.revision > graph.revision:
            graph = graph.apply(update)
    assert graph == owner._mirror.graph
    assert recorded['/current_plan'][0].plan_id.uuid.any()
