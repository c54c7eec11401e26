# SPDX-License-Identifier: Apache-2.0
"""Maps for those who have no graph: named waypoints, tables, occupancy grids."""

import csv
import io
import math

import networkx as nx
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import label

from prism_core import SceneGraph
from prism_core.errors import ConfigError, SceneGraphError
from prism_core.graph.importing import ImportReport, import_graph
from prism_core.graph.importing import read_graph as read_any
from prism_core.graph.importing.occupancy import STRETCH, OccupancyGrid, find_ways
from prism_core.graph.importing.occupancy import read_grid as read_map
from prism_core.graph.importing.site import neighbours

NAMES = st.text(st.characters(categories=['L', 'N', 'P', 'S']), min_size=1, max_size=20)
METRES = st.floats(-1000, 1000)
POINTS = st.dictionaries(NAMES, st.tuples(METRES, METRES), min_size=1, max_size=8)
SHAPES = {
    'name: [x, y]': lambda points: {name: list(at) for name, at in points.items()},
    'a list with x and y': lambda points: {
        'waypoints': [{'name': name, 'x': x, 'y': y} for name, (x, y) in points.items()]
    },
    'a bare list': lambda points: [{'id': n, 'x': x, 'y': y} for n, (x, y) in points.items()],
    "RViz's Nav2 panel": lambda points: {
        'waypoints': {
            name: {'pose': [x, y, 0.5], 'orientation': [1.0, 0.0, 0.0, 0.0]}
            for name, (x, y) in points.items()
        }
    },
    'geometry_msgs/PoseStamped': lambda points: {
        'poses': {
            name: {
                'header': {'frame_id': 'map'},
                'pose': {
                    'position': {'x': x, 'y': y, 'z': 0.0},
                    'orientation': {'x': 0.0, 'y': 0.0, 'z': 0.0, 'w': 1.0},
                },
            }
            for name, (x, y) in points.items()
        }
    },
    'positions': lambda points: {
        'places': [{'name': n, 'position': {'x': x, 'y': y}} for n, (x, y) in points.items()]
    },
}


def read(text: str, kind: str = 'waypoints'):
    """The graph of a text, and what the report says of it."""
    graph, report = read_any(text, kind)
    return graph, {row.what: row for row in report.rows}


def positions_of(graph) -> dict:
    return {name: node.position for name, node in graph.nodes.items()}


def ends_of(graph) -> set:
    return {connection.key for connection in graph.connections.values()}


@pytest.mark.parametrize('shape', SHAPES.values(), ids=SHAPES)
@given(points=POINTS)
def test_waypoints_are_read_in_each_form_that_people_write_them_in(shape, points):
    text = yaml.safe_dump(shape(points), allow_unicode=True)
    assert positions_of(read(text)[0]) == points
    assert positions_of(read_any(text)[0]) == points  # told by the content


@given(points=POINTS, delimiter=st.sampled_from(',;\t'))
def test_a_table_is_read_as_a_spreadsheet_writes_it(points, delimiter):
    file = io.StringIO()
    rows = csv.writer(file, delimiter=delimiter)
    rows.writerow(['name', 'x', 'y'])
    rows.writerows([name, x, y] for name, (x, y) in points.items())
    assert positions_of(read(file.getvalue(), 'csv')[0]) == points
    assert positions_of(read_any(file.getvalue())[0]) == points  # told by the content


def test_what_else_a_waypoint_says_is_kept():
    graph, _ = read(
        'site: plant 2\n'
        'waypoints:\n'
        '  - {name: hall, x: 0, y: 0}\n'
        '  - {name: 2, x: 5, y: 0}\n'
        '  - {name: HX-201, x: 1, y: 2, z: 3, yaw: 1.57, class: heat exchanger, wait_s: 5,\n'
        '     description: the hot one, kind: object, seen_from: [hall, 2]}\n'
    )
    node = graph.nodes['HX-201']
    assert (node.kind, node.position, node.description) == ('object', (1, 2), 'the hot one')
    assert dict(node.attributes) == {
        'z_m': 3,
        'yaw': 1.57,
        'wait_s': 5,
        'semantic_class': 'heat exchanger',
    }
    assert graph.viewpoints['HX-201'] == ('hall', '2')
    assert dict(graph.attributes) == {'site': 'plant 2'}


