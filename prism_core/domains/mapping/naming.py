# SPDX-License-Identifier: Apache-2.0
"""Names of nodes that are drawn."""

from __future__ import annotations

from random import Random

from prism_core.graph.scene_graph import SceneGraph

_MAX_NUMBER = 99


class Names:
    """Names with random numbers, which tell nothing about what else there is."""

    def __init__(self, rng: Random):
        self._rng = rng
        self._taken: set[str] = set()

    def give(self, class_name: str) -> str:
        """The name of one more node of a class."""
        stem = class_name.replace(' ', '_')
        while True:
            name = f'{stem}_{self._rng.randint(1, _MAX_NUMBER)}'
            if name not in self._taken:
                self._taken.add(name)
                return name


def make_name(rng: Random, class_name: str, graph: SceneGraph) -> str:
    """A name for one more object of a class in a graph."""
    names = Names(rng)
    names._taken.update(graph.nodes)
    return names.give(class_name)
