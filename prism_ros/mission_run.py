# SPDX-License-Identifier: Apache-2.0
"""MissionRun: one mission on its way, between the planner, the skills and the scene graph's owner.

Runs as a coroutine on the node's executor, which it never holds while it waits. What the mission
does next is decided by `prism_core.mission.RobotMission` alone; this carries it over ROS.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from unique_identifier_msgs.msg import UUID

from prism_core import GraphUpdate, Observation, PrismError, SceneGraph, render_steps
from prism_core.mission import RobotMission
from prism_core.pictures.episode_trail import tell_news
from prism_msgs.action import ExecuteMission
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import PlanErrorCode, PlanStep
from prism_msgs.msg import Turn as TurnMessage
from prism_msgs.srv import UpdateGraph
from prism_ros.conversions import plan_from_message, update_to_message, wire_text
from prism_ros.errors import Refusal
from prism_ros.graph_mirror import GraphMirror
from prism_ros.managed_node import ManagedNode
from prism_ros.mission_messages import (
    ENDING_CODES,
    MAX_MESSAGE_CHARS,
    mark_approval,
    mark_steps,
    turn_of,
    who_planned,
)
from prism_ros.planner_calls import PlannerCalls
from prism_ros.skill_calls import SkillCalls, SkillEnd
from prism_ros.waiting import Waiter

GRAPH_S = 10.0  # that the first graph, or the reply of its owner, is waited for
MAX_LINE_CHARS = 500  # of a line in the log
FOLLOW_S = 5.0  # that the graph's topics may be behind its owner's word
_ENDS_OF_A_RUNNING_STEP = {
    'canceled': PlanStep.CANCELED,
    'time_limit': PlanStep.CANCELED,
    'skill_failed': PlanStep.FAILED,
    'skill_unavailable': PlanStep.FAILED,
}


@dataclass(frozen=True)
class Patience:
    """How long a run waits, in seconds: for a skill to end, to be there, to end what is canceled;
    for a plan; for approval.
    """

    skill_s: float
    skill_there_s: float
    cancel_s: float
    plan_s: float
    approval_s: float


@dataclass(frozen=True)
class Robot:
    """What a run works with."""

    node: ManagedNode
    mirror: GraphMirror
    planner: PlannerCalls
    skills: SkillCalls
    graph_owner: Any  # client of service update_graph
    publish_plan: Callable[[PlanMessage], None]


class MissionRun:
    """Runs one mission; `run` is awaited once, `stop` ends it from outside.

    Args:
        robot: what it works with.
        mission: to be run.
        history: of the mission that it goes on with, as planners are told of it.
        planner: that is asked; '' for the planner node's own choice.
        patience: how long it waits.

    Attributes:
        plans: as they came, with the status of each step.
        message: what is waited for, or what the skill says of its progress.
        code: of the planner that refused, or of who stopped it; NONE otherwise.
    """

    def __init__(
        self,
        robot: Robot,
        mission: RobotMission,
        *,
        history: Sequence[TurnMessage] = (),
        planner: str = '',
        patience: Patience,
    ):
        self.mission = mission
        self.plans: list[PlanMessage] = []
        self.message = ''
        self.code = PlanErrorCode.NONE
        self._robot = robot
        self._before = list(history)
        self._planner = planner
        self._patience = patience
        self._waiter = Waiter(robot.node)
        self._stopped: Refusal | None = None
        self._is_telling_graph = False
        self._said: tuple[bool, str] | None = None  # of the step that awaits approval

    @property
    def history(self) -> list[TurnMessage]:
        """All turns that are over, as planners are told of them."""
        turns = self.mission.history[len(self._before) :]
        return [*self._before, *map(turn_of, self.plans, turns)]

    @property
    def feedback(self) -> ExecuteMission.Feedback:
        """Where it is."""
        mission, plan = self.mission, self.plans[-1] if self.plans else None
        feedback = ExecuteMission.Feedback(phase=self._phase, replans=mission.replans)
        feedback.distance_m = float(mission.distance_m)
        feedback.elapsed_s = float(mission.elapsed_s)
        feedback.message = wire_text(self.message)
        if plan is not None:
            feedback.plan_id, feedback.steps_total = plan.plan_id, len(plan.steps)
            feedback.step_index = min(mission.step, max(len(plan.steps) - 1, 0))
            if plan.steps:
                feedback.current_step = plan.steps[feedback.step_index]
        return feedback

    @property
    def _phase(self) -> int:
        of = ExecuteMission.Feedback
        if self._is_telling_graph:
            return of.UPDATING_GRAPH
        if self.mission.phase == 'planning':
            return of.REPLANNING if self.mission.turns else of.PLANNING
        is_waiting = self.mission.phase == 'approving'
        return of.AWAITING_APPROVAL if is_waiting else of.EXECUTING

    def stop(self, refusal: Refusal) -> None:
        """End it: nothing is planned or begun any more, and what a skill does is canceled."""
        if self._stopped is None:
            self._stopped = refusal
            self._waiter.interrupt()

    def approve(self, plan_id: UUID, step: int, is_approved: bool, reason: str) -> None:
        """Allow or forbid the step that awaits it.

        Raises:
            Refusal: no step does, or another one.
        """
        if self.mission.phase != 'approving' or self._said is not None:
            raise Refusal(PlanErrorCode.INVALID_REQUEST, 'no step awaits approval')
        due = self.plans[-1].plan_id, self.mission.step
        if (plan_id, step) != due:
            raise Refusal(
                PlanErrorCode.INVALID_REQUEST,
                f'step {step} of that plan does not await approval; step {due[1]} of plan '
                f'{bytes(due[0].uuid).hex()} does',
            )
        self._said = is_approved, reason or 'no reason was given'
        self._waiter.wake()

    async def run(self) -> None:
        """Run the mission to its end.

        Raises:
            Refusal: there is no scene graph to begin with.
        """
        mission = self.mission
        await self._wait_for_graph()
        while not mission.ending:
            if self._stopped is not None:
                self.code = self._stopped.code
                mission.cancel(str(self._stopped))
            elif mission.check_time():
                pass
            elif mission.phase == 'planning':
                await self._plan()
            elif mission.phase == 'approving':
                await self._await_approval()
            else:
                await self._act()
            self._mark()

    # ------------------------------------------------------------------------------------ planning

    async def _wait_for_graph(self) -> None:
        mirror = self._robot.mirror
        if self._stopped is None and not await self._waiter.until(
            lambda: mirror.graph is not None, min(GRAPH_S, self.mission.remaining_s)
        ):
            if self._stopped is not None:
                return
            raise Refusal(
                PlanErrorCode.NO_SCENE_GRAPH,
                'no scene graph has come on topic scene_graph; is prism_scene_graph active?',
            )

    async def _plan(self) -> None:
        mission, mirror = self.mission, self._robot.mirror
        if mission.refused:
            self._log(f'not carried out: {mission.history[-1].observations[-1].feedback}')
        self.message = 'a plan is being made'
        try:
            message = await self._robot.planner.ask(
                mission.request,
                self.history,
                planner=self._planner,
                mirror=mirror,
                timeout_s=min(self._patience.plan_s, mission.remaining_s),
                waiter=self._waiter,
            )
            if message is None:
                return
            plan = plan_from_message(message, mission.table)
        except (Refusal, PrismError) as error:
            if not mission.check_time():
                code = getattr(error, 'code', PlanErrorCode.INVALID_OUTPUT)
                self.code, reason = self._explain(code, str(error))
                mission.fail_to_plan(reason)
            return
        if message.graph_epoch == mirror.epoch:
            revision = message.graph_revision
            await self._waiter.until(lambda: self._graph.revision >= revision, FOLLOW_S)
        if self._stopped is not None:
            return
        self.plans.append(message)
        self._log(f'plan {len(self.plans)}, {who_planned(message)}: {render_steps(plan.actions)}')
        mark_approval(message, mission.rules, mission.table)
        mission.take_plan(plan, self._graph)

    def _explain(self, code: int, reason: str) -> tuple[int, str]:
        """Why there is no plan: where one was wanted because a step failed, that step is why."""
        last = self.mission.observations[-1:]
        if code != PlanErrorCode.INVALID_OUTPUT or not last or last[0].status == 'done':
            return code, reason
        is_stale = self.mission.refused == 'stale'
        code = PlanErrorCode.PLAN_STALE if is_stale else PlanErrorCode.SKILL_FAILED
        return code, f'no other plan came after a step failed ({last[0].feedback}): {reason}'

    # ------------------------------------------------------------------------------------- a step

    async def _await_approval(self) -> None:
        mission = self.mission
        self._mark()
        self.message = f'step {mission.step} awaits approval'
        self._said = None
        timeout_s = min(self._patience.approval_s, mission.remaining_s)
        await self._waiter.until(lambda: self._said is not None, timeout_s)
        if self._stopped is not None or mission.check_time():
            return
        denied = False, f'nobody approved it within {self._patience.approval_s:g} s'
        is_approved, reason = self._said or denied
        mission.take_approval(is_approved, reason, self._graph)

    async def _act(self) -> None:
        mission, before, action = self.mission, self._graph, self.mission.action
        assert action is not None  # noqa: S101 - it is acting
        self.message = ''
        self._mark()
        left_s = mission.remaining_s
        end = await self._robot.skills.carry_out(
            self._step,
            min(self._patience.skill_s, left_s),
            self._waiter,
            wait_s=self._patience.skill_there_s,
            cancel_s=self._patience.cancel_s,
            tell=self._hear_skill,
        )
        seen = end.observation
        if seen is not None:
            seen = await self._tell_graph(seen)
            news = '; '.join(line.text for line in tell_news(before, seen)) or 'as planned'
            self._log(f'{render_steps([action])}: {news}')
        self._take(end, seen, is_late=left_s <= self._patience.skill_s)

    def _take(self, end: SkillEnd, seen: Observation | None, *, is_late: bool) -> None:
        """Tell the mission how the step ended."""
        mission = self.mission
        if self._stopped is not None:
            self.code = self._stopped.code
            mission.cancel(str(self._stopped), seen)
        elif end.problem == 'skill_failed' and is_late and mission.check_time(seen):
            pass
        elif end.problem in ('skill_unavailable', 'skill_failed'):
            mission.fail_to_act(end.problem, end.reason, seen)
        elif seen is not None:
            mission.take_observation(seen, self._graph)

    @property
    def _step(self) -> PlanStep:
        return self.plans[-1].steps[self.mission.step]

    def _hear_skill(self, said: str) -> None:
        self.message = said

    def _log(self, said: str) -> None:
        self._robot.node.get_logger().info(' '.join(said.split())[:MAX_LINE_CHARS])

    # --------------------------------------------------------------------------- the scene graph

    @property
    def _graph(self) -> SceneGraph:
        graph = self._robot.mirror.graph
        assert graph is not None  # noqa: S101 - it was waited for
        return graph

    async def _tell_graph(self, seen: Observation) -> Observation:
        """Tell the graph's owner what a step has shown, and wait until our graph has it.

        What does not fit the graph is not told on: the step counts as failed.
        """
        update = replace(seen.update, base_revision=0, revision=0)
        if replace(update, source='', map_id='') == GraphUpdate():
            return seen
        self._is_telling_graph = True
        waiter = Waiter(self._robot.node)  # that a stop does not interrupt
        try:
            response = await self._update_graph(update, waiter)
            if response is None:
                self.stop(
                    Refusal(
                        PlanErrorCode.NO_SCENE_GRAPH,
                        'what a step has shown cannot be told to the owner of the scene graph; is '
                        'prism_scene_graph active?',
                    )
                )
                return replace(seen, update=GraphUpdate())
            if not response.success:
                why = f'what the skill has shown does not fit the scene graph: {response.error_msg}'
                self._robot.node.get_logger().warning(why)
                return replace(seen, update=GraphUpdate(), status='failed', feedback=why)
            await waiter.until(lambda: self._graph.revision >= response.revision, FOLLOW_S)
            return replace(seen, update=update)
        finally:
            self._is_telling_graph = False

    async def _update_graph(
        self, update: GraphUpdate, waiter: Waiter
    ) -> UpdateGraph.Response | None:
        """What the graph's owner answers; None for nothing."""
        client, ends_s = self._robot.graph_owner, time.monotonic() + GRAPH_S
        if not await waiter.until(client.service_is_ready, GRAPH_S):
            return None
        telling = client.call_async(UpdateGraph.Request(update=update_to_message(update)))
        if await waiter.wait(telling, ends_s - time.monotonic()):
            return telling.result()
        client.remove_pending_request(telling)
        return None

    # ------------------------------------------------------------------------------------- status

    def _mark(self) -> None:
        """Publish how far the plan is, where that has changed."""
        if not self.plans:
            return
        plan = self.plans[-1]
        before = [(step.status, step.message) for step in plan.steps]
        running = [step.status == PlanStep.RUNNING for step in plan.steps]
        mark_steps(plan, self.mission, is_taken=self.mission.turns == len(self.plans))
        ending = self.mission.ending
        for step, was_running in zip(plan.steps, running):
            is_ended = ending in _ENDS_OF_A_RUNNING_STEP and step.status != PlanStep.SUCCEEDED
            if ending and was_running and is_ended:
                step.status = _ENDS_OF_A_RUNNING_STEP[ending]
                step.error_code = ENDING_CODES[ending]
                step.message = wire_text(self.mission.reason)[:MAX_MESSAGE_CHARS]
        if before != [(step.status, step.message) for step in plan.steps]:
            self._robot.publish_plan(plan)
