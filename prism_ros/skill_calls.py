# SPDX-License-Identifier: Apache-2.0
"""The skills of the robot as prism_executor calls them: one ROS action each, `skills/<action>`.

Whatever a skill server does (it is not there, it rejects, hangs, dies, sends what is none), a call
ends in its time, and what was begun is canceled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient

from prism_core import GraphUpdate, Observation, PrismError
from prism_msgs.action import ExecuteSkill
from prism_msgs.msg import PlanErrorCode, PlanStep
from prism_ros.errors import CODE_NAMES
from prism_ros.goals import pursue
from prism_ros.managed_node import ManagedNode
from prism_ros.turn_conversions import observation_from_message
from prism_ros.waiting import Waiter


@dataclass(frozen=True)
class SkillEnd:
    """How a call ended: with what the step has shown, or why it did not end by itself.

    `problem`: nobody carries it out; it hangs or broke; it was stopped from outside.
    """

    observation: Observation | None = None
    problem: Literal['', 'skill_unavailable', 'skill_failed', 'stopped'] = ''
    reason: str = ''


class SkillCalls:
    """Calls the skills of a robot, one at a time.

    Args:
        node: that calls.
        actions: the names of the actions that skills carry out.
        prefix: what stands in front of the names of their servers.
    """

    def __init__(self, node: ManagedNode, actions: Iterable[str], prefix: str):
        self._node = node
        self._clients = {
            name: ActionClient(node, ExecuteSkill, f'{prefix}{name}', callback_group=node.group)
            for name in actions
        }
        self._prefix = prefix

    def destroy(self) -> None:
        """Free the clients."""
        for client in self._clients.values():
            client.destroy()

    def missing(self) -> list[str]:
        """The actions that nobody carries out now."""
        return [name for name, client in self._clients.items() if not client.server_is_ready()]

    def _count(self, action: str) -> int:
        """How many servers carry out an action: two of them would drive one robot. Humble cannot
        tell.
        """
        if not hasattr(self._node, 'count_services'):
            return 1
        service = f'{self._prefix}{action}/_action/send_goal'
        return self._node.count_services(self._node.resolve_service_name(service))

    def _tell_count(self, action: str) -> str:
        return f"{self._count(action)} servers serve '{self._prefix}{action}'; end all but one"

    async def carry_out(
        self,
        step: PlanStep,
        timeout_s: float,
        waiter: Waiter,
        *,
        wait_s: float,
        cancel_s: float,
        tell: Callable[[str], None],
    ) -> SkillEnd:
        """Have a step carried out.

        Args:
            step: the step.
            timeout_s: after so long it is canceled.
            waiter: whose interruption cancels it, too.
            wait_s: how long a server that is not there is waited for.
            cancel_s: how long a server may take to end what is canceled.
            tell: is told what the skill says of its progress.
        """
        client, name = self._clients[step.action], f"'{self._prefix}{step.action}'"
        ends_s = time.monotonic() + timeout_s
        if not await waiter.until(client.server_is_ready, min(wait_s, timeout_s)):
            if waiter.is_interrupted:
                return SkillEnd(problem='stopped')
            why = f'nobody serves {name}, which carries out {step.action}'
            return SkillEnd(problem='skill_unavailable', reason=why)
        if not await waiter.until(lambda: self._count(step.action) == 1, min(wait_s, timeout_s)):
            if waiter.is_interrupted:
                return SkillEnd(problem='stopped')
            return SkillEnd(problem='skill_unavailable', reason=self._tell_count(step.action))
        end = await pursue(
            client,
            ExecuteSkill.Goal(step=step, timeout_s=min(timeout_s, 1e9)),
            waiter,
            timeout_s=max(ends_s - time.monotonic(), 0.0),
            cancel_s=cancel_s,
            tell=lambda feedback: tell(_say(feedback)),
            # One that was killed counts for a while yet: beside the next one, there are two.
            is_there=lambda: client.server_is_ready() and self._count(step.action) == 1,
        )
        if end.problem == 'rejected':
            return SkillEnd(Observation(feedback=f'{name} rejected its goal', status='refused'))
        if end.problem in ('not_taken', 'gone'):
            why = f'{name} {_UNAVAILABLE[end.problem]}'
            if self._count(step.action) > 1:
                why = self._tell_count(step.action)
            return SkillEnd(problem='skill_unavailable', reason=why)
        if not end.problem:
            return _read(end.response, name)
        last = _read(end.response, name).observation if end.response is not None else None
        if end.problem == 'stopped':
            return SkillEnd(last, 'stopped')
        said = 'it was canceled' if last else f'it does not end {cancel_s:g} s after its cancel'
        why = f'{name} did not end within {timeout_s:g} s; {said}'
        return SkillEnd(last, 'skill_failed', why)


_UNAVAILABLE = {
    'not_taken': 'did not take its goal in time',
    'gone': 'is gone in the middle of its work',
}


def _say(feedback: ExecuteSkill.Feedback) -> str:
    return f'{feedback.progress:.0%} {feedback.message}'.strip()


def _read(response: Any, name: str) -> SkillEnd:
    """What a result says."""
    result = response.result
    try:
        shown = observation_from_message(result.observation)
    except PrismError as error:
        why = f'{name} reports what cannot be read: {error}'
        return SkillEnd(Observation(feedback=why, status='failed'))
    if not shown.update.source and shown.update != GraphUpdate():
        shown = replace(shown, update=replace(shown.update, source=name.strip("'")))
    if result.error_code in (PlanErrorCode.NODE_INACTIVE, PlanErrorCode.SKILL_UNAVAILABLE):
        why = f'{name}: {result.error_msg}'
        return SkillEnd(replace(shown, status='failed', feedback=why), 'skill_unavailable', why)
    if response.status == GoalStatus.STATUS_SUCCEEDED and result.error_code == PlanErrorCode.NONE:
        return SkillEnd(shown)
    code = CODE_NAMES.get(result.error_code, str(result.error_code))
    ended = 'was canceled' if response.status == GoalStatus.STATUS_CANCELED else 'was aborted'
    said = result.error_msg or shown.feedback or f'{name} {ended} ({code})'
    if shown.status == 'refused':
        return SkillEnd(replace(shown, feedback=said))
    return SkillEnd(replace(shown, status='failed', feedback=said))
