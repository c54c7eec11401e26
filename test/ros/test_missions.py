# SPDX-License-Identifier: Apache-2.0
"""prism_executor over real DDS, on simulated skills: missions that end in answers or questions."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from prism_core import find_domain
from prism_core.dataset.filter import find_fault
from prism_core.dataset.mission_logs import import_missions
from prism_core.mission import replay_log
from prism_msgs.action import ExecuteMission
from prism_msgs.msg import PlanStep
from prism_msgs.srv import GetSceneGraph

from ..faults import recovery
from .asking import release_hanging_planners  # noqa: F401 - an autouse fixture
from .robots import KNOWN, MAPPING, Robot, code, start_today, steps

Feedback = ExecuteMission.Feedback
QUESTION = 'what color is the crate?'


def test_a_discovery_a_blocked_way_and_a_replan_end_in_the_right_answer(ros, tmp_path):
    robot = Robot(
        ros,
        tmp_path,
        'symbolic',
        executor={'executor__log_directory': str(tmp_path / 'logs')},
        skills={'skills__failures': ['inspect crate_31'], 'skills__delay_s': 0.3},
    )
    result = robot.run(QUESTION)
    assert code(result) == 'NONE', result.error_msg
    assert 'red' in result.answer
    assert result.replans >= 1
    assert result.turns > 2
    failed = [step for step in result.history if step.status == PlanStep.FAILED]
    assert [step.action for step in failed] == ['inspect']
    assert steps(result)[-1] == ('answer', '', PlanStep.SUCCEEDED)
    assert 0 < result.distance_m < 200
    # What was found is in the graph of its owner.
    graph = ros.call(GetSceneGraph, 'get_scene_graph').graph
    assert 'crate_31' in {node.id for node in graph.nodes}
    ends = {tuple(sorted((edge.source, edge.target))) for edge in graph.edges}
    assert ('shed_2', 'yard_7') not in ends
    # Feedback and topic told of it while it went on.
    phases = {feedback.phase for feedback in robot.feedback}
    assert {Feedback.PLANNING, Feedback.EXECUTING} <= phases
    told = {step.status for plan in robot.plans for step in plan.steps}
    assert {PlanStep.RUNNING, PlanStep.SUCCEEDED, PlanStep.FAILED} <= told
    # And the log tells it again.
    text = (tmp_path / 'logs' / f'{result.mission_id}.jsonl').read_text('utf-8')
    again = replay_log(text, MAPPING.table, find_breaches=MAPPING.find_breaches)
    assert (again.ending, again.answer) == ('reported', result.answer)
    assert again.turns == result.turns


def test_a_question_is_answered_and_the_mission_goes_on(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'symbolic', known=None, true=None)
    with recovery('mission: its request can mean two things') as fault:
        asked = robot.run('inspect the car')
        fault.says(code(asked))
        assert 'car_1 or car_2' in asked.answer
        assert asked.answer in asked.error_msg
        assert 'continue_mission' in asked.error_msg
        result = robot.run('the red one', continue_mission=asked.mission_id)
        assert code(result) == 'NONE', result.error_msg
    assert 'red car' in result.answer
    assert ('inspect', 'car_2', PlanStep.SUCCEEDED) in steps(result)
    assert result.mission_id not in ('', asked.mission_id)
    # What ended in an answer is followed up, too.
    again = robot.run('where is car_1?', continue_mission=result.mission_id)
    assert 'parking_1' in again.answer


def test_missions_are_recorded_with_the_reply_and_become_episodes(ros, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    recorded = {'executor__record': True}
    robot = Robot(ros, tmp_path, 'symbolic', known=None, true=None, executor=recorded)
    asked = robot.run('inspect the car')
    result = robot.run('car_2', continue_mission=asked.mission_id)
    assert code(result) == 'NONE', result.error_msg
    folder = tmp_path / 'prism' / 'missions'
    logs = {r.mission_id: (folder / f'{r.mission_id}.jsonl').read_text() for r in (asked, result)}
    one, two = import_missions(logs, MAPPING)
    assert one.episode.provenance['reply']['text'] == 'car_2'
    assert one.episode.provenance['reply']['ending'] == 'reported'
    assert two.status == 'checked', two.reason
    assert find_fault(two.episode) == ''
    assert two.episode.provenance['continues'] == asked.mission_id


def test_a_mission_that_nobody_knows_cannot_go_on(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'symbolic')
    result = robot.run('yes', continue_mission='../etc/passwd')
    assert code(result) == 'INVALID_REQUEST'
    assert 'no mission' in result.error_msg


@pytest.mark.parametrize(
    ('fields', 'word'),
    [
        ({'task': ' '}, 'task'),
        ({'timeout_s': -1.0}, 'timeout_s'),
        ({'timeout_s': float('nan')}, 'timeout_s'),
        ({'max_distance_m': float('inf')}, 'max_distance_m'),
    ],
)
def test_a_goal_that_asks_for_nothing_that_can_be_done_is_refused(ros, tmp_path, fields, word):
    robot = Robot(ros, tmp_path, has_skills=False)
    result = robot.run(**({'task': QUESTION} | fields))
    assert code(result) == 'INVALID_REQUEST'
    assert word in result.error_msg


def test_a_dry_run_plans_and_carries_out_nothing(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'symbolic')
    result = robot.run(QUESTION, dry_run=True)
    assert code(result) == 'NONE', result.error_msg
    assert (result.answer, steps(result), result.turns) == ('', [], 1)
    assert {step.status for step in result.last_plan.steps} == {PlanStep.PENDING}
    assert robot.executor._mirror.graph.robot_location == KNOWN.robot_location


def test_a_second_mission_is_busy_at_once_and_the_first_goes_on(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'symbolic', skills={'skills__delay_s': 1.0})
    first = robot.send(QUESTION)
    robot.wait_for(Feedback.EXECUTING)
    with recovery('mission: beside another one') as fault:
        fault.says(code(robot.run(QUESTION)))
        assert code(robot.end_of(first)) == 'NONE'


def test_feedback_comes_at_a_bounded_rate(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'symbolic', skills={'skills__delay_s': 0.05})
    result = robot.run(QUESTION)
    assert len(robot.feedback) <= result.elapsed_s * 5 + 2


def test_a_table_is_cleared_over_dds(ros, tmp_path):
    tabletop = find_domain('tabletop')
    drawn = tabletop.draw_world(5, tabletop.plan_world(tabletop.recipe_type(), 0, False, {}))
    episode = next(e for e in drawn if len(e.turns) > 2)
    known, true = episode.known_graph, episode.true_graph
    robot = Robot(ros, tmp_path, 'symbolic', known=known, true=true, domain='tabletop')
    result = robot.run(episode.task.request)
    assert code(result) == 'NONE', result.error_msg
    done = [s.action for s in result.history if s.status == PlanStep.SUCCEEDED]
    assert done[-1] == 'done'
    assert {'pick', 'place'} <= set(done)


@dataclass(frozen=True)
class Shown:
    """What docs/missions.md tells people to say, and what they see then."""

    task: str
    logged: tuple[str, ...]
    answer: str
    ambiguous: str
    reply: str
    last: tuple[str, str]


SHOWN = {
    'mapping': Shown(
        'what color is the bicycle?',
        (
            'plan 1, by symbolic: map_region(road_1)',
            'map_region(road_3): blocked: road_3 – courtyard_1',
            'map_region(courtyard_1): new: bicycle_1',
            'inspect(bicycle_1, "What is the color?"): failed: the view of bicycle_1 is obstructed',
            'The color of bicycle_1 is green.',
        ),
        'The color of bicycle_1 is green.',
        'inspect the car',
        'the red one',
        ('inspect', 'car_2'),
    ),
    'tabletop': Shown(
        'put the blue block in the blue bowl',
        (
            'pick(yellow_block_1): failed',
            'place(yellow_block_1, table_1): gone: yellow_block_1 held by gripper_1',
            'place(blue_block_1, blue_bowl_1): gone: blue_block_1 held by gripper_1; failed',
            'ends: reported (8 plans, 0 m, ',
        ),
        '',
        'put the red block in the red bowl',
        'red_block_1',
        ('place', 'red_block_1'),
    ),
}


@pytest.mark.parametrize('domain', SHOWN)
def test_the_packaged_world_of_today_surprises_and_a_question_is_answered(
    ros, tmp_path, capfd, domain
):
    shown, robot = SHOWN[domain], start_today(ros, tmp_path, domain)
    result = robot.run(shown.task)
    assert (code(result), result.answer) == ('NONE', shown.answer), result.error_msg
    assert result.replans >= 1
    failed = [step for step in result.history if step.status == PlanStep.FAILED]
    assert failed
    assert all(step.message for step in failed)
    log = capfd.readouterr().err
    places = [log.find(line) for line in shown.logged]
    assert -1 not in places, log
    assert places == sorted(places)
    asked = robot.run(shown.ambiguous)
    assert code(asked) == 'NEEDS_CLARIFICATION'
    result = robot.run(shown.reply, continue_mission=asked.mission_id)
    assert code(result) == 'NONE', result.error_msg
    assert (*shown.last, PlanStep.SUCCEEDED) in steps(result)
    assert f'goes on with {asked.mission_id}' in capfd.readouterr().err
