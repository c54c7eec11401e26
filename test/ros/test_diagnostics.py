# SPDX-License-Identifier: Apache-2.0
"""What the nodes say on /diagnostics, at 1 Hz and in every state."""

import shutil
import time

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from prism_core import EngineLost, PlannerHealth, SceneGraph
from prism_ros.diagnostics import ERROR, OK, WARN, judge_graph, judge_planners
from prism_ros.graph_files import load_scene_graph

from ..docs.sources import ROOT
from .asking import plan, release_hanging_planners, start_both  # noqa: F401 - a fixture

READY, LOADING = PlannerHealth('ready'), PlannerHealth('loading')
OUT = PlannerHealth('out', EngineLost('the engine was lost'), 'nano 0123')
DEPOT = ROOT / 'prism_core' / 'domains' / 'mapping' / 'graphs' / 'depot.json'


@pytest.fixture
def said(ros):
    """The last status of each name, and how often each came."""
    statuses: dict[str, DiagnosticStatus] = {}

    def keep(array: DiagnosticArray) -> None:
        assert array.header.stamp.sec > 0
        statuses.update({status.name: status for status in array.status})

    ros.node.create_subscription(DiagnosticArray, '/diagnostics', keep, 10)
    return statuses


def values_of(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


def wait_for(ros, said, name: str, level: bytes) -> DiagnosticStatus:
    ros.spin_until(lambda: name in said and said[name].level == level)
    return said[name]


@pytest.mark.parametrize(
    ('health', 'level', 'message'),
    [
        ({'a': READY, 'b': READY}, OK, 'ready'),
        ({'a': READY, 'b': LOADING}, OK, 'b is being made; a can answer'),
        ({'a': LOADING}, WARN, 'no planner can answer; a is being made'),
        ({'a': READY, 'b': OUT}, WARN, 'b is out (the engine was lost); a can answer'),
        ({'b': OUT}, ERROR, 'no planner can answer; b is out (the engine was lost)'),
    ],
)
def test_the_level_of_the_planners_is_that_of_the_status(health, level, message):
    assert judge_planners(health, ())[:2] == (level, message)


def test_each_planner_is_a_value():
    _, _, values = judge_planners({'a': READY, 'b': OUT}, ())
    assert values == {'a': 'ready', 'b': 'out (nano 0123): the engine was lost'}


def test_a_graph_that_cannot_be_relied_on_is_a_warning_with_the_reason():
    graph = load_scene_graph(DEPOT)
    level, _, values = judge_graph(graph, ())
    assert (level, values['regions'], values['objects']) == (OK, len(graph.regions), 14)
    assert judge_graph(graph, ['it is lost'])[:2] == (WARN, 'it is lost')
    assert judge_graph(None, ())[:2] == (WARN, 'no scene graph yet')
    assert judge_graph(SceneGraph(), ())[1] == 'nobody has told where the robot is'


def test_both_nodes_say_how_they_are_under_their_names(ros, said):
    start_both(ros)
    planners = wait_for(ros, said, 'prism_planner: planners', OK)
    assert planners.message == 'ready'
    assert planners.hardware_id
    plan(ros)
    ros.spin_until(
        lambda: values_of(said['prism_planner: planners'])['last planning time in s'] != '0.000'
    )
    assert values_of(said['prism_planner: planners'])['last error'] == 'NONE'
    graph = values_of(wait_for(ros, said, 'prism_planner: scene graph', OK))
    owned = values_of(wait_for(ros, said, 'prism_scene_graph: scene graph', OK))
    assert graph['epoch'] == owned['epoch'] != '0'
    assert graph['regions'] == owned['regions'] != '0'


def test_it_comes_once_a_second(ros):
    arrays = ros.collect(DiagnosticArray, '/diagnostics', 10)
    ros.start_planner()
    ros.spin_until(lambda: arrays)
    arrays.clear()
    end_s = time.monotonic() + 3.2
    ros.spin_until(lambda: time.monotonic() > end_s)
    assert len(arrays) in (3, 4)


def test_a_second_robot_has_names_of_its_own(ros, said):
    ros.start_graph(namespace='robot1', graph__robot_location='gate_1')
    ros.start_graph(namespace='robot2', graph__robot_location='field_1')
    first = wait_for(ros, said, 'robot1/prism_scene_graph: scene graph', OK)
    second = wait_for(ros, said, 'robot2/prism_scene_graph: scene graph', OK)
    places = [values_of(status)['robot_location'] for status in (first, second)]
    assert places == ['gate_1', 'field_1']


def test_a_node_that_is_not_configured_says_why(ros, said):
    ros.start_planner(planner__timeout_s='soon')
    status = wait_for(ros, said, 'prism_planner: life cycle', ERROR)
    assert 'planner.timeout_s: expected a number' in status.message


def test_a_node_that_was_deactivated_says_how_to_go_on(ros, said):
    ros.start_graph()
    assert ros.change_state('prism_scene_graph', 'deactivate')
    status = wait_for(ros, said, 'prism_scene_graph: life cycle', WARN)
    assert 'ros2 lifecycle set /prism_scene_graph activate' in status.message


def test_a_planner_that_is_out_is_a_warning_while_another_can_answer(ros, said):
    start_both(ros, 'symbolic', 'CannotBeMade')
    status = wait_for(ros, said, 'prism_planner: planners', WARN)
    assert values_of(status)['symbolic'] == 'ready'
    assert values_of(status)['CannotBeMade'].startswith('out: ')


def test_no_graph_and_no_location_are_warnings(ros, said):
    ros.start_planner()
    status = wait_for(ros, said, 'prism_planner: scene graph', WARN)
    assert status.message == 'no scene graph yet'
    ros.start_graph(graph__file='')
    status = wait_for(ros, said, 'prism_scene_graph: scene graph', WARN)
    assert status.message == 'nobody has told where the robot is'


def test_a_state_that_cannot_be_kept_is_a_warning(ros, said, tmp_path):
    node = ros.start_graph(graph__state_directory=str(tmp_path / 'state'))
    wait_for(ros, said, 'prism_scene_graph: scene graph', OK)
    shutil.rmtree(tmp_path / 'state')
    (tmp_path / 'state').write_text('a file where the folder was')
    ros.call_update(node._owned.graph)
    status = wait_for(ros, said, 'prism_scene_graph: scene graph', WARN)
    assert status.message.startswith('it cannot be kept in ')
