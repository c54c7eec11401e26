# SPDX-License-Identifier: Apache-2.0
"""Homes on the nodes: a visitor's kitchen planned on, and missions over DDS on simulated skills."""

from __future__ import annotations

import pytest

from prism_core import Connection, Node, SceneGraph, find_domain, render_scene_graph
from prism_msgs.msg import PlanningStatus, PlanStep

from .asking import plan
from .robots import Robot, code, start_today

DOMAIN = find_domain('household')
# A kitchen of somebody else: names that neither ALFRED nor our generator has.
FURNITURE = {
    'larder_fridge-07': {'door': 'closed', 'seen': False},
    'MW 3': {'door': 'closed', 'seen': True, 'power': 'off', 'class': 'microwave'},
    'long_worktop': {'seen': True},
}
VISITORS = SceneGraph(
    [
        Node('GalleyKitchen', 'region', (0.0, 0.0), attributes={'seen': True}),
        *(
            Node(name, 'region', (float(n), 2.0), attributes=told)
            for n, (name, told) in enumerate(FURNITURE.items())
        ),
        Node('HX-201', 'object', (1.0, 1.0), attributes={'class': 'mug'}),
        Node('left_gripper', 'object', (0.0, 0.0)),
    ],
    [
        *(Connection('traversable', 'GalleyKitchen', name, 2.0) for name in FURNITURE),
        Connection('on', 'HX-201', 'long_worktop'),
        Connection('observed_from', 'left_gripper', 'GalleyKitchen'),
    ],
    robot_location='GalleyKitchen',
)


def start(ros, *order: str) -> None:
    beats = ros.collect(PlanningStatus, 'planner_status')
    ros.start_planner(planner__order=list(order), domain='household')
    ros.spin_until(lambda: beats and beats[-1].state == PlanningStatus.READY)


def steps_of(response) -> list[tuple[str, list[str]]]:
    return [(step.action, list(step.targets)) for step in response.plan.steps]


def test_a_visitors_kitchen_is_planned_on_by_its_own_names(ros):
    start(ros, 'symbolic')
    text = render_scene_graph(VISITORS)
    request = 'Could you warm a mug up and leave it on the counter, please?'
    response = plan(ros, task=request, scene_graph_json=text)
    assert steps_of(response) == [
        ('Navigation', ['long_worktop']),
        ('PickupObject', ['HX-201']),
        ('Navigation', ['MW 3']),
        ('OpenObject', ['MW 3']),
        ('PutObject', ['HX-201', 'MW 3']),
        ('CloseObject', ['MW 3']),
        ('ToggleObjectOn', ['MW 3']),
        ('ToggleObjectOff', ['MW 3']),
        ('OpenObject', ['MW 3']),
        ('PickupObject', ['HX-201']),
        ('CloseObject', ['MW 3']),
        ('Navigation', ['long_worktop']),
        ('PutObject', ['HX-201', 'long_worktop']),
        ('done', []),
    ], response.error_msg
    assert response.plan.domain == 'household'


def test_what_is_not_in_sight_is_looked_for_where_it_may_be(ros):
    start(ros, 'symbolic')
    text = render_scene_graph(VISITORS)
    response = plan(ros, task='Put an egg on the counter.', scene_graph_json=text)
    assert steps_of(response) == [
        ('Navigation', ['larder_fridge-07']),
        ('OpenObject', ['larder_fridge-07']),
    ]


def test_a_place_that_nobody_understands_is_asked_about_by_the_default_planners(ros):
    start(ros, 'cascade')
    request = 'Give the HX-201 mug a minute in the microwave and drop it off in the scullery.'
    (step,) = plan(ros, task=request, scene_graph_json=render_scene_graph(VISITORS)).plan.steps
    assert step.action == 'ask'
    assert step.text.startswith(
        "I do not understand 'scullery'. Do you mean 'heat the mug and put "
    )


@pytest.mark.parametrize('kind', ['place', 'heat'])
def test_an_errand_ends_over_dds_on_simulated_skills(ros, tmp_path, kind):
    recipe = DOMAIN.recipe_type()
    worlds = (DOMAIN.draw_world(n, DOMAIN.plan_world(recipe, n, False, {})) for n in range(40))
    symbolic = DOMAIN.make_symbolic()
    episode = next(
        e
        for world in worlds
        for e in world
        if e.task.kind == kind and DOMAIN.play(symbolic, e).outcome.success
    )
    robot = Robot(
        ros,
        tmp_path,
        'symbolic',
        known=episode.known_graph,
        true=episode.true_graph,
        domain='household',
    )
    result = robot.run(episode.task.request)
    assert code(result) == 'NONE', result.error_msg
    done = [step.action for step in result.history if step.status == PlanStep.SUCCEEDED]
    assert {'Navigation', 'PickupObject', 'PutObject'} <= set(done)
    assert done[-1] == 'done'


def test_the_packaged_home_of_today_surprises_and_the_errand_is_done(ros, tmp_path):
    result = start_today(ros, tmp_path, 'household').run('Put a clean mug on the dining table.')
    assert code(result) == 'NONE', result.error_msg
    failed = [step.action for step in result.history if step.status == PlanStep.FAILED]
    assert failed == ['PickupObject']
    assert result.replans == 1
    assert [step.action for step in result.history][-2:] == ['PutObject', 'done']
