# SPDX-License-Identifier: Apache-2.0
"""What is shown of a robot, as plain as a page needs it. All texts may come from anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class WatchedStep:
    """A step of a plan: `text` as it is written, `status` such as `running`, what was said of it,
    and the nodes that it is done on.
    """

    text: str
    status: str = 'pending'
    message: str = ''
    needs_approval: bool = False
    targets: tuple[str, ...] = ()

    @property
    def is_ahead(self) -> bool:
        """Whether it is still to be done, or is being done."""
        return self.status in ('pending', 'running', 'awaiting approval')


@dataclass(frozen=True)
class WatchedPlan:
    """A plan and who made it.

    `passed_over`: the planners that were asked before, each with why it gave no plan. `stamp_s`:
    when it was made; of two plans the later one counts.
    """

    plan_id: str
    task: str = ''
    goal: str = ''
    reasoning: str = ''
    steps: tuple[WatchedStep, ...] = ()
    source: str = ''
    model: str = ''
    passed_over: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    revision: int = 0
    stamp_s: float = 0.0

    @property
    def is_begun(self) -> bool:
        """Whether any of its steps was at least looked at."""
        return any(step.status != 'pending' for step in self.steps)


@dataclass(frozen=True)
class MissionProgress:
    """Where a mission is; lengths in metres, times in seconds, `step` from 0."""

    phase: str = ''
    plan_id: str = ''
    step: int = 0
    steps_total: int = 0
    replans: int = 0
    distance_m: float = 0.0
    elapsed_s: float = 0.0
    message: str = ''


@dataclass(frozen=True)
class MissionEnd:
    """How a mission ended: `code` by its name, `NONE` where it has an answer. Of one that ended in
    a question `answer` is the question.
    """

    code: str
    answer: str = ''
    error: str = ''
    mission_id: str = ''
    turns: int = 0
    replans: int = 0
    distance_m: float = 0.0
    elapsed_s: float = 0.0
    plan: WatchedPlan | None = None

    @property
    def is_question(self) -> bool:
        """Whether it can be gone on with by a reply."""
        return self.code == 'NEEDS_CLARIFICATION'


@dataclass(frozen=True)
class Limits:
    """What a mission may take at the most; 0 where nobody said so."""

    turns: int = 0
    replans: int = 0
    distance_m: float = 0.0
    time_s: float = 0.0


@dataclass(frozen=True)
class WatchedPlanner:
    """One planner of those that are asked: `state` such as `ready`."""

    name: str
    state: str
    detail: str = ''
    model: str = ''


@dataclass(frozen=True)
class PlannersNow:
    """How the planners are, in the order in which they are asked."""

    state: str
    detail: str = ''
    domain: str = ''
    planners: tuple[WatchedPlanner, ...] = ()
    planning_s: float = 0.0


@dataclass(frozen=True)
class NewTask:
    """A task to be carried out; `continue_mission` names the mission that it replies to."""

    task: str
    continue_mission: str = ''
    planner: str = ''
    require_approval: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Approval:
    """Whether a step may be carried out."""

    plan_id: str
    step: int
    approve: bool
    reason: str = ''


@dataclass(frozen=True)
class CommandReply:
    """What came of a command, in one sentence."""

    is_done: bool
    said: str


class RobotCommands(Protocol):
    """What a person may tell a robot. Each is called from any thread and returns within seconds."""

    def stop(self) -> CommandReply:
        """End the mission under way."""

    def approve(self, approval: Approval) -> CommandReply:
        """Allow or forbid the step that awaits it."""

    def send(self, task: NewTask) -> CommandReply:
        """Give a task."""


@dataclass(frozen=True)
class Seen:
    """A line of what happened: when, as seconds since 1970, and whether something went wrong."""

    time_s: float
    text: str
    is_bad: bool = False
