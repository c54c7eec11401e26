# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Connection, Node, SceneGraph, SceneGraphError
from prism_core import parse_scene_graph as parse
from prism_core import render_scene_graph as render
from prism_core.domains.mapping import GRAPHS

from .strategies import nasty_texts, scene_graphs, texts

A = {'name': 'a', 'coords': [0, 0]}
B = {'name': 'b', 'coords': [3, 4]}
CAR = {'name': 'car', 'coords': [1, 1], 'description': 'weiß'}


def written(**entries) -> str:
    return json.dumps({'regions': [A, B], 'objects': [CAR]} | entries)


# ---------------------------------------------------------------------- read and written


@given(scene_graphs(), st.booleans())
def test_graph_comes_back_as_it_was_written(graph, indented):
    assert parse(render(graph, indented=indented)) == graph


def test_compact_form_is_the_documented_dialect_byte_for_byte():
    graph = SceneGraph(
        [
            Node('car', 'object', (1, 1.5), 'red "car"'),
            Node('a', 'region', (0, 0), attributes={'source': 'uav'}),
            Node('b', 'region', (3, 4), 'Wiese im Süden'),
        ],
        [
            Connection('observed_from', 'a', 'car', 2.0),
            Connection('traversable', 'b', 'a'),
        ],
        robot_location='a',
        revision=2,
        attributes={'map_id': 'm'},
    )
    assert render(graph) == (
        '{"map_id":"m","regions":[{"name":"a","coords":[0.0,0.0],"source":"uav"},'
        '{"name":"b","coords":[3.0,4.0],"description":"Wiese im Süden"}],'
        '"objects":[{"name":"car","coords":[1.0,1.5],"description":"red \\"car\\""}],'
        '"region_connections":[["b","a"]],"object_connections":[["car","a",2.0]],'
        '"robot_location":"a","revision":2}'
    )


def test_indented_form_has_one_element_a_line_and_ends_with_a_newline():
    graph = parse(written(region_connections=[['a', 'b']], robot_location='a', place='Süd'))
    assert render(graph, indented=True) == (
        '{\n'
        '  "place": "Süd",\n'
        '  "regions": [\n'
        '    {"name": "a", "coords": [0.0, 0.0]},\n'
        '    {"name": "b", "coords": [3.0, 4.0]}\n'
        '  ],\n'
        '  "objects": [\n'
        '    {"name": "car", "coords": [1.0, 1.0], "description": "weiß"}\n'
        '  ],\n'
        '  "region_connections": [\n'
        '    ["a", "b"]\n'
        '  ],\n'
        '  "object_connections": [],\n'
        '  "robot_location": "a"\n'
        '}\n'
    )


@pytest.mark.parametrize(
    'path', sorted(GRAPHS.glob('../../*/graphs/*.json')), ids=lambda path: path.stem
)
def test_packaged_graph_has_a_location_and_survives_a_round_trip(path):
    graph = parse(path.read_text('utf-8'))
    assert graph.robot_location in graph.regions
    assert graph.attributes['map_id'] == path.stem.removesuffix('_today')
    assert parse(render(graph, indented=True)) == graph


# ------------------------------------------------------------------------------ dialects


@pytest.mark.parametrize('key', ['robot_location', 'current_location', 'init_location'])
def test_location_is_read_under_each_of_its_names_and_written_under_one(key):
    graph = parse(written(**{key: 'b'}))
    assert graph.robot_location == 'b'
    assert '"robot_location":"b"' in render(graph)
    assert not graph.attributes


def test_first_location_that_says_something_counts():
    entries = {'init_location': 'a', 'current_location': 'b', 'robot_location': ''}
    assert parse(written(**entries)).robot_location == 'b'
    assert parse(written(robot_location=None)).robot_location is None


