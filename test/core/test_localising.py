# SPDX-License-Identifier: Apache-2.0
"""In which region a robot is: the nearest, kept until another is nearer by a margin."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Node, SceneGraph
from prism_core.graph.localising import locate

A, B = Node('a', 'region', (0.0, 0.0)), Node('b', 'region', (10.0, 0.0))
NOWHERE = Node('c', 'region')


def at(location: str | None, *more: Node) -> SceneGraph:
    return SceneGraph([A, B, NOWHERE, *more], robot_location=location)


@pytest.mark.parametrize(
    ('here', 'x', 'there'),
    [
        (None, 4.9, 'a'),
        (None, 5.1, 'b'),
        (None, 5.0, 'a'),
        ('a', 5.4, 'a'),
        ('a', 5.6, 'b'),
        ('b', 4.6, 'b'),
        ('b', 4.4, 'a'),
        ('c', 1.0, 'a'),
    ],
)
def test_a_robot_stays_where_it_is_until_another_region_is_nearer_by_the_margin(here, x, there):
    assert locate(at(here), (x, 0.0), margin_m=1.0) == there


def test_objects_are_no_place_to_be_and_what_lies_nowhere_tells_nothing():
    assert locate(at(None, Node('d', 'object', (5.0, 0.0))), (5.1, 0.0), 0.0) == 'b'
    assert locate(SceneGraph([NOWHERE], robot_location='c'), (5.0, 0.0), 0.0) == 'c'
    assert locate(SceneGraph(), (5.0, 0.0), 0.0) is None
    assert locate(at('b'), (math.nan, 0.0), 0.0) == 'b'


@given(
    walk=st.lists(st.floats(4.0, 6.0), max_size=30),
    wavering=st.floats(0.0, 0.49),
    start=st.booleans(),
)
def test_wavering_by_less_than_half_the_margin_never_changes_the_region_twice(
    walk, wavering, start
):
    """Steps around one place, whichever it is."""
    graph = at('a' if start else 'b')
    place = walk[0] if walk else 5.0
    changes = 0
    for step in walk:
        x = place + (wavering if step > 5.0 else -wavering)
        now = locate(graph, (x, 0.0), margin_m=1.0)
        changes += now != graph.robot_location
        graph = graph.at(now)
    assert changes <= 1
