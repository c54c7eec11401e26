# SPDX-License-Identifier: Apache-2.0
"""What `prism watch` shows of our messages. Pure functions."""

from __future__ import annotations

import json
import math
from typing import Any

from prism_core.watch import (
    Limits,
    MissionEnd,
    MissionProgress,
    PlannersNow,
    WatchedPlan,
    WatchedPlanner,
    WatchedStep,
)
from prism_msgs.action import ExecuteMission
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import PlannerHealth, PlanningStatus, PlanStep
from prism_ros.errors import CODE_NAMES

SOURCES = {
    PlanMessage.SOURCE_STUDENT: 'student',
    PlanMessage.SOURCE_TEACHER: 'teacher',
    PlanMessage.SOURCE_SYMBOLIC: 'symbolic',
}
"""The planners that a plan names by a number; others it names by `model_id`."""

_Feedback = ExecuteMission.Feedback
_STATUSES = {
    PlanStep.PENDING: 'pending',
    PlanStep.RUNNING: 'running',
    PlanStep.SUCCEEDED: 'succeeded',
    PlanStep.FAILED: 'failed',
    PlanStep.CANCELED: 'canceled',
    PlanStep.SKIPPED: 'skipped',
    PlanStep.AWAITING_APPROVAL: 'awaiting approval',
}
_PHASES = {
    _Feedback.PLANNING: 'planning',
    _Feedback.EXECUTING: 'executing',
    _Feedback.AWAITING_APPROVAL: 'awaiting approval',
    _Feedback.UPDATING_GRAPH: 'updating graph',
    _Feedback.REPLANNING: 'replanning',
}
_STATES = {
    PlanningStatus.LOADING: 'loading',
    PlanningStatus.READY: 'ready',
    PlanningStatus.PLANNING: 'planning',
    PlanningStatus.DEGRADED: 'degraded',
    PlanningStatus.FAULT: 'fault',
    PlanningStatus.INACTIVE: 'inactive',
}
_HEALTHS = {
    PlannerHealth.LOADING: 'loading',
    PlannerHealth.READY: 'ready',
    PlannerHealth.OUT: 'out',
}


def step_shown(step: PlanStep) -> WatchedStep:
    """A step, in whichever domain."""
    arguments = [*step.targets]
    if step.has_point:
        arguments += [f'{step.point.x:g}', f'{step.point.y:g}']
    if step.radius:
        arguments.append(f'{step.radius:g}')
    if step.text:
        arguments.append(json.dumps(step.text, ensure_ascii=False))
    return WatchedStep(
        f'{step.action}({", ".join(arguments)})',
        _named(_STATUSES, step.status),
        step.message,
        step.needs_approval,
        tuple(step.targets),
    )


def plan_shown(plan: PlanMessage) -> WatchedPlan:
    """A plan, and who made it."""
    stamp = plan.header.stamp
    return WatchedPlan(
        plan_id=hex_of(plan.plan_id),
        task=plan.task,
        goal=plan.primary_goal,
        reasoning=plan.reasoning,
        steps=tuple(map(step_shown, plan.steps)),
        source=SOURCES.get(plan.source, plan.model_id),
        model=plan.model_id,
        passed_over=tuple(plan.passed_over),
        warnings=tuple(plan.warnings),
        revision=plan.graph_revision,
        stamp_s=stamp.sec + stamp.nanosec * 1e-9,
    )


def planners_shown(status: PlanningStatus) -> PlannersNow:
    """How the planners are."""
    return PlannersNow(
        state=_named(_STATES, status.state),
        detail=status.detail,
        domain=status.domain,
        planners=tuple(
            WatchedPlanner(one.name, _named(_HEALTHS, one.state), one.detail, one.model_id)
            for one in status.planners
        ),
        planning_s=_finite(status.last.planning_time_s),
    )


def progress_shown(feedback: Any) -> MissionProgress:
    """Where a mission is, by the feedback of its action."""
    has_plan = feedback.steps_total > 0
    return MissionProgress(
        phase=_named(_PHASES, feedback.phase),
        plan_id=hex_of(feedback.plan_id) if has_plan else '',
        step=feedback.step_index,
        steps_total=feedback.steps_total,
        replans=feedback.replans,
        distance_m=_finite(feedback.distance_m),
        elapsed_s=_finite(feedback.elapsed_s),
        message=feedback.message,
    )


def end_shown(result: Any) -> MissionEnd:
    """How a mission ended, by the result of its action."""
    return MissionEnd(
        code=CODE_NAMES.get(result.error_code, str(result.error_code)),
        answer=result.answer,
        error=result.error_msg,
        mission_id=result.mission_id,
        turns=result.turns,
        replans=result.replans,
        distance_m=_finite(result.distance_m),
        elapsed_s=_finite(result.elapsed_s),
        plan=plan_shown(result.last_plan) if result.last_plan.steps else None,
    )


def limits_shown(values: dict[str, Any]) -> Limits:
    """What missions may take, by the executor's parameters.

    Args:
        values: of the parameters, by the last part of their names; 0 is no limit.
    """
    return Limits(
        turns=int(values.get('max_turns') or 0),
        replans=int(values.get('max_replans') or 0),
        distance_m=_finite(values.get('max_distance_m') or 0.0),
        time_s=_finite(values.get('timeout_s') or 0.0),
    )


def hex_of(uuid: Any) -> str:
    """The number of a UUID message, as 32 hexadecimal digits."""
    return bytes(uuid.uuid).hex()


def _named(names: dict[int, str], number: int) -> str:
    return names.get(number, f'state {number}')


def _finite(value: float) -> float:
    return float(value) if math.isfinite(value) else 0.0
