# SPDX-License-Identifier: Apache-2.0
"""prism_planner: /plan, its status and its life cycle."""

import time

import pytest
from diagnostic_msgs.msg import KeyValue

from prism_core import render_scene_graph
from prism_msgs.msg import (
    NodeAttributes,
    Observation,
    Plan,
    PlanErrorCode,
    PlanningStatus,
    SceneGraphUpdate,
    Turn,
)
from prism_msgs.srv import GetPlan, GetSceneGraph, UpdateGraph
from prism_ros.bench import make_graph
from prism_ros.errors import CODE_NAMES
from prism_ros.parameters import PLANNER_PARAMETERS

from ..faults import recovery
from . import planners
from .asking import (  # noqa: F401 - an autouse fixture
    DRIVE,
    HERE,
    TASK,
    again,
    plan,
    release_hanging_planners,
    start_both,
)
from .checks import assert_refused

MOVED = SceneGraphUpdate(robot_location='road_1')


def test_a_sentence_comes_back_as_a_plan_that_says_who_made_it_and_for_which_graph(ros):
    start_both(ros)
    response = plan(ros)
    assert response.success
    assert response.error_code == PlanErrorCode.NONE
    assert response.plan_text == '1. inspect(forklift_1, "Describe it.")'
    made = response.plan
    assert [(s.action, list(s.targets), s.text) for s in made.steps] == [
        ('inspect', ['forklift_1'], 'Describe it.')
    ]
    assert (made.task, made.source, made.model_id) == (TASK, Plan.SOURCE_SYMBOLIC, 'symbolic')
    assert made.header.frame_id == 'map'
    assert made.header.stamp.sec > 0
    assert any(made.plan_id.uuid)
    assert response.metrics.attempts == 1
    assert 0 < response.metrics.planning_time_s < 5


def test_history_decides_what_comes_next(ros):
    start_both(ros)
    first = plan(ros)
    turn = Turn(plan=first.plan, observations=[Observation(feedback='the left door is open')])
    second = plan(ros, history=[turn])
    assert second.plan_text == '1. answer("forklift_1: the left door is open")'
    turn.observations[0].status = Observation.FAILED
    assert plan(ros, history=[turn]).plan_text == first.plan_text
    assert plan(ros, history=[turn] * 3).plan_text.startswith('1. answer(')


def test_a_start_location_and_an_inline_graph_take_the_place_of_the_known_ones(ros):
    start_both(ros)
    assert plan(ros, task=DRIVE).plan_text.startswith('1. goto(field_2)')
    there = plan(ros, task=DRIVE, start_location='field_2')
    assert there.plan_text == '1. answer("I am at field_2.")'
    inline = render_scene_graph(make_graph(12))
    response = plan(ros, task='go to region 3', scene_graph_json=inline)
    assert response.plan_text.startswith('1. goto(region_3)')


DOES = {
    'Invents': 'it names a place that is not there',
    'WrongAction': 'it names an action that there is not',
    'Unreachable': 'it drives where no way leads',
    'Empty': 'its plan is empty',
    'Unavailable': 'its endpoint is down',
    'Crashes': 'it crashes',
    'GivesText': 'it gives a text',
    'CannotBeMade': 'it cannot be made',
}


@pytest.mark.parametrize(
    ('planner', 'code', 'words'),
    [
        ('Invents', PlanErrorCode.UNKNOWN_NODE, ["'atlantis'"]),
        ('WrongAction', PlanErrorCode.INVALID_ACTION, ["'fly'", 'goto']),
        ('Unreachable', PlanErrorCode.UNREACHABLE, ["'island_1'", 'bridge_1', 'extend_map']),
        ('Empty', PlanErrorCode.INVALID_OUTPUT, ['empty']),
        ('Unavailable', PlanErrorCode.MODEL_NOT_LOADED, ['endpoint is down']),
        ('Crashes', PlanErrorCode.INVALID_OUTPUT, ['ZeroDivisionError']),
        ('GivesText', PlanErrorCode.INVALID_OUTPUT, ['expected a Plan', 'str']),
        ('CannotBeMade', PlanErrorCode.MODEL_NOT_LOADED, ['no model here']),
    ],
)
def test_a_planner_that_fails_is_answered_for_and_the_next_one_plans(ros, planner, code, words):
    start_both(ros, planner, 'symbolic')
    with recovery(f'planner: {DOES[planner]}') as fault:
        fault.says(assert_refused(plan(ros, planner=planner), code, *words))
        response = plan(ros)
        assert response.success
    assert (response.plan.model_id, response.metrics.attempts) == ('symbolic', 2)


