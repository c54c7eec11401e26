# SPDX-License-Identifier: Apache-2.0
"""Running many jobs: here, in threads, in processes, or on the machines of a Ray cluster.

Knows nothing of what the jobs do. A window bounds how many are under way, so that memory stays
flat however many there are.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from typing import Any, TypeVar

from prism_core.errors import ConfigError, RunStopped
from prism_core.installing import how_to_install

Job = TypeVar('Job')
Result = TypeVar('Result')

RUNNERS = ('processes', 'threads', 'ray')
_WINDOW = 4  # jobs under way for each worker


Run = Callable[[Iterable, bool], Iterator]
"""Runs jobs and gives their results: as they come, or, if told so, in the order of the jobs."""


@contextlib.contextmanager
def start_runner(work: Callable[[Job], Result], runner: str, workers: int) -> Iterator[Run]:
    """Start workers; what it gives runs jobs on them, drawn one by one when there is room.

    Args:
        work: what is done with a job; it, the jobs and the results can be pickled.
        runner: one of `RUNNERS`.
        workers: how many at once; with `ray` 0 stands for what the cluster has.

    Raises:
        ConfigError: there is no such runner, or Ray is not installed.
        RunStopped: a worker process died.
    """
    if runner not in RUNNERS:
        raise ConfigError(f'runner: expected one of {", ".join(RUNNERS)}, got {runner!r}')
    if runner == 'processes' and workers == 1:
        yield lambda jobs, in_order: map(work, jobs)
        return
    start = {'processes': _start_processes, 'threads': _start_threads, 'ray': _start_ray}[runner]
    with start(work, workers) as (submit, number):
        yield lambda jobs, in_order: _collect(submit, iter(jobs), number * _WINDOW, in_order)


def _collect(
    submit: Callable[[Job], Future[Result]], jobs: Iterator[Job], window: int, in_order: bool
) -> Iterator[Result]:
    pending = [submit(job) for job in itertools.islice(jobs, window)]
    while pending:
        if in_order:
            done = pending[:1]
        else:
            finished = wait_for(pending, return_when=FIRST_COMPLETED).done
            done = [future for future in pending if future in finished]
        for future in done:
            pending.remove(future)
            result = future.result()
            pending += [submit(job) for job in itertools.islice(jobs, 1)]
            yield result


def _stop_run() -> RunStopped:
    return RunStopped(
        'a worker process died (out of memory?); what was done is kept: '
        'go on with --resume and fewer --workers'
    )


@contextlib.contextmanager
def _start_processes(work: Callable[[Job], Result], workers: int):
    # Not forked: threads of the parent may hold locks.
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context('spawn'),
        initializer=_begin_process,
        initargs=(work,),
    )
    try:
        yield (lambda job: pool.submit(_do_in_process, job)), workers
    except BrokenProcessPool as error:
        raise _stop_run() from error
    finally:
        pool.shutdown(cancel_futures=True)


_work: Callable | None = None


def _begin_process(work: Callable) -> None:
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted and ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ['TOKENIZERS_PARALLELISM'] = 'false'


def _end_with_parent() -> None:
    """End this process when its parent was killed: the pool itself would wait forever."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 - it was spawned
    parent.join()
    os._exit(1)


def _do_in_process(job):
    assert _work is not None  # noqa: S101 - the initializer has set it
    return _work(job)


@contextlib.contextmanager
def _start_threads(work: Callable[[Job], Result], workers: int):
    pool = ThreadPoolExecutor(workers)
    try:
        yield (lambda job: pool.submit(work, job)), workers
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _start_ray(work: Callable[[Job], Result], workers: int):
    os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')  # it sends nothing home
    try:
        import ray
        from ray.exceptions import RayTaskError, WorkerCrashedError
    except ImportError as error:
        raise ConfigError(f'--runner ray needs Ray; {how_to_install("prism_ros[ray]")}') from error
    is_ours = not ray.is_initialized()
    if is_ours:
        ray.init(log_to_driver=False, include_dashboard=False)
    try:
        number = workers or int(ray.cluster_resources().get('CPU', 1))
        shared = ray.put(pickle.dumps(work))
        do: Any = ray.remote(_do_on_ray)
        yield (lambda job: do.remote(shared, job).future()), number
    except WorkerCrashedError as error:
        raise _stop_run() from error
    except RayTaskError as error:
        raise error.cause from error
    finally:
        if is_ours:
            ray.shutdown()


def _do_on_ray(work: bytes, job):
    return _unpickle(work)(job)


@lru_cache(maxsize=1)
def _unpickle(work: bytes) -> Callable:
    """The work, made once in each of Ray's processes."""
    return pickle.loads(work)  # noqa: S301 - our own
