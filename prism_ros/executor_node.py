# SPDX-License-Identifier: Apache-2.0
"""Node prism_executor: runs missions, one at a time: plan, act, observe, plan again.

It asks prism_planner for plans and the robot's skill servers to carry them out, checks each step
against the scene graph of that moment, and tells the graph's owner what the skills have shown.
Service `stop` ends a mission without asking planner or model, and cancels what a skill is doing.
"""

from __future__ import annotations

import math
import time
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from std_srvs.srv import Trigger

from prism_core import ActionTable, ConfigError, Domain, SceneGraphError, Turn
from prism_core.inference.planning_domain import find_planning_domain
from prism_core.mission import (
    Budget,
    MissionLog,
    RobotMission,
    Rules,
    as_earlier,
    begin_of,
    mission_logs_folder,
    note_nothing,
)
from prism_msgs.action import ExecuteMission
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import PlanErrorCode, SceneGraphUpdate
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.msg import Turn as TurnMessage
from prism_msgs.srv import ApproveStep, UpdateGraph
from prism_ros.conversions import check_table
from prism_ros.diagnostics import OK, WARN, make_diagnostic
from prism_ros.errors import Refusal
from prism_ros.graph_mirror import KEPT_UPDATES, GraphMirror
from prism_ros.managed_node import ManagedNode, latched, run_node
from prism_ros.mission_messages import (
    describe_mission,
    fill_result,
    read_goal,
    refusal_of,
    skilled_actions,
)
from prism_ros.mission_run import MissionRun, Patience, Robot
from prism_ros.parameters import EXECUTOR_PARAMETERS
from prism_ros.planner_calls import PlannerCalls
from prism_ros.skill_calls import SkillCalls

KEPT_MISSIONS = 16
FEEDBACK_S = 0.2  # at most so often
HEARTBEAT_S = 1.0  # at least so often


@dataclass(frozen=True)
class EndedMission:
    """What is kept of a mission that another one may go on with."""

    history: tuple[Turn, ...] = ()
    messages: tuple[TurnMessage, ...] = ()

    @classmethod
    def of(cls, mission: RobotMission, messages: Sequence[TurnMessage]) -> EndedMission:
        """What is kept of a mission; its turns say what they were planned for from now on."""
        for message in messages:
            message.request = message.request or mission.request
        return cls(as_earlier(mission.history, mission.request), tuple(messages))


