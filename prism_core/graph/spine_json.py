# SPDX-License-Identifier: Apache-2.0
"""Scene graphs as text: the one reader and writer of SPINE's JSON form.

Read in every dialect met in the wild: the location as `robot_location`, `current_location` or
`init_location`; coordinates as a list, as a string, or none where they are unknown; nodes with or
without a description; any further attribute of a node or of the whole graph, which is kept and
written back. Written in one dialect, the documented one, with `placements` ([kind, object, node])
where there are any.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any, TypeVar

from prism_core.errors import SceneGraphError
from prism_core.graph.elements import (
    GRAPH_KEYS,
    LOCATION_KEYS,
    NODE_KEYS,
    PLACEMENTS,
    Connection,
    ConnectionKind,
    Node,
    NodeKind,
    quote,
)
from prism_core.graph.scene_graph import SceneGraph
from prism_core.json_text import DoubledKey, load_json

_NODE_LISTS: dict[str, NodeKind] = {'regions': 'region', 'objects': 'object'}
_CONNECTION_LISTS: dict[str, ConnectionKind] = {
    'region_connections': 'traversable',
    'object_connections': 'observed_from',
}
_PLACEMENTS = 'placements'
_LISTS = (*_NODE_LISTS, *_CONNECTION_LISTS, _PLACEMENTS)
_NUMBER = re.compile(r'[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?')
_MAX_DEPTH = 16

_Element = TypeVar('_Element', Node, Connection)


def parse_scene_graph(text: str) -> SceneGraph:
    """Read a scene graph from SPINE JSON.

    A third coordinate is kept as attribute `z_m`; a connection may have a travel cost in metres as
    its third element; `revision` may say how many changes the graph has seen.

    Raises:
        SceneGraphError: with one problem, place and value for each breach.
    """
    return read_scene_graph(_load_json(text))


def read_scene_graph(data: Any) -> SceneGraph:
    """Read a scene graph from what JSON has made of its text (see `parse_scene_graph`)."""
    if not isinstance(data, dict):
        raise SceneGraphError(f'expected a JSON object with "regions", got {quote(data)}')
    problems = [*_misspelt(data)]
    _note_faults(data, '', problems)
    if problems:
        raise SceneGraphError(problems)
    nodes = [
        node
        for key, kind in _NODE_LISTS.items()
        for place, item in _items(data, key, problems)
        if (node := _collect(problems, place, _read_node, item, kind)) is not None
    ]
    connections = [
        connection
        for key, kind in _CONNECTION_LISTS.items()
        for place, item in _items(data, key, problems)
        if (connection := _collect(problems, place, _read_connection, item, kind)) is not None
    ]
    connections += [
        placement
        for place, item in _items(data, _PLACEMENTS, problems)
        if (placement := _collect(problems, place, read_placement, item)) is not None
    ]
    if problems:
        raise SceneGraphError(problems)
    return SceneGraph(
        nodes,
        connections,
        robot_location=_read_location(data),
        revision=_read_revision(data),
        attributes={key: value for key, value in data.items() if key not in GRAPH_KEYS},
    )


def _misspelt(data: dict[str, Any]) -> Iterator[str]:
    """Lists that would be kept as attributes, though their keys are nearly those of a graph."""
    for key, value in data.items():
        if isinstance(value, list) and key not in GRAPH_KEYS:
            for meant in get_close_matches(key, _LISTS, 1, cutoff=0.85):
                yield f'{quote(key)}: expected "{meant}"; spell it so, or call the list otherwise'


def render_scene_graph(graph: SceneGraph, *, indented: bool = False) -> str:
    """Write a scene graph as SPINE JSON: compact for prompts, or indented with one node a line for
    people.

    `parse_scene_graph` reads back an equal graph.
    """
    data: dict[str, Any] = dict(graph.attributes)
    for key, kind in _NODE_LISTS.items():
        data[key] = [_write_node(node) for node in graph.nodes.values() if node.kind == kind]
    for key, connection_kind in _CONNECTION_LISTS.items():
        data[key] = [
            _write_connection(connection, graph)
            for connection in graph.connections.values()
            if connection.kind == connection_kind
        ]
    if graph.placements:
        data[_PLACEMENTS] = [write_placement(placement) for placement in graph.placements.values()]
    if graph.robot_location is not None:
        data['robot_location'] = graph.robot_location
    if graph.revision:
        data['revision'] = graph.revision
    if not indented:
        return json.dumps(data, ensure_ascii=False, separators=(',', ':'))
    return '{\n' + ',\n'.join(_indented_entries(data)) + '\n}\n'


def _indented_entries(data: dict[str, Any]) -> Iterator[str]:
    for key, value in data.items():
        if key in _NODE_LISTS or key in _CONNECTION_LISTS or key == _PLACEMENTS:
            lines = ',\n'.join('    ' + json.dumps(item, ensure_ascii=False) for item in value)
            yield f'  "{key}": [\n{lines}\n  ]' if value else f'  "{key}": []'
        else:
            yield f'  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}'


def _load_json(text: str) -> Any:
    try:
        return load_json(text)
    except DoubledKey as error:
        raise SceneGraphError(str(error)) from None
    except RecursionError:
        raise SceneGraphError('not valid JSON: nested too deeply') from None
    except ValueError as error:
        raise SceneGraphError(f'not valid JSON: {error}') from None


def _note_faults(value: Any, place: str, problems: list[str], depth: int = 0) -> None:
    """Note what JSON lets through and no graph may hold, wherever it stands: numbers that are not
    finite, texts that cannot be encoded, values too deep to be copied.
    """
    if isinstance(value, str):
        if not value.isascii() and not _can_be_encoded(value):
            problems.append(f'{place}: half of a surrogate pair in {quote(value)}')
    elif isinstance(value, (int, float)):
        if not abs(value) <= sys.float_info.max:
            problems.append(f'{place}: expected a finite number, got {quote(value)}')
    elif isinstance(value, (list, dict)) and depth == _MAX_DEPTH:
        problems.append(f'{place}: nested more than {_MAX_DEPTH} deep')
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _note_faults(item, f'{place}[{index}]', problems, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not key.isascii():
                _note_faults(key, f'a key of {place or "the graph"}', problems)
            _note_faults(item, f'{place}.{key}' if place else key, problems, depth + 1)


def _can_be_encoded(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _items(data: dict, key: str, problems: list[str]) -> Iterator[tuple[str, Any]]:
    if key == 'regions' and key not in data:
        problems.append('expected a JSON object with "regions", got none')
    value = data.get(key, [])
    if not isinstance(value, list):
        problems.append(f'{key}: expected a list, got {quote(value)}')
        return
    for index, item in enumerate(value):
        yield f'{key}[{index}]', item


def _collect(
    problems: list[str], place: str, read: Callable[..., _Element], item: Any, *kind: str
) -> _Element | None:
    """What `read` makes of the item; or None, with the problem and its place noted."""
    try:
        return read(item, *kind)
    except SceneGraphError as error:
        problems.append(f'{place}: {error}')
        return None


def _read_node(item: Any, kind: NodeKind) -> Node:
    if not isinstance(item, dict) or 'name' not in item:
        raise SceneGraphError(
            f'expected an object with "name", and "coords" where it is known to lie, got '
            f'{quote(item)}'
        )
    given = item.get('coords')
    coords = None if given is None else _read_coords(given)
    attributes = {key: value for key, value in item.items() if key not in NODE_KEYS}
    if coords is not None and len(coords) == 3:
        attributes['z_m'] = coords[2]
    description = item.get('description')
    return Node(
        name=item['name'],
        kind=kind,
        position=None if coords is None else (coords[0], coords[1]),
        description='' if description is None else description,
        attributes=attributes,
    )


def _read_coords(value: Any) -> list[float]:
    """Two or three numbers from `[1, 2]`, `"[1.0, 2.0]"` or `"1, 2"`."""
    numbers = value
    if isinstance(value, str):
        parts = value.strip().strip('[]()').replace(',', ' ').split()
        numbers = [float(part) if _NUMBER.fullmatch(part) else None for part in parts]
    if (
        not isinstance(numbers, list)
        or len(numbers) not in (2, 3)
        or not all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers)
    ):
        raise SceneGraphError(f'coords: expected two finite numbers in metres, got {quote(value)}')
    return numbers


def _read_connection(item: Any, kind: ConnectionKind) -> Connection:
    if not isinstance(item, list) or len(item) not in (2, 3):
        raise SceneGraphError(f'expected a pair of node names, got {quote(item)}')
    source, target, *cost = item
    if not isinstance(source, str) or not isinstance(target, str):
        raise SceneGraphError(f'expected a pair of node names, got {quote(item)}')
    if cost and (not isinstance(cost[0], (int, float)) or isinstance(cost[0], bool)):
        raise SceneGraphError(f'expected a travel cost in metres, got {quote(cost[0])}')
    return Connection(kind, source, target, *cost)


def read_placement(item: Any) -> Connection:
    """Read a placement from `[kind, object, node]`.

    Raises:
        SceneGraphError: it is no such list, or no such placement can be.
    """
    if (
        not isinstance(item, list)
        or len(item) != 3
        or not all(isinstance(part, str) for part in item)
        or item[0] not in PLACEMENTS
    ):
        raise SceneGraphError(
            f'expected [kind, object, node] of kind {", ".join(PLACEMENTS)}, got {quote(item)}'
        )
    return Connection(item[0], item[1], item[2])


def write_placement(placement: Connection) -> list[str]:
    """Write a placement as `[kind, object, node]`."""
    return [placement.kind, placement.source, placement.target]


def _read_location(data: dict) -> str | None:
    for key in LOCATION_KEYS:
        value = data.get(key)
        if value not in (None, ''):
            if not isinstance(value, str):
                raise SceneGraphError(f'{key}: expected the name of a region, got {quote(value)}')
            return value
    return None


def _read_revision(data: dict) -> int:
    value = data.get('revision', 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise SceneGraphError(f'revision: expected a whole number from 0, got {quote(value)}')
    return value


def _write_node(node: Node) -> dict[str, Any]:
    data: dict[str, Any] = {'name': node.name}
    if node.position is not None:
        data['coords'] = list(node.position)
    if node.description:
        data['description'] = node.description
    return data | dict(node.attributes)


def _write_connection(connection: Connection, graph: SceneGraph) -> list:
    ends = [connection.source, connection.target]
    if connection.kind == 'observed_from' and graph.nodes[ends[0]].kind == 'region':
        ends.reverse()
    return ends if connection.cost_m is None else [*ends, connection.cost_m]
