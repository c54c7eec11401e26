# SPDX-License-Identifier: Apache-2.0
"""Maps that are broken or odd: what is left out is counted, and nothing ends in a traceback."""

from __future__ import annotations

import contextlib
import json
import math
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prism_core import (
    ConfigError,
    ImportReport,
    SceneGraph,
    SceneGraphError,
    import_graph,
    parse_scene_graph,
    read_graph,
    render_scene_graph,
)
from prism_core.graph.importing import KINDS
from prism_core.graph.importing.nearest import NearestRegions

from .map_samples import SAMPLES, noted, take

NO_JSON = ('graphml', 'waypoints', 'csv')


# What is wrong -----------------------------------------------------------------------------------


def test_a_file_of_no_kind_is_told_with_why_it_is_none_of_each(tmp_path):
    path = tmp_path / 'notes.txt'
    path.write_text('Dear robot,')
    with pytest.raises(SceneGraphError) as caught:
        import_graph(path)
    said = str(caught.value)
    assert said.startswith(f'{path}: no kind of map that can be read (')
    assert all(kind in said for kind in KINDS)
    assert 'graphml: there is no <graphml> at its beginning' in said
    path.write_text('{"walls": []}')
    with pytest.raises(
        SceneGraphError, match=r'spine: there is no "regions" in it; networkx, .*: '
    ):
        import_graph(path)


@pytest.mark.parametrize(
    ('name', 'text', 'match'),
    [
        ('site.yaml', 'places: [{name: a}\n', 'expected named waypoints .*: it is not YAML: '),
        ('site.csv', 'a,b\n', r'expected table of named places \(CSV\): its first line names no'),
        ('site.graphml', 'graph', 'expected GraphML, .*: there is no <graphml>'),
    ],
)
def test_a_file_whose_name_says_what_it_is_meant_to_be_is_told_why_it_is_none(
    name, text, match, tmp_path
):
    (tmp_path / name).write_text(text)
    with pytest.raises(SceneGraphError, match=f'^{tmp_path / name}: {match}') as caught:
        import_graph(tmp_path / name)
    assert 'virtualhome' not in str(caught.value)


def test_what_a_file_is_counts_more_than_its_name(tmp_path):
    path = tmp_path / 'site.yaml'
    path.write_text('{"regions": [{"name": "a"}], "objects": []}')
    assert [*import_graph(path)[0].regions] == ['a']


def test_a_connection_to_a_misspelt_node_names_the_closest():
    text = (
        '{"regions": [{"name": "hall"}, {"name": "yard"}], '
        '"region_connections": [["hall", "yrad"]]}'
    )
    with pytest.raises(SceneGraphError, match="no node 'yrad'; the closest name is 'yard'"):
        read_graph(text)


@pytest.mark.parametrize('text', ['{"regions": [', '[1, 2', '{"nodes": [}'])
def test_broken_json_is_told_with_its_place(text):
    with pytest.raises(SceneGraphError, match=r'^not valid JSON: .*line 1 column \d+'):
        read_graph(text)


def test_an_unknown_kind_names_those_that_are():
    with pytest.raises(ConfigError, match="no kind of map 'kml'; expected one of hydra, spine"):
        read_graph('{}', 'kml')


def test_where_no_node_is_a_region_the_layers_are_named():
    nodes = [{'id': 'a', 'layer': 'object'}, {'id': 'b', 'layer': 'building'}]
    with pytest.raises(SceneGraphError) as caught:
        read_graph(json.dumps({'nodes': nodes, 'edges': []}))
    assert str(caught.value) == (
        'none of 2 nodes is a region that a robot can stand in; their layers: object (1), '
        'building (1); say which are regions in a layer table, with --layers FILE'
    )


def net(*edges: Any, nodes: list | None = None) -> tuple[SceneGraph, ImportReport]:
    made = nodes or [
        *({'id': name, 'layer': 'room', 'x': x, 'y': 0} for x, name in enumerate('abc')),
        *({'id': name, 'layer': 'object', 'x': 0.2, 'y': 1} for name in ('o1', 'o2', 'o3')),
    ]
    return read_graph(json.dumps({'nodes': made, 'edges': list(edges)}))


@pytest.mark.parametrize(
    ('edges', 'what'),
    [
        ([('a', 'x')], 'edge: an end that is not there'),
        ([('a', 'a')], 'edge: joins a node with itself'),
        ([('a', 'b', 'above')], 'above, which no row of the layer table has (--layers)'),
        ([('o1', 'o2')], 'way that leads to no region'),
        (
            [('o1', 'o2', 'in'), ('o2', 'o3', 'on'), ('o3', 'o1', 'in')],
            'place of an object in itself',
        ),
        ([('o1', 'o2', 'in'), ('o1', 'o3', 'on')], 'second place of an object'),
        ([('a', 'b', 'held')], 'held between two regions'),
        ([('a', 'b', {'length': -1})], 'length of a way'),
        ([{'source': 'a'}], 'edge that is none'),
        ([5], 'edge that is none'),
    ],
)
def test_what_cannot_be_is_left_out_and_counted(edges, what):
    graph, report = net(*edges)
    assert noted(report, 'left out')[what] == 1
    assert len(graph.nodes) == 6


