# SPDX-License-Identifier: Apache-2.0
"""A small world made by hand, and what plays plans in it."""

from __future__ import annotations

import math

from prism_core import Action, Connection, Node, SceneGraph
from prism_core.domains.mapping import load_words
from prism_core.domains.mapping.simulator import FAILURES, MappingSimulator
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Episode, Task
from prism_core.episode.planner import run_episode
from prism_core.testing import ScriptedPlanner

SEEN = {'mapped': True, 'ways_m': [10, 15]}
#  lane_4 (10, 10)                     attic_9 (20, 12)
#    /          \                         |
#  gate_3 (0, 0) - yard_7 (10, 0) - shed_2 (20, 0) - cave_6 (50, 0)
REGIONS = {
    name: Node(name, 'region', position, f'{name[:-2]} with a roof')
    for name, position in {
        'gate_3': (0, 0),
        'yard_7': (10, 0),
        'shed_2': (20, 0),
        'lane_4': (10, 10),
        'attic_9': (20, 12),
        'cave_6': (50, 0),
    }.items()
}
CRATE = Node(
    'crate_31', 'object', (18, 4), 'crate under a tarpaulin', {'color': 'red', 'size': 'small'}
)
BARREL = Node('barrel_8', 'object', (11, 1), 'barrel with a dent', {'color': 'blue'})
WAYS = {
    ends: Connection('traversable', *ends)
    for ends in [
        ('gate_3', 'yard_7'),
        ('shed_2', 'yard_7'),
        ('gate_3', 'lane_4'),
        ('lane_4', 'shed_2'),
        ('attic_9', 'shed_2'),
        ('cave_6', 'shed_2'),
    ]
}
VIEWS = {
    ends: Connection('observed_from', *ends)
    for ends in [('crate_31', 'shed_2'), ('crate_31', 'lane_4'), ('barrel_8', 'yard_7')]
}
AROUND_M = 2 * math.sqrt(200)


def make_true(*gone: tuple[str, str], failures=()) -> SceneGraph:
    """The world, without some of its ways."""
    connections = [c for ends, c in {**WAYS, **VIEWS}.items() if ends not in gone]
    attributes = {FAILURES: [list(pair) for pair in failures]} if failures else {}
    return SceneGraph(
        [*REGIONS.values(), CRATE, BARREL],
        connections,
        robot_location='gate_3',
        attributes=attributes,
    )


def make_known(
    *names: str, ways=None, at: str = 'gate_3', mapped=(), objects=(CRATE,)
) -> SceneGraph:
    """Some regions of the world, bare, and all ways between them that are not left out."""
    names = names or ('gate_3', 'yard_7', 'shed_2', 'lane_4')
    seen = dict.fromkeys(mapped, SEEN)
    nodes = [Node(n, 'region', REGIONS[n].position, '', seen.get(n, {})) for n in names]
    kept = {*names, *(node.name for node in objects)}
    bare = [Node(node.name, 'object', node.position) for node in objects]
    connections = [
        c
        for ends, c in {**WAYS, **VIEWS}.items()
        if kept.issuperset(ends) and (c.kind == 'observed_from' or ways is None or ends in ways)
    ]
    return SceneGraph([*nodes, *bare], connections, robot_location=at)


def make_simulator(true: SceneGraph | None = None, known: SceneGraph | None = None):
    return MappingSimulator(true or make_true(), known or make_known(), load_words().lexicon)


def play(script, true=None, known=None, **options) -> Episode:
    """The episode of a planner that gives these plans."""
    episode = Episode(
        0, Task('do it'), Criterion('any'), true or make_true(), known or make_known()
    )
    simulator = make_simulator(episode.true_graph, episode.known_graph)
    return run_episode(ScriptedPlanner(script), simulator, episode, **options)


def do(name: str, *arguments) -> Action:
    return Action(name, arguments)