def test_a_third_number_that_may_be_height_or_heading_is_left_out_and_said():
    graph, rows = read('{dock: [1, 2, 1.57], gate: [3, 4], robot_radius: 0.3}')
    assert positions_of(graph) == {'dock': (1, 2), 'gate': (3, 4)}
    row = rows['third number, height or heading: write z: or yaw:']
    assert (row.section, row.count, row.example) == ('left out', 1, 'dock')


def test_a_german_spreadsheet_has_commas_in_its_numbers():
    graph, rows = read(
        'Name;X;Y;Raum;connected_to\r\nKüche 1;-1,5;2,25;E01;Flur\r\nFlur;0;0;;\r\n', 'csv'
    )
    kitchen = graph.nodes['Küche 1']
    assert kitchen.position == (-1.5, 2.25)
    assert kitchen.attributes == {'Raum': 'E01'}
    assert graph.route('Flur', 'Küche 1') == ['Flur', 'Küche 1']
    assert not [row for row in rows.values() if row.section == 'guessed']


def test_a_place_without_coordinates_is_where_nobody_knows():
    graph, _ = read('name,x,y,connected_to\nlobby,,,lab 3\nlab 3,1,2,\n', 'csv')
    assert graph.nodes['lobby'].position is None
    assert graph.is_reachable('lobby', 'lab 3')


def test_a_waypoint_without_a_name_gets_one_and_it_is_said():
    graph, rows = read('[[1, 2], {x: 3, y: 4}]')
    assert set(graph.nodes) == {'waypoint_1', 'waypoint_2'}
    assert rows['name of a waypoint that has none'].count == 2


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('', 'an empty file'),
        ('a: 1', 'expected a list of places under waypoints'),
        ('waypoints: [{name: a, x: 1}]', r'waypoints\[0\]: expected x and y'),
        ('waypoints: [{name: a, x: 1, y: north}]', "'y': 'north'"),
        ('waypoints: {dock: {position: {x: 1}}}', r'waypoints\.dock: expected x and y'),
        ('waypoints: [{name: a, latitude: 4, longitude: 5}]', 'latitude, which is no place'),
        ('waypoints: [{name: a, x: .nan, y: 1}]', r"waypoints\[0\]: node 'a': expected two"),
        ('waypoints: [{name: a, x: 1, y: 1, kind: door}]', "kind must be 'region' or 'object'"),
        ('waypoints: [{name: a, x: 1, y: 1, seen_from: {b: 1}}]', 'seen_from: expected names'),
        ('{a: [1, 2], robot_radius: wide}', "robot_radius: expected metres up to 10, got 'wide'"),
        ('{a: [1, 2], map: site.yaml}', "names another one, 'site.yaml', which is not followed"),
    ],
)
def test_a_waypoint_that_cannot_be_read_is_named(text, words):
    with pytest.raises(SceneGraphError, match=words):
        read(text)


