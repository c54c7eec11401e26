# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import platform
import re
import shutil
import sys
import tarfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from prism_ros import set_up
from prism_ros.kept_builds import KeptBuilds
from prism_ros.set_up import SetUp, find_missing
from prism_ros.set_up_steps import SetUpError

WHEEL = 'llama_cpp_python-0.3.36-py3-none-linux_x86_64.whl'


class Machine:
    """Stands for the commands of the set-up: notes them, and leaves what they would leave."""

    def __init__(self):
        self.commands: list[str] = []
        self.environments: list[dict] = []
        self.steps: list[str] = []
        self.broken = ''  # what a command contains that fails

    @contextmanager
    def step(self, name, expected):
        self.steps.append(f'{name}: {expected}')
        yield self.run

    def run(self, *command, env=None):
        words = [str(word) for word in command]
        line = ' '.join(words)
        self.commands.append(line)
        self.environments.append(env or {})
        if self.broken and self.broken in line:
            self.broken = ''
            raise SetUpError(f'{line} failed')
        if ' -m venv' in line:
            venv = Path(words[-1])
            (venv / 'bin').mkdir(parents=True)
            (venv / 'bin' / 'python').touch()
            (venv / 'bin' / 'activate').write_text(f'VIRTUAL_ENV={venv}\n')
            (venv / 'pyvenv.cfg').write_text(f'version = {platform.python_version()}\n')
        elif '--wheel-dir' in line:
            with zipfile.ZipFile(Path(words[words.index('--wheel-dir') + 1]) / WHEEL, 'w') as wheel:
                wheel.writestr('llama_cpp/__init__.py', '')
        elif 'colcon build' in line and '--packages-skip' not in line:
            root = Path(re.search(r'&& cd (\S+) &&', line)[1])
            for folder in ('build', 'install'):
                (root / folder / 'prism_msgs').mkdir(parents=True, exist_ok=True)
            (root / 'install' / 'prism_msgs' / 'built').write_text('here')

    def stop(self):
        self.commands.append('stop')

    def of(self, *parts: str) -> list[str]:
        return [line for line in self.commands if all(part in line for part in parts)]


@pytest.fixture
def clone(tmp_path):
    def make(name: str) -> Path:
        root = tmp_path / name
        (root / 'prism_msgs' / 'msg').mkdir(parents=True)
        (root / 'prism_msgs' / 'msg' / 'Plan.msg').write_text('string task\n')
        shutil.copy(Path(set_up.ROOT, 'setup.py'), root)
        return root

    return make


@pytest.fixture
def kept(tmp_path):
    return KeptBuilds(tmp_path / 'cache')


def set_up_clone(root, kept, has_ros=False, broken=''):
    machine = Machine()
    machine.broken = broken
    SetUp(root, machine, kept, has_ros).set_up_demo()
    return machine


def test_the_first_clone_compiles_and_the_second_one_takes_what_was_kept(clone, kept):
    first = set_up_clone(clone('first'), kept)
    (compiled,) = first.of('pip wheel', 'llama-cpp-python')
    options = first.environments[first.commands.index(compiled)]['CMAKE_ARGS']
    assert '-DLLAVA_BUILD=OFF' in options
    included = Path(re.search('-DCMAKE_PROJECT_INCLUDE=(.*) ', options)[1])
    assert included.read_text() == 'set(LLAMA_BUILD_COMMON OFF)\n'
    assert len(first.of('colcon build')) == 1
    second_root = clone('second')
    second = set_up_clone(second_root, kept)
    assert second.of('pip wheel') == []
    (build,) = second.of('colcon build')
    assert '--packages-skip prism_msgs' in build
    assert (second_root / 'install/prism_msgs/built').read_text() == 'here'
    (install,) = second.of('prism_ros[robot]')
    assert str(second_root / '.venv/wheels' / WHEEL) in install
    assert sum('as kept in' in step for step in second.steps) == 2


def test_messages_that_were_kept_and_do_not_work_are_built_again(clone, kept, tmp_path):
    set_up_clone(clone('first'), kept)
    root = clone('second')
    machine = set_up_clone(root, kept, broken='--packages-skip')
    skipped, built = machine.of('colcon build')
    assert '--packages-skip' in skipped
    assert '--packages-skip' not in built
    assert (root / 'install/prism_msgs/built').read_text() == 'here'
    (entry,) = (tmp_path / 'cache').glob('prism_msgs-*')
    assert tarfile.is_tarfile(entry / 'prism_msgs.tar.gz')


