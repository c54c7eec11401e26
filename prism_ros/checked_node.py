# SPDX-License-Identifier: Apache-2.0
"""CheckedNode: a lifecycle node that no parameter and no call to set one brings down.

A parameter that was given wrong at the start is said in one sentence and leaves the node up; rclpy
would raise, and whoever restarts the process would see it die for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.lifecycle import LifecycleNode
from rclpy.parameter import Parameter

from prism_ros.parameter_checks import find_unknown, read_change, read_override
from prism_ros.parameters import ROS_PARAMETERS, ParameterSpec


def describe(spec: ParameterSpec) -> ParameterDescriptor:
    """The descriptor that `ros2 param describe` shows."""
    descriptor = ParameterDescriptor(
        description=spec.description,
        additional_constraints=spec.constraints,
        read_only=spec.fixed == 'started',
    )
    if spec.range is not None:
        low, high = spec.range
        if isinstance(spec.default, int):
            descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
        else:
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(low), to_value=float(high))
            ]
    return descriptor


class CheckedNode(LifecycleNode):
    """Declares the parameters of a table, and checks what is given for them, now and later."""

    def __init__(self, name: str, parameters: Sequence[ParameterSpec], **node_arguments: Any):
        self._specs = {spec.name: spec for spec in (*ROS_PARAMETERS, *parameters)}
        self._misfits: dict[str, str] = {}  # of what was given wrong: a sentence each
        super().__init__(name, **node_arguments)
        for spec in parameters:
            self.declare_parameter(spec.name, spec.default, describe(spec))
        self.add_on_set_parameters_callback(self._check_change)
        for sentence in find_unknown(self._parameter_overrides, self._specs):
            self.get_logger().warning(sentence)
        for sentence in self._misfits.values():
            self.get_logger().error(sentence)
        # These of rclpy raise for what they cannot do, without a reply.
        self._guard_service(ChangeState, lambda request, reason: ChangeState.Response())
        self._guard_service(SetParameters, _refuse_each)
        self._guard_service(SetParametersAtomically, _refuse_all)

    @property
    def state(self) -> int:
        """The primary state, a constant of lifecycle_msgs/State."""
        return self._state_machine.current_state[0]

    @property
    def misfits(self) -> str:
        """What is wrong with the parameters that were given and not set right since; '' = fine."""
        return '; '.join(self._misfits.values())

    def declare_parameter(self, name: str, *arguments: Any, **named: Any) -> Parameter:
        """As rclpy's, but what was given wrong is noted, and the default stands in for it.

        rclpy calls this too, for parameters of its own.
        """
        given = self._parameter_overrides.get(name)
        if given is not None and name in self._specs:
            try:
                value = read_override(given.value, self._specs[name])
                self._parameter_overrides[name] = Parameter(name, value=value)
            except ValueError as error:
                self._misfits[name] = str(error)
                del self._parameter_overrides[name]
        return super().declare_parameter(name, *arguments, **named)

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> SetParametersResult:
        """As rclpy's, but whole numbers are numbers too, and a refusal is a sentence of ours.

        Both services that set parameters end here.
        """
        try:
            read = [self._read_change(parameter) for parameter in parameter_list]
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        result = super().set_parameters_atomically(read)
        if result.successful:
            for parameter in read:
                self._misfits.pop(parameter.name, None)
        return result

    def _check_change(self, parameters: list[Parameter]) -> SetParametersResult:
        """Called by rclpy for every change, those from inside the process too."""
        try:
            for parameter in parameters:
                self._read_change(parameter)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _read_change(self, parameter: Parameter) -> Parameter:
        is_configured = self.state != State.PRIMARY_STATE_UNCONFIGURED
        value = read_change(
            parameter.name, parameter.value, self._specs, is_configured=is_configured
        )
        return Parameter(parameter.name, value=value)

    def _guard_service(self, kind, refuse: Callable[[Any, str], Any]) -> None:
        """Have what a service of rclpy raises answered by `refuse(request, reason)`."""
        (service,) = [service for service in self.services if service.srv_type is kind]
        callback = service.callback

        def guarded(request, response):
            try:
                return callback(request, response)
            except Exception as error:
                self.get_logger().error(f'{service.srv_name} refused: {error}')
                return refuse(request, str(error))

        service.callback = guarded


def _refuse_each(request: Any, reason: str) -> SetParameters.Response:
    refusal = SetParametersResult(successful=False, reason=reason)
    return SetParameters.Response(results=[refusal for _ in request.parameters])


def _refuse_all(request: Any, reason: str) -> SetParametersAtomically.Response:
    refusal = SetParametersResult(successful=False, reason=reason)
    return SetParametersAtomically.Response(result=refusal)
