# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import math

import pytest
from geometry_msgs.msg import Point
from std_msgs.msg import Header

from prism_core import Node, SceneGraph, SceneGraphError
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_msgs.action import PlanMission
from prism_msgs.msg import (
    Observation,
    Plan,
    PlanErrorCode,
    PlanStep,
    SceneGraphUpdate,
    SceneNode,
    Turn,
)
from prism_msgs.srv import GetPlan
from prism_ros.errors import Refusal
from prism_ros.planning_request import PlanningRequest, read_planning_request
from prism_ros.turn_conversions import turn_from_message

TASK = 'inspect the truck'
GRAPH = SceneGraph([Node('dock', 'region', (0, 0)), Node('truck', 'object', (1, 1))], revision=4)
both_kinds = pytest.mark.parametrize('kind', [GetPlan.Request, PlanMission.Goal])


def refused(code: int, sentence: str):
    """As pytest.raises, for a Refusal with this code."""
    return pytest.raises(Refusal, match=sentence, check=lambda refusal: refusal.code == code)


def read(kind=GetPlan.Request, **fields) -> PlanningRequest:
    """Read a request, with out-of-bounds values let through, as any client can send them."""
    return read_planning_request(
        kind(**{'task': TASK} | fields, check_fields=False),
        planners=['student', 'symbolic'],
        default_timeout_s=30.0,
        max_timeout_s=120.0,
        table=MAPPING_ACTIONS,
    )


@both_kinds
def test_a_task_alone_is_a_request_for_the_planners_in_their_order(kind):
    assert read(kind) == PlanningRequest(
        task=TASK,
        start_location='',
        planners=('student', 'symbolic'),
        timeout_s=30.0,
        min_graph_revision=0,
        history=(),
        scene_graph_json='',
    )


@both_kinds
def test_every_field_is_read(kind):
    turn = Turn(
        plan=Plan(steps=[PlanStep(action='inspect', targets=['truck'], text='is it open?')]),
        observations=[
            Observation(feedback='it is', update=SceneGraphUpdate(robot_location='dock'))
        ],
    )
    request = read(
        kind,
        start_location='dock',
        planner='symbolic',
        timeout_s=2.5,
        min_graph_revision=7,
        history=[turn, turn],
    )
    assert request == PlanningRequest(
        task=TASK,
        start_location='dock',
        planners=('symbolic',),
        timeout_s=2.5,
        min_graph_revision=7,
        history=(turn_from_message(turn, MAPPING_ACTIONS),) * 2,
        scene_graph_json='',
    )


@both_kinds
@pytest.mark.parametrize(
    ('named', 'planners', 'adapter'),
    [
        ('student:depot', ('student',), 'depot'),
        (':depot', ('student', 'symbolic'), 'depot'),
        ('student:', ('student',), ''),
        ('student:a:b', ('student',), 'a:b'),
    ],
)
def test_what_stands_behind_a_colon_names_an_adapter(kind, named, planners, adapter):
    request = read(kind, planner=named)
    assert (request.planners, request.adapter) == (planners, adapter)


def test_a_planner_whose_own_name_has_a_colon_is_that_planner():
    request = read_planning_request(
        GetPlan.Request(task=TASK, planner='a:b'),
        planners=['a:b', 'a'],
        default_timeout_s=30.0,
        max_timeout_s=120.0,
        table=MAPPING_ACTIONS,
    )
    assert (request.planners, request.adapter) == (('a:b',), '')


def test_the_service_takes_a_graph_along():
    assert read(scene_graph_json='{"regions": []}').scene_graph_json == '{"regions": []}'


@pytest.mark.parametrize(
    ('asked_s', 'given_s'),
    [(0.0, 30.0), (0.001, 0.001), (119.0, 119.0), (121.0, 120.0), (1e30, 120.0)],
)
def test_the_time_is_the_default_or_what_is_asked_for_up_to_the_limit(asked_s, given_s):
    assert read(timeout_s=asked_s).timeout_s == given_s


