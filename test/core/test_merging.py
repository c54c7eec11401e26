# SPDX-License-Identifier: Apache-2.0
"""Merging a second mapper's graph: what is one stays one, what is new comes in."""

from __future__ import annotations

import itertools
import math

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from prism_core import (
    Connection,
    GraphUpdate,
    Node,
    SceneGraph,
    SceneGraphError,
    parse_scene_graph,
    render_scene_graph,
)
from prism_core.cli.main import prism
from prism_core.graph.elements import MAX_ATTRIBUTES
from prism_core.graph.matching import MAX_CANDIDATES, are_alike, match_nodes
from prism_core.graph.merging import merge_graphs

from .strategies import scene_graphs

REGIONS, OBJECTS = ('field', 'road', 'loading dock'), ('truck', 'pickup_truck', 'valve')


@st.composite
def sites(draw, step_m: float = 1.0) -> SceneGraph:
    """Graphs as mappers make them: nodes called by class and number, on a grid so wide."""
    cells = st.tuples(st.integers(-3, 3), st.integers(-3, 3))
    at = draw(st.lists(cells, min_size=1, max_size=MAX_CANDIDATES, unique=step_m > 1))
    nodes = []
    for number, (x, y) in enumerate(at):
        kind = draw(st.sampled_from(['region', 'object'])) if number else 'region'
        name = draw(st.sampled_from(REGIONS if kind == 'region' else OBJECTS))
        nodes.append(Node(f'{name}_{number}', kind, (x * step_m, y * step_m)))
    regions = [node.name for node in nodes if node.kind == 'region']
    pairs = [
        ('traversable' if node.kind == 'region' else 'observed_from', node.name, region)
        for node in nodes
        for region in regions
        if node.name < region or (node.kind == 'object' and node.name != region)
    ]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return SceneGraph(nodes, [Connection(*parts) for parts in chosen], robot_location=regions[0])


shifts = st.floats(-0.5, 0.5)


@st.composite
def remapped(draw, graph: SceneGraph) -> SceneGraph:
    """The same site by another mapper: other numbers, each node a little elsewhere."""
    numbers = draw(st.permutations(range(len(graph.nodes))))
    names = {
        name: f'{name.rpartition("_")[0]}_{number}' for name, number in zip(graph.nodes, numbers)
    }
    nodes = [
        Node(
            names[node.name],
            node.kind,
            (node.position[0] + draw(shifts), node.position[1] + draw(shifts)),
        )
        for node in graph.nodes.values()
    ]
    joined = [
        Connection(c.kind, names[c.source], names[c.target]) for c in graph.connections.values()
    ]
    return SceneGraph(draw(st.permutations(nodes)), draw(st.permutations(joined)))


@given(graph=scene_graphs(any_kind=True) | sites())
def test_merging_a_graph_with_itself_changes_nothing(graph):
    merge = merge_graphs(graph, graph, within_m=1.0, source='other')
    assert merge.update == GraphUpdate()
    assert merge.matched == {name: name for name in graph.nodes}
    assert (merge.added, merge.conflicts) == ({}, ())


@given(data=st.data())
def test_a_renamed_and_jittered_copy_adds_no_node_however_close_they_lie(data):
    graph = data.draw(sites())
    merge = merge_graphs(graph, data.draw(remapped(graph)), within_m=1.0)
    assert merge.added == {}
    assert sorted(merge.matched.values()) == sorted(graph.nodes)
    assert merge.update.upsert_nodes == ()


@given(data=st.data())
def test_of_nodes_that_lie_apart_such_a_copy_adds_nothing_at_all(data):
    graph = data.draw(sites(step_m=3.0))
    merge = merge_graphs(graph, data.draw(remapped(graph)), within_m=1.0)
    assert (merge.update, merge.conflicts) == (GraphUpdate(), ())


