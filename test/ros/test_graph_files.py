from __future__ import annotations

import os
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
from prism_ros.errors import Refusal
from prism_ros.graph_files import GraphFolder, load_scene_graph, save_scene_graph

GRAPH = SceneGraph([Node('a', 'region', (1, 2), 'the é dock')], robot_location='a', revision=3)


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


@pytest.mark.parametrize(
    'name',
    [
        *(
            '../secret.json',
            'inside/../../secret.json',
            'none/../../secret.json',
            '..',
            '../graphs',
        ),
        *('/etc/passwd', '/', '~/secret.json', '', '.', 'inside/..', 'link.json', 'elsewhere/x'),
    ],
)
def test_a_file_outside_the_folder_is_refused(folder, name):
    (folder / 'link.json').symlink_to('../secret.json')
    (folder / 'elsewhere').symlink_to('/tmp')  # noqa: S108
    with refused(PlanErrorCode.FILE_ERROR, f'^.{name}. is not inside the folder {folder}$'):
        GraphFolder(str(folder), '').resolve(name)
    if name:
        with refused(PlanErrorCode.FILE_ERROR, 'is not inside the folder'):
            GraphFolder(str(folder), name)


def test_a_name_with_a_nul_is_refused(folder):
    with refused(PlanErrorCode.FILE_ERROR, r"^'map\\x00\.json': .*null"):
        GraphFolder(str(folder), '').resolve('map\0.json')


@pytest.mark.parametrize(
    'name', ['map.json', 'inside/new.json', './map.json', 'inside/../map.json']
)
def test_a_file_inside_the_folder_is_found(folder, name):
    found = GraphFolder(str(folder), name)
    assert found.file == (folder / name).resolve()
    assert found.file == found.resolve(str(folder / name))
    assert not found.is_packaged


def test_a_link_that_stays_inside_is_followed(folder):
    (folder / 'latest.json').symlink_to('map.json')
    assert GraphFolder(str(folder), 'latest.json').file == folder / 'map.json'


def test_a_link_to_itself_is_refused_and_does_not_hang(folder):
    (folder / 'loop.json').symlink_to('loop.json')
    with refused(PlanErrorCode.FILE_ERROR, r'loop\.json.*([Ss]ymlink|symbolic link)'):
        load_scene_graph(GraphFolder(str(folder), '').resolve('loop.json'))


@pytest.mark.parametrize('form', ['{absolute}', '{relative}', './{relative}', '~/{relative}'])
def test_without_a_folder_that_of_the_file_counts(folder, monkeypatch, form):
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv('HOME', str(folder.parent))
    path = form.format(absolute=folder / 'map.json', relative='graphs/map.json')
    found = GraphFolder('', path)
    assert found.file == folder / 'map.json'
    assert not found.is_packaged
    with refused(PlanErrorCode.FILE_ERROR, 'is not inside the folder'):
        found.resolve('../secret.json')


def test_without_folder_and_path_the_packaged_graphs_count():
    found = GraphFolder('', 'depot.json')
    assert found.is_packaged
    assert found.file == GRAPHS / 'depot.json'
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
    with pytest.raises(SceneGraphError, match=f'^{path}: expected a JSON object with "regions"'):
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


def test_a_new_file_can_be_read_by_others_and_an_old_one_keeps_its_mode(folder):
    path = folder / 'map.json'
    assert path.stat().st_mode & 0o777 == 0o644
    path.chmod(0o660)
    save_scene_graph(GRAPH, path)
    assert path.stat().st_mode & 0o777 == 0o660


def test_a_full_disk_leaves_the_old_file_and_nothing_else(folder):
    path = folder / 'map.json'
    before = path.read_bytes()
    with child(path, 'disk full') as process:
        said = process.stdout.read()
    assert said == f'{PlanErrorCode.FILE_ERROR} cannot write {path}: File too large\n'
    assert path.read_bytes() == before
    assert sorted(os.listdir(folder)) == ['inside', 'map.json']


@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('map.json/new.json', 'Not a directory'),
        ('none/new.json', 'No such file or directory'),
        ('inside', 'Is a directory'),
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