def test_a_name_that_comes_twice_in_a_mapping_is_an_error_with_both_places():
    said = "'dock' twice, at line 1 column 1 and line 2 column 1"
    with pytest.raises(SceneGraphError, match=said):
        read('dock: [1, 2]\ndock: [3, 4]\n')


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('', 'line 1: expected the columns name, x, y'),
        ('name,x\na,1\n', 'line 1: expected the columns name, x, y'),
        ('name,x,y,x\na,1,2,3\n', 'column x twice'),
        ('name,x,y\na,1,north\n', "line 2: y: expected a number of metres, got 'north'"),
        ('name,x,y\na,1,2\n\nb,1,\n', 'line 4: expected both x and y'),
        ('name,x,y\n,1,2\n', 'line 2: expected a name and at most 3'),
        ('name,x,y\na,1,2,3\n', 'line 2: expected a name and at most 3'),
        ('name,x,y\n"a"b,1,2\n', 'line 2: it is no CSV'),
        ('name,x,y\na,1e9,2\n', "line 2: node 'a': expected two coordinates"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(text, words):
    with pytest.raises(SceneGraphError, match=words):
        read(text, 'csv')


def test_of_many_faults_the_first_twenty_are_told():
    with pytest.raises(SceneGraphError) as raised:
        read('name,x,y\n' + 'a,1,north\n' * 1000, 'csv')
    assert len(raised.value.problems) == 21
    assert raised.value.problems[-1] == 'and 980 more'


@given(text=st.text(max_size=80) | POINTS.map(str))
def test_any_text_is_read_or_refused(text):
    for kind in ('waypoints', 'csv'):
        try:
            graph, rows = read(text, kind)
        except SceneGraphError:
            graph, rows = SceneGraph(), {}
        placed = sum(row.count for what, row in rows.items() if what.startswith('place as '))
        assert placed == len(graph.nodes)


# Where one can drive -----------------------------------------------------------------------


@given(points=st.lists(st.tuples(METRES, METRES), min_size=1, max_size=12))
def test_places_without_a_map_are_joined_in_one_piece_where_no_third_is_nearer(points):
    pairs = set(neighbours(points))
    for a in range(len(points)):
        for b in range(a + 1, len(points)):
            far_m = math.dist(points[a], points[b])
            is_between = any(
                max(math.dist(points[a], c), math.dist(points[b], c)) < far_m * (1 - 1e-9)
                for c in points
            )
            assert ((a, b) in pairs) <= (not is_between)
    reached, waiting = {0}, [0]
    while waiting:
        at = waiting.pop()
        fresh = {b if a == at else a for a, b in pairs if at in (a, b)} - reached
        reached |= fresh
        waiting += fresh
    assert len(reached) == len(points)


def test_what_is_joined_without_a_map_is_said_to_be_a_guess():
    graph, rows = read('{a: [0, 0], b: [5, 0], c: [10, 1]}')
    assert ends_of(graph) == {('a', 'b'), ('b', 'c')}
    (guess,) = [row for row in rows.values() if row.section == 'guessed']
    assert guess.what.startswith('straight way to a neighbour')
    assert (guess.count, guess.example) == (2, 'a - b')


def picture_of(cells: np.ndarray, kind: str = 'PPM') -> bytes:
    file = io.BytesIO()
    Image.fromarray(cells.astype(np.uint8)).save(file, kind)
    return file.getvalue()


def read_grid(data: dict, picture: bytes) -> OccupancyGrid:
    return read_map(data, picture, ImportReport('waypoints'))


def map_of(**changes) -> dict:
    return {'image': 'a.pgm', 'resolution': 0.1, 'origin': [0.0, 0.0, 0.0], **changes}


def test_the_lowest_row_of_a_picture_is_at_the_origin():
    cells = np.array([[0, 205], [254, 254]])
    grid = read_grid(map_of(), picture_of(cells))
    assert grid.free.tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize(
    ('changes', 'expected'),
    [
        ({}, [True, False, False, False]),
        ({'negate': 1}, [False, False, False, True]),
        ({'free_thresh': 0.1, 'mode': 'scale'}, [True, False, False, False]),
        ({'free_thresh': 0.5}, [True, True, False, False]),
    ],
)
def test_what_is_free_follows_the_thresholds(changes, expected):
    cells = np.array([[254, 150, 100, 0]])
    assert read_grid(map_of(**changes), picture_of(cells)).free.tolist() == [expected]


def test_what_is_transparent_is_unknown():
    cells = np.array([[[254, 254, 254, 255], [254, 254, 254, 0]]])
    assert read_grid(map_of(), picture_of(cells, 'PNG')).free.tolist() == [[True, False]]


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'resolution': 0}, 'resolution: expected metres a pixel, got 0'),
        ({'resolution': 'fine'}, "resolution: expected a number, got 'fine'"),
        ({'origin': [1]}, r'origin: expected \[x, y, yaw\]'),
        ({'mode': 'raw'}, "mode: expected trinary or scale, got 'raw'"),
        ({'free_thresh': 0.9}, 'free_thresh < occupied_thresh'),
    ],
)
def test_a_map_that_cannot_be_read_is_refused_with_the_key(changes, words):
    with pytest.raises(SceneGraphError, match=words):
        read_grid(map_of(**changes), picture_of(np.array([[254]])))


def test_what_is_no_picture_is_refused():
    with pytest.raises(SceneGraphError, match='the picture cannot be read'):
        read_grid(map_of(), b'P5\n# truncated')


def room(rows: int = 60, columns: int = 100) -> np.ndarray:
    """An empty room of 0.1 m cells, the lowest row first."""
    free = np.zeros((rows, columns), dtype=bool)
    free[1:-1, 1:-1] = True
    return free


