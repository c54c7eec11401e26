# SPDX-License-Identifier: Apache-2.0
"""PlanCall: one request on its way to a valid plan, a refusal or the deadline.

Runs as a coroutine on the node's executor, which it holds for a millisecond at most: after that it
waits for one future at a time, which a planner's thread, a timer or a cancel completes.
"""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rclpy.task import Future

from prism_core import (
    CallStats,
    Domain,
    Plan,
    Planner,
    PlannerError,
    PlannerTimeout,
    PlanRejected,
    SceneGraph,
    ValidationReport,
    finish_plan,
    suspect,
)
from prism_core.episode.planner_progress import Progress
from prism_core.inference.adapted import adapters_of, with_adapter
from prism_core.inference.cascade import PlanOffer, Taken
from prism_core.inference.kept_plan import find_rest, has_rest
from prism_msgs.action import PlanMission
from prism_msgs.msg import PlanErrorCode
from prism_ros.errors import PROBLEM_CODES, Refusal, refusal_from
from prism_ros.managed_node import ManagedNode
from prism_ros.planner_worker import PlannerPool, health_of
from prism_ros.planning_request import PlanningRequest, no_graph

GRACE_S = 0.001  # how long a call may hold the executor before it waits as a coroutine


@dataclass(frozen=True)
class _Made:
    """What a planner made: its plan, the graph and the check of it, and what that took.

    `taken`: what the policy takes now; `at_last`: what it takes if no other planner has a plan.
    """

    plan: Plan
    graph: SceneGraph
    report: ValidationReport
    model_id: str
    stats: CallStats
    taken: Taken | None = None
    at_last: Taken | None = None


@dataclass(frozen=True)
class _Outcome:
    """How a wait ended."""

    result: Any = None
    error: BaseException | None = None


