# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prism_core import Node, SceneGraph, SceneGraphError
from prism_core.domains.mapping import GRAPHS
from prism_msgs.msg import PlanErrorCode
from prism_ros import graph_files
from prism_ros.errors import CODE_NAMES, Refusal
from prism_ros.graph_files import GraphFolder, load_scene_graph, save_scene_graph

from ..faults import recovery

GRAPH = SceneGraph([Node('a', 'region', (1, 2), 'the é dock')], robot_location='a', revision=3)


NAV2 = json.dumps(
    {
        'features': [
            *(
                {
                    'geometry': {'type': 'Point', 'coordinates': [x, 0]},
                    'properties': {'id': x},
                }
                for x in (1, 2)
            ),
            {'geometry': {'type': 'LineString'}, 'properties': {'startid': 1, 'endid': 2}},
        ]
    }
)


def refused(code: int, sentence: str):
    """As pytest.raises, for a Refusal with this code."""
    return pytest.raises(Refusal, match=sentence, check=lambda refusal: refusal.code == code)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with `map.json` and a folder inside, beside a file that is nobody's business."""
    (tmp_path / 'graphs' / 'inside').mkdir(parents=True)
    (tmp_path / 'secret.json').write_text('{}')
    save_scene_graph(GRAPH, tmp_path / 'graphs' / 'map.json')
    return tmp_path / 'graphs'


# Where a file may lie ----------------------------------------------------------------------------


@pytest.fixture
def open_to_all(folder) -> GraphFolder:
    """The folder for reading and writing, with everything in it that somebody may try."""
    (folder / 'link.json').symlink_to('../secret.json')
    (folder / 'latest.json').symlink_to('map.json')
    (folder / 'loop.json').symlink_to('loop.json')
    (folder / 'elsewhere').symlink_to(folder.parent)
    (folder / '.hidden').mkdir()
    (folder / '.hidden' / 'map.json').write_text('{}')
    (folder / 'folder.json').mkdir()
    (folder / 'notes.txt').write_text('{}')
    os.mkfifo(folder / 'pipe.json')
    return GraphFolder(str(folder), '', str(folder))


OUTSIDE = 'is not inside the folder'
NO_NAME = (
    r'expected the name of a \.json( or \.geojson or \.graphml)? file in .*, without parts that '
    r'begin with \. or ~, got'
)
BAD_NAMES = {
    **dict.fromkeys(
        ['../secret.json', 'inside/../../secret.json', 'none/../map.json', '..', '/etc/x.json'],
        OUTSIDE,
    ),
    **dict.fromkeys(
        [
            *('', '.', '/', './', 'map', 'notes.txt', '~/secret.json', '~root/x.json', '.bashrc'),
            *('.json', '.hidden/map.json', 'inside/.x.json', '.bashrc.json', 'map.json\0'),
            *('map\n.json', '\x1b[2J.json', '\ud800.json', 'map.json.', 'map.JSON'),
        ],
        f'({NO_NAME}|{OUTSIDE})',
    ),
    'link.json': 'link.json: (it is a symbolic link|not a regular file)',
    'latest.json': 'latest.json: (it is a symbolic link|not a regular file)',
    'loop.json': 'loop.json: (it is a symbolic link|not a regular file)',
    'elsewhere/secret.json': 'no folder, or a symbolic link',
    'map.json/x.json': 'no folder, or a symbolic link',
    'pipe.json': 'not a regular file',
    'folder.json': 'not a regular file',
    'none/map.json': 'No such file or directory',
    'x' * 300 + '.json': 'File name too long',
}


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every entry below and what stands in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob('*')
    }


@pytest.mark.parametrize(('name', 'sentence'), BAD_NAMES.items(), ids=map(ascii, BAD_NAMES))
def test_a_name_that_leads_elsewhere_is_neither_read_nor_written(open_to_all, name, sentence):
    root = open_to_all._source.parent
    before = contents(root)
    with refused(PlanErrorCode.FILE_ERROR, sentence):
        open_to_all.load(name)
    if name:  # '' asks for the file that the graph is from
        with refused(PlanErrorCode.FILE_ERROR, sentence):
            open_to_all.save(GRAPH, name)
    assert contents(root) == before


@pytest.mark.parametrize('name', ['map.json', 'inside/new.json', './map.json', '{}/map.json'])
def test_a_file_inside_the_folder_is_written_and_read(open_to_all, folder, name):
    name = name.format(folder)
    path = open_to_all.save(GRAPH, name)
    assert path == folder / name
    assert open_to_all.load(name) == (GRAPH, path)


