# SPDX-License-Identifier: Apache-2.0
"""Parameters that were given wrong at the start: a sentence each, and a node that stays up."""

import math
import signal
import time

import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

from prism_msgs.msg import PlanErrorCode
from prism_msgs.srv import ApproveStep, GetPlan, GetSceneGraph
from prism_ros.executor_node import ExecutorNode
from prism_ros.parameters import (
    EXECUTOR_PARAMETERS,
    PLANNER_PARAMETERS,
    ROS_PARAMETERS,
    SCENE_GRAPH_PARAMETERS,
)
from prism_ros.planner_node import PlannerNode
from prism_ros.processes import node_process
from prism_ros.scene_graph_node import SceneGraphNode

from ..faults import recovery
from .asking import TASK
from .checks import assert_refused

NODES = {
    'prism_scene_graph': (SceneGraphNode, SCENE_GRAPH_PARAMETERS, GetSceneGraph, 'get_scene_graph'),
    'prism_planner': (PlannerNode, PLANNER_PARAMETERS, GetPlan, 'plan'),
    'prism_executor': (ExecutorNode, EXECUTOR_PARAMETERS, ApproveStep, 'approve_step'),
}
OTHER_TYPES = (True, 3, 2.5, 'maybe', [b'x'], [True], [3], [2.5], ['a'])


def other_type(spec, index):
    """A value of another type than the parameter takes, one after the other."""
    taken = {(int, float), (type(spec.default),) * 2}
    fitting = [v for v in OTHER_TYPES if (type(v), type(spec.default)) not in taken]
    if isinstance(spec.default, list):
        fitting += [v for v in OTHER_TYPES[4:] if type(v[0]) is not type(spec.default[0])]
        fitting = [v for v in fitting if v != [3] or not isinstance(spec.default[0], float)]
    return fitting[index % len(fitting)]


# A way to give parameters wrong: those that it fits, and the value for each.
WAYS = {
    **{
        f'another type {i}': (lambda spec: True, lambda spec, i=i: other_type(spec, i))
        for i in range(len(OTHER_TYPES))
    },
    'too low': (lambda spec: spec.range, lambda spec: type(spec.default)(spec.range[0] - 1)),
    'too high': (lambda spec: spec.range, lambda spec: type(spec.default)(spec.range[1] + 1)),
    'another text': (lambda spec: spec.choices, lambda spec: 'other'),
    'far too high': (lambda spec: isinstance(spec.default, float), lambda spec: 2**63 - 1),
    'an empty list': (lambda spec: True, lambda spec: None),
    'an empty list of a type': (lambda spec: isinstance(spec.default, list), lambda spec: []),
    'nan': (lambda spec: True, lambda spec: math.nan),
    'inf': (lambda spec: True, lambda spec: math.inf),
    'nan in a list': (lambda spec: spec.default == [1.0], lambda spec: [1.0, math.nan]),
}


def given_wrong(name, way):
    """A value for each parameter of the node that can be given wrong in this way."""
    fits, value_of = WAYS[way]
    specs = (*NODES[name][1], *ROS_PARAMETERS)
    return {spec.name: value_of(spec) for spec in specs if fits(spec)}


@pytest.mark.parametrize(
    ('name', 'way'), [(name, way) for name in NODES for way in WAYS if given_wrong(name, way)]
)
def test_each_parameter_that_was_given_wrong_is_said_once_and_the_node_stays_up(
    ros, capfd, name, way
):
    kind, table, service, service_name = NODES[name]
    wrong = given_wrong(name, way)
    node = ros.start(kind, **wrong)
    state = ros.state(name)
    assert state == 'unconfigured'
    for spec in table:
        assert node.get_parameter(spec.name).value == spec.default
    response = ros.call(service, service_name, **({'task': TASK} if service is GetPlan else {}))
    assert_refused(response, PlanErrorCode.NODE_INACTIVE, 'is not configured', min(wrong))
    log = capfd.readouterr().err
    assert 'Traceback' not in log
    errors = [line for line in log.splitlines() if 'ERROR' in line]
    for parameter in wrong:
        (line,) = [line for line in errors if f' {parameter}: ' in line]
        assert ': expected ' in line
        assert ', got ' in line
        assert line.endswith('; set it in the parameter file, at launch or on the command line')
    assert len(errors) == len(wrong)


@pytest.mark.parametrize('name', NODES)
def test_each_name_that_is_misspelt_is_said_once_and_the_node_works(ros, capfd, name):
    kind, table, *_ = NODES[name]
    misspelt = {spec.name[:-2] + spec.name[-1]: spec for spec in table}
    ros.start(kind, **{wrong: spec.default for wrong, spec in misspelt.items()})
    assert ros.state(name) == 'active'
    warnings = [line for line in capfd.readouterr().err.splitlines() if 'WARN' in line]
    assert len(warnings) == len(misspelt)
    for wrong, spec in misspelt.items():
        (line,) = [line for line in warnings if f"'{wrong}'" in line]
        assert f'the closest is {spec.name};' in line


