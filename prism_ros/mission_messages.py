# SPDX-License-Identifier: Apache-2.0
"""What missions look like on the wire: goals, the status of each step, and why one ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from prism_core import ActionTable, Role, Turn
from prism_core.mission import Budget, MissionEnding, RobotMission, Rules
from prism_msgs.action import ExecuteMission
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import PlanErrorCode, PlanStep
from prism_msgs.msg import Turn as TurnMessage
from prism_ros.conversions import wire_text
from prism_ros.errors import Refusal
from prism_ros.planning_request import MAX_PLANNER_CHARS, MAX_TASK_CHARS
from prism_ros.turn_conversions import observation_to_message

MAX_MESSAGE_CHARS = 1024
SAYS_NOT_WHY = 'it failed; what it has shown of the scene graph is all that its skill says'
ENDING_CODES: dict[MissionEnding, int] = {
    'reported': PlanErrorCode.NONE,
    'planned': PlanErrorCode.NONE,
    'asked': PlanErrorCode.NEEDS_CLARIFICATION,
    'turn_limit': PlanErrorCode.REPLAN_LIMIT,
    'replan_limit': PlanErrorCode.REPLAN_LIMIT,
    'stuck': PlanErrorCode.REPLAN_LIMIT,
    'distance_limit': PlanErrorCode.DISTANCE_LIMIT,
    'time_limit': PlanErrorCode.TIMEOUT,
    'plan_stale': PlanErrorCode.PLAN_STALE,
    'repeated_failure': PlanErrorCode.SKILL_FAILED,
    'planner_error': PlanErrorCode.INVALID_OUTPUT,
    'approval_denied': PlanErrorCode.APPROVAL_DENIED,
    'skill_unavailable': PlanErrorCode.SKILL_UNAVAILABLE,
    'skill_failed': PlanErrorCode.SKILL_FAILED,
    'canceled': PlanErrorCode.CANCELED,
}
"""The error code of each way in which a mission ends. Of a planner that refuses it is its own."""

_REFUSED_CODES = {
    '': PlanErrorCode.SKILL_FAILED,
    'stale': PlanErrorCode.PLAN_STALE,
    'repeated': PlanErrorCode.SKILL_FAILED,
}
_ENDS_OF_A_STEP = {
    'done': PlanStep.SUCCEEDED,
    'failed': PlanStep.FAILED,
    'refused': PlanStep.FAILED,
}


def read_goal(goal: ExecuteMission.Goal, limits: Budget, rules: Rules) -> tuple[Budget, Rules]:
    """What a goal may take and what it keeps to: never more than the node's own.

    Raises:
        Refusal: INVALID_REQUEST, with what was expected and what came.
    """
    if not goal.task.strip() or '\0' in goal.task:
        raise _invalid("expected a task, such as 'inspect the truck', got an empty one or NUL")
    for name, limit in (('task', MAX_TASK_CHARS), ('planner', MAX_PLANNER_CHARS)):
        if len(getattr(goal, name)) > limit:
            raise _invalid(f'{name} has more than the {limit} characters that are allowed')
    for name in ('timeout_s', 'max_distance_m'):
        value = getattr(goal, name)
        if not 0 <= value < math.inf:
            raise _invalid(f'{name} must be a finite number, 0 or more, got {value}')
    budget = Budget(
        max_turns=min(goal.max_turns or limits.max_turns, limits.max_turns),
        max_replans=min(goal.max_replans or limits.max_replans, limits.max_replans),
        max_distance_m=min(goal.max_distance_m or limits.max_distance_m, limits.max_distance_m),
        max_time_s=min(goal.timeout_s or limits.max_time_s, limits.max_time_s),
    )
    kept = Rules(rules.approval_actions, goal.require_approval, goal.dry_run, rules.find_breaches)
    return budget, kept


def mark_approval(plan: PlanMessage, rules: Rules, table: ActionTable) -> None:
    """Say of each step whether it needs approval."""
    for step in plan.steps:
        by_skill = step.action in skilled_actions(table)
        is_marked = step.action in rules.approval_actions
        step.needs_approval = is_marked or (rules.approve_all and by_skill)


def skilled_actions(table: ActionTable) -> list[str]:
    """The actions that skills carry out; the rest the executor does itself."""
    return [
        name
        for name, spec in table.items()
        if not spec.ends_mission and spec.role is not Role.STAND_IN
    ]


def mark_steps(plan: PlanMessage, mission: RobotMission, *, is_taken: bool) -> None:
    """Say of each step of the mission's last plan how it went; `is_taken`: it is the mission's."""
    seen = mission.observations if is_taken else ()
    for index, step in enumerate(plan.steps):
        step.status, step.error_code, step.message = PlanStep.PENDING, PlanErrorCode.NONE, ''
        if index < len(seen):
            shown = seen[index]
            step.status = _ENDS_OF_A_STEP[shown.status]
            said = shown.feedback or ('' if shown.status == 'done' else SAYS_NOT_WHY)
            step.message = wire_text(said)[:MAX_MESSAGE_CHARS]
            if shown.status != 'done':
                is_last = index == len(seen) - 1
                refused = mission.refused if is_last else ''
                step.error_code = _REFUSED_CODES[refused]
                step.status = PlanStep.SKIPPED if refused else step.status
        elif mission.ending == 'planned':
            continue
        elif mission.action is None:
            step.status = PlanStep.SKIPPED
        elif index == mission.step:
            is_waiting = mission.phase == 'approving'
            step.status = PlanStep.AWAITING_APPROVAL if is_waiting else PlanStep.RUNNING


def who_planned(plan: PlanMessage) -> str:
    """The planner of a plan, or that nobody was asked for it."""
    return 'kept from the plan before' if any(plan.kept_from.uuid) else f'by {plan.model_id}'


def tried_steps(plans: Sequence[PlanMessage]) -> list[PlanStep]:
    """The steps of some plans that were at least begun, in order."""
    untried = (PlanStep.PENDING, PlanStep.SKIPPED, PlanStep.AWAITING_APPROVAL)
    return [step for plan in plans for step in plan.steps if step.status not in untried]


def turn_of(plan: PlanMessage, turn: Turn) -> TurnMessage:
    """A turn as planners are told of it: the plan as it came, with what it was made on."""
    return TurnMessage(
        plan=plan,
        robot_location=turn.robot_location,
        observations=[observation_to_message(seen) for seen in turn.observations],
    )


def fill_result(
    result: ExecuteMission.Result,
    mission: RobotMission,
    plans: Sequence[PlanMessage],
    mission_id: str,
) -> None:
    """Say how a mission went."""
    result.mission_id = mission_id
    result.answer = wire_text(mission.answer)
    if plans:
        result.last_plan = plans[-1]
    result.history = tried_steps(plans)
    result.turns, result.replans = mission.turns, mission.replans
    result.distance_m = float(mission.distance_m)
    result.elapsed_s = float(mission.elapsed_s)


def refusal_of(mission: RobotMission, planner_code: int = PlanErrorCode.NONE) -> Refusal | None:
    """Why a mission that ended has no answer; None where it has."""
    assert mission.ending  # noqa: S101 - it has ended
    code = ENDING_CODES[mission.ending]
    if code == PlanErrorCode.NONE:
        return None
    if mission.ending == 'asked':
        said = f'the mission ended in a question: {mission.answer}'
        return Refusal(code, f'{said} Reply in a goal with its id in continue_mission.')
    if mission.ending in ('planner_error', 'canceled') and planner_code:
        code = planner_code
    return Refusal(code, mission.reason)


def _invalid(sentence: str) -> Refusal:
    return Refusal(PlanErrorCode.INVALID_REQUEST, sentence)


def describe_mission(mission: RobotMission) -> dict[str, Any]:
    """How far a mission is, for people."""
    return {
        'phase': mission.phase,
        'plans': mission.turns,
        'replans': mission.replans,
        'driven in m': f'{mission.distance_m:.1f}',
    }
