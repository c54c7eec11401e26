# SPDX-License-Identifier: Apache-2.0
"""Every command of the README is run: by itself, or on real nodes as the `ros2` command line does.

The `ros2` command line is no part of what the project installs. Where it is on the path, its lines
are run verbatim as well.
"""

import importlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import DescribeParameters, ListParameters
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy

from prism_msgs.msg import PlanErrorCode, SceneGraph
from prism_ros.executor_node import ExecutorNode
from prism_ros.mock_skills_node import MockSkillsNode

ROOT = Path(__file__).parents[2]
README = (ROOT / 'README.md').read_text()
COMMANDS = [
    line.split('  #')[0].strip()
    for block in re.findall(r'```bash\n(.*?)```', README, re.DOTALL)
    for line in block.splitlines()
    if line.strip() and not line.startswith('#')
]
# Run where the set-up itself is the subject: the file, and the words by which it runs the command.
ELSEWHERE = {
    'python3 -m venv ~/prism-venv': (
        'test/docs/test_packaging.py',
        "run(sys.executable, '-m', 'venv', environment",
    ),
    '. ~/prism-venv/bin/activate': (
        'test/docs/test_packaging.py',
        '. {environment}/bin/activate &&',
    ),
    'pip install .': ('test/docs/test_packaging.py', '&& pip install . &&'),
    'make demo': ('.ci/run', 'make demo\n'),
    'make test': ('.ci/run', 'make test\n'),
    'colcon build': ('prism_ros/set_up.py', 'python -m colcon {build}'),
    '. install/local_setup.sh': ('Makefile', '. install/local_setup.sh &&'),
    'mkdir -p ws/src': ('test/docs/test_packaging.py', "(workspace / 'src').mkdir(parents=True)"),
    'ln -s /path/to/prism ws/src/prism': (
        'test/docs/test_packaging.py',
        "run('ln', '-s', source, workspace / 'src/prism'",
    ),
    'ln -s prism/prism_msgs ws/src/prism_msgs': (
        'test/docs/test_packaging.py',
        "run('ln', '-s', 'prism/prism_msgs', workspace / 'src/prism_msgs'",
    ),
    'cd ws && colcon build': (
        'test/docs/test_packaging.py',
        "run('colcon', 'build', cwd=workspace)",
    ),
}
PRISM = [c for c in COMMANDS if c.startswith('prism ')]
ROS2 = [c for c in COMMANDS if c.startswith('ros2 ')]


def test_every_command_of_the_readme_is_run_somewhere():
    assert len(PRISM) >= 4
    assert len(ROS2) >= 10
    assert set(COMMANDS) - set(PRISM) - set(ROS2) == set(ELSEWHERE)
    for command, (place, words) in ELSEWHERE.items():
        assert words in (ROOT / place).read_text(), f'{place} does not run: {command}'


