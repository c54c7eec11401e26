# SPDX-License-Identifier: Apache-2.0
"""A node that lives on a thread of its own, for code that waits: a script, or a callback of another
node. All that touches ROS happens on that thread, so that any other may use it.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import rclpy
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor

from prism_msgs.msg import PlanErrorCode
from prism_ros.errors import Refusal

_POLL_S = 0.05
_CLOSE_S = 10.0
_NUMBERS = itertools.count()
_T = TypeVar('_T')


class NotThere(Refusal):
    """Nobody serves what is asked for."""

    def __init__(self, sentence: str):
        super().__init__(PlanErrorCode.TIMEOUT, sentence)


class NoReply(Refusal):
    """Somebody serves it, and did not answer in time."""

    def __init__(self, sentence: str):
        super().__init__(PlanErrorCode.TIMEOUT, sentence)


class ClientThread:
    """A node with a context, an executor and a thread of its own.

    Args:
        namespace: of the node; '' for none.
        domain_id: the ROS domain; None for that of the environment.
    """

    def __init__(self, namespace: str, domain_id: int | None):
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain_id)
        name = f'prism_client_{os.getpid()}_{next(_NUMBERS)}'
        self.node = rclpy.create_node(name, namespace=namespace, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._called = self.node.create_guard_condition(self._work)
        self._services: dict[str, Any] = {}
        self._actions: dict[str, Any] = {}
        self._is_closed = False
        self._thread = threading.Thread(target=self._spin, name=name, daemon=True)
        self._thread.start()

    @property
    def domain_id(self) -> int:
        """The ROS domain."""
        return self._context.get_domain_id()

    def close(self) -> None:
        """End the thread and destroy the node; a second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        self._called.trigger()
        self._thread.join(_CLOSE_S)
        for client in self._actions.values():
            client.destroy()
        self._executor.shutdown()
        self.node.destroy_node()  # before its context, or others go on seeing its name
        rclpy.shutdown(context=self._context)

    def run(self, function: Callable[[], _T]) -> _T:
        """What a function gives that is called on the thread.

        Raises:
            RuntimeError: it is closed, or asked on its own thread, which would wait for itself.
            Exception: whatever the function raises.
        """
        done: concurrent.futures.Future[_T] = concurrent.futures.Future()
        self._post(lambda: _fill(done, function))
        return done.result()

    def ask(self, send: Callable[[], Any], timeout_s: float, what: str) -> Any:
        """What a future of rclpy brings that a function makes on the thread.

        Args:
            send: called on the thread.
            timeout_s: how long it is waited for.
            what: is asked, for the error.

        Raises:
            NoReply: it brings nothing in that time.
        """
        done: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self.run(lambda: send().add_done_callback(lambda ended: _fill(done, ended.result)))
        try:
            return done.result(timeout_s)
        except concurrent.futures.TimeoutError:
            raise NoReply(f'{what} did not answer in {timeout_s:g} s') from None

    def call(self, kind: Any, name: str, request: Any, *, wait_s: float, timeout_s: float) -> Any:
        """What a service answers.

        Args:
            kind: of the service.
            name: of the service; of the node's namespace if it begins without `/`.
            request: that is sent.
            wait_s: how long a service that is not there is waited for.
            timeout_s: how long its answer is waited for.

        Raises:
            NotThere: nobody serves it.
            NoReply: it does not answer in time.
        """
        client = self.service(kind, name, wait_s)
        what = f"'{self.name_of(name)}'"
        return self.ask(lambda: client.call_async(request), timeout_s, what)

    def service(self, kind: Any, name: str, timeout_s: float) -> Any:
        """The client of a service that is there.

        Raises:
            NotThere: it is not, for as long as it may be waited for.
        """
        client = self.run(lambda: self._make(self._services, name, self.node.create_client, kind))
        return self._find(client, client.service_is_ready, name, timeout_s)

    def action(self, kind: Any, name: str, timeout_s: float) -> Any:
        """The client of a ROS action that is there.

        Raises:
            NotThere: it is not, for as long as it may be waited for.
        """
        client = self.run(lambda: self._make(self._actions, name, self._make_action, kind))
        return self._find(client, client.server_is_ready, name, timeout_s)

    def name_of(self, name: str) -> str:
        """A name in full, with the namespace."""
        return self.node.resolve_service_name(name)

    def _make(self, made: dict[str, Any], name: str, make: Callable, kind: Any) -> Any:
        if name not in made:
            made[name] = make(kind, name)
        return made[name]

    def _make_action(self, kind: Any, name: str) -> Any:
        from rclpy.action import ActionClient  # imports numpy, which who only plans can do without

        return ActionClient(self.node, kind, name)

    def _find(self, client: Any, is_ready: Callable[[], bool], name: str, timeout_s: float) -> Any:
        ends_s = time.monotonic() + timeout_s
        while not self.run(is_ready):
            if time.monotonic() >= ends_s:
                raise NotThere(
                    f"nobody serves '{self.name_of(name)}' in domain {self.domain_id}; start the "
                    'nodes: ros2 launch prism_ros planner.launch.py'
                )
            time.sleep(_POLL_S)
        return client

    def _post(self, job: Callable[[], None]) -> None:
        if threading.current_thread() is self._thread:
            raise RuntimeError('a client is asked on its own thread, where nobody could answer it')
        if self._is_closed:
            raise RuntimeError('the client is closed; ask it inside its `with` block')
        self._jobs.put(job)
        self._called.trigger()

    def _work(self) -> None:
        while not self._jobs.empty():
            self._jobs.get()()

    def _spin(self) -> None:
        while not self._is_closed and self._context.ok():
            try:
                self._executor.spin_once()
            except (ExternalShutdownException, ShutdownException):
                return
            except Exception as error:  # of rclpy itself: what is asked later is answered still
                self.node.get_logger().error(f'{error!r} in a client')


def _fill(done: concurrent.futures.Future, function: Callable[[], Any]) -> None:
    """Give a future what a function gives, or raises."""
    try:
        value = function()
    except BaseException as error:
        done.set_exception(error)
    else:
        done.set_result(value)
