# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
import itertools
import math
import pickle

import networkx as nx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prism_core import Connection, Node, SceneGraph, SceneGraphError

from .strategies import positions, scene_graphs

A, B, C = (Node(name, 'region', (x, 0)) for name, x in (('a', 0), ('b', 10), ('c', 25)))
CAR = Node('car', 'object', (1, 1))
AB, BC = Connection('traversable', 'a', 'b'), Connection('traversable', 'b', 'c')
SEEN = Connection('observed_from', 'car', 'a')


@pytest.mark.parametrize(
    ('nodes', 'connections', 'location', 'sentence'),
    [
        ([A, B, A], [], None, "^duplicate node name 'a'$"),
        ([A, Node('a', 'object', (0, 0))], [], None, "^duplicate node name 'a'$"),
        ([A], [AB], None, "^connection 'a' - 'b': there is no node 'b'$"),
        ([A], [BC], None, r"there is no node 'b' \(and 1 more\)$"),
        ([A, CAR], [Connection('traversable', 'a', 'car')], None, 'joins region and region, these'),
        ([A, B], [Connection('observed_from', 'a', 'b')], None, 'these are region and region$'),
        ([A], [], 'b', "^robot location 'b' is not in the scene graph$"),
        ([A, CAR], [], 'car', "^robot location 'car' is an object; expected a region$"),
    ],
)
def test_graph_that_contradicts_itself_is_refused_with_the_names(
    nodes, connections, location, sentence
):
    with pytest.raises(SceneGraphError, match=sentence):
        SceneGraph(nodes, connections, robot_location=location)


def test_graph_lists_every_problem_it_has():
    with pytest.raises(SceneGraphError) as caught:
        SceneGraph([A, A], [AB, SEEN], robot_location='c')
    assert caught.value.problems == (
        "duplicate node name 'a'",
        "connection 'a' - 'b': there is no node 'b'",
        "connection 'car' - 'a': there is no node 'car'",
        "robot location 'c' is not in the scene graph",
    )


def test_graph_tells_regions_objects_and_where_objects_are_seen_from():
    seen_too = Connection('observed_from', 'b', 'car')
    graph = SceneGraph([A, CAR, B], [SEEN, AB, seen_too], robot_location='a', revision=3)
    assert (list(graph.regions), list(graph.objects)) == (['a', 'b'], ['car'])
    assert graph.viewpoints == {'car': ('a', 'b')}
    assert graph.connections[('a', 'b')] is AB
    assert repr(graph) == (
        "SceneGraph(2 regions, 1 objects, 3 connections, robot_location='a', revision=3)"
    )


@pytest.mark.parametrize(
    'change',
    [
        lambda g: g.nodes.update(d=A),
        lambda g: g.nodes.__setitem__('d', A),
        lambda g: g.regions.pop('a'),
        lambda g: g.objects.clear(),
        lambda g: g.viewpoints.__setitem__('car', ()),
        lambda g: g.connections.popitem(),
        lambda g: g.attributes.__setitem__('map_id', 'other'),
        lambda g: g.region_network.add_node('d'),
        lambda g: setattr(g, 'robot_location', 'b'),
        lambda g: setattr(g, 'revision', 9),
        lambda g: setattr(g, 'nodes', {}),
        hash,
    ],
)
def test_graph_cannot_be_changed_in_place_nor_hashed(change):
    graph = SceneGraph([A, B, CAR], [AB, SEEN], attributes={'map_id': 'm'})
    with pytest.raises((AttributeError, TypeError, nx.NetworkXError)):
        change(graph)


def test_graph_does_not_follow_changes_of_what_it_was_made_from():
    attributes = {'map_id': 'm'}
    graph = SceneGraph([A], attributes=attributes)
    attributes['map_id'] = 'other'
    assert graph.attributes == {'map_id': 'm'}


@given(scene_graphs())
def test_copies_of_a_graph_are_equal_and_independent(graph):
    assert graph.regions.keys() | graph.objects.keys() == graph.nodes.keys()
    for other in (pickle.loads(pickle.dumps(graph)), copy.deepcopy(graph)):
        assert other == graph
        assert other.viewpoints == graph.viewpoints
        assert all(other.nodes[name] is not node for name, node in graph.nodes.items())


@pytest.mark.parametrize(
    'other',
    [
        SceneGraph([A], [], robot_location='a'),
        SceneGraph([A, B], [], robot_location='a'),
        SceneGraph([A, B], [AB], robot_location='b'),
        SceneGraph([A, B], [AB], robot_location='a', revision=1),
        SceneGraph([A, B], [AB], robot_location='a', attributes={'map_id': 'm'}),
        'a graph',
    ],
)
def test_graphs_that_differ_in_one_thing_are_not_equal(other):
    assert SceneGraph([A, B], [AB], robot_location='a') != other


