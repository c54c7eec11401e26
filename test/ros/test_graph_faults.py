# SPDX-License-Identifier: Apache-2.0
"""What an owner of the scene graph sends wrong, late or twice: a planner that follows it says that
it waits, and plans again on the graph that comes after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rclpy.qos import QoSProfile, ReliabilityPolicy

from prism_core import SceneGraph, parse_scene_graph
from prism_core.domains.mapping import GRAPHS
from prism_msgs.msg import SceneEdge, SceneGraphUpdate
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_ros.bench import make_graph
from prism_ros.conversions import scene_graph_to_message
from prism_ros.errors import CODE_NAMES
from prism_ros.graph_mirror import KEPT_UPDATES
from prism_ros.managed_node import latched

from ..faults import recovery
from .asking import plan

DEPOT = parse_scene_graph((GRAPHS / 'depot.json').read_text('utf-8'))
VOLATILE = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
EPOCH = 5


class Owner:
    """Publishes what a test wants in the place of prism_scene_graph."""

    def __init__(self, ros):
        create = ros.node.create_publisher
        self._graphs = create(SceneGraphMessage, 'scene_graph', latched())
        self._updates = create(SceneGraphUpdate, 'scene_graph_updates', latched(KEPT_UPDATES))
        self._unheard = create(SceneGraphUpdate, 'scene_graph_updates', VOLATILE)
        self.revision = 0

    def tell(self, graph: SceneGraph | None = None, change: Callable | None = None) -> None:
        """The whole graph at the next revision."""
        self.revision += 1
        message = scene_graph_to_message((graph or DEPOT).with_revision(self.revision))
        message.epoch = EPOCH
        if change is not None:
            change(message)
        self._graphs.publish(message)

    def delta(self, number: int, *, is_unheard: bool = False, **fields) -> None:
        """The update that leads to a revision."""
        update = SceneGraphUpdate(
            **{'epoch': EPOCH, 'base_revision': number - 1, 'revision': number} | fields
        )
        (self._unheard if is_unheard else self._updates).publish(update)


class Wrong(NamedTuple):
    """A fault: what strikes, told the last revision, and to which revision it should have led."""

    name: str
    strike: Callable[[Owner, int], None]
    revisions: int = 1


def nothing(owner, last):
    """It comes when it is mended."""


def double(owner, last):
    for _ in range(3):
        owner.delta(last + 1, robot_location='road_1')


def reorder(owner, last):
    for number in (last + 3, last + 2, last + 1):
        owner.delta(number, robot_location='dock_1')


def lose(owner, last):
    owner.delta(last + 2, robot_location='road_1')


def confuse(owner, last):
    owner.delta(last + 1, epoch=EPOCH - 1, robot_location='road_1')


def poison(owner, last):
    owner.delta(last + 1, remove_nodes=['atlantis'])


def whisper(owner, last):
    owner.delta(last + 1, is_unheard=True, robot_location='road_1')


def blur(owner, last):
    def change(message):
        message.nodes[1].pose.position.x = float('nan')

    owner.tell(change=change)


def clone(owner, last):
    owner.tell(change=lambda message: message.nodes.append(message.nodes[0]))


def dangle(owner, last):
    edge = SceneEdge(source='dock_1', target='atlantis')
    owner.tell(change=lambda message: message.edges.append(edge))


def grow(owner, last):
    owner.tell(make_graph(10_000))


WRONG = [
    Wrong('a delta comes three times', double),
    Wrong('deltas come in reverse', reorder, revisions=3),
    Wrong('a delta is late', nothing),
    Wrong('a delta is lost', lose, revisions=2),
    Wrong('a delta of a former life', confuse),
    Wrong('a delta that no graph can follow', poison),
    Wrong('deltas with the wrong QoS', whisper),
    Wrong('a pose that is not a number', blur),
    Wrong('a name twice', clone),
    Wrong('an end that is not there', dangle),
    Wrong('10,000 nodes', grow),
]


def test_a_graph_that_comes_wrong_is_waited_for_and_planned_on_once_it_is_right(ros):
    owner = Owner(ros)
    owner.tell()
    ros.start_planner(planner__order=['symbolic'])
    assert plan(ros, min_graph_revision=1).success
    for wrong in WRONG:
        last = owner.revision
        with recovery(f'graph: {wrong.name}') as fault:
            wrong.strike(owner, last)
            given_s = 15.0 if wrong.strike is grow else 0.2
            response = plan(ros, min_graph_revision=last + wrong.revisions, timeout_s=given_s)
            fault.says(CODE_NAMES[response.error_code])
            owner.revision = last + wrong.revisions
            if not response.success:
                fault.is_mended()
                if wrong.strike is nothing:
                    owner.delta(owner.revision, robot_location='road_1')
                else:
                    owner.tell()
            response = plan(ros, min_graph_revision=owner.revision, timeout_s=15.0)
            assert response.success, (wrong.name, response.error_msg)
