# SPDX-License-Identifier: Apache-2.0
"""What must not be entered is not entered, not even in passing; and what was left out is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_core import Action
from prism_core.domains.mapping.intent import Constraint, Intent, Target
from prism_core.domains.mapping.planning.bounds import forbidden_regions
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.play import play_episode
from prism_core.domains.mapping.solution import solve
from prism_core.errors import WorldRejected

from .composed_sites import (
    REGIONS,
    TRUCK,
    avoid,
    driven,
    first_plan,
    make_site,
    outcome_of,
    pose,
    region,
    said,
)
from .mapping_worlds import WORDS, episodes_of, taught

BY_BRIDGE = (Constraint('only_by', region=region('bridge')),)


def go_to(name: str, constraints: tuple[Constraint, ...] = ()) -> Intent:
    return Intent('go_to', region=region(name), constraints=constraints)


def within(distance_m: float) -> tuple[Constraint, ...]:
    return (Constraint('within', distance_m=distance_m),)


# -------------------------------------------------------------------------------------- the way


def test_a_way_is_taken_around_what_is_to_be_avoided():
    assert said(pose(go_to('HX-9'))) == 'I am at HX-9.'
    around = pose(go_to('HX-9', avoid('HX-201')))
    assert around.outcome.success, around.outcome.reason
    assert {'road_2', 'bridge_3'} <= {*driven(around)}
    assert 'HX-201' not in driven(around)


def test_who_drives_the_shortest_way_passes_what_is_to_be_avoided():
    episode = pose(go_to('HX-9', avoid('HX-201')))
    outcome = outcome_of(episode, 'I am at HX-9.', Action('goto', ('HX-9',)))
    assert not outcome.kept
    assert not outcome.success
    assert outcome.reason == ('out of bounds: the robot entered HX-201, which was to be avoided')
    stops = [Action('goto', (name,)) for name in ('road_2', 'bridge_3', 'HX-9')]
    assert outcome_of(episode, 'I am at HX-9.', *stops).success


def test_it_is_looked_first_whether_a_way_is_free_where_every_detour_is_forbidden():
    blocked = (('road_2', 'bridge_3'),)
    intent = go_to('bridge', avoid('HX-9'))
    plan = first_plan(intent, make_site(is_known=True))
    assert [a.name for a in plan.actions][-1] == 'map_region'
    episode = pose(intent, blocked=blocked)
    assert episode.outcome.success, episode.outcome.reason
    assert said(episode).startswith('bridge_3 cannot be reached. I did not go into HX-9')
    careless = outcome_of(episode, 'No way leads there.', Action('goto', ('bridge_3',)))
    assert careless.reason.startswith('out of bounds: the robot entered HX-9')


def test_a_class_means_all_of_its_regions_those_found_later_too():
    crane, roads = Target(classes=('crane',)), Target('region', classes=('road',))
    intent = Intent('find', crane, constraints=(Constraint('avoid', region=roads),))
    episode = pose(intent, 'road_7', here='HX-9')
    assert episode.criterion.avoided == ('Road_A', 'road_7', 'road_2')
    assert episode.outcome.success, episode.outcome.reason
    assert said(episode).endswith(
        'I did not go into Road_A or road_2 or road_7, as you told me to avoid that.'
    )


def test_what_is_forbidden_itself_is_not_gone_to():
    intent = go_to('HX-201', avoid('HX-201'))
    (action,) = first_plan(intent, make_site(is_known=True)).actions
    assert action == Action('answer', ('I must not enter HX-201.',))
    with pytest.raises(WorldRejected, match='must not be entered'):
        pose(intent)


def test_where_all_known_ways_are_forbidden_the_note_names_what_is_in_the_way():
    site = make_site(is_known=True)
    everywhere = tuple(c for name in ('HX-201', 'bridge', 'road') for c in avoid(name))
    plan = first_plan(go_to('HX-9', everywhere), site)
    assert any('which is to be kept out of' in note for note in plan.notes)


def test_what_is_seen_from_a_forbidden_place_alone_is_not_looked_at():
    target = Target(name='V-12')
    intent = Intent('attribute', target, attribute='openness', constraints=avoid('HX-201'))
    (action,) = first_plan(intent, make_site(is_known=True)).actions
    assert action == Action('answer', ('I must not enter HX-201.',))


def test_a_robot_that_stands_in_what_it_must_avoid_leaves_it_for_good():
    episode = pose(go_to('HX-9', avoid('gate')), here='gate_1')
    assert episode.outcome.success, episode.outcome.reason
    assert 'gate_1' not in driven(episode)


# -------------------------------------------------------------------------------- by way of, within


def test_a_mission_goes_by_the_way_that_is_asked_for():
    episode = pose(go_to('dock', BY_BRIDGE))
    assert episode.outcome.success, episode.outcome.reason
    assert driven(episode)[0] == 'bridge_3'
    straight = outcome_of(episode, 'I am at dock 4.', Action('goto', ('dock 4',)))
    assert straight.reason == 'not grounded: bridge_3 was not passed before the answer'


def test_to_drive_through_is_to_go_by_way_of():
    episode = pose(go_to('dock', (Constraint('only_by', region=region('road_7')),)))
    assert outcome_of(episode, 'I am at dock 4.', Action('goto', ('dock 4',))).success


def test_a_way_that_cannot_be_reached_is_said_before_anything_is_done():
    known = make_site('dock 4', is_known=True)
    cut_off = make_site('dock 4', blocked=(('road_2', 'bridge_3'), ('bridge_3', 'HX-9')))
    intent = go_to('road_7', BY_BRIDGE)
    with pytest.raises(WorldRejected, match='cannot be reached'):
        solve(intent, cut_off, known, WORDS.lexicon)


def test_nothing_further_away_than_allowed_is_entered():
    episode = pose(Intent('count', TRUCK, constraints=within(11)), 'old_truck', 'service_truck_12')
    assert episode.criterion.accepted == ('1',)
    assert episode.outcome.success, episode.outcome.reason
    assert {*driven(episode)} <= {'Road_A', 'HX-201', 'road_2', 'gate_1'}
    far = outcome_of(episode, '1', Action('map_region', ('road_7',)))
    assert 'the robot entered road_7' in far.reason


def test_where_the_mission_began_is_what_distance_counts_from():
    from_gate = forbidden_regions(within(11), make_site(), 'gate_1')
    from_dock = forbidden_regions(within(11), make_site(), 'dock 4')
    assert 'Road_A' not in from_gate
    assert 'Road_A' in from_dock
    assert from_dock == {*REGIONS} - {'dock 4', 'road_7'}


# -------------------------------------------------------------------------------- what is left out


def test_where_nobody_looked_is_said_with_none_and_with_a_number():
    nowhere = Target(classes=('crane',))
    episode = pose(Intent('find', nowhere, constraints=avoid('dock')))
    assert said(episode) == (
        'There is no crane in all 8 regions that I can reach. '
        'I did not go into dock 4, as you told me to avoid that.'
    )
    assert episode.outcome.success, episode.outcome.reason
    counted = pose(Intent('count', TRUCK, constraints=avoid('dock')), 'service_truck_12')
    assert said(counted).startswith('Number of truck: 1. I did not go into dock 4')
    assert counted.outcome.success, counted.outcome.reason


def test_nothing_is_added_where_the_answer_was_found():
    episode = pose(Intent('find', TRUCK, constraints=avoid('dock')))
    assert said(episode) == 'service_truck_12, seen from dock 4.'


def test_what_was_left_out_excuses_no_wrong_answer():
    episode = pose(Intent('count', TRUCK, constraints=avoid('dock')), 'service_truck_12')
    for text in ('2. I did not go into dock 4.', 'I did not go into dock 4.'):
        assert not outcome_of(episode, text).answered, text


# ---------------------------------------------------------------------------------- in drawn worlds


KINDS = ('avoiding', 'by_way_of', 'staying_within', 'keeping_clear', 'staying_on')


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 400), st.sampled_from(KINDS), st.sampled_from([0.1, 0.3, 0.5]))
def test_no_teacher_enters_what_is_forbidden_in_any_world(seed, kind, hidden):
    for episode in episodes_of(range(seed, seed + 1), kinds=(kind,), tasks=2, hidden=hidden):
        played = taught(episode)
        assert played.outcome.success, (episode.task.request, played.outcome.reason)


def test_most_are_out_of_bounds_for_who_heeds_nothing():
    episodes = episodes_of(range(12), kinds=('avoiding',), tasks=4)
    heedless = []
    for episode in episodes:
        intent = episode.task.intent
        task = replace(episode.task, intent=replace(intent, constraints=()))
        played = play_episode(make_teacher(task, WORDS), episode, WORDS)
        heedless.append(played.outcome.kept)
    assert sum(heedless) < 0.6 * len(heedless)