def test_what_was_given_wrong_is_set_right_by_a_call(ros):
    ros.start_planner(planner__timeout_s=9999.0, graph__max_nodes='many')
    with recovery('node: parameters that are given wrong') as fault:
        response = ros.call(GetPlan, 'plan', task=TASK)
        fault.says(assert_refused(response, PlanErrorCode.NODE_INACTIVE))
        mend(ros)
    assert ros.change_state('prism_planner', 'activate')


def mend(ros) -> None:
    assert not ros.change_state('prism_planner', 'configure')
    for name, value in (('planner.timeout_s', 12), ('graph.max_nodes', 50)):
        assert not ros.change_state('prism_planner', 'configure')
        message = Parameter(name, value=value).to_parameter_msg()
        service = 'prism_planner/set_parameters'
        assert ros.call(SetParameters, service, parameters=[message]).results[0].successful
    assert ros.change_state('prism_planner', 'configure')


def test_a_whole_number_is_a_number(ros):
    node = ros.start_planner(planner__timeout_s=12, planner__shares=[1, 2])
    assert ros.state('prism_planner') == 'active'
    assert repr(node.get_parameter('planner.timeout_s').value) == '12.0'
    assert repr(list(node.get_parameter('planner.shares').value)) == '[1.0, 2.0]'


def test_why_a_configuration_failed_is_told_to_who_asks(ros):
    ros.start_planner(planner__order=['nobody'])
    response = ros.call(GetPlan, 'plan', task=TASK)
    assert_refused(
        response, PlanErrorCode.NODE_INACTIVE, "unknown planner 'nobody'", 'lifecycle set'
    )


# As processes -----------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path):
    with open(tmp_path / 'log', 'w+') as file:
        yield file


def lines_of(log):
    log.seek(0)
    return log.read().splitlines()


@pytest.mark.parametrize(
    ('parameters', 'state', 'sentence'),
    [
        ({'planner.timeout_s': '9999.0'}, 'unconfigured', 'planner.timeout_s: expected a number'),
        ({'planner.timeout_s': "'12.0'"}, 'unconfigured', "got the text '12.0'"),
        ({'planner.order': '[]'}, 'unconfigured', 'planner.order: expected a list of at least one'),
        ({'use_sim_time': 'maybe'}, 'unconfigured', 'use_sim_time: expected true or false, got'),
        ({'planner.timout_s': '3.0'}, 'active', 'the closest is planner.timeout_s'),
        ({'planner.timeout_s': '12'}, 'active', None),
    ],
)
def test_a_process_says_it_once_and_stays_up(ros, log, parameters, state, sentence):
    with node_process('planner_node', ros.domain, log, parameters) as process:
        assert ros.state('prism_planner') == state
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    lines = [line for line in lines_of(log) if 'WARN' in line or 'ERROR' in line]
    assert len(lines) == (sentence is not None)
    assert sentence is None or sentence in lines[0]
    assert not any('Traceback' in line for line in lines_of(log))


def test_a_parameter_file_is_read_as_ros_reads_it(ros, log, tmp_path):
    """For all nodes and for this one; what is wrong in it is said."""
    file = tmp_path / 'robot.yaml'
    file.write_text(
        '/**:\n  ros__parameters:\n    planner.timeout_s: 12\n'
        '/**/prism_planner:\n  ros__parameters:\n    planner.shares: []\n    plannr.order: [x]\n'
    )
    arguments = ('--params-file', str(file))
    with node_process('planner_node', ros.domain, log, arguments=arguments):
        state = ros.state('prism_planner')
    said = [line for line in lines_of(log) if 'WARN' in line or 'ERROR' in line]
    assert state == 'unconfigured'
    assert len(said) == 2
    assert "'plannr.order': the closest is planner.order" in said[0]
    assert 'planner.shares: expected a list of at least one number, got an empty list' in said[1]


@pytest.mark.parametrize(
    ('parameters', 'arguments', 'words'),
    [
        ({'planner.shares': '[1, 2.5]'}, (), 'Sequence should be of same type'),
        ({}, ('--log-level', 'loud'), "Couldn't parse log level"),
        ({}, ('--params-file', '/none.yaml'), '/none.yaml'),
    ],
)
def test_what_ros_itself_cannot_read_is_said_once_and_not_tried_again_at_once(
    ros, log, parameters, arguments, words
):
    with node_process('planner_node', ros.domain, log, parameters, arguments) as process:
        ros.spin_until(lambda: any('mend' in line for line in lines_of(log)))
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 2
    of_rcl, line = lines_of(log)
    assert 'Failed to parse global arguments' in of_rcl
    assert words in line
    assert line.endswith('; mend the arguments or the parameter file')


def test_a_parameter_file_that_ros_cannot_read_is_said_with_its_line(ros, log, tmp_path):
    file = tmp_path / 'robot.yaml'
    file.write_text('/**:\n  ros__parameters:\n    planner.shares: [1, 2.5]\n')
    arguments = ('--params-file', str(file))
    with node_process('planner_node', ros.domain, log, arguments=arguments) as process:
        ros.spin_until(lambda: any('mend' in line for line in lines_of(log)))
        assert process.poll() is None
    _, line = lines_of(log)
    assert line == (
        f'{file}:3: planner.shares: expected items of one type, got [1, 2.5]; write whole numbers '
        'as 1.0; ROS refuses the whole file for it; mend the parameter file'
    )
