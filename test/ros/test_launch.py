# SPDX-License-Identifier: Apache-2.0
"""The launch file, described and started where the `launch` packages are installed."""

import importlib.util
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

if importlib.util.find_spec('launch_ros') is None:
    pytest.skip('needs launch and launch_ros, which are not on PyPI', allow_module_level=True)

LAUNCH_FILE = Path(__file__).parents[2] / 'launch' / 'planner.launch.py'


@pytest.fixture
def description():
    from launch.launch_description_sources import get_launch_description_from_python_launch_file

    return get_launch_description_from_python_launch_file(str(LAUNCH_FILE))


def test_every_argument_has_a_default_and_a_description(description):
    arguments = description.get_launch_arguments()
    names = {argument.name for argument in arguments}
    assert {'namespace', 'params_file', 'scene_graph', 'state_directory', 'log_level'} <= names
    for argument in arguments:
        assert argument.default_value is not None
        assert len(argument.description) > 10


def test_a_temporary_folder_for_the_graph_is_private_and_goes_with_the_launch():
    script = (
        'import os, runpy, stat, sys\n'
        'find_folder = runpy.run_path(sys.argv[1])["find_folder"]\n'
        'for folder in (find_folder("temporary"), find_folder("temporary")):\n'
        '    open(os.path.join(folder, "journal"), "w").close()\n'
        '    print(folder, oct(stat.S_IMODE(os.stat(folder).st_mode)))\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', script, str(LAUNCH_FILE)], capture_output=True, text=True, check=True
    )
    (first, mode), (second, _) = (line.split() for line in done.stdout.splitlines())
    assert (mode, first != second) == ('0o700', True)
    assert not Path(first).exists()
    assert not Path(second).exists()


def test_a_folder_for_the_graph_that_is_named_stays(tmp_path):
    find_folder = runpy.run_path(str(LAUNCH_FILE))['find_folder']
    assert find_folder(str(tmp_path)) == str(tmp_path)
    assert find_folder('~/graphs') == str(Path.home() / 'graphs')
    assert find_folder('') == ''


def test_two_robots_start_in_two_namespaces_and_plan(ros):
    from prism_msgs.srv import GetPlan

    command = ['ros2', 'launch', str(LAUNCH_FILE), 'executor:=false']
    environment = os.environ | {'ROS_DOMAIN_ID': str(ros.domain)}
    robots = [
        subprocess.Popen(
            [*command, f'namespace:={name}', 'robot_location:=field_2'], env=environment
        )
        for name in ('robot1', 'robot2')
    ]
    try:
        for name in ('robot1', 'robot2'):
            assert ros.node.create_client(GetPlan, f'{name}/plan').wait_for_service(60)
            end_s = time.monotonic() + 20
            text = ''
            while not text and time.monotonic() < end_s:
                response = ros.call(GetPlan, f'{name}/plan', task='inspect the truck')
                text = response.plan_text
            assert text.startswith('1. inspect(truck_1')
    finally:
        for robot in robots:
            robot.send_signal(signal.SIGINT)
        assert [robot.wait(20) for robot in robots] == [0, 0]


@pytest.fixture
def launched(ros, tmp_path):
    """The launch file in a process of its own, both nodes ready, and all processes below it."""
    log = tmp_path / 'log'
    environment = os.environ | {'ROS_DOMAIN_ID': str(ros.domain)}
    with log.open('w') as output:
        launch = subprocess.Popen(
            ['ros2', 'launch', str(LAUNCH_FILE)], env=environment, stdout=output, stderr=output
        )
    below: list[psutil.Process] = []
    try:
        end_s = time.monotonic() + 90
        while log.read_text().count(' ready: ') < 2:
            assert time.monotonic() < end_s, log.read_text()
            time.sleep(0.1)
        below += psutil.Process(launch.pid).children(recursive=True)
        yield launch, below
    finally:
        ros.is_haunted = True
        if launch.poll() is None:
            below += psutil.Process(launch.pid).children(recursive=True)
            launch.kill()
        for process in below:
            if process.is_running():
                process.kill()
        launch.wait()


@pytest.mark.parametrize('signal_name', ['SIGINT', 'SIGTERM', 'SIGKILL'])
def test_however_the_launch_ends_nodes_and_engine_end_with_it(launched, signal_name):
    launch, below = launched
    assert len(below) >= 3  # two nodes and the engine
    launch.send_signal(getattr(signal, signal_name))
    _, alive = psutil.wait_procs(below, timeout=30)
    assert [process.cmdline() for process in alive] == []
    expected = 0 if signal_name == 'SIGINT' else -getattr(signal, signal_name)
    assert launch.wait(30) == expected


def test_an_engine_ends_with_its_node_that_is_killed(launched):
    _, below = launched
    (planner,) = [p for p in below if any('prism_planner' in word for word in p.cmdline()[:2])]
    engine = planner.children()
    assert engine
    planner.kill()
    _, alive = psutil.wait_procs(engine, timeout=20)
    assert alive == []
