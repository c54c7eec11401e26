# SPDX-License-Identifier: Apache-2.0
"""Updates as SPINE's robot and simulators write them: all quotes deleted, free text as it comes.

What is quoted is in our update language and read by `update_text`. Here names, keys and texts end
where the next one begins, so that a text that looks like a key is cut there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from prism_core.episode.observation import Observation, parse_observation
from prism_core.errors import SceneGraphError
from prism_core.graph.elements import Connection, GraphUpdate, Node, NodeKind, quote
from prism_core.graph.spine_json import read_scene_graph

_NAMES = (
    *('add_nodes', 'add_connections', 'remove_nodes', 'remove_connections'),
    *('update_robot_location', 'update_node_attributes', 'navigation_update', 'no_updates'),
)
_CALL = re.compile(rf'(?<![\w`])({"|".join(_NAMES)})\(')
# `{name: truck_1, ...}`, or `truck_1: {...}` as PRISM's simulator writes it.
_ITEM = re.compile(r'(?:(?<![\w.\-])([\w.\-]{1,128})\s{0,9}:\s{0,9})?\{([^{}]*)\}')
_KEY = re.compile(r'(?:\A|,)\s{0,9}([A-Za-z_]\w{0,63})\s{0,9}:')
_PAIR = re.compile(r'\[\s{0,9}([\w.\-]{1,128})\s{0,9},\s{0,9}([\w.\-]{1,128})\s{0,9}\]')
_NAME = re.compile(r'[\w.\-]{1,128}')
_NODE_KEYS = ('name', 'type', 'coords', 'source', 'description')
# What a robot says that could not go where it was sent.
_FAILED = re.compile(r'could not (?:navigate|inspect|return)', re.IGNORECASE)


def is_update(text: str) -> bool:
    """Whether a text begins with a call of the update language."""
    return _CALL.match(text.lstrip().removeprefix('[').lstrip()) is not None


def read_update(text: str, kinds: Mapping[str, NodeKind]) -> Observation:
    """Read what a message reveals, with quotes or without.

    Args:
        text: the calls, with or without brackets around them.
        kinds: whether a node is a region or an object, by name, for the nodes known before.

    Raises:
        SceneGraphError: a call, or what it holds, cannot be read.
    """
    text = text.strip()
    if text.startswith('[') and text.endswith(']'):
        text = text[1:-1]
    try:
        return parse_observation(text, kinds)
    except SceneGraphError:
        return _read_unquoted(text, dict(kinds))


def _read_unquoted(text: str, kinds: dict[str, NodeKind]) -> Observation:
    update: dict[str, Any] = {'upsert_nodes': (), 'upsert_connections': (), 'set_attributes': {}}
    said = []
    for name, argument in _calls(text):
        if name == 'add_nodes':
            nodes = tuple(_read_node(*item) for item in _items(argument))
            kinds |= {node.name: node.kind for node in nodes}
            update['upsert_nodes'] += nodes
        elif name == 'add_connections':
            update['upsert_connections'] += _read_connections(argument, kinds)
        elif name == 'remove_connections':
            update['remove_connections'] = _read_connections(argument, kinds)
        elif name == 'remove_nodes':
            update['remove_nodes'] = tuple(_NAME.findall(argument))
        elif name == 'update_robot_location':
            update['robot_location'] = argument.strip()
        elif name == 'update_node_attributes':
            for node, changes in map(_read_changes, _items(argument)):
                update['set_attributes'][node] = update['set_attributes'].get(node, {}) | changes
        elif name == 'navigation_update':
            said.append(' '.join(argument.split()))
    feedback = ' '.join(said)
    status = 'failed' if _FAILED.search(feedback) else 'done'
    return Observation(GraphUpdate(**update), feedback, status)  # type: ignore[arg-type]


def _calls(text: str) -> Iterator[tuple[str, str]]:
    """Name and argument of each call; an argument ends before the next call."""
    starts = list(_CALL.finditer(text))
    before = text[: starts[0].start()] if starts else text
    if before.strip(' \n,'):
        raise SceneGraphError(f'expected a call of the update language, got {quote(text[:60])}')
    for start, after in zip(starts, [*starts[1:], None]):
        argument = text[start.end() : after.start() if after else len(text)].rstrip(' \n,')
        if not argument.endswith(')'):
            raise SceneGraphError(f'{start[1]}: expected ")" at the end of {quote(argument)}')
        yield start[1], argument[:-1]


def _items(argument: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The name and the fields of each `{...}`."""
    found = False
    for match in _ITEM.finditer(argument):
        found = True
        fields = _fields(match[2])
        name = fields.pop('name', match[1])
        if not name:
            raise SceneGraphError(f'expected a node with a name, got {quote(match[0])}')
        yield name, fields
    if not found:
        raise SceneGraphError(f'expected nodes as {{name: ...}}, got {quote(argument)}')


def _fields(text: str) -> dict[str, str]:
    """`key: value` pairs; behind a description only the keys of nodes are keys."""
    starts: list[re.Match[str]] = []
    for match in _KEY.finditer(text):
        if not any(s[1] == 'description' for s in starts) or match[1] in _NODE_KEYS:
            starts.append(match)
    return {
        start[1]: text[start.end() : after.start() if after else len(text)].strip()
        for start, after in zip(starts, [*starts[1:], None])
    }


def _read_node(name: str, fields: dict[str, str]) -> Node:
    kind = fields.pop('type', '')
    if kind not in ('region', 'object'):
        raise SceneGraphError(f"node '{name}': expected type region or object, got {quote(kind)}")
    data = {'name': name, 'coords': fields.pop('coords', ''), **fields}
    graph = read_scene_graph({'regions': [], f'{kind}s': [data]})
    return graph.nodes[name]


def _read_changes(item: tuple[str, dict[str, str]]) -> tuple[str, dict[str, str]]:
    name, changes = item
    return name, {key: value for key, value in changes.items() if key not in ('type', 'coords')}


def _read_connections(argument: str, kinds: Mapping[str, NodeKind]) -> tuple[Connection, ...]:
    pairs = _PAIR.findall(argument)
    if not pairs:
        raise SceneGraphError(f'expected connections as [node, node], got {quote(argument)}')
    connections = []
    for source, target in pairs:
        unknown = [name for name in (source, target) if name not in kinds]
        if unknown:
            raise SceneGraphError(f"connection of '{unknown[0]}', which is no known node")
        is_way = kinds[source] == kinds[target] == 'region'
        connections.append(Connection('traversable' if is_way else 'observed_from', source, target))
    return tuple(connections)
