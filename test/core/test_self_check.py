# SPDX-License-Identifier: Apache-2.0
"""What a machine has for a student is found, and what it lacks is said with what to do."""

import shutil
import sys
from pathlib import Path

import pytest

from prism_core.inference import self_check
from prism_core.inference.self_check import check_student
from prism_core.inference.student import (
    ADAPTERS_VARIABLE,
    MODEL_VARIABLE,
    PYTHON_VARIABLE,
    find_bundled,
)


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in (MODEL_VARIABLE, ADAPTERS_VARIABLE, PYTHON_VARIABLE, 'PRISM_STUDENT_SHA256'):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def interpreter(tmp_path, monkeypatch):
    """An interpreter of its own: a program that answers as it is told."""

    def make(script: str) -> Path:
        path = tmp_path / 'python'
        path.write_text(f'#!/bin/sh\n{script}\n')
        path.chmod(0o755)
        monkeypatch.setenv(PYTHON_VARIABLE, str(path))
        return path

    return make


def found(name: str, domain: str = 'mapping'):
    (checked,) = [one for one in check_student(domain) if one.name == name]
    return checked


@pytest.mark.parametrize('domain', ['mapping', 'tabletop'])
def test_the_bundled_student_is_as_expected(domain):
    file, sha256 = found('model file', domain), found('model sha256', domain)
    assert file.text == find_bundled(domain)
    assert sha256.text.endswith(', as expected')
    assert found('model domain', domain).text.startswith(f'{domain}, dialect ')
    assert not any(
        one.fault for one in check_student(domain) if one.name.startswith(('model', 'memory'))
    )


def test_a_file_that_was_changed_is_an_error_with_both_hashes(tmp_path, monkeypatch):
    path = tmp_path / 'student.gguf'
    shutil.copyfile(find_bundled(), path)
    path.with_suffix('.gguf.sha256').write_text(f'{"0" * 64}  student.gguf\n')
    monkeypatch.setenv(MODEL_VARIABLE, str(path))
    checked = found('model sha256')
    assert checked.is_error
    assert 'expected the sha256 000000000000…' in checked.fault
    assert 'got 3c0a57f1cbb2…; copy both files again' in checked.fault


@pytest.mark.parametrize(
    ('name', 'words'), [('none.gguf', 'none.gguf'), ('text.gguf', 'expected a GGUF file')]
)
def test_a_file_that_is_no_model_is_said(tmp_path, monkeypatch, name, words):
    (tmp_path / 'text.gguf').write_text('hello')
    monkeypatch.setenv(MODEL_VARIABLE, str(tmp_path / name))
    checked = found('model')
    assert (checked.text, checked.is_error) == ('none', False)
    assert words in checked.fault
    assert found('memory').text.endswith('MiB available')


def test_a_student_of_another_domain_is_said(monkeypatch):
    monkeypatch.setenv(MODEL_VARIABLE, find_bundled('tabletop'))
    assert 'it was taught the domain tabletop' in found('model domain').fault


def test_a_domain_without_a_student_is_said():
    assert 'no student of the domain kitchen is bundled' in found('model', 'kitchen').fault


def test_an_interpreter_that_has_the_runtime_is_named_with_versions(interpreter):
    path = interpreter('echo llama_cpp 0.3.36; echo numpy 2.4.0')
    assert found('engine interpreter').text == f'{path} ({PYTHON_VARIABLE})'
    runtime = found('engine runtime')
    assert (runtime.text, runtime.fault) == ('llama_cpp 0.3.36, numpy 2.4.0', '')


def test_an_interpreter_that_lacks_it_is_said_with_how_to_get_it(interpreter):
    path = interpreter('echo "llama_cpp: No module named \'llama_cpp\'" >&2; exit 1')
    fault = found('engine runtime').fault
    assert (
        f"{path} cannot import llama_cpp: No module named 'llama_cpp'; run {path} -m pip" in fault
    )
    assert fault.endswith('until then the student is out')


def test_what_a_real_interpreter_lacks_is_found(monkeypatch):
    monkeypatch.setattr(self_check, 'RUNTIME', ('json', 'no_such_module'))
    assert "cannot import no_such_module: No module named 'no_such_module'" in (
        found('engine runtime').fault
    )
    monkeypatch.setattr(self_check, 'RUNTIME', ('json', 'csv'))
    runtime = found('engine runtime')
    assert runtime.fault == ''
    assert runtime.text.startswith('json ')
    assert found('engine interpreter').text == f'{sys.executable} (this one)'


def test_an_interpreter_that_cannot_be_run_is_said(monkeypatch, interpreter):
    monkeypatch.setenv(PYTHON_VARIABLE, '/none/python')
    assert '/none/python cannot be run: No such file or directory; let' in (
        found('engine interpreter').fault
    )
    interpreter('sleep 60')
    monkeypatch.setattr(self_check, '_IMPORT_TIMEOUT_S', 0.2)
    assert 'cannot be run: it does not answer' in found('engine interpreter').fault


def test_memory_that_does_not_suffice_is_said(monkeypatch):
    monkeypatch.setattr(self_check, 'available_bytes', lambda: 50 * 2**20)
    checked = found('memory')
    assert checked.text.startswith('50 MiB available, the student needs about 1')
    assert 'the student does not fit into memory' in checked.fault
    monkeypatch.setattr(self_check, 'available_bytes', lambda: None)
    assert found('memory').text == 'not known on this system'