def test_text_that_no_message_can_hold_does_not_keep_the_reply_back(ros):
    start_both(ros, 'WritesBadText')
    with recovery('planner: it writes what no message can hold') as fault:
        response = plan(ros)
        fault.says(CODE_NAMES[response.error_code])
    assert response.plan.steps[0].text == 'a?bc'
    assert response.plan.source == Plan.SOURCE_OTHER


def test_a_hanging_planner_costs_its_deadline_and_the_heartbeat_goes_on(ros):
    start_both(ros, 'Hangs', 'symbolic')
    beats = ros.collect(PlanningStatus, 'planner_status')
    started_s = time.monotonic()
    response = plan(ros, planner='Hangs', timeout_s=2.5)
    elapsed_s = time.monotonic() - started_s
    assert_refused(response, PlanErrorCode.TIMEOUT, "'Hangs'", '2.5 s')
    assert 2.5 <= elapsed_s < 4
    assert len([b for b in beats if b.state == PlanningStatus.PLANNING]) >= 2
    started_s = time.monotonic()
    assert plan(ros, timeout_s=1.0).plan.model_id == 'symbolic'
    assert time.monotonic() - started_s < 2


def test_calls_that_hang_for_good_are_counted_and_then_refused(ros):
    start_both(ros, 'Hangs')
    with recovery('planner: eight calls hang for good') as fault:
        codes = [plan(ros, timeout_s=0.1).error_code for _ in range(9)]
        assert codes[:8] == [PlanErrorCode.TIMEOUT] * 8
        fault.says(CODE_NAMES[codes[8]])
        planners.RELEASE.set()
        fault.is_mended()
        ros.spin_until(lambda: plan(ros).success)


def test_a_second_call_is_busy_at_once(ros):
    start_both(ros, 'Hangs')
    first = ros.send(GetPlan, 'plan', GetPlan.Request(task=TASK, timeout_s=5.0))
    with recovery('request: beside another one') as fault:
        started_s = time.monotonic()
        fault.says(assert_refused(plan(ros), PlanErrorCode.BUSY))
        assert time.monotonic() - started_s < 2
        planners.RELEASE.set()
        ros.spin_until(first.done)
        assert first.result().success


def test_a_call_waits_for_the_graph_revision_it_asks_for(ros):
    start_both(ros)
    request = GetPlan.Request(
        task='what color is the forklift?', min_graph_revision=1, timeout_s=10.0
    )
    waiting = ros.send(GetPlan, 'plan', request)
    known = NodeAttributes(id='forklift_1', attributes=[KeyValue(key='color', value='red')])
    update = SceneGraphUpdate(set_attributes=[known])
    assert ros.call(UpdateGraph, 'update_graph', update=update).revision == 1
    ros.spin_until(waiting.done)
    response = waiting.result()
    assert response.plan.graph_revision == 1
    assert response.plan_text == '1. answer("The color of forklift_1 is red.")'


def test_a_call_before_the_first_graph_waits_for_it(ros):
    ros.start_planner(planner__order=['symbolic'])
    waiting = ros.send(GetPlan, 'plan', GetPlan.Request(task=TASK, timeout_s=20.0))
    time.sleep(0.5)
    assert not waiting.done()
    ros.start_graph()
    ros.spin_until(waiting.done)
    assert waiting.result().success


