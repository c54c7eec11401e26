"""A planner on a thread of its own, so that no executor ever waits for it.

A thread cannot be stopped from outside. A planner may have a method `cancel()`, which any thread
may call and which makes the running `plan()` raise a PlannerError soon: it keeps its place, and
what it has loaded. A call of any other planner that outlives its deadline is left behind: its
worker gets no more work and ends when the call returns, and the planner is made anew for the next.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from prism_core import Planner, PlannerError, PlannerFactory, PlannerUnavailable, PrismError


class PlannerWorker:
    """Runs one call at a time against one planner; the planner is made and closed on the thread."""

    def __init__(self, name: str, factory: PlannerFactory):
        self._jobs: queue.SimpleQueue[tuple[Callable[[Planner], Any], Future] | None]
        self._jobs = queue.SimpleQueue()
        self._factory = factory
        self._planner: Planner | None = None
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
            fault: Exception | None = None
            try:
                self._planner = self._make() if self._planner is None else self._planner
            except Exception as error:
                fault = error
            if future.set_running_or_notify_cancel():
                self._run(job, future, fault)
        if self._planner is not None:
            self._planner.close()

    def _run(self, job: Callable[[Any], Any], future: Future, fault: Exception | None) -> None:
        try:
            if fault is not None:
                raise fault
            result = job(self._planner)
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(result)


class PlannerPool:
    """The planners of a node by name, and the workers that were left behind.

    Args:
        factories: the planners in falling order.
        shares: the relative part of a call's time that a planner may take; 1.0 where left out.

    Raises:
        PlannerError: by `worker`, when too many calls still hang.
    """

    MAX_LEFT_BEHIND = 8

    def __init__(
        self, factories: Mapping[str, PlannerFactory], shares: Mapping[str, float] | None = None
    ):
        self._factories = factories
        self._shares = shares or {}
        self._workers: dict[str, PlannerWorker] = {}
        self._left_behind: list[PlannerWorker] = []

    @property
    def names(self) -> list[str]:
        """The planners in falling order."""
        return list(self._factories)

    def share_s(self, names: Sequence[str], remaining_s: float) -> float:
        """The time of the first of the planners that are left, of all the time that is left."""
        shares = [self._shares.get(name, 1.0) for name in names]
        return remaining_s * shares[0] / sum(shares)

    def warm_up(self) -> dict[str, Future]:
        """Have every planner made, so that the first call need not wait for it."""
        return {name: self.worker(name).submit(lambda planner: None) for name in self.names}

    def worker(self, name: str) -> PlannerWorker:
        """The worker of a planner, started at need."""
        if name not in self._workers:
            self._left_behind = [worker for worker in self._left_behind if worker.is_alive]
            if len(self._left_behind) >= self.MAX_LEFT_BEHIND:
                raise PlannerError(
                    f'{len(self._left_behind)} calls of planners still hang; restart the node'
                )
            self._workers[name] = PlannerWorker(name, self._factories[name])
        return self._workers[name]

    def give_up(self, name: str, call: Future) -> None:
        """Stop waiting for a call, and do without its planner where that cannot be stopped."""
        worker = self._workers.get(name)
        if worker is None:
            return
        has_begun = not call.cancel()
        is_stopped = worker.cancel() if has_begun else not worker.has_planner
        if not is_stopped:
            self.leave_behind(name)

    def leave_behind(self, name: str) -> None:
        """Do without a worker; nothing happens when it was left behind before."""
        worker = self._workers.pop(name, None)
        if worker is not None:
            worker.cancel()
            worker.retire()
            self._left_behind.append(worker)

    def close(self) -> None:
        """Retire every worker."""
        for name in list(self._workers):
            self.leave_behind(name)
