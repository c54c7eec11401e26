# SPDX-License-Identifier: Apache-2.0
"""Node prism_nav2_skills: the skills of a robot that drives by Nav2.

An action that only drives is done by Nav2 alone. Of any other Nav2 does the drive, and a skill
server of the robot, `look/<action>`, the rest. Needs package nav2_msgs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticStatus

from prism_core import Action, ConfigError, Observation, Role, SceneGraphError
from prism_msgs.action import ExecuteSkill
from prism_msgs.msg import PlanErrorCode, PlanStep
from prism_ros.diagnostics import OK, WARN, make_diagnostic
from prism_ros.errors import Refusal
from prism_ros.managed_node import run_node
from prism_ros.mission_messages import skilled_actions
from prism_ros.nav2_drive import DriveEnd, Nav2Drive
from prism_ros.nav2_trip import DRIVEN, Leg, Trip, find_legs
from prism_ros.parameters import NAV2_SKILLS_PARAMETERS
from prism_ros.skill_calls import SkillCalls, SkillEnd
from prism_ros.skills_node import SkillsNode
from prism_ros.turn_conversions import observation_to_message
from prism_ros.waiting import Waiter

FEEDBACK_S = 0.2  # at most so often; Nav2 gives it a hundred times a second
_CODES = {
    'unavailable': PlanErrorCode.SKILL_UNAVAILABLE,
    'stopped': PlanErrorCode.CANCELED,
    'late': PlanErrorCode.TIMEOUT,
    'drives_on': PlanErrorCode.SKILL_FAILED,
    'skill_unavailable': PlanErrorCode.SKILL_UNAVAILABLE,
    'skill_failed': PlanErrorCode.SKILL_FAILED,
}
_LOOK = 'which does the rest of {0} once the robot is there; serve it, or leave {0} out of '


class Nav2SkillsNode(SkillsNode):
    """Serves the skills of a robot that drives by Nav2."""

    def __init__(self, **node_arguments: Any):
        super().__init__('prism_nav2_skills', NAV2_SKILLS_PARAMETERS, **node_arguments)
        self._drive: Nav2Drive | None = None  # once it is configured
        self._looks = SkillCalls(self, (), '')

    def configure(self) -> None:
        """Find Nav2's action, and offer the skills."""
        table = self.find_domain().table
        if table.of_role(Role.DRIVE) is None:
            raise ConfigError(
                f'domain: {self.domain.name} has no action that drives, so there is nothing for '
                'Nav2 to do; name another domain'
            )
        skilled = skilled_actions(table)
        names = self._texts('nav2.actions') or skilled
        unknown = [name for name in names if name not in skilled]
        if unknown:
            raise ConfigError(
                f'nav2.actions: expected some of {", ".join(skilled)}, got '
                f'{", ".join(unknown)[:80]}'
            )
        try:
            from nav2_msgs.action import NavigateToPose
        except ImportError as error:
            raise ConfigError(
                f'{self.get_name()} needs package nav2_msgs ({error}): install '
                'ros-$ROS_DISTRO-nav2-msgs'
            ) from error
        looks = [name for name in names if table[name].role is not Role.DRIVE]
        self._looks = SkillCalls(self, looks, self.get_parameter('look.prefix').value)
        self._drive = Nav2Drive(
            self,
            NavigateToPose,
            self.get_parameter('nav2.action_name').value,
            self.get_parameter('nav2.behavior_tree').value,
        )
        self.offer(names)

    def activate(self) -> None:
        """Say what it serves."""
        self.get_logger().info(f'{self.get_name()} drives by Nav2, which has to be there')

    def cleanup(self) -> None:
        """Offer nothing any more."""
        super().cleanup()
        self._let_go()

    def destroy_node(self) -> None:
        """Free everything."""
        self._let_go()
        super().destroy_node()

    def _let_go(self) -> None:
        self._looks.destroy()
        self._looks = SkillCalls(self, (), '')
        if self._drive is not None:
            self._drive.destroy()
            self._drive = None

    def diagnose(self) -> list[DiagnosticStatus]:
        """Whether Nav2 is there, and those who look."""
        missing = self._missing()
        level, said = (WARN, '; '.join(missing)) if missing else (OK, 'drives by Nav2')
        return [make_diagnostic(self, 'skills', level, said, {'domain': self.domain.name})]

    def _missing(self) -> list[str]:
        drive, looks = self._drive, self._looks.missing()
        prefix = self.get_parameter('look.prefix').value
        said = [] if drive is None or drive.is_there else [drive.why_not_there]
        if looks:
            said.append(f'nobody serves {", ".join(f"{prefix}{name}" for name in looks)}')
        return said

    # ------------------------------------------------------------------------------------- a step

    async def carry_out(
        self, action: Action, goal_handle: Any, waiter: Waiter, result: ExecuteSkill.Result
    ) -> None:
        """Drive to where it is done, way by way; then have the rest done."""
        spec = self.domain.table[action.name]
        looks = spec.role is not Role.DRIVE
        try:
            legs = find_legs(self.known, action, spec)
        except SceneGraphError as error:
            self._fill(result, Observation(feedback=str(error), status='refused'))
            return
        if looks:
            await self._find_who_looks(action.name, waiter)
        trip, request = Trip(legs, is_all=not looks), goal_handle.request
        ends_s = time.monotonic() + (request.timeout_s or math.inf)
        for leg in legs:
            end = await self._drive_leg(trip, leg, goal_handle, waiter, ends_s)
            if end.outcome != 'reached':
                self._fill(result, self._explain(trip, leg, end))
                if end.outcome in _CODES:
                    raise Refusal(_CODES[end.outcome], end.said)
                return
            trip.reach(leg)
        shown = trip.observe(source=self.get_name())
        self._fill(result, shown)
        if looks:
            tell = _Feedback(goal_handle)
            seen = await self._look(request.step, waiter, ends_s, lambda said: tell(DRIVEN, said))
            if seen.observation is not None:
                self._fill(result, _join(shown, seen.observation))
            if seen.problem:
                code = _CODES.get(seen.problem, PlanErrorCode.SKILL_FAILED)
                raise Refusal(code, seen.reason or f'{action.name} was canceled')

    async def _find_who_looks(self, name: str, waiter: Waiter) -> None:
        wait_s = self.get_parameter('nav2.wait_s').value
        if not await waiter.until(lambda: name not in self._looks.missing(), wait_s):
            server = f'{self.get_parameter("look.prefix").value}{name}'
            why = f"nobody serves '{server}', {_LOOK.format(name)}nav2.actions"
            raise Refusal(PlanErrorCode.SKILL_UNAVAILABLE, why)

    async def _drive_leg(
        self, trip: Trip, leg: Leg, goal_handle: Any, waiter: Waiter, ends_s: float
    ) -> DriveEnd:
        assert self._drive is not None  # noqa: S101 - who serves is configured
        way = leg.way
        if way is not None and way.key not in self.known.connections:
            said = f'the way from {way.source} to {way.target} is gone from the scene graph'
            return DriveEnd('failed', said)
        trip.begin()
        tell = _Feedback(goal_handle)
        return await self._drive.to(
            leg.pose,
            waiter,
            timeout_s=ends_s - time.monotonic(),
            wait_s=self.get_parameter('nav2.wait_s').value,
            cancel_s=self.get_parameter('nav2.cancel_timeout_s').value,
            tell=lambda feedback: tell(*trip.hear(leg, feedback)),
        )

    async def _look(
        self, step: PlanStep, waiter: Waiter, ends_s: float, tell: Callable[[str], None]
    ) -> SkillEnd:
        return await self._looks.carry_out(
            step,
            ends_s - time.monotonic(),
            waiter,
            wait_s=self.get_parameter('nav2.wait_s').value,
            cancel_s=self.get_parameter('nav2.cancel_timeout_s').value,
            tell=tell,
        )

    def _explain(self, trip: Trip, leg: Leg, end: DriveEnd) -> Observation:
        """What a drive that did not come to its end has shown."""
        why, blocked, way = end.said, None, leg.way
        if end.outcome in ('blocked', 'failed'):
            why = f'{leg.goal} was not reached: {why}'
        if end.outcome == 'blocked' and way is not None:
            why = f'the way from {way.source} to {way.target} is blocked: {end.said}'
            is_known = way.key in self.known.connections
            blocked = way if is_known and self.get_parameter('nav2.remove_ways').value else None
        return trip.observe(why, blocked=blocked, source=self.get_name())

    def _fill(self, result: ExecuteSkill.Result, shown: Observation) -> None:
        result.observation = observation_to_message(shown)


class _Feedback:
    """Tells who sent a goal how far it is, not too often."""

    def __init__(self, goal_handle: Any):
        self._goal_handle = goal_handle
        self._told_s = -math.inf

    def __call__(self, progress: float, message: str) -> None:
        now_s = time.monotonic()
        is_due = now_s - self._told_s >= FEEDBACK_S
        if is_due and self._goal_handle.status == GoalStatus.STATUS_EXECUTING:
            self._told_s = now_s
            feedback = ExecuteSkill.Feedback(progress=progress, message=message)
            self._goal_handle.publish_feedback(feedback)


def _join(drive: Observation, look: Observation) -> Observation:
    """What a drive and what follows it have shown together."""
    here = look.update.robot_location or drive.update.robot_location
    return replace(
        look,
        update=replace(look.update, robot_location=here),
        distance_m=drive.distance_m + look.distance_m,
    )


def main() -> None:
    """Run the node."""
    run_node(Nav2SkillsNode)


if __name__ == '__main__':
    main()
