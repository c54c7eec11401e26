# SPDX-License-Identifier: Apache-2.0
"""The nodes with nothing but what package.xml names: they start, and plan by search."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from prism_msgs.msg import PlannerHealth, PlanningStatus
from prism_msgs.srv import GetPlan

HERE = Path(__file__).parent


@contextlib.contextmanager
def node(module: str, ros, log: Path, *parameters: str):
    """A node of ours in a process that can import nothing else."""
    words = [word for parameter in parameters for word in ('-p', parameter)]
    with log.open('w') as output:
        process = subprocess.Popen(
            [sys.executable, str(HERE / 'rosdep_only.py'), module, '--ros-args', *words],
            env=os.environ | {'ROS_DOMAIN_ID': str(ros.domain)},
            cwd=HERE.parents[1],
            stdout=output,
            stderr=output,
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0, log.read_text()


@pytest.mark.timeout(180)
def test_nodes_plan_with_what_rosdep_installs(ros, tmp_path):
    logs = tmp_path / 'graph.log', tmp_path / 'planner.log'
    statuses = ros.collect(PlanningStatus, 'planner_status')
    with (
        node('prism_ros.scene_graph_node', ros, logs[0]),
        node('prism_ros.planner_node', ros, logs[1]),
    ):
        ros.spin_until(lambda: statuses and 'symbolic' in ready_of(statuses[-1]), 60)
        response = ros.call(GetPlan, 'plan', task='inspect the truck')
        assert response.plan_text.startswith('1. inspect(truck_1'), logs[1].read_text()
        assert response.plan.model_id == 'symbolic'
    assert 'Traceback' not in logs[0].read_text() + logs[1].read_text()


def ready_of(status: PlanningStatus) -> list[str]:
    """The planners that can answer."""
    return [one.name for one in status.planners if one.state == PlannerHealth.READY]


def test_what_package_xml_does_not_name_is_refused():
    command = [sys.executable, str(HERE / 'rosdep_only.py'), 'msgspec']
    done = subprocess.run(command, capture_output=True, text=True)
    assert 'msgspec is not named in package.xml' in done.stderr
