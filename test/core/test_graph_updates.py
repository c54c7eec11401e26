# SPDX-License-Identifier: Apache-2.0
"""`SceneGraph.apply`: all or nothing, one revision on."""

from __future__ import annotations

import copy
import gc
import itertools
import pickle
import tracemalloc
from collections.abc import Iterator

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import (
    Connection,
    GraphUpdate,
    Node,
    RevisionConflict,
    SceneGraph,
    SceneGraphError,
)
from prism_core.graph.ways import KEPT_STARTS

from .strategies import updates

A, B = Node('a', 'region', (0, 0)), Node('b', 'region', (10, 0))
CAR = Node('car', 'object', (1, 1))
AB = Connection('traversable', 'a', 'b')
SEEN = Connection('observed_from', 'car', 'b')
GRAPH = SceneGraph(
    [A, B, CAR], [AB, SEEN], robot_location='a', revision=5, attributes={'map_id': 'depot'}
)


@pytest.mark.parametrize(
    ('update', 'nodes', 'connections', 'location'),
    [
        (GraphUpdate(), [A, B, CAR], [AB, SEEN], 'a'),
        (GraphUpdate(robot_location='b'), [A, B, CAR], [AB, SEEN], 'b'),
        (
            GraphUpdate(upsert_nodes=(Node('car', 'object', (2, 2), 'red'),)),
            [A, B, Node('car', 'object', (2, 2), 'red')],
            [AB, SEEN],
            'a',
        ),
        (
            GraphUpdate(upsert_connections=(Connection('traversable', 'b', 'a', 12.0),)),
            [A, B, CAR],
            [Connection('traversable', 'a', 'b', 12.0), SEEN],
            'a',
        ),
        (GraphUpdate(remove_nodes=('b',)), [A, CAR], [], 'a'),
        (
            GraphUpdate(remove_connections=(Connection('traversable', 'b', 'a', 99.0),)),
            [A, B, CAR],
            [SEEN],
            'a',
        ),
        (
            GraphUpdate(remove_nodes=('car',), upsert_nodes=(Node('car', 'region', (3, 3)),)),
            [A, B, Node('car', 'region', (3, 3))],
            [AB],
            'a',
        ),
        (
            GraphUpdate(
                base_revision=5,
                map_id='depot',
                remove_nodes=('a',),
                upsert_nodes=(Node('c', 'region', (5, 5)),),
                upsert_connections=(Connection('traversable', 'b', 'c'),),
                robot_location='c',
            ),
            [B, CAR, Node('c', 'region', (5, 5))],
            [SEEN, Connection('traversable', 'b', 'c')],
            'c',
        ),
    ],
    ids=['nothing', 'location', 'node', 'cost', 'gone', 'cut', 'kind after removal', 'all at once'],
)
def test_update_gives_a_new_graph_one_revision_on(update, nodes, connections, location):
    before = copy.deepcopy(GRAPH)
    assert GRAPH.apply(update) == SceneGraph(
        nodes, connections, robot_location=location, revision=6, attributes={'map_id': 'depot'}
    )
    assert before == GRAPH


@pytest.mark.parametrize(
    ('update', 'sentence'),
    [
        (GraphUpdate(map_id='yard'), "^the update is for map 'yard', this is map 'depot'$"),
        (GraphUpdate(remove_nodes=('tree',)), "^cannot remove 'tree': there is no such node$"),
        (
            GraphUpdate(remove_connections=(Connection('traversable', 'a', 'c'),)),
            "^cannot remove connection 'a' - 'c': there is none$",
        ),
        (
            GraphUpdate(upsert_nodes=(Node('car', 'region', (0, 0)),)),
            "^'car' is known as object; ",
        ),
        (
            GraphUpdate(upsert_connections=(Connection('traversable', 'a', 'z'),)),
            "^connection 'a' - 'z': there is no node 'z'$",
        ),
        (
            GraphUpdate(upsert_connections=(Connection('traversable', 'a', 'car'),)),
            'traversable joins region and region, these are object and region$',
        ),
        (GraphUpdate(robot_location='z'), "^robot location 'z' is not in the scene graph$"),
        (GraphUpdate(robot_location='car'), "^robot location 'car' is an object"),
        (GraphUpdate(remove_nodes=('a',)), "^robot location 'a' is not in the scene graph$"),
    ],
)
def test_update_that_cannot_be_applied_is_refused_with_the_names(update, sentence):
    before = copy.deepcopy(GRAPH)
    with pytest.raises(SceneGraphError, match=sentence):
        GRAPH.apply(update)
    assert before == GRAPH


