# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_ros.kept_builds import (
    KeptBuilds,
    find_cache_folder,
    hash_for_machine,
    hash_interfaces,
    pack,
    unpack,
)


@pytest.fixture(scope='module')
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp('built') / 'prism_msgs'
    (folder / 'lib').mkdir(parents=True)
    (folder / 'lib' / 'a.so').write_bytes(os.urandom(2_000))
    file = folder.parent / 'prism_msgs.tar.gz'
    pack(folder, file)
    return file


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def test_what_is_kept_is_found_again_and_nothing_under_another_key(tmp_path, packed):
    kept = KeptBuilds(tmp_path / 'cache')
    assert kept.find('messages-1') is None
    kept.keep('messages-1', packed)
    assert kept.find('messages-1').read_bytes() == packed.read_bytes()
    assert kept.find('messages-2') is None
    kept.keep('messages-1', packed)  # by a second clone at the same time
    assert [path.name for path in (tmp_path / 'cache').iterdir()] == ['messages-1']
    kept.drop('messages-1')
    assert kept.find('messages-1') is None


@given(place=st.integers(0, 10**6), value=st.integers(0, 255))
def test_an_entry_with_any_byte_changed_is_dropped_or_unpacks_to_the_same(
    tmp_path_factory, packed, place, value
):
    folder = tmp_path_factory.mktemp('cache')
    said = []
    kept = KeptBuilds(folder, said.append)
    kept.keep('messages', packed)
    file = folder / 'messages' / packed.name
    data = bytearray(file.read_bytes())
    data[place % len(data)] = value
    file.write_bytes(data)
    found = kept.find('messages')
    if found is None:
        assert not (folder / 'messages').exists()
        assert 'built again' in said[0]
    else:
        for name, source in (('was', packed), ('is', found)):
            unpack(source, folder / name / 'prism_msgs')
        assert contents(folder / 'is') == contents(folder / 'was')
    shutil.rmtree(folder)


@pytest.mark.parametrize('left', [0, 10, -1])
def test_half_a_wheel_is_dropped(tmp_path, left):
    wheel = tmp_path / 'x-1-py3-none-any.whl'
    with zipfile.ZipFile(wheel, 'w') as archive:
        archive.writestr('x.py', 'x = 1\n' * 100)
    kept = KeptBuilds(tmp_path / 'cache')
    kept.keep('wheel', wheel)
    assert kept.find('wheel') is not None
    entry = tmp_path / 'cache' / 'wheel' / wheel.name
    entry.write_bytes(entry.read_bytes()[:left])
    assert kept.find('wheel') is None
    assert not entry.exists()


@pytest.mark.parametrize('names', [[], ['a.whl', 'b.whl']])
def test_an_entry_that_holds_not_one_file_is_dropped(tmp_path, names):
    (tmp_path / 'wheel').mkdir()
    for name in names:
        (tmp_path / 'wheel' / name).touch()
    assert KeptBuilds(tmp_path).find('wheel') is None
    assert not (tmp_path / 'wheel').exists()


def test_a_folder_that_cannot_be_written_is_said_and_stops_nothing(tmp_path, packed):
    (tmp_path / 'cache').write_text('a file')
    said = []
    kept = KeptBuilds(tmp_path / 'cache', said.append)
    kept.keep('messages', packed)
    assert 'nothing is kept for the next clone' in said[0]
    assert kept.find('messages') is None


def test_without_a_folder_nothing_is_kept(packed):
    kept = KeptBuilds(None)
    kept.keep('messages', packed)
    assert kept.find('messages') is None
    kept.drop('messages')


@pytest.mark.parametrize(
    ('environment', 'folder'),
    [
        ({}, '~/.cache/prism_ros'),
        ({'XDG_CACHE_HOME': '/var/cache'}, '/var/cache/prism_ros'),
        ({'XDG_CACHE_HOME': 'relative'}, '~/.cache/prism_ros'),  # as the specification says
        ({'XDG_CACHE_HOME': '/var/cache', 'PRISM_CACHE': '/mine'}, '/mine'),
        ({'PRISM_CACHE': '~/mine'}, '~/mine'),
        ({'PRISM_CACHE': 'off'}, None),
    ],
)
def test_where_builds_are_kept(environment, folder):
    assert find_cache_folder(environment) == (folder and Path(folder).expanduser())


def test_a_folder_comes_out_as_it_was_with_files_in_place_of_links(tmp_path):
    built = tmp_path / 'first' / 'prism_msgs'
    built.mkdir(parents=True)
    program = tmp_path / 'build' / 'program'
    program.parent.mkdir()
    program.write_text('#!/bin/sh\n')
    program.chmod(0o755)
    (built / 'program').symlink_to(program)
    pack(built, tmp_path / 'packed.tar.gz')
    shutil.rmtree(tmp_path / 'build')
    target = tmp_path / 'second' / 'prism_msgs'
    target.mkdir(parents=True)
    (target / 'stale').touch()
    unpack(tmp_path / 'packed.tar.gz', target)
    assert [path.name for path in target.iterdir()] == ['program']
    assert (target / 'program').read_text() == '#!/bin/sh\n'
    assert os.access(target / 'program', os.X_OK)
    assert not (target / 'program').is_symlink()
    assert [path.name for path in target.parent.iterdir()] == ['prism_msgs']


def test_what_built_messages_depend_on_changes_their_key(tmp_path):
    package, prefix = tmp_path / 'prism_msgs', tmp_path / 'ros'
    (package / 'msg').mkdir(parents=True)
    (package / 'msg' / 'Plan.msg').write_text('string task\n')
    ros = prefix / 'share' / 'rosidl_generator_py' / 'package.xml'
    ros.parent.mkdir(parents=True)
    ros.write_text('<version>0.22.2</version>')
    keys = [hash_interfaces(package, [prefix])]
    assert hash_interfaces(package, [prefix]) == keys[0]
    (package / 'msg' / 'Plan.msg').write_text('string task\nstring why\n')
    keys.append(hash_interfaces(package, [prefix]))
    (package / 'msg' / 'Plan.msg').rename(package / 'msg' / 'Step.msg')
    keys.append(hash_interfaces(package, [prefix]))
    ros.write_text('<version>0.23.0</version>')
    keys.append(hash_interfaces(package, [prefix]))
    assert len(set(keys)) == 4


def test_options_of_the_build_change_the_key_of_a_wheel():
    keys = {hash_for_machine(*words) for words in (['a'], ['a', ''], ['a', '-DGGML_CUDA=ON'], [])}
    assert len(keys) == 4
    assert hash_for_machine('a') in keys