def test_a_map_of_another_kind_is_read_and_what_was_made_of_it_is_said(folder):
    (folder / 'route.geojson').write_text(NAV2)
    told = []
    graph, path = GraphFolder(str(folder), '').load('route.geojson', told.append)
    assert [node.kind for node in graph.nodes.values()] == ['region', 'region']
    assert told == [
        f'{path}: nav2; read: 2 point as region, 1 line as way; guessed: 1 way that leads one way '
        'only, taken both ways; left out: 1 robot location, which the file does not say'
    ]
    told.clear()
    assert load_scene_graph(folder / 'map.json', say=told.append) == GRAPH
    assert told == []
    with refused(PlanErrorCode.FILE_ERROR, r'expected the name of a \.json file in'):
        GraphFolder(str(folder), '', str(folder)).save(GRAPH, 'route.geojson')


def test_nothing_is_written_where_no_folder_is_named_for_it(folder):
    found = GraphFolder('', str(folder / 'map.json'))
    before = contents(folder)
    for name in ('map.json', 'new.json', ''):
        with refused(PlanErrorCode.FILE_ERROR, '^saving is off: set graph.save_directory'):
            found.save(GRAPH, name)
    assert contents(folder) == before


def test_the_file_that_a_graph_is_from_is_written_only_in_the_folder_for_it(folder):
    (folder / 'link.json').symlink_to('map.json')
    saving = GraphFolder(str(folder), 'map.json', str(folder))
    assert saving.save(SceneGraph(), '') == folder / 'map.json'
    elsewhere = GraphFolder(str(folder), 'map.json', str(folder / 'inside'))
    before = contents(folder)
    with refused(PlanErrorCode.FILE_ERROR, f'map.json. {OUTSIDE} {folder}/inside$'):
        elsewhere.save(GRAPH, '')
    with refused(PlanErrorCode.FILE_ERROR, 'link.json: not a regular file'):
        GraphFolder(str(folder), 'link.json', str(folder)).save(GRAPH, '')
    assert contents(folder) == before
    with refused(PlanErrorCode.INVALID_REQUEST, '^name a file: the graph was not loaded$'):
        GraphFolder(str(folder), '', str(folder)).save(GRAPH, '')


def test_a_file_with_a_second_name_elsewhere_keeps_its_content_there(folder):
    os.link(folder.parent / 'secret.json', folder / 'twin.json')
    GraphFolder(str(folder), '', str(folder)).save(GRAPH, 'twin.json')
    assert (folder.parent / 'secret.json').read_text() == '{}'
    assert load_scene_graph(folder / 'twin.json') == GRAPH


def test_a_folder_that_is_swapped_for_a_link_while_it_is_open_leads_nowhere_else(
    folder, monkeypatch
):
    """Whoever can write to the folder cannot win a race: each part is opened from the last."""
    plain = os.open

    def swap(path, *arguments, **named):
        if path == 'map.json' and (folder / 'inside').is_dir():
            (folder / 'inside').rename(folder / 'away')
            (folder / 'inside').symlink_to(folder.parent)
        return plain(path, *arguments, **named)

    save_scene_graph(GRAPH, folder / 'inside' / 'map.json')
    (folder.parent / 'map.json').write_text('{"regions": []}')
    monkeypatch.setattr(graph_files.os, 'open', swap)
    graph, _ = GraphFolder(str(folder), '').load('inside/map.json')
    assert graph == GRAPH


@pytest.mark.parametrize(
    'name', ['map.json', 'inside/new.json', './map.json', 'inside/../map.json', 'latest.json']
)
def test_who_starts_the_node_names_any_file_of_the_folder_links_too(folder, name):
    (folder / 'latest.json').symlink_to('../secret.json')
    assert GraphFolder(str(folder), name).file == Path(os.path.normpath(folder / name))


@pytest.mark.parametrize('name', ['../secret.json', '/etc/passwd', '~/secret.json', '..', '.'])
def test_the_first_file_lies_in_the_folder_where_one_is_named(folder, name):
    with refused(PlanErrorCode.FILE_ERROR, f'^{re.escape(repr(name))} {OUTSIDE} {folder}$'):
        GraphFolder(str(folder), name)


