# SPDX-License-Identifier: Apache-2.0
"""prism_mock_skills: the simulator of a domain behind the skill servers of a robot."""

from __future__ import annotations

import pytest
from action_msgs.msg import GoalStatus

from prism_core import GraphUpdate, render_scene_graph
from prism_msgs.action import ExecuteSkill
from prism_msgs.msg import Observation, PlanErrorCode, PlanStep
from prism_msgs.srv import UpdateGraph
from prism_ros.conversions import update_to_message
from prism_ros.errors import CODE_NAMES
from prism_ros.mock_skills_node import MockSkillsNode

from ..core.hand_made import REGIONS, make_known, make_true
from .robots import KNOWN


@pytest.fixture
def start(ros, tmp_path):
    def start_skills(true=None, known=KNOWN, **parameters):
        paths = {}
        for name, graph in (('known', known), ('true', true or make_true())):
            paths[name] = tmp_path / f'{name}.json'
            paths[name].write_text(render_scene_graph(graph), 'utf-8')
        ros.start_graph(graph__file=str(paths['known']))
        node = ros.start(MockSkillsNode, world__file=str(paths['true']), **parameters)
        ros.spin_until(lambda: node._mirror.graph is not None)
        return node

    return start_skills


def send(ros, action, *targets, skill=None, **fields):
    step = PlanStep(action=action, targets=list(targets), **fields)
    goal = ExecuteSkill.Goal(step=step)
    return ros.send_goal(ExecuteSkill, f'skills/{skill or action}', goal)


def do(ros, *words, **fields):
    future = send(ros, *words, **fields).get_result_async()
    ros.spin_until(future.done)
    return future.result().status, future.result().result


def test_a_step_shows_what_is_true_and_what_it_took(ros, start):
    start()
    status, result = do(ros, 'map_region', 'yard_7')
    assert status == GoalStatus.STATUS_SUCCEEDED
    shown = result.observation
    assert shown.status == Observation.DONE
    assert [node.id for node in shown.update.upsert_nodes] == ['barrel_8']
    assert (shown.update.robot_location, shown.distance_m) == ('yard_7', 10.0)
    assert shown.update.source == 'prism_mock_skills'


def test_a_way_is_blocked_and_a_step_fails_as_the_parameters_say(ros, start):
    start(world__blocked=['yard_7 - gate_3'], skills__failures=['goto lane_4'])
    _, result = do(ros, 'goto', 'lane_4')
    assert result.observation.status == Observation.FAILED
    assert 'skills.failures' in result.observation.feedback
    _, result = do(ros, 'goto', 'yard_7')
    assert result.observation.status == Observation.DONE
    assert 'blocked' in result.observation.feedback
    (gone,) = result.observation.update.remove_edges
    assert {gone.source, gone.target} == {'gate_3', 'yard_7'}


def test_what_others_find_out_is_learned(ros, start):
    node = start()
    do(ros, 'goto', 'yard_7')
    told = update_to_message(GraphUpdate(upsert_nodes=(REGIONS['attic_9'],)))
    assert ros.call(UpdateGraph, 'update_graph', update=told).success
    ros.spin_until(lambda: 'attic_9' in node._simulator.known_graph.nodes)


@pytest.mark.parametrize(
    ('parameters', 'code', 'word'),
    [
        ({'world__blocked': ['gate_3 - attic_9']}, 'INVALID_REQUEST', 'no way between'),
        ({'true': make_known('gate_3', 'yard_7')}, 'INVALID_SCENE_GRAPH', "lacks 'shed_2'"),
    ],
)
def test_a_world_that_does_not_fit_aborts_the_step(ros, start, parameters, code, word):
    start(**parameters)
    status, result = do(ros, 'goto', 'yard_7')
    assert status == GoalStatus.STATUS_ABORTED
    assert CODE_NAMES[result.error_code] == code
    assert word in result.error_msg


def test_ways_that_are_none_keep_the_node_unconfigured(ros):
    ros.start(MockSkillsNode, world__blocked=['gate_3 to yard_7'])
    assert ros.state('prism_mock_skills') == 'unconfigured'


def test_a_step_of_another_action_is_refused(ros, start):
    start()
    _, result = do(ros, 'goto', 'yard_7', skill='map_region')
    assert result.error_code == PlanErrorCode.INVALID_ACTION
    assert "expected a step of map_region, got 'goto'" in result.error_msg


def test_one_step_at_a_time_and_a_canceled_one_changes_nothing(ros, start):
    node = start(skills__hanging=['goto'])
    first = send(ros, 'goto', 'yard_7')
    ending = first.get_result_async()
    ros.spin_until(lambda: node._waiter is not None)
    assert do(ros, 'map_region', 'gate_3')[1].error_code == PlanErrorCode.BUSY
    ros.spin_until(first.cancel_goal_async().done)
    ros.spin_until(ending.done)
    assert ending.result().status == GoalStatus.STATUS_CANCELED
    assert ending.result().result.observation.status == Observation.FAILED
    _, result = do(ros, 'map_region', 'gate_3')
    assert result.observation.status == Observation.DONE
    assert result.observation.update.robot_location == ''


def test_skills_are_served_again_after_the_node_was_configured_anew(ros, start):
    start()
    for label in ('deactivate', 'cleanup', 'configure', 'activate'):
        assert ros.change_state('prism_mock_skills', label)
    assert do(ros, 'goto', 'yard_7')[0] == GoalStatus.STATUS_SUCCEEDED
