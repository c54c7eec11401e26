# SPDX-License-Identifier: Apache-2.0
"""Node prism_planner: plans on request, over a service and a ROS action that share one path.

One call at a time; a second one is answered BUSY at once. Planners run on threads of their own, a
call ends at its deadline whatever they do, and no plan leaves that the validator did not accept.
"""

from __future__ import annotations

import copy
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Header

from prism_core import (
    ActionTable,
    Domain,
    Plan,
    PlannerHealth,
    PrismError,
    SceneGraph,
    SceneGraphError,
    render_steps,
    validate_plan,
)
from prism_core.inference.breaker import BreakerConfig
from prism_core.inference.kept_plan import KEPT
from prism_core.inference.planning_domain import find_planning_domain
from prism_msgs.action import PlanMission
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import PlanErrorCode, PlanMetrics, PlanningStatus, SceneGraphUpdate
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.srv import GetPlan, ValidatePlan
from prism_ros.conversions import check_table, plan_from_message, plan_to_message, wire_text
from prism_ros.diagnostics import judge_graph, judge_planners, make_diagnostic, tell_breakers
from prism_ros.errors import CODE_NAMES, PROBLEM_CODES, Refusal, refusal_from
from prism_ros.graph_mirror import KEPT_UPDATES, GraphMirror
from prism_ros.graph_trust import GraphTrust
from prism_ros.kept_graphs import KeptGraphs
from prism_ros.managed_node import ManagedNode, latched, run_node
from prism_ros.parameters import PLANNER_PARAMETERS
from prism_ros.plan_call import PlanCall
from prism_ros.plan_feedback import PlanFeedback
from prism_ros.planner_order import read_planners
from prism_ros.planner_status import StartReport, health_messages, judge, make_metrics
from prism_ros.planner_worker import PlannerPool
from prism_ros.planning_request import PlanningRequest, no_graph, read_planning_request

HEARTBEAT_S = 1.0
MIB = 2**20
STATUS_DELAY_S = 0.1  # a change is told this late at the most
SOURCES = {
    'lm': PlanMessage.SOURCE_TEACHER,
    'student': PlanMessage.SOURCE_STUDENT,
    'teacher': PlanMessage.SOURCE_TEACHER,
    'symbolic': PlanMessage.SOURCE_SYMBOLIC,
}