def test_other_messages_are_not_taken_from_the_first_clone(clone, kept):
    set_up_clone(clone('first'), kept)
    root = clone('second')
    (root / 'prism_msgs/msg/Plan.msg').write_text('string other\n')
    assert set_up_clone(root, kept).of('--packages-skip') == []


def test_run_again_it_compiles_no_model_and_lets_colcon_see_what_changed(clone, kept):
    root = clone('first')
    set_up_clone(root, kept)
    again = set_up_clone(root, kept)
    assert again.of('pip wheel') == again.of('-m venv') == again.of('--packages-skip') == []
    assert len(again.of('colcon build')) == 1


def test_a_runtime_that_is_installed_is_not_compiled_again(clone, kept):
    root = clone('first')
    set_up_clone(root, kept)
    shutil.rmtree(root / '.venv/wheels')
    (root / '.venv/lib/python3/site-packages/llama_cpp_python-0.3.36.dist-info').mkdir(parents=True)
    again = set_up_clone(root, KeptBuilds(None))
    assert again.of('pip wheel') == []
    assert len(again.of('prism_ros[robot]')) == 1


def test_with_a_ros_installation_nothing_of_ros_is_installed(clone, kept):
    machine = set_up_clone(clone('first'), kept, has_ros=True)
    (venv,) = machine.of('-m venv')
    assert '--system-site-packages' in venv
    assert machine.of('[ros]') == machine.of('ros_wheels') == []
    installs = [line for line in machine.of('pip install') if '--upgrade pip' not in line]
    assert len(installs) == 2
    assert all('numpy<2' in line for line in installs)
    assert '/bin/activate &&' in machine.of('colcon build')[0]


def test_a_copied_environment_or_one_of_another_python_is_made_again(clone, kept):
    root = clone('first')
    set_up_clone(root, kept)
    (root / '.venv/bin/activate').write_text('VIRTUAL_ENV=/elsewhere/.venv\n')
    assert len(set_up_clone(root, kept).of('-m venv')) == 1
    (root / '.venv/pyvenv.cfg').write_text('version = 3.9.1\n')
    assert len(set_up_clone(root, kept).of('-m venv')) == 1


def test_what_fails_on_one_side_stops_the_other(clone, kept):
    machine = Machine()
    machine.broken = 'pip wheel'
    with pytest.raises(SetUpError, match='pip wheel'):
        SetUp(clone('first'), machine, kept, has_ros=False).set_up_demo()
    assert 'stop' in machine.commands
    assert machine.of('prism_ros[robot]') == []


def test_what_tests_need_comes_on_top(clone, kept):
    machine = Machine()
    SetUp(clone('first'), machine, kept, has_ros=False).set_up_tests()
    (install,) = machine.commands
    assert 'prism_ros[data,train,ray,dev] torch==' in install


def test_this_machine_lacks_nothing():
    assert find_missing(has_ros=False) == ''


@pytest.mark.parametrize(
    ('change', 'has_ros', 'sentence'),
    [
        ((platform, 'machine', lambda: 'aarch64'), False, 'got linux on aarch64; source /opt/ros/'),
        ((platform, 'machine', lambda: 'aarch64'), True, ''),
        ((sys, 'version_info', (3, 14, 0)), False, 'expected .* Python 3.10 to 3.13, .* PYTHON='),
        ((sys, 'version_info', (3, 9, 1)), False, 'expected .* Python 3.10 to 3.13'),
        ((shutil, 'which', lambda name: None), True, 'lacks cc, c.., make, cmake; .* sudo apt'),
        ((set_up.sysconfig, 'get_path', lambda name: '/no'), False, 'lacks the headers of Python'),
        ((set_up.importlib.util, 'find_spec', lambda name: None), False, 'lacks the module venv'),
    ],
)
def test_what_a_machine_lacks_is_said_with_its_remedy(monkeypatch, change, has_ros, sentence):
    monkeypatch.setattr(*change)
    said = find_missing(has_ros)
    assert re.search(sentence, said) if sentence else said == ''


def test_a_machine_that_lacks_something_is_told_what_works_there(monkeypatch):
    monkeypatch.setattr(shutil, 'which', lambda name: None)
    with pytest.raises(SystemExit, match=r'lacks cc, .* `pip install .` and `prism plan` work'):
        set_up.main([])
