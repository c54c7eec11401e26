# SPDX-License-Identifier: Apache-2.0
"""What else prism_scene_graph makes its graph of: detections, the graphs of other mappers, TF.

All is off by default, as anybody in the domain can publish. Each source ends in an update that goes
the way of every other one. It also looks after what was not seen for long.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message

from prism_core import GraphUpdate, PrismError, SceneGraph, merge_graphs, quote
from prism_core.graph.frames import FrameTree
from prism_core.graph.localising import locate
from prism_core.graph.sightings import SightingRules, Sightings
from prism_core.graph.staleness import age_out, find_stale
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.msg import SceneGraphUpdate
from prism_ros.conversions import FRAME, UPDATE_LIMITS, scene_graph_from_message
from prism_ros.detections import VISION, read_detections
from prism_ros.errors import Refusal
from prism_ros.frames import MAX_AGE_S, bring_to_map, put_transforms

DETECTIONS_DEPTH = 10
TF_DEPTH = 100
KEPT_CONFLICTS = 1000
SHOWN_STALE = 3
JUMP_S = 60.0  # so far the clock of ROS and the steady one do not part within a tick by themselves
MERGED, LOCATED = 'merge_graph', 'tf'
# A reader that is not reliable hears publishers of both sorts; the next frame comes soon.
_BEST_EFFORT = QoSProfile(depth=DETECTIONS_DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT)
_STATIC = QoSProfile(depth=TF_DEPTH, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class GraphIntake:
    """Follows the topics of one prism_scene_graph beside graph_updates.

    Args:
        node: the ManagedNode that has the parameters.
        graph: tells the graph as it is.
        change: applies an update to it; raises PrismError or Refusal where that cannot be.
    """

    def __init__(
        self, node: Any, graph: Callable[[], SceneGraph], change: Callable[[GraphUpdate], None]
    ):
        self._node = node
        self._graph = graph
        self._change = change
        self._frames: FrameTree | None = None
        self._sightings = Sightings(SightingRules())
        self._merged: tuple[bytes, SceneGraph] | None = None
        self._conflicts: dict[str, None] = {}  # that were said, the latest at the end
        self._clocks_s = self._now_s(), time.monotonic()
        self._jumped_s = -math.inf  # on the steady clock, when the one of ROS did
        if self._parameter('detections.type') == VISION:
            self._listen_to_vision()
        else:
            node.listen(SceneGraphUpdate, 'detections', self._take_detections, _BEST_EFFORT)
        node.listen(SceneGraphMessage, MERGED, self._take_other_graph, 1, raw=True)
        if self._parameter('tf.listen'):
            self._listen_to_tf()

    def _listen_to_vision(self) -> None:
        try:
            from vision_msgs.msg import Detection3DArray
        except ImportError:
            self._say_missing(f'detections.type is {VISION}', 'vision_msgs')
            return
        self._node.listen(Detection3DArray, 'detections', self._take_detections, _BEST_EFFORT)

    def _listen_to_tf(self) -> None:
        try:
            from tf2_msgs.msg import TFMessage
        except ImportError:
            self._say_missing('tf.listen is true', 'tf2_msgs')
            return
        self._frames = FrameTree()
        self._node.listen(TFMessage, 'tf', self._take_transforms, TF_DEPTH)
        self._node.listen(TFMessage, 'tf_static', self._take_fixed_transforms, _STATIC)

    def _say_missing(self, why: str, package: str) -> None:
        name = package.replace('_', '-')
        self._node.get_logger().error(
            f'{why}, and there is no package {package}: install ros-$ROS_DISTRO-{name}'
        )

    def _take_transforms(self, message: Any) -> None:
        put_transforms(self._frames, message, time.monotonic())

    def _take_fixed_transforms(self, message: Any) -> None:
        put_transforms(self._frames, message, None)

    def bring_to_map(self, message: SceneGraphUpdate | SceneGraphMessage) -> None:
        """Turn a message's coordinates into such of frame map.

        Raises:
            SceneGraphError: it is in another frame, and TF tells no way from there.
        """
        is_update = isinstance(message, SceneGraphUpdate)
        nodes = message.upsert_nodes if is_update else message.nodes
        bring_to_map(message, nodes, self._frames, time.monotonic())

    def tick(self) -> None:
        """Do what is due; called about once a second while the node is active."""
        self._watch_clock()
        self._attempt('location of the robot', self._locate)
        self._attempt('detections', self._tell_sightings)
        self._attempt('change of stale nodes', self._age_out)

    @property
    def doubts(self) -> list[str]:
        """What diagnostics say of nodes that were not seen for long: a sentence, or none."""
        limit_s = self._parameter('graph.nodes_stale_after_s')
        stale = find_stale(self._graph(), self._now_s(), limit_s) if self._can_age(limit_s) else []
        if not stale:
            return []
        more = len(stale) - SHOWN_STALE
        names = ', '.join(map(quote, stale[:SHOWN_STALE])) + (
            f' and {more} more' if more > 0 else ''
        )
        return [f'{len(stale)} nodes were not seen for {limit_s:g} s: {names}']

    def _parameter(self, name: str) -> Any:
        return self._node.get_parameter(name).value

    def _now_s(self) -> float:
        return self._node.get_clock().now().nanoseconds * 1e-9

    def _attempt(self, what: str, step: Callable[..., None], *arguments: Any) -> None:
        try:
            step(*arguments)
        except (PrismError, Refusal) as error:
            self._node.get_logger().warning(f'{what} refused: {error}', throttle_duration_sec=1.0)

    # Detections -----------------------------------------------------------------------------

    def _take_detections(self, message: Any) -> None:
        if self._node.is_active and self._parameter('detections.sightings'):
            self._attempt('detections', self._note_detections, message)

    def _note_detections(self, message: Any) -> None:
        self._sightings.rules = SightingRules(
            min_confidence=self._parameter('detections.min_confidence'),
            sightings=self._parameter('detections.sightings'),
            within_m=self._parameter('detections.within_m'),
            period_s=self._parameter('detections.period_s'),
        )
        detections = read_detections(message, self._frames, time.monotonic())
        self._sightings.note(detections, self._graph(), self._now_s())
        self._tell_sightings()

    def _tell_sightings(self) -> None:
        if self._parameter('detections.sightings'):
            self._apply(self._sightings.update(self._graph(), self._now_s()))

    # Graphs of others -----------------------------------------------------------------------

    def _take_other_graph(self, raw: bytes) -> None:
        if self._node.is_active and self._parameter('merge.within_m'):
            self._attempt('graph on topic merge_graph', self._merge, raw)

    def _merge(self, raw: bytes) -> None:
        graph = self._graph()
        if self._merged is not None and self._merged[0] == raw and self._merged[1] is graph:
            return
        message = deserialize_message(raw, SceneGraphMessage)
        self.bring_to_map(message)
        theirs = scene_graph_from_message(message)
        within_m = self._parameter('merge.within_m')
        merge = merge_graphs(graph, theirs, within_m=within_m, source=MERGED)
        self._apply(merge.update)
        self._merged = raw, self._graph()
        for sentence in merge.conflicts:
            if sentence not in self._conflicts:
                self._node.get_logger().warning(f'conflict with the graph of another: {sentence}')
            self._conflicts.pop(sentence, None)
            self._conflicts[sentence] = None
        for oldest in list(self._conflicts)[:-KEPT_CONFLICTS]:
            del self._conflicts[oldest]

    # Where the robot is, and what was not seen ----------------------------------------------

    def _locate(self) -> None:
        robot = self._parameter('tf.robot_frame')
        if self._frames is None or not robot:
            return
        way = self._frames.find(FRAME, robot, time.monotonic() - MAX_AGE_S)
        if way is None:
            self._node.get_logger().warning(
                f"TF tells no way from '{robot}' to '{FRAME}'; where the robot is stays as it was",
                throttle_duration_sec=30.0,
            )
            return
        graph = self._graph()
        region = locate(graph, way.shift[:2], self._parameter('tf.margin_m'))
        if region is not None and region != graph.robot_location:
            self._apply(GraphUpdate(robot_location=region, source=LOCATED))

    def _watch_clock(self) -> None:
        before, now = self._clocks_s, (self._now_s(), time.monotonic())
        self._clocks_s = now
        jump_s = now[0] - before[0] - (now[1] - before[1])
        if abs(jump_s) > JUMP_S:
            self._jumped_s = now[1]
            self._node.get_logger().warning(
                f'the clock jumped by {jump_s:.0f} s: nodes are judged by when they were seen '
                'again once graph.nodes_stale_after_s have passed'
            )

    def _can_age(self, limit_s: float) -> bool:
        """Whether a node that counts as not seen for so long was not: after a jump of the clock all
        that was seen before does, for a while.
        """
        return 0 < limit_s <= time.monotonic() - self._jumped_s

    def _age_out(self) -> None:
        limit_s = self._parameter('graph.nodes_stale_after_s')
        if self._can_age(limit_s):
            policy = self._parameter('graph.stale_nodes')
            self._apply(age_out(self._graph(), self._now_s(), limit_s, policy))

    def _apply(self, update: GraphUpdate | None) -> None:
        if update is not None and update != GraphUpdate():
            for part in in_parts(update):
                self._change(part)


def in_parts(update: GraphUpdate) -> Iterator[GraphUpdate]:
    """An update as several that each fit into a message, in an order in which they can be applied.

    What is too large must change nodes and connections only, and remove no connections.
    """
    parts = (
        ('remove_nodes', 'remove_nodes', update.remove_nodes),
        ('upsert_nodes', 'upsert_nodes', update.upsert_nodes),
        ('upsert_connections', 'upsert_edges', update.upsert_connections),
        ('set_attributes', 'set_attributes', tuple(update.set_attributes.items())),
    )
    if all(len(items) <= UPDATE_LIMITS[field] for _, field, items in parts):
        yield update
        return
    for name, field, items in parts:
        for start in range(0, len(items), UPDATE_LIMITS[field]):
            some: Any = items[start : start + UPDATE_LIMITS[field]]
            some = dict(some) if name == 'set_attributes' else some
            yield GraphUpdate(**{name: some}, source=update.source)
