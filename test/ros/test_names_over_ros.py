# SPDX-License-Identifier: Apache-2.0
"""A map with names of any kind and without positions: loaded, planned on, changed, saved."""

from __future__ import annotations

import json

import pytest
from visualization_msgs.msg import MarkerArray

from prism_core import Connection, GraphUpdate, Node, SceneGraph, render_scene_graph
from prism_core.graph.spine_json import parse_scene_graph
from prism_msgs.srv import GetPlan, GetSceneGraph, SaveSceneGraph, UpdateGraph
from prism_ros.conversions import scene_graph_from_message, update_to_message

LONGEST = '😀' * 128
FLAT = SceneGraph(
    [
        *(Node(n, 'region') for n in ('living room', 'Küche_1', 'O(12)', '3', LONGEST, 'Pump')),
        Node('pump', 'region', (4, 5), '', {'z_m': 1.5, 'layers': ['a', {'b': None}]}),
        Node('sofa "B"', 'object', attributes={'semantic_class': 'sofa'}),
    ],
    [
        Connection('traversable', 'living room', 'Küche_1'),
        Connection('traversable', 'Küche_1', 'O(12)', 7.5),
        Connection('traversable', 'O(12)', '3'),
        Connection('traversable', '3', LONGEST),
        Connection('traversable', LONGEST, 'Pump'),
        Connection('observed_from', 'sofa "B"', 'living room'),
    ],
    robot_location='living room',
)


@pytest.fixture
def nodes(ros, tmp_path):
    (tmp_path / 'flat.json').write_text('\ufeff' + render_scene_graph(FLAT), 'utf-8')
    folder = str(tmp_path)
    ros.start_graph(graph__directory=folder, graph__save_directory=folder, graph__file='flat.json')
    planner = ros.start_planner(planner__order=['symbolic'])
    ros.spin_until(lambda: planner._mirror.graph is not None)
    return ros


def plan(ros, task: str) -> GetPlan.Response:
    response = ros.call(GetPlan, 'plan', task=task)
    assert response.success, response.error_msg
    return response


def test_the_graph_is_served_as_it_was_loaded_also_around_the_longest_name(nodes):
    served = scene_graph_from_message(nodes.call(GetSceneGraph, 'get_scene_graph').graph)
    assert dict(served.nodes) == dict(FLAT.nodes)
    assert dict(served.connections) == dict(FLAT.connections)
    near = nodes.call(GetSceneGraph, 'get_scene_graph', near=LONGEST, hops=1)
    assert near.success, near.error_msg
    assert set(scene_graph_from_message(near.graph).nodes) == {'3', LONGEST, 'Pump'}


@pytest.mark.parametrize(
    ('task', 'steps'),
    [
        ('go to O(12)', '1. goto("O(12)")'),
        ('go to the Küche_1', '1. goto("Küche_1")'),
        ('inspect the sofa', r'1. inspect("sofa \"B\"", "Describe it.")'),
    ],
)
def test_a_plan_names_them_in_text_and_in_steps(nodes, task, steps):
    response = plan(nodes, task)
    assert response.plan_text.startswith(steps)
    assert set(response.plan.steps[0].targets) < set(FLAT.nodes)


def test_a_plan_for_what_is_cut_off_warns_with_both_sides(nodes):
    response = plan(nodes, 'go to pump')
    (warning,) = response.plan.warnings
    assert "'pump' cannot be reached from 'living room'" in warning
    assert "the other side ('pump')" in warning


def test_updates_are_kept_in_the_saved_file_and_a_name_of_two_lines_is_refused(nodes):
    update = GraphUpdate(
        upsert_nodes=(Node('a, b)', 'object'),),
        upsert_connections=(Connection('observed_from', 'a, b)', 'O(12)'),),
        robot_location='Küche_1',
    )
    message = update_to_message(update)
    assert nodes.call(UpdateGraph, 'update_graph', update=message).success
    saved = nodes.call(SaveSceneGraph, 'save_scene_graph', file='saved.json')
    assert saved.success, saved.error_msg
    with open(saved.path, encoding='utf-8') as file:
        graph = parse_scene_graph(file.read())
    assert dict(graph.nodes) == {**FLAT.nodes, 'a, b)': Node('a, b)', 'object')}
    assert graph.robot_location == 'Küche_1'
    message.upsert_nodes[0].id = 'a\nb'
    refused = nodes.call(UpdateGraph, 'update_graph', update=message)
    assert not refused.success
    assert r"node name 'a\nb': expected 1 to 128 printable characters on one line" in (
        refused.error_msg + ' '.join(refused.rejected)
    )


def test_a_graph_without_positions_in_a_request_is_planned_on(nodes):
    text = json.dumps(
        {
            'regions': [{'name': 'hall 1'}, {'name': 'hall 2', 'coords': None}],
            'region_connections': [['hall 1', 'hall 2']],
            'robot_location': 'hall 1',
        }
    )
    response = nodes.call(GetPlan, 'plan', task='go to hall 2', scene_graph_json=text)
    assert response.success, response.error_msg
    assert response.plan_text.startswith('1. goto("hall 2")')


def test_markers_show_what_is_known_to_lie_somewhere(nodes):
    arrays = nodes.collect(MarkerArray, 'scene_graph/markers')
    nodes.spin_until(lambda: arrays)
    names = [marker.text for marker in arrays[-1].markers if marker.ns == 'names']
    assert names == ['pump']