def test_the_default_time_too_is_cut_to_the_limit():
    request = read_planning_request(
        GetPlan.Request(task=TASK),
        planners=['symbolic'],
        default_timeout_s=30.0,
        max_timeout_s=5.0,
        table=MAPPING_ACTIONS,
    )
    assert request.timeout_s == 5.0


def test_what_is_just_within_the_bounds_is_read():
    turn = Turn(observations=[Observation(feedback='x' * 4096)] * 128)
    request = read(task='x' * 4096, history=[turn] * 128, scene_graph_json=' ' * 1_048_576)
    assert len(request.history) == 128


def turn_with(**step) -> Turn:
    return Turn(plan=Plan(steps=[PlanStep(**step)]))


def turn_that_showed(**update) -> Turn:
    return Turn(observations=[Observation(update=SceneGraphUpdate(**update))])


@both_kinds
@pytest.mark.parametrize(
    ('fields', 'sentence'),
    [
        (
            {'task': ''},
            "^task is empty; say what the robot should do, such as 'inspect the truck'$",
        ),
        ({'task': ' \t\n\u00a0'}, '^task is empty; say what'),
        ({'task': 'x' * 4097}, '^task has 4097 characters; at most 4096 are allowed$'),
        ({'planner': 'x' * 161}, '^planner has 161 characters; at most 160 are allowed$'),
        ({'task': 'go\0home'}, '^task holds a NUL character$'),
        ({'timeout_s': -1.0}, r'^timeout_s must be a positive number of seconds, got -1\.0$'),
        ({'timeout_s': math.nan}, '^timeout_s must be a positive number of seconds, got nan$'),
        ({'timeout_s': math.inf}, '^timeout_s must be a positive number of seconds, got inf$'),
        ({'timeout_s': -math.inf}, '^timeout_s must be a positive number of seconds, got -inf$'),
        ({'history': [Turn()] * 129}, '^history holds 129 turns; at most 128 are allowed$'),
        (
            {'history': [Turn(request='a\0b')]},
            r'^history\[0\]\.request holds a NUL character$',
        ),
        (
            {'history': [Turn(request='where is it?'), Turn(), Turn(request='is it open?')]},
            r"^history\[2\]\.request: expected '' as in the turn before it, which was planned for "
            "task, got 'is it open\\?'; put the turns of earlier requests first$",
        ),
        (
            {'history': [Turn(), Turn(observations=[Observation()] * 129)]},
            r'^history\[1\] holds 129 observations; at most 128 are allowed$',
        ),
        (
            {
                'history': [
                    Turn(
                        observations=[
                            Observation(),
                            Observation(feedback='x' * 4097, check_fields=False),
                        ]
                    )
                ]
            },
            r'^history\[0\]\.observations\[1\]\.feedback has 4097 characters; at most 4096 are',
        ),
        (
            {'history': [Turn(), turn_with(action='goto', targets=['dock'], text='quickly')]},
            r"^history\[1\]: step goto\(region\): field 'text' cannot be 'quickly'$",
        ),
        (
            {'history': [turn_with(action='extend_map', point=Point(z=1.0), has_point=True)]},
            r"^history\[0\]: step extend_map\(x_m, y_m\): field 'point' cannot be",
        ),
        (
            {'history': [turn_that_showed(header=Header(frame_id='odom'))]},
            r"^history\[0\]: observations\[0\]: expected coordinates in frame 'map', got 'odom'$",
        ),
        (
            {'history': [turn_that_showed(upsert_nodes=[SceneNode(id='a')])]},
            r"^history\[0\]: observations\[0\]: node 'a': type must be 1 \(region\) or 2 \(obj",
        ),
    ],
    ids=lambda value: None if isinstance(value, str) else '-'.join(value),
)
def test_what_breaks_a_rule_is_an_invalid_request(kind, fields, sentence):
    with refused(PlanErrorCode.INVALID_REQUEST, sentence):
        read(kind, **fields)


def test_a_graph_text_that_is_too_long_is_refused_unread():
    with refused(
        PlanErrorCode.INVALID_REQUEST,
        '^scene_graph_json has 1048577 characters; at most 1048576 are allowed$',
    ):
        read(scene_graph_json='{' * 1_048_577)