@pytest.mark.parametrize('form', ['{absolute}', '{relative}', './{relative}', '~/{relative}'])
def test_without_a_folder_that_of_the_file_counts(folder, monkeypatch, form):
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv('HOME', str(folder.parent))
    path = form.format(absolute=folder / 'map.json', relative='graphs/map.json')
    found = GraphFolder('', path)
    assert found.file == folder / 'map.json'
    assert found.load('map.json') == (GRAPH, folder / 'map.json')
    with refused(PlanErrorCode.FILE_ERROR, OUTSIDE):
        found.load('../secret.json')


def test_without_folder_and_path_the_packaged_graphs_count():
    found = GraphFolder('', 'depot.json', find_packaged=lambda: GRAPHS)
    assert found.file == GRAPHS / 'depot.json'
    assert found.load('depot.json')[1] == found.file
    assert load_scene_graph(found.file).robot_location == 'dock_1'


def test_without_a_file_there_is_none(folder):
    assert GraphFolder('', '').file is None
    assert GraphFolder(str(folder), '').file is None


@pytest.mark.parametrize(
    ('directory', 'file'),
    [
        ('/no/such/folder', ''),
        ('', '/no/such/folder/map.json'),
        ('~nobody-of-that-name', ''),
        (__file__, ''),
    ],
)
def test_a_folder_that_is_not_there_is_refused(directory, file):
    named = directory or Path(file).parent
    with refused(
        PlanErrorCode.FILE_ERROR, f"expected graph.directory to be a folder, got '{named}'"
    ):
        GraphFolder(directory, file)
    with refused(PlanErrorCode.FILE_ERROR, 'expected graph.save_directory to be a folder, got '):
        GraphFolder('', '', str(named))


# Reading ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('missing.json', 'No such file or directory'),
        ('inside', 'not a regular file'),
        ('map.json/map.json', 'Not a directory'),
        ('x' * 300, 'File name too long'),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(folder, name, reason):
    path = folder / name
    with refused(PlanErrorCode.FILE_ERROR, f'^cannot read {path}: {reason}$'):
        load_scene_graph(path)


def test_a_pipe_is_refused_and_not_waited_for(folder):
    os.mkfifo(folder / 'pipe.json')
    with refused(PlanErrorCode.FILE_ERROR, r'pipe\.json: not a regular file$'):
        load_scene_graph(folder / 'pipe.json')


def test_a_file_that_is_too_large_is_refused_unread(folder):
    path = folder / 'map.json'
    os.truncate(path, graph_files.MAX_FILE_BYTES + 1)
    with refused(PlanErrorCode.GRAPH_TOO_LARGE, f'^{path} is larger than 67108864 bytes$'):
        load_scene_graph(path)


def test_a_file_behind_a_byte_order_mark_is_read_and_one_with_a_key_twice_refused(folder):
    path, text = folder / 'site.json', '{"regions": [{"name": "dock", "coords": [0, 0]}]}'
    path.write_text(text, 'utf-8-sig')
    assert set(load_scene_graph(path).nodes) == {'dock'}
    path.write_text(text[:-1] + ', "regions": []}', 'utf-8')
    with pytest.raises(SceneGraphError, match=r'site\.json: expected .* got "regions" twice, at'):
        load_scene_graph(path)


def test_a_file_that_is_not_utf_8_is_refused(folder):
    path = folder / 'map.json'
    path.write_bytes('{"regions": [], "note": "é"}'.encode('latin-1'))
    with refused(PlanErrorCode.INVALID_SCENE_GRAPH, rf'^{path} is not UTF-8: .* 0xe9'):
        load_scene_graph(path)


def test_a_file_that_is_no_scene_graph_is_refused(folder):
    path = folder.parent / 'secret.json'
    with pytest.raises(SceneGraphError, match=f'^{path}: no kind of map that can be read '):
        load_scene_graph(path)


# Writing ------------------------------------------------------------------------------------------

CHILD = """\
import resource, sys
from pathlib import Path
from prism_core import Node, SceneGraph
from prism_ros.errors import Refusal
from prism_ros.graph_files import save_scene_graph

path, task = Path(sys.argv[1]), sys.argv[2]
graph = SceneGraph(Node(f'node_{i}', 'region', (i, 0), 'x' * 100) for i in range(300))
if task == 'disk full':
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    try:
        save_scene_graph(graph, path)
    except Refusal as refusal:
        print(refusal.code, refusal)
else:
    for revision in range(1_000_000):
        save_scene_graph(graph.with_revision(revision), path)
        if revision == 0:
            print('ready', flush=True)
"""


