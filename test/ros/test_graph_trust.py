# SPDX-License-Identifier: Apache-2.0
"""What the planner believes of the graph, message by message."""

from __future__ import annotations

import math

import pytest
from rclpy.serialization import serialize_message

from prism_core import Node, SceneGraph
from prism_msgs.msg import SceneGraphUpdate
from prism_ros.conversions import scene_graph_to_message
from prism_ros.graph_mirror import GraphMirror
from prism_ros.graph_trust import GraphTrust

NODES = [Node('a', 'region', (0, 0)), Node('b', 'region', (1, 0))]


class Planner:
    """A mirror with its trust, as the planner wires them."""

    def __init__(self):
        self.mirror = GraphMirror()
        self.trust = GraphTrust(self.mirror)

    def graph(self, epoch, revision=0, location='a'):
        graph = SceneGraph(NODES, robot_location=location, revision=revision)
        message = scene_graph_to_message(graph)
        message.epoch = epoch
        self.mirror.take_graph(serialize_message(message))
        self.trust.notice_graph()

    def update(self, epoch, base=0, location=''):
        message = SceneGraphUpdate(
            epoch=epoch, base_revision=base, revision=base + 1, robot_location=location
        )
        self.trust.notice_update(message)
        self.mirror.take_update(message)

    def beat(self, epoch, location='a'):
        self.trust.notice_heartbeat(SceneGraphUpdate(epoch=epoch, robot_location=location))

    @property
    def doubts(self) -> bool:
        return bool(self.trust.doubt)


@pytest.fixture
def planner() -> Planner:
    return Planner()


def test_before_a_graph_and_in_its_first_epoch_there_is_no_doubt(planner):
    assert not planner.doubts
    planner.beat(5)
    planner.graph(5)
    planner.update(5)
    assert not planner.doubts


def test_another_epoch_is_doubted_until_an_update_says_where_the_robot_is(planner):
    planner.graph(5)
    planner.graph(6)
    assert 'began anew' in planner.trust.doubt
    planner.update(6)
    planner.beat(6)
    planner.graph(6, revision=9)
    assert planner.doubts
    planner.update(6, base=9, location='b')
    assert not planner.doubts


def test_an_update_of_the_former_epoch_tells_nothing(planner):
    planner.graph(5)
    planner.graph(6)
    planner.update(5, location='b')
    assert planner.doubts


def test_an_update_that_overtakes_the_graph_of_its_epoch_counts(planner):
    planner.graph(5)
    planner.update(6, location='b')
    planner.graph(6)
    assert not planner.doubts


def test_an_owner_that_resumes_its_epoch_is_not_doubted(planner):
    planner.graph(5)
    planner.graph(5, revision=3, location='b')
    assert not planner.doubts


def test_each_new_epoch_is_doubted_anew(planner):
    planner.graph(5)
    planner.graph(6)
    planner.update(6, location='b')
    planner.graph(7)
    assert planner.doubts


def test_who_joins_late_hears_of_a_loss_from_the_heartbeat(planner):
    planner.graph(5)
    planner.beat(5, location='')
    assert planner.doubts
    planner.update(5, location='b')
    assert not planner.doubts


def test_a_location_that_nobody_knows_is_no_loss(planner):
    planner.graph(5, location=None)
    planner.beat(5, location='')
    assert not planner.doubts


def test_the_age_is_since_anything_was_heard(planner, monkeypatch):
    now_s = 100.0
    monkeypatch.setattr('prism_ros.graph_trust.time.monotonic', lambda: now_s)
    assert planner.trust.age_s == math.inf
    for hear in (planner.graph, planner.update, planner.beat):
        hear(5)
        assert planner.trust.age_s == 0
        now_s += 2
        assert planner.trust.age_s == 2