class PlannerNode(ManagedNode):
    """Serves plans of the planners that parameter `planner.order` names."""

    def __init__(self, **node_arguments: Any):
        super().__init__('prism_planner', PLANNER_PARAMETERS, **node_arguments)
        self._domain: Domain | None = None  # once it is configured
        self._table = ActionTable(())
        self._mirror = GraphMirror()
        self._trust = GraphTrust(self._mirror)
        self._kept = KeptGraphs()
        self._pool = PlannerPool({})
        self._call: PlanCall | None = None
        self._goal_handle: Any = None  # of the goal that the call is for, if it is one
        self._last_error_code = PlanErrorCode.NONE
        self._last_metrics = PlanMetrics()
        self._start = StartReport(self.get_name(), time.monotonic())
        self._told: PlanningStatus | None = None  # the last status, and when
        self._told_s = 0.0
        self._plan_publisher = self.create_publisher(PlanMessage, 'current_plan', latched())
        self._status_publisher = self.create_publisher(PlanningStatus, 'planner_status', latched())
        self.serve(GetPlan, 'plan', self._get_plan)
        self.serve(ValidatePlan, 'validate_plan', self._validate_plan)
        self.serve_action(PlanMission, 'plan_mission', self._plan_mission, self._cancel)
        self.listen(SceneGraphMessage, 'scene_graph', self._take_graph, latched(), raw=True)
        self.listen(
            SceneGraphUpdate, 'scene_graph_updates', self._take_update, latched(KEPT_UPDATES)
        )
        self.listen(
            SceneGraphUpdate, 'scene_graph/heartbeat', self._trust.notice_heartbeat, latched()
        )
        self.every(STATUS_DELAY_S, self._publish_status_if_due)

    def configure(self) -> None:
        """Find the domain and the planners that the parameters name."""
        allow_import_paths = self._value('planner.allow_import_paths')
        adapters = self._value('planner.adapters')
        domain = find_planning_domain(
            self._value('domain'),
            allow_import_paths=allow_import_paths,
            words=self._value('words'),
            adapters=adapters,
        )
        check_table(domain.table)
        self._pool = read_planners(
            self._value('planner.order'),
            self._value('planner.shares'),
            domain,
            allow_import_paths=allow_import_paths,
            adapters=adapters,
            breaker=BreakerConfig(
                self._value('planner.breaker_failures'),
                self._value('planner.breaker_pause_s'),
                self._value('planner.breaker_max_pause_s'),
            ),
            spare_bytes=self._value('planner.spare_memory_mib') * MIB,
        )
        self._domain, self._table = domain, domain.table

    def _value(self, parameter: str) -> Any:
        return self.get_parameter(parameter).value

    @property
    def _domain_name(self) -> str:
        return self._domain.name if self._domain is not None else ''

    def activate(self) -> None:
        """Have the planners made, in the background."""
        self._start = StartReport(self.get_name(), time.monotonic())
        self._pool.warm_up()

    def deactivate(self) -> None:
        """End the call that is being worked on."""
        self._end_call(Refusal(PlanErrorCode.NODE_INACTIVE, 'the planner was deactivated'))
        self._pool.close()
        self._kept.clear()

    def diagnose(self) -> list[DiagnosticStatus]:
        """How its planners are, and whether the graph can be relied on."""
        doubts = self._doubts()
        level, message, values = judge_planners(self._pool.health(), ())
        values |= tell_breakers(self._pool.breakers())
        values |= {
            'domain': self._domain_name,
            'last error': CODE_NAMES[self._last_error_code],
            'last planning time in s': f'{self._last_metrics.planning_time_s:.3f}',
        }
        planners = make_diagnostic(self, 'planners', level, message, values)
        level, message, values = judge_graph(
            self._mirror.graph, [doubt for doubt in doubts if doubt != self.twin]
        )
        values |= {'epoch': self._mirror.epoch, 'heard before s': f'{self._trust.age_s:.1f}'}
        return [planners, make_diagnostic(self, 'scene graph', level, message, values)]

    def destroy_node(self) -> None:
        """Free the planners and everything else."""
        self._pool.close()
        super().destroy_node()

    async def _get_plan(self, request: GetPlan.Request, response: GetPlan.Response) -> None:
        plan = await self._answer(request, response, lambda call: None)
        response.success = True
        steps = (f'{i}. {render_steps([action])}' for i, action in enumerate(plan.actions, 1))
        response.plan_text = wire_text('  '.join(steps))

    async def _plan_mission(self, goal_handle: Any, result: PlanMission.Result) -> None:
        rate_hz = self._value('planner.feedback_rate_hz')
        with PlanFeedback(self, goal_handle, rate_hz) as feedback:
            await self._answer(goal_handle.request, result, feedback.tell, goal_handle)

    def _cancel(self, goal_handle: Any) -> None:
        if self._goal_handle == goal_handle:
            self._end_call(Refusal(PlanErrorCode.CANCELED, 'planning was canceled'))

    def _end_call(self, refusal: Refusal) -> None:
        if self._call is not None:
            self._call.end(refusal)

    async def _answer(
        self,
        message: Any,
        reply: Any,
        publish: Callable[[PlanCall], None],
        goal_handle: Any = None,
    ) -> Plan:
        """Make the plan and fill it into a service response or an action result.

        Raises:
            Refusal: there is no plan to give.
        """
        started_s = time.monotonic()
        if self._call is not None:
            raise Refusal(PlanErrorCode.BUSY, 'another plan is being made; ask again or cancel it')
        request = read_planning_request(
            message,
            planners=self._pool.names,
            default_timeout_s=self._value('planner.timeout_s'),
            max_timeout_s=self._value('planner.max_timeout_s'),
            table=self._table,
            find_graph=self._kept.find,
        )
        deadline_s = started_s + request.timeout_s
        assert self._domain is not None  # noqa: S101 - who serves is configured
        may_keep = self._may_keep(request)
        call = PlanCall(self, self._pool, request, self._domain, deadline_s, may_keep=may_keep)
        self._call, self._goal_handle = call, goal_handle
        epoch, doubt = 0, ''  # of the graph that the call ends up with

        def current_graph() -> SceneGraph | None:
            nonlocal epoch, doubt
            epoch, doubt = self._mirror.epoch, self._trust.doubt
            return self._current_graph()

        try:
            plan, graph, name = await call.run(
                current_graph, self._value('graph.max_nodes'), publish
            )
            self._last_error_code = PlanErrorCode.NONE
        except PrismError as error:
            refusal = refusal_from(error)
            self._last_error_code = refusal.code
            raise refusal from error
        except Refusal as refusal:
            self._last_error_code = refusal.code
            raise
        finally:
            self._call = self._goal_handle = None
            took_s = time.monotonic() - started_s
            self._last_metrics = make_metrics(call.stats, took_s, call.attempts)
            reply.metrics = self._last_metrics
            reply.passed_over = [wire_text(said) for said in call.passed_over]
        reply.plan = self._to_message(plan, request.task, name)
        reply.plan.model_id = wire_text(call.model_id or name)
        reply.plan.passed_over = reply.passed_over
        if not name:
            _note_kept(reply.plan, request.last_plan)
        if not request.scene_graph_json:
            reply.plan.graph_epoch, reply.plan.graph_revision = epoch, graph.revision
            reply.plan.warnings += [doubt] if doubt else []
        self._kept.keep(reply.plan, graph)
        # After the reply, which must not wait for it.
        self.executor.create_task(self._plan_publisher.publish, reply.plan)
        return plan

    def _may_keep(self, request: PlanningRequest) -> bool:
        """Whether the rest of the last plan may be given: it was made here, for the same task, and
        the request leaves open who plans.
        """
        last = request.last_plan
        return (
            self._value('planner.keep_plans')
            and last is not None
            and last.task == request.task
            and not request.adapter
            and list(request.planners) == self._pool.names
            and self._kept.find_made(last) is not None
        )

    def _to_message(self, plan: Plan, task: str, name: str) -> PlanMessage:
        message = plan_to_message(plan, self._table)
        message.header.stamp = self.get_clock().now().to_msg()
        message.plan_id.uuid = list(uuid.uuid4().bytes)
        message.task, message.domain = task, wire_text(self._domain_name)
        message.source = SOURCES.get(name, PlanMessage.SOURCE_OTHER)
        return message

    def _validate_plan(
        self, request: ValidatePlan.Request, response: ValidatePlan.Response
    ) -> None:
        graph = self._current_graph()
        if graph is None:
            raise no_graph()
        try:
            plan = plan_from_message(request.plan, self._table)
        except PrismError as error:
            raise Refusal(PlanErrorCode.INVALID_ACTION, str(error)) from error
        report = validate_plan(plan, graph, self._table)
        response.accepted = report.is_valid
        response.checked = request.plan
        response.checked.graph_epoch = self._mirror.epoch
        response.checked.graph_revision = graph.revision
        for problem in report.problems:
            if problem.step is not None:
                step = response.checked.steps[problem.step]
                step.error_code, step.message = PROBLEM_CODES[problem.kind], problem.sentence
        if report.problems:
            response.error_code = PROBLEM_CODES[report.problems[0].kind]
            response.error_msg = report.feedback

    def _take_graph(self, raw: bytes) -> None:
        self._follow(self._mirror.take_graph, raw)
        self._trust.notice_graph()

    def _take_update(self, message: SceneGraphUpdate) -> None:
        self._trust.notice_update(message)
        self._follow(self._mirror.take_update, message)

    def _follow(self, take: Callable[[Any], bool], message: Any) -> None:
        before = self._mirror.graph
        try:
            take(message)
        except SceneGraphError as error:
            self.get_logger().error(f'scene graph refused: {error}')
        if self._mirror.graph is not before and self._call is not None:
            self._call.notice_graph()

    def _current_graph(self) -> SceneGraph | None:
        """The graph as the topics tell it.

        Raises:
            Refusal: its owner has not been heard for as long as `graph.stale_after_s` allows.
        """
        if self._is_stale:
            raise Refusal(
                PlanErrorCode.STALE_SCENE_GRAPH,
                f'the owner of the scene graph has not been heard for {self._trust.age_s:.1f} s, '
                f'graph.stale_after_s allows {self._stale_after_s:g}; is prism_scene_graph active?',
            )
        return self._mirror.graph

    @property
    def _stale_after_s(self) -> float:
        return self._value('graph.stale_after_s')

    @property
    def _is_stale(self) -> bool:
        """Whether the graph's owner was not heard for longer than is allowed."""
        return self._mirror.graph is not None and 0 < self._stale_after_s < self._trust.age_s

    def _doubts(self) -> list[str]:
        """Why plans can be worse than they look, one sentence each, the same one meanwhile."""
        stale = (
            "the scene graph's owner was not heard for graph.stale_after_s "
            f'({self._stale_after_s:g} s)'
        )
        doubts = [*filter(None, [self._trust.doubt, self.twin])]
        return [*doubts, *([stale] if self._is_stale else [])]

    def _publish_status_if_due(self) -> None:
        """Tell the status on every change, and at 1 Hz; log how the planners are."""
        now_s = time.monotonic()
        health, doubts = self._pool.health(), self._doubts()
        for line in self._start.look(health, doubts, now_s) if self.is_active else ():
            self.get_logger().info(line)
        status = self._make_status(health, doubts)
        if status != self._told or now_s - self._told_s >= HEARTBEAT_S:
            self._told, self._told_s = status, now_s
            self._publish_status(status)

    def _make_status(
        self, health: Mapping[str, PlannerHealth], doubts: Sequence[str]
    ) -> PlanningStatus:
        """All of a status but what changes by itself."""
        status = PlanningStatus(last_error_code=self._last_error_code, last=self._last_metrics)
        status.state, status.detail = judge(health, doubts)
        if not self.is_active:
            status.state, status.detail = PlanningStatus.INACTIVE, 'not active'
        elif self._call is not None:
            status.state = PlanningStatus.PLANNING
            status.detail = f'planning; {status.detail}'
        if self._mirror.graph is None:
            status.detail += '; no scene graph yet'
        else:
            status.graph_epoch = self._mirror.epoch
        status.detail, status.domain = wire_text(status.detail), wire_text(self._domain_name)
        status.planners = health_messages(health)
        return status

    def _publish_status(self, status: PlanningStatus) -> None:
        status = copy.copy(status)
        status.header = Header(stamp=self.get_clock().now().to_msg())
        if self._mirror.graph is not None:
            status.graph_revision = self._mirror.graph.revision
            status.graph_age_s = self._trust.age_s
        self._status_publisher.publish(status)


def _note_kept(plan: PlanMessage, last: PlanMessage | None) -> None:
    """Say of a plan that it is the rest of another one, and who made that."""
    assert last is not None  # noqa: S101 - it is the rest of it
    plan.kept_from, plan.source, plan.model_id = last.plan_id, last.source, last.model_id
    plan.warnings = [warning for warning in plan.warnings if warning != KEPT]


def main() -> None:
    """Run the node."""
    run_node(PlannerNode)


if __name__ == '__main__':
    main()