def child(path: Path, task: str) -> subprocess.Popen:
    command = [sys.executable, '-c', CHILD, str(path), task]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_saved_graph_is_read_back_equal_and_replaces_the_old_one(folder):
    path = folder / 'map.json'
    for graph in (GRAPH, SceneGraph(revision=4)):
        save_scene_graph(graph, path)
        assert load_scene_graph(path) == graph
    assert sorted(os.listdir(folder)) == ['inside', 'map.json']


@pytest.mark.parametrize(
    ('old', 'new'), [(0o600, 0o600), (0o660, 0o640), (0o644, 0o644), (0o6777, 0o644)]
)
def test_a_new_file_can_be_read_by_others_and_an_old_one_gets_no_more_open(folder, old, new):
    path = folder / 'map.json'
    assert path.stat().st_mode & 0o7777 == 0o644
    path.chmod(old)
    save_scene_graph(GRAPH, path)
    assert path.stat().st_mode & 0o7777 == new


def test_a_full_disk_leaves_the_old_file_and_nothing_else(folder):
    path = folder / 'map.json'
    before = path.read_bytes()
    with child(path, 'disk full') as process:
        said = process.stdout.read()
    with recovery('disk full: a graph that is saved') as fault:
        code, _, why = said.partition(' ')
        assert why == f'cannot write {path}: File too large\n'
        fault.says(CODE_NAMES[int(code)])
        assert path.read_bytes() == before
        assert sorted(os.listdir(folder)) == ['inside', 'map.json']
        save_scene_graph(GRAPH, path)
        assert load_scene_graph(path) == GRAPH


@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('map.json/new.json', 'Not a directory'),
        ('none/new.json', 'No such file or directory'),
        ('inside', 'not a regular file'),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_and_left_as_it_was(folder, name, reason):
    before = (folder / 'map.json').read_bytes()
    with refused(PlanErrorCode.FILE_ERROR, f'^cannot write {folder / name}: {reason}$'):
        save_scene_graph(GRAPH, folder / name)
    assert (folder / 'map.json').read_bytes() == before
    assert sorted(os.listdir(folder)) == ['inside', 'map.json']
    assert os.listdir(folder / 'inside') == []


def test_no_temporary_file_is_left_whatever_fails(folder, monkeypatch):
    def fail(descriptor):
        raise ValueError('something else')

    monkeypatch.setattr(graph_files.os, 'fsync', fail)
    with pytest.raises(ValueError, match='something else'):
        save_scene_graph(GRAPH, folder / 'map.json')
    assert sorted(os.listdir(folder)) == ['inside', 'map.json']


def test_a_kill_while_saving_leaves_the_old_file_or_the_new_one(folder):
    path = folder / 'map.json'
    for delay_s in (0.01, 0.02, 0.03, 0.05, 0.08, 0.13):
        with child(path, 'save for ever') as process:
            assert process.stdout.readline() == 'ready\n'
            time.sleep(delay_s)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert len(load_scene_graph(path).nodes) == 300


SITE = Path(__file__).parents[2] / 'examples' / 'site'


def test_waypoints_on_a_map_are_read_where_who_started_the_node_names_them():
    said = []
    graph = load_scene_graph(SITE / 'waypoints.yaml', say=said.append)
    assert graph.is_reachable('Empfang', 'loading dock 2')
    assert not graph.is_reachable('Empfang', 'store')
    assert 'way over free floor of the map' in said[0]


def test_a_map_that_somebody_on_the_network_names_leads_to_no_other_file(tmp_path):
    path = tmp_path / 'waypoints.json'
    path.write_text(json.dumps({'map': str(SITE / 'site.yaml'), 'places': {'a': [1, 2]}}))
    assert load_scene_graph(path).regions  # who starts the node may
    with pytest.raises(SceneGraphError, match=r'names another one.*which is not followed'):
        GraphFolder(str(tmp_path), '').load('waypoints.json')


def test_a_table_may_begin_with_a_byte_order_mark(tmp_path):
    path = tmp_path / 'places.csv'
    path.write_bytes(b'\xef\xbb\xbf' + (SITE / 'places.csv').read_bytes())
    assert load_scene_graph(path) == load_scene_graph(SITE / 'places.csv')
