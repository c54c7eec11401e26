# SPDX-License-Identifier: Apache-2.0
"""A planner that failed several times in a row is left alone for a while that grows."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import (
    ConfigError,
    PlannerTimeout,
    PlannerUnavailable,
    PlanRejected,
    TeacherAuth,
    TeacherUnavailable,
)
from prism_core.inference.breaker import Breaker, BreakerConfig, is_outage

DOWN = TeacherUnavailable('the endpoint is down')
CONFIG = BreakerConfig(failures=3, pause_s=5.0, max_pause_s=12.0)


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock) -> Breaker:
    return Breaker(CONFIG, clock)


def fail(breaker: Breaker, times: int = 1, error=DOWN) -> None:
    for _ in range(times):
        breaker.admit()
        breaker.note_failure(error)


def test_it_opens_after_so_many_failures_in_a_row_and_says_why_and_for_how_long(breaker, clock):
    fail(breaker, 2)
    assert (breaker.state, breaker.error) == ('closed', None)
    fail(breaker)
    assert (breaker.state, breaker.retry_in_s) == ('open', 5.0)
    clock.now_s += 1.5
    with pytest.raises(TeacherUnavailable, match=r'^it is left alone for 5 s after 3 failures in '):
        breaker.admit()
    with pytest.raises(TeacherUnavailable, match=r'endpoint is down; asked again in 3\.5 s$'):
        breaker.admit()
    assert str(breaker.error).endswith('the last: the endpoint is down')


def test_a_success_in_between_counts_from_the_start(breaker):
    for _ in range(5):
        fail(breaker, 2)
        breaker.admit()
        breaker.note_success()
    assert breaker.state == 'closed'


def test_half_open_it_lets_one_call_through_and_no_second_one(breaker, clock):
    fail(breaker, 3)
    clock.now_s += 5.0
    assert breaker.state == 'half-open'
    breaker.admit()
    with pytest.raises(TeacherUnavailable, match=r'it is being tried$'):
        breaker.admit()
    breaker.note_nothing()
    breaker.admit()
    breaker.note_success()
    assert (breaker.state, breaker.error, breaker.retry_in_s) == ('closed', None, 0.0)
    breaker.admit()
    breaker.admit()


def test_each_trial_that_fails_doubles_the_pause_up_to_its_bound(breaker, clock):
    fail(breaker, 3)
    pauses_s = []
    for _ in range(4):
        pauses_s.append(breaker.retry_in_s)
        clock.now_s += breaker.retry_in_s
        fail(breaker)
    assert [*pauses_s, breaker.retry_in_s] == [5.0, 10.0, 12.0, 12.0, 12.0]
    clock.now_s += 12.0
    breaker.admit()
    breaker.note_success()
    fail(breaker, 3)
    assert breaker.retry_in_s == 5.0


def test_calls_that_were_under_way_when_it_opened_make_the_pause_no_longer(breaker):
    for _ in range(8):
        breaker.admit()
    for _ in range(8):
        breaker.note_failure(DOWN)
    assert breaker.retry_in_s == 5.0


def test_of_many_threads_one_is_let_through_when_the_pause_is_over(breaker, clock):
    fail(breaker, 3)
    clock.now_s += 5.0
    begin, admitted = threading.Barrier(8), []

    def ask() -> None:
        begin.wait()
        try:
            breaker.admit()
        except TeacherUnavailable:
            return
        admitted.append(threading.current_thread())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == 1


@pytest.mark.parametrize(
    ('error', 'kind'),
    [
        (TeacherAuth('the key is refused'), TeacherAuth),
        (PlannerUnavailable('nobody serves it'), PlannerUnavailable),
        (PlannerTimeout('no reply within 3 s'), TeacherUnavailable),
    ],
)
def test_what_is_said_while_it_is_open_is_of_the_kind_of_the_last_failure(breaker, error, kind):
    fail(breaker, 3, error)
    with pytest.raises(kind, match=str(error)) as caught:
        breaker.admit()
    assert type(caught.value) is kind


def test_with_no_number_of_failures_it_never_opens(clock):
    breaker = Breaker(BreakerConfig(failures=0), clock)
    fail(breaker, 100)
    assert breaker.state == 'closed'


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        ({'failures': -1}, '0 failures or more, got -1'),
        ({'pause_s': 0.0}, 'above 0 s .* got 0 s and 120 s'),
        ({'pause_s': 9.0, 'max_pause_s': 8.0}, 'got 9 s and 8 s'),
        ({'pause_s': float('nan')}, 'got nan s'),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        BreakerConfig(**settings)


def test_only_what_keeps_a_planner_from_answering_is_an_outage():
    assert is_outage(PlannerTimeout('late'))
    assert is_outage(TeacherUnavailable('down'))
    assert not is_outage(PlanRejected('it said nonsense'))


STEPS = st.lists(
    st.one_of(st.sampled_from(['success', 'failure', 'nothing']), st.floats(0.0, 30.0))
)


@given(STEPS, st.integers(0, 4))
def test_no_call_is_let_through_before_its_time_whatever_happens(steps, failures):
    clock = Clock()
    breaker = Breaker(BreakerConfig(failures, 5.0, 12.0), clock)
    in_a_row = 0
    for step in steps:
        if isinstance(step, float):
            clock.now_s += step
            continue
        is_due = breaker.state != 'open'
        try:
            breaker.admit()
        except TeacherUnavailable:
            assert not is_due
            assert 0 < breaker.retry_in_s <= 12.0
            assert in_a_row >= failures > 0
            continue
        assert is_due
        getattr(breaker, f'note_{step}')(*([DOWN] if step == 'failure' else []))
        in_a_row = {'success': 0, 'failure': in_a_row + 1}.get(step, in_a_row)
        assert (breaker.state == 'closed') == (failures == 0 or in_a_row < failures)
