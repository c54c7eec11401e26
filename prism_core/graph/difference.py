# SPDX-License-Identifier: Apache-2.0
"""What has to change in one scene graph to have another."""

from __future__ import annotations

from prism_core.graph.elements import GraphUpdate
from prism_core.graph.scene_graph import SceneGraph


def find_difference(before: SceneGraph, after: SceneGraph) -> GraphUpdate:
    """The update that makes `after` of `before`, but for revision and attributes of the whole
    graph; that the robot is nowhere known any more it cannot say.
    """
    gone = {
        name
        for name, node in before.nodes.items()
        if name not in after.nodes or after.nodes[name].kind != node.kind
    }
    kept = {
        ends: connection for ends, connection in before.connections.items() if gone.isdisjoint(ends)
    }
    return GraphUpdate(
        upsert_nodes=tuple(
            node
            for name, node in after.nodes.items()
            if name in gone or before.nodes.get(name) != node
        ),
        upsert_connections=tuple(
            connection
            for ends, connection in after.connections.items()
            if kept.get(ends) != connection
        ),
        remove_nodes=tuple(name for name in before.nodes if name in gone),
        remove_connections=tuple(
            connection for ends, connection in kept.items() if ends not in after.connections
        ),
        robot_location=(
            None if after.robot_location == before.robot_location else after.robot_location
        ),
    )
