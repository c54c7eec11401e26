# SPDX-License-Identifier: Apache-2.0
"""Whether a model file is the one that it should be."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from prism_core import ModelHashMismatch, ModelNotLoaded
from prism_core.files import hash_file
from prism_core.gguf_info import sha256_path
from prism_core.inference.local import model_file
from prism_core.inference.local.model_file import BUNDLED, MODELS, check_model_file


@pytest.fixture
def memory(monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path / 'state'))
    return tmp_path / 'state' / 'prism' / 'models.json'


@pytest.fixture
def model(tmp_path) -> Path:
    path = tmp_path / 'student.gguf'
    path.write_bytes(b'weights')
    return path


def change(path: Path) -> None:
    """Other bytes of the same length, and the same time of modification."""
    before = path.stat()
    path.write_bytes(b'WEIGHTS')
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_the_package_knows_each_of_its_models():
    assert {path.name: hash_file(path) for path in MODELS.glob('*/*.gguf')} == BUNDLED


def test_a_bundled_model_is_held_to_the_packages_table_whatever_lies_beside_it(
    memory, model, monkeypatch
):
    monkeypatch.setattr(model_file, 'MODELS', model.parents[1])
    monkeypatch.setattr(model_file, 'BUNDLED', {model.name: hash_file(model)})
    assert check_model_file(model).sha256 == hash_file(model)
    assert not memory.exists()
    change(model)
    sha256_path(model).write_text(f'{hash_file(model)}  {model.name}\n')
    with pytest.raises(ModelHashMismatch, match=r'of the bundled student.*install the package aga'):
        check_model_file(model)


def test_a_file_of_which_nothing_is_known_is_remembered_at_its_first_use(memory, model):
    first = check_model_file(model)
    assert (first.sha256, first.remark) == (hash_file(model), '')
    assert check_model_file(model) == first
    change(model)
    with pytest.raises(ModelHashMismatch, match='of its first use') as caught:
        check_model_file(model)
    assert f'remove its entry from {memory}' in str(caught.value)
    entries = json.loads(memory.read_text())
    del entries[str(model)]
    memory.write_text(json.dumps(entries))
    assert check_model_file(model).sha256 == hash_file(model) != first.sha256


def test_a_sha256_beside_the_file_counts_and_not_what_was_remembered(memory, model):
    check_model_file(model)
    change(model)
    sha256_path(model).write_text(f'{hash_file(model)}  {model.name}\n')
    assert check_model_file(model).sha256 == hash_file(model)
    model.write_bytes(b'other')
    with pytest.raises(ModelHashMismatch, match=r'that student\.gguf\.sha256 holds, got .*copy bo'):
        check_model_file(model)


def test_the_sha256_that_is_asked_for_comes_first(memory, model):
    good = hash_file(model)
    assert check_model_file(model, good.upper()).sha256 == good
    sha256_path(model).write_text(f'{good}  {model.name}\n')
    with pytest.raises(ModelHashMismatch, match=r'asked for.*correct PRISM_STUDENT_SHA256'):
        check_model_file(model, 'f' * 64)


def test_a_large_file_is_read_once_and_again_when_its_bytes_change_under_the_same_time(
    memory, model, monkeypatch
):
    read: list[Path] = []
    monkeypatch.setattr(model_file, 'REREAD_BYTES', 0)
    monkeypatch.setattr(model_file, 'hash_file', lambda path: read.append(path) or hash_file(path))
    first = check_model_file(model)
    assert check_model_file(model) == first
    assert read == [model]
    change(model)
    with pytest.raises(ModelHashMismatch):
        check_model_file(model)
    assert read == [model, model]


def test_where_nothing_can_be_remembered_the_model_is_used_with_a_remark(monkeypatch, model):
    monkeypatch.setenv('XDG_STATE_HOME', '/dev/null/no')
    checked = check_model_file(model)
    assert checked.sha256 == hash_file(model)
    assert checked.remark.startswith(f'{model} is used without a check')
    assert 'PRISM_STUDENT_SHA256' in checked.remark
    assert check_model_file(model, checked.sha256).remark == ''


def test_a_user_without_a_home_has_nothing_written_where_the_robot_was_started(
    monkeypatch, model, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('XDG_STATE_HOME')
    monkeypatch.setattr(os.path, 'expanduser', lambda path: path)
    assert 'the user has no home' in check_model_file(model).remark
    assert [path.name for path in tmp_path.iterdir()] == [model.name]


@pytest.mark.parametrize('text', ['', '{"a', '[1]', '{"models": 3}'])
def test_a_memory_that_cannot_be_read_is_written_anew(memory, model, text):
    memory.parent.mkdir(parents=True)
    memory.write_text(text)
    check_model_file(model)
    assert json.loads(memory.read_text())[str(model)]['sha256'] == hash_file(model)


def test_many_at_once_remember_all_their_models(memory, tmp_path):
    paths = [tmp_path / f'{number}.gguf' for number in range(20)]
    for path in paths:
        path.write_text(path.name)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(check_model_file, paths))
    assert json.loads(memory.read_text()).keys() == set(map(str, paths))


def test_a_file_that_is_not_there_is_no_model(memory, tmp_path):
    with pytest.raises(ModelNotLoaded, match=r'cannot read .*gone\.gguf: No such file'):
        check_model_file(tmp_path / 'gone.gguf')
