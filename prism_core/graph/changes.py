# SPDX-License-Identifier: Apache-2.0
"""What an update makes of the nodes and connections of a scene graph."""

from __future__ import annotations

from collections.abc import Mapping

from prism_core.errors import SceneGraphError
from prism_core.graph.checks import check_connection, find_circles, note_placement
from prism_core.graph.elements import Connection, GraphUpdate, Node, quote

Ends = tuple[str, str]


def replace_elements(
    update: GraphUpdate,
    nodes: Mapping[str, Node],
    connections: Mapping[Ends, Connection],
    placements: Mapping[str, Connection],
) -> tuple[dict[str, Node], dict[Ends, Connection], dict[str, Connection], list[str]]:
    """The nodes, connections and placements after an update, and what is wrong with it."""
    nodes, connections, placements = dict(nodes), dict(connections), dict(placements)
    problems = []
    for gone in update.remove_connections:
        known = connections.pop(gone.key, None)
        if known is None:
            problems.append(f'cannot remove connection {gone}: there is none')
        elif known.is_placement:
            del placements[known.source]
    for name in update.remove_nodes:
        if nodes.pop(name, None) is None:
            problems.append(f'cannot remove {quote(name)}: there is no such node')
    if update.remove_nodes:
        connections = {
            ends: c for ends, c in connections.items() if ends[0] in nodes and ends[1] in nodes
        }
        placements = {
            name: c for name, c in placements.items() if name in nodes and c.target in nodes
        }
    for node in update.upsert_nodes:
        known_node = nodes.get(node.name)
        if known_node is not None and known_node.kind != node.kind:
            problems.append(
                f"'{node.name}' is known as {known_node.kind}; its kind cannot become {node.kind}"
            )
        nodes[node.name] = node
    placed: dict[str, Connection] = {}
    for connection in sorted(update.upsert_connections, key=lambda c: c.is_placement):
        problems.extend(check_connection(connection, nodes))
        _connect(connection, connections, placements)
        if connection.is_placement:
            problems.extend(note_placement(connection, placed))
    problems.extend(find_circles({**placements, **placed}, placed))
    return nodes, connections, placements, problems


def _connect(
    connection: Connection,
    connections: dict[Ends, Connection],
    placements: dict[str, Connection],
) -> None:
    """Put in a connection, in place of that with the same ends, and of where its object was."""
    known = connections.get(connection.key)
    if known is not None and known.is_placement:
        del placements[known.source]
    if connection.is_placement:
        before = placements.get(connection.source)
        if before is not None:
            del connections[before.key]
        placements[connection.source] = connection
    connections[connection.key] = connection


def set_attributes(
    update: GraphUpdate, before: Mapping[str, Node]
) -> tuple[dict[str, Node], list[str]]:
    """The nodes after the attributes that an update sets, and what is wrong with them."""
    nodes, problems = dict(before), []
    for name, changes in update.set_attributes.items():
        if name not in nodes:
            problems.append(f'cannot set attributes of {quote(name)}: there is no such node')
            continue
        try:
            nodes[name] = nodes[name].with_attributes(changes)
        except SceneGraphError as error:
            problems.extend(error.problems)
    return nodes, problems
