# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from prism_core import installing


def test_a_requirement_is_installed_by_pip_where_pip_installs():
    assert installing.how_to_install('prism_ros[data]') == "run: pip install 'prism_ros[data]'"


@pytest.mark.parametrize(
    ('requirement', 'installed'),
    [('plotext', 'plotext'), ('prism_ros[data]', f'{Path(installing.__file__).parents[1]}[data]')],
)
def test_where_the_system_closes_its_python_to_pip_an_environment_is_made_first(
    tmp_path, monkeypatch, requirement, installed
):
    (tmp_path / 'EXTERNALLY-MANAGED').touch()
    monkeypatch.setattr(installing.sysconfig, 'get_path', lambda name: str(tmp_path))
    monkeypatch.setattr(installing.sys, 'prefix', installing.sys.base_prefix)
    sentence = installing.how_to_install(requirement)
    assert sentence.startswith('run: python3 -m venv --system-site-packages ~/prism-venv && ')
    assert f"pip install '{installed}' && . ~/prism-venv/bin/activate" in sentence
    assert sentence.endswith('(this Python is closed to pip, PEP 668)')


@pytest.mark.parametrize(
    ('module', 'extra'),
    [('msgspec', 'data'), ('llama_cpp.llama', 'robot'), ('torch', 'train'), ('ray', 'ray')],
)
def test_a_module_that_is_missing_is_named_with_the_extra_that_brings_it(module, extra):
    error = ModuleNotFoundError(f'No module named {module!r}', name=module)
    needed = f"this needs {module.partition('.')[0]}; run: pip install 'prism_ros[{extra}]'"
    assert installing.explain_missing(error) == needed


@pytest.mark.parametrize('name', ['prism_core.nothing', 'json.nothing', None])
def test_of_a_module_that_no_extra_brings_nothing_is_said(name):
    assert installing.explain_missing(ModuleNotFoundError('x', name=name)) == ''


@pytest.mark.parametrize('extra', sorted(set(installing._EXTRAS.values())))
def test_the_extras_that_are_named_are_those_of_the_package(extra):
    assert f"'{extra}': [" in (Path(__file__).parents[2] / 'setup.py').read_text('utf-8')


WITHOUT = """
import sys
sys.modules['msgspec'] = None
sys.argv = ['prism', 'elicit', '--worlds', '1', '--out', 'x']
from prism_core.cli.main import main
main()
"""


def test_a_command_whose_packages_are_missing_is_one_sentence_and_no_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, '-c', WITHOUT], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == "Error: this needs msgspec; run: pip install 'prism_ros[data]'\n"
