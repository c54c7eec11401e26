# SPDX-License-Identifier: Apache-2.0
"""What is asked of a planner, in other words for the same: under other names, in another order."""

from __future__ import annotations

import random
import re

from prism_core.graph.calling import class_of_name
from prism_core.graph.scene_graph import SceneGraph

_NUMBER = re.compile(r'[-_.]?\d+$')
_NUMBERS = range(100, 10_000)


def permute_names(graph: SceneGraph, rng: random.Random) -> dict[str, str]:
    """Another name for each node: its class with another number."""
    numbers = rng.sample(_NUMBERS, len(graph.nodes))
    return {name: _renumber(name, number) for name, number in zip(graph.nodes, numbers)}


def _renumber(name: str, number: int) -> str:
    """A name of the same class with another number: `pump_4` of `pump_P-1B`, too."""
    renumbered = f'{_NUMBER.sub("", name)}_{number}'
    class_name = class_of_name(name)
    if class_of_name(renumbered) == class_name:
        return renumbered
    return f'{class_name.replace(" ", "_")}_{number}'


def shuffle(graph: SceneGraph, rng: random.Random) -> SceneGraph:
    """The same graph in another order."""
    nodes, connections = list(graph.nodes.values()), list(graph.connections.values())
    rng.shuffle(nodes)
    rng.shuffle(connections)
    return SceneGraph(
        nodes, connections, robot_location=graph.robot_location, attributes=graph.attributes
    )