@pytest.mark.parametrize('command', PRISM)
def test_the_prism_command_line_does_what_the_readme_says(command, tmp_path):
    command = command.replace('--out ', f'--out {tmp_path}/')
    done = subprocess.run(
        [sys.executable, '-m', 'prism_core.cli.main', *shlex.split(command)[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 10
    if '.png' in command:
        assert (tmp_path / 'depot.png').read_bytes().startswith(b'\x89PNG')
    elif 'import-graph' in command:
        assert json.loads((tmp_path / 'site.json').read_text('utf-8'))['regions']
    elif '--out' in command:
        (folder,) = tmp_path.iterdir()
        if 'evaluate' in command:
            tasks = json.loads((folder / 'report.json').read_text('utf-8'))['success']['tasks']
            assert tasks == 14 if 'depot.json' in command else tasks > 50
        else:
            card = folder / ('gguf/README.md' if 'distill' in command else 'README.md')
            assert '# ' in card.read_text('utf-8')


def test_the_python_example_of_the_readme_runs():
    (code,) = re.findall(r'```python\n(.*?)```', README, re.DOTALL)
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True)
    assert 'inspect(truck_1, "Describe it.") True' in done.stdout


def test_every_file_that_the_readme_links_to_exists():
    links = re.findall(r'\]\(([^)#]+)\)', README)
    assert len(links) > 8
    assert [link for link in links if '://' not in link and not (ROOT / link).exists()] == []


# The ros2 lines on real nodes ---------------------------------------------------------------


@pytest.fixture
def robot(ros):
    ros.start_graph()
    planner = ros.start_planner()
    ros.start(MockSkillsNode)
    executor = ros.start(ExecutorNode)
    for node in (planner, executor):
        ros.spin_until(lambda node=node: node._mirror.graph is not None)
    return ros


def find_interface(name: str):
    package, kind, interface = name.split('/')
    return getattr(importlib.import_module(f'{package}.{kind}'), interface)


def fill(message, fields: dict):
    for name, value in fields.items():
        if isinstance(value, dict):
            fill(getattr(message, name), value)
        else:
            setattr(message, name, value)
    return message


def call_service(ros, name, kind, fields):
    service = find_interface(kind)
    response = ros.call(service, name, fill(service.Request(), yaml.safe_load(fields)))
    assert response.error_code == PlanErrorCode.NONE, response.error_msg


def send_goal(ros, _feedback, name, kind, fields):
    action = find_interface(kind)
    goal = fill(action.Goal(), yaml.safe_load(fields))
    result = ros.send_goal(action, name, goal).get_result_async()
    ros.spin_until(result.done)
    assert result.result().result.error_code == PlanErrorCode.NONE


def launch(ros, package, file):
    source = (ROOT / 'launch' / file).read_text()
    assert package in source
    share = ROOT / 'install' / package / 'share' / package / 'launch' / file
    assert share.read_text() == source


def run_executable(ros, package, executable, *arguments):
    done = subprocess.run(
        [ROOT / 'install' / package / 'lib' / package / executable, *arguments],
        env=os.environ | {'ROS_DOMAIN_ID': str(ros.domain)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert 'goto(warehouse_1)' in done.stdout


def echo_topic(ros, *arguments):
    assert arguments[:3] == ('--once', '--qos-durability', 'transient_local')
    qos = QoSProfile(
        depth=10,
        reliability=QoSReliabilityPolicy.BEST_EFFORT,
        durability=QoSDurabilityPolicy.TRANSIENT_LOCAL,
    )
    messages = ros.collect(SceneGraph, arguments[3], qos)
    ros.spin_until(lambda: messages)


def list_parameters(ros):
    names = ros.call(ListParameters, 'prism_planner/list_parameters').result.names
    assert 'planner.timeout_s' in names


def describe_parameter(ros, node, name):
    response = ros.call(DescribeParameters, f'{node}/describe_parameters', names=[name])
    assert response.descriptors[0].description


def get_state(ros, node):
    assert ros.call(GetState, f'{node}/get_state').current_state.label == 'active'


def set_state(ros, node, label):
    if label == 'activate':
        assert ros.change_state(node, 'deactivate')
    assert ros.change_state(node, label)


VERBS = {
    ('service', 'call'): call_service,
    ('action', 'send_goal'): send_goal,
    ('topic', 'echo'): echo_topic,
    ('param', 'list'): list_parameters,
    ('param', 'describe'): describe_parameter,
    ('lifecycle', 'get'): get_state,
    ('lifecycle', 'set'): set_state,
}


@pytest.mark.parametrize('command', ROS2)
def test_what_the_ros2_command_line_would_ask_for_is_there(robot, command):
    _, *words = shlex.split(command)
    if words[0] in ('launch', 'run'):
        {'launch': launch, 'run': run_executable}[words[0]](robot, *words[1:])
    else:
        VERBS[words[0], words[1]](robot, *words[2:])


@pytest.mark.skipif(shutil.which('ros2') is None, reason='needs the ros2 command line')
def test_the_ros2_lines_run_verbatim(ros, tmp_path):
    environment = os.environ | {'ROS_DOMAIN_ID': str(ros.domain)}
    first, *others = ROS2
    with open(tmp_path / 'log', 'w') as log:
        launched = subprocess.Popen(shlex.split(first), env=environment, stdout=log, stderr=log)
        try:
            ros.spin_until(lambda: len(ros.node.get_node_names()) >= 3, timeout_s=30)
            time.sleep(3)
            for command in others:
                with open(tmp_path / 'printed', 'w+') as printed:
                    running = subprocess.Popen(
                        shlex.split(command), env=environment, stdout=printed, stderr=printed
                    )
                    # Spinning, for `ros2 param list` asks the test's own node as well.
                    ros.spin_until(lambda: running.poll() is not None, timeout_s=60)  # noqa: B023
                    printed.seek(0)
                    assert running.returncode == 0, f'{command}: {printed.read()}'
                    assert printed.read().strip(), command
        finally:
            launched.send_signal(signal.SIGINT)
            launched.wait(20)
            subprocess.run(['ros2', 'daemon', 'stop'], env=environment, capture_output=True)