@pytest.mark.parametrize('wanted', [0, 3])
def test_without_a_graph_the_planner_says_at_its_deadline_whom_it_waits_for(ros, wanted):
    ros.start_planner()
    started_s = time.monotonic()
    with recovery('graph: it has no owner') as fault:
        response = plan(ros, timeout_s=0.5, min_graph_revision=wanted)
        fault.says(assert_refused(response, PlanErrorCode.NO_SCENE_GRAPH, 'prism_scene_graph'))
        assert 0.5 <= time.monotonic() - started_s < 3
        fault.is_mended()
        ros.start_graph()
        again(ros, lambda: plan(ros, timeout_s=5.0).success)


def test_a_graph_of_the_request_needs_no_other(ros):
    ros.start_planner(planner__order=['symbolic'])
    inline = render_scene_graph(make_graph(12))
    response = plan(ros, task='go to region 3', scene_graph_json=inline)
    assert response.success
    assert (response.plan.graph_epoch, response.plan.graph_revision) == (0, 0)


def test_a_graph_that_does_not_change_is_planned_on_as_long_as_its_owner_is_heard(ros):
    node = start_both(ros, graph__stale_after_s=2.0)
    beats = ros.collect(PlanningStatus, 'planner_status')
    time.sleep(3.0)
    assert plan(ros).success
    ros.spin_until(lambda: beats)
    assert beats[-1].graph_age_s < 2.0
    with recovery('graph: its owner falls silent') as fault:
        assert ros.change_state('prism_scene_graph', 'deactivate')
        ros.spin_until(lambda: node._trust.age_s > 2.0)
        words = (
            'has not been heard for 2.',
            'stale_after_s allows 2',
            'is prism_scene_graph active',
        )
        fault.says(assert_refused(plan(ros), PlanErrorCode.STALE_SCENE_GRAPH, *words))
        fault.is_mended()
        assert ros.change_state('prism_scene_graph', 'activate')
        ros.spin_until(lambda: plan(ros).success)


def test_a_plan_and_the_status_name_the_state_of_the_graph(ros):
    start_both(ros)
    beats = ros.collect(PlanningStatus, 'planner_status')
    assert ros.call(UpdateGraph, 'update_graph', update=MOVED).revision == 1
    made = plan(ros, min_graph_revision=1).plan
    graph = ros.call(GetSceneGraph, 'get_scene_graph').graph
    assert graph.epoch > 0
    assert (made.graph_epoch, made.graph_revision) == (graph.epoch, 1)
    assert list(made.warnings) == []
    ready = PlanningStatus.READY  # it tells of planning, too
    ros.spin_until(lambda: (beats[-1].graph_revision, beats[-1].state) == (1, ready))
    assert beats[-1].graph_epoch == graph.epoch


def test_an_owner_that_began_anew_is_doubted_until_it_is_told_where_the_robot_is(ros):
    node = start_both(ros)
    beats = ros.collect(PlanningStatus, 'planner_status')
    first = node._mirror.epoch
    for label in ('deactivate', 'cleanup', 'configure', 'activate'):
        assert ros.change_state('prism_scene_graph', label)
    with recovery('graph: its owner began anew and forgot all') as fault:
        ros.spin_until(lambda: node._mirror.epoch > first)
        ros.spin_until(lambda: beats and beats[-1].state == PlanningStatus.DEGRADED)
        assert 'began anew' in beats[-1].detail
        response = plan(ros)
        fault.says(CODE_NAMES[response.error_code])
    made = response.plan
    assert made.graph_epoch == node._mirror.epoch
    assert [w for w in made.warnings if 'until an update tells it again' in w]
    inline = render_scene_graph(make_graph(12))
    assert not plan(ros, task='go to region 3', scene_graph_json=inline).plan.warnings
    assert ros.call(UpdateGraph, 'update_graph', update=MOVED).success
    ros.spin_until(lambda: beats[-1].state == PlanningStatus.READY)
    assert not plan(ros).plan.warnings


