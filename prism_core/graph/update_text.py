# SPDX-License-Identifier: Apache-2.0
"""Graph updates as text in SPINE's update language: `render_update` and `parse_update` are inverse
of each other.

The calls are those that SPINE documents to its model (`add_nodes`, `add_connections`,
`remove_nodes`, `remove_connections`, `update_robot_location`, `update_node_attributes`,
`no_updates`) in the order in which SPINE's robot writes them. What is in, on or held by something
has its own, `add_placements` and `remove_placements` of [kind, object, node]. Arguments are JSON,
so that nothing is lost; SPINE deletes all quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prism_core.errors import SceneGraphError
from prism_core.graph.elements import Connection, ConnectionKind, GraphUpdate, Node, NodeKind, quote
from prism_core.graph.spine_json import read_placement, write_placement
from prism_core.json_text import decode_json

NO_UPDATES = 'no_updates()'
_CALL = re.compile(r'([a-z_]+)\(')
_BETWEEN_CALLS = re.compile(r'[\s,]*')
_KEYS = ('name', 'type', 'coords', 'description', 'attributes')


def render_update(update: GraphUpdate) -> str:
    """Write what an update changes; its map, source and revisions are not part of the language, nor
    is which placement comes before which other connection.
    """
    return ',\n'.join(_calls(update)) or NO_UPDATES


def _calls(update: GraphUpdate) -> Iterator[str]:
    if update.remove_nodes:
        yield _call('remove_nodes', list(update.remove_nodes))
    if update.upsert_nodes:
        yield _call('add_nodes', [_write_node(node) for node in update.upsert_nodes])
    yield from _connection_calls('add', update.upsert_connections)
    yield from _connection_calls('remove', update.remove_connections)
    if update.robot_location is not None:
        yield _call('update_robot_location', update.robot_location)
    if update.set_attributes:
        items = [{'name': name, **changes} for name, changes in update.set_attributes.items()]
        yield _call('update_node_attributes', items)


def _connection_calls(verb: str, connections: Iterable[Connection]) -> Iterator[str]:
    pairs = [_write_ends(c) for c in connections if not c.is_placement]
    placements = [write_placement(c) for c in connections if c.is_placement]
    if pairs:
        yield _call(f'{verb}_connections', pairs)
    if placements:
        yield _call(f'{verb}_placements', placements)


def _call(name: str, argument: Any) -> str:
    return f'{name}({json.dumps(argument, ensure_ascii=False)})'


def _write_node(node: Node) -> dict[str, Any]:
    data: dict[str, Any] = {'name': node.name, 'type': node.kind}
    if node.position is not None:
        data['coords'] = list(node.position)
    if node.description:
        data['description'] = node.description
    # An attribute that is called like a key of the language stands apart.
    apart = {key: value for key, value in node.attributes.items() if key in _KEYS}
    data |= {key: value for key, value in node.attributes.items() if key not in _KEYS}
    return data | ({'attributes': apart} if apart else {})


def _write_ends(connection: Connection) -> list:
    ends = [connection.source, connection.target]
    return ends if connection.cost_m is None else [*ends, connection.cost_m]


def parse_update(text: str, kinds: Mapping[str, NodeKind]) -> GraphUpdate:
    """Read an update.

    Args:
        text: calls of the update language, separated by commas or white space.
        kinds: whether a node is a region or an object, by name, for the nodes known before; a
            connection of two regions is traversable, any other pair says from where an object is
            seen.

    Raises:
        SceneGraphError: a call cannot be read, or names an unknown node in a connection.
    """
    update, said = parse_calls(text, kinds)
    if said is not None:
        raise SceneGraphError('navigation_update changes no graph; expected calls that do')
    return update


def parse_calls(text: str, kinds: Mapping[str, NodeKind]) -> tuple[GraphUpdate, str | None]:
    """Read an update as `parse_update` does, and what `navigation_update` says beside it."""
    parts: dict[str, Any] = {}
    called = set()
    kinds = dict(kinds)
    for name, argument in _read_calls(text):
        if name == 'no_updates':
            continue
        if name in called:
            raise SceneGraphError(f'{name} comes twice; expected one call with all of them')
        called.add(name)
        field, read = _READERS[name]
        try:
            value = read(argument, kinds)
        except (TypeError, KeyError, ValueError) as error:
            raise SceneGraphError(f'{name}: cannot read {quote(argument)}: {error}') from None
        parts[field] = parts[field] + value if field in parts else value
    said = parts.pop('said', None)
    return GraphUpdate(**parts), said


def _read_calls(text: str) -> Iterator[tuple[str, Any]]:
    position = _BETWEEN_CALLS.match(text).end()  # type: ignore[union-attr]
    while position < len(text):
        start = _CALL.match(text, position)
        if start is None or (start[1] != 'no_updates' and start[1] not in _READERS):
            raise SceneGraphError(
                f'expected one of {", ".join(_READERS)} or {NO_UPDATES}, '
                f'got {quote(text[position : position + 60])}'
            )
        argument, position = None, start.end()
        if start[1] != 'no_updates':
            try:
                argument, position = decode_json(text, position)
            except (ValueError, RecursionError) as error:
                raise SceneGraphError(f'{start[1]}: expected JSON: {error}') from None
        if text[position : position + 1] != ')':
            raise SceneGraphError(f'{start[1]}: expected ")" at {quote(text[position:])}')
        position = _BETWEEN_CALLS.match(text, position + 1).end()  # type: ignore[union-attr]
        yield start[1], argument


def _read_nodes(items: Iterable[dict], kinds: dict[str, NodeKind]) -> tuple[Node, ...]:
    nodes = []
    for item in items:
        data = dict(item)
        name, kind, coords = data.pop('name'), data.pop('type'), data.pop('coords', None)
        data |= data.pop('attributes', {})
        nodes.append(Node(name, kind, coords, data.pop('description', ''), data))
        kinds[name] = kind
    return tuple(nodes)


def _read_connections(items: Iterable[list], kinds: dict[str, NodeKind]) -> tuple[Connection, ...]:
    connections = []
    for source, target, *cost in items:
        _check_known((source, target), kinds)
        is_way = kinds[source] == kinds[target] == 'region'
        kind: ConnectionKind = 'traversable' if is_way else 'observed_from'
        connections.append(Connection(kind, source, target, *cost))
    return tuple(connections)


def _read_placements(items: Iterable[list], kinds: dict[str, NodeKind]) -> tuple[Connection, ...]:
    placements = tuple(read_placement(item) for item in items)
    for placement in placements:
        _check_known(placement.key, kinds)
    return placements


def _check_known(ends: Iterable[str], kinds: Mapping[str, NodeKind]) -> None:
    unknown = [name for name in ends if name not in kinds]
    if unknown:
        raise SceneGraphError(f"connection of '{unknown[0]}', which is no known node")


def _read_names(items: Any, _: Any) -> tuple[str, ...]:
    if not isinstance(items, list) or not all(isinstance(name, str) for name in items):
        raise ValueError('expected a list of names')
    return tuple(items)


def _read_text(item: Any, _: Any) -> str:
    if not isinstance(item, str):
        raise ValueError('expected a text')
    return item


def _read_attributes(items: Iterable[dict], _: Any) -> dict[str, dict[str, Any]]:
    return {item['name']: {k: v for k, v in item.items() if k != 'name'} for item in items}


_READERS: dict[str, tuple[str, Callable[[Any, dict[str, NodeKind]], Any]]] = {
    'remove_nodes': ('remove_nodes', _read_names),
    'add_nodes': ('upsert_nodes', _read_nodes),
    'add_connections': ('upsert_connections', _read_connections),
    'add_placements': ('upsert_connections', _read_placements),
    'remove_connections': ('remove_connections', _read_connections),
    'remove_placements': ('remove_connections', _read_placements),
    'update_robot_location': ('robot_location', _read_text),
    'update_node_attributes': ('set_attributes', _read_attributes),
    'navigation_update': ('said', _read_text),
}
