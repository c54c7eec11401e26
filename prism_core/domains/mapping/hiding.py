# SPDX-License-Identifier: Apache-2.0
"""What the robot does not know at the start, and what will go wrong on its way."""

from __future__ import annotations

from random import Random

import networkx as nx

from prism_core.domains.mapping.looking import MAPPED, WAYS_M
from prism_core.domains.mapping.simulator import FAILURES
from prism_core.graph.elements import Connection, GraphUpdate, Node
from prism_core.graph.scene_graph import SceneGraph

# Relative to the share that is hidden.
_HIDDEN_VIEWS, _BLOCKED, _CUT_OFF, _FAILING = 0.3, 0.3, 0.4, 0.15


def hide(true_graph: SceneGraph, rng: Random, share: float) -> tuple[SceneGraph, SceneGraph]:
    """Draw what is known of a world at the start.

    Each region but the first, each object, each connection and each attribute is hidden with
    probability `share`. Of the ways that are known, some are blocked, and at times a region cannot
    be reached: the true graph loses these connections and the known one keeps them.

    Returns:
        The true graph, and what the robot knows of it.
    """
    known_regions = {
        name
        for name in true_graph.regions
        if name == true_graph.robot_location or rng.random() >= share
    }
    known_objects = {
        name
        for name, regions in true_graph.viewpoints.items()
        if known_regions.intersection(regions) and rng.random() >= share
    }
    known_nodes = known_regions | known_objects
    connections = [
        connection
        for ends, connection in true_graph.connections.items()
        if known_nodes.issuperset(ends) and not _is_hidden(connection, rng, share)
    ]
    changed = _block(true_graph, connections, rng, share)
    changed = _cut_off(changed, known_regions, rng, share)
    changed = _let_fail(changed, rng, share)
    kept = {connection.key for connection in connections}
    nodes = [
        _known_part(node, true_graph, known_nodes, kept, rng, share)
        for node in true_graph.nodes.values()
        if node.name in known_nodes
    ]
    known = SceneGraph(nodes, connections, robot_location=true_graph.robot_location)
    return changed, known


def _is_hidden(connection: Connection, rng: Random, share: float) -> bool:
    return rng.random() < share * (1.0 if connection.kind == 'traversable' else _HIDDEN_VIEWS)


def _block(graph: SceneGraph, known: list[Connection], rng: Random, share: float) -> SceneGraph:
    """Block known ways, none without which a region could not be reached."""
    network = nx.Graph(graph.region_network)
    gone = []
    for connection in known:
        if connection.kind != 'traversable' or rng.random() >= share * _BLOCKED:
            continue
        network.remove_edge(connection.source, connection.target)
        if nx.has_path(network, connection.source, connection.target):
            gone.append(connection)
        else:
            network.add_edge(connection.source, connection.target)
    return graph.apply(GraphUpdate(remove_connections=tuple(gone))).with_revision(graph.revision)


def _cut_off(graph: SceneGraph, known_regions: set[str], rng: Random, share: float) -> SceneGraph:
    """At times cut a known region at the border off from the rest."""
    ends = [n for n, degree in graph.region_network.degree if degree == 1 and n in known_regions]
    ends = sorted(set(ends) - {graph.robot_location})
    if not ends or len(graph.regions) < 4 or rng.random() >= share * _CUT_OFF:
        return graph
    end = rng.choice(ends)
    other = next(iter(graph.region_network[end]))
    gone = Connection('traversable', end, other)
    return graph.apply(GraphUpdate(remove_connections=(gone,))).with_revision(graph.revision)


def _let_fail(graph: SceneGraph, rng: Random, share: float) -> SceneGraph:
    pairs = [('map_region', name) for name in graph.regions]
    pairs += [('inspect', name) for name in graph.objects]
    failing = [list(pair) for pair in pairs if rng.random() < share * _FAILING]
    return SceneGraph(
        graph.nodes.values(),
        graph.connections.values(),
        robot_location=graph.robot_location,
        attributes={FAILURES: failing} if failing else {},
    )


def _known_part(
    node: Node,
    drawn_graph: SceneGraph,
    known_nodes: set[str],
    known_connections: set[tuple[str, str]],
    rng: Random,
    share: float,
) -> Node:
    """A node with what the robot knows of it at the start."""
    if node.kind == 'object':
        shown = {k: v for k, v in node.attributes.items() if rng.random() >= share}
        description = node.description if rng.random() >= share else ''
        return Node(node.name, node.kind, node.position, description, shown)
    is_complete = all(
        ends in known_connections
        for ends, connection in drawn_graph.connections.items()
        if node.name in ends
        and (connection.kind == 'observed_from' or known_nodes.issuperset(ends))
    )
    if not is_complete or rng.random() < share:
        return Node(node.name, node.kind, node.position)
    shown = {MAPPED: True, WAYS_M: drawn_graph.way_lengths_m(node.name)}
    return Node(node.name, node.kind, node.position, node.description, shown)
