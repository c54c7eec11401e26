# SPDX-License-Identifier: Apache-2.0
"""docs/robot.md: a map from nothing, and what the page says of a robot, tried as far as it can be.

Its `prism` commands are run by test_pages. Those for a machine with ROS, systemd or root stand in
blocks of their own; each is run here, or by the test that is named.
"""

from __future__ import annotations

import ast
import configparser
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from geometry_msgs.msg import PointStamped
from rclpy.parameter import Parameter

from prism_core import parse_scene_graph, render_scene_graph, render_steps, validate_plan
from prism_core.domains.mapping import MAPPING_ACTIONS, make_symbolic_planner
from prism_core.graph.importing import import_graph
from prism_msgs.srv import GetPlan, GetSceneGraph, SaveSceneGraph
from prism_ros.launch_arguments import find_scene_graph

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs/robot.md').read_text('utf-8')
SITE = ROOT / 'examples/site'
UNIT = ROOT / 'config/systemd/prism.service'
COMMANDS = [
    line for block in re.findall(r'```sh\n(.*?)```', PAGE, re.DOTALL) for line in block.splitlines()
]
# Where a command is tried: the file, and the words that do it.
TRIED = {
    'rosdep install': ('test/docs/test_rosdep.py', "'src/prism_msgs').symlink_to("),
    '.ci/release_branch': ('test/docs/test_rosdep.py', "['.ci/release_branch', *words]"),
    'ros2 launch': ('test/docs/test_robot_page.py', 'def test_what_is_launched_'),
    'ros2 param set': ('test/docs/test_robot_page.py', 'def test_clicks_as_the_page_says_'),
    'ros2 service call /save': (
        'test/docs/test_robot_page.py',
        'def test_clicks_as_the_page_says_',
    ),
    'ros2 service call /plan': ('test/docs/test_robot_page.py', 'def test_the_map_of_the_page_is_'),
    'systemd-analyze verify': ('test/docs/test_robot_page.py', "['systemd-analyze', 'verify'"),
    'sudo ': ('test/docs/test_robot_page.py', 'def test_the_service_'),
    'journalctl ': ('test/docs/test_robot_page.py', 'def test_the_service_'),
    'python3 -m venv': ('test/docs/test_robot_page.py', 'def test_the_interpreter_of_the_engine_'),
    '/opt/prism/engine/bin/pip install': (
        'test/docs/test_robot_page.py',
        'def test_the_interpreter_of_the_engine_',
    ),
    'export PRISM_ENGINE_PYTHON': (
        'test/docs/test_robot_page.py',
        'def test_the_interpreter_of_the_engine_',
    ),
}


def commands(beginning: str) -> list[str]:
    return [command for command in COMMANDS if command.startswith(beginning)]


def test_every_command_of_the_page_is_tried_somewhere():
    assert len(COMMANDS) >= 15
    assert [c for c in COMMANDS if not any(c.startswith(start) for start in TRIED)] == []
    for beginning, (place, words) in TRIED.items():
        assert commands(beginning), f'the page has no {beginning}'
        assert words in (ROOT / place).read_text('utf-8')


def launch_arguments() -> dict[str, str]:
    tree = ast.parse((ROOT / 'launch/planner.launch.py').read_text('utf-8'))
    (table,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == 'ARGUMENTS'
    ]
    return {
        ast.literal_eval(key): ast.unparse(value) for key, value in zip(table.keys, table.values)
    }


def test_what_is_launched_has_such_arguments_and_the_graph_is_found(tmp_path):
    shutil.copytree(SITE, tmp_path / 'examples/site')
    (tmp_path / 'site.json').write_text('{"regions": []}')
    for command in commands('ros2 launch'):
        given = dict(word.split(':=') for word in shlex.split(command)[4:])
        assert set(given) <= set(launch_arguments())
        path, _ = find_scene_graph(given['scene_graph'], tmp_path)
        parse_scene_graph(Path(path).read_text('utf-8'))


# The map ------------------------------------------------------------------------------------


def test_the_waypoints_on_the_page_are_those_of_the_example():
    (shown,) = re.findall(r'```yaml\n(.*?)```', PAGE, re.DOTALL)
    lines = (SITE / 'waypoints.yaml').read_text('utf-8').splitlines()
    assert [line for line in shown.splitlines() if line not in lines] == []


def plan_on(graph, request: str) -> str:
    plan = make_symbolic_planner().plan(request, graph, [])
    assert validate_plan(plan, graph, MAPPING_ACTIONS).is_valid
    return render_steps(plan.actions)


def test_the_map_of_the_page_leads_where_the_building_lets_a_robot_through():
    graph, report = import_graph(SITE / 'waypoints.yaml')
    assert len(graph.nodes) == 10
    assert report.count('read', 'way over free floor') == 10
    way = graph.route('Empfang', 'loading dock 2')
    assert way == ['Empfang', 'Flur West', 'Flur Ost', 'loading dock 2']
    assert graph.viewpoints['HX-201'] == ('Kesselraum',)
    assert graph.reachable_regions('store') == {'store'}
    assert plan_on(graph, 'go to loading dock 2').startswith('goto("loading dock 2")')
    assert plan_on(graph, 'inspect the heat exchanger') == 'inspect(HX-201, "Describe it.")'
    assert "'store'" in make_symbolic_planner().plan('go to the store', graph, []).reasoning + str(
        make_symbolic_planner().plan('go to the store', graph, []).notes
    )