@pytest.mark.parametrize(
    'coords',
    [
        *([1, -2.5], '[1.0, -2.5]', '1, -2.5', '(1,-2.5)', ' [ +1. , -.25e1 ] ', '1 -2.5'),
        *([1, -2.5, 7], '[1, -2.5, 7.0]'),
    ],
)
def test_coordinates_are_read_from_a_list_or_a_text(coords):
    graph = parse(written(regions=[{'name': 'a', 'coords': coords}], objects=[]))
    assert graph.nodes['a'].position == (1.0, -2.5)
    has_third = '7' in str(coords)
    assert graph.nodes['a'].attributes == ({'z_m': 7} if has_third else {})


@pytest.mark.parametrize('entries', [{}, {'coords': None}])
def test_a_node_without_coordinates_lies_nowhere_known_and_is_written_without(entries):
    graph = parse(written(regions=[{'name': 'living room', 'z_m': 2} | entries], objects=[]))
    assert graph.nodes['living room'].position is None
    assert json.loads(render(graph))['regions'] == [{'name': 'living room', 'z_m': 2}]


def test_names_that_differ_in_case_only_are_two_nodes():
    graph = parse(written(regions=[A, A | {'name': 'A'}], region_connections=[['a', 'A']]))
    assert parse(render(graph)) == graph
    assert list(graph.regions) == ['a', 'A']


@given(scene_graphs(any_kind=True), st.booleans())
def test_graph_of_any_names_and_positions_comes_back_as_it_was_written(graph, indented):
    assert parse('\ufeff' + render(graph, indented=indented)) == graph


def test_nodes_keep_description_and_whatever_else_is_known():
    extra = {'source': 'from_uav', 'tags': ['x', {'y': None}], 'type': 'region', 'seen': True}
    graph = parse(
        written(regions=[A | {'description': 'a field'} | extra, B | {'description': None}])
    )
    assert graph.nodes['a'].description == 'a field'
    assert graph.nodes['a'].attributes == extra
    assert graph.nodes['b'].description == ''
    assert json.loads(render(graph))['regions'][0]['tags'] == ['x', {'y': None}]


def test_graph_keeps_whatever_else_is_known_of_it():
    graph = parse(written(map_id='m', origin={'utm': [1, 2]}, revision=12))
    assert graph.attributes == {'map_id': 'm', 'origin': {'utm': [1, 2]}}
    assert graph.revision == 12


def test_connections_are_read_in_either_order_and_with_costs():
    graph = parse(
        written(
            region_connections=[['b', 'a', 7.5]],
            object_connections=[['a', 'car'], ['car', 'b']],
        )
    )
    assert graph.connections[('a', 'b')].cost_m == 7.5
    assert graph.viewpoints == {'car': ('a', 'b')}
    assert json.loads(render(graph))['object_connections'] == [['car', 'a'], ['car', 'b']]


# ------------------------------------------------------------------------------ refusals

NAN, INF = float('nan'), float('inf')
DEEP = '[' * 16 + ']' * 16


def region(**entries) -> str:
    return written(regions=[B, A | entries])


def car_at(coords) -> str:
    return written(objects=[CAR | {'coords': coords}])


