# SPDX-License-Identifier: Apache-2.0
"""A scene graph as the map of a page draws it: plain data, in the form of a report's trials.

Of a large graph only what is nearest to the robot and what the plan is about is drawn: a browser
has to draw it anew with each change.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from prism_core.graph.elements import Node
from prism_core.graph.scene_graph import SceneGraph
from prism_core.pictures.layout import lay_out, say_unknown

MAX_DRAWN = 300
"""So many nodes are drawn."""
_MAX_ABOUT_CHARS = 300


@dataclass(frozen=True)
class MapMarks:
    """What is drawn on a map beside the graph.

    `known_before`: the nodes that were known when the mission began; the others are bold. `stops`:
    the ways between the places where the robot stopped since, the first one a place alone. `ahead`:
    the way that the rest of the plan takes. `looks`: what the step under way is done on. `blocked`:
    ways that are gone.
    """

    known_before: Collection[str] = ()
    stops: Sequence[Sequence[str]] = ()
    ahead: Sequence[str] = ()
    looks: Collection[str] = ()
    blocked: Collection[tuple[str, str]] = ()


def show_map(graph: SceneGraph, marks: MapMarks, *, max_drawn: int = MAX_DRAWN) -> dict[str, Any]:
    """What the page draws of a graph.

    Args:
        graph: what the robot knows.
        marks: what is drawn beside it.
        max_drawn: so many nodes are drawn.
    """
    here = graph.robot_location
    ways = [name for way in (marks.ahead, *reversed(marks.stops)) for name in way]
    first = [*([here] if here else []), *marks.looks, *ways]
    drawn = graph
    if len(graph.nodes) > max_drawn:
        drawn = _part_of(graph, _nearest(graph, first, max_drawn))
    at = lay_out(drawn)
    numbers = {name: number for number, name in enumerate(drawn.nodes)}

    def of(names: Iterable[str]) -> list[int]:
        return [numbers[name] for name in names if name in numbers]

    links = [
        [*of(ends), int(connection.kind == 'traversable')]
        for ends, connection in drawn.connections.items()
    ]
    start, *turns = ({'robot': of(way[-1:]), 'way': of(way)} for way in marks.stops or [()])
    return {
        'isLive': True,
        'nodes': [
            [name, int(node.kind == 'region'), *at[name], say_node(node)]
            for name, node in drawn.nodes.items()
        ],
        'links': links,
        'answers': [],
        'looks': of(marks.looks),
        'start': {
            'robot': start['robot'],
            'known': of(name for name in drawn.nodes if name in marks.known_before),
            'links': [*range(len(links))],
            'blocked': [ends for gone in marks.blocked if len(ends := of(gone)) == 2],
        },
        'turns': [
            *turns,
            {
                'robot': of([here or '']),
                'way': of(marks.ahead) if len(marks.ahead) > 1 else [],
                'known': of(name for name in drawn.nodes if name not in marks.known_before),
            },
        ],
        'total': len(graph.nodes),
        'unknown': say_unknown(drawn),
    }


def say_node(node: Node) -> str:
    """What is known of a node, in a line."""
    told = (f'{key} {value}' for key, value in node.attributes.items() if value not in ('', None))
    said = ', '.join(part for part in (node.description, *told) if part)
    return said if len(said) <= _MAX_ABOUT_CHARS else f'{said[: _MAX_ABOUT_CHARS - 1]}…'


def _nearest(graph: SceneGraph, first: Iterable[str], number: int) -> set[str]:
    """So many nodes: those named first, then whatever is fewest connections away from them."""
    beside: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for one, other in graph.connections:
        beside[one].append(other)
        beside[other].append(one)
    chosen: dict[str, None] = {}
    for start in (first, graph.nodes):  # the rest, where it hangs together with nothing of these
        waiting = deque(name for name in start if name in graph.nodes)
        while waiting and len(chosen) < number:
            name = waiting.popleft()
            if name not in chosen:
                chosen[name] = None
                waiting.extend(other for other in beside[name] if other not in chosen)
    return set(chosen)


def _part_of(graph: SceneGraph, names: Collection[str]) -> SceneGraph:
    return SceneGraph(
        [node for name, node in graph.nodes.items() if name in names],
        [c for ends, c in graph.connections.items() if ends[0] in names and ends[1] in names],
        robot_location=graph.robot_location if graph.robot_location in names else None,
    )
