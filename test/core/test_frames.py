# SPDX-License-Identifier: Apache-2.0
"""How frames lie to each other: chains, ways back, and what is too old or impossible."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core.graph.frames import FrameTree, Transform

lengths = st.floats(-100, 100)
vectors = st.tuples(lengths, lengths, lengths)


@st.composite
def transforms(draw) -> Transform:
    turn = draw(st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda parts: math.hypot(*parts) > 0.1))
    norm = math.hypot(*turn)
    return Transform(draw(vectors), tuple(part / norm for part in turn))


def yaw(angle: float, x: float = 0.0, y: float = 0.0) -> Transform:
    return Transform((x, y, 0.0), (0.0, 0.0, math.sin(angle / 2), math.cos(angle / 2)))


def close(one, other) -> bool:
    return one == pytest.approx(other, abs=1e-6)


def test_a_quarter_turn_and_a_shift_take_a_point_where_one_expects():
    assert close(yaw(math.pi / 2, 10, 5).apply((1.0, 0.0, 2.0)), (10.0, 6.0, 2.0))


@given(one=transforms(), other=transforms(), point=vectors)
def test_transforms_compose_and_go_back(one, other, point):
    assert close(one.after(other).apply(point), one.apply(other.apply(point)))
    assert close(one.inverse().apply(one.apply(point)), point)


@given(chain=st.lists(transforms(), min_size=1, max_size=4), point=vectors)
def test_a_chain_of_frames_is_found_in_both_directions(chain, point):
    tree = FrameTree()
    for number, transform in enumerate(chain):
        assert tree.put(f'f{number}', f'f{number + 1}', transform)
    expected = point
    for transform in reversed(chain):
        expected = transform.apply(expected)
    last = f'f{len(chain)}'
    assert close(tree.find('f0', last).apply(point), expected)
    assert close(tree.find(last, 'f0').apply(expected), point)


def test_two_branches_meet_at_their_nearest_common_frame():
    tree = FrameTree()
    tree.put('map', 'odom', yaw(0.3, 5, 5), heard_s=0.0)
    tree.put('odom', 'base_link', yaw(0.0, 1, 0), heard_s=100.0)
    tree.put('odom', '/camera', yaw(math.pi, 0, 2), heard_s=100.0)
    assert close(tree.find('base_link', 'camera', since_s=50.0).apply((1, 0, 0)), (-2, 2, 0))
    assert tree.find('map', 'camera', since_s=50.0) is None
    assert tree.find('map', 'camera', since_s=0.0) is not None
    assert tree.find('map', 'nowhere') is None
    assert tree.find('nowhere', 'nowhere') == Transform()


def test_what_holds_for_ever_is_never_too_old_and_the_last_word_counts():
    tree = FrameTree()
    tree.put('map', 'odom', yaw(0, 1, 0))
    tree.put('map', 'odom', yaw(0, 2, 0))
    assert tree.find('map', 'odom', since_s=1e9).shift == (2, 0, 0)


@pytest.mark.parametrize(
    ('parent', 'child', 'transform'),
    [
        ('map', 'map', Transform()),
        ('', 'odom', Transform()),
        ('map', '/', Transform()),
        ('map', 'odom', Transform((math.nan, 0.0, 0.0))),
        ('map', 'odom', Transform((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0))),
        ('map', 'odom', Transform((0.0, math.inf, 0.0))),
    ],
)
def test_what_can_be_no_transform_is_left_out(parent, child, transform):
    tree = FrameTree()
    assert not tree.put(parent, child, transform)
    assert tree.find('map', 'odom') is None


def test_a_circle_of_frames_ends():
    tree = FrameTree()
    tree.put('a', 'b', Transform())
    tree.put('b', 'a', Transform())
    assert tree.find('map', 'a') is None
    assert tree.find('a', 'b') == Transform()


def test_a_rotation_of_another_length_is_taken_as_what_it_means():
    tree = FrameTree()
    tree.put('map', 'odom', Transform((0, 0, 0), (0.0, 0.0, 2.0, 2.0)))
    assert close(tree.find('map', 'odom').apply((1, 0, 0)), (0, 1, 0))
