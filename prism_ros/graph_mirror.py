"""A copy of the scene graph that follows the topics of prism_scene_graph.

The whole graph is taken as raw bytes and deserialised only when the deltas do not lead to it: at
the start, after a lost delta, or when the owner restarted or loaded another file. A graph and its
deltas carry the stamp of the last change, which grows with every change and over restarts.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import NamedTuple

from rclpy.serialization import deserialize_message

from prism_core import SceneGraph
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.msg import SceneGraphUpdate
from prism_ros.conversions import scene_graph_from_message, update_from_message

KEPT_UPDATES = 256


class Stamp(NamedTuple):
    """Seconds and nanoseconds of ROS time."""

    sec: int
    nanosec: int


class GraphMirror:
    """Follows a graph; `graph` is None until the first one has come."""

    def __init__(self) -> None:
        self.graph: SceneGraph | None = None
        self.stamp = Stamp(0, 0)
        self._path: deque[Stamp] = deque(maxlen=KEPT_UPDATES)  # from the last whole graph to here
        self._used: deque[SceneGraphUpdate] = deque(maxlen=KEPT_UPDATES)  # since that graph
        self._waiting: deque[SceneGraphUpdate] = deque(maxlen=KEPT_UPDATES)

    def take_graph(self, raw: bytes) -> bool:
        """Take a serialized SceneGraph message; whether it brought a change.

        A graph that is older than the mirror counts too when the deltas did not lead over it: they
        were those of an owner that restarted, and have changed the graph of the one before.

        Raises:
            SceneGraphError: the message is no valid graph; the mirror stays as it was. Or a kept
                delta that fits the graph is no valid update.
        """
        stamp = read_stamp(raw)
        if self.graph is not None and (stamp <= self._path[0] or stamp in self._path):
            return False
        self.graph = scene_graph_from_message(deserialize_message(raw, SceneGraphMessage))
        self.stamp = stamp
        self._path = deque([stamp], KEPT_UPDATES)
        self._waiting = deque([*self._used, *self._waiting], KEPT_UPDATES)
        self._used.clear()
        self._catch_up()
        return True

    def take_update(self, message: SceneGraphUpdate) -> bool:
        """Take a delta; whether it brought a change. One that does not fit yet is kept.

        Raises:
            SceneGraphError: the delta fits, but is no valid update.
        """
        self._waiting.append(message)
        return self._catch_up()

    def _catch_up(self) -> bool:
        """Apply the kept deltas that follow on the graph, in the order in which they came."""
        has_changed = False
        while self.graph is not None and self._waiting:
            message = self._waiting[0]
            stamp = Stamp(message.header.stamp.sec, message.header.stamp.nanosec)
            if stamp > self.stamp:
                if message.base_revision != self.graph.revision:
                    break
                self._used.append(self._waiting.popleft())
                self.graph = self.graph.apply(update_from_message(message))
                self.stamp, has_changed = stamp, True
                self._path.append(stamp)
            else:
                self._waiting.popleft()
        return has_changed


def read_stamp(raw: bytes) -> Stamp:
    """The header's stamp of a serialized message: the first two fields behind the CDR header.

    Source: OMG DDS-XTypes 1.3, 7.4 (plain CDR); the second byte says whether it is little-endian.
    """
    return Stamp(*struct.unpack_from('<iI' if raw[1] & 1 else '>iI', raw, 4))