@given(data=st.data(), graph=scene_graphs(any_kind=True), other=scene_graphs(any_kind=True))
def test_the_order_of_nodes_and_connections_does_not_matter(data, graph, other):
    def shuffled(one):
        return SceneGraph(
            data.draw(st.permutations(list(one.nodes.values()))),
            data.draw(st.permutations(list(one.connections.values()))),
            robot_location=one.robot_location,
        )

    merge = merge_graphs(graph, other)
    again = merge_graphs(shuffled(graph), shuffled(other))
    assert again == merge


@given(
    pair=st.tuples(scene_graphs(any_kind=True), scene_graphs(any_kind=True))
    | st.tuples(sites(), sites())
)
def test_every_merge_can_be_applied_and_comes_to_rest(pair):
    ours, theirs = pair
    merge = merge_graphs(ours, theirs)
    merged = ours.apply(merge.update)
    assert {**merged.nodes, **ours.nodes}.keys() == merged.nodes.keys()
    assert merged.robot_location == ours.robot_location
    assert ours.connections.items() <= merged.connections.items()
    assert len(merged.nodes) == len(ours.nodes) + len(merge.added)
    again = merge_graphs(merged, theirs)
    assert again.added == {}
    assert merged.apply(again.update).connections == merged.connections


def truck(name: str, x: float = 0.0, **attributes) -> Node:
    description = attributes.pop('description', '')
    return Node(name, 'object', (x, 0.0), description, attributes)


def graph_of(*nodes: Node, joined: tuple = (), **settings) -> SceneGraph:
    return SceneGraph([Node('yard_1', 'region', (0.0, 9.0)), *nodes], joined, **settings)


def test_the_nearer_of_two_is_taken_and_the_other_comes_in_under_a_free_name():
    ours = graph_of(truck('truck_1'))
    merge = merge_graphs(ours, graph_of(truck('truck_1', 0.9), truck('truck_7', 0.2)))
    assert merge.matched == {'truck_7': 'truck_1', 'yard_1': 'yard_1'}
    assert merge.added == {'truck_1': 'truck_2'}
    assert ours.apply(merge.update).nodes['truck_2'].position == (0.9, 0.0)


def test_as_many_as_can_be_are_matched_at_the_least_distance():
    ours = [truck('truck_1', 0.0), truck('truck_2', 1.0)]
    theirs = [truck('truck_3', 0.6), truck('truck_4', 1.6)]
    found = match_nodes(ours, theirs, within_m=0.8)
    assert found == {'truck_3': 'truck_1', 'truck_4': 'truck_2'}


@pytest.mark.parametrize('seed', range(5))
def test_the_matching_is_the_best_of_all(seed):
    """Against every way to pair them, counted out."""
    import random

    rng = random.Random(seed)
    ours = [truck(f'truck_{i}', rng.uniform(0, 4)) for i in range(4)]
    theirs = [truck(f'truck_{i + 10}', rng.uniform(0, 4)) for i in range(4)]
    best = (0, math.inf)
    for order in itertools.permutations([*range(4), *[None] * 4], 4):
        pairs = [(ours[i], theirs[j]) for j, i in enumerate(order) if i is not None]
        lengths = [a.distance_m(b) for a, b in pairs]
        if all(length <= 1.0 for length in lengths):
            best = min(best, (-len(pairs), sum(round(1000 * length) for length in lengths)))
    found = match_nodes(ours, theirs, within_m=1.0)
    by_name = {node.name: node for node in (*ours, *theirs)}
    lengths = [by_name[a].distance_m(by_name[b]) for a, b in found.items()]
    assert (-len(found), sum(round(1000 * length) for length in lengths)) == best


@pytest.mark.parametrize(
    ('one', 'other', 'fits'),
    [
        (truck('truck_1'), truck('truck_9'), True),
        (truck('pickup_truck_1'), truck('Truck 9'), True),
        (truck('pickup_truck_1'), truck('fuel_truck_1'), False),
        (truck('truck_1'), truck('valve_1'), False),
        (truck('obj_4', semantic_class='truck'), truck('truck_1'), True),
        (truck('obj_4'), truck('truck_1'), False),
        (truck('obj_4'), truck('HX-201'), True),
        (Node('R(17)', 'region'), Node('field_1', 'region'), True),
        (Node('road_1', 'region'), Node('field_1', 'region'), False),
        (Node('truck_1', 'region'), truck('truck_1'), False),
    ],
)
def test_two_nodes_can_be_one_by_kind_and_class(one, other, fits):
    assert are_alike(one, other) is fits
    assert are_alike(other, one) is fits


