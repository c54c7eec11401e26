# SPDX-License-Identifier: Apache-2.0
"""What our nodes say on /diagnostics, for the tools that watch a whole robot.

Names and levels are those of https://docs.ros.org/en/api/diagnostic_msgs: a status is called
`<node>: <what>`, and its level is 0 (OK), 1 (WARN) or 2 (ERROR).
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from prism_core import PlannerHealth, SceneGraph
from prism_core.inference.breaker import Breaker
from prism_msgs.msg import PlanningStatus
from prism_ros.conversions import wire_text
from prism_ros.planner_status import judge, say_adapters

TOPIC = '/diagnostics'  # the one absolute name: all tools look there
PERIOD_S = 1.0

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
_LEVELS = {
    PlanningStatus.READY: OK,
    PlanningStatus.LOADING: OK,
    PlanningStatus.DEGRADED: WARN,
    PlanningStatus.FAULT: ERROR,
}


def make_diagnostic(
    node: Node, what: str, level: bytes, message: str, values: Mapping[str, object]
) -> DiagnosticStatus:
    """One status of a node; the machine it runs on is the hardware."""
    return DiagnosticStatus(
        level=level,
        name=f'{node.get_fully_qualified_name().strip("/")}: {what}',
        message=wire_text(message),
        hardware_id=socket.gethostname(),
        values=[KeyValue(key=key, value=wire_text(str(value))) for key, value in values.items()],
    )


def make_array(node: Node, diagnostics: Sequence[DiagnosticStatus]) -> DiagnosticArray:
    """What is published: all of a node's at once."""
    array = DiagnosticArray(status=list(diagnostics))
    array.header.stamp = node.get_clock().now().to_msg()
    return array


def judge_planners(
    health: Mapping[str, PlannerHealth], doubts: Sequence[str]
) -> tuple[bytes, str, dict[str, object]]:
    """Level, message and values of the planners of a node that is active; see `judge`."""
    state, message = judge(health, doubts)
    can_answer = any(one.state == 'ready' for one in health.values())
    level = _LEVELS[state] if can_answer else max(_LEVELS[state], WARN)
    return level, message, {name: _describe(one) for name, one in health.items()}


def tell_breakers(breakers: Mapping[str, Breaker]) -> dict[str, object]:
    """The values that say of each planner behind a network whether it is left alone."""
    return {f'{name} breaker': _describe_breaker(one) for name, one in breakers.items()}


def _describe_breaker(breaker: Breaker) -> str:
    wait = f', asked again in {breaker.retry_in_s:.1f} s' if breaker.state == 'open' else ''
    return f'{breaker.state}{wait}'


def judge_graph(
    graph: SceneGraph | None, doubts: Sequence[str]
) -> tuple[bytes, str, dict[str, object]]:
    """Level, message and values of a scene graph, and `doubts` why it cannot be relied on."""
    if graph is None:
        return WARN, 'no scene graph yet', {}
    reasons = list(doubts)
    if not graph.robot_location:
        reasons.append('nobody has told where the robot is')
    values: dict[str, object] = {
        'revision': graph.revision,
        'regions': len(graph.regions),
        'objects': len(graph.objects),
        'robot_location': graph.robot_location or '',
    }
    return (WARN if reasons else OK), '; '.join(reasons) or f'revision {graph.revision}', values


def _describe(health: PlannerHealth) -> str:
    """One planner in words."""
    said = str(health.error or health.remark)
    model = f' ({health.model_id})' if health.model_id else ''
    return f'{health.state}{model}{say_adapters(health)}' + (f': {said}' if said else '')