def ways_in(free: np.ndarray, places, others=(), radius_m: float = 0.25, origin=(0.0, 0.0, 0.0)):
    return find_ways(OccupancyGrid(free, 0.1, origin), places, others, radius_m)


@given(
    points=st.lists(
        st.tuples(st.floats(0.5, 9.5), st.floats(0.5, 5.5)), min_size=2, max_size=8, unique=True
    )
)
def test_in_an_empty_room_ways_are_straight_and_lead_everywhere(points):
    found = ways_in(room(), points)
    for (a, b), length_m in found.lengths_m.items():
        assert length_m == pytest.approx(math.dist(points[a], points[b]))
    assert {end for pair in found.lengths_m for end in pair} == set(range(len(points)))
    assert found.outside == []


@given(
    points=st.lists(
        st.tuples(st.floats(0.5, 9.5), st.floats(0.5, 5.5)), min_size=2, max_size=8, unique=True
    ),
    wall=st.integers(20, 80),
)
def test_no_way_over_others_is_much_longer_than_over_the_floor(points, wall):
    free = room()
    free[:45, wall] = False
    found = ways_in(free, points)
    network = nx.Graph()
    network.add_nodes_from(range(len(points)))
    network.add_weighted_edges_from((a, b, far) for (a, b), far in found.lengths_m.items())
    for a, others in nx.all_pairs_dijkstra_path_length(network):
        for b, far_m in others.items():
            alone = ways_in(free, [points[a], points[b]]).lengths_m if a < b else {}
            if alone:
                assert far_m <= STRETCH * alone[0, 1] * (1 + 1e-9)


def test_no_way_leads_through_a_wall_and_a_door_is_gone_through():
    free = room()
    free[:, 50] = False
    assert ways_in(free, [(2, 3), (8, 3)]).lengths_m == {}
    free[45:55, 50] = True
    found = ways_in(free, [(2, 3), (8, 3)])
    by_door_m = 2 * math.dist((2, 3), (5, 4.75))  # the robot needs its radius from the frame
    assert by_door_m <= found.lengths_m[0, 1] <= by_door_m * 1.09


def test_a_door_that_is_too_narrow_for_the_robot_is_none():
    free = room()
    free[:, 50] = False
    free[27:33, 50] = True
    assert ways_in(free, [(2, 3), (8, 3)], radius_m=0.25).lengths_m
    assert not ways_in(free, [(2, 3), (8, 3)], radius_m=0.4).lengths_m


def test_an_object_is_seen_from_the_place_that_is_nearest_to_drive_to():
    free = room()
    free[:, 50] = False
    found = ways_in(free, [(1, 3), (5.5, 3)], [(4.9, 3), (5.3, 1)])
    assert found.owners == [0, 1]


def test_a_place_by_the_wall_counts_and_one_outside_is_told():
    found = ways_in(room(), [(2, 3), (0.0, 3), (2, -3)])
    assert set(found.lengths_m) == {(0, 1)}
    assert found.outside == [2]


def test_a_map_that_is_turned_has_its_places_where_they_are():
    turned = [(-3, 2), (-3, 8)]  # by a quarter turn around the origin
    found = ways_in(room(), turned, origin=(0.0, 0.0, math.pi / 2))
    assert found.lengths_m == {(0, 1): pytest.approx(6)}
    assert found.outside == []


