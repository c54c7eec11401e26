# SPDX-License-Identifier: Apache-2.0
"""Nodes that were not seen for long, by their attribute `last_seen`.

Who never said when a node was seen, such as a map drawn by hand, has no stale nodes. A time in the
future, as after a clock jumped back, makes none either.
"""

from __future__ import annotations

from typing import Any

from prism_core.graph.elements import GraphUpdate, Node
from prism_core.graph.merging import SEEN
from prism_core.graph.scene_graph import SceneGraph

STALE = 'stale'
"""The attribute that says to planners and people that a node was not seen for long."""
SOURCE = 'staleness'
POLICIES = ('say', 'mark', 'remove')
"""What becomes of stale nodes: nothing but a word in diagnostics; attribute `stale`; objects go."""


def seen_s(node: Node) -> float | None:
    """When a node was last seen, in seconds; None where nobody said it."""
    value = node.attributes.get(SEEN)
    if not (isinstance(value, (list, tuple)) and len(value) == 2):
        return None
    if not all(isinstance(part, int) and not isinstance(part, bool) for part in value):
        return None
    return value[0] + value[1] * 1e-9


def stamp(time_s: float) -> list[int]:
    """A time in seconds as the attribute has it: seconds and nanoseconds."""
    total_ns = round(time_s * 1_000_000_000)
    return [total_ns // 1_000_000_000, total_ns % 1_000_000_000]


def find_stale(graph: SceneGraph, now_s: float, limit_s: float) -> list[str]:
    """The nodes that were last seen longer ago than a limit, the longest first."""
    seen = ((seen_s(node), name) for name, node in graph.nodes.items())
    old = [(at_s, name) for at_s, name in seen if at_s is not None and now_s - at_s > limit_s]
    return [name for _, name in sorted(old)]


def age_out(graph: SceneGraph, now_s: float, limit_s: float, policy: str) -> GraphUpdate | None:
    """What a policy makes of a graph now; None for nothing.

    Args:
        graph: as it is.
        now_s: seconds on the clock that nodes were seen by.
        limit_s: so long a node need not be seen.
        policy: one of `POLICIES`. `mark` sets attribute `stale`, and takes it back to false when
            the node is seen again. `remove` takes objects away; regions stay, for what was mapped
            once can be driven on.
    """
    stale = find_stale(graph, now_s, limit_s)
    if policy == 'remove':
        gone = tuple(name for name in stale if name in graph.objects)
        return GraphUpdate(remove_nodes=gone, source=SOURCE) if gone else None
    if policy != 'mark':
        return None
    marked = {name for name, node in graph.nodes.items() if node.attributes.get(STALE) is True}
    changes: dict[str, dict[str, Any]] = {
        name: {STALE: name not in marked} for name in sorted(marked ^ set(stale))
    }
    return GraphUpdate(set_attributes=changes, source=SOURCE) if changes else None