def test_where_a_place_is_unknown_the_name_says_it_and_the_place_is_learned():
    ours = graph_of(Node('truck_1', 'object', None, 'white', {'fuel': 'low'}))
    merged = ours.apply(merge_graphs(ours, graph_of(truck('truck_1', 4.0))).update)
    assert merged.nodes['truck_1'] == truck('truck_1', 4.0, description='white', fuel='low')


def test_edges_follow_their_nodes():
    ours = graph_of(truck('truck_1'))
    theirs = SceneGraph(
        [Node('yard_4', 'region', (0.0, 8.5)), truck('truck_1', 30.0)],
        [Connection('observed_from', 'truck_1', 'yard_4')],
    )
    merged = ours.apply(merge_graphs(ours, theirs).update)
    assert merged.viewpoints == {'truck_1': (), 'truck_2': ('yard_1',)}


def test_what_the_other_knows_more_is_learned_and_the_later_sighting_counts():
    ours = graph_of(truck('truck_1', last_seen=[5, 0], z_m=1.0))
    theirs = graph_of(
        truck('truck_1', 0.1, color='red', description='dented', last_seen=[4, 9], z_m=1.2)
    )
    merge = merge_graphs(ours, theirs)
    assert merge.update.set_attributes == {'truck_1': {'color': 'red', 'description': 'dented'}}
    assert merge.conflicts == ()
    assert merge_graphs(theirs, ours).update.set_attributes == {'truck_1': {'last_seen': [5, 0]}}


FULL = {f'key_{i}': i for i in range(MAX_ATTRIBUTES)}
HALF_YARD = Node('yard_2', 'region', (50.0, 9.0))
CONFLICTS = {
    'attribute': (
        graph_of(truck('truck_1', color='red')),
        graph_of(truck('truck_5', color='blue')),
        "'truck_1' (there 'truck_5'): color stays 'red', the other says 'blue'",
    ),
    'description': (
        graph_of(truck('truck_1', description='white')),
        graph_of(truck('truck_1', description='grey')),
        "'truck_1': description stays 'white', the other says 'grey'",
    ),
    'too many attributes': (
        graph_of(truck('truck_1', **FULL)),
        graph_of(truck('truck_1', more=1)),
        "'truck_1': attribute 'more' is left out; a node has at most 32",
    ),
    'cost': (
        graph_of(HALF_YARD, joined=[Connection('traversable', 'yard_1', 'yard_2', 5.0)]),
        graph_of(HALF_YARD, joined=[Connection('traversable', 'yard_1', 'yard_2', 7.0)]),
        "connection 'yard_1' - 'yard_2': it stays traversable at 5 m, the other says traversable "
        'at 7 m',
    ),
    'kind of connection': (
        graph_of(truck('truck_1'), joined=[Connection('observed_from', 'truck_1', 'yard_1')]),
        graph_of(truck('truck_1'), joined=[Connection('in', 'truck_1', 'yard_1')]),
        "connection 'truck_1' - 'yard_1': it stays observed_from, the other says in",
    ),
    'where an object is': (
        graph_of(HALF_YARD, truck('truck_1'), joined=[Connection('in', 'truck_1', 'yard_1')]),
        graph_of(HALF_YARD, truck('truck_1'), joined=[Connection('in', 'truck_1', 'yard_2')]),
        "'truck_1' in 'yard_1' stays, the other says 'truck_1' in 'yard_2'",
    ),
    'a circle': (
        graph_of(
            truck('truck_1'), truck('valve_1'), joined=[Connection('on', 'truck_1', 'valve_1')]
        ),
        graph_of(
            truck('truck_1'), truck('valve_1'), truck('crate_1', 3.0),
            joined=[Connection('on', 'valve_1', 'crate_1'), Connection('on', 'crate_1', 'truck_1')],
        ),
        "'valve_1' on 'crate_1' is left out: 'valve_1' cannot hold itself",
    ),
    'a name that nothing can be added to': (
        SceneGraph([Node('x' * 128, 'region', (0.0, 0.0))]),
        SceneGraph([Node('x' * 128, 'region', (9.0, 0.0))]),
        'is left out: the name is taken by another node, and no other of 128 characters says',
    ),
    'a name without a place': (
        graph_of(truck('obj_1', semantic_class='truck')),
        graph_of(Node('obj_1', 'object', None, '', {'semantic_class': 'valve'})),
        "'obj_1' is left out: the name is taken by another node, and no position tells",
    ),
}  # fmt: skip


