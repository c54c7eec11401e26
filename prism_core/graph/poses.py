# SPDX-License-Identifier: Apache-2.0
"""Where a robot stands in a region, and which way it looks there."""

from __future__ import annotations

import math
from typing import NamedTuple

from prism_core.graph.elements import Node
from prism_core.graph.scene_graph import SceneGraph


class StandingPose(NamedTuple):
    """Metres in the frame of the graph, and radians from east, counterclockwise."""

    x_m: float
    y_m: float
    z_m: float = 0.0
    yaw_rad: float = 0.0

    def facing(self, x_m: float, y_m: float) -> StandingPose:
        """The same place, looking at a point; as before where that is the place itself."""
        if (x_m, y_m) == (self.x_m, self.y_m):
            return self
        return self._replace(yaw_rad=math.atan2(y_m - self.y_m, x_m - self.x_m))


def pose_in(graph: SceneGraph, region: str, before: str | None = None) -> StandingPose | None:
    """The pose in which a robot comes to a region; None where it is not known where that lies.

    Args:
        graph: has the region.
        region: that it comes to.
        before: the region that it comes from, along whose way it looks; east where None, or where
            it is not known where that lies.
    """
    node = graph.nodes[region]
    if node.position is None:
        return None
    (x, y), start = node.position, None if before is None else graph.nodes[before].position
    yaw = 0.0 if start is None else math.atan2(y - start[1], x - start[0])
    return StandingPose(x, y, _height_m(node), yaw)


def _height_m(node: Node) -> float:
    z = node.attributes.get('z_m', 0.0)
    return float(z) if isinstance(z, (int, float)) else 0.0
