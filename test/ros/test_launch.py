"""The launch file, described and started where the `launch` packages are installed."""

import importlib.util
import os
import signal
import subprocess
import time
from pathlib import Path

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
    assert {'namespace', 'params_file', 'scene_graph', 'autostart', 'log_level'} <= names
    for argument in arguments:
        assert argument.default_value is not None
        assert len(argument.description) > 10


def test_two_robots_start_in_two_namespaces_and_plan(ros):
    from prism_msgs.srv import GetPlan

    command = ['ros2', 'launch', str(LAUNCH_FILE)]
    environment = os.environ | {'ROS_DOMAIN_ID': str(ros.domain)}
    robots = [
        subprocess.Popen(
            [*command, f'namespace:={name}', 'robot_location:=field_2'], env=environment
        )
        for name in ('robot1', 'robot2')
    ]
    try:
        for name in ('robot1', 'robot2'):
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
