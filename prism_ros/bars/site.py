# SPDX-License-Identifier: Apache-2.0
"""Where bars are measured: our nodes in processes of their own, and a client in this one."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import rclpy
from domain_coordinator import domain_id
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node as RosNode

from prism_core import SceneGraph, render_scene_graph
from prism_msgs.msg import PlanningStatus
from prism_msgs.srv import GetPlan
from prism_ros.managed_node import latched
from prism_ros.processes import node_process, on_this_machine_only

WAIT_S = 120.0
"""Whatever takes so long does not come any more."""
_LOOK_S = 0.05
_AGAIN_S = 20.0


class Site:
    """A ROS domain of its own. Use as a context manager.

    Args:
        folder: for files of the run.
        log: takes what the nodes log.
    """

    def __init__(self, folder: Path, log: IO):
        self.folder = folder
        self.status = PlanningStatus()  # the last one of the planner
        self.numbers = itertools.count()
        self.log = log
        self._stack = contextlib.ExitStack()
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> Site:
        with contextlib.ExitStack() as stack:
            stack.enter_context(on_this_machine_only())
            self._domain = stack.enter_context(domain_id())
            context = rclpy.Context()
            rclpy.init(context=context, domain_id=self._domain)
            stack.callback(rclpy.shutdown, context=context)
            self.node = RosNode('prism_bars', context=context)
            stack.callback(self.node.destroy_node)
            self._executor = SingleThreadedExecutor(context=context)
            self._executor.add_node(self.node)
            stack.callback(self._executor.shutdown)
            self._stack = stack.pop_all()
        self.listen(PlanningStatus, 'planner_status', self._take_status)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _take_status(self, status: PlanningStatus) -> None:
        self.status = status

    # ---------------------------------------------------------------------------------- the nodes

    def start(
        self,
        module: str,
        parameters: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.Popen:
        """Run a module of prism_ros until the end, with some variables of the environment."""
        process = node_process(module, self._domain, self.log, parameters, variables=variables)
        return self._stack.enter_context(process)

    def serve_graph(self, graph: SceneGraph) -> None:
        """Have a node own a graph."""
        file = self.folder / f'graph_{len(graph.nodes)}.json'
        file.write_text(render_scene_graph(graph))
        self.start('scene_graph_node', {'graph.file': str(file), 'graph.max_nodes': '8192'})

    def start_planner(
        self,
        *planners: str,
        module: str = 'planner_node',
        variables: Mapping[str, str] | None = None,
        **parameters: str,
    ) -> subprocess.Popen:
        """Run the planner node with such an order of planners, and wait until it can plan.

        Args:
            planners: entries of `planner.order`.
            module: with the node.
            variables: of its environment.
            parameters: more of them, with `__` for the dot in their names.
        """
        order = ','.join(f"'{planner}'" for planner in planners)
        given = {'planner.order': f'[{order}]', 'planner.allow_import_paths': 'true'}
        given |= {name.replace('__', '.'): value for name, value in parameters.items()}
        process = self.start(module, given, variables)
        if given.get('autostart') != 'false':
            self.wait_until_ready()
        return process

    def wait_until_ready(self) -> None:
        """Wait for a status that says so, with a graph, from now on."""
        self.status = PlanningStatus()
        self.wait(lambda: self.status.state == PlanningStatus.READY and self.status.graph_epoch)

    def wait_for_plan(self, planner: str, task: str) -> None:
        """Ask a planner for a plan until one comes."""
        end_s = time.monotonic() + WAIT_S
        while not self.call(GetPlan, 'plan', task=task, planner=planner).success:
            if time.monotonic() > end_s:
                raise TimeoutError(f"'{planner}' made no plan in {WAIT_S:g} s; see the nodes' log")
            self.pause(_LOOK_S)

    # --------------------------------------------------------------------------------- the client

    def wait(self, is_done: Callable[[], Any], timeout_s: float = WAIT_S) -> None:
        """Spin until something holds.

        Raises:
            TimeoutError: it does not in the time.
        """
        end_s = time.monotonic() + timeout_s
        while not is_done():
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError(
                    f'the nodes did not do in {timeout_s:g} s what was waited for; see their log'
                )
            self._executor.spin_once(timeout_sec=min(left_s, _LOOK_S))

    def pause(self, seconds: float) -> None:
        """Spin for so long."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left_s)

    def listen(self, kind: Any, topic: str, take: Callable[[Any], None]) -> None:
        """Hear a latched topic."""
        self.node.create_subscription(kind, topic, take, latched())

    def send(self, kind: Any, name: str, **fields: Any) -> Any:
        """Ask a service; the future of its response."""
        if name not in self._clients:
            self._clients[name] = self.node.create_client(kind, name)
        client = self._clients[name]
        if not client.service_is_ready():
            self.wait(client.service_is_ready)
        return client.call_async(kind.Request(**fields))

    def call(self, kind: Any, name: str, **fields: Any) -> Any:
        """Ask a service; its response. It is asked again while nothing comes: DDS loses the reply
        of a server that has not found yet who asks.
        """
        end_s = time.monotonic() + WAIT_S
        while True:
            future = self.send(kind, name, **fields)
            with contextlib.suppress(TimeoutError):
                self.wait(future.done, _AGAIN_S)
                return future.result()
            self._clients[name].remove_pending_request(future)
            if time.monotonic() > end_s:
                raise TimeoutError(f"'{name}' did not answer in {WAIT_S:g} s; see the nodes' log")

    def send_goal(
        self, kind: Any, name: str, take: Callable[[Any], None] | None = None, **fields: Any
    ) -> Any:
        """Send a goal; its handle, once it is accepted. `take` gets its feedback."""
        if name not in self._clients:
            client = ActionClient(self.node, kind, name)
            self._clients[name] = client
            self._stack.callback(client.destroy)
        client = self._clients[name]
        self.wait(client.server_is_ready)
        accepting = client.send_goal_async(
            kind.Goal(**fields), None if take is None else lambda message: take(message.feedback)
        )
        self.wait(accepting.done)
        return accepting.result()

    def count_names(self, name: str) -> int:
        """So many nodes of this name are seen."""
        names: Sequence[str] = self.node.get_node_names()
        return names.count(name)
