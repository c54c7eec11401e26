# SPDX-License-Identifier: Apache-2.0
"""In which region a robot is whose position is known: the nearest one, which it keeps for a while.

A position that wavers between two regions must not change the graph with every reading: the robot
is said to be elsewhere only when another region is nearer by a margin. Knows no walls and no
floors.
"""

from __future__ import annotations

import math

from prism_core.graph.scene_graph import SceneGraph


def locate(graph: SceneGraph, position: tuple[float, float], margin_m: float) -> str | None:
    """The region that a robot is in.

    Args:
        graph: with the region that the robot was in until now, if that is known.
        position: of the robot, x and y in metres.
        margin_m: by how much nearer another region has to be.

    Returns:
        A region; None where no position of a region is known, or that of the robot is no number.
    """
    if not all(map(math.isfinite, position)):
        return graph.robot_location
    away_m = {
        name: math.dist(position, node.position)
        for name, node in graph.regions.items()
        if node.position is not None
    }
    if not away_m:
        return graph.robot_location
    nearest = min(away_m, key=lambda name: (away_m[name], name))
    here = graph.robot_location
    if here is None or here not in away_m:  # nothing is known that it could be kept by
        return nearest
    return nearest if away_m[nearest] + margin_m < away_m[here] else here