def test_graph_with_the_robot_elsewhere_is_the_same_graph_and_revision():
    graph = SceneGraph([A, B, CAR], [AB], robot_location='a', revision=4)
    assert graph.at('b') == SceneGraph([A, B, CAR], [AB], robot_location='b', revision=4)
    assert graph.at(None).robot_location is None
    assert graph.with_revision(9) == SceneGraph([A, B, CAR], [AB], robot_location='a', revision=9)
    with pytest.raises(SceneGraphError, match=r"^robot location 'car' is an object"):
        graph.at('car')


# ----------------------------------------------------------------------------- ways


def raw_network(graph: SceneGraph) -> nx.Graph:
    """The regions as networkx sees them, built without the properties under test."""
    network = nx.Graph()
    network.add_nodes_from(n.name for n in graph.nodes.values() if n.kind == 'region')
    for connection in graph.connections.values():
        if connection.kind == 'traversable':
            a, b = connection.key
            straight_m = math.dist(graph.nodes[a].position, graph.nodes[b].position)
            length_m = straight_m if connection.cost_m is None else connection.cost_m
            network.add_edge(a, b, weight=length_m)
    return network


@given(scene_graphs(located=True), st.data())
def test_ways_and_distances_are_those_of_networkx(graph, data):
    network = raw_network(graph)
    start = graph.robot_location
    end = data.draw(st.sampled_from(sorted(graph.regions)))
    expected = nx.single_source_dijkstra_path_length(network, start)
    distances = graph.distances_m(start)
    assert distances == pytest.approx(expected)
    assert list(distances.values()) == sorted(distances.values())
    assert graph.reachable_regions(start) == nx.node_connected_component(network, start)
    assert graph.is_reachable(start, end) == nx.has_path(network, start, end)
    if end not in expected:
        with pytest.raises(SceneGraphError, match=f"^no known way leads from '{start}' to '{end}'"):
            graph.route(start, end)
        return
    route = graph.route(start, end)
    assert (route[0], route[-1]) == (start, end)
    lengths_m = [network.edges[step]['weight'] for step in itertools.pairwise(route)]
    assert sum(lengths_m) == pytest.approx(expected[end])


def test_route_takes_the_cheaper_detour_and_refuses_names_it_does_not_know():
    dear = Connection('traversable', 'c', 'a', 100.0)
    graph = SceneGraph([A, B, C], [AB, BC, dear])
    assert graph.route('a', 'c') == ['a', 'b', 'c']
    assert graph.distances_m('a') == {'a': 0, 'b': 10.0, 'c': 25.0}
    for start, end in (('a', 'nowhere'), ('nowhere', 'a')):
        with pytest.raises(SceneGraphError, match=f"from '{start}' to '{end}'$"):
            graph.route(start, end)


@given(
    st.lists(positions, min_size=1, max_size=12),
    st.lists(positions, min_size=1, max_size=12),
)
def test_closest_pair_is_as_close_as_the_best_of_all_pairs(ours, theirs):
    here = [Node(f'here_{i}', 'region', position) for i, position in enumerate(ours)]
    there = [Node(f'there_{i}', 'region', position) for i, position in enumerate(theirs)]
    chains = [
        Connection('traversable', one.name, other.name)
        for nodes in (here, there)
        for one, other in itertools.pairwise(nodes)
    ]
    graph = SceneGraph(here + there, chains)
    near, far = graph.closest_pair('here_0', 'there_0')
    best = min(one.distance_m(other) for one in here for other in there)
    assert (near[:4], far[:5]) == ('here', 'there')
    assert graph.nodes[near].distance_m(graph.nodes[far]) == best


def test_closest_pair_of_large_parts_is_found_without_trying_all_pairs():
    tried = 0

    class Counted(Node):
        def distance_m(self, other):
            nonlocal tried
            tried += 1
            return super().distance_m(other)

    sides = [
        [Counted(f'{side}_{i}', 'region', (x + i / 2, i * 7919 % 3000)) for i in range(4000)]
        for side, x in (('west', 0), ('east', 3000))
    ]
    chains = [
        Connection('traversable', one.name, other.name)
        for nodes in sides
        for one, other in itertools.pairwise(nodes)
    ]
    pair = SceneGraph(sides[0] + sides[1], chains).closest_pair('west_0', 'east_0')
    assert [name[:4] for name in pair] == ['west', 'east']
    assert tried < 4000 * 40


