# SPDX-License-Identifier: Apache-2.0
"""What prism_planner tells of itself: its state in one sentence, its planners, what a call took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prism_core import CallStats, PlannerHealth
from prism_msgs.msg import PlanErrorCode, PlanMetrics, PlanningStatus
from prism_msgs.msg import PlannerHealth as HealthMessage
from prism_ros.conversions import wire_text
from prism_ros.errors import refusal_from

START_LINE_S = 60.0
"""What is still being made so long after the start is told of as it is."""
_STATES = {
    'loading': HealthMessage.LOADING,
    'ready': HealthMessage.READY,
    'out': HealthMessage.OUT,
}
_WORDS = {
    PlanningStatus.LOADING: 'loading',
    PlanningStatus.READY: 'ready',
    PlanningStatus.DEGRADED: 'degraded',
    PlanningStatus.FAULT: 'cannot plan',
}


def judge(health: Mapping[str, PlannerHealth], doubts: Sequence[str]) -> tuple[int, str]:
    """The state of a node that is active and idle, and why it is that, as one sentence.

    DEGRADED where a planner is out or there is any doubt, and another planner can answer; LOADING
    while one is made and none is out, whether or not others can answer already.

    Args:
        health: of each planner, in the order in which they are asked.
        doubts: other reasons why its plans are worse than they could be, such as a graph that
            cannot be trusted.
    """
    ready = [name for name, one in health.items() if one.state == 'ready']
    loading = [name for name, one in health.items() if one.state == 'loading']
    out = [f'{name} is out ({one.error})' for name, one in health.items() if one.state == 'out']
    reasons = [*out, *doubts]
    if loading:
        reasons.append(f'{", ".join(loading)} is being made')
    if not ready:
        state = PlanningStatus.LOADING if loading else PlanningStatus.FAULT
        return state, '; '.join(['no planner can answer', *reasons])
    if out or doubts:
        state = PlanningStatus.DEGRADED
    else:
        state = PlanningStatus.LOADING if loading else PlanningStatus.READY
    answering = [f'{", ".join(ready)} can answer'] if out or loading else []
    return state, '; '.join([*reasons, *answering]) or 'ready'


def health_messages(health: Mapping[str, PlannerHealth]) -> list[HealthMessage]:
    """The same as messages."""
    return [
        HealthMessage(
            name=wire_text(name),
            state=_STATES[one.state],
            error_code=PlanErrorCode.NONE if one.error is None else refusal_from(one.error).code,
            detail=wire_text(str(one.error or one.remark)),
            model_id=wire_text(one.model_id),
            adapters=[wire_text(adapter) for adapter in one.adapters],
        )
        for name, one in health.items()
    ]


def say_adapters(health: PlannerHealth) -> str:
    """The adapters that a planner has, behind a comma; '' for none."""
    named = ', '.join(adapter or 'none' for adapter in health.adapters)
    return f', adapters {named}' if named else ''


def make_metrics(stats: CallStats, planning_time_s: float, attempts: int) -> PlanMetrics:
    """What a call took; `stats` is that of the planner which answered."""
    return PlanMetrics(
        prompt_tokens=stats.prompt_tokens,
        cached_tokens=stats.kept_tokens,
        completion_tokens=stats.new_tokens,
        tokens_per_second=stats.tokens_per_second,
        time_to_first_token_s=stats.first_token_s,
        planning_time_s=planning_time_s,
        attempts=attempts,
    )


class StartReport:
    """What is told in the log of how the planners are: one line when that is known after a start,
    then one for each change.
    """

    def __init__(self, node: str, started_s: float):
        self._node, self._started_s = node, started_s
        self._settled_s: dict[str, float] = {}
        self._told: Mapping[str, str] = {}

    def look(
        self, health: Mapping[str, PlannerHealth], doubts: Sequence[str], now_s: float
    ) -> list[str]:
        """The lines that are due now."""
        for name, one in health.items():
            if one.state != 'loading':
                self._settled_s.setdefault(name, now_s - self._started_s)
        states = {name: one.state for name, one in health.items()}
        if not self._told:
            is_known = len(self._settled_s) == len(health)
            if not is_known and now_s - self._started_s < START_LINE_S:
                return []
            self._told = states
            word = _WORDS[judge(health, doubts)[0]]
            parts = [self._describe(name, one) for name, one in health.items()]
            return [f'{self._node} {word}: {"; ".join(parts)}']
        changed = [name for name, state in states.items() if state != self._told.get(name)]
        self._told = states
        return [f"planner '{name}' is {self._describe_change(health[name])}" for name in changed]

    def _describe(self, name: str, one: PlannerHealth) -> str:
        called = f'{name} ({one.model_id})' if one.model_id else name
        if one.state == 'out':
            return f'{called} out: {one.error}'
        if one.state == 'loading':
            return f'{called} still being made after {START_LINE_S:g} s'
        took = f' in {self._settled_s[name]:.1f} s' if one.model_id else ''
        return f'{called} ready{took}{say_adapters(one)}'

    def _describe_change(self, one: PlannerHealth) -> str:
        return f'out: {one.error}' if one.state == 'out' else one.state