def way(*connection) -> str:
    return written(region_connections=[list(connection)])


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('', '^not valid JSON: Expecting value: line 1 column 1'),
        ('{"regions": [}', '^not valid JSON: Expecting value: line 1 column 14'),
        ('[' * 100_000, '^not valid JSON: nested too deeply$'),
        ('{"a":' * 100_000, '^not valid JSON: nested too deeply$'),
        (
            f'{{"regions": [], "n": {"9" * 5000}}}',
            '^(not valid JSON: Exceeds|n: expected a finite)',
        ),
        ('[1]', r'^expected a JSON object with "regions", got \[1\]$'),
        ('null', '^expected a JSON object with "regions", got None$'),
        ('{}', '^expected a JSON object with "regions", got none$'),
        ('{"regions": {}}', '^regions: expected a list, got {}$'),
        (written(objects='car'), "^objects: expected a list, got 'car'$"),
        (written(region_connections=None), '^region_connections: expected a list, got None$'),
        (written(object_connections=5), '^object_connections: expected a list, got 5$'),
        # nodes
        (written(regions=['a']), r"^regions\[0\]: expected an object with \"name\".*got 'a'$"),
        (written(objects=[{'nme': 'c'}]), r"^objects\[0\]: expected .*got {'nme': 'c'}$"),
        (written(regions=[{'coords': [0, 0]}]), r'^regions\[0\]: expected an object with "name"'),
        (region(name='a\nb'), r"^regions\[1\]: node name 'a\\nb': expected"),
        (region(name='a '), r"^regions\[1\]: node name 'a ': .* no white space at either end$"),
        (region(name=3), r'^regions\[1\]: node name 3: expected'),
        (region(name=['a']), r"^regions\[1\]: node name \['a'\]: expected"),
        (region(name='b'), "^duplicate node name 'b'$"),
        (region(name='car'), "^duplicate node name 'car'$"),
        (region(description=7), r"^regions\[1\]: node 'a': description must be a text"),
        (region(**{str(i): i for i in range(33)}), r"^regions\[1\]: node 'a': expected at most 32"),
        # coordinates
        (car_at([1]), r'^objects\[0\]: coords: expected .*got \[1\]$'),
        (car_at([1, 2, 3, 4]), r'got \[1, 2, 3, 4\]$'),
        (car_at([None, None]), r'^objects\[0\]: coords: expected .*got \[None, None\]$'),
        (car_at(''), r"^objects\[0\]: coords: expected .*got ''$"),
        (car_at([True, 0]), r'coords: expected .*got \[True, 0\]$'),
        (car_at(['1', '2']), r"coords: .*got \['1', '2'\]$"),
        (car_at('1, two'), "coords: expected .*got '1, two'$"),
        (car_at('nan, 0'), "coords: expected .*got 'nan, 0'$"),
        (
            car_at('1e999, 0'),
            r"^objects\[0\]: node 'car': expected two coordinates .*\(inf, 0.0\)$",
        ),
        (car_at([2e7, 0]), r'of at most 10000000 metres, got \(20000000.0, 0\)$'),
        # numbers that are none
        (car_at([0, NAN]), r'^objects\[0\].coords\[1\]: expected a finite number, got nan$'),
        (car_at([INF, 0]), r'^objects\[0\].coords\[0\]: expected a finite number, got inf$'),
        (way('a', 'b', NAN), r'^region_connections\[0\]\[2\]: expected a finite number, got nan$'),
        ('{"regions": [], "x": {"y": [-1e999]}}', r'^x.y\[0\]: expected a finite .*got -inf$'),
        (f'{{"regions": [], "x": {"9" * 400}}}', '^x: expected a finite number, got 999'),
        # texts and depth
        (region(source='\ud800'), r"^regions\[1\].source: half of a surrogate pair in '\\ud800'$"),
        ('{"regions": [], "x": "\ud800"}', r"^x: half of a surrogate pair in '\\ud800'$"),
        ('{"regions": [], "\\udfff": 1}', r"^a key of the graph: half of .*'\\udfff'$"),
        (f'{{"regions": [], "x": {DEEP}}}', r'^x(\[0\])+: nested more than 16 deep$'),
        ('{"regions": [], "x": ' + '{"y": ' * 16 + '1' + '}' * 17, r'^x(.y)+: nested more than 16'),
        # connections
        (written(region_connections=['ab']), r"^region_connections\[0\]: expected a pair .*'ab'$"),
        (way('a'), r"^region_connections\[0\]: expected a pair of node names, got \['a'\]$"),
        (way('a', 'b', 1, 2), r'expected a pair of node names, got \[.*, 1, 2\]$'),
        (way('a', 5), r"^region_connections\[0\]: .*got \['a', 5\]$"),
        (way('a', 'b', '3'), "expected a travel cost in metres, got '3'$"),
        (way('a', 'b', True), 'expected a travel cost in metres, got True$'),
        (way('a', 'b', -1), 'cost must be from 0 to 1000000000 metres, got -1$'),
        (way('a', 'a'), r"^region_connections\[0\]: 'a' is connected to itself$"),
        (way('a', 'z'), "^connection 'a' - 'z': there is no node 'z'$"),
        (way('a', 'car'), 'traversable joins region and region'),
        (written(object_connections=[['a', 'b']]), 'observed_from joins object and region'),
        # location and revision
        (written(robot_location='z'), "^robot location 'z' is not in the scene graph$"),
        (written(robot_location='car'), "^robot location 'car' is an object; expected a region$"),
        (written(init_location=['a']), "^init_location: expected the name of a region, .*'a'"),
        (written(robot_location=0), '^robot_location: expected the name of a region, got 0$'),
        (written(revision=-1), '^revision: expected a whole number from 0, got -1$'),
        (written(revision=1.0), '^revision: expected a whole number from 0, got 1.0$'),
        (written(revision=True), '^revision: expected a whole number from 0, got True$'),
        (written(revision=2**63), '^revision: expected a whole .* got 9223372036854775808$'),
    ],
    ids=lambda value: value[:50],
)
def test_text_that_is_no_scene_graph_is_refused_with_place_and_value(text, sentence):
    with pytest.raises(SceneGraphError, match=sentence):
        parse(text)


