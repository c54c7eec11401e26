"""A planner on a thread of its own, so that no executor ever waits for it.

A thread cannot be stopped from outside. A call that outlives its deadline is left behind: its
worker gets no more work and ends when the call returns, and the planner is made anew for the next.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from prism_core import Planner, PlannerError, PlannerFactory, PlannerUnavailable


class PlannerWorker:
    """Runs one call at a time against one planner; the planner is made and closed on the thread."""

    def __init__(self, name: str, factory: PlannerFactory):
        self._jobs: queue.SimpleQueue[tuple[Callable[[Planner], Any], Future] | None]
        self._jobs = queue.SimpleQueue()
        self._factory = factory
        self._thread = threading.Thread(target=self._work, name=f'planner-{name}', daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def submit(self, job: Callable[[Planner], Any]) -> Future:
        """Run `job(planner)`; the future gets its result or its exception on the thread."""
        future: Future = Future()
        self._jobs.put((job, future))
        return future

    def retire(self) -> None:
        """Take no more work: close the planner and end, as soon as the running call returns."""
        self._jobs.put(None)

    def _make(self) -> Planner:
        try:
            return self._factory()
        except PlannerError:
            raise
        except Exception as error:
            raise PlannerUnavailable(f'the planner cannot be made: {error!r}') from error

    def _work(self) -> None:
        planner: Planner | None = None
        while (entry := self._jobs.get()) is not None:
            job, future = entry
            try:
                planner = self._make() if planner is None else planner
                result = job(planner)
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(result)
        if planner is not None:
            planner.close()


class PlannerPool:
    """The planners of a node by name, and the workers that were left behind.

    Raises:
        PlannerError: by `worker`, when too many calls still hang.
    """

    MAX_LEFT_BEHIND = 8

    def __init__(self, factories: dict[str, PlannerFactory]):
        self._factories = factories
        self._workers: dict[str, PlannerWorker] = {}
        self._left_behind: list[PlannerWorker] = []

    @property
    def names(self) -> list[str]:
        """The planners in falling order."""
        return list(self._factories)

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

    def leave_behind(self, name: str) -> None:
        """Give up the running call of a planner; nothing happens when it was given up before."""
        worker = self._workers.pop(name, None)
        if worker is not None:
            worker.retire()
            self._left_behind.append(worker)

    def close(self) -> None:
        """Retire every worker."""
        for name in list(self._workers):
            self.leave_behind(name)
