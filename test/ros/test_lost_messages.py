# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prism_ros.lost_messages import LostMessages


def count(numbers, publishers=1) -> list[int]:
    losses = LostMessages()
    return [losses.count(number, publishers) for number in numbers]


def test_a_gap_is_what_is_missing_before_the_message_behind_it():
    assert count([1, 2, 3, 7, 8, 10]) == [0, 0, 0, 3, 0, 1]


def test_what_a_publisher_said_before_anybody_listened_is_no_loss():
    assert count([40, 41, 43]) == [0, 0, 1]


def test_a_publisher_that_starts_again_is_no_loss():
    assert count([1, 2, 3, 1, 2, 4]) == [0, 0, 0, 0, 0, 1]


def test_where_the_middleware_gives_no_numbers_none_is_lost():
    assert count([None, None]) == [0, 0]


def test_a_gap_of_one_of_two_publishers_is_seen():
    assert count([1, 1, 2, 2, 3, 3, 9, 4], publishers=2) == [0] * 6 + [5, 0]


@given(
    st.lists(st.integers(1, 99), min_size=1, max_size=4),
    st.lists(st.integers(0, 3), max_size=60),
)
def test_publishers_that_lose_nothing_are_never_said_to(firsts, order):
    nexts, losses = list(firsts), LostMessages()
    for who in order:
        who %= len(nexts)
        assert losses.count(nexts[who], len(nexts)) == 0
        nexts[who] += 1


@given(st.sets(st.integers(1, 60), min_size=1))
def test_of_a_single_publisher_no_loss_goes_unseen(came):
    numbers = sorted(came)
    assert sum(count(numbers)) == numbers[-1] - numbers[0] + 1 - len(numbers)
