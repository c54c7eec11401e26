"""PlanCall: one request on its way to a valid plan, a refusal or the deadline.

Runs as a coroutine on the node's executor, which it holds for a millisecond at most: after that it
waits for one future at a time, which a planner's thread, a timer or a cancel completes.
"""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.task import Future

from prism_core import (
    ActionTable,
    CallStats,
    Plan,
    Planner,
    PlannerError,
    PlannerTimeout,
    PlanRejected,
    SceneGraph,
    ValidationReport,
    suspect,
    validate_plan,
)
from prism_msgs.action import PlanMission
from prism_msgs.msg import PlanErrorCode
from prism_ros.errors import PROBLEM_CODES, Refusal, refusal_from
from prism_ros.managed_node import ManagedNode
from prism_ros.planner_worker import PlannerPool, health_of
from prism_ros.planning_request import PlanningRequest, no_graph

GRACE_S = 0.001  # how long a call may hold the executor before it waits as a coroutine


@dataclass(frozen=True)
class _Outcome:
    """How a wait ended."""

    result: Any = None
    error: BaseException | None = None


class PlanCall:
    """Works one request; `run` is awaited once, `end` stops it from outside.

    `attempts` planners were asked, `passed_over` says of each that gave no plan why, as
    'name: why'. `model_id` and `stats` are those of the planner that answered.
    """

    def __init__(
        self,
        node: ManagedNode,
        pool: PlannerPool,
        request: PlanningRequest,
        table: ActionTable,
        deadline_s: float,
    ):
        self.phase = PlanMission.Feedback.QUEUED
        self.attempts = 0
        self.passed_over: list[str] = []
        self.model_id = ''
        self.stats = CallStats()
        self._node = node
        self._pool = pool
        self._request = request
        self._table = table
        self._deadline_s = deadline_s  # of time.monotonic()
        self._outcome: Future | None = None
        self._waits_for_graph = False
        self._ended: Refusal | None = None

    async def run(
        self,
        current_graph: Callable[[], SceneGraph | None],
        max_nodes: int,
        publish: Callable[[PlanCall], None],
    ) -> tuple[Plan, SceneGraph, str]:
        """The first valid plan that nothing is odd about (see `suspect`), in the order of the
        planners; its graph, and who made it.

        Raises:
            Refusal: there is no such plan; or the call was ended from outside.
            PrismError: the request's graph is none.
        """
        publish(self)
        current = await self._wait_for_graph(current_graph, publish)
        self.phase = PlanMission.Feedback.PLANNING
        refusal = Refusal(PlanErrorCode.TIMEOUT, 'no time was left to plan')
        for index, name in enumerate(self._request.planners):
            self.attempts += 1
            publish(self)
            share_s = self._pool.share_s(self._request.planners[index:], self._remaining_s)
            try:
                plan, graph, report, self.model_id, self.stats = await self._ask(
                    name, lambda planner: self._plan(planner, current, max_nodes), share_s
                )
            except PlannerError as error:
                refusal = refusal_from(error)
            else:
                if report.is_valid:
                    return plan, graph, name
                refusal = Refusal(PROBLEM_CODES[report.problems[0].kind], report.feedback)
            self.passed_over.append(f'{name}: {refusal}')
            self._node.get_logger().warning(f"planner '{name}': {refusal}")
        raise refusal

    def end(self, refusal: Refusal) -> None:
        """Stop waiting; `run` raises the refusal."""
        self._ended = refusal
        self._complete(self._outcome, _Outcome(error=refusal))

    def notice_graph(self) -> None:
        """The node's graph has changed."""
        if self._waits_for_graph:
            self._complete(self._outcome, _Outcome())

    @property
    def _remaining_s(self) -> float:
        return self._deadline_s - time.monotonic()

    async def _wait_for_graph(
        self,
        current_graph: Callable[[], SceneGraph | None],
        publish: Callable[[PlanCall], None],
    ) -> SceneGraph | None:
        """The current graph, once there is one that is as new as the request asks for."""
        wanted = self._request.min_graph_revision
        while not self._request.scene_graph_json:
            graph = current_graph()
            if graph is not None and graph.revision >= wanted:
                break
            error = no_graph() if graph is None else _too_old(graph, wanted)
            if self.phase != PlanMission.Feedback.WAITING:
                self.phase = PlanMission.Feedback.WAITING
                publish(self)
            self._waits_for_graph = True
            await self._wait(Future(executor=self._node.executor), self._remaining_s, error)
            self._waits_for_graph = False
        return current_graph()

    def _plan(
        self, planner: Planner, current: SceneGraph | None, max_nodes: int
    ) -> tuple[Plan, SceneGraph, ValidationReport, str, CallStats]:
        """What runs on the planner's thread: a plan, its graph, its check, who made it and what
        that took.
        """
        graph = self._request.choose_graph(current, max_nodes)
        try:
            plan = planner.plan(self._request.task, graph, self._request.history)
        except PlannerError:
            raise
        except Exception as error:
            raise PlannerError(f'expected a plan or a PlannerError, got {error!r}') from error
        if not isinstance(plan, Plan):
            raise PlannerError(f'expected a Plan, got a {type(plan).__name__}')
        stats = getattr(planner, 'stats', None)
        if not isinstance(stats, CallStats):
            stats = CallStats()
        report = validate_plan(plan, graph, self._table)
        if report.is_valid:
            task, history = self._request.task, self._request.history
            doubt = suspect(plan, task, graph, history, self._table)
            if doubt:
                raise PlanRejected(doubt)
        return plan, graph, report, health_of(planner).model_id, stats

    async def _ask(self, name: str, job: Callable[[Planner], Any], share_s: float) -> Any:
        """Run a job on the planner's thread; give up when its share of the time is over."""
        executor = self._node.executor
        working = self._pool.worker(name).submit(job)
        # Most planners without a model are done at once: no need to go through the executor then.
        try:
            return working.result(GRACE_S)
        except concurrent.futures.TimeoutError:
            if working.done():  # the planner's own error
                raise
        outcome = Future(executor=executor)

        def report(done: concurrent.futures.Future) -> None:
            if executor.context.ok() and not done.cancelled():
                ended = _Outcome(None if done.exception() else done.result(), done.exception())
                executor.create_task(self._complete, outcome, ended)

        working.add_done_callback(report)
        late = PlannerTimeout(f"planner '{name}' did not answer within {share_s:.1f} s")
        try:
            return await self._wait(outcome, share_s, late)
        finally:
            if not working.done():
                self._pool.give_up(name, working)

    async def _wait(self, outcome: Future, timeout_s: float, late: Exception) -> Any:
        """The result that completes the future; or its error, `late`, or why the call was ended."""
        if self._ended is not None:
            raise self._ended
        self._outcome = outcome
        timer = self._node.once(timeout_s, lambda: self._complete(outcome, _Outcome(error=late)))
        ended = await outcome
        self._outcome = None
        self._node.destroy_timer(timer)
        if ended.error is not None:
            raise ended.error
        return ended.result

    def _complete(self, future: Future | None, outcome: _Outcome) -> None:
        if future is not None and not future.done():
            future.set_result(outcome)
            self._node.executor.wake()


def _too_old(graph: SceneGraph, wanted: int) -> Refusal:
    return Refusal(
        PlanErrorCode.STALE_SCENE_GRAPH,
        f'waited for revision {wanted} of the scene graph, got revision {graph.revision}',
    )
