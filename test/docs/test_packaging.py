# SPDX-License-Identifier: Apache-2.0
"""What pip and colcon make of the project, in places of their own."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command, cwd, **environment):
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f'{done.stdout}\n{done.stderr}'
    return done.stdout


def without_ros():
    """The environment of a machine without ROS."""
    return {'PYTHONPATH': '', 'AMENT_PREFIX_PATH': '', 'CMAKE_PREFIX_PATH': ''}


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A copy of the project as a fresh clone has it, for builds leave files behind."""
    path = tmp_path_factory.mktemp('source') / 'prism'
    ignored = shutil.ignore_patterns('.*', 'build', 'install', 'log', '*.egg-info', '__pycache__')
    return shutil.copytree(ROOT, path, ignore=ignored)


@pytest.fixture(scope='module')
def wheel(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp('wheel')
    run(sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps', '-w', folder, source, cwd=folder)
    (path,) = folder.glob('prism_ros-*.whl')
    return path


def test_the_wheel_holds_both_packages_and_their_data(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        'prism_core/domains/mapping/words/objects.json',
        'prism_core/domains/mapping/words/free_requests.jsonl',
        'prism_core/domains/mapping/graphs/depot.json',
        'prism_core/domains/household/words/examples.jsonl',
        'prism_core/models/household/README.md',
        'prism_core/models/household/prism-household-q8_0.gguf',
        'prism_core/models/household/prism-household-q8_0.gguf.sha256',
        'prism_core/models/mapping/README.md',
        'prism_core/models/mapping/prism-nano-1m-q8_0.gguf',
        'prism_core/models/mapping/prism-nano-1m-q8_0.gguf.sha256',
        'prism_core/models/tabletop/README.md',
        'prism_core/models/tabletop/prism-tabletop-f16.gguf',
        'prism_core/models/tabletop/prism-tabletop-f16.gguf.sha256',
        'prism_ros/planner_node.py',
    ):
        assert name in names
    assert any(name.endswith('share/prism_ros/launch/planner.launch.py') for name in names)
    assert any(name.endswith('share/prism_ros/config/ros/planner.yaml') for name in names)
    assert not [name for name in names if name.startswith(('test/', 'prism_msgs/'))]


def test_an_installed_wheel_plans_without_ros_and_says_what_the_demo_needs(wheel, tmp_path):
    site = tmp_path / 'site'
    run(sys.executable, '-m', 'pip', 'install', '-q', '--no-deps', '-t', site, wheel, cwd=tmp_path)
    environment = without_ros() | {'PYTHONPATH': str(site)}
    prism = [sys.executable, '-m', 'prism_core.cli.main']
    printed = run(*prism, 'plan', '--request', 'inspect the truck', cwd=tmp_path, **environment)
    assert 'inspect(truck_1' in printed
    done = subprocess.run(
        [*prism, 'demo'],
        cwd=tmp_path,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert 'needs ROS 2 and a built prism_msgs' in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_first_lines_of_the_readme_plan_in_an_environment_of_their_own(source, tmp_path):
    environment = tmp_path / 'prism-venv'
    run(sys.executable, '-m', 'venv', environment, cwd=source, **without_ros())
    command = (
        f'. {environment}/bin/activate && pip install . && '
        "prism plan --request 'find a place to sit'"
    )
    printed = run('bash', '-c', command, cwd=source, **without_ros())
    assert 'answer("bench_2, seen from field_1.")' in printed
    assert 'source: symbolic' in printed


def test_no_extra_but_train_pulls_in_a_training_stack(wheel):
    (name,) = [n for n in zipfile.ZipFile(wheel).namelist() if n.endswith('.dist-info/METADATA')]
    metadata = zipfile.ZipFile(wheel).read(name).decode()
    requirements = re.findall(r'^Requires-Dist: (.*)$', metadata, re.MULTILINE)
    heavy = [r for r in requirements if re.match(r'(torch|transformers|peft|accelerate)\b', r)]
    assert heavy
    assert all('extra == "train"' in requirement for requirement in heavy)
    extras = set(re.findall(r'^Provides-Extra: (.*)$', metadata, re.MULTILINE))
    assert {'data', 'dev', 'robot', 'ros', 'train'} <= extras


def test_all_requirements_are_names_that_anybody_can_install(wheel):
    (name,) = [n for n in zipfile.ZipFile(wheel).namelist() if n.endswith('.dist-info/METADATA')]
    metadata = zipfile.ZipFile(wheel).read(name).decode()
    requirements = re.findall(r'^Requires-Dist: (.*)$', metadata, re.MULTILINE)
    assert len(requirements) > 30
    assert [r for r in requirements if '@' in r or '/' in r] == []


def test_all_packages_have_one_version():
    versions = {
        re.search('<version>(.*)</version>', (ROOT / path).read_text())[1]
        for path in ('package.xml', 'prism_msgs/package.xml')
    }
    versions |= set(re.findall(r"version='([^']+)'", (ROOT / 'setup.py').read_text()))
    assert len(versions) == 1


def test_colcon_finds_both_packages_in_the_root():
    listed = run('colcon', 'list', '--names-only', cwd=ROOT).split()
    assert sorted(listed) == ['prism_msgs', 'prism_ros']


def test_colcon_test_runs_the_tests_of_ros_and_the_quick_ones_of_the_core(tmp_path):
    paths = json.loads((ROOT / 'colcon.pkg').read_text('utf-8'))['pytest-args']
    assert 'test/ros' in paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
    colcon = [sys.executable, '-m', 'colcon', '--log-base', tmp_path / 'log']
    bases = ['--build-base', tmp_path / 'build', '--install-base', tmp_path / 'install']
    here = ['--packages-select', 'prism_ros', *bases]
    # No more than two of them, to be quick.
    names = 'test_a_file_with_a_second_name_elsewhere or test_longest_plan_and_text_that_can_travel'
    run(*colcon, 'build', *here, cwd=ROOT)
    run(*colcon, 'test', *here, '--pytest-args', ' -k', names, cwd=ROOT)
    written = (tmp_path / 'build' / 'prism_ros' / 'pytest.xml').read_text('utf-8')
    assert 'test.ros.test_graph_files' in written
    assert 'test.core.test_validation' in written
    counted = run(*colcon, 'test-result', '--test-result-base', tmp_path / 'build', cwd=ROOT)
    assert re.search('Summary: [23] tests, 0 errors, 0 failures', counted)  # 3 without `launch`


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_ordinary_workspace_builds_both_packages_and_runs_them(source, tmp_path):
    """As the README says: mkdir -p ws/src, two ln -s, cd ws && colcon build."""
    workspace = tmp_path / 'ws'
    (workspace / 'src').mkdir(parents=True)
    run('ln', '-s', source, workspace / 'src/prism', cwd=tmp_path)
    run('ln', '-s', 'prism/prism_msgs', workspace / 'src/prism_msgs', cwd=tmp_path)
    run('colcon', 'build', cwd=workspace)
    program = workspace / 'install/prism_ros/lib/prism_ros/prism'
    command = f'. install/local_setup.sh && {program} demo'
    printed = run('bash', '-c', command, cwd=workspace, PYTHONPATH='', ROS_DOMAIN_ID='')
    assert 'source: student' in printed
    assert 'forklift_1 is in warehouse_1.' in printed
