# SPDX-License-Identifier: Apache-2.0
"""Maps of others as scene graphs: each kind, what the report says, and files that are broken."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from prism_core import (
    ConfigError,
    SceneGraph,
    import_graph,
    parse_scene_graph,
    read_graph,
    render_scene_graph,
    validate_plan,
)
from prism_core.domain import find_domain, open_planner_of
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.graph.importing import KINDS
from prism_core.graph.importing.map_text import MapText
from prism_core.pictures.picture import draw_picture
from prism_core.pictures.terminal import print_graph

from . import map_samples
from .map_samples import SAMPLES, noted, take

HAS_HYDRA = find_spec('spark_dsg') is not None
needs_hydra = pytest.mark.skipif(not HAS_HYDRA, reason='needs spark-dsg')
# Regions, objects, ways, the region the robot is in, and where a request for the kitchen leads.
EXPECTED = {
    'hydra': (6, 3, 5, 'R(0)', 'R(1)'),
    'networkx': (3, 3, 2, 'corridor', 'kitchen'),
    'graphml': (3, 3, 2, 'corridor', 'kitchen'),
    'virtualhome': (3, 7, 2, 'corridor_12', 'kitchen_11'),
    'matterport': (3, 0, 2, None, None),
    'nav2': (3, 0, 2, None, 'kitchen_1'),
    'sayplan': (4, 4, 3, 'corridor', 'kitchen'),
    'spine': (3, 2, 2, 'corridor', 'kitchen'),
    'waypoints': (3, 0, 2, None, 'kitchen'),
    'csv': (3, 1, 2, None, 'kitchen'),
}


def ways_of(graph: SceneGraph) -> set[tuple[str, str]]:
    return {ends for ends, c in graph.connections.items() if c.kind == 'traversable'}


# Each kind ---------------------------------------------------------------------------------------


def test_every_kind_has_a_sample_here():
    assert KINDS.keys() == EXPECTED.keys()


@pytest.mark.parametrize('kind', KINDS)
def test_a_map_is_told_by_its_content_and_is_of_no_other_kind(samples, kind):
    source = MapText(take(samples, kind))
    assert [k.name for k in KINDS.values() if k.recognise(source) is None] == [kind]


@pytest.mark.parametrize('kind', KINDS)
def test_a_map_is_read_planned_on_and_comes_back_from_our_own_form(samples, symbolic, kind):
    regions, objects, ways, location, goal = EXPECTED[kind]
    graph, report = read_graph(take(samples, kind))
    assert report.kind == kind
    assert (len(graph.regions), len(graph.objects), len(ways_of(graph))) == (regions, objects, ways)
    assert graph.robot_location == location
    written = render_scene_graph(graph)
    assert parse_scene_graph(written) == graph
    assert read_graph(written)[0] == graph
    start = graph if location else graph.at(next(iter(graph.regions)))
    goal = goal or list(graph.regions)[1]
    plan = symbolic.plan(f'go to {goal}', start, [])
    assert (plan.actions[0].name, plan.actions[0].arguments) == ('goto', (goal,))
    assert validate_plan(plan, start, MAPPING_ACTIONS).is_valid


@pytest.mark.skipif(find_spec('llama_cpp') is None, reason='needs llama-cpp-python')
def test_the_bundled_student_plans_on_each_kind_of_map(samples):
    with contextlib.closing(open_planner_of(find_domain('mapping'), 'student')) as student:
        for kind, text in samples.items():
            graph, _ = read_graph(text)
            start = graph if graph.robot_location else graph.at(next(iter(graph.regions)))
            plan = student.plan('where is the fridge?', start, [])
            report = validate_plan(plan, start, MAPPING_ACTIONS)
            assert (kind, report.is_valid, plan.actions != ()) == (kind, True, True)


@pytest.mark.parametrize('kind', [kind for kind, row in EXPECTED.items() if row[4]])
def test_the_class_that_a_file_says_is_what_a_sentence_says(samples, symbolic, kind):
    graph, _ = read_graph(take(samples, kind))
    start = graph if graph.robot_location else graph.at(list(graph.regions)[-1])
    plan = symbolic.plan('go to the kitchen', start, [])
    assert plan.actions[0].arguments == (EXPECTED[kind][4],)


def test_node_link_json_is_read_with_its_old_name_of_edges_and_with_the_new_one():
    assert (
        read_graph(map_samples.node_link('links'))[0]
        == read_graph(map_samples.node_link('edges'))[0]
    )


@needs_hydra
def test_layers_of_hydra_become_regions_and_objects_seen_from_their_places(samples):
    graph, report = read_graph(samples['hydra'])
    room, chair = graph.nodes['R(1)'], graph.nodes['O(2)']
    assert (room.kind, room.attributes['semantic_class']) == ('region', 'kitchen')
    assert (room.position, room.attributes['z_m']) == ((4.0, 0.0), 0.5)
    assert room.attributes['layer'] == 'rooms'
    assert (chair.attributes['semantic_class'], chair.attributes['label']) == (
        *('office chair', 'thing'),
    )
    assert chair.attributes['bounding_box']['size'] == [1.0, 1.0, 1.0]
    assert graph.viewpoints['O(2)'] == ('p(2)',)
    assert graph.attributes == {'site': 'lab'}
    assert noted(report, 'guessed') == {'robot location: the region nearest to it': 1}
    assert noted(report, 'read')['buildings as ignored'] == 1


@needs_hydra
def test_with_places_ignored_objects_are_in_the_rooms_of_their_places(samples, tmp_path):
    table = tmp_path / 'rooms.yaml'
    table.write_text('layers: {places: ignored}\n')
    graph, report = read_graph(samples['hydra'], layers=table)
    assert list(graph.regions) == ['R(0)', 'R(1)', 'R(2)']
    assert graph.viewpoints == {f'O({n})': (f'R({n})',) for n in range(3)}
    assert (
        noted(report, 'guessed')['way, as the file has none: each region is joined with each other']
        == 3
    )


@pytest.mark.long
@needs_hydra
def test_ten_thousand_nodes_of_hydra_are_read_drawn_and_planned_on_in_seconds(
    tmp_path, symbolic, capsys
):
    file, twice = map_samples.hydra_site(tmp_path), tmp_path / 'twice'
    twice.mkdir()
    larger = map_samples.hydra_site(twice, rooms=400)
    took: dict[str, float] = {}

    def measure(what: str, call: Callable[[], Any]) -> Any:
        begin = time.process_time()
        made = call()
        took[what] = time.process_time() - begin
        return made

    graph, _ = measure('read', lambda: import_graph(file))
    graph = graph.at('p(0)')
    for what in ('first plan', 'plan'):
        plan = measure(what, lambda: symbolic.plan('where is O(2000)?', graph, []))
    measure('terminal', lambda: print_graph(graph))
    measure('picture', lambda: draw_picture(graph, tmp_path / 'site.png'))
    measure('read twice as many', lambda: import_graph(larger))
    capsys.readouterr()
    with capsys.disabled():
        print('', *(f'{what}: {seconds:.2f} s' for what, seconds in took.items()), sep='\n')
    assert (len(graph.nodes), validate_plan(plan, graph, MAPPING_ACTIONS).is_valid) == (
        10_000,
        True,
    )
    assert took['read'] < 8
    assert max(took['plan'], took['terminal']) < 4
    assert took['picture'] < 12
    assert took['read twice as many'] < 4 * took['read']  # and not four times


def test_states_hands_and_doors_of_virtualhome_are_kept():
    graph, report = read_graph(SAMPLES['virtualhome']())
    assert graph.nodes['fridge_30'].attributes['states'] == ['CLOSED']
    assert graph.holder('mug_31') == 'fridge_30'  # which is in the kitchen, as the mug is
    assert (graph.placements['book_32'].kind, graph.holder('book_32')) == ('held', 'character_1')
    assert ways_of(graph) == {('corridor_12', 'kitchen_11'), ('corridor_12', 'office_13')}
    assert graph.viewpoints['door_20'] == ('kitchen_11', 'corridor_12')
    assert graph.nodes['office_13'].position == (0.0, 5.0)  # y is up in Unity
    assert graph.nodes['office_13'].attributes['z_m'] == 1.0
    assert noted(report, 'left out')['CLOSE, which no row of the layer table has (--layers)'] == 2


def test_viewpoints_of_matterport_that_are_not_included_are_left_out():
    graph, report = read_graph(SAMPLES['matterport']())
    assert {node.position for node in graph.nodes.values()} == {*map_samples.ROOMS.values()}
    assert [node.attributes['z_m'] for node in graph.nodes.values()] == [1.4] * 3
    assert noted(report, 'read')['excluded as ignored'] == 1
    assert noted(report, 'left out')['way to what is ignored'] == 2


def test_a_route_of_nav2_keeps_frames_metadata_and_costs_and_says_what_is_one_way():
    graph, report = read_graph(SAMPLES['nav2']())
    node = graph.nodes['kitchen_1']
    assert node.attributes['frame'] == 'map'
    assert node.attributes['metadata'] == {'class': 'kitchen'}
    assert {c.cost_m for c in graph.connections.values()} == {6.5}
    assert noted(report, 'guessed')['way that leads one way only, taken both ways'] == 1


def test_a_route_of_nav2_without_classes_has_numbers_for_names():
    data = json.loads(SAMPLES['nav2']())
    for feature in data['features']:
        feature['properties'].pop('metadata', None)
    assert list(read_graph(json.dumps(data))[0].nodes) == ['0', '1', '2']


def test_states_of_sayplan_say_what_is_in_what_and_links_do_where_they_do_not():
    graph, _ = read_graph(SAMPLES['sayplan']())
    assert graph.holder('coffee_mug') == 'fridge'
    assert graph.holder('stapler') == 'desk2'
    assert graph.nodes['coffee_mug'].attributes['attributes'] == 'blue'
    assert graph.route('kitchen', 'office') == ['kitchen', 'corridor', 'pose1', 'office']


def test_rooms_with_things_in_them_are_read_as_language_models_write_them():
    graph, report = read_graph(map_samples.nested())
    assert report.kind == 'sayplan'
    assert (graph.holder('mug'), graph.holder('fridge')) == ('fridge', 'kitchen')
    assert graph.viewpoints['cushion'] == ('living room',)
    assert graph.robot_location == 'kitchen'
    assert graph.nodes['fridge'].attributes['state'] == 'closed'
    assert graph.is_reachable('kitchen', 'living room')
    by_name = json.dumps({'rooms': {'kitchen': ['table'], 'hall': {'connected_to': ['kitchen']}}})
    other, _ = read_graph(by_name)
    assert (ways_of(other), other.holder('table')) == ({('hall', 'kitchen')}, 'kitchen')


@pytest.mark.parametrize('order', [('kitchen', 'fridge', 'mug'), ('mug', 'fridge', 'kitchen')])
def test_without_directions_that_is_outside_which_is_in_a_region(order):
    graph = nx.Graph()
    for name in order:
        graph.add_node(name, layer='room' if name == 'kitchen' else 'object')
    graph.add_edge('mug', 'fridge', relation='in')
    graph.add_edge('fridge', 'kitchen', relation='in')
    data = nx.node_link_data(graph)
    for text in (json.dumps(data), '\n'.join(nx.generate_graphml(graph))):
        made, report = read_graph(text)
        assert (made.holder('mug'), made.holder('fridge')) == ('fridge', 'kitchen')
        assert noted(report, 'guessed') == {'which is in which, as edges have no direction': 1}


def test_without_directions_things_in_each_other_that_nothing_places_are_told():
    nodes = [{'id': 'hall', 'layer': 'room'}, *({'id': n, 'layer': 'object'} for n in 'ab')]
    data = {'directed': False, 'nodes': nodes, 'edges': [['a', 'b', 'in']]}
    graph, report = read_graph(json.dumps(data))
    assert graph.placements == {}
    assert noted(report, 'left out')['place of an object in nothing that is placed'] == 2


def test_bare_names_and_pairs_are_a_graph(symbolic):
    text = '{"nodes": ["hall", "lab", 7], "edges": [["hall", "lab"], ["lab", 7, "door"]]}'
    graph, report = read_graph(text)
    assert list(graph.regions) == ['hall', 'lab', '7']
    assert graph.route('hall', '7') == ['hall', 'lab', '7']
    assert noted(report, 'guessed') == {'region, as no layer says which are': 3}


# The layer table ---------------------------------------------------------------------------------


@pytest.mark.parametrize('file', sorted(Path('config/import').glob('*.yaml')), ids=lambda f: f.stem)
def test_each_shipped_layer_table_says_what_is_done_without_it(file):
    from prism_core.yaml_text import load_yaml

    layers = KINDS[file.stem].layers
    assert layers.changed(load_yaml(file.read_text()), str(file)) == layers
    said = load_yaml(file.read_text())
    assert {key: len(getattr(layers, key)) for key in said} == {k: len(v) for k, v in said.items()}


@pytest.mark.parametrize(
    ('table', 'sentence'),
    [
        ('layers: {room: regoin}', r"layers: room: expected one of region, .*, got 'regoin'$"),
        ('classes: {door: way}', 'classes: door: expected one of region, object, robot, ignored'),
        ('relations: {in: inside}', r"relations: in: expected one of in, on, .*, got 'inside'$"),
        ('layer: {}', r"there is no setting 'layer'; expected some of layers, classes, relations"),
        ('layers: [room]', r"layers: expected a table, got \['room'\]$"),
        ('layer_keys: type', r"layer_keys: expected a list of names, got 'type'$"),
        ('- a', r"expected a table of layers, .*, got \['a'\]$"),
        ('a: {', 'it is not YAML'),
    ],
)
def test_a_wrong_layer_table_is_an_error_with_its_place(tmp_path, table, sentence):
    path = tmp_path / 'table.yaml'
    path.write_text(table)
    with pytest.raises(ConfigError, match=rf'^{path}: {sentence}'):
        read_graph(SAMPLES['networkx'](), layers=path)


def test_on_is_a_relation_though_yaml_takes_it_for_true(tmp_path):
    path = tmp_path / 'table.yaml'
    path.write_text('relations: {rests on: on, on: in}')
    layers = KINDS['networkx'].layers
    table = layers.changed({'relations': {'rests on': True, True: 'in'}}, 'x')
    assert (table.relation('rests on'), table.relation('on')) == ('on', 'in')
    assert read_graph(SAMPLES['networkx'](), layers=path)[0].nodes


def test_keys_of_a_format_that_says_them_itself_cannot_be_changed(tmp_path):
    path = tmp_path / 'table.yaml'
    path.write_text('cost_keys: [time_s]')
    with pytest.raises(ConfigError, match=r'cost_keys: the format says itself where these stand$'):
        read_graph(SAMPLES['nav2'](), layers=path)


def test_a_class_comes_before_its_layer_in_a_table(tmp_path):
    path = tmp_path / 'table.yaml'
    path.write_text('classes: {Door: ignored}\nrelations: {close: seen_from}\n')
    graph, report = read_graph(SAMPLES['virtualhome'](), layers=path)
    assert 'door_20' not in graph.nodes
    assert len(ways_of(graph)) == 2  # what stands between rooms joins them all the same
    assert noted(report, 'read')['Doors as ignored'] == 2


# The page -----------------------------------------------------------------------------------------


def test_the_reader_of_the_page_reads():
    page = Path('docs/maps.md').read_text('utf-8')
    (code,) = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stdout.startswith('SceneGraph(2 regions, 0 objects, 1 connections'), done.stderr
    said = 'tgf; read: 2 node as region, 1 door as way; guessed: 2 name from what it is called; '
    assert said in done.stdout


def test_the_page_has_a_row_for_each_kind():
    table, _, _ = Path('docs/maps.md').read_text('utf-8').partition('## What is kept')
    assert re.findall(r'^\| `(\w+)` \|', table, re.MULTILINE) == [*EXPECTED]
