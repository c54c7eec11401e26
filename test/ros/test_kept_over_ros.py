# SPDX-License-Identifier: Apache-2.0
"""prism_planner goes on with the last plan without asking anyone, where it still holds."""

from __future__ import annotations

import pytest
from diagnostic_msgs.msg import KeyValue

from prism_msgs.msg import NodeAttributes, Observation, Plan, SceneGraphUpdate, Turn
from prism_msgs.srv import UpdateGraph

from .asking import TASK, plan, start_both

MOVED = SceneGraphUpdate(robot_location='road_1')
COLORED = SceneGraphUpdate(
    set_attributes=[
        NodeAttributes(id='forklift_1', attributes=[KeyValue(key='color', value='red')])
    ]
)


def update(ros, message: SceneGraphUpdate) -> int:
    response = ros.call(UpdateGraph, 'update_graph', update=message)
    assert response.success, response.error_msg
    return response.revision


def drive(ros, **settings) -> dict:
    """Plan, carry out the first step, and give what is asked next."""
    start_both(ros, 'Ahead', **settings)
    first = plan(ros)
    assert [step.targets[0] for step in first.plan.steps[:2]] == ['road_1', 'gate_1']
    assert not any(first.plan.kept_from.uuid)
    turn = Turn(plan=first.plan, observations=[Observation(update=MOVED)])
    return {'history': [turn], 'min_graph_revision': update(ros, MOVED)}


def is_kept(response) -> bool:
    assert response.success, response.error_msg
    return any(response.plan.kept_from.uuid)


def test_the_rest_of_a_plan_says_of_which_one_it_is_and_that_nobody_was_asked(ros):
    request = drive(ros)
    first = request['history'][0].plan
    plans = ros.collect(Plan, 'current_plan')
    response = plan(ros, **request)
    assert response.plan_text == '1. goto(gate_1)'
    made = response.plan
    assert made.kept_from == first.plan_id != made.plan_id
    assert (made.source, made.model_id) == (Plan.SOURCE_OTHER, 'Ahead')
    assert (made.primary_goal, made.task, made.graph_revision) == ('drive there', TASK, 1)
    assert (response.metrics.attempts, response.metrics.completion_tokens) == (0, 0)
    assert list(made.warnings) == list(made.passed_over) == []
    ros.spin_until(lambda: plans and plans[-1].plan_id == made.plan_id)


def test_behind_the_rest_a_planner_is_asked_again(ros):
    request = drive(ros)
    kept = plan(ros, **request).plan
    there = SceneGraphUpdate(robot_location='gate_1')
    turns = [*request['history'], Turn(plan=kept, observations=[Observation(update=there)])]
    response = plan(ros, history=turns, min_graph_revision=update(ros, there))
    assert not is_kept(response)
    assert response.metrics.attempts == 1


@pytest.mark.parametrize(
    'more',
    [{'planner': 'Ahead', 'task': TASK + ' '}, {'task': 'inspect the truck'}],
    ids=['a planner is named', 'another task'],
)
def test_who_asks_for_something_else_is_answered_by_a_planner(ros, more):
    assert not is_kept(plan(ros, **{**drive(ros), **more}))


def test_what_changed_on_the_graph_beside_is_planned_for(ros):
    request = drive(ros)
    request['min_graph_revision'] = update(ros, COLORED)
    assert not is_kept(plan(ros, **request))


def test_a_plan_of_somebody_else_is_not_gone_on_with(ros):
    request = drive(ros)
    request['history'][0].plan.plan_id.uuid = [7] * 16
    assert not is_kept(plan(ros, **request))


def test_a_parameter_has_a_planner_asked_each_time(ros):
    assert not is_kept(plan(ros, **drive(ros, planner__keep_plans=False)))
