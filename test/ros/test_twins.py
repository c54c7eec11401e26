# SPDX-License-Identifier: Apache-2.0
"""Two nodes of one name are noticed by both, and said; two robots in two namespaces are not."""

from __future__ import annotations

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from prism_msgs.msg import PlanningStatus
from prism_ros import twins
from prism_ros.errors import CODE_NAMES
from prism_ros.twins import GHOST_S, TwinWatch

from ..faults import recovery

OURS, OTHER = ('prism_planner', '/robot1'), ('prism_planner', '/robot2')


def test_a_second_node_of_the_name_counts_once_it_cannot_be_a_ghost_any_more():
    watch = TwinWatch(*OURS)
    assert watch.look([OURS, OTHER], 0.0) == ''
    assert watch.look([OURS, OTHER, OURS], 100.0) == ''
    assert watch.look([OURS, OURS], 100.0 + GHOST_S - 1) == ''
    said = watch.look([OURS, OURS], 100.0 + GHOST_S)
    assert said.startswith('another node is called /robot1/prism_planner, and both answer')
    assert 'namespace:=' in said
    assert watch.look([OURS], 200.0) == ''
    assert watch.look([OURS, OURS], 201.0) == ''


def test_without_a_namespace_the_name_has_one_slash():
    watch = TwinWatch('prism_planner', '/')
    nodes = [('prism_planner', '/')] * 2
    watch.look(nodes, 0.0)
    assert 'called /prism_planner,' in watch.look(nodes, GHOST_S)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(twins, 'GHOST_S', 0.5)


def test_a_second_launch_in_one_namespace_is_said_in_status_and_diagnostics(ros, impatient):
    beats = ros.collect(PlanningStatus, 'robot1/planner_status')
    said: dict[str, DiagnosticStatus] = {}

    def keep(array: DiagnosticArray) -> None:
        said.update({status.name: status for status in array.status})

    ros.node.create_subscription(DiagnosticArray, '/diagnostics', keep, 10)
    ros.start_graph(namespace='robot1')
    ros.start_planner(namespace='robot1', planner__order=['symbolic'])
    ros.spin_until(lambda: beats and beats[-1].state == PlanningStatus.READY)
    second = ros.start_planner(namespace='robot1', planner__order=['symbolic'])
    ros.spin_until(lambda: 'robot1/prism_planner: name' in said)
    status = said['robot1/prism_planner: name']
    assert status.level == DiagnosticStatus.ERROR
    assert 'another node is called /robot1/prism_planner' in status.message
    ros.spin_until(lambda: beats[-1].state == PlanningStatus.DEGRADED)
    assert 'launched twice' in beats[-1].detail
    ros.spin_until(lambda: second.twin)
    assert 'robot1/prism_scene_graph: name' not in said
    with recovery('node: launched twice') as fault:
        fault.says(CODE_NAMES[beats[-1].last_error_code])
        ros.end(second)
        fault.is_mended()
        ros.spin_until(lambda: beats[-1].state == PlanningStatus.READY)


def test_two_robots_in_two_namespaces_are_no_twins(ros, impatient):
    nodes = [ros.start_graph(namespace=name) for name in ('robot1', 'robot2')]
    nodes += [ros.start_planner(namespace=name) for name in ('robot1', 'robot2')]
    beats = ros.collect(PlanningStatus, 'robot2/planner_status')
    ros.spin_until(lambda: len([b for b in beats if b.header.stamp.sec]) > 3)
    assert [node.twin for node in nodes] == [''] * 4