@both_kinds
@pytest.mark.parametrize('name', ['teacher', 'Student', 'x' * 100, ' '])
def test_a_planner_that_is_not_configured_is_refused_with_those_that_are(kind, name):
    with refused(
        PlanErrorCode.UNKNOWN_PLANNER,
        f"^unknown planner '{name[:80]}'; configured are student, symbolic$",
    ):
        read(kind, planner=name)


# The graph to plan on -----------------------------------------------------------------------------

OWN = {
    'regions': [{'name': 'field', 'coords': [0, 0]}, {'name': 'yard', 'coords': [1, 0]}],
    'objects': [{'name': 'well', 'coords': [1, 1]}],
}


def own_graph(**more) -> str:
    return json.dumps(OWN | more)


def test_the_current_graph_is_taken_as_it_is():
    current = GRAPH.at('dock')
    assert read().choose_graph(current, 10) is current


def test_the_graph_of_the_request_takes_the_place_of_the_current_one():
    request = read(scene_graph_json=own_graph(robot_location='field'))
    for current in (None, GRAPH.at('dock')):
        graph = request.choose_graph(current, 3)
        assert list(graph.nodes) == ['field', 'yard', 'well']
        assert graph.robot_location == 'field'


@pytest.mark.parametrize('known', [None, 'field'])
def test_the_start_location_takes_the_place_of_the_known_one(known):
    request = read(start_location='yard', scene_graph_json=own_graph(robot_location=known))
    assert request.choose_graph(None, 3).robot_location == 'yard'
    request = read(start_location='dock')
    graph = request.choose_graph(GRAPH, 10)
    assert (graph.robot_location, graph.revision) == ('dock', 4)
    assert GRAPH.robot_location is None


@pytest.mark.parametrize(
    ('fields', 'current', 'code', 'sentence'),
    [
        (
            {},
            None,
            PlanErrorCode.NO_SCENE_GRAPH,
            '^no scene graph has come on topic scene_graph; is prism_scene_graph active',
        ),
        (
            {},
            GRAPH,
            PlanErrorCode.UNKNOWN_LOCATION,
            '^the scene graph does not say where the robot is; name a start_location$',
        ),
        (
            {'scene_graph_json': own_graph()},
            GRAPH.at('dock'),
            PlanErrorCode.UNKNOWN_LOCATION,
            '^the scene graph does not say where the robot is; name a start_location$',
        ),
        (
            {'start_location': 'moon'},
            GRAPH.at('dock'),
            PlanErrorCode.UNKNOWN_LOCATION,
            "^start_location: robot location 'moon' is not in the scene graph$",
        ),
        (
            {'start_location': 'truck'},
            GRAPH.at('dock'),
            PlanErrorCode.UNKNOWN_LOCATION,
            "^start_location: robot location 'truck' is an object; expected a region$",
        ),
        (
            {'start_location': 'dock', 'scene_graph_json': own_graph()},
            GRAPH,
            PlanErrorCode.UNKNOWN_LOCATION,
            "^start_location: robot location 'dock' is not in the scene graph$",
        ),
        (
            {
                'scene_graph_json': own_graph(
                    regions=[*OWN['regions'], {'name': 'x', 'coords': [0, 9]}]
                )
            },
            None,
            PlanErrorCode.GRAPH_TOO_LARGE,
            r'^scene_graph_json has 4 nodes; graph\.max_nodes allows 3$',
        ),
    ],
)
def test_where_no_graph_can_be_planned_on_the_code_says_why(fields, current, code, sentence):
    with refused(code, sentence):
        read(**fields).choose_graph(current, 3)


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('dock', '^not valid JSON: '),
        ('[]', '^expected a JSON object with "regions"'),
        (own_graph(robot_location='moon'), "robot location 'moon' is not in the scene graph"),
    ],
)
def test_a_text_that_is_no_graph_is_refused_with_what_is_wrong_in_it(text, sentence):
    with pytest.raises(SceneGraphError, match=sentence):
        read(scene_graph_json=text).choose_graph(GRAPH, 3)
