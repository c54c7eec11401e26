"""The demo: the real nodes in processes of their own, asked over DDS from this one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from domain_coordinator import domain_id

from prism_core import SceneGraph, parse_scene_graph
from prism_msgs.msg import PlanErrorCode
from prism_msgs.srv import GetPlan, GetSceneGraph
from prism_ros.client import PlannerClient
from prism_ros.errors import Refusal

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0
_NOT_READY = (
    PlanErrorCode.NODE_INACTIVE,
    PlanErrorCode.NO_SCENE_GRAPH,
    PlanErrorCode.TIMEOUT,
)


def run_demo(graph_file: Path, task: str) -> tuple[GetPlan.Response, float, SceneGraph]:
    """Start the nodes, ask for a plan over DDS, stop the nodes.

    Returns the answer, the seconds of the call that brought it, and the graph that the node serves.

    Raises:
        Refusal: a node does not come up or the planner refuses; the message holds what it logged.
    """
    with contextlib.ExitStack() as stack:
        own_domain = os.environ.get('ROS_DOMAIN_ID')
        domain = int(own_domain) if own_domain else stack.enter_context(domain_id())
        log = stack.enter_context(tempfile.TemporaryFile('w+'))
        parameters = {'graph.file': str(graph_file), 'graph.max_nodes': '8192'}
        stack.enter_context(_node_process('scene_graph_node', domain, log, parameters))
        stack.enter_context(_node_process('planner_node', domain, log, {}))
        with _on_this_machine_only(), PlannerClient(domain_id=domain) as client:
            try:
                response, latency_s = _ask_until_ready(client, GetPlan.Request(task=task))
                graph, _ = client.call(GetSceneGraph.Request(as_json=True), START_TIMEOUT_S)
            except Refusal as refusal:
                log.seek(0)
                raise Refusal(refusal.code, f'{refusal}\n{log.read()}'.strip()) from refusal
        return response, latency_s, parse_scene_graph(graph.json)


def _ask_until_ready(client: PlannerClient, request: GetPlan.Request):
    end_s = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            return client.call(request, START_TIMEOUT_S)
        except Refusal as refusal:
            if refusal.code not in _NOT_READY or time.monotonic() > end_s:
                raise
        time.sleep(0.05)


@contextlib.contextmanager
def _node_process(module: str, domain: int, log, parameters: dict[str, str]) -> Iterator[None]:
    command = [sys.executable, '-m', f'prism_ros.{module}', '--ros-args']
    for name, value in parameters.items():
        command += ['-p', f'{name}:={value}']
    environment = os.environ | {'ROS_DOMAIN_ID': str(domain)} | _LOCAL_ONLY
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# How DDS is kept on this machine: the second variable is that of Humble, deprecated since.
_LOCAL_ONLY = (
    {'ROS_LOCALHOST_ONLY': '1'}
    if os.environ.get('ROS_DISTRO') == 'humble'
    else {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
)


@contextlib.contextmanager
def _on_this_machine_only() -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(_LOCAL_ONLY)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
