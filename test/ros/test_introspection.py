# SPDX-License-Identifier: Apache-2.0
"""Calls are told on topics where parameter introspection_mode says so."""

import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.clock import Clock
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_services_default
from rclpy.service import Service

from prism_msgs.action import PlanMission
from prism_msgs.srv import GetPlan, UpdateGraph
from prism_ros.introspection import introspect

from .asking import TASK, plan, release_hanging_planners, start_both  # noqa: F401

pytestmark = pytest.mark.skipif(
    not hasattr(Service, 'configure_introspection'),
    reason='this distribution of ROS (before Jazzy) has no service introspection',
)


def follow(ros, kind, topic):
    """The events of a service, once its node has them to tell."""
    events = ros.collect(kind.Event, topic, qos_profile_services_default)
    ros.spin_until(lambda: ros.node.count_publishers(topic))
    return events


def set_mode(ros, mode):
    message = Parameter('introspection_mode', value=mode).to_parameter_msg()
    response = ros.call(SetParameters, 'prism_planner/set_parameters', parameters=[message])
    return response.results[0]


def kinds_of(events):
    return [event.info.event_type for event in events]


def test_contents_are_what_was_asked_and_answered(ros):
    start_both(ros, introspection_mode='contents')
    events = follow(ros, GetPlan, 'plan/_service_event')
    answer = plan(ros)
    ros.spin_until(lambda: len(events) == 2)
    asked, answered = events
    assert kinds_of(events) == [asked.info.REQUEST_RECEIVED, asked.info.RESPONSE_SENT]
    assert asked.request[0].task == TASK
    assert answered.response[0].plan_text == answer.plan_text
    assert asked.info.sequence_number == answered.info.sequence_number


def test_metadata_is_that_a_call_came_and_nothing_of_it(ros):
    start_both(ros, introspection_mode='metadata')
    events = follow(ros, GetPlan, 'plan/_service_event')
    plan(ros)
    ros.spin_until(lambda: len(events) == 2)
    assert [len(event.request) + len(event.response) for event in events] == [0, 0]


def test_nothing_is_told_unless_it_is_asked_for_and_it_changes_while_the_node_runs(ros):
    start_both(ros)
    events = ros.collect(GetPlan.Event, 'plan/_service_event', qos_profile_services_default)
    plan(ros)
    assert set_mode(ros, 'metadata').successful
    ros.spin_until(lambda: ros.node.count_publishers('plan/_service_event'))
    assert events == []
    plan(ros)
    ros.spin_until(lambda: len(events) == 2)
    assert set_mode(ros, 'disabled').successful
    plan(ros)
    ros.spin_until(lambda: not ros.node.count_publishers('plan/_service_event'))
    assert len(events) == 2


def test_a_mode_that_there_is_not_is_refused_with_those_that_there_are(ros):
    ros.start_planner()
    result = set_mode(ros, 'all')
    assert not result.successful
    assert result.reason.endswith(
        "expected one of disabled, metadata, contents, got the text 'all'"
    )


def test_every_service_of_the_owner_of_the_graph_tells_its_calls(ros):
    node = ros.start_graph(introspection_mode='metadata')
    events = follow(ros, UpdateGraph, 'update_graph/_service_event')
    ros.call_update(node._owned.graph)
    ros.spin_until(lambda: len(events) == 2)


def test_where_it_cannot_be_done_that_is_said_once_and_the_node_works(ros, capfd, monkeypatch):
    monkeypatch.delattr(Service, 'configure_introspection')
    start_both(ros, introspection_mode='contents')
    assert plan(ros).success
    lines = [line for line in capfd.readouterr().err.splitlines() if 'WARN' in line]
    assert len([line for line in lines if 'contents, and this distribution of ROS' in line]) == 1


def test_actions_tell_where_rclpy_can(ros):
    node = start_both(ros, introspection_mode='contents')
    (server,) = node._action_servers
    can_tell = hasattr(server, 'configure_introspection')
    assert introspect(server, 'contents', Clock()) == can_tell
    if can_tell:
        kind = PlanMission.Impl.SendGoalService
        follow(ros, kind, 'plan_mission/_action/send_goal/_service_event')