@given(
    cells=st.lists(st.booleans(), min_size=144, max_size=144),
    picks=st.lists(st.integers(0, 143), min_size=2, max_size=6),
)
def test_places_are_joined_exactly_where_free_cells_join_them(cells, picks):
    free = np.array(cells).reshape(12, 12)
    free.flat[picks] = True
    places = [(pick % 12 + 0.5, pick // 12 + 0.5) for pick in picks]
    found = find_ways(OccupancyGrid(free, 1.0, (0.0, 0.0, 0.0)), places, [], 0.3)
    part_of, _ = label(free, structure=np.ones((3, 3)))
    joined = list(range(len(picks)))
    for a, b in found.lengths_m:
        old, new = joined[a], joined[b]
        joined = [new if one == old else one for one in joined]
    for a, one in enumerate(picks):
        for b, other in enumerate(picks):
            is_same = part_of.flat[one] == part_of.flat[other]
            assert (joined[a] == joined[b]) == is_same


SITE = """\
robot_location: Empfang
waypoints:
  - {name: Empfang, x: 1, y: 3}
  - {name: loading dock 2, x: 4, y: 3}
  - {name: safe, x: 8, y: 3}
  - {name: yard, x: 30, y: 3}
  - {name: extinguisher, kind: object, x: 4, y: 5.9}
"""
MAP = 'image: site.pgm\nresolution: 0.1\norigin: [0, 0, 0]\nnegate: 0\nfree_thresh: 0.25\n'


@pytest.fixture
def site(tmp_path):
    """A folder with a map: two rooms, a wall without a door between them, unknown space around."""
    free = room()
    free[:, 50] = False
    cells = np.where(free[::-1], 254, 0)
    cells = np.pad(cells, 10, constant_values=205)
    (tmp_path / 'site.pgm').write_bytes(picture_of(cells))
    (tmp_path / 'map.yaml').write_text(MAP.replace('[0, 0, 0]', '[-1, -1, 0]'))
    return tmp_path


def write(path, text: str):
    path.write_text(text, 'utf-8')
    return path


@pytest.mark.parametrize('form', ['beside the map', 'inside it'])
def test_waypoints_on_a_map_are_joined_over_its_free_floor(site, form):
    if form == 'inside it':
        path = write(site / 'map.yaml', (site / 'map.yaml').read_text() + SITE)
    else:
        path = write(site / 'waypoints.yaml', 'map: map.yaml\n' + SITE)
    graph, report = import_graph(path)
    assert report.kind == 'waypoints'
    assert graph.robot_location == 'Empfang'
    assert graph.route('Empfang', 'loading dock 2') == ['Empfang', 'loading dock 2']
    assert not graph.is_reachable('Empfang', 'safe')
    assert graph.viewpoints['extinguisher'] == ('loading dock 2',)
    assert dict(graph.attributes) == {}
    said = report.summary
    for words in (
        '1 robot_radius, which the file does not say',
        '1 way over free floor',
        'pixel of lightness 205, unknown space, as free floor',
        '1 way to a place with no free floor for radius 0.25 m within 1 m',
        '2 way between parts of the map',
    ):
        assert words in said


def test_the_width_of_the_robot_says_which_doors_there_are(site):
    free = room()
    free[:, 50] = False
    free[27:33, 50] = True
    (site / 'site.pgm').write_bytes(picture_of(np.where(free[::-1], 254, 0)))
    write(site / 'map.yaml', MAP)
    for radius_m, is_open in ((0.2, True), (0.5, False)):
        text = f'{{map: map.yaml, robot_radius: {radius_m}, places: {{a: [2, 3], b: [8, 3]}}}}'
        graph, _ = import_graph(write(site / 'waypoints.yaml', text))
        assert graph.is_reachable('a', 'b') == is_open


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('{map: none.yaml, places: {a: [1, 2]}}', r'cannot read .*none\.yaml: No such file'),
        ('{map: waypoints.yaml, places: {a: [1, 2]}}', 'map: expected the YAML of a map'),
        ('{image: none.pgm, resolution: 1, places: {a: [1, 2]}}', r'origin: expected|none\.pgm'),
    ],
)
def test_a_map_that_is_not_there_is_named(site, text, words):
    with pytest.raises((SceneGraphError, ConfigError), match=words):
        import_graph(write(site / 'waypoints.yaml', text))


def test_ways_that_are_said_are_those_of_the_site_whatever_the_map_shows(site):
    text = (
        'map: map.yaml\nrobot_radius: 0.3\nwaypoints:\n'
        '  - {name: a, x: 1, y: 3, connected_to: b}\n'
        '  - {name: b, x: 4, y: 3, connected_to: [c]}\n'
        '  - {name: c, x: 4, y: 1}\n'
    )
    graph, _ = import_graph(write(site / 'waypoints.yaml', text))
    assert ends_of(graph) == {('a', 'b'), ('b', 'c')}


def test_a_place_that_is_joined_with_none_that_there_is_is_refused():
    with pytest.raises(SceneGraphError, match="there is no node 'kitchen'"):
        read('name,x,y,connected_to\na,1,3,kitchen\n', 'csv')
