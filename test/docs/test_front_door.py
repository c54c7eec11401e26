# SPDX-License-Identifier: Apache-2.0
"""What the nodes and the launch files see of prism_core, and what it costs to import."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import prism_core

from .sources import ROOT, ROS, imports_of

# What prism_ros may import beside the public names.
PUBLIC_MODULES = {
    'prism_core.bench.machine',
    'prism_core.bench.missions',
    'prism_core.episode.planner_progress',
    'prism_core.files',
    'prism_core.graph.frames',
    'prism_core.graph.localising',
    'prism_core.graph.poses',
    'prism_core.graph.sightings',
    'prism_core.graph.staleness',
    'prism_core.inference.adapted',
    'prism_core.inference.breaker',
    'prism_core.inference.cascade',
    'prism_core.inference.kept_plan',
    'prism_core.inference.planning_domain',
    'prism_core.inference.self_check',
    'prism_core.mcap_file',
    'prism_core.mission',
    'prism_core.pictures.episode_trail',
    'prism_core.pictures.terminal',
    'prism_core.watch',
}


@pytest.mark.parametrize('path', ROS.values(), ids=ROS)
def test_prism_ros_imports_public_names_of_prism_core_only(path):
    assert [
        f'{path}:{found.line}: {found.module} {found.name or ""}'
        for found in imports_of(path)
        if found.package == 'prism_core'
        and found.module not in PUBLIC_MODULES
        and not (found.module == 'prism_core' and found.name in prism_core.__all__)
    ] == []


@pytest.mark.parametrize('path', sorted((ROOT / 'launch').glob('*.py')), ids=lambda path: path.stem)
def test_launch_files_import_nothing_of_ours_but_what_their_arguments_mean(path):
    ours = {found.module for found in imports_of(path) if found.module.startswith('prism')}
    assert ours <= {'prism_ros.launch_arguments'}


def test_what_launch_arguments_mean_is_known_without_ros():
    packages = {found.package for found in imports_of(ROS['launch_arguments'])}
    assert packages <= sys.stdlib_module_names | {'prism_core'}


def test_a_robots_set_up_can_be_checked_without_ros():
    todo, seen = ['check_commands'], set()
    while todo:
        module = todo.pop()
        seen.add(module)
        for found in imports_of(ROS[module]):
            needs_ros = module == 'doctor' and found.is_late  # it looks first whether ROS is there
            if found.package == 'prism_ros' and not needs_ros:
                todo += {found.module.removeprefix('prism_ros.')} - seen
            elif not needs_ros:
                known = {'click', 'prism_core', 'prism_ros', 'yaml'}
                assert found.package in sys.stdlib_module_names | known, f'{module}: {found}'
    assert {'doctor', 'parameter_file', 'parameter_checks', 'parameters', 'ros_yaml'} <= seen


FRESH_IMPORT = """
import json, sys, time
started = time.process_time()
import prism_core
print(json.dumps([time.process_time() - started, sorted(sys.modules)]))
"""


def test_importing_prism_core_is_quick_and_loads_nothing_heavy():
    times_s = []
    compiled = {k: v for k, v in os.environ.items() if k != 'PYTHONDONTWRITEBYTECODE'}
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, '-c', FRESH_IMPORT],
            cwd=ROOT,
            env=compiled,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        time_s, modules = json.loads(done.stdout)
        times_s.append(time_s)
    heavy = {
        *('click', 'llama_cpp', 'matplotlib', 'networkx', 'numpy', 'openai', 'plotext'),
        *('prism_msgs', 'prism_ros', 'rclpy', 'rich', 'torch', 'transformers', 'urllib.request'),
    }
    assert not heavy & set(modules)
    assert min(times_s) < 0.3
