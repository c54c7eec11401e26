# SPDX-License-Identifier: Apache-2.0
"""What prism_nav2_skills makes of a step, and of what Nav2 says, without Nav2: trips and results.

With Nav2's own messages it is tried in `nav2_checks.py`.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped
from std_msgs.msg import Empty

from prism_core import Action, Node, Observation, SceneGraph, SceneGraphError, find_domain
from prism_ros.nav2_drive import CODES, OF_THE_WAY, read_result
from prism_ros.nav2_skills_node import Nav2SkillsNode
from prism_ros.nav2_trip import Trip, find_legs

from ..core.hand_made import CRATE, REGIONS, make_known

TABLE = find_domain('mapping').table
KNOWN = make_known()
NOWHERE = replace(REGIONS['shed_2'], position=None)


def legs_of(name, *arguments, graph=KNOWN):
    return find_legs(graph, Action(name, arguments), TABLE[name])


def with_nodes(*nodes: Node, at: str | None = 'gate_3') -> SceneGraph:
    changed = {**KNOWN.nodes, **{node.name: node for node in nodes}}
    return SceneGraph(changed.values(), KNOWN.connections.values(), robot_location=at)


# ------------------------------------------------------------------------------------------- trips


def test_each_way_is_a_leg_and_the_robot_looks_along_it_or_at_what_it_came_for():
    there = [(leg.region, leg.pose.x_m, leg.pose.y_m) for leg in legs_of('goto', 'shed_2')]
    assert there == [('yard_7', 10, 0), ('shed_2', 20, 0)]
    (leg,) = legs_of('inspect', 'crate_31', 'its color?')
    assert (leg.region, leg.way.key) == ('lane_4', ('gate_3', 'lane_4'))
    assert leg.pose.yaw_rad == pytest.approx(math.atan2(CRATE.position[1] - 10, 8))
    assert legs_of('map_region', 'yard_7')[0].pose.yaw_rad == 0.0
    assert legs_of('replan') == []


def test_where_the_robot_is_already_it_is_sent_to_its_place_all_the_same():
    (leg,) = legs_of('explore_region', 'gate_3', 3.0)
    assert (leg.region, leg.way, leg.length_m) == ('gate_3', None, 0.0)
    trip = Trip([leg], is_all=False)
    trip.reach(leg)
    assert trip.observe().update.robot_location is None


def test_a_coordinate_is_driven_to_from_the_region_that_is_nearest_to_it():
    *_, region, point = legs_of('extend_map', 30.0, 10.0)
    assert (region.region, point.region, point.way) == ('shed_2', None, None)
    assert point.pose[:2] == (30.0, 10.0)
    assert point.pose.yaw_rad == pytest.approx(math.pi / 4)
    assert point.length_m == pytest.approx(math.sqrt(200))
    assert point.goal == '(30, 10)'


@pytest.mark.parametrize(
    ('graph', 'step', 'words'),
    [
        (KNOWN, ('goto', 'atlantis'), 'contains no region atlantis'),
        (KNOWN, ('goto', 'crate_31'), 'contains no region crate_31'),
        (KNOWN, ('extend_map', math.nan, 1.0), r'expected a coordinate in metres, got \(nan'),
        (with_nodes(NOWHERE), ('goto', 'shed_2'), 'where shed_2 lies is unknown'),
        (with_nodes(at=None), ('goto', 'shed_2'), 'where the robot is is unknown; tell it in'),
        (make_known('gate_3', 'shed_2'), ('goto', 'shed_2'), 'no known way leads to shed_2'),
        (with_nodes(Node('lamp', 'object')), ('inspect', 'lamp', 'on?'), 'of where lamp is seen'),
    ],
)
def test_a_step_to_where_nothing_is_known_is_refused_with_the_reason(graph, step, words):
    with pytest.raises(SceneGraphError, match=words):
        legs_of(*step, graph=graph)


def feedback(x: float, left_m: float, recoveries: int = 0):
    pose = PoseStamped()
    pose.pose.position.x = x
    return SimpleNamespace(
        current_pose=pose, distance_remaining=left_m, number_of_recoveries=recoveries
    )


def test_a_trip_tells_its_progress_its_metres_and_what_was_blocked():
    first, second = legs_of('goto', 'shed_2')
    trip = Trip([first, second])
    trip.begin()
    assert trip.hear(first, feedback(0.0, 0.0)) == (0.0, 'driving to yard_7')  # no path yet
    told = [trip.hear(first, feedback(x, 10.0 - x)) for x in (4.0, 4.05, 9.0)]
    assert [progress for progress, _ in told] == pytest.approx([0.2, 0.2025, 0.45])
    assert told[-1][1] == 'driving to yard_7, 1.0 m to go'
    trip.reach(first)
    trip.begin()
    progress, said = trip.hear(second, feedback(9.0, 25.0, 2))  # a detour is no way back
    assert (progress, said) == (0.5, 'driving to shed_2, 25.0 m to go, recoveries: 2')
    seen = trip.observe('no way', blocked=second.way)
    assert (seen.status, seen.distance_m) == ('failed', 9.0)
    assert seen.update.robot_location == 'yard_7'
    assert seen.update.remove_connections == (KNOWN.connections['shed_2', 'yard_7'],)


def test_of_a_drive_without_feedback_the_length_of_its_way_counts():
    trip = Trip(legs := legs_of('goto', 'shed_2'))
    for leg in legs:
        trip.begin()
        trip.reach(leg)
    assert trip.observe().distance_m == 20.0
    assert trip.observe() == Observation(trip.observe().update, distance_m=20.0)


# ----------------------------------------------------------------------------------- Nav2's results


def result(code: int | None = None, message: str = '', status=GoalStatus.STATUS_ABORTED):
    """A response with the result of Humble, or of Jazzy where it has a code."""
    fields = {'result': Empty()} if code is None else {'error_code': code, 'error_msg': message}
    return SimpleNamespace(status=status, result=SimpleNamespace(**fields))


@pytest.mark.parametrize('code', [None, 0])
@pytest.mark.parametrize(
    ('known', 'outcome', 'words'),
    [
        ({'is_begun': True, 'is_displaced': False}, 'blocked', 'Nav2 gave up'),
        ({'is_begun': False, 'is_displaced': False}, 'failed', 'did not begin to drive'),
        ({'is_begun': True, 'is_displaced': True}, 'failed', 'somebody else gave Nav2 another'),
    ],
)
def test_an_abort_without_a_code_is_told_by_what_came_before(code, known, outcome, words):
    end = read_result(result(code), **known)
    assert (end.outcome, words in end.said) == (outcome, True)


def test_a_code_says_whether_the_way_is_blocked():
    for code in CODES:
        end = read_result(result(code, 'a\nword'), is_begun=False, is_displaced=True)
        assert end.outcome == ('blocked' if code in OF_THE_WAY else 'failed')
        assert f'Nav2 gave up: {CODES[code]} ({code})' in end.said
        assert '\n' not in end.said
    strange = read_result(result(777), is_begun=True, is_displaced=False)
    assert (strange.outcome, strange.said) == ('failed', 'Nav2 gave up: UNKNOWN (777)')
    canceled = result(status=GoalStatus.STATUS_CANCELED)
    assert 'somebody else' in read_result(canceled, is_begun=True, is_displaced=False).said
    reached = result(status=GoalStatus.STATUS_SUCCEEDED)
    assert read_result(reached, is_begun=True, is_displaced=False).outcome == 'reached'


# ------------------------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ('parameters', 'words'),
    [
        ({'domain': 'tabletop'}, 'tabletop has no action that drives'),
        ({'nav2__actions': ['goto', 'fly']}, 'expected some of goto, map_region, .*, got fly'),
        ({}, r'needs package nav2_msgs .*: install ros-\$ROS_DISTRO-nav2-msgs'),
    ],
)
def test_what_it_cannot_do_leaves_the_node_up_and_unconfigured(ros, monkeypatch, parameters, words):
    monkeypatch.setitem(sys.modules, 'nav2_msgs.action', None)
    node = ros.start(Nav2SkillsNode, **parameters)
    assert ros.state('prism_nav2_skills') == 'unconfigured'
    assert re.search(words, node.why_inactive)
