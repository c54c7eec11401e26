"""ManagedNode: the life cycle, the error handling and the main loop that our nodes share.

Every callback runs behind a wrapper that turns any exception into an error code or a log line:
rclpy would let it end the process without a reply. A service or goal is answered NODE_INACTIVE
while the node is not active, which rclpy leaves to us.
"""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import rclpy
from lifecycle_msgs.msg import State
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from prism_core import PrismError
from prism_msgs.msg import PlanErrorCode
from prism_ros.conversions import wire_text
from prism_ros.errors import Refusal, refusal_from
from prism_ros.parameters import ParameterSpec, check_parameters, declare_parameters

RESULT_TIMEOUT_S = (
    900  # results of ROS actions are kept so long; the default of some releases, 10 s, loses them
)


def latched(depth: int = 1) -> QoSProfile:
    """Reliable, and kept for who joins late."""
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
    )


class ManagedNode(LifecycleNode):
    """A lifecycle node that activates itself when parameter `autostart` is true.

    Subclasses give their parameter table, override `configure`, `activate`, `deactivate` and
    `cleanup`, and make their interfaces with `serve`, `serve_action`, `listen` and `every`.
    """

    def __init__(self, name: str, parameters: Sequence[ParameterSpec], **node_arguments: Any):
        super().__init__(name, **node_arguments)
        self._specs = parameters
        self._action_servers: list[ActionServer] = []
        declare_parameters(self, parameters)
        self.add_on_set_parameters_callback(self._check_parameters)
        self._steady_clock = Clock(clock_type=ClockType.STEADY_TIME)
        self.group = ReentrantCallbackGroup()
        # An impossible transition raises in rclpy's own callback, which would end the process.
        change_state = self._service_change_state
        change_state.callback = self._refuse_impossible(change_state.callback)

    # What subclasses override ---------------------------------------------------------------

    def configure(self) -> None:
        """Take up the parameters, at once. A PrismError or Refusal leaves it unconfigured."""

    def activate(self) -> None:
        """Start to answer."""

    def deactivate(self) -> None:
        """Stop to answer."""

    def cleanup(self) -> None:
        """Give back what `configure` took up."""

    # Life cycle -----------------------------------------------------------------------------

    @property
    def state(self) -> int:
        """The primary state, a constant of lifecycle_msgs/State."""
        return self._state_machine.current_state[0]

    @property
    def is_active(self) -> bool:
        """Whether requests are answered."""
        return self.state == State.PRIMARY_STATE_ACTIVE

    def on_configure(self, state) -> TransitionCallbackReturn:
        """Called by rclpy; see `configure`."""
        return self._transit(self.configure, super().on_configure, state)

    def on_activate(self, state) -> TransitionCallbackReturn:
        """Called by rclpy; see `activate`."""
        return self._transit(self.activate, super().on_activate, state)

    def on_deactivate(self, state) -> TransitionCallbackReturn:
        """Called by rclpy; see `deactivate`."""
        return self._transit(self.deactivate, super().on_deactivate, state)

    def on_cleanup(self, state) -> TransitionCallbackReturn:
        """Called by rclpy; see `cleanup`."""
        return self._transit(self.cleanup, super().on_cleanup, state)

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

    def _refuse_impossible(self, callback):
        def guarded(request, response):
            try:
                return callback(request, response)
            except Exception as error:
                self.get_logger().error(f'transition {request.transition} refused: {error}')
                response.success = False
                return response

        return guarded

    def _check_parameters(self, parameters):
        is_configured = self.state != State.PRIMARY_STATE_UNCONFIGURED
        return check_parameters(parameters, self._specs, is_configured=is_configured)

    def autostart(self) -> None:
        """Configure and activate if so set; a failure is logged, and the node stays up."""
        if not self.get_parameter('autostart').value:
            return
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def destroy_node(self) -> None:
        """Free everything, so that the node leaves the ROS graph; rclpy forgets the first two."""
        for server in self._action_servers:
            server.destroy()
        self._state_machine.destroy_when_not_in_use()
        super().destroy_node()

    # Interfaces -----------------------------------------------------------------------------

    def serve(self, kind, name: str, callback: Callable) -> None:
        """Offer a service. The callback fills the response; it may be a coroutine."""

        async def guarded(request, response):
            refusal = await self._run(callback, request, response)
            if refusal is None:
                return response
            response = kind.Response()
            response.error_code, response.error_msg = refusal.code, wire_text(str(refusal))
            return response

        self.create_service(kind, name, guarded, callback_group=self.group)

    def serve_action(self, kind, name: str, execute: Callable, cancel: Callable) -> None:
        """Offer a ROS action. `execute(goal_handle, result)` is a coroutine that fills the result.

        Goals are always accepted, so that a refused one has a result with an error code. `cancel`
        gets the goal handle whose cancelling was asked for; cancelling is always accepted.
        """

        async def guarded(goal_handle):
            result = kind.Result()
            refusal = await self._run(execute, goal_handle, result)
            if refusal is None:
                goal_handle.succeed()
                return result
            result = kind.Result(error_code=refusal.code, error_msg=wire_text(str(refusal)))
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

    def every(self, period_s: float, callback: Callable) -> None:
        """Call back at a steady rate, whatever the ROS clock does."""
        self.create_timer(
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
                name = self.get_fully_qualified_name()
                raise Refusal(
                    PlanErrorCode.NODE_INACTIVE,
                    f'{name} is not active; run: ros2 lifecycle set {name} activate',
                )
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
        self.get_logger().error(f'{where}: {error!r}\n{traceback.format_exc()}')


def run_node(make_node: Callable[[], ManagedNode], arguments: Sequence[str] | None = None) -> None:
    """Start a node, activate it as its parameters say, and spin until told to end."""
    rclpy.init(args=sys.argv if arguments is None else arguments)
    try:
        node = make_node()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        node.autostart()
        spin(executor, node)
        node.destroy_node()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
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
