# SPDX-License-Identifier: Apache-2.0
"""The nodes as a user runs them: processes of their own, the command line, kill -9."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rcl_interfaces.srv import GetParameters

from prism_core.domains.mapping import GRAPHS
from prism_msgs.srv import GetPlan
from prism_ros.errors import CODE_NAMES
from prism_ros.processes import node_process

from ..faults import recovery

TASK = 'inspect the forklift'
MAX_VIRTUAL_KIB = 8 * 1024 * 1024
BY_SEARCH = {'planner.order': "['symbolic']"}


@pytest.fixture
def log(tmp_path):
    with open(tmp_path / 'log', 'w+') as file:
        yield file


def call_until(ros, is_answer, kind, name, request, timeout_s=10.0, wait_s=1.0):
    """Call a service over processes that start and die; the response that is an answer.

    A process that has just come up may answer before it knows the client: that reply is lost.
    """
    client = ros.node.create_client(kind, name)
    started_s = time.monotonic()
    while time.monotonic() - started_s < timeout_s:
        future = client.call_async(request)
        end_s = time.monotonic() + wait_s
        while not future.done() and time.monotonic() < end_s:
            ros._executor.spin_once(timeout_sec=0.05)
        if future.done() and is_answer(future.result()):
            return future.result()
        client.remove_pending_request(future)
    raise AssertionError(f"no answer of '{name}' within {timeout_s} s")


def ask_until_answered(ros, wait_s=0.3):
    """Ask until a plan comes; the seconds it took."""
    started_s = time.monotonic()
    request = GetPlan.Request(task=TASK)
    call_until(ros, lambda response: response.success, GetPlan, 'plan', request, wait_s=wait_s)
    return time.monotonic() - started_s


def prism(ros, *arguments):
    return subprocess.run(
        [sys.executable, '-m', 'prism_core.cli.main', *arguments],
        env=os.environ | {'ROS_DOMAIN_ID': str(ros.domain)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_planner_that_was_killed_plans_again_once_it_is_restarted(ros, log):
    with node_process('scene_graph_node', ros.domain, log):
        with node_process('planner_node', ros.domain, log, BY_SEARCH) as planner:
            ask_until_answered(ros)
            ros.kill(planner)
        with (
            recovery('process: the planner is killed') as fault,
            node_process('planner_node', ros.domain, log, BY_SEARCH),
        ):
            assert ask_until_answered(ros) < 5.0
            fault.says('NONE')


def test_a_graph_node_that_was_killed_is_followed_again_once_it_is_restarted(ros, log):
    with node_process('planner_node', ros.domain, log, BY_SEARCH):
        with node_process('scene_graph_node', ros.domain, log) as graph:
            ask_until_answered(ros)
            ros.kill(graph)
        parameters = {'graph.robot_location': 'field_2'}
        with (
            recovery('process: the owner of the graph is killed and kept nothing') as fault,
            node_process('scene_graph_node', ros.domain, log, parameters),
        ):
            end_s = time.monotonic() + 10
            text = ''
            while not text.startswith('1. answer(') and time.monotonic() < end_s:
                response = ros.call(GetPlan, 'plan', task='go to field_2')
                text = response.plan_text
            fault.says(CODE_NAMES[response.error_code])
            assert text == '1. answer("I am at field_2.")'


@pytest.mark.parametrize('end', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('module', ['scene_graph_node', 'planner_node'])
def test_a_node_that_is_told_to_end_ends_cleanly(ros, log, module, end):
    with node_process(module, ros.domain, log) as process:
        ros.spin_until(lambda: module.replace('_node', '') in ' '.join(ros.node.get_node_names()))
        time.sleep(0.3)
        process.send_signal(end)
        assert process.wait(10) == 0
    log.seek(0)
    assert 'Traceback' not in log.read()


def test_the_nodes_reserve_no_memory_for_the_largest_message_there_could_be(ros, log):
    """Fast DDS does so for bounded sequences: 67 GB of addresses, and seconds to start."""
    with node_process('planner_node', ros.domain, log, BY_SEARCH) as process:
        ros.spin_until(lambda: 'prism_planner' in ros.node.get_node_names())
        status = Path(f'/proc/{process.pid}/status').read_text()
    (virtual_kib,) = [int(x.split()[1]) for x in status.splitlines() if x.startswith('VmSize')]
    assert virtual_kib < MAX_VIRTUAL_KIB


def test_a_client_that_dies_in_the_middle_of_a_call_does_no_harm(ros, log, tmp_path, monkeypatch):
    shutil.copy(Path(__file__).with_name('planners.py'), tmp_path / 'slow_planners.py')
    monkeypatch.setenv('PYTHONPATH', f'{tmp_path}:{os.environ["PYTHONPATH"]}')
    parameters = {
        'planner.order': "['slow_planners:Slow']",
        'planner.allow_import_paths': 'true',
    }
    with (
        node_process('scene_graph_node', ros.domain, log),
        node_process('planner_node', ros.domain, log, parameters),
    ):
        ask_until_answered(ros, wait_s=1.0)
        client = subprocess.Popen(
            [sys.executable, '-m', 'prism_core.cli.main', 'ask', TASK],
            env=os.environ | {'ROS_DOMAIN_ID': str(ros.domain)},
        )
        time.sleep(0.4)
        with recovery('process: a client is killed in the middle of a call') as fault:
            ros.kill(client)
            ask_until_answered(ros, wait_s=1.0)
            fault.says('NONE')


class TestAsk:
    def test_it_prints_the_plan_with_source_and_latency(self, ros):
        ros.start_graph()
        planner = ros.start_planner()
        ros.spin_until(lambda: planner._mirror.graph is not None)
        done = prism(ros, 'ask', TASK, '--planner', 'symbolic')
        assert done.returncode == 0
        assert 'inspect(forklift_1, "Describe it.")' in done.stdout
        assert 'source: symbolic' in done.stdout
        assert 'latency: ' in done.stdout

    def test_what_a_plan_warns_of_is_said(self, ros):
        ros.start_graph()
        planner = ros.start_planner(planner__order=['symbolic'])
        ros.spin_until(lambda: planner._mirror.graph is not None)
        first = planner._mirror.epoch
        for label in ('deactivate', 'cleanup', 'configure', 'activate'):
            assert ros.change_state('prism_scene_graph', label)
        ros.spin_until(lambda: planner._mirror.epoch != first)
        done = prism(ros, 'ask', TASK)
        assert done.returncode == 0
        said = ' '.join(done.stdout.split())
        assert 'the owner of the scene graph began anew and lost what it knew' in said

    @pytest.mark.parametrize(
        ('arguments', 'words'),
        [
            ([''], ['task is empty', 'INVALID_REQUEST 12003']),
            ([TASK, '--planner', 'oracle'], ["'oracle'", 'UNKNOWN_PLANNER']),
            ([TASK, '--location', 'mars'], ["'mars'", 'UNKNOWN_LOCATION']),
            ([TASK, '--namespace', 'robot9', '--timeout', '1'], ['nobody serves', '/robot9/plan']),
        ],
    )
    def test_a_refusal_is_one_line_and_exit_status_one(self, ros, arguments, words):
        ros.start_graph()
        ros.start_planner()
        done = prism(ros, 'ask', *arguments)
        assert done.returncode == 1
        assert done.stderr.startswith('Error: ')
        assert done.stderr.count('\n') == 1
        for word in words:
            assert word in done.stderr


class TestDemo:
    def test_it_ends_with_a_plan_that_came_over_dds_and_a_map(self, ros):
        done = prism(ros, 'demo')
        assert done.returncode == 0, done.stderr
        assert 'forklift_1 is in warehouse_1.' in done.stdout
        assert '13 regions, 14 objects' in done.stdout
        assert 'source: student' in done.stdout

    def test_it_leaves_no_process_behind(self, ros):
        prism(ros, 'demo')
        mark = f'ROS_DOMAIN_ID={ros.domain}\0'.encode()
        alive = []
        for process in Path('/proc').glob('[0-9]*'):
            with contextlib.suppress(OSError):  # one that has just ended
                if mark in (process / 'environ').read_bytes():
                    alive.append((process / 'cmdline').read_bytes())
        assert [command for command in alive if b'prism_ros' in command] == []

    @pytest.mark.parametrize(
        ('arguments', 'words'),
        [
            (['--request', ' '], ['the request is empty']),
            (['--graph', '/nowhere.json'], ['/nowhere.json', 'No such file']),
            (['--graph', str(GRAPHS)], ['cannot read']),
            (['--graph', 'README.md'], ['README.md', 'not valid JSON']),
        ],
    )
    def test_what_is_wrong_is_said_in_one_line(self, ros, arguments, words):
        done = prism(ros, 'demo', *arguments)
        assert done.returncode == 1
        assert done.stderr.count('\n') == 1
        for word in words:
            assert word in done.stderr


def test_the_benchmark_runs_every_step(ros):
    done = prism(ros, 'bench', 'graph', '--sizes', '30,90', '--repeats', '2')
    assert done.returncode == 0, done.stderr
    for step in ('load', 'validate', 'delta', 'JSON', 'message', 'publish', 'receive', '/plan'):
        assert step in done.stdout


def test_plans_of_the_student_are_timed_through_the_service_and_the_library(ros):
    done = prism(ros, 'bench', 'plan', '--plans', '3')
    assert done.returncode == 0, done.stderr
    for words in ('first plan', 'replan', 'library', '/plan', 'no valid plan'):
        assert words in done.stdout


@pytest.mark.parametrize('namespace', ['/', '/fleet/robot1'])
def test_the_parameter_file_holds_in_any_namespace(ros, log, tmp_path, namespace):
    defaults = Path('config/ros/planner.yaml').read_text()
    changed = tmp_path / 'planner.yaml'
    changed.write_text(defaults.replace('planner.timeout_s: 30.0', 'planner.timeout_s: 7.5'))
    arguments = ('-r', f'__ns:={namespace}', '--params-file', str(changed))
    with node_process('planner_node', ros.domain, log, arguments=arguments):
        name = f'{namespace.rstrip("/")}/prism_planner/get_parameters'
        request = GetParameters.Request(names=['planner.timeout_s'])
        response = call_until(ros, lambda response: response.values, GetParameters, name, request)
    assert response.values[0].double_value == 7.5
