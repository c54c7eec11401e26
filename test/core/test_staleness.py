# SPDX-License-Identifier: Apache-2.0
"""Nodes that were not seen for long: found, marked, taken away, as the policy says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Connection, GraphUpdate, Node, SceneGraph
from prism_core.graph.staleness import POLICIES, STALE, age_out, find_stale, seen_s, stamp

YARD = Node('yard', 'region', (0.0, 0.0), '', {'last_seen': [1, 0]})
TRUCK = Node('truck_1', 'object', (1.0, 0.0), '', {'last_seen': [10, 500_000_000]})
CAR = Node('car_1', 'object', (2.0, 0.0), '', {'last_seen': [90, 0]})
DRAWN = Node('bench_1', 'object', (3.0, 0.0))
GRAPH = SceneGraph(
    [YARD, TRUCK, CAR, DRAWN],
    [Connection('observed_from', 'truck_1', 'yard')],
    robot_location='yard',
)


def test_what_was_not_seen_for_long_is_found_the_oldest_first():
    assert find_stale(GRAPH, 100.0, 60.0) == ['yard', 'truck_1']
    assert find_stale(GRAPH, 100.0, 5.0) == ['yard', 'truck_1', 'car_1']
    assert find_stale(GRAPH, 0.0, 5.0) == []


def test_stale_nodes_are_marked_once_and_unmarked_when_they_are_seen_again():
    marked = GRAPH.apply(age_out(GRAPH, 100.0, 60.0, 'mark'))
    assert {n for n, node in marked.nodes.items() if node.attributes.get(STALE)} == {
        'yard',
        'truck_1',
    }
    assert age_out(marked, 100.0, 60.0, 'mark') is None
    seen = marked.apply(GraphUpdate(set_attributes={'truck_1': {'last_seen': [99, 0]}}))
    update = age_out(seen, 100.0, 60.0, 'mark')
    assert update.set_attributes == {'truck_1': {STALE: False}}
    assert age_out(seen.apply(update), 100.0, 60.0, 'mark') is None


def test_stale_objects_are_removed_and_regions_stay():
    left = GRAPH.apply(age_out(GRAPH, 100.0, 60.0, 'remove'))
    assert set(left.nodes) == {'yard', 'car_1', 'bench_1'}
    assert left.robot_location == 'yard'
    assert age_out(left, 100.0, 60.0, 'remove') is None


def test_where_nothing_but_a_word_is_wanted_the_graph_stays():
    assert age_out(GRAPH, 100.0, 60.0, 'say') is None


@given(time_s=st.floats(0, 2**31))
def test_a_stamp_is_the_time_to_the_microsecond(time_s):
    node = Node('a', 'region', None, '', {'last_seen': stamp(time_s)})
    assert seen_s(node) == pytest.approx(time_s, abs=1e-6)
    _, nanoseconds = stamp(time_s)
    assert 0 <= nanoseconds < 10**9


@pytest.mark.parametrize('value', [None, 'x', [1], [1, 'x'], [True, 0], 5, {'sec': 1}, [1.5, 0]])
def test_what_is_no_time_says_nothing(value):
    node = Node('a', 'object', None, '', {'last_seen': value})
    assert seen_s(node) is None
    assert find_stale(SceneGraph([node]), 1e9, 1.0) == []


@given(
    ages=st.lists(st.none() | st.integers(0, 200), min_size=1, max_size=6),
    policy=st.sampled_from(POLICIES),
)
def test_whatever_the_ages_a_policy_comes_to_rest(ages, policy):
    nodes = [
        Node(f'n_{i}', 'object', None, '', {} if age is None else {'last_seen': [200 - age, 0]})
        for i, age in enumerate(ages)
    ]
    graph = SceneGraph(nodes)
    update = age_out(graph, 200.0, 100.0, policy)
    after = graph if update is None else graph.apply(update)
    assert age_out(after, 200.0, 100.0, policy) is None
    old = {f'n_{i}' for i, age in enumerate(ages) if age is not None and age > 100}
    gone = set(graph.nodes) - set(after.nodes)
    assert gone == (old if policy == 'remove' else set())
