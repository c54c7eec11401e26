# SPDX-License-Identifier: Apache-2.0
"""Real nodes over real DDS: each test in its own domain, nothing shared, nothing left behind."""

import os

# Message setters assert types and bounds; must be set before a message is imported.
os.environ['ROS_PYTHON_CHECK_FIELDS'] = '1'
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'

import contextlib
import threading
import time

import pytest
import rclpy
from domain_coordinator import domain_id
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

from prism_core import GraphUpdate
from prism_msgs.srv import UpdateGraph
from prism_ros.conversions import update_to_message
from prism_ros.managed_node import latched, spin
from prism_ros.planner_node import PlannerNode
from prism_ros.scene_graph_node import SceneGraphNode

WAIT_S = 30.0  # patience with a slow machine, no bound of anything
ASK_AGAIN_S = 1.0


class Ros:
    """One domain: nodes, each with a context, executor and thread of its own, and a client."""

    def __init__(self, domain: int, stack: contextlib.ExitStack):
        self.domain = domain
        self.is_haunted = False
        self._stack = stack
        self._context = self._make_context()
        self.node = Node('test_client', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._clients: dict = {}
        self._stops: dict = {}
        stack.callback(self.node.destroy_node)
        stack.callback(self._executor.shutdown)

    def _make_context(self):
        context = rclpy.Context()
        rclpy.init(context=context, domain_id=self.domain)
        self._stack.callback(lambda: rclpy.shutdown(context=context) if context.ok() else None)
        return context

    def start(self, kind, *, namespace: str = '', **parameters):
        """Start a node as `main` would; parameters with `__` for the dot in their names."""
        context = self._make_context()
        overrides = [
            Parameter(name.replace('__', '.'), value=value) for name, value in parameters.items()
        ]
        node = kind(context=context, namespace=namespace, parameter_overrides=overrides)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        node.autostart()
        thread = threading.Thread(target=spin, args=(executor, node), daemon=True)
        thread.start()

        def stop():
            if self._stops.pop(node, None) is None:
                return
            rclpy.shutdown(context=context)
            thread.join(WAIT_S)
            assert not thread.is_alive(), f'{node.get_name()} does not end'
            node.destroy_node()
            executor.shutdown()

        self._stops[node] = stop
        self._stack.callback(stop)
        return node

    def end(self, node) -> None:
        """End a node before its test ends."""
        self._stops[node]()

    def start_graph(self, **parameters):
        return self.start(SceneGraphNode, **parameters)

    def start_planner(self, **parameters):
        if any(':' in entry for entry in parameters.get('planner__order', ())):
            parameters.setdefault('planner__allow_import_paths', True)
        return self.start(PlannerNode, **parameters)

    def spin_until(self, is_done, timeout_s: float = WAIT_S):
        """Spin the client until the condition holds; its value."""
        end_s = time.monotonic() + timeout_s
        while not (value := is_done()):
            assert time.monotonic() < end_s, f'waited {timeout_s} s in vain'
            self._executor.spin_once(timeout_sec=0.05)
        return value

    def send(self, kind, name: str, request):
        """Send a request; its future."""
        if name not in self._clients:
            self._clients[name] = self.node.create_client(kind, name)
        client = self._clients[name]
        assert client.wait_for_service(WAIT_S), f'nobody serves {name}'
        return client.call_async(request)

    def call(self, kind, name: str, request=None, **fields):
        """Call a service; its response."""
        future = self.send(kind, name, kind.Request(**fields) if request is None else request)
        self.spin_until(future.done)
        return future.result()

    def state(self, name: str) -> str:
        """The lifecycle state of a node. It is asked again while nothing comes: DDS loses the reply
        of a server that has not found yet who asks.
        """
        asked: list = []

        def is_answered():
            if time.monotonic() >= ASK_AGAIN_S * len(asked) + begun_s:
                asked.append(self.send(GetState, f'{name}/get_state', GetState.Request()))
            return next((future for future in asked if future.done()), None)

        begun_s = time.monotonic()
        return self.spin_until(is_answered).result().current_state.label

    def call_update(self, graph) -> None:
        """Tell the owner of the scene graph all that is in a graph."""
        update = GraphUpdate(
            upsert_nodes=tuple(graph.nodes.values()),
            upsert_connections=tuple(graph.connections.values()),
            robot_location=graph.robot_location,
        )
        response = self.call(UpdateGraph, 'update_graph', update=update_to_message(update))
        assert response.success, response.error_msg

    def send_goal(self, kind, name: str, goal, feedback_callback=None):
        """Send a goal to a ROS action; its handle, once it is accepted."""
        client = ActionClient(self.node, kind, name)
        self._stack.callback(client.destroy)  # the node would outlive its test without
        assert client.wait_for_server(WAIT_S), f'nobody serves {name}'
        accepted = client.send_goal_async(goal, feedback_callback)
        self.spin_until(accepted.done)
        assert accepted.result().accepted
        return accepted.result()

    def collect(self, kind, topic: str, qos=None) -> list:
        """The messages of a topic, from now on, in a list that grows."""
        messages: list = []
        self.node.create_subscription(
            kind, topic, messages.append, latched(256) if qos is None else qos
        )
        return messages

    def kill(self, process) -> None:
        """Kill a process with -9."""
        self.is_haunted = True
        process.kill()
        process.wait()

    def change_state(self, name: str, label: str) -> bool:
        request = ChangeState.Request()
        request.transition.label = label
        return self.call(ChangeState, f'{name}/change_state', request).success


@pytest.fixture(scope='session')
def haunted_domains():
    """Domains in which a process was killed: its ghost answers nobody there for a while."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def ros(monkeypatch, haunted_domains):
    """A domain of its own for the test; given back, unless the test killed a process in it."""
    with contextlib.ExitStack() as lease, contextlib.ExitStack() as stack:
        domain = lease.enter_context(domain_id())
        monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
        ros = Ros(domain, stack)
        yield ros
        if ros.is_haunted:
            haunted_domains.push(lease.pop_all())
