# SPDX-License-Identifier: Apache-2.0
"""From detections to updates: what is known is seen again, what is new has to be seen often."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import GraphUpdate, Node, SceneGraph
from prism_core.graph.sightings import Detection, SightingRules, Sightings

RULES = SightingRules(period_s=0.0)
YARD, ROAD = Node('yard_1', 'region', (0.0, 0.0)), Node('road_1', 'region', (50.0, 0.0))
TRUCK = Node('truck_1', 'object', (5.0, 0.0))
GRAPH = SceneGraph([YARD, ROAD, TRUCK], robot_location='yard_1')
VALVE = Detection('valve', (9.0, 1.0), 0.8)


def play(frames, graph=GRAPH, rules=RULES) -> tuple[SceneGraph, list[GraphUpdate]]:
    """The graph after frames of (seconds, detections), and the updates."""
    sightings, updates = Sightings(rules), []
    for now_s, detections in frames:
        sightings.note(detections, graph, now_s)
        update = sightings.update(graph, now_s)
        if update is not None:
            updates.append(update)
            graph = graph.apply(update)
    return graph, updates


def test_something_new_becomes_an_object_after_enough_frames_seen_from_where_the_robot_is():
    seen = [(t, [replace(VALVE, position=(9.0 + t / 10, 1.0), z_m=0.5)]) for t in range(3)]
    assert play(seen[:2]) == (GRAPH, [])
    graph, (update,) = play(seen)
    (node,) = update.upsert_nodes
    assert node.name == 'valve_1'
    assert node.position == pytest.approx((9.1, 1.0))
    assert node.attributes == {
        'semantic_class': 'valve',
        'confidence': 0.8,
        'z_m': 0.5,
        'last_seen': [2, 0],
    }
    assert graph.viewpoints['valve_1'] == ('yard_1',)
    assert (update.source, update.set_attributes) == ('detections', {})


def test_one_that_is_known_is_seen_again_and_nothing_is_added():
    truck = Detection('truck', (5.4, 0.3), 0.9)
    graph, updates = play([(100 + t, [truck]) for t in range(5)])
    assert updates == [
        GraphUpdate(
            set_attributes={'truck_1': {'last_seen': [100, 0], 'confidence': 0.9}},
            source='detections',
        )
    ]
    assert graph.nodes['truck_1'].position == TRUCK.position
    _, again = play([(109.0, [truck]), (110.5, [truck])], graph)
    assert [update.set_attributes['truck_1']['last_seen'] for update in again] == [
        [110, 500_000_000]
    ]


def test_a_stale_one_that_is_seen_is_stale_no_more():
    stale = TRUCK.with_attributes({'stale': True, 'last_seen': [99, 0]})
    graph, _ = play([(100, [Detection('truck', (5.0, 0.0))])], SceneGraph([YARD, stale]))
    assert graph.nodes['truck_1'].attributes['stale'] is False


def test_another_class_or_place_is_another_object_under_the_next_name():
    frames = [(t, [Detection('car', (5.0, 0.0)), Detection('truck', (8.0, 0.0))]) for t in range(3)]
    graph, _ = play(frames)
    assert set(graph.objects) == {'truck_1', 'car_1', 'truck_2'}
    assert graph.nodes['truck_2'].position == (8.0, 0.0)


def test_two_of_a_class_in_one_frame_are_two():
    frames = [(t, [VALVE, replace(VALVE, position=(9.4, 1.0))]) for t in range(3)]
    graph, _ = play(frames)
    assert {name for name in graph.objects if name.startswith('valve')} == {'valve_1', 'valve_2'}


@pytest.mark.parametrize(
    'detection',
    [
        replace(VALVE, confidence=0.49),
        replace(VALVE, confidence=math.nan),
        replace(VALVE, position=(math.nan, 0.0)),
        replace(VALVE, position=(0.0, 1e300)),
        replace(VALVE, z_m=math.inf),
        replace(VALVE, class_name=''),
        replace(VALVE, class_name='x' * 65),
        replace(VALVE, class_name='two\nlines'),
    ],
)
def test_what_is_unsure_nowhere_or_nameless_is_ignored(detection):
    assert play([(t, [detection]) for t in range(9)]) == (GRAPH, [])


def test_one_that_is_seen_too_rarely_is_forgotten_between():
    assert play([(40 * t, [VALVE]) for t in range(9)]) == (GRAPH, [])
    assert len(play([(20 * t, [VALVE]) for t in range(3)])[1]) == 1


def test_updates_come_no_closer_than_the_period_and_lose_nothing():
    rules = replace(RULES, period_s=5.0, sightings=1)
    frames = [(float(t), [Detection('valve', (10.0 * t, 30.0))]) for t in range(8)]
    graph, updates = play([*frames, (12.0, [])], rules=rules)
    assert [len(update.upsert_nodes) for update in updates] == [1, 5, 2]
    assert len(graph.objects) == 9


def test_where_the_robot_is_unknown_the_nearest_region_sees_it_and_without_one_none():
    graph, _ = play([(t, [replace(VALVE, position=(44.0, 0.0))]) for t in range(3)], GRAPH.at(None))
    assert graph.viewpoints['valve_1'] == ('road_1',)
    graph, _ = play([(t, [VALVE]) for t in range(3)], SceneGraph())
    assert graph.viewpoints == {'valve_1': ()}


def test_what_somebody_else_told_of_meanwhile_is_not_told_again():
    sightings = Sightings(replace(RULES, period_s=10.0))
    sightings.note([], GRAPH, 0.0)
    for now_s in range(4):
        sightings.note([VALVE], GRAPH, now_s)
    told = GRAPH.apply(GraphUpdate(upsert_nodes=(Node('valve_7', 'object', (9.2, 1.0)),)))
    update = sightings.update(told, 5.0)
    assert update.upsert_nodes == ()
    assert list(update.set_attributes) == ['valve_7']


def test_one_that_was_removed_meanwhile_is_not_spoken_of():
    sightings = Sightings(RULES)
    sightings.note([Detection('truck', (5.0, 0.0))], GRAPH, 0.0)
    assert sightings.update(SceneGraph([YARD]), 1.0) is None


places = st.tuples(st.integers(0, 9).map(lambda n: 4.0 * n), st.integers(0, 2).map(float))


@given(
    frames=st.lists(
        st.lists(
            st.builds(
                Detection,
                st.sampled_from(['truck', 'fire extinguisher', 'HX']),
                places,
                st.floats(0, 1),
            ),
            max_size=4,
        ),
        max_size=8,
    )
)
def test_whatever_is_seen_each_update_fits_and_tells_of_what_was_seen_often_enough(frames):
    graph, updates = play([(float(t), found) for t, found in enumerate(frames)])
    for name, seen in ((n, node) for n, node in graph.objects.items() if n != 'truck_1'):
        count = sum(
            any(
                one.class_name == seen.attributes['semantic_class'] and one.confidence >= 0.5
                for one in found
            )
            for found in frames
        )
        assert count >= RULES.sightings, name
    assert all(c.kind == 'observed_from' for c in graph.connections.values())
    assert all(update != GraphUpdate() for update in updates)