class PlanCall:
    """Works one request; `run` is awaited once, `end` stops it from outside.

    `attempts` planners were asked, `passed_over` says of each that gave no plan why, as
    'name: why'. `model_id` and `stats` are those of the planner that answered.

    Args:
        node: it is worked on there.
        pool: the planners.
        request: what is asked.
        domain: whose actions they plan with.
        deadline_s: of time.monotonic().
        may_keep: whether the rest of the last plan may be given, where it still holds.
    """

    def __init__(
        self,
        node: ManagedNode,
        pool: PlannerPool,
        request: PlanningRequest,
        domain: Domain,
        deadline_s: float,
        *,
        may_keep: bool = False,
    ):
        self.phase = PlanMission.Feedback.QUEUED
        self.attempts = 0
        self.passed_over: list[str] = []
        self.model_id = ''
        self.stats = CallStats()
        self._node = node
        self._pool = pool
        # Who names a planner wants its plan, whatever others make of the request.
        self._policy = pool.policy if request.planners == tuple(pool.names) else None
        self._request = request
        self._domain = domain
        self._deadline_s = deadline_s
        self._may_keep = may_keep and has_rest(request.history, domain.table)
        self._asked = ''  # the planner that is being asked
        self._outcome: Future | None = None
        self._waits_for_graph = False
        self._ended: Refusal | None = None

    async def run(
        self,
        current_graph: Callable[[], SceneGraph | None],
        max_nodes: int,
        publish: Callable[[PlanCall], None],
    ) -> tuple[Plan, SceneGraph, str]:
        """The plan that the policy takes of those that are valid and that nothing is odd about (see
        `suspect`); its graph, and who made it: '' for the rest of the last plan.

        Raises:
            Refusal: there is no such plan; or the call was ended from outside.
            PrismError: the request's graph is none, or there is no such adapter.
        """
        self._pool.check_adapter(self._request.planners, self._request.adapter)
        publish(self)
        current = await self._wait_for_graph(current_graph, publish)
        self.phase = PlanMission.Feedback.PLANNING
        rest = await self._find_rest(current, max_nodes) if self._may_keep else None
        if rest is not None:
            return (*rest, '')
        refusal = Refusal(PlanErrorCode.TIMEOUT, 'no time was left to plan')
        made: dict[str, _Made] = {}
        offers: list[PlanOffer] = []
        for index, name in enumerate(self._request.planners):
            share_s = self._pool.share_s(self._request.planners[index:], self._remaining_s)
            try:
                job = self._job(name, current, max_nodes, offers)
                one = await self._ask(name, job, share_s, publish)
            except PlannerError as error:
                refusal = refusal_from(error)
            else:
                if one.taken is not None:
                    return self._take(one.taken, {**made, name: one}, name)
                if one.report.is_valid:
                    made[name] = one
                    offers.append(PlanOffer(name, one.plan))
                    continue
                refusal = Refusal(PROBLEM_CODES[one.report.problems[0].kind], one.report.feedback)
            self.passed_over.append(f'{name}: {refusal}')
            self._node.get_logger().warning(f"planner '{name}': {refusal}")
        for name, one in made.items():
            if one.at_last is not None:
                return self._take(one.at_last, made, name)
        raise refusal

    def _take(
        self, taken: Taken, made: Mapping[str, _Made], last: str
    ) -> tuple[Plan, SceneGraph, str]:
        """What is replied; `last` is the planner that was asked last."""
        self.passed_over += taken.passed_over
        by = made.get(taken.planner)
        self.model_id = by.model_id if by else taken.planner
        self.stats = (by or made[last]).stats
        return taken.plan, made[last].graph, taken.planner

    @property
    def progress(self) -> Progress:
        """How far the planner that is being asked is with what it writes."""
        return self._pool.progress_of(self._asked)

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

    async def _find_rest(
        self, current: SceneGraph | None, max_nodes: int
    ) -> tuple[Plan, SceneGraph] | None:
        """The rest of the last plan and the graph that it holds on; None where it does not."""

        def find() -> tuple[Plan, SceneGraph] | None:
            task, history = self._request.task, self._request.history
            graph = self._request.choose_graph(current, max_nodes)
            rest = find_rest(task, graph, history, self._domain)
            if rest is None:
                return None
            return finish_plan(rest, graph, history, self._domain.table), graph

        late = PlannerTimeout('no time was left to look whether the last plan still holds')
        return await self._await(self._pool.run_aside(find), self._remaining_s, late)

    def _job(
        self, name: str, current: SceneGraph | None, max_nodes: int, offers: Sequence[PlanOffer]
    ) -> Callable[[Planner], _Made]:
        """What runs on the planner's thread: it plans, and it is chosen what is taken."""
        policy, before = self._policy, tuple(offers)
        is_last = name == self._request.planners[-1]

        def work(planner: Planner) -> _Made:
            made = self._plan(planner, current, max_nodes)
            if not made.report.is_valid:
                return made
            all_offers = (*before, PlanOffer(name, made.plan))
            if policy is None:
                return replace(made, taken=Taken(made.plan, name))
            graph = made.graph
            task = self._domain.spell_out(self._request.task, graph, self._request.history)
            taken = policy.choose(task, graph, all_offers, is_last=is_last)
            if taken is not None:
                return replace(made, taken=taken)
            return replace(made, at_last=policy.choose(task, graph, all_offers, is_last=True))

        return work

    def _plan(self, planner: Planner, current: SceneGraph | None, max_nodes: int) -> _Made:
        """A plan, its graph, its check, who made it and what that took."""
        graph = self._request.choose_graph(current, max_nodes)
        planner = self._with_adapter(planner)
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
        task, history = self._request.task, self._request.history
        report = self._domain.validate(plan, task, graph, history)
        if report.is_valid:
            said = self._domain.spell_out(task, graph, history)
            doubt = suspect(plan, said, graph, history, self._domain.table)
            if doubt:
                raise PlanRejected(doubt)
            plan = finish_plan(plan, graph, history, self._domain.table)
        return _Made(plan, graph, report, health_of(planner).model_id, stats)

    def _with_adapter(self, planner: Planner) -> Planner:
        """The planner with the adapter that the request names; of several planners those that have
        none plan as they are.
        """
        is_alone = len(self._request.planners) == 1
        return with_adapter(
            planner, self._request.adapter if is_alone or adapters_of([planner]) else ''
        )

    async def _ask(
        self,
        name: str,
        job: Callable[[Planner], Any],
        share_s: float,
        publish: Callable[[PlanCall], None],
    ) -> Any:
        """Run a job on the planner's thread; give up when its share of the time is over. Its
        breaker lets the call through, and is told how that went.
        """
        self._pool.admit(name)
        try:
            self.attempts += 1
            publish(self)
            working = self._pool.worker(name).submit(job)
        except BaseException:  # such as that too many calls hang
            self._pool.note_nothing(name)
            raise
        self._asked = name
        late = PlannerTimeout(f"planner '{name}' did not answer within {share_s:.1f} s")
        try:
            result = await self._await(working, share_s, late)
        except PlannerError as error:
            self._pool.note(name, error, share_s)
            raise
        except BaseException:
            self._pool.note_nothing(name)
            raise
        else:
            self._pool.note(name, None, share_s)
            return result
        finally:
            if not working.done():
                self._pool.give_up(name, working, is_late=self._ended is None)
            self._asked = ''

    async def _await(
        self, working: concurrent.futures.Future, limit_s: float, late: Exception
    ) -> Any:
        """The result of what runs on another thread; `late` where it does not come in time."""
        executor = self._node.executor
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
        return await self._wait(outcome, limit_s, late)

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
