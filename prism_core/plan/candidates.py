# SPDX-License-Identifier: Apache-2.0
"""The actions that a robot could take next on a known graph, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable, Argument, ArgumentKind, ArgumentSpec
from prism_core.plan.plan import Plan
from prism_core.plan.validation import validate_plan


def list_candidates(graph: SceneGraph, table: ActionTable) -> Iterator[Action]:
    """The valid actions of which all arguments are known nodes, sayings or defaults, in the order
    of the table and of the graph; no node comes twice in one.
    """
    for spec in table.values():
        for arguments in product(*(_values(argument, graph) for argument in spec.arguments)):
            action = Action(spec.name, arguments)
            nodes = table.nodes_of(action)
            if (
                len(set(nodes)) == len(nodes)
                and validate_plan(Plan((action,)), graph, table).is_valid
            ):
                yield action


def _values(argument: ArgumentSpec, graph: SceneGraph) -> Sequence[Argument]:
    if argument.kind.is_node:
        return [name for name, node in graph.nodes.items() if argument.kind.takes(node.kind)]
    if argument.kind is ArgumentKind.TEXT:
        return [*argument.sayings.values()]
    return [] if argument.default is None else [argument.default]
