# SPDX-License-Identifier: Apache-2.0
"""What the planner can believe of the scene graph: when its owner was last heard, and whether that
still knows what it was told.
"""

from __future__ import annotations

import math
import time

from prism_msgs.msg import SceneGraphUpdate
from prism_ros.graph_mirror import GraphMirror

_LOST = (
    'the owner of the scene graph began anew and lost what it knew; where the robot is comes from '
    'its file until an update tells it again'
)


class GraphTrust:
    """Judges the graph of a mirror by what its owner publishes; told of every message."""

    def __init__(self, mirror: GraphMirror) -> None:
        self._mirror = mirror
        self._heard_s: float | None = None
        self._epoch: int | None = None  # of the mirror's graph when it was last looked at
        self._began_anew = False  # when that epoch began, another one was known
        self._told_epoch: int | None = None  # in which an update said where the robot is
        self._beat: SceneGraphUpdate | None = None

    @property
    def age_s(self) -> float:
        """Seconds since the owner was last heard; infinite if it never was."""
        return math.inf if self._heard_s is None else time.monotonic() - self._heard_s

    @property
    def doubt(self) -> str:
        """Why the graph cannot be relied on, in a sentence; '' if it can."""
        graph = self._mirror.graph
        if graph is None or self._told_epoch == self._mirror.epoch:
            return ''
        if self._began_anew:
            return _LOST
        # Who joins late has known no other epoch: there the owner must say it.
        is_unsaid = (
            self._beat is not None
            and self._beat.epoch == self._mirror.epoch
            and not self._beat.robot_location
        )
        return _LOST if is_unsaid and graph.robot_location is not None else ''

    def notice_graph(self) -> None:
        """A graph has come, and the mirror has had it."""
        self._heard_s = time.monotonic()
        if self._mirror.graph is not None and self._mirror.epoch != self._epoch:
            self._began_anew = self._epoch is not None
            self._epoch = self._mirror.epoch

    def notice_update(self, update: SceneGraphUpdate) -> None:
        """A delta has come."""
        self._heard_s = time.monotonic()
        if update.robot_location:
            self._told_epoch = update.epoch

    def notice_heartbeat(self, beat: SceneGraphUpdate) -> None:
        """The owner has said that it is there."""
        self._heard_s = time.monotonic()
        self._beat = beat
