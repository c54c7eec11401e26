# SPDX-License-Identifier: Apache-2.0
"""The demo: the real nodes in processes of their own, asked over DDS from this one."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path

from domain_coordinator import domain_id

from prism_core import DEFAULT_DOMAIN, SceneGraph, find_domain, parse_scene_graph
from prism_core.inference.planning_domain import packaged_graphs
from prism_msgs.msg import PlanErrorCode
from prism_msgs.srv import GetPlan
from prism_ros.client import PrismClient
from prism_ros.errors import Refusal
from prism_ros.processes import node_process, on_this_machine_only

START_TIMEOUT_S = 30.0
FIRST_TASK = 'look around'  # waits for the model to be loaded
DEMO_PLANNER = 'student'  # by name: it is not the first that a node asks
_NOT_READY = PlanErrorCode.NODE_INACTIVE, PlanErrorCode.TIMEOUT


def find_demo_graph() -> Path:
    """The scene graph of the demo and of benchmarks."""
    return packaged_graphs(find_domain(DEFAULT_DOMAIN))['depot.json']


def run_demo(graph_file: Path, task: str) -> tuple[GetPlan.Response, float, SceneGraph]:
    """Start the nodes, ask for a plan over DDS, stop the nodes.

    Returns the answer, the seconds of the call that brought it once the planner's model was
    loaded, and the graph that the node serves.

    Raises:
        Refusal: a node does not come up or the planner refuses; the message holds what it logged.
    """
    with contextlib.ExitStack() as stack:
        own_domain = os.environ.get('ROS_DOMAIN_ID')
        domain = int(own_domain) if own_domain else stack.enter_context(domain_id())
        log = stack.enter_context(tempfile.TemporaryFile('w+'))
        parameters = {'graph.file': str(graph_file), 'graph.max_nodes': '8192'}
        stack.enter_context(node_process('scene_graph_node', domain, log, parameters))
        stack.enter_context(node_process('planner_node', domain, log))
        stack.enter_context(on_this_machine_only())
        with PrismClient(domain_id=domain, wait_s=START_TIMEOUT_S) as robot:
            try:
                _ask_until_ready(robot)
                started_s = time.monotonic()
                response = robot.plan(task, planner=DEMO_PLANNER, timeout_s=START_TIMEOUT_S)
                latency_s = time.monotonic() - started_s
                graph = robot.scene_graph_json()
            except Refusal as refusal:
                log.seek(0)
                raise Refusal(refusal.code, f'{refusal}\n{log.read()}'.strip()) from refusal
        return response, latency_s, parse_scene_graph(graph)


def _ask_until_ready(robot: PrismClient) -> None:
    """Ask until there is an answer, whatever it is, for as long as a start may take."""
    end_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end_s:
        try:
            robot.plan(FIRST_TASK, planner=DEMO_PLANNER, timeout_s=START_TIMEOUT_S)
            return
        except Refusal as refusal:
            if refusal.code not in _NOT_READY:
                return
        time.sleep(0.05)
