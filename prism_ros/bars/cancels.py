# SPDX-License-Identifier: Apache-2.0
"""R4: who cancels a goal soon has its end, whatever the goal is at."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from action_msgs.msg import GoalStatus

from prism_core import DEFAULT_DOMAIN, GraphUpdate, Role, find_domain
from prism_msgs.action import ExecuteMission, PlanMission
from prism_msgs.srv import UpdateGraph
from prism_ros.bars import planners
from prism_ros.bars.bar import Bar, Sizes, describe, percentile
from prism_ros.bars.site import Site
from prism_ros.bench import make_graph
from prism_ros.conversions import update_to_message

TARGET_MS = 250.0
_SHARE = 0.99
_FAR_REVISION = 2**40
_TASK = 'look around'
_SEED = 0
_TRIES = 50  # for each one, since what is fast may be over before
_REGIONS = 50  # that the robot is moved to
_BUSY = 'prism_core.bench.busy_student'
_PLANNERS = {
    'writes': f'{_BUSY}:Writes',
    'reads': f'{_BUSY}:Reads',
    **{name: f'{planners.__name__}:{name.title()}' for name in ('lingers', 'checks', 'drives')},
}


@dataclass(frozen=True)
class Phase:
    """What a goal is at when it is canceled.

    Attributes:
        what: in words.
        kind, name: of the ROS action.
        fields: of the goal.
        has_begun: whether feedback says that it is at it; None for at once.
        within_s: it is canceled at a random time of so many seconds behind that; 0 for half of what
            such a goal takes.
    """

    what: str
    kind: Any
    name: str
    fields: dict[str, Any]
    has_begun: Callable[[Any], bool] | None
    within_s: float = 0.2


def _planning(what: str, **fields: Any) -> Phase:
    is_planning = PlanMission.Feedback.PLANNING
    return Phase(what, PlanMission, 'plan_mission', fields, lambda told: told.phase == is_planning)


PHASES = (
    Phase(
        'waiting for a graph',
        PlanMission,
        'plan_mission',
        {'planner': 'drives', 'min_graph_revision': _FAR_REVISION},
        lambda told: told.phase == PlanMission.Feedback.WAITING,
    ),
    _planning('queued behind a call that is ending', planner='lingers'),
    _planning('student reads (prefill)', planner='reads'),
    Phase(
        'student writes (decode)',
        PlanMission,
        'plan_mission',
        {'planner': 'writes'},
        lambda told: told.tokens > 0,
    ),
    Phase('plan is checked', PlanMission, 'plan_mission', {'planner': 'checks'}, None, 0.0),
    Phase(
        'skill is carried out',
        ExecuteMission,
        'execute_mission',
        {'planner': 'drives'},
        lambda told: told.phase == ExecuteMission.Feedback.EXECUTING,
    ),
)


def measure_cancels(site: Site, sizes: Sizes, advance: Callable[[], None]) -> list[Bar]:
    """Milliseconds from a cancel to the end of a goal, in each phase, on a large graph."""
    site.serve_graph(make_graph(sizes.nodes))
    drive = find_domain(DEFAULT_DOMAIN).table.of_role(Role.DRIVE)
    hanging = f"['{drive.name if drive else ''}']"
    site.start('mock_skills_node', {'skills.hanging': hanging})
    site.start('executor_node')
    entries = [f'{name}={path}' for name, path in _PLANNERS.items()]
    site.start_planner(*entries, planner__feedback_rate_hz='10.0', planner__keep_plans='false')
    rng = random.Random(_SEED)  # noqa: S311 - for times, no secret
    return [_measure_phase(site, phase, sizes.cancels, rng, advance) for phase in PHASES]


def _measure_phase(
    site: Site, phase: Phase, number: int, rng: random.Random, advance: Callable[[], None]
) -> Bar:
    took_ms: list[float] = []
    tries = missed = 0
    within_s = phase.within_s or _time_one(site, phase) / 2
    while len(took_ms) + missed < number and tries < _TRIES * number:
        tries += 1
        if phase.fields['planner'] == 'lingers':
            site.pause(planners.LINGER_S)  # for what is queued no more
            _cancel_one(site, phase, 0.0)
        status, one_ms = _cancel_one(site, phase, rng.uniform(0.0, within_s))
        if status == GoalStatus.STATUS_CANCELED:
            took_ms.append(one_ms)
        elif status != GoalStatus.STATUS_SUCCEEDED:  # it was over before the cancel came
            missed += 1
        advance()
    figure = percentile([*took_ms, *[float('inf')] * missed], _SHARE)
    details = {**describe(took_ms), 'missed': missed, 'tries': tries}
    what = f'from a cancel to the end (p99): {phase.what}'
    return Bar('R4', what, figure, TARGET_MS, 'ms', len(took_ms) + missed, details)


def _cancel_one(site: Site, phase: Phase, delay_s: float) -> tuple[int, float]:
    """How a goal ended that was canceled, and how many milliseconds after that."""
    told: list[Any] = []
    goal, ending = _send(site, phase, told.append)
    has_begun = phase.has_begun
    if has_begun is not None:
        site.wait(lambda: ending.done() or any(map(has_begun, told)))
    site.pause(delay_s)
    started_s = time.monotonic()
    goal.cancel_goal_async()
    site.wait(ending.done)
    return ending.result().status, (time.monotonic() - started_s) * 1e3


def _time_one(site: Site, phase: Phase) -> float:
    """Seconds that a goal takes which is not canceled."""
    _, ending = _send(site, phase, lambda told: None)
    started_s = time.monotonic()
    site.wait(ending.done)
    return time.monotonic() - started_s


def _send(site: Site, phase: Phase, take: Callable[[Any], None]) -> tuple[Any, Any]:
    """A goal, accepted, and the future of its end. The robot has moved before, so that nothing is
    known of ways on its graph.
    """
    fields = phase.fields
    if phase.within_s == 0.0:
        update = GraphUpdate(robot_location=f'region_{next(site.numbers) % _REGIONS}')
        moved = site.call(UpdateGraph, 'update_graph', update=update_to_message(update))
        fields = {**fields, 'min_graph_revision': moved.revision}
    goal = site.send_goal(phase.kind, phase.name, take, task=_TASK, **fields)
    return goal, goal.get_result_async()
