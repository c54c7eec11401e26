# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator

import pytest

from prism_core import PlannerError, PlannerHealth, PlannerTimeout, PlannerUnavailable
from prism_core.testing import ScriptedPlanner
from prism_ros import planner_worker
from prism_ros.planner_worker import PlannerPool, PlannerWorker

WAIT_S = 10.0


class Double(ScriptedPlanner):
    """A planner that notes the threads on which it was made and closed."""

    def __init__(self):
        super().__init__([])
        self.made_on = threading.current_thread()
        self.closed_on: threading.Thread | None = None
        self.was_closed = threading.Event()

    def __len__(self) -> int:
        return 0  # a planner may be empty in some sense of its own

    def close(self) -> None:
        self.closed_on = threading.current_thread()
        self.was_closed.set()


class Reports:
    """Gathers the results and errors of calls in the order in which they end."""

    def __init__(self):
        self._queue: queue.SimpleQueue = queue.SimpleQueue()

    def gather(self, future) -> None:
        future.add_done_callback(self._note)

    def _note(self, future) -> None:
        error = future.exception()
        self._queue.put((None if error else future.result(), error))

    def next(self):
        return self._queue.get(timeout=WAIT_S)

    def error(self) -> Exception:
        result, error = self.next()
        assert result is None
        return error


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def made() -> list[Double]:
    return []


@pytest.fixture
def factory(made):
    def make() -> Double:
        made.append(Double())
        return made[-1]

    return make


