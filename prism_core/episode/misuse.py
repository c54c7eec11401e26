# SPDX-License-Identifier: Apache-2.0
"""What is wrong with an action before a world is asked, for simulators."""

from __future__ import annotations

from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable, Role


def find_misuse(action: Action, table: ActionTable, known_graph: SceneGraph) -> str:
    """Why an action cannot be carried out whatever the world is like, as one sentence: there is no
    such action, its arguments are not those of its row, or a node is not known; '' where it may be.

    Args:
        action: any, whose arguments are nodes or one text.
        table: the actions of the robot.
        known_graph: what it knows.
    """
    spec = table.get(action.name)
    if spec is None:
        return f'there is no action {action.name[:80]}'
    if len(action.arguments) != len(spec.arguments):
        return f'expected {spec.signature}'
    if spec.role is Role.ASK and not str(action.arguments[0]).strip():
        return 'there is nothing to ask'
    unknown = (name for name in table.nodes_of(action) if name not in known_graph.nodes)
    return next((f'the scene graph contains no {name[:80]}' for name in unknown), '')
