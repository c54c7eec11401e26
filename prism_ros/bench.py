# SPDX-License-Identifier: Apache-2.0
"""`prism bench graph`: what a scene graph costs at each step, and what /plan adds to a service.

Medians on this machine. A step must not grow faster than n log n in the number of nodes.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import rclpy
from domain_coordinator import domain_id
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node as RosNode
from rich.console import Console
from rich.table import Table
from std_msgs.msg import UInt64

from prism_core import (
    DEFAULT_DOMAIN,
    Action,
    Connection,
    GraphUpdate,
    Node,
    Plan,
    SceneGraph,
    find_domain,
    parse_scene_graph,
    render_scene_graph,
    validate_plan,
)
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.srv import GetPlan
from prism_ros.conversions import scene_graph_to_message
from prism_ros.managed_node import latched
from prism_ros.processes import node_process, on_this_machine_only

WAIT_S = 30.0
PLAN_CALLS = 300
INSTANT_PLANNER = 'prism_ros.bench_peer:InstantPlanner'


def run_graph_bench(sizes: list[int], repeats: int) -> None:
    """Print one table of medians for graphs of these sizes, and one for /plan."""
    console = Console(highlight=False)
    console.print(
        f'{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}'
    )
    with contextlib.ExitStack() as stack:
        stack.enter_context(on_this_machine_only())
        domain = stack.enter_context(domain_id())
        log = stack.enter_context(open(os.devnull, 'w'))
        parameters = {
            'planner.order': f"['{INSTANT_PLANNER}']",
            'planner.allow_import_paths': 'true',
            'domain': DEFAULT_DOMAIN,
        }
        stack.enter_context(node_process('bench_peer', domain, log, parameters))
        peer = stack.enter_context(_Peer(domain))
        columns = {size: _time_steps(make_graph(size), peer, repeats) for size in sizes}
        console.print(_graph_table(columns))
        nothing_s, plan_s = peer.time_plan_calls(PLAN_CALLS)
    table = Table(
        title=f'/plan with an instant planner, {PLAN_CALLS} calls each in turn, another process'
    )
    for heading in ('service', 'median ms', 'p95 ms', 'ratio'):
        table.add_column(heading, justify='left' if heading == 'service' else 'right')
    base = statistics.median(nothing_s)
    for name, seconds in (('coroutine that does nothing', nothing_s), ('/plan', plan_s)):
        median, p95 = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
        table.add_row(name, f'{median * 1e3:.2f}', f'{p95 * 1e3:.2f}', f'{median / base:.2f}')
    console.print(table)


def make_graph(size: int) -> SceneGraph:
    """A grid of regions, ten metres apart, with two objects at each; `size` nodes in all."""
    regions = max(1, size // 3)
    width = math.isqrt(regions)
    nodes, connections = [], []
    for i in range(regions):
        x, y = i % width, i // width
        nodes.append(Node(f'region_{i}', 'region', (10.0 * x, 10.0 * y), 'gravel'))
        if x:
            connections.append(Connection('traversable', f'region_{i - 1}', f'region_{i}'))
        if y:
            connections.append(Connection('traversable', f'region_{i - width}', f'region_{i}'))
    for i in range(size - regions):
        at = i % regions
        position = (10.0 * (at % width) + 2.0, 10.0 * (at // width) + i % 5)
        nodes.append(Node(f'crate_{i}', 'object', position, 'wooden', {'state': 'closed'}))
        connections.append(Connection('observed_from', f'crate_{i}', f'region_{at}'))
    return SceneGraph(nodes, connections, robot_location='region_0')


def _time_steps(graph: SceneGraph, peer: _Peer, repeats: int) -> dict[str, float]:
    """Median seconds of each step, on a graph that is new for each repeat."""
    text = render_scene_graph(graph)
    table = find_domain(DEFAULT_DOMAIN).table
    last_region, last_object = list(graph.regions)[-1], list(graph.objects)[-1]
    drive, look = table.taking('region')[0], table.taking('object')[0]
    plan = Plan((Action(drive, (last_region,)), Action(look, (last_object, 'is it open?'))))
    moved = replace(graph.nodes[last_object], position=(1.0, 1.0))
    update = GraphUpdate(upsert_nodes=(moved,))
    seconds: dict[str, list[float]] = {}

    def timed(step: str, function: Callable, *arguments):
        started_s = time.perf_counter()
        result = function(*arguments)
        seconds.setdefault(step, []).append(time.perf_counter() - started_s)
        return result

    gc.collect()
    gc.disable()  # as timeit does: a full collection now and then would hide the step
    for repeat in range(repeats):
        loaded = timed('load (JSON to graph, checked)', parse_scene_graph, text)
        report = timed('validate a plan (new graph)', validate_plan, plan, loaded, table)
        if not report.is_valid:
            raise RuntimeError(f'the bench plan is not valid: {report.feedback}')
        changed = timed('apply a delta', loaded.apply, update)
        timed('write compact JSON', render_scene_graph, changed)
        message = timed('convert to a message', scene_graph_to_message, changed)
        message.revision = repeat + 1
        timed('publish', peer.publish, message)
        timed('receive (other process, as a graph)', peer.wait_for, message.revision)
    gc.enable()
    return {step: statistics.median(values) for step, values in seconds.items()}


def _graph_table(columns: dict[int, dict[str, float]]) -> Table:
    table = Table(title='Median milliseconds by number of nodes')
    table.add_column('step')
    for size in columns:
        table.add_column(f'{size:,}', justify='right')
    sizes = list(columns)
    table.add_column('growth / n log n', justify='right')
    for step in columns[sizes[0]]:
        values = [columns[size][step] for size in sizes]
        cells = [f'{value * 1e3:.2f}' for value in values]
        growth = ''
        if len(sizes) > 1:
            n, m, t, u = sizes[0], sizes[-1], values[0], values[-1]
            growth = f'{(u / t) / (m * math.log(m) / (n * math.log(n))):.2f}'
        table.add_row(step, *cells, growth)
    return table


def _spin_until(
    executor: SingleThreadedExecutor, is_done: Callable[[], bool], timeout_s: float
) -> None:
    """Spin until the condition holds or the time is over.

    rclpy's own `spin_until_future_complete` leaves a task behind for each turn of its loop, and
    slows down from call to call.
    """
    end_s = time.monotonic() + timeout_s
    while not is_done() and (left_s := end_s - time.monotonic()) > 0:
        executor.spin_once(timeout_sec=left_s)


class _Peer:
    """This process's side: publishes graphs, waits for the answers, calls the two services."""

    def __init__(self, domain: int):
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self._node = RosNode('prism_bench', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._received = 0
        self._publisher = self._node.create_publisher(SceneGraphMessage, 'bench_graph', latched())
        self._graph_publisher = self._node.create_publisher(
            SceneGraphMessage, 'scene_graph', latched()
        )
        self._node.create_subscription(UInt64, 'bench_received', self._note, latched())
        self._nothing = self._node.create_client(GetPlan, 'bench_nothing')
        self._plan = self._node.create_client(GetPlan, 'plan')

    def __enter__(self) -> _Peer:
        for client in (self._nothing, self._plan):
            if not client.wait_for_service(WAIT_S):
                raise TimeoutError(f"'{client.srv_name}' did not come up in {WAIT_S:g} s")
        return self

    def __exit__(self, *_) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def _note(self, message: UInt64) -> None:
        self._received = message.data

    def publish(self, message: SceneGraphMessage) -> None:
        self._publisher.publish(message)

    def wait_for(self, revision: int) -> None:
        _spin_until(self._executor, lambda: self._received == revision, WAIT_S)
        if self._received != revision:
            raise TimeoutError(f'graph {revision} was not received in {WAIT_S:g} s')

    def time_plan_calls(self, calls: int) -> tuple[list[float], list[float]]:
        """Seconds of each call of the service that does nothing and of /plan, in turn."""
        graph = scene_graph_to_message(make_graph(10).with_revision(1))
        graph.header.stamp = self._node.get_clock().now().to_msg()
        self._graph_publisher.publish(graph)
        request = GetPlan.Request(task='inspect the crate', min_graph_revision=graph.revision)
        seconds: tuple[list[float], list[float]] = ([], [])
        for index in range(2 * (calls + 20)):
            started_s = time.perf_counter()
            future = (self._nothing, self._plan)[index % 2].call_async(request)
            _spin_until(self._executor, future.done, WAIT_S)
            elapsed_s = time.perf_counter() - started_s
            response = future.result()
            if index % 2 and not (response and response.success):
                raise RuntimeError(f'/plan failed: {response and response.error_msg}')
            if index >= 40:
                seconds[index % 2].append(elapsed_s)
        return seconds