@pytest.fixture
def worker(factory) -> Iterator[PlannerWorker]:
    worker = PlannerWorker('double', factory)
    yield worker
    worker.retire()
    join(worker)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Lets hanging calls return; set at the end whatever happens."""
    event = threading.Event()
    yield event
    event.set()


def join(worker: PlannerWorker) -> None:
    worker._thread.join(WAIT_S)
    assert not worker.is_alive


def give_up(planner):
    raise PlannerError('no idea')


def crash(planner):
    raise ZeroDivisionError('a bug')


# One worker ---------------------------------------------------------------------------------------


def test_a_call_runs_on_the_thread_of_the_worker_and_its_result_is_reported(worker, made, reports):
    reports.gather(worker.submit(lambda planner: (planner, threading.current_thread())))
    (planner, thread), error = reports.next()
    assert error is None
    assert planner is made[0]
    assert thread is planner.made_on is not threading.current_thread()
    assert thread.name == 'planner-double'
    assert thread.daemon  # a call that hangs does not keep the process


def test_the_planner_is_made_at_the_first_call_and_once(worker, made, reports):
    assert made == []
    for number in range(3):
        reports.gather(worker.submit(lambda planner, number=number: number))
    assert [reports.next() for _ in range(3)] == [(0, None), (1, None), (2, None)]
    assert len(made) == 1


@pytest.mark.parametrize(
    ('job', 'kind', 'sentence'),
    [(give_up, PlannerError, 'no idea'), (crash, ZeroDivisionError, 'a bug')],
)
def test_an_exception_is_reported_and_the_next_call_works(
    worker, made, reports, job, kind, sentence
):
    reports.gather(worker.submit(job))
    with pytest.raises(kind, match=sentence):
        raise reports.error()
    reports.gather(worker.submit(lambda planner: 'works'))
    assert reports.next() == ('works', None)
    assert len(made) == 1


@pytest.mark.parametrize(
    ('raised', 'kind', 'sentence'),
    [
        (PlannerUnavailable('no model file'), PlannerUnavailable, '^no model file$'),
        (PlannerError('no'), PlannerError, '^no$'),
        (
            OSError('no device'),
            PlannerUnavailable,
            r"^the planner cannot be made: OSError\('no device'\)$",
        ),
    ],
)
def test_a_planner_that_cannot_be_made_is_reported_and_tried_again(reports, raised, kind, sentence):
    made = iter([raised, Double()])

    def factory() -> Double:
        planner = next(made)
        if isinstance(planner, Exception):
            raise planner
        return planner

    worker = PlannerWorker('double', factory)
    reports.gather(worker.submit(lambda planner: 'never'))
    error = reports.error()
    assert type(error) is kind
    with pytest.raises(kind, match=sentence):
        raise error
    reports.gather(worker.submit(lambda planner: 'works'))
    assert reports.next() == ('works', None)
    worker.retire()
    join(worker)


def test_a_retired_worker_ends_its_call_closes_the_planner_on_its_thread_and_ends(
    worker, made, reports, release
):
    reports.gather(worker.submit(lambda planner: release.wait(WAIT_S)))
    worker.retire()
    assert worker.is_alive
    release.set()
    assert reports.next() == (True, None)
    join(worker)
    assert made[0].closed_on is made[0].made_on


def test_a_worker_that_never_worked_makes_no_planner_to_close(factory, made):
    worker = PlannerWorker('double', factory)
    worker.retire()
    join(worker)
    assert made == []


# A pool of workers --------------------------------------------------------------------------------


@pytest.fixture
def pool(factory) -> Iterator[PlannerPool]:
    pool = PlannerPool({'second': factory, 'first': factory, 'third': factory})
    yield pool
    pool.close()


def test_the_names_keep_the_order_in_which_they_were_given(pool):
    assert pool.names == ['second', 'first', 'third']


def test_each_name_has_one_worker_and_a_planner_of_its_own(pool, made, reports):
    assert pool.worker('first') is pool.worker('first')
    assert pool.worker('first') is not pool.worker('second')
    for name in ('first', 'second', 'first'):
        reports.gather(pool.worker(name).submit(lambda planner: planner))
        reports.next()
    assert len(made) == 2


def test_a_call_that_hangs_is_left_behind_and_the_next_has_a_planner_of_its_own(
    pool, made, reports, release
):
    hanging, has_begun = pool.worker('first'), threading.Event()
    reports.gather(
        hanging.submit(lambda planner: has_begun.set() or (release.wait(WAIT_S) and 'late'))
    )
    assert has_begun.wait(WAIT_S)
    pool.leave_behind('first')
    reports.gather(pool.worker('first').submit(lambda planner: planner))
    planner, _ = reports.next()
    assert planner is made[1] is not made[0]
    assert hanging.is_alive
    release.set()
    assert reports.next() == ('late', None)
    join(hanging)
    assert made[0].was_closed.is_set()
    assert not made[1].was_closed.is_set()


def test_a_call_is_left_behind_only_once(pool, made, reports):
    first = pool.worker('first')
    pool.leave_behind('first')
    pool.leave_behind('first')
    join(first)
    reports.gather(pool.worker('first').submit(lambda planner: 'works'))
    assert reports.next() == ('works', None)


def test_too_many_hanging_calls_are_refused_until_one_returns(pool, reports):
    releases = [threading.Event() for _ in range(PlannerPool.MAX_LEFT_BEHIND)]
    workers = []
    try:
        for event in releases:
            workers.append(pool.worker('first'))
            reports.gather(workers[-1].submit(lambda planner, event=event: event.wait(WAIT_S)))
            pool.leave_behind('first')
        for name in ('first', 'second'):
            with pytest.raises(PlannerError, match='8 calls of planners still hang'):
                pool.worker(name)
        releases[3].set()
        join(workers[3])
        reports.gather(pool.worker('first').submit(lambda planner: 'works'))
        assert reports.next() == (True, None)
        assert reports.next() == ('works', None)
    finally:
        for event in releases:
            event.set()


def test_a_closed_pool_closes_its_planners_and_can_be_used_again(pool, made, reports):
    for name in pool.names:
        reports.gather(pool.worker(name).submit(lambda planner: None))
        reports.next()
    pool.close()
    assert all(planner.was_closed.wait(WAIT_S) for planner in made)
    assert len(made) == 3
    reports.gather(pool.worker('first').submit(lambda planner: planner.was_closed.is_set()))
    assert reports.next() == (False, None)


# How planners are ---------------------------------------------------------------------------------


def test_a_planner_is_loading_until_it_is_made_and_ready_when_it_does_not_tell(
    pool, reports, made, release
):
    assert {one.state for one in pool.health().values()} == {'loading'}
    reports.gather(pool.worker('first').submit(lambda planner: release.wait(WAIT_S)))
    release.set()
    reports.next()
    assert list(pool.health()) == ['second', 'first', 'third']
    assert pool.health()['first'] == PlannerHealth('ready')
    told = PlannerHealth('out', PlannerError('no'), 'nano 0123')
    made[0].health = told
    assert pool.health()['first'] == told


def test_a_planner_that_could_not_be_made_is_out_until_it_is_made(reports):
    made = iter([OSError('no device'), Double()])

    def factory():
        planner = next(made)
        if isinstance(planner, Exception):
            raise planner
        return planner

    pool = PlannerPool({'one': factory})
    for state, words in (('out', 'no device'), ('ready', 'None')):
        reports.gather(pool.worker('one').submit(lambda planner: None))
        reports.next()
        assert pool.health()['one'].state == state
        assert words in str(pool.health()['one'].error)
    pool.close()


def test_a_call_that_is_left_behind_leaves_its_planner_out_until_the_next_one(
    pool, reports, release
):
    begun = threading.Event()
    call = pool.worker('first').submit(lambda planner: begun.set() or release.wait(WAIT_S))
    assert begun.wait(WAIT_S)
    pool.give_up('first', call)
    health = pool.health()['first']
    assert (health.state, type(health.error)) == ('out', PlannerTimeout)
    assert 'made anew for the next call' in str(health.error)
    reports.gather(pool.worker('first').submit(lambda planner: None))
    reports.next()
    assert pool.health()['first'].state == 'ready'


def test_a_call_that_waits_for_one_that_is_ending_costs_the_planner_nothing(
    pool, made, release, monkeypatch
):
    monkeypatch.setattr(Double, 'cancel', lambda self: None, raising=False)
    begun = threading.Event()
    worker = pool.worker('first')
    running = worker.submit(lambda planner: begun.set() or release.wait(WAIT_S))
    assert begun.wait(WAIT_S)
    pool.give_up('first', running, is_late=False)
    pool.give_up('first', worker.submit(lambda planner: None), is_late=False)
    assert pool.worker('first') is worker
    monkeypatch.setattr(planner_worker, 'STOP_S', 0.0)  # it had its time
    pool.give_up('first', worker.submit(lambda planner: None), is_late=False)
    assert pool.worker('first') is not worker
    release.set()
    join(worker)
    assert made[0].was_closed.is_set()


def test_a_call_that_does_not_end_when_it_is_told_to_leaves_its_planner_out_until_it_does(
    reports, release, monkeypatch
):
    monkeypatch.setattr(planner_worker, 'STOP_S', 0.1)

    class Deaf(Double):
        def cancel(self):
            pass

    pool, begun = PlannerPool({'deaf': Deaf}), threading.Event()
    call = pool.worker('deaf').submit(lambda planner: begun.set() or release.wait(WAIT_S))
    reports.gather(call)
    assert begun.wait(WAIT_S)
    pool.give_up('deaf', call)
    assert pool.health()['deaf'].state == 'ready'
    time.sleep(0.2)
    assert 'does not end a call' in str(pool.health()['deaf'].error)
    release.set()
    reports.next()
    assert pool.health()['deaf'].state == 'ready'
    pool.close()


def test_a_call_that_was_canceled_says_nothing_against_its_planner(pool, reports, release):
    begun = threading.Event()
    call = pool.worker('first').submit(lambda planner: begun.set() or release.wait(WAIT_S))
    assert begun.wait(WAIT_S)
    pool.give_up('first', call, is_late=False)
    assert pool.health()['first'].state != 'out'
    reports.gather(pool.worker('first').submit(lambda planner: None))
    reports.next()
    assert pool.health()['first'].state == 'ready'
