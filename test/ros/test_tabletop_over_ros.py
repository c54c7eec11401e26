# SPDX-License-Identifier: Apache-2.0
"""SayCan's tabletop on the nodes: plans with two targets, and whole missions over DDS."""

from __future__ import annotations

import pytest

from prism_core import Connection, Node, SceneGraph, find_domain, render_scene_graph
from prism_core.episode.episode import as_task
from prism_core.episode.planner import run_episode
from prism_msgs.msg import Plan, PlanningStatus
from prism_ros.planner_over_ros import RosPlanner

from .asking import plan

DOMAIN = find_domain('tabletop')
# A table of somebody else: names and classes that no generator of ours draws.
THINGS = ('HX-201', 'red_cube_7', 'blue_dish_A', 'Tray2', 'gripper_1')
VISITORS = SceneGraph(
    [
        Node('bench_3', 'region', (0.0, 0.0)),
        *(Node(name, 'object', (float(n), 1.0)) for n, name in enumerate(THINGS)),
    ],
    [Connection('observed_from', name, 'bench_3') for name in THINGS],
    robot_location='bench_3',
)


def start(ros, *order: str) -> list[PlanningStatus]:
    beats = ros.collect(PlanningStatus, 'planner_status')
    ros.start_planner(planner__order=list(order), domain='tabletop')
    ros.spin_until(lambda: beats and beats[-1].state == PlanningStatus.READY)
    return beats


def steps_of(response) -> list[tuple[str, list[str]]]:
    return [(step.action, list(step.targets)) for step in response.plan.steps]


def test_a_visitors_table_is_planned_on_and_a_step_has_two_targets(ros):
    start(ros, 'symbolic')
    request = 'could you pop HX-201 into the blue dish, please?'
    text = render_scene_graph(VISITORS)
    response = plan(ros, task=request, scene_graph_json=text)
    assert steps_of(response) == [('pick', ['HX-201'])], response.error_msg
    assert response.plan.domain == 'tabletop'
    held = SceneGraph(
        VISITORS.nodes.values(),
        [
            *VISITORS.connections.values(),
            Connection('held', 'HX-201', 'gripper_1'),
        ],
        robot_location='bench_3',
    )
    response = plan(ros, task=request, scene_graph_json=render_scene_graph(held))
    assert steps_of(response) == [('place', ['HX-201', 'blue_dish_A'])], response.error_msg


@pytest.mark.parametrize(('planner', 'least'), [('symbolic', 6), ('student', 0)])
def test_missions_on_the_table_end_over_dds(ros, planner, least):
    start(ros, planner)
    recipe = DOMAIN.recipe_type()
    drawn = DOMAIN.draw_world(5, DOMAIN.plan_world(recipe, 0, False, {}))[:6]
    over_ros = RosPlanner(domain_id=ros.domain, domain=DOMAIN)
    try:
        played = [run_episode(over_ros, DOMAIN.make_simulator(e), as_task(e)) for e in drawn]
    finally:
        over_ros.close()
    assert {e.ending for e in played} <= {'reported', 'asked', 'stuck', 'limit'}
    assert sum(DOMAIN.judge(e).success for e in played) >= least


def test_the_source_of_a_students_plan_is_the_student_of_the_domain(ros):
    start(ros, 'student')
    recipe = DOMAIN.recipe_type()
    episode = DOMAIN.draw_world(5, DOMAIN.plan_world(recipe, 0, False, {}))[0]
    text = render_scene_graph(episode.known_graph)
    response = plan(ros, task=episode.task.request, scene_graph_json=text)
    assert response.plan.source == Plan.SOURCE_STUDENT, response.error_msg
    assert response.plan.model_id.startswith('prism-tabletop')