def test_every_element_that_cannot_be_read_is_listed():
    with pytest.raises(SceneGraphError) as caught:
        parse(written(regions=[A, 'x', B], objects=[{}], region_connections=[['a'], ['a', 'b']]))
    assert [problem.split(':')[0] for problem in caught.value.problems] == [
        'regions[1]',
        'objects[0]',
        'region_connections[0]',
    ]


def test_nesting_that_is_just_allowed_is_kept():
    graph = parse(f'{{"regions": [], "x": {DEEP[1:-1]}}}')
    assert parse(render(graph)) == graph


def test_nesting_near_the_recursion_limit_is_refused_and_never_crashes():
    for depth in range(800, 1100):
        with pytest.raises(SceneGraphError, match='nested'):
            parse(f'{{"regions": {"[" * depth}{"]" * depth}}}')


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from(['a', 'b']),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(['name', 'coords', 'description', 'x', 'regions', 'robot_location']),
            inner,
        )
    ),
)


@given(
    texts
    | nasty_texts
    | st.dictionaries(
        st.sampled_from(
            [
                *('regions', 'objects', 'region_connections', 'object_connections'),
                *('robot_location', 'revision', 'map_id'),
            ]
        ),
        json_like,
    ).map(json.dumps)
)
def test_reader_gives_a_graph_that_can_be_written_or_raises_its_own_error(text):
    try:
        graph = parse(text)
    except SceneGraphError:
        return
    assert parse(render(graph)) == graph


def test_reader_does_not_slow_down_on_numbers_that_never_end():
    started = time.perf_counter()
    for part in ('1', '1.', '1e', ' ', '[', '1 '):
        with pytest.raises(SceneGraphError, match='coords: expected two finite numbers'):
            parse(written(regions=[{'name': 'a', 'coords': part * 200_000 + 'x, 2'}]))
    assert time.perf_counter() - started < 2.0


def test_a_list_whose_key_is_nearly_that_of_a_graph_is_refused_and_other_lists_are_kept():
    text = '{"regions": [], "region_conections": [], "objetcs": [], "frames": ["map"]}'
    with pytest.raises(SceneGraphError) as caught:
        parse(text)
    assert caught.value.problems == (
        '\'region_conections\': expected "region_connections"; spell it so, or call the list '
        'otherwise',
        '\'objetcs\': expected "objects"; spell it so, or call the list otherwise',
    )
    assert parse('{"regions": [], "frames": ["map"]}').attributes == {'frames': ['map']}


def test_a_location_that_is_misspelt_is_told_the_closest_name():
    text = '{"regions": [{"name": "ground_1"}], "robot_location": "groud_1"}'
    with pytest.raises(SceneGraphError, match=r"the closest name is 'ground_1'$"):
        parse(text)
