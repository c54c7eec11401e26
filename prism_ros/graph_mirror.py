# SPDX-License-Identifier: Apache-2.0
"""A copy of the scene graph that follows the topics of prism_scene_graph.

The whole graph is taken as raw bytes and deserialised only when the deltas do not lead to it: at
the start, after a lost delta, or when the owner began anew or loaded another file. Epoch and
revision name one state of the graph: within an epoch the revision grows with every change.
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


class Version(NamedTuple):
    """Which state of the graph a message is about."""

    epoch: int
    revision: int


class GraphMirror:
    """Follows a graph; `graph` is None until the first one has come, `epoch` is the graph's."""

    def __init__(self) -> None:
        self.graph: SceneGraph | None = None
        self.epoch = 0
        self._waiting: deque[SceneGraphUpdate] = deque(maxlen=KEPT_UPDATES)

    @property
    def revision(self) -> int:
        """That of the graph; 0 before the first one."""
        return 0 if self.graph is None else self.graph.revision

    def take_graph(self, raw: bytes) -> bool:
        """Take a serialized SceneGraph message; whether it brought a change.

        One of another epoch always counts, whatever its revision: its owner began anew.

        Raises:
            SceneGraphError: the message is no valid graph; the mirror stays as it was. Or a kept
                delta that fits the graph is no valid update.
        """
        epoch, revision = read_version(raw)
        if self.graph is not None and epoch == self.epoch and revision <= self.graph.revision:
            return False
        self.graph = scene_graph_from_message(deserialize_message(raw, SceneGraphMessage))
        self.epoch = epoch
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
        """Apply the kept deltas that follow on the graph, drop those that it has behind it."""
        if self.graph is None:
            return False
        before = self.graph
        try:
            while (message := self._take_next(self.graph.revision)) is not None:
                self.graph = self.graph.apply(update_from_message(message))
        finally:
            revision = self.graph.revision
            to_come = [m for m in self._waiting if m.epoch != self.epoch or m.revision > revision]
            self._waiting = deque(to_come, KEPT_UPDATES)
        return self.graph is not before

    def _take_next(self, revision: int) -> SceneGraphUpdate | None:
        for index, message in enumerate(self._waiting):
            if message.epoch == self.epoch and message.base_revision == revision < message.revision:
                del self._waiting[index]
                return message
        return None


def read_version(raw: bytes) -> Version:
    """The epoch and revision of a serialized SceneGraph: behind its stamp and two texts.

    Source: OMG DDS-XTypes 1.3, 7.4 (plain CDR, aligned from behind the four bytes of its header);
    the second byte says whether it is little-endian.
    """
    order = '<' if raw[1] & 1 else '>'
    at = 8
    for _ in ('frame_id', 'map_id'):
        (length,) = struct.unpack_from(f'{order}I', raw, 4 + at)
        at = _aligned(at + 4 + length, 4)
    return Version(*struct.unpack_from(f'{order}QQ', raw, 4 + _aligned(at, 8)))


def _aligned(at: int, size: int) -> int:
    return -(-at // size) * size
