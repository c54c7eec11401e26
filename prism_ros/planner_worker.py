# SPDX-License-Identifier: Apache-2.0
"""A planner on a thread of its own, so that no executor ever waits for it.

A thread cannot be stopped from outside. A planner may have a method `cancel()`, which any thread
may call and which makes the running `plan()` raise a PlannerError soon: it keeps its place, and
what it has loaded. A call of any other planner that outlives its deadline is left behind: its
worker gets no more work and ends when the call returns, and the planner is made anew for the next.
"""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from prism_core import (
    Planner,
    PlannerError,
    PlannerFactory,
    PlannerHealth,
    PlannerTimeout,
    PlannerUnavailable,
    PrismError,
    UnknownAdapter,
)
from prism_core.episode.planner_progress import Progress, progress_of
from prism_core.inference.adapted import say_unknown
from prism_core.inference.breaker import Breaker, BreakerConfig, is_outage
from prism_core.inference.cascade import Policy

STOP_S = 1.0  # so long a planner may take to end a call that it was told to end
FAIR_S = 1.0
"""Nothing is held against a planner behind a network that was given less time than this."""


class PlannerWorker:
    """Runs one call at a time against one planner; the planner is made and closed on the thread."""

    def __init__(self, name: str, factory: PlannerFactory):
        self._jobs: queue.SimpleQueue[tuple[Callable[[Planner], Any], Future] | None]
        self._jobs = queue.SimpleQueue()
        self._factory = factory
        self._planner: Planner | None = None
        self._fault: PlannerError | None = None
        self._is_busy = False
        self._canceled_s = math.inf  # when the call that runs was told to end
        self._thread = threading.Thread(target=self._work, name=f'planner-{name}', daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    @property
    def has_planner(self) -> bool:
        """Whether the planner is made."""
        return self._planner is not None

    @property
    def is_remote(self) -> bool:
        """Whether the planner is behind a network, as far as that is known by now."""
        try:
            return bool(getattr(self._planner, 'is_remote', False))
        except Exception:  # the code of others: anything may come
            return False

    @property
    def progress(self) -> Progress:
        """How far the planner is with what it writes, where it tells; waits for nothing."""
        return progress_of(self._planner) if self._is_busy else Progress()

    @property
    def health(self) -> PlannerHealth:
        """How the planner is; waits for nothing."""
        if self._planner is None:
            return PlannerHealth('out' if self._fault else 'loading', self._fault)
        if self._is_busy and time.monotonic() - self._canceled_s > STOP_S:
            error = PlannerTimeout('it does not end a call that it was told to end')
            return PlannerHealth('out', error, health_of(self._planner).model_id)
        return health_of(self._planner)

    @property
    def is_ending(self) -> bool:
        """Whether the call that runs was told to end, and may still take its time for that."""
        return self._is_busy and time.monotonic() - self._canceled_s <= STOP_S

    def submit(self, job: Callable[[Planner], Any]) -> Future:
        """Run `job(planner)`; the future gets its result or its exception on the thread."""
        future: Future = Future()
        self._jobs.put((job, future))
        return future

    def cancel(self) -> bool:
        """Tell the planner to end the call that runs; whether it can be told."""
        cancel = getattr(self._planner, 'cancel', None)
        if cancel is None:
            return False
        self._canceled_s = time.monotonic()
        cancel()
        return True

    def retire(self) -> None:
        """Take no more work: close the planner and end, as soon as the running call returns."""
        self._jobs.put(None)

    def _make(self) -> Planner:
        try:
            return self._factory()
        except PlannerError:
            raise
        except PrismError as error:
            raise PlannerUnavailable(str(error)) from error
        except Exception as error:
            raise PlannerUnavailable(f'the planner cannot be made: {error!r}') from error

    def _work(self) -> None:
        while (entry := self._jobs.get()) is not None:
            job, future = entry
            try:
                self._planner = self._make() if self._planner is None else self._planner
                self._fault = None
            except PlannerError as error:
                self._fault = error
            if future.set_running_or_notify_cancel():
                self._canceled_s, self._is_busy = math.inf, True
                self._run(job, future)
        if self._planner is not None:
            self._planner.close()

    def _run(self, job: Callable[[Any], Any], future: Future) -> None:
        try:
            if self._fault is not None:
                raise self._fault
            result = job(self._planner)
        except Exception as error:
            self._is_busy = False
            future.set_exception(error)
        else:
            self._is_busy = False
            future.set_result(result)


def health_of(planner: Any) -> PlannerHealth:
    """How a planner says it is by its property `health`; ready where it has none."""
    try:
        told = getattr(planner, 'health', None)
    except Exception as error:
        return PlannerHealth('out', PlannerError(f'its health cannot be told: {error!r}'))
    return told if isinstance(told, PlannerHealth) else PlannerHealth('ready')


class PlannerPool:
    """The planners of a node by name, and the workers that were left behind.

    Args:
        factories: the planners in falling order.
        shares: the relative part of a call's time that a planner may take; 1.0 where left out.
        policy: which of their plans is taken; None for the first that can be.
        breaker: when a planner behind a network is left alone.

    Raises:
        PlannerError: by `worker`, when too many calls still hang.
    """

    MAX_LEFT_BEHIND = 8

    def __init__(
        self,
        factories: Mapping[str, PlannerFactory],
        shares: Mapping[str, float] | None = None,
        policy: Policy | None = None,
        breaker: BreakerConfig | None = None,
    ):
        self.policy = policy
        self._breakers = {name: Breaker(breaker) for name in factories}
        self._remote: set[str] = set()
        self._side: ThreadPoolExecutor | None = None
        self._factories = factories
        self._shares = shares or {}
        self._workers: dict[str, PlannerWorker] = {}
        self._left_behind: list[PlannerWorker] = []
        self._why_left: dict[str, PlannerError] = {}

    @property
    def names(self) -> list[str]:
        """The planners in falling order."""
        return list(self._factories)

    def health(self) -> dict[str, PlannerHealth]:
        """How each planner is, in falling order; waits for nothing."""
        return {name: self._health_of(name) for name in self.names}

    def _health_of(self, name: str) -> PlannerHealth:
        worker, why = self._workers.get(name), self._why_left.get(name)
        told = PlannerHealth('out' if why else 'loading', why) if worker is None else worker.health
        if error := self._breakers[name].error:
            return replace(told, state='out', error=error)
        return told

    def breakers(self) -> dict[str, Breaker]:
        """What keeps calls from each planner behind a network while it fails."""
        return {name: self._breakers[name] for name in self.names if self._is_remote(name)}

    def admit(self, name: str) -> None:
        """Let a call to a planner through.

        Raises:
            PlannerUnavailable: it failed too often; for how long it is left alone.
        """
        self._breakers[name].admit()

    def note(self, name: str, error: PlannerError | None, given_s: float) -> None:
        """How a call that was let through went.

        Args:
            name: of the planner.
            error: why it gave no plan, None where it gave one.
            given_s: the time that it had.
        """
        breaker = self._breakers[name]
        had_no_time = isinstance(error, PlannerTimeout) and given_s < FAIR_S
        if error is None or not is_outage(error):
            breaker.note_success()
        elif had_no_time or not self._is_remote(name):
            breaker.note_nothing()
        else:
            breaker.note_failure(error)

    def note_nothing(self, name: str) -> None:
        """A call that was let through was ended from outside."""
        self._breakers[name].note_nothing()

    def _is_remote(self, name: str) -> bool:
        """Whether a planner is behind a network; that stays so while it is made anew."""
        worker = self._workers.get(name)
        if worker is not None and worker.is_remote:
            self._remote.add(name)
        return name in self._remote

    def check_adapter(self, names: Sequence[str], adapter: str) -> None:
        """Refuse an adapter that none of some planners has, as far as that is known by now.

        Raises:
            UnknownAdapter: with those that there are.
        """
        health = {name: self._health_of(name) for name in names}
        is_known = all(one.adapters or one.state == 'ready' for one in health.values())
        if adapter and is_known and not any(adapter in one.adapters for one in health.values()):
            known = {name: one.adapters for name, one in health.items()}
            raise UnknownAdapter(say_unknown(adapter, known))

    def run_aside(self, job: Callable[[], Any]) -> Future:
        """Run what takes a moment and needs no planner, on a thread of its own."""
        if self._side is None:
            self._side = ThreadPoolExecutor(1, 'planner-aside')
        return self._side.submit(job)

    def progress_of(self, name: str) -> Progress:
        """How far a planner is with what it writes, where it tells; waits for nothing."""
        worker = self._workers.get(name)
        return Progress() if worker is None else worker.progress

    def share_s(self, names: Sequence[str], remaining_s: float) -> float:
        """The time of the first of the planners that are left, of all the time that is left."""
        shares = [self._shares.get(name, 1.0) for name in names]
        return remaining_s * shares[0] / sum(shares)

    def warm_up(self) -> None:
        """Have every planner made, so that the first call need not wait for it."""
        for name in self.names:
            self._make(name)

    def _make(self, name: str) -> None:
        self.worker(name).submit(lambda planner: None)

    def worker(self, name: str) -> PlannerWorker:
        """The worker of a planner, started at need."""
        if name not in self._workers:
            self._left_behind = [worker for worker in self._left_behind if worker.is_alive]
            if len(self._left_behind) >= self.MAX_LEFT_BEHIND:
                raise PlannerError(
                    f'{len(self._left_behind)} calls of planners still hang; restart the node'
                )
            self._workers[name] = PlannerWorker(name, self._factories[name])
            self._why_left.pop(name, None)
        return self._workers[name]

    def give_up(self, name: str, call: Future, *, is_late: bool = True) -> None:
        """Stop waiting for a call, and do without its planner where that cannot be stopped.

        Args:
            name: of the planner.
            call: that it works on.
            is_late: whether the call is given up because it takes too long. Else nothing is known
                against the planner, and it is made anew at once.
        """
        worker = self._workers.get(name)
        if worker is None:
            return
        has_begun = not call.cancel()
        is_stopped = worker.cancel() if has_begun else worker.is_ending or not worker.has_planner
        if not is_stopped:
            self.leave_behind(name)
            if is_late:
                self._why_left[name] = PlannerTimeout(
                    'its last call did not end in time; it is made anew for the next call'
                )
            else:
                with contextlib.suppress(PlannerError):  # too many hang; the next call is told
                    self._make(name)

    def leave_behind(self, name: str) -> None:
        """Do without a worker; nothing happens when it was left behind before."""
        self._is_remote(name)
        worker = self._workers.pop(name, None)
        if worker is not None:
            worker.cancel()
            worker.retire()
            self._left_behind.append(worker)

    def close(self) -> None:
        """Retire every worker."""
        if self._side is not None:
            self._side.shutdown(wait=False, cancel_futures=True)
            self._side = None
        for name in list(self._workers):
            self.leave_behind(name)
