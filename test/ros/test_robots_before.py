# SPDX-License-Identifier: Apache-2.0
"""Faults of the nodes that planned for robots before these: docs/faults.md says which, and where
else it is shown that they are not here.
"""

from __future__ import annotations

import pytest
from diagnostic_msgs.msg import KeyValue
from rclpy.action import ActionServer

from prism_core import Action, Node
from prism_msgs.action import ExecuteSkill
from prism_msgs.msg import Observation, SceneNode
from prism_ros.conversions import step_to_message
from prism_ros.executor_node import ExecutorNode
from prism_ros.mission_messages import skilled_actions
from prism_ros.mock_skills_node import MockSkillsNode

from ..core.hand_made import make_known
from .robots import MAPPING, OddPlanner, Robot, code, steps

EACH = {
    'goto': ('yard_7',),
    'map_region': ('yard_7',),
    'explore_region': ('yard_7', 5.0),
    'extend_map': (20.0, 0.0),
    'inspect': ('barrel_8', 'what color is it?'),
}
FAR = -1234.5678901, 0.4999999


def test_each_action_of_a_domain_is_carried_out_by_the_simulated_robot(ros, tmp_path):
    robot = Robot(ros, tmp_path)
    assert set(EACH) == set(skilled_actions(MAPPING.table))
    for name, arguments in EACH.items():
        step = step_to_message(Action(name, arguments), MAPPING.table)
        goal = ros.send_goal(ExecuteSkill, f'skills/{name}', ExecuteSkill.Goal(step=step))
        ended = goal.get_result_async()
        ros.spin_until(ended.done)
        result = ended.result().result
        assert (name, result.error_msg) == (name, '')
        assert result.observation.status == Observation.DONE, result.observation.feedback
    assert robot.skills._simulator.known_graph.robot_location == 'yard_7'


def test_a_step_to_where_no_way_leads_is_answered_and_the_next_mission_goes_well(ros, tmp_path):
    robot = Robot(ros, tmp_path, known=make_known('gate_3', 'yard_7', 'cave_6', objects=()))
    planner = ros.start(OddPlanner)
    planner.goal = 'cave_6'
    result = robot.run('go to cave_6')
    assert (code(result), steps(result)) == ('PLAN_STALE', [])
    assert "'cave_6'" in result.error_msg
    planner.goal = 'yard_7'
    assert code(robot.run('go to yard_7', dry_run=True)) == 'NONE'


def test_a_coordinate_reaches_the_skill_as_it_was_planned(ros, tmp_path):
    asked: list[tuple[float, float]] = []

    def extend(goal_handle):
        point = goal_handle.request.step.point
        asked.append((point.x, point.y))
        goal_handle.succeed()
        return ExecuteSkill.Result()

    server = ActionServer(ros.node, ExecuteSkill, 'skills/extend_map', extend)
    robot = Robot(ros, tmp_path, 'Extends', has_skills=False)
    robot.run('look far away', max_turns=1)
    server.destroy()
    assert asked == [FAR]


def test_nodes_share_no_attributes():
    with pytest.raises(TypeError):
        Node('yard_1', 'region').attributes['color'] = 'red'
    SceneNode(id='yard_1').attributes.append(KeyValue(key='color', value='red'))
    assert not Node('yard_2', 'region').attributes
    assert not SceneNode(id='yard_2').attributes


def test_what_one_node_asks_for_another_serves_in_any_namespace(ros):
    ours = [ros.start_graph(namespace='robot1'), ros.start_planner(namespace='robot1')]
    ours += [ros.start(kind, namespace='robot1') for kind in (ExecutorNode, MockSkillsNode)]
    names = {node.get_name() for node in ours}
    ros.spin_until(lambda: names <= set(ros.node.get_node_names()))
    asked = {
        name
        for node in ours
        for name, _ in node.get_client_names_and_types_by_node(node.get_name(), '/robot1')
    }
    served = {
        name
        for node in ours
        for name, _ in node.get_service_names_and_types_by_node(node.get_name(), '/robot1')
    }
    assert len(asked) >= 3 * len(EACH)
    assert asked - served == set()
