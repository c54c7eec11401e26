# SPDX-License-Identifier: Apache-2.0
"""ManagedNode: the life cycle, the error handling and the main loop that our nodes share.

Every callback runs behind a wrapper that turns any exception into an error code or a log line:
rclpy would let it end the process without a reply. A service or goal is answered NODE_INACTIVE
while the node is not active, which rclpy leaves to us.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import State
from rcl_interfaces.msg import SetParametersResult
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from prism_core import PrismError
from prism_msgs.msg import PlanErrorCode
from prism_ros.checked_node import CheckedNode
from prism_ros.conversions import wire_text
from prism_ros.diagnostics import ERROR, PERIOD_S, TOPIC, WARN, make_array, make_diagnostic
from prism_ros.errors import Refusal, refusal_from
from prism_ros.introspection import introspect
from prism_ros.parameter_file import explain_refusal
from prism_ros.parameters import INTROSPECTION_MODE, ParameterSpec
from prism_ros.process_memory import collect_everything, look_after_memory
from prism_ros.twins import TwinWatch

RESULT_TIMEOUT_S = 60
"""Results of ROS actions are kept so long for who asks late. Each one kept makes every later goal
slower, by 0.03 ms in rclpy 7.1.6; the 10 s that some releases take lose results over a bad radio.
"""

UNREADABLE_PAUSE_S = 10.0  # so that what restarts a process at once does not flood its log


def latched(depth: int = 1) -> QoSProfile:
    """Reliable, and kept for who joins late."""
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
    )


class ManagedNode(CheckedNode):
    """A lifecycle node that activates itself when parameter `autostart` is true.

    Subclasses give their parameter table, override `configure`, `activate`, `deactivate` and
    `cleanup`, and make their interfaces with `serve`, `serve_action`, `listen` and `every`.
    """

    def __init__(self, name: str, parameters: Sequence[ParameterSpec], **node_arguments: Any):
        super().__init__(name, parameters, **node_arguments)
        self._failure = ''  # why the last configuration failed
        self.twin = ''  # what is wrong with another node of the same name
        self._twins = TwinWatch(self.get_name(), self.get_namespace())
        self._served: list[Any] = []
        self._action_servers: list[ActionServer] = []
        self._steady_clock = Clock(clock_type=ClockType.STEADY_TIME)
        self.group = ReentrantCallbackGroup()
        self._diagnostics = self.create_publisher(DiagnosticArray, TOPIC, 1)
        self.every(PERIOD_S, self._publish_diagnostics)

    # What subclasses override ---------------------------------------------------------------

    def configure(self) -> None:
        """Take up the parameters, at once. A PrismError or Refusal leaves it unconfigured."""

    def activate(self) -> None:
        """Start to answer."""

    def deactivate(self) -> None:
        """Stop to answer."""

    def cleanup(self) -> None:
        """Give back what `configure` took up."""

    def diagnose(self) -> Sequence[DiagnosticStatus]:
        """What /diagnostics says of it while it is active."""
        return []

    # Life cycle -----------------------------------------------------------------------------

    @property
    def is_active(self) -> bool:
        """Whether requests are answered."""
        return self.state == State.PRIMARY_STATE_ACTIVE

    @property
    def fault(self) -> str:
        """Why it cannot be configured as it is, '' for nothing."""
        return self.misfits or self._failure

    @property
    def why_inactive(self) -> str:
        """Why requests are not answered, and what to do about it."""
        name = self.get_fully_qualified_name()
        if reason := self.fault:
            command = f'ros2 lifecycle set {name} configure'
            return f'{name} is not configured: {reason}; after that run: {command}'
        return f'{name} is not active; run: ros2 lifecycle set {name} activate'

    def on_configure(self, state) -> TransitionCallbackReturn:
        """Called by rclpy; see `configure`."""
        return self._transit(self._configure, super().on_configure, state)

    def _configure(self) -> None:
        self._failure = ''
        if self.misfits:
            raise Refusal(PlanErrorCode.INVALID_REQUEST, self.misfits)
        try:
            self.configure()
        except Exception as error:
            self._failure = str(error)
            raise

    def on_activate(self, state) -> TransitionCallbackReturn:
        """Called by rclpy; see `activate`."""
        return self._transit(self.activate, super().on_activate, state)

    def on_deactivate(self, state) -> TransitionCallbackReturn:
        """Called by rclpy; see `deactivate`."""
        return self._transit(self.deactivate, super().on_deactivate, state)

    def on_cleanup(self, state) -> TransitionCallbackReturn:
        """Called by rclpy; see `cleanup`."""
        done = self._transit(self.cleanup, super().on_cleanup, state)
        collect_everything()
        return done

    def on_shutdown(self, state) -> TransitionCallbackReturn:
        """Called by rclpy; see `cleanup`."""
        return self._transit(self.cleanup, super().on_shutdown, state)

    def _transit(self, step: Callable[[], None], upward, state) -> TransitionCallbackReturn:
        try:
            step()
        except (PrismError, Refusal) as error:
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        except Exception as error:
            self._log_unexpected(step.__name__, error)
            return TransitionCallbackReturn.FAILURE
        return upward(state)

    def autostart(self) -> None:
        """Configure and activate if so set; a failure is logged, and the node stays up."""
        if self.misfits or not self.get_parameter('autostart').value:
            return
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def destroy_node(self) -> None:
        """Free everything, so that the node leaves the ROS graph; rclpy forgets the first two."""
        for server in self._action_servers:
            server.destroy()
        self._state_machine.destroy_when_not_in_use()
        super().destroy_node()

    # What it tells of itself ----------------------------------------------------------------

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> SetParametersResult:
        """As above, and what is told of calls follows its parameter at once."""
        result = super().set_parameters_atomically(parameter_list)
        if result.successful and INTROSPECTION_MODE.name in {p.name for p in parameter_list}:
            for server in (*self._served, *self._action_servers):
                self._introspect(server)
        return result

    def _introspect(self, server: Any) -> None:
        mode = self.get_parameter(INTROSPECTION_MODE.name).value
        if introspect(server, mode, self.get_clock()) or mode == INTROSPECTION_MODE.default:
            return
        what = 'ROS actions' if isinstance(server, ActionServer) else 'services'
        self.get_logger().warning(
            f'{INTROSPECTION_MODE.name} is {mode}, and this distribution of ROS tells no calls of '
            f'{what}',
            once=True,
        )

    def _publish_diagnostics(self) -> None:
        self._look_for_twin()
        diagnostics = self.diagnose() if self.is_active else [self._diagnose_inactive()]
        if self.twin:
            diagnostics = [*diagnostics, make_diagnostic(self, 'name', ERROR, self.twin, {})]
        self._diagnostics.publish(make_array(self, diagnostics))

    def _look_for_twin(self) -> None:
        before, nodes = self.twin, self.get_node_names_and_namespaces()
        self.twin = self._twins.look(nodes, time.monotonic())
        if self.twin != before:
            if self.twin:
                self.get_logger().error(self.twin)
            else:
                self.get_logger().info('there is no other node of this name any more')

    def _diagnose_inactive(self) -> DiagnosticStatus:
        level = ERROR if self.fault else WARN
        return make_diagnostic(self, 'life cycle', level, self.why_inactive, {})

    # Interfaces -----------------------------------------------------------------------------

    def serve(self, kind, name: str, callback: Callable) -> None:
        """Offer a service. The callback fills the response; it may be a coroutine.

        The response has fields `error_code` and `error_msg`, or, as std_srvs has them, `message`.
        """

        async def guarded(request, response):
            refusal = await self._run(callback, request, response)
            if refusal is None:
                return response
            return _refuse(response, refusal)

        service = self.create_service(kind, name, guarded, callback_group=self.group)
        self._served.append(service)
        self._introspect(service)

    def serve_action(self, kind, name: str, execute: Callable, cancel: Callable) -> ActionServer:
        """Offer a ROS action. `execute(goal_handle, result)` is a coroutine that fills the result.

        Goals are always accepted, so that a refused one has a result with an error code, beside
        what was filled in before. `cancel` gets the goal handle whose cancelling was asked for;
        cancelling is always accepted.
        """

        async def guarded(goal_handle):
            result = kind.Result()
            refusal = await self._run(execute, goal_handle, result)
            if refusal is None:
                goal_handle.succeed()
                return result
            _refuse(result, refusal)
            if goal_handle.is_cancel_requested and refusal.code == PlanErrorCode.CANCELED:
                goal_handle.canceled()
            else:
                goal_handle.abort()
            return result

        def accept_cancel(goal_handle):
            cancel(goal_handle)
            return CancelResponse.ACCEPT

        server = ActionServer(
            self,
            kind,
            name,
            guarded,
            cancel_callback=self._guard_event(accept_cancel),
            callback_group=self.group,
            result_timeout=RESULT_TIMEOUT_S,
        )
        self._action_servers.append(server)
        self._introspect(server)
        return server

    def end_action(self, server: ActionServer) -> None:
        """Offer a ROS action no longer."""
        self._action_servers.remove(server)
        server.destroy()

    def listen(
        self,
        kind,
        topic: str,
        callback: Callable,
        qos,
        *,
        raw: bool = False,
        with_info: bool = False,
    ) -> Subscription:
        """Subscribe to a topic; delivered in every state, so that latched messages are not lost.

        `with_info` hands the callback rclpy's message info as second argument.
        """
        guarded = self._guard_event(callback)
        # rclpy tells by the number of arguments whether the info is wanted.
        take = (lambda message, info: guarded(message, info)) if with_info else guarded
        return self.create_subscription(kind, topic, take, qos, callback_group=self.group, raw=raw)

    def every(self, period_s: float, callback: Callable):
        """Call back at a steady rate, whatever the ROS clock does; `destroy_timer` ends it."""
        return self.create_timer(
            period_s, self._guard_event(callback), self.group, clock=self._steady_clock
        )

    def once(self, delay_s: float, callback: Callable):
        """Call back once after a delay on the steady clock; `destroy_timer` takes it back."""

        def fire():
            self.destroy_timer(timer)
            callback()

        timer = self.create_timer(
            max(delay_s, 0.0), self._guard_event(fire), self.group, clock=self._steady_clock
        )
        return timer

    async def _run(self, callback: Callable, *arguments) -> Refusal | None:
        """Run a callback; None, or why it was refused."""
        try:
            if not self.is_active:
                raise Refusal(PlanErrorCode.NODE_INACTIVE, self.why_inactive)
            pending = callback(*arguments)
            if inspect.isawaitable(pending):
                await pending
        except Refusal as refusal:
            return refusal
        except PrismError as error:
            return refusal_from(error)
        except Exception as error:
            self._log_unexpected(callback.__name__, error)
            return Refusal(PlanErrorCode.UNKNOWN, f'unexpected {type(error).__name__}: {error}')
        return None

    def _guard_event(self, callback: Callable) -> Callable:
        def guarded(*arguments):
            try:
                return callback(*arguments)
            except Exception as error:
                self._log_unexpected(callback.__name__, error)

        return guarded

    def _log_unexpected(self, where: str, error: Exception) -> None:
        if not self.context.ok():  # told to end in the middle of a callback
            return
        self.get_logger().error(f'{where}: {error!r}\n{traceback.format_exc()}')


def _refuse(reply: Any, refusal: Refusal) -> Any:
    """The reply that says why, beside what was filled in before, but for a plan."""
    if hasattr(reply, 'plan'):
        reply.plan = type(reply.plan)()
    if hasattr(reply, 'error_code'):
        reply.error_code, reply.error_msg = refusal.code, wire_text(str(refusal))
    else:
        reply.message = wire_text(str(refusal))
    return reply


def run_node(make_node: Callable[[], ManagedNode], arguments: Sequence[str] | None = None) -> None:
    """Start a node, activate it as its parameters say, and spin until told to end."""
    look_after_memory()
    try:
        rclpy.init(args=sys.argv if arguments is None else arguments)
    except RuntimeError as error:  # of rcl
        given = sys.argv if arguments is None else arguments
        print(explain_refusal(given, str(error)), file=sys.stderr, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            time.sleep(UNREADABLE_PAUSE_S)
        sys.exit(2)
    try:
        node = make_node()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        node.autostart()
        spin(executor, node)
        node.destroy_node()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        if rclpy.ok():  # else it was told to end while it was starting
            raise
    finally:
        rclpy.try_shutdown()


def spin(executor, node: ManagedNode) -> None:
    """Spin until shutdown; an exception that escapes rclpy itself is logged, not fatal."""
    while executor.context.ok():
        try:
            executor.spin_once()
        except (KeyboardInterrupt, ExternalShutdownException, ShutdownException):
            return
        except Exception as error:
            node._log_unexpected('spin', error)