class ExecutorNode(ManagedNode):
    """Serves missions over ROS action `execute_mission`."""

    def __init__(self, **node_arguments: Any):
        super().__init__('prism_executor', EXECUTOR_PARAMETERS, **node_arguments)
        self._domain: Domain | None = None  # once it is configured
        self._mirror = GraphMirror()
        self._planner = PlannerCalls(self)
        self._skills = SkillCalls(self, (), '')
        self._run_now: MissionRun | None = None
        self._goal_handle: Any = None
        self._ended: OrderedDict[str, EndedMission] = OrderedDict()
        self._last = 'no mission yet'
        self._fed: Any = None  # the last feedback, and when
        self._fed_s = 0.0
        self._graph_owner = self.create_client(
            UpdateGraph, 'update_graph', callback_group=self.group
        )
        self._plan_publisher = self.create_publisher(PlanMessage, 'current_plan', latched())
        self.serve(ApproveStep, 'approve_step', self._approve_step)
        self.serve(Trigger, 'stop', self._stop)
        self.serve_action(ExecuteMission, 'execute_mission', self._execute, self._cancel)
        self.listen(
            SceneGraphMessage,
            'scene_graph',
            lambda raw: self._follow(self._mirror.take_graph, raw),
            latched(),
            raw=True,
        )
        self.listen(
            SceneGraphUpdate,
            'scene_graph_updates',
            lambda message: self._follow(self._mirror.take_update, message),
            latched(KEPT_UPDATES),
        )
        self.every(FEEDBACK_S, self._publish_feedback)

    def configure(self) -> None:
        """Find the domain, and who carries out its actions."""
        domain = find_planning_domain(self.get_parameter('domain').value)
        check_table(domain.table)
        unknown = [name for name in self._approval_actions if name not in domain.table]
        if unknown:
            raise ConfigError(
                f'executor.approval_actions: expected actions of the domain {domain.name} '
                f'({", ".join(domain.table)}), got {", ".join(unknown)[:80]}'
            )
        self._domain = domain
        prefix = self.get_parameter('skills.prefix').value
        self._skills = SkillCalls(self, skilled_actions(domain.table), prefix)

    def activate(self) -> None:
        """Say what it serves."""
        self.get_logger().info(
            f'{self.get_name()} takes missions in the domain {self._domain_name}'
        )

    def deactivate(self) -> None:
        """End the mission under way."""
        self._end_run(Refusal(PlanErrorCode.NODE_INACTIVE, 'the executor was deactivated'))

    def cleanup(self) -> None:
        """Let go of the skills."""
        self._skills.destroy()
        self._skills = SkillCalls(self, (), '')

    def destroy_node(self) -> None:
        """Free everything."""
        self._skills.destroy()
        self._planner.destroy()
        super().destroy_node()

    def diagnose(self) -> list[DiagnosticStatus]:
        """What it is at, and which skills are missing."""
        missing = self._skills.missing()
        run = self._run_now
        message = f'nobody serves the skills {", ".join(missing)}' if missing else self._last
        values: dict[str, object] = {'domain': self._domain_name, 'last mission': self._last}
        if run is not None:
            message = f'a mission is under way; {message}' if missing else run.mission.phase
            values |= describe_mission(run.mission)
        return [make_diagnostic(self, 'missions', WARN if missing else OK, message, values)]

    # ------------------------------------------------------------------------------------ missions

    async def _execute(self, goal_handle: Any, result: ExecuteMission.Result) -> None:
        if self._run_now is not None:
            raise Refusal(PlanErrorCode.BUSY, 'another mission is under way; call stop to end it')
        goal = goal_handle.request
        budget, rules = read_goal(goal, self._budget, self._rules)
        before = self._find_ended(goal.continue_mission)
        self._check_domain_of_planner()
        request = goal.task
        mission_id = uuid.uuid4().hex
        log = self._open_log(mission_id, request, goal, budget, rules, before)
        mission = RobotMission(
            request,
            self._table,
            budget=budget,
            rules=rules,
            history=before.history,
            note=note_nothing if log is None else log.note,
        )
        run = MissionRun(
            self._robot,
            mission,
            history=before.messages,
            planner=goal.planner,
            patience=self._patience,
        )
        self._run_now, self._goal_handle, self._fed = run, goal_handle, None
        self._publish_feedback()
        does = f'goes on with {goal.continue_mission}' if goal.continue_mission else 'begins'
        self.get_logger().info(f'mission {mission_id} {does}: {request[:200]!r}')
        try:
            await run.run()
        finally:
            self._run_now = self._goal_handle = None
            if log is not None:
                log.close()
                if log.error:
                    self.get_logger().error(log.error)
        fill_result(result, mission, run.plans, mission_id)
        self._keep(mission_id, EndedMission.of(mission, run.history))
        refusal = refusal_of(mission, run.code)
        self._last = f'{mission_id}: {mission.ending}'
        said = mission.answer if refusal is None else str(refusal)
        took = f'{mission.turns} plans, {mission.distance_m:.0f} m, {mission.elapsed_s:.1f} s'
        self.get_logger().info(
            f'mission {mission_id} ends: {mission.ending} ({took}) {said[:500]}'.rstrip()
        )
        if refusal is not None:
            raise refusal

    def _cancel(self, goal_handle: Any) -> None:
        if self._goal_handle == goal_handle:
            self._end_run(Refusal(PlanErrorCode.CANCELED, 'the mission was canceled'))

    def _stop(self, request: Trigger.Request, response: Trigger.Response) -> None:
        response.success = True
        response.message = 'the mission is stopped' if self._run_now else 'no mission is under way'
        self._end_run(Refusal(PlanErrorCode.CANCELED, 'the mission was stopped by service stop'))

    def _end_run(self, refusal: Refusal) -> None:
        if self._run_now is not None:
            self._run_now.stop(refusal)

    def _approve_step(self, request: ApproveStep.Request, response: ApproveStep.Response) -> None:
        if self._run_now is None:
            raise Refusal(PlanErrorCode.INVALID_REQUEST, 'no mission is under way')
        self._run_now.approve(request.plan_id, request.step, request.approve, request.reason[:256])
        response.success = True

    def _find_ended(self, mission_id: str) -> EndedMission:
        if not mission_id:
            return EndedMission()
        if mission_id not in self._ended:
            raise Refusal(
                PlanErrorCode.INVALID_REQUEST,
                f"continue_mission: there is no mission '{mission_id[:64]}' among the last "
                f'{KEPT_MISSIONS} that ended since the node started',
            )
        return self._ended[mission_id]

    def _keep(self, mission_id: str, ended: EndedMission) -> None:
        self._ended[mission_id] = ended
        while len(self._ended) > KEPT_MISSIONS:
            self._ended.popitem(last=False)

    def _check_domain_of_planner(self) -> None:
        other = self._planner.domain
        if other and other != self._domain_name:
            raise Refusal(
                PlanErrorCode.INVALID_REQUEST,
                f"prism_planner plans in the domain '{other}', prism_executor in "
                f"'{self._domain_name}'; start both with one parameter domain",
            )

    def _open_log(
        self,
        mission_id: str,
        request: str,
        goal: ExecuteMission.Goal,
        budget: Budget,
        rules: Rules,
        before: EndedMission,
    ) -> MissionLog | None:
        directory = self.get_parameter('executor.log_directory').value
        if not directory and not self.get_parameter('executor.record').value:
            return None
        begin = {'mission_id': mission_id, 'domain': self._domain_name}
        if goal.continue_mission:
            begin |= {'continues': goal.continue_mission, 'reply': goal.task}
        begin |= begin_of(request, budget, rules, before.history)
        folder = Path(directory).expanduser() if directory else mission_logs_folder()
        path = folder / f'{mission_id}.jsonl'
        try:
            return MissionLog(path, begin)
        except OSError as error:
            self.get_logger().error(f'no log of the mission in {path}: {error.strerror}')
            return None

    # -------------------------------------------------------------------------- what it works with

    @property
    def _domain_name(self) -> str:
        return self._domain.name if self._domain is not None else ''

    @property
    def _table(self) -> ActionTable:
        assert self._domain is not None  # noqa: S101 - who serves is configured
        return self._domain.table

    @property
    def _approval_actions(self) -> frozenset[str]:
        return frozenset(filter(None, self.get_parameter('executor.approval_actions').value))

    @property
    def _budget(self) -> Budget:
        value = {name: self.get_parameter(f'executor.{name}').value for name in _LIMITS}
        return Budget(
            max_turns=value['max_turns'],
            max_replans=value['max_replans'],
            max_distance_m=value['max_distance_m'] or math.inf,
            max_time_s=value['timeout_s'],
        )

    @property
    def _rules(self) -> Rules:
        assert self._domain is not None  # noqa: S101 - who serves is configured
        return Rules(self._approval_actions, find_breaches=self._domain.find_breaches)

    @property
    def _patience(self) -> Patience:
        def seconds(name: str) -> float:
            return self.get_parameter(f'executor.{name}').value

        return Patience(
            skill_s=seconds('skill_timeout_s'),
            skill_there_s=seconds('skill_wait_s'),
            cancel_s=seconds('cancel_timeout_s'),
            plan_s=seconds('planner_timeout_s'),
            approval_s=seconds('approval_timeout_s'),
        )

    @property
    def _robot(self) -> Robot:
        return Robot(
            node=self,
            mirror=self._mirror,
            planner=self._planner,
            skills=self._skills,
            graph_owner=self._graph_owner,
            publish_plan=self._plan_publisher.publish,
        )

    def _follow(self, take: Any, message: Any) -> None:
        try:
            take(message)
        except SceneGraphError as error:
            self.get_logger().error(f'scene graph refused: {error}')

    def _publish_feedback(self) -> None:
        """Tell where the mission is: on every change, but not too often, and now and then."""
        if self._run_now is None or self._goal_handle is None or not self._goal_handle.is_active:
            return
        feedback, now_s = self._run_now.feedback, time.monotonic()
        step, plan_id = feedback.current_step, bytes(feedback.plan_id.uuid)
        shown = feedback.phase, plan_id, feedback.step_index, step.status, feedback.message
        if shown == self._fed and now_s - self._fed_s < HEARTBEAT_S:
            return
        self._fed, self._fed_s = shown, now_s
        self._goal_handle.publish_feedback(feedback)


_LIMITS = ('max_turns', 'max_replans', 'max_distance_m', 'timeout_s')


def main() -> None:
    """Run the node."""
    run_node(ExecutorNode)


if __name__ == '__main__':
    main()
