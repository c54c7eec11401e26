# SPDX-License-Identifier: Apache-2.0
"""What holds between the elements of a scene graph: existing ends of the right kinds, nothing that
holds itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from prism_core.graph.elements import GRAPH_KEYS, Connection, Node, quote

_SHOWN_OF_A_CIRCLE = 4
_MAX_COMPARED = 500
"""In a larger graph no closest name is looked for: a mapper may send a wrong one ever again."""


def check_connection(connection: Connection, nodes: Mapping[str, Node]) -> list[str]:
    """What is wrong with a connection between these nodes."""
    ends = (connection.source, connection.target)
    missing = [
        f'connection {connection}: there is no node {quote(n)}{_closest(n, nodes)}'
        for n in ends
        if n not in nodes
    ]
    if missing:
        return missing
    if connection.is_placement:
        return _check_placement(connection, nodes)
    kinds = sorted(nodes[name].kind for name in ends)
    expected = ['region'] * 2 if connection.kind == 'traversable' else ['object', 'region']
    if kinds != expected:
        return [
            f'connection {connection}: {connection.kind} joins {" and ".join(expected)}, '
            f'these are {" and ".join(kinds)}'
        ]
    return []


def _check_placement(placement: Connection, nodes: Mapping[str, Node]) -> list[str]:
    problems = []
    if nodes[placement.source].kind == 'region':
        problems.append(
            f"connection {placement}: expected an object as source, '{placement.source}' is a "
            'region'
        )
    if placement.kind == 'held' and nodes[placement.target].kind == 'region':
        problems.append(
            f'connection {placement}: only an object, such as a gripper, holds something; '
            f"'{placement.target}' is a region"
        )
    return problems


def check_placements(placed: Iterable[Connection]) -> list[str]:
    """What is wrong with all placements of a graph."""
    placements: dict[str, Connection] = {}
    problems = []
    for placement in placed:
        problems += note_placement(placement, placements)
    return problems + find_circles(placements, placements)


def note_placement(placement: Connection, placements: dict[str, Connection]) -> list[str]:
    """Put a placement beside others, and tell where its object has another among them."""
    known = placements.setdefault(placement.source, placement)
    if known == placement:
        return []
    return [f'{known} and {placement}: an object can only be in, on or held by one node']


def find_circles(placements: Mapping[str, Connection], names: Iterable[str]) -> list[str]:
    """Where going from one of these to what holds it, and on, comes back to it."""
    problems = []
    settled: set[str] = set()
    for name in names:
        walked: dict[str, None] = {}
        while name in placements and name not in settled and name not in walked:
            walked[name] = None
            name = placements[name].target
        settled.update(walked)
        if name in walked:
            circle = [str(placements[one]) for one in [*walked][[*walked].index(name) :]]
            if len(circle) > _SHOWN_OF_A_CIRCLE:
                circle[_SHOWN_OF_A_CIRCLE - 1 : -1] = ['...']
            problems.append(f"'{name}' cannot hold itself: {', '.join(circle)}")
    return problems


def check_attributes(attributes: Mapping[str, Any]) -> list[str]:
    """What is wrong with the attributes of a whole graph."""
    problems = [
        f"attribute '{key}' is a key of the graph" for key in GRAPH_KEYS if key in attributes
    ]
    map_id = attributes.get('map_id', '')
    if not isinstance(map_id, str) or '\0' in map_id:
        problems.append(f'map_id: expected a text without NUL, got {quote(map_id)}')
    return problems


def check_location(robot_location: str | None, nodes: Mapping[str, Node]) -> list[str]:
    """What is wrong with where the robot is said to be."""
    if robot_location is None:
        return []
    if robot_location not in nodes:
        closest = _closest(robot_location, nodes)
        return [f'robot location {quote(robot_location)} is not in the scene graph{closest}']
    if nodes[robot_location].kind != 'region':
        return [f"robot location '{robot_location}' is an object; expected a region"]
    return []


def _closest(name: str, nodes: Mapping[str, Node]) -> str:
    """The name of a node that is closest to one that there is none of, to go on with; or ''."""
    few = nodes if len(nodes) <= _MAX_COMPARED else ()
    alike = get_close_matches(name, few, 1)
    return f'; the closest name is {quote(alike[0])}' if alike else ''