def test_update_lists_every_problem_and_applies_nothing():
    update = GraphUpdate(
        map_id='yard',
        remove_connections=(Connection('traversable', 'a', 'c'),),
        remove_nodes=('tree', 'a'),
        upsert_nodes=(Node('car', 'region', (0, 0)), Node('d', 'region', (0, 0))),
        upsert_connections=(Connection('traversable', 'd', 'z'),),
    )
    with pytest.raises(SceneGraphError) as caught:
        GRAPH.apply(update)
    assert caught.value.problems == (
        "the update is for map 'yard', this is map 'depot'",
        "cannot remove connection 'a' - 'c': there is none",
        "cannot remove 'tree': there is no such node",
        "'car' is known as object; its kind cannot become region",
        "connection 'd' - 'z': there is no node 'z'",
        "robot location 'a' is not in the scene graph",
    )
    assert 'd' not in GRAPH.nodes


@pytest.mark.parametrize('base_revision', [4, 6, -1])
def test_update_for_another_revision_is_a_conflict_that_names_both(base_revision):
    sentence = f'^the update was made for revision {base_revision}, the graph is at 5; read it'
    with pytest.raises(RevisionConflict, match=sentence):
        GRAPH.apply(GraphUpdate(base_revision=base_revision))


# ------------------------------------------------------------- a model that is told the rules


class Model:
    """What a graph is after updates, kept as plain sets and checked by the letter."""

    def __init__(self):
        self.nodes, self.connections, self.location = {}, {}, None

    def after(self, update: GraphUpdate) -> Model | None:
        """The model after an update, or None where the update is refused."""
        new = Model()
        new.nodes = {n: node for n, node in self.nodes.items() if n not in update.remove_nodes}
        gone = {connection.key for connection in update.remove_connections}
        new.connections = {
            key: c
            for key, c in self.connections.items()
            if key not in gone and set(key) <= set(new.nodes)
        }
        allowed = set(update.remove_nodes) <= set(self.nodes) and gone <= set(self.connections)
        for node in update.upsert_nodes:
            known = new.nodes.setdefault(node.name, node)
            allowed = allowed and known.kind == node.kind
            new.nodes[node.name] = node
        placed = [c for c in update.upsert_connections if c.is_placement]
        sources = [c.source for c in {(c.kind, c.source, c.target): c for c in placed}.values()]
        allowed = allowed and len(sources) == len(set(sources))
        for connection in [*(c for c in update.upsert_connections if c not in placed), *placed]:
            ends = [kind_of(new.nodes, name) for name in (connection.source, connection.target)]
            allowed = allowed and ends in ENDS[connection.kind]
            if connection.is_placement:
                new.connections = {
                    key: c
                    for key, c in new.connections.items()
                    if not (c.is_placement and c.source == connection.source)
                }
            new.connections[connection.key] = connection
        holders = [(c.source, c.target) for c in new.connections.values() if c.is_placement]
        ends_of_placed = [(c.source, c.target) for c in placed]
        allowed = allowed and nx.is_directed_acyclic_graph(nx.DiGraph(holders + ends_of_placed))
        new.location = update.robot_location or self.location
        if new.location is not None:
            allowed = allowed and kind_of(new.nodes, new.location) == 'region'
        return new if allowed else None


ENDS = {
    'traversable': [['region', 'region']],
    'observed_from': [['object', 'region'], ['region', 'object']],
    'in': [['object', 'region'], ['object', 'object']],
    'on': [['object', 'region'], ['object', 'object']],
    'held': [['object', 'object']],
}


