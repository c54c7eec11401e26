# SPDX-License-Identifier: Apache-2.0
"""What keeps a robot from a region to which no known way leads, in words: both sides of the gap,
and what would join them.
"""

from __future__ import annotations

from itertools import islice

from prism_core.graph.elements import quote
from prism_core.graph.scene_graph import SceneGraph

_NAMED = 3  # regions of each side


def describe_gap(graph: SceneGraph, start: str, end: str) -> str:
    """The two sides of the gap between two regions, the nearest regions of each first, and where it
    is smallest, in two sentences.
    """
    ours, theirs = _name_side(graph, start), _name_side(graph, end)
    missing = (
        f"a connection is missing between the robot's side ({ours}) and the other side ({theirs})."
    )
    pair = graph.closest_pair(start, end)
    if pair is None:
        return f'{missing} No positions are known of {_unplaced(graph, start, end)}.'
    near, far = pair
    return (
        f"{missing} The closest pair of regions across the gap is '{near}' and '{far}', "
        f'{graph.distance_m(near, far):.3g} m apart.'
    )


def _unplaced(graph: SceneGraph, start: str, end: str) -> str:
    """Which of the two sides has no region of known position."""
    sides = {"the robot's side": start, 'the other side': end}
    lost = [
        side
        for side, region in sides.items()
        if all(graph.nodes[name].position is None for name in graph.distances_m(region))
    ]
    return 'either side' if len(lost) > 1 else lost[0]


def _name_side(graph: SceneGraph, region: str) -> str:
    side = graph.distances_m(region)
    shown = [quote(name) for name in islice(side, _NAMED)]
    more = len(side) - len(shown)
    return ', '.join(shown) + (f' and {more} more' if more else '')