@pytest.mark.parametrize(
    ('node', 'section', 'what'),
    [
        ({'id': 'a'}, 'left out', 'node with the id of another'),
        ({'id': None}, 'left out', 'node that is none'),
        ({'id': 1.5}, 'left out', 'node that is none'),
        ({'id': 'z', 'pos': [1, float('nan')]}, 'left out', 'position'),
        ({'id': 'z', 'pos': [1e9, 0]}, 'left out', 'position'),
        ({'id': 'z', 'pos': 'north'}, 'left out', 'position'),
        ({'id': 'z', 'n': float('inf')}, 'left out', 'attribute that JSON cannot carry'),
        ({'id': 'z', 'n': '\ud800'}, 'left out', 'attribute that JSON cannot carry'),
        ({'id': 'z', **{f'k{n}': n for n in range(40)}}, 'left out', 'attribute beyond 32'),
        ({'id': 'z', 'description': 'x' * 2000}, 'left out', 'end of a description beyond 1024'),
        ({'id': 'two\nlines'}, 'guessed', 'name, as the id is no name'),
        ({'id': 'x' * 300}, 'guessed', 'name, as the id is no name'),
        ({'id': ' a '}, 'guessed', 'name, as another has it'),
        ({'id': [0, 1]}, 'read', 'node as region'),
    ],
)
def test_a_node_that_cannot_be_kept_as_it_is_is_noted(node, section, what):
    graph, report = net(['a', 'b'], nodes=[{'id': 'a'}, {'id': 'b'}, node])
    assert noted(report, section)[what] >= 1
    assert parse_scene_graph(render_scene_graph(graph)) == graph


def test_an_object_that_nothing_places_is_seen_from_the_nearest_region():
    graph, report = net(['a', 'b'], ['b', 'c'], ['o1', 'c', 'in'])
    assert graph.viewpoints == {'o1': ('c',), 'o2': ('a',), 'o3': ('a',)}
    assert noted(report, 'guessed')['region that an object is seen from: the nearest'] == 2


def test_what_is_said_to_be_in_itself_is_seen_from_the_region_around_it():
    graph, report = net(
        ['o1', 'o2', 'on'], ['o2', 'o1', 'on'], ['o1', 'c', 'in'], ['o2', 'c', 'in']
    )
    assert noted(report, 'left out')['place of an object in itself'] == 1
    assert (graph.viewpoints['o1'], graph.viewpoints['o2']) == (('c',), ('c',))


def test_parts_that_no_way_joins_are_told():
    _, report = net(['a', 'b'])
    assert noted(report, 'left out')['way between parts of the map'] == 1


def test_a_graph_of_many_regions_without_a_way_stays_so():
    _, report = net(nodes=[{'id': n} for n in range(100)])
    assert noted(report, 'left out')['regions without a way'] == 100


@given(
    st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=40),
    st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
)
def test_the_nearest_region_is_as_near_as_any(points, at):
    found = NearestRegions({n: (float(x), float(y)) for n, (x, y) in enumerate(points)})
    assert math.dist(points[found.find(at)], at) == min(math.dist(p, at) for p in points)


# Broken files ------------------------------------------------------------------------------------

ODD_VALUES = (
    *(None, True, -1, 1.5, 1e6, 1e400, float('nan'), '', 'x', '\ud800', '\0', 'kitchen', 10**400),
    *([], {}, [None], [1, 2], {'id': 1}, [[]], {'x': 1, 'y': 2}),
)


def mutate(value: Any, random_: random.Random) -> Any:
    """JSON with one value in it changed, taken out, doubled or exchanged."""
    if isinstance(value, (dict, list)) and value and random_.random() < 0.85:
        key = random_.choice(list(value) if isinstance(value, dict) else range(len(value)))
        changed = dict(value) if isinstance(value, dict) else list(value)
        what = random_.random()
        if what < 0.7:
            changed[key] = mutate(changed[key], random_)
        elif what < 0.85:
            del changed[key]
        elif isinstance(changed, list):
            changed.append(changed[key])
        else:
            changed[random_.choice(['id', 'layer', 'x', 'attributes'])] = changed[key]
        return changed
    return random_.choice(ODD_VALUES)


def check_broken(text: str, kind: str | None) -> None:
    """It is read or refused in words; what is read is a graph that comes back from our own form."""
    with contextlib.suppress(SceneGraphError, ConfigError):
        graph, report = read_graph(text, kind)
        assert report.rows
        assert parse_scene_graph(render_scene_graph(graph)) == graph


@pytest.mark.parametrize('kind', [kind for kind in KINDS if kind not in NO_JSON])
@given(seed=st.integers(0, 2**32), times=st.integers(1, 4), is_said=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_read_or_refused_in_words(samples, kind, seed, times, is_said):
    random_ = random.Random(seed)
    data = json.loads(take(samples, kind))
    for _ in range(times):
        data = mutate(data, random_)
    check_broken(json.dumps(data), kind if is_said else None)


@pytest.mark.parametrize('kind', KINDS)
@given(
    at=st.floats(0, 1), length=st.integers(0, 30), other=st.sampled_from(['', '"', '0', '<', ']'])
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cut_or_overwritten_file_is_read_or_refused_in_words(samples, kind, at, length, other):
    text = take(samples, kind)
    start = int(at * len(text))
    check_broken(text[:start], kind)
    check_broken(text[:start] + other + text[start + length :], kind)


@pytest.mark.parametrize('kind', KINDS)
def test_a_file_is_read_as_another_kind_or_refused_in_words(samples, kind):
    for text in samples.values():
        check_broken(text, kind)


def test_entities_in_graphml_are_refused():
    text = SAMPLES['graphml']().replace('<graphml', '<!DOCTYPE x [<!ENTITY a "b">]><graphml', 1)
    with pytest.raises(SceneGraphError, match='DOCTYPE is not read; take it out'):
        read_graph(text)