def test_a_narrower_robot_gets_into_the_store(tmp_path):
    shutil.copytree(SITE, tmp_path / 'site')
    path = tmp_path / 'site/waypoints.yaml'
    path.write_text(path.read_text('utf-8').replace('robot_radius: 0.3', 'robot_radius: 0.15'))
    graph, _ = import_graph(path)
    assert graph.is_reachable('Empfang', 'store')


def test_the_table_of_the_page_is_the_same_site():
    graph, _ = import_graph(SITE / 'places.csv')
    assert graph.route('Empfang', 'loading dock 2')[-1] == 'loading dock 2'
    assert plan_on(graph.at('Empfang'), 'inspect the heat exchanger') == (
        'inspect(HX-201, "Describe it.")'
    )


def test_the_map_of_the_page_is_served_and_planned_on(ros, tmp_path):
    path = tmp_path / 'site.json'
    path.write_text(render_scene_graph(import_graph(SITE / 'waypoints.yaml')[0]), 'utf-8')
    ros.start_graph(graph__file=str(path))
    planner = ros.start_planner(planner__order=['symbolic'])
    ros.spin_until(lambda: planner._mirror.graph is not None)
    (command,) = commands('ros2 service call /plan')
    asked = yaml.safe_load(shlex.split(command)[5])
    response = ros.call(GetPlan, 'plan', **asked)
    assert response.success, response.error_msg
    assert 'goto("loading dock 2")' in response.plan_text


def test_clicks_as_the_page_says_make_a_map_that_is_planned_on(ros, tmp_path):
    node = ros.start_graph(
        graph__file=str(SITE / 'empty.json'), graph__save_directory=str(tmp_path)
    )
    publisher = ros.node.create_publisher(PointStamped, 'clicked_point', 10)
    ros.spin_until(publisher.get_subscription_count)
    points = iter([(0.0, 0.0), (4.0, 0.0), (5.0, 1.0)])
    for count, command in enumerate(commands('ros2 param set'), start=1):
        _, _, _, name, parameter, value = shlex.split(command)
        assert name == '/prism_scene_graph'
        (done,) = node.set_parameters([Parameter(parameter, value=value)])
        assert done.successful, done.reason
        message = PointStamped()
        message.header.frame_id = 'map'
        message.point.x, message.point.y = next(points)
        publisher.publish(message)
        ros.spin_until(lambda count=count: count == len(served(ros).nodes))
    made = served(ros)
    assert list(made.regions) == ['Empfang', 'loading dock']
    assert list(made.objects) == ['loading dock_2']
    (command,) = commands('ros2 service call /save')
    saved = ros.call(SaveSceneGraph, 'save_scene_graph', **yaml.safe_load(shlex.split(command)[5]))
    assert saved.success, saved.error_msg
    graph = parse_scene_graph((tmp_path / 'site.json').read_text('utf-8'))
    assert plan_on(graph.at('Empfang'), 'go to the loading dock').startswith('goto("loading dock")')


def served(ros):
    return parse_scene_graph(ros.call(GetSceneGraph, 'get_scene_graph', as_json=True).json)


# The robot ----------------------------------------------------------------------------------


def test_the_interpreter_of_the_engine_gets_what_the_extra_names():
    (command,) = commands('/opt/prism/engine/bin/pip install')
    installed = set(shlex.split(command)[2:])
    text = (ROOT / 'setup.py').read_text('utf-8')
    (extra,) = re.findall(r"'robot': \[(.*?)\]", text, re.DOTALL)
    names = {re.split('[<>=]', name)[0] for name in re.findall(r"'(.*?)'", extra)}
    assert installed == names | {'networkx'}  # the core's own
    (venv,) = commands('python3 -m venv')
    (export,) = commands('export PRISM_ENGINE_PYTHON')
    assert export.split('=')[1] == f'{venv.split()[-1]}/bin/python'
    assert f'Environment={export.partition(" ")[2]}' in UNIT.read_text('utf-8')


def read_unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(UNIT.read_text('utf-8'))
    return parser


def test_the_service_launches_with_arguments_that_there_are_and_ends_them_all():
    service = read_unit()['Service']
    words = shlex.split(shlex.split(service['ExecStart'])[2])
    at = words.index('ros2')
    assert words[at - 1] == 'exec'  # so that the launch, not the shell, gets the signal
    assert words[at : at + 4] == ['ros2', 'launch', 'prism_ros', 'planner.launch.py']
    given = dict(word.split(':=') for word in words[at + 4 :])
    assert set(given) <= set(launch_arguments())
    assert given['state_directory'] == f'/var/lib/{service["StateDirectory"]}'
    assert (service['KillMode'], service['KillSignal']) == ('mixed', 'SIGINT')
    assert service['Restart'] == 'on-failure'
    for command in commands('sudo cp'):
        assert (ROOT / shlex.split(command)[2]).is_file()
    assert f'--now {UNIT.stem}' in PAGE
    assert f'--unit {UNIT.stem} ' in PAGE


@pytest.mark.skipif(shutil.which('systemd-analyze') is None, reason='systemd is not installed')
def test_systemd_takes_the_service(tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text('utf-8').replace('User=robot', 'User=root'))
    done = subprocess.run(['systemd-analyze', 'verify', str(unit)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, '')


def test_the_service_is_installed_with_the_package():
    assert "'share/prism_ros/config/systemd', glob('config/systemd/*')" in (
        ROOT / 'setup.py'
    ).read_text('utf-8')


def test_an_empty_graph_is_a_file_that_is_read():
    assert json.loads((SITE / 'empty.json').read_text('utf-8')) == {'regions': [], 'objects': []}
    graph, _ = import_graph(SITE / 'empty.json')
    assert not graph.nodes