@pytest.mark.parametrize(('ours', 'theirs', 'words'), CONFLICTS.values(), ids=CONFLICTS.keys())
def test_each_conflict_is_told_and_ours_stays(ours, theirs, words):
    merge = merge_graphs(ours, theirs)
    (sentence,) = merge.conflicts
    assert words in sentence
    merged = ours.apply(merge.update)
    assert ours.nodes.items() <= merged.nodes.items()
    assert ours.connections.items() <= merged.connections.items()


@pytest.mark.parametrize(
    ('name', 'taken', 'free'),
    [
        ('truck_1', ['truck_1', 'truck_2'], 'truck_3'),
        ('truck 1', ['truck 1'], 'truck 2'),
        ('Truck7', ['Truck7'], 'Truck8'),
        ('dock', ['dock'], 'dock_2'),
        ('12', ['12'], '13'),
        ('7', ['7'], '7_2'),
        ('1e5', ['1e5'], '1e5_2'),
        ('x' * 126 + '_1', ['x' * 126 + '_1'], 'x' * 126 + '_2'),
    ],
)
def test_a_taken_name_goes_on_with_the_next_number(name, taken, free):
    ours = SceneGraph([Node(one, 'region', (100.0 * i, 0.0)) for i, one in enumerate(taken)])
    theirs = SceneGraph([Node(name, 'region', (-100.0, 0.0))])
    assert merge_graphs(ours, theirs).added == {name: free}


def test_maps_of_two_sites_and_lengths_that_are_none_are_refused():
    here, there = (graph_of(attributes={'map_id': site}) for site in ('depot', 'port'))
    with pytest.raises(SceneGraphError, match="expected a graph of map 'depot', got one"):
        merge_graphs(here, there)
    assert merge_graphs(here, graph_of()).conflicts == ()
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(SceneGraphError, match='within_m: expected metres from 0'):
            merge_graphs(here, here, within_m=wrong)


def test_the_command_says_what_it_matched_added_and_could_not_settle(tmp_path):
    ours, theirs, out = (tmp_path / name for name in ('ours.json', 'theirs.json', 'out.json'))
    ours.write_text(render_scene_graph(graph_of(truck('truck_1', color='red'))))
    other = graph_of(truck('truck_9', 0.4, color='blue'), truck('truck_1', 8.0))
    theirs.write_text(render_scene_graph(other))
    done = CliRunner().invoke(prism, ['merge-graph', str(ours), str(theirs), '--out', str(out)])
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        '2 nodes matched, 1 added, 1 conflicts',
        "added 'truck_1' as 'truck_2', since the name is taken",
        "conflict: 'truck_1' (there 'truck_9'): color stays 'red', the other says 'blue'",
        f'wrote {out}',
    ]
    assert set(parse_scene_graph(out.read_text()).nodes) == {'yard_1', 'truck_1', 'truck_2'}
    apart = CliRunner().invoke(prism, ['merge-graph', str(ours), str(theirs), '--within', '0.1'])
    assert apart.output.startswith('1 nodes matched, 2 added')
