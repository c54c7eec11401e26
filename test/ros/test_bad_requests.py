# SPDX-License-Identifier: Apache-2.0
"""prism_planner: what is asked of it that cannot be, and graphs in requests that are none."""

import json
import time

import pytest

from prism_core import render_scene_graph
from prism_msgs.msg import Plan, PlanErrorCode, PlanStep, Turn
from prism_ros.bench import make_graph

from ..faults import recovery
from .asking import plan, start_both
from .checks import assert_refused


@pytest.fixture
def as_a_careless_client(monkeypatch):
    """Send and take messages without the checks of the setters, as other languages do."""
    import prism_msgs.srv._get_plan as module

    monkeypatch.setattr(module, 'ros_python_check_fields', '')


ASKED = {
    PlanErrorCode.INVALID_REQUEST: 'a field that cannot be',
    PlanErrorCode.UNKNOWN_PLANNER: 'a planner that there is not',
    PlanErrorCode.UNKNOWN_LOCATION: 'a start that is no region',
    PlanErrorCode.INVALID_SCENE_GRAPH: 'a graph that is none',
    PlanErrorCode.STALE_SCENE_GRAPH: 'a revision that never comes',
}


@pytest.mark.parametrize(
    ('fields', 'code', 'words'),
    [
        ({'task': ''}, PlanErrorCode.INVALID_REQUEST, ['task is empty']),
        ({'task': ' \n'}, PlanErrorCode.INVALID_REQUEST, ['task is empty']),
        ({'task': 'x' * 1_000_000}, PlanErrorCode.INVALID_REQUEST, ['1000000', '4096']),
        ({'planner': 'oracle'}, PlanErrorCode.UNKNOWN_PLANNER, ["'oracle'", 'symbolic']),
        ({'timeout_s': float('nan')}, PlanErrorCode.INVALID_REQUEST, ['timeout_s', 'nan']),
        ({'timeout_s': -1.0}, PlanErrorCode.INVALID_REQUEST, ['timeout_s', '-1']),
        ({'start_location': 'mars'}, PlanErrorCode.UNKNOWN_LOCATION, ["'mars'"]),
        ({'start_location': 'truck_1'}, PlanErrorCode.UNKNOWN_LOCATION, ['object', 'region']),
        (
            {'scene_graph_json': '{"regions": ['},
            PlanErrorCode.INVALID_SCENE_GRAPH,
            ['not valid JSON'],
        ),
        ({'scene_graph_json': '[]'}, PlanErrorCode.INVALID_SCENE_GRAPH, ['JSON object']),
        (
            {'scene_graph_json': '{"regions": []}'},
            PlanErrorCode.UNKNOWN_LOCATION,
            ['where the robot'],
        ),
        ({'scene_graph_json': 'x' * 1_048_577}, PlanErrorCode.INVALID_REQUEST, ['1048577']),
        ({'history': [Turn()] * 129}, PlanErrorCode.INVALID_REQUEST, ['129 turns']),
        (
            {
                'history': [
                    Turn(plan=Plan(steps=[PlanStep(action='goto', targets=['a'], text='x')]))
                ]
            },
            PlanErrorCode.INVALID_REQUEST,
            ['history[0]', "'text'"],
        ),
        (
            {'min_graph_revision': 99, 'timeout_s': 0.2},
            PlanErrorCode.STALE_SCENE_GRAPH,
            ['revision 99', 'revision 0'],
        ),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else None,
)
def test_a_bad_request_gets_a_code_and_a_sentence_and_the_node_lives_on(
    ros, as_a_careless_client, fields, code, words
):
    start_both(ros)
    with recovery(f'request: {ASKED[code]}') as fault:
        started_s = time.monotonic()
        fault.says(assert_refused(plan(ros, **fields), code, *words))
        assert time.monotonic() - started_s < 2
        assert plan(ros).success


BAD_GRAPHS = {
    'duplicate name': (
        {'regions': [{'name': 'a', 'coords': [0, 0]}] * 2},
        ["duplicate node name 'a'"],
    ),
    'dangling end': (
        {'regions': [{'name': 'a', 'coords': [0, 0]}], 'region_connections': [['a', 'b']]},
        ["'b'"],
    ),
    'connection to itself': (
        {'regions': [{'name': 'a', 'coords': [0, 0]}], 'region_connections': [['a', 'a']]},
        ['itself'],
    ),
    'NaN': ({'regions': [{'name': 'a', 'coords': [float('nan'), 0]}]}, ['finite', 'nan']),
    'unknown location': (
        {'regions': [{'name': 'a', 'coords': [0, 0]}], 'robot_location': 'b'},
        ["'b'"],
    ),
    'wrong types': ({'regions': {'name': 'a'}}, ['regions', 'list']),
}


@pytest.mark.parametrize(('data', 'words'), BAD_GRAPHS.values(), ids=BAD_GRAPHS.keys())
def test_a_bad_inline_graph_is_refused_with_what_is_wrong_in_it(ros, data, words):
    ros.start_planner()
    response = plan(ros, scene_graph_json=json.dumps(data))
    assert_refused(response, PlanErrorCode.INVALID_SCENE_GRAPH, *words)


def test_an_inline_graph_of_9000_nodes_is_refused_by_its_size(ros):
    ros.start_planner()
    regions = [{'name': f'r{i}', 'coords': [i, 0]} for i in range(9000)]
    text = json.dumps({'regions': regions, 'robot_location': 'r0'})
    with recovery('request: a graph of 9,000 nodes') as fault:
        response = plan(ros, scene_graph_json=text)
        fault.says(assert_refused(response, PlanErrorCode.GRAPH_TOO_LARGE, '9000', '2000'))
        assert plan(ros, scene_graph_json=render_scene_graph(make_graph(12))).success
