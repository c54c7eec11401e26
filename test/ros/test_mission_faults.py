# SPDX-License-Identifier: Apache-2.0
"""What happens to the nodes around a mission in its middle: it goes on, or ends with its code, and
the next mission goes well.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

from builtin_interfaces.msg import Time
from rclpy.action import ActionServer, GoalResponse
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock

from prism_core import GraphUpdate
from prism_core.mission import log, replay_log
from prism_msgs.action import ExecuteMission, ExecuteSkill
from prism_msgs.msg import PlanningStatus
from prism_msgs.srv import UpdateGraph
from prism_ros import goals, mission_run
from prism_ros.conversions import update_to_message
from prism_ros.mock_skills_node import MockSkillsNode
from prism_ros.processes import node_process

from ..faults import recovery
from .asking import release_hanging_planners  # noqa: F401 - an autouse fixture
from .robots import MAPPING, Robot, code
from .test_graph_state import fail_with
from .test_processes import log as process_log  # noqa: F401 - a fixture

Feedback = ExecuteMission.Feedback
DRIVE = 'go to yard_7'


def test_a_planner_that_is_killed_while_it_plans_is_asked_again_when_it_is_back(
    ros,
    tmp_path,
    process_log,  # noqa: F811
    monkeypatch,
):
    shutil.copy(Path(__file__).with_name('planners.py'), tmp_path / 'hanging.py')
    monkeypatch.setenv('PYTHONPATH', f'{tmp_path}:{os.environ["PYTHONPATH"]}')
    robot = Robot(ros, tmp_path)
    hangs = {'planner.order': "['hanging:Hangs']", 'planner.allow_import_paths': 'true'}
    with node_process('planner_node', ros.domain, process_log, hangs) as planner:
        beats = ros.collect(PlanningStatus, 'planner_status')
        future = robot.send(DRIVE)
        ros.spin_until(lambda: beats and beats[-1].state == PlanningStatus.PLANNING)
        with recovery('mission: the planner is killed and comes back') as fault:
            ros.kill(planner)
            by_search = {'planner.order': "['symbolic']"}
            with node_process('planner_node', ros.domain, process_log, by_search):
                result = robot.end_of(future)
            fault.says(code(result))


# ------------------------------------------------------------ the owner of the graph


def test_an_owner_that_ends_in_mid_mission_is_waited_for_or_ends_it(ros, tmp_path, monkeypatch):
    robot = Robot(ros, tmp_path, 'Insists', skills={'skills__delay_s': 0.5})
    for location in ('lane_4', 'gate_3'):  # so that the next owner begins with a lower revision
        update = update_to_message(GraphUpdate(robot_location=location))
        assert ros.call(UpdateGraph, 'update_graph', update=update).success
    future = robot.send(DRIVE)
    robot.wait_for(Feedback.EXECUTING)
    with recovery('mission: the owner of the graph ends and comes back') as fault:
        ros.end(robot.graph)
        owner = ros.start_graph(**robot.owns)
        fault.says(code(robot.end_of(future)))
        assert code(robot.run(DRIVE)) == 'NONE'
    monkeypatch.setattr(mission_run, 'GRAPH_S', 0.5)
    with recovery('mission: the owner of the graph ends for good') as fault:
        ros.end(owner)
        fault.says(code(robot.run('go to lane_4')))
        fault.is_mended()
        owner = ros.start_graph(**robot.owns)
        ros.spin_until(lambda: code(robot.run('go to lane_4')) == 'NONE')


# ------------------------------------------------------------ skills


def test_a_skill_that_ends_or_doubles_in_the_middle_of_a_step_ends_the_mission(
    ros, tmp_path, monkeypatch
):
    monkeypatch.setattr(goals, 'LOST_S', 1.0)
    robot = Robot(ros, tmp_path, 'Insists', skills={'skills__hanging': ['goto']})
    skills = [robot.skills]

    def begin():
        future = robot.send(DRIVE)
        ros.spin_until(lambda: skills[-1]._waiter is not None)
        return future

    future = begin()
    with recovery('mission: a skill server ends in mid-step') as fault:
        ros.end(robot.skills)
        result = robot.end_of(future)
        fault.says(code(result))
        assert 'is gone in the middle of its work' in result.error_msg
        skills.append(ros.start(MockSkillsNode, skills__hanging=['goto']))
        future = begin()
    with recovery('mission: a skill server is killed and comes back in mid-step') as fault:
        ros.start(MockSkillsNode)  # beside it DDS takes the killed one for alive for a while
        result = robot.end_of(future)
        fault.says(code(result))
        assert '2 servers' in result.error_msg
        ros.spin_until(lambda: skills[-1]._waiter is None)  # where it lives it was canceled
        ros.end(skills[-1])
        ros.spin_until(lambda: code(robot.run(DRIVE)) == 'NONE')


def test_a_skill_that_rejects_its_goal_fails_its_step(ros, tmp_path):
    answers = [GoalResponse.REJECT, GoalResponse.ACCEPT]

    def drive(goal_handle):
        result = ExecuteSkill.Result()
        result.observation.update.robot_location = goal_handle.request.step.targets[0]
        goal_handle.succeed()
        return result

    server = ActionServer(
        ros.node, ExecuteSkill, 'skills/goto', drive, goal_callback=lambda goal: answers.pop(0)
    )
    robot = Robot(ros, tmp_path, 'Insists', has_skills=False)
    with recovery('mission: a skill rejects its goal') as fault:
        result = robot.run(DRIVE)
        fault.says(code(result))
        assert "'skills/goto' rejected its goal" in result.error_msg
        assert code(robot.run(DRIVE)) == 'NONE'
    server.destroy()


# ------------------------------------------------------------ disk and clock


def test_a_disk_that_is_full_ends_the_log_of_a_mission_and_not_the_mission(
    ros, tmp_path, monkeypatch, capfd
):
    robot = Robot(ros, tmp_path, 'Insists', executor={'executor__log_directory': str(tmp_path)})
    full = SimpleNamespace(**{**vars(os), 'write': fail_with(28)})
    with recovery('disk full: the log of a mission') as fault:
        with monkeypatch.context() as patch:
            patch.setattr(log, 'os', full)
            fault.says(code(robot.run(DRIVE)))
        assert 'No space left on device' in capfd.readouterr().err
        result = robot.run(DRIVE)
    (whole,) = [path for path in tmp_path.glob('*.jsonl') if path.stat().st_size]
    assert replay_log(whole.read_text(), MAPPING.table).answer == result.answer


def test_a_clock_that_stands_still_or_jumps_stops_no_mission(ros, tmp_path):
    """The time of a simulator, as the clock of the machine cannot be set back."""
    robot = Robot(ros, tmp_path, 'Insists', skills={'skills__delay_s': 0.3})
    clock = ros.node.create_publisher(Clock, '/clock', QoSProfile(depth=1))
    for node in (robot.graph, robot.planner, robot.skills, robot.executor):
        (done,) = node.set_parameters([Parameter('use_sim_time', value=True)])
        assert done.successful, done.reason
    places = {'stands still': 'lane_4', 'jumps a year ahead': 'yard_7', 'jumps back': 'lane_4'}
    for (name, place), seconds in zip(places.items(), (0, 31_536_000, 9)):
        future = robot.send(f'go to {place}')
        robot.wait_for(Feedback.EXECUTING)
        with recovery(f'clock: it {name}') as fault:
            clock.publish(Clock(clock=Time(sec=seconds)))
            fault.says(code(robot.end_of(future)))
    ros.spin_until(lambda: robot.executor.get_clock().now().nanoseconds == 9 * 10**9)
