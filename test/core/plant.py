# SPDX-License-Identifier: Apache-2.0
"""A process plant: its map, and the words of its people."""

from __future__ import annotations

from pathlib import Path

from prism_core import Node, SceneGraph, find_domain
from prism_core.graph.elements import Connection

ROOT = Path(__file__).parents[2]
EXAMPLE = str(ROOT / 'config/words/example.yaml')
PACKAGED, PLANT = find_domain('mapping'), find_domain('mapping', words=EXAMPLE)

REGIONS = {'Unit-3': (0.0, 0.0), 'CR-1': (0.0, 20.0), 'road_1': (20.0, 0.0), 'Yard-9': (60.0, 0.0)}
OBJECTS = {
    'HX-201': ('Unit-3', {'insulation': 'insulated'}),
    'P-101A': ('Unit-3', {'power': 'running'}),
    'P-101B': ('Unit-3', {'power': 'switched off'}),
    'FL-900': ('Yard-9', {'semantic_class': 'flare', 'flame': 'out'}),
    'truck_2': ('road_1', {}),
}
NOT_SEEN = ('flame', 'insulation', 'power')


def make_plant(*, is_seen: bool) -> SceneGraph:
    """A plant that is mapped whole; what its objects are like is known where `is_seen`."""
    ways = [('CR-1', 'Unit-3'), ('Unit-3', 'road_1'), ('Yard-9', 'road_1')]
    lengths_m = {'Unit-3': [20, 20], 'CR-1': [20], 'road_1': [20, 40], 'Yard-9': [40]}
    nodes = [
        Node(name, 'region', at, '', {'mapped': True, 'ways_m': lengths_m[name]})
        for name, at in REGIONS.items()
    ]
    for name, (region, attributes) in OBJECTS.items():
        known = {k: v for k, v in attributes.items() if is_seen or k not in NOT_SEEN}
        nodes.append(Node(name, 'object', REGIONS[region], '', known))
    return SceneGraph(
        nodes,
        [
            *(Connection('traversable', *ends) for ends in ways),
            *(Connection('observed_from', name, region) for name, (region, _) in OBJECTS.items()),
        ],
        robot_location='Unit-3',
    )


def write(tmp_path: Path, words: str) -> str:
    path = tmp_path / 'words.yaml'
    path.write_text(words)
    return str(path)