@given(st.lists(st.none() | positions, min_size=2, max_size=12), st.integers(1, 11))
def test_closest_pair_is_one_of_known_positions_or_none(where, cut):
    cut = min(cut, len(where) - 1)
    nodes = [
        Node(f'{"ours" if i < cut else "theirs"}_{i}', 'region', p) for i, p in enumerate(where)
    ]
    chains = [
        Connection('traversable', one.name, other.name)
        for one, other in itertools.pairwise(nodes)
        if one.name[:4] == other.name[:4]
    ]
    graph = SceneGraph(nodes, chains)
    pair = graph.closest_pair(nodes[0].name, nodes[-1].name)
    if any(where[:cut]) and any(where[cut:]):
        near, far = (graph.nodes[name] for name in pair)
        known = [node for node in nodes if node.position is not None]
        lengths = [
            one.distance_m(other)
            for one in known
            for other in known
            if one.name[:4] == 'ours' and other.name[:4] == 'thei'
        ]
        assert near.distance_m(far) == min(lengths)
    else:
        assert pair is None


# --------------------------------------------------------------------- positions


def test_a_node_without_position_is_where_it_is_held_or_seen_from():
    graph = SceneGraph(
        [
            Node('hall', 'region'),
            Node('attic', 'region'),
            Node('dock', 'region', (3, 4)),
            Node('table', 'object', (9, 9)),
            *(Node(name, 'object') for name in ('box', 'mug', 'spoon', 'lamp', 'ghost')),
        ],
        [
            Connection('observed_from', 'box', 'hall'),
            Connection('observed_from', 'box', 'dock'),
            Connection('on', 'mug', 'table'),
            Connection('in', 'spoon', 'mug'),
            Connection('in', 'lamp', 'attic'),
            Connection('traversable', 'hall', 'dock'),
            Connection('traversable', 'hall', 'attic', 7.5),
        ],
    )
    assert {name: graph.position_of(name) for name in graph.nodes} == {
        'hall': None,
        'attic': None,
        'dock': (3.0, 4.0),
        'table': (9.0, 9.0),
        'box': (3.0, 4.0),
        'mug': (9.0, 9.0),
        'spoon': (9.0, 9.0),
        'lamp': None,
        'ghost': None,
    }
    assert graph.distance_m('mug', 'spoon') == 0.0
    assert graph.distance_m('box', 'table') == math.dist((3, 4), (9, 9))
    assert graph.distance_m('box', 'lamp') == 7.5  # by way of the hall
    assert graph.distance_m('lamp', 'hall') == 7.5
    assert graph.distance_m('lamp', 'ghost') == math.inf


def test_a_way_of_unknown_length_counts_one_step():
    nodes = [Node('a', 'region'), Node('b', 'region', (100, 0)), Node('c', 'region', (100, 50))]
    ways = [
        Connection('traversable', 'a', 'b'),
        Connection('traversable', 'b', 'c'),
        Connection('traversable', 'a', 'c', 60.0),
    ]
    graph = SceneGraph(nodes, ways)
    assert dict(graph.distances_m('a')) == {'a': 0, 'b': 1.0, 'c': 51.0}
    assert graph.route('a', 'c') == ['a', 'b', 'c']
    assert graph.way_lengths_m('a') == [1, 60]


# --------------------------------------------------------------------- neighborhood


def test_neighborhood_keeps_what_lies_within_so_many_connections():
    graph = SceneGraph(
        [A, B, C, CAR], [AB, BC, SEEN], robot_location='a', revision=7, attributes={'map_id': 'm'}
    )
    around_b = graph.neighborhood('b', 1)
    assert around_b == SceneGraph(
        [A, B, C], [AB, BC], robot_location='a', revision=7, attributes={'map_id': 'm'}
    )
    assert graph.neighborhood('c', 0) == SceneGraph(
        [C], robot_location=None, revision=7, attributes={'map_id': 'm'}
    )
    assert set(graph.neighborhood('car', 2).nodes) == {'car', 'a', 'b'}
    with pytest.raises(SceneGraphError, match=r"^the scene graph does not contain 'nowhere'$"):
        graph.neighborhood('nowhere', 1)


@given(scene_graphs(), st.integers(0, 4), st.data())
def test_neighborhood_is_the_ball_of_networkx(graph, hops, data):
    assume(graph.nodes)
    center = data.draw(st.sampled_from(sorted(graph.nodes)))
    network = nx.Graph([c.key for c in graph.connections.values()])
    network.add_node(center)
    part = graph.neighborhood(center, hops)
    assert set(part.nodes) == set(nx.ego_graph(network, center, hops))
    assert set(part.connections) == {
        key for key in graph.connections if set(key) <= set(part.nodes)
    }


@pytest.mark.parametrize(
    ('attributes', 'words'),
    [
        ({'regions': 3}, "attribute 'regions' is a key of the graph"),
        ({'init_location': 'a'}, "attribute 'init_location' is a key of the graph"),
        ({'map_id': 5}, 'map_id: expected a text without NUL, got 5'),
    ],
)
def test_attributes_of_the_whole_graph_that_could_not_be_written_are_refused(attributes, words):
    with pytest.raises(SceneGraphError, match=words):
        SceneGraph(attributes=attributes)
