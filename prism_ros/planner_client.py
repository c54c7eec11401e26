# SPDX-License-Identifier: Apache-2.0
"""A client of the planner's service, for the command line: one process, one node, bounded waits."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor

from prism_msgs.msg import PlanErrorCode
from prism_msgs.srv import GetPlan, GetSceneGraph
from prism_ros.errors import Refusal


def spin_until(
    executor: SingleThreadedExecutor, is_done: Callable[[], bool], timeout_s: float
) -> None:
    """Spin until the condition holds or the time is over.

    rclpy's own `spin_until_future_complete` leaves a task behind for each turn of its loop, and
    slows down from call to call.
    """
    end_s = time.monotonic() + timeout_s
    while not is_done() and (left_s := end_s - time.monotonic()) > 0:
        executor.spin_once(timeout_sec=left_s)


class PlannerClient:
    """Asks the planner and the scene graph of one namespace. Use as a context manager.

    Args:
        namespace: of the robot; '' for none.
        domain_id: the ROS domain; None for that of the environment.
        plan_service: the name of the planner's service; of the namespace if it begins without `/`.
    """

    def __init__(
        self, namespace: str = '', domain_id: int | None = None, plan_service: str = 'plan'
    ):
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain_id)
        self._node = rclpy.create_node(
            f'prism_client_{os.getpid()}', namespace=namespace, context=self._context
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._clients = {
            kind: self._node.create_client(kind, name)
            for kind, name in ((GetPlan, plan_service), (GetSceneGraph, 'get_scene_graph'))
        }

    def __enter__(self) -> PlannerClient:
        return self

    def __exit__(self, *_: Any) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def find(self, kind: Any, timeout_s: float) -> tuple[Any, str]:
        """The client of a kind of service, and the service's full name, once it is there.

        Raises:
            Refusal: nobody serves it.
        """
        client = self._clients[kind]
        name = self._node.resolve_service_name(client.srv_name)
        if not client.wait_for_service(timeout_sec=timeout_s):
            raise Refusal(
                PlanErrorCode.TIMEOUT,
                f"nobody serves '{name}' in domain {self._context.get_domain_id()}; "
                'start the nodes: ros2 launch prism_ros planner.launch.py',
            )
        return client, name

    def call(self, request: Any, timeout_s: float) -> tuple[Any, float]:
        """Send a request; the response and the seconds it took.

        Raises:
            Refusal: the service is not there or does not answer, or its answer is an error.
        """
        kind = {GetPlan.Request: GetPlan, GetSceneGraph.Request: GetSceneGraph}[type(request)]
        client, name = self.find(kind, timeout_s)
        started_s = time.monotonic()
        future = client.call_async(request)
        spin_until(self._executor, future.done, timeout_s)
        if not future.done():
            raise Refusal(PlanErrorCode.TIMEOUT, f"'{name}' did not answer in {timeout_s:g} s")
        response = future.result()
        if not response.success:
            raise Refusal(response.error_code, response.error_msg)
        return response, time.monotonic() - started_s
