# SPDX-License-Identifier: Apache-2.0
"""`prism words check`: a map held against the words that people have for what is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from prism_core import find_domain
from prism_core.cli.main import prism
from prism_core.graph.elements import Connection, Node
from prism_core.graph.scene_graph import SceneGraph
from prism_core.graph.spine_json import render_scene_graph

from .map_samples import SAMPLES
from .plant import EXAMPLE, PACKAGED, PLANT, make_plant

REFINERY = {
    'HX-201': {},
    'P-101A': {'label': 'Cooling water pump'},
    'X-77': {},
    'obj_0417': {},
    'O(12)': {'category': 'relief valve'},
    'cooler_3': {},
    'HX-9': {'semantic_class': 'boiler'},
    '阀门_3': {},
}


def make_map(objects: dict[str, dict[str, str]], regions: tuple[str, ...] = ('gate_1',)):
    nodes = [Node(name, 'region', (float(n), 0.0)) for n, name in enumerate(regions)]
    nodes += [Node(name, 'object', (0.0, 1.0), '', said) for name, said in objects.items()]
    seen = [Connection('observed_from', name, regions[0]) for name in objects]
    return SceneGraph(nodes, seen, robot_location=regions[0])


def check(graph: SceneGraph | Path, tmp_path: Path, *arguments: str) -> Result:
    path = tmp_path / 'map.json'
    if isinstance(graph, SceneGraph):
        path.write_text(render_scene_graph(graph))
    else:
        path = graph
    return CliRunner().invoke(prism, ['words', 'check', *arguments, '--graph', str(path)])


def test_nodes_that_no_word_calls_are_those_with_a_code_or_id_alone():
    report = PLANT.check_words(make_map(REFINERY))
    assert report.unnamed == ('X-77', 'obj_0417')
    assert not report.is_fine


def test_a_code_is_a_word_only_where_the_file_says_so():
    assert PACKAGED.check_words(make_plant(is_seen=False)).unnamed == (
        'CR-1',
        'HX-201',
        'P-101A',
        'P-101B',
    )
    assert PLANT.check_words(make_plant(is_seen=False)).unnamed == ()


def test_a_word_is_claimed_by_two_things_where_the_file_and_the_map_differ():
    claimed = PLANT.check_words(make_map(REFINERY)).claimed
    assert claimed['hx'] == {
        'object heat exchanger': ('HX-201', 'cooler_3'),
        'object boiler': ('HX-9',),
    }
    assert 'pump' not in claimed


def test_a_region_and_an_object_that_are_called_alike_claim_their_word():
    graph = make_map({'gate_7': {}, 'truck_1': {}, 'truck_2': {}})
    assert PACKAGED.check_words(graph).claimed['gate'] == {
        'region gate': ('gate_1',),
        'object gate': ('gate_7',),
    }


def test_names_that_are_the_same_words_are_claimed_twice():
    graph = make_map({}, ('Dock 1', 'dock_1', 'dock_2'))
    (claim,) = PACKAGED.check_words(graph).claimed.items()
    assert claim == ('dock 1', {'region Dock 1': ('Dock 1',), 'region dock_1': ('dock_1',)})


def test_several_of_one_class_or_of_kinds_of_it_claim_nothing_twice():
    graph = make_map({'truck_1': {}, 'lorry_2': {}, 'pickup_truck_3': {}})
    assert PACKAGED.check_words(graph).is_fine


def test_what_a_file_has_a_word_for_and_the_map_has_not_is_told_and_is_no_fault(tmp_path):
    graph = make_map({'HX-201': {}, 'PI-4': {}}, ('CR-1',))
    report = PLANT.check_words(graph)
    assert 'flare' in report.unused
    assert 'burn off gas' in report.unused
    assert not {'heat exchanger', 'control room', 'instrument', 'cool a process stream'} & {
        *report.unused
    }
    done = check(graph, tmp_path, EXAMPLE)
    assert done.exit_code == 0
    assert 'nothing in the map is called by' in done.output
    assert 'every node can be called' in done.output


def test_it_says_what_it_found_and_what_to_do_and_ends_with_one(tmp_path):
    done = check(make_map(REFINERY), tmp_path, EXAMPLE)
    assert done.exit_code == 1
    assert 'no word calls 2 of them: X-77, obj_0417' in done.output
    assert 'give each a semantic_class or label in the map' in done.output
    assert 'claimed twice: cooler, exchanger, heat exchanger, hx: object heat' in done.output


def test_without_a_file_the_words_of_the_domain_count(tmp_path):
    done = check(make_map(REFINERY), tmp_path)
    assert 'no word calls 3 of them: HX-201, X-77, obj_0417' in done.output
    assert 'nothing in the map is called by' not in done.output


def test_as_json_it_is_the_whole_report(tmp_path):
    found = json.loads(check(make_map(REFINERY), tmp_path, EXAMPLE, '--json').stdout)
    assert found['unnamed'] == ['X-77', 'obj_0417']
    assert found['claimed']['hx']['object boiler'] == ['HX-9']
    assert 'flare' in found['unused']


@pytest.mark.parametrize('kind', SAMPLES)
def test_maps_of_any_kind_are_read(kind, tmp_path):
    path = tmp_path / f'site.{kind}'
    path.write_text(SAMPLES[kind](), 'utf-8')
    done = check(path, tmp_path)
    assert ' regions, ' in done.output
    assert done.exit_code == (kind == 'matterport')  # whose names are ids


def test_the_packaged_map_can_be_called_whole(tmp_path):
    graph = next(PACKAGED.graphs.glob('*.json'))
    assert check(graph, tmp_path).exit_code == 0


def test_what_cannot_be_read_is_said(tmp_path):
    done = CliRunner().invoke(prism, ['words', 'check', '--graph', 'nowhere.json'])
    assert 'nowhere.json' in str(done.exception)
    with pytest.raises(Exception, match='the domain tabletop takes no words'):
        find_domain('tabletop').check_words(make_map({}))
