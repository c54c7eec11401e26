"""The parameters of our nodes: one table each, declared with description, range and choices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter: name, default (which fixes the type), meaning with unit, what is allowed.

    `range` bounds a number, ends included. `is_fixed` freezes the value once the node is
    configured.
    A list of texts must not be empty: ROS could not tell its type.
    """

    name: str
    default: Any
    description: str
    range: tuple[float, float] | None = None
    is_fixed: bool = False

    def describe(self) -> ParameterDescriptor:
        """The descriptor that `ros2 param describe` shows."""
        descriptor = ParameterDescriptor(description=self.description)
        if self.is_fixed:
            descriptor.additional_constraints = 'fixed once the node is configured'
        if self.range is not None:
            low, high = self.range
            if isinstance(self.default, int):
                descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
            else:
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=float(low), to_value=float(high))
                ]
        return descriptor


AUTOSTART = ParameterSpec(
    'autostart', True, 'Configure and activate the node when it starts.', is_fixed=True
)

SCENE_GRAPH_PARAMETERS = (
    AUTOSTART,
    ParameterSpec(
        'graph.file',
        'depot.json',
        'Scene graph to load (SPINE JSON): a path, or a name inside graph.directory. '
        "'' = start empty.",
        is_fixed=True,
    ),
    ParameterSpec(
        'graph.directory',
        '',
        'Folder that load_scene_graph and save_scene_graph are confined to. '
        "'' = the folder of graph.file, or the packaged graphs (read only).",
        is_fixed=True,
    ),
    ParameterSpec(
        'graph.robot_location',
        '',
        "Region that the robot starts in. '' = what the file says.",
        is_fixed=True,
    ),
    ParameterSpec(
        'graph.max_nodes',
        2000,
        'A larger graph is refused, as is an update that would make it larger.',
        range=(1, 8192),
    ),
    ParameterSpec(
        'graph.accept_topic_updates',
        True,
        'Apply updates from topic graph_updates; anyone in the domain can publish there.',
    ),
)

PLANNER_PARAMETERS = (
    AUTOSTART,
    ParameterSpec(
        'planner.order',
        ['symbolic', 'student'],
        'Planners that answer, in falling order: names of entry points in group prism.planners '
        '(lm is the teacher), or package.module:factory for your own; name=... calls it so.',
        is_fixed=True,
    ),
    ParameterSpec(
        'planner.shares',
        [1.0],
        "Relative part of a call's time for each planner of planner.order, which it may use up "
        'before the next is asked; 1.0 for those not named. Positive numbers.',
        is_fixed=True,
    ),
    ParameterSpec(
        'planner.timeout_s',
        30.0,
        'Seconds from request to reply when the request names none.',
        range=(0.1, 600.0),
    ),
    ParameterSpec(
        'planner.max_timeout_s',
        120.0,
        'Seconds that no request can exceed; a longer time is cut to this.',
        range=(0.1, 3600.0),
    ),
    ParameterSpec(
        'graph.max_nodes',
        2000,
        'A larger graph inside a request is refused.',
        range=(1, 8192),
    ),
    ParameterSpec(
        'graph.stale_after_s',
        0.0,
        'Refuse to plan on a graph that has not changed for so many seconds. 0 = never.',
        range=(0.0, 86400.0),
    ),
)


def declare_parameters(node: Node, specs: Sequence[ParameterSpec]) -> None:
    """Declare every parameter of the table, taking overrides from launch, file and command line."""
    for spec in specs:
        node.declare_parameter(spec.name, spec.default, spec.describe())


def check_parameters(
    parameters: Sequence[Parameter], specs: Sequence[ParameterSpec], *, is_configured: bool
) -> SetParametersResult:
    """Judge a change of parameters beyond what their descriptors check. Has no side effects."""
    by_name = {spec.name: spec for spec in specs}
    for parameter in parameters:
        spec = by_name.get(parameter.name)
        if spec is None:
            continue
        if spec.is_fixed and is_configured:
            reason = f'{spec.name} is fixed once the node is configured; clean the node up first'
            return SetParametersResult(successful=False, reason=reason)
        if isinstance(parameter.value, float) and not math.isfinite(parameter.value):
            reason = f'{spec.name} must be a finite number, got {parameter.value}'
            return SetParametersResult(successful=False, reason=reason)
    return SetParametersResult(successful=True)