def test_an_inactive_planner_says_so_and_follows_the_graph_all_the_same(ros):
    ros.start_graph()
    node = ros.start_planner(autostart=False)
    assert_refused(plan(ros), PlanErrorCode.NODE_INACTIVE, 'ros2 lifecycle set /prism_planner')
    assert ros.change_state('prism_planner', 'configure')
    assert_refused(plan(ros), PlanErrorCode.NODE_INACTIVE)
    assert ros.change_state('prism_planner', 'activate')
    ros.spin_until(lambda: node._mirror.graph is not None)
    assert plan(ros).success
    assert ros.change_state('prism_planner', 'deactivate')
    assert_refused(plan(ros), PlanErrorCode.NODE_INACTIVE)
    assert ros.change_state('prism_planner', 'activate')
    assert plan(ros).success


def test_an_impossible_transition_is_refused_and_the_node_lives_on(ros):
    start_both(ros)
    assert not ros.change_state('prism_planner', 'activate')
    assert ros.state('prism_planner') == 'active'
    assert plan(ros).success


def test_deactivation_ends_the_call_that_is_worked_on(ros):
    start_both(ros, 'Hangs')
    waiting = ros.send(GetPlan, 'plan', GetPlan.Request(task=TASK))
    ros.spin_until(planners.BEGUN.is_set)
    with recovery('node: deactivated while it plans') as fault:
        assert ros.change_state('prism_planner', 'deactivate')
        ros.spin_until(waiting.done)
        fault.says(assert_refused(waiting.result(), PlanErrorCode.NODE_INACTIVE))
        planners.RELEASE.set()
        assert ros.change_state('prism_planner', 'activate')
        assert plan(ros).success


@pytest.mark.parametrize(
    'names',
    [
        *(['nobody'], ['os:no_such_factory'], ['no_such_module:x'], ['os:sep'], ['']),
        [f'{HERE}:Instant', f'{HERE}:Instant'],
    ],
)
def test_planners_that_cannot_be_used_leave_the_node_unconfigured_but_up(ros, names):
    ros.start_planner(planner__order=names)
    assert ros.state('prism_planner') == 'unconfigured'
    assert_refused(plan(ros), PlanErrorCode.NODE_INACTIVE)


def test_who_joins_late_gets_the_plan_and_the_status(ros):
    start_both(ros)
    response = plan(ros)
    plans = ros.collect(Plan, 'current_plan')
    beats = ros.collect(PlanningStatus, 'planner_status')
    assert ros.spin_until(lambda: plans)[0].plan_id == response.plan.plan_id
    ros.spin_until(lambda: beats and beats[-1].last.attempts == 1)
    assert beats[-1].state == PlanningStatus.READY
    assert beats[-1].graph_age_s >= 0
    plan(ros, task='')
    plan(ros, planner='symbolic', start_location='mars')
    ros.spin_until(lambda: beats[-1].last_error_code == PlanErrorCode.UNKNOWN_LOCATION)


def test_two_robots_in_two_namespaces_plan_on_their_own_graphs(ros):
    for name, region in (('robot1', 'field_2'), ('robot2', 'parking_1')):
        ros.start_graph(namespace=name, graph__robot_location=region)
        node = ros.start_planner(namespace=name)
        ros.spin_until(lambda node=node: node._mirror.graph is not None)
    first = ros.call(GetPlan, 'robot1/plan', task=DRIVE, planner='symbolic')
    second = ros.call(GetPlan, 'robot2/plan', task=DRIVE, planner='symbolic')
    assert first.plan_text.startswith('1. answer(')
    assert second.plan_text.startswith('1. goto(field_2)')


def test_nothing_that_the_nodes_offer_has_a_global_name(ros):
    nodes = ros.start_graph(namespace='robot1'), ros.start_planner(namespace='robot1')
    shared = {'/rosout', '/parameter_events', '/diagnostics'}
    for node in nodes:
        arguments = node.get_name(), '/robot1'
        names = {
            name
            for list_names in (
                node.get_publisher_names_and_types_by_node,
                node.get_subscriber_names_and_types_by_node,
                node.get_service_names_and_types_by_node,
            )
            for name, _ in list_names(*arguments)
        }
        assert len(names) > 10
        assert [n for n in names - shared if not n.startswith('/robot1/')] == []


def test_every_parameter_is_described_by_the_running_node(ros):
    node = ros.start_planner()
    for spec in PLANNER_PARAMETERS:
        assert node.describe_parameter(spec.name).description == spec.description