def kind_of(nodes: dict[str, Node], name: str) -> str | None:
    return nodes[name].kind if name in nodes else None


@given(st.lists(updates, max_size=12))
def test_updates_one_by_one_give_the_graph_built_from_scratch(sequence):
    graph, model, accepted = SceneGraph(), Model(), 0
    for update in sequence:
        expected = model.after(update)
        if expected is None:
            with pytest.raises(SceneGraphError):
                graph.apply(update)
            continue
        model, accepted = expected, accepted + 1
        graph = graph.apply(update)
        scratch = SceneGraph(
            model.nodes.values(),
            model.connections.values(),
            robot_location=model.location,
            revision=accepted,
        )
        assert graph == scratch
        assert graph.viewpoints == scratch.viewpoints
        assert graph.placements == scratch.placements
        assert set(graph.region_network.edges) == set(scratch.region_network.edges)


def shapes_of_updates(number: int) -> Iterator[GraphUpdate]:
    """So many updates of every shape in turn, each of which can be applied after the one before."""
    passing = Node('van', 'object', (3, 3))
    extra = Connection('traversable', 'a', 'c', 25.0)
    shapes = [
        lambda i: GraphUpdate(robot_location='ab'[i % 2]),
        lambda i: GraphUpdate(),
        lambda i: GraphUpdate(set_attributes={'car': {'state': f'seen {i}'}}),
        lambda i: GraphUpdate(upsert_nodes=(Node('car', 'object', (1, i % 7)),)),
        lambda i: GraphUpdate(upsert_nodes=(Node('c', 'region', (i % 9, 9)),)),
        lambda i: GraphUpdate(upsert_connections=(extra,)),
        lambda i: GraphUpdate(
            upsert_nodes=(passing,), upsert_connections=(Connection('observed_from', 'van', 'a'),)
        ),
        lambda i: GraphUpdate(remove_connections=(extra,)),
        lambda i: GraphUpdate(upsert_connections=(Connection('in', 'van', 'car'),)),
        lambda i: GraphUpdate(upsert_connections=(Connection('held', 'van', 'car'),)),
        lambda i: GraphUpdate(upsert_connections=(Connection('on', 'car', 'b'),)),
        lambda i: GraphUpdate(remove_connections=(Connection('on', 'car', 'b'),)),
        lambda i: GraphUpdate(upsert_connections=(SEEN,)),
        lambda i: GraphUpdate(remove_nodes=('van',)),
        lambda i: GraphUpdate(upsert_connections=(Connection('traversable', 'a', 'b', i % 5),)),
    ]
    return (shapes[i % len(shapes)](i) for i in range(number))


def test_a_graph_does_not_wear_out_by_a_hundred_thousand_updates_of_every_shape():
    graph = GRAPH
    for update in shapes_of_updates(100_000):
        graph = graph.apply(update)
    assert graph.revision == GRAPH.revision + 100_000
    assert graph == pickle.loads(pickle.dumps(graph))
    assert graph.way_lengths_m('a') == [4]
    assert graph.distances_m('b')['a'] == 4


def test_each_update_leaves_nothing_behind_and_takes_as_long_as_the_one_before():
    graph, updates = GRAPH, shapes_of_updates(12_000)
    tracemalloc.start()
    try:
        used_bytes = []
        for _ in range(3):
            for update in itertools.islice(updates, 4_000):
                graph = graph.apply(update)
                graph.distances_m(graph.robot_location or '')
            gc.collect()
            used_bytes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert max(used_bytes) < min(used_bytes) + 20_000


def test_ways_from_a_few_regions_only_are_remembered():
    regions = [Node(f'r{i}', 'region', (i, 0)) for i in range(3 * KEPT_STARTS)]
    ways = [
        Connection('traversable', one.name, other.name)
        for one, other in itertools.pairwise(regions)
    ]
    graph = SceneGraph(regions, ways)
    for start in graph.regions:
        assert graph.route(start, 'r0')[0] == start
        assert graph.distances_m(start)['r0'] == graph.nodes[start].position[0]
    assert len(graph._ways._known) == KEPT_STARTS
