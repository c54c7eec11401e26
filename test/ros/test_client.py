# SPDX-License-Identifier: Apache-2.0
"""The client of a robot over real DDS: what it gets, from where it may be asked, and what it says
where nobody is there.
"""

from __future__ import annotations

import concurrent.futures
import threading
import time

import pytest
from rclpy.task import Future

from prism_core import parse_scene_graph
from prism_msgs.action import ExecuteMission
from prism_msgs.msg import Plan, PlanErrorCode, PlanStep
from prism_msgs.srv import GetPlan
from prism_ros import client_mission
from prism_ros.client import Feedback, NoReply, NotThere, PrismClient, Refusal
from prism_ros.managed_node import ManagedNode
from prism_ros.parameters import EXECUTOR_PARAMETERS

from .asking import TASK, release_hanging_planners, start_both  # noqa: F401 - a fixture
from .robots import Robot

DRIVE = 'go to yard_7'


@pytest.fixture
def client(ros):
    with PrismClient(domain_id=ros.domain, wait_s=20.0) as client:
        yield client


# --------------------------------------------------------------------------------- plans and graphs


def test_a_plan_is_made_checked_and_seen(ros, client):
    start_both(ros)
    reply = client.plan(TASK)
    assert reply.plan_text.startswith('1. ')
    assert client.validate(reply.plan).accepted
    reply.plan.steps[0].targets = ['atlantis']
    verdict = client.validate(reply.plan)
    assert not verdict.accepted
    assert 'atlantis' in verdict.error_msg
    assert client.current_plan().plan_id == reply.plan.plan_id
    assert client.status().domain == 'mapping'


def test_what_the_robot_knows_comes_as_message_and_as_json(ros, client):
    ros.start_graph()
    names = {node.id for node in client.scene_graph().nodes}
    assert names == parse_scene_graph(client.scene_graph_json()).nodes.keys()
    assert {node.id for node in client.scene_graph('dock_1', 0).nodes} < names


def test_a_request_that_is_refused_says_its_code_and_why(ros, client):
    start_both(ros)
    with pytest.raises(Refusal, match='task') as refused:
        client.plan(' ')
    assert refused.value.name == 'INVALID_REQUEST'
    assert not isinstance(refused.value, (NotThere, NoReply))


# ----------------------------------------------------------------------------------------- missions


def test_a_mission_tells_what_it_is_at_and_its_answer(ros, client, tmp_path):
    robot = Robot(ros, tmp_path, 'symbolic', skills={'skills__delay_s': 0.3})
    told: list[Feedback] = []
    result = client.execute('what color is the crate?', told.append)
    assert result.is_answered, result.error
    assert 'red' in result.answer
    assert result.question == ''
    assert Feedback.EXECUTING in {feedback.phase for feedback in told}
    assert result.message.history[-1].action == 'answer'
    assert robot.executor._run_now is None
    for _ in range(3):  # whether that of the planner comes first, or that of the executor
        shown = client.current_plan()
        assert {step.status for step in shown.steps} == {PlanStep.SUCCEEDED}
    later = client.plan(TASK).plan.plan_id
    assert client.current_plan().plan_id == later


def test_who_watches_sees_each_step_go(ros, client, tmp_path):
    Robot(ros, tmp_path, 'symbolic', skills={'skills__delay_s': 0.3})
    assert client.current_plan(0.2) is None
    mission = client.start(DRIVE)
    seen: set[int] = set()
    for plan in client.watch(20.0):
        seen |= {step.status for step in plan.steps}
        if plan.steps[-1].status == PlanStep.SUCCEEDED:
            break
    assert {PlanStep.RUNNING, PlanStep.SUCCEEDED} <= seen
    assert mission.result(20.0).is_answered
    assert mission.is_over


def test_steps_are_approved_once_each_and_a_no_ends_the_mission(ros, client, tmp_path):
    Robot(ros, tmp_path, 'symbolic', skills={'skills__delay_s': 0.3})
    asked: list[str] = []

    def allow(feedback):
        asked.append(f'{feedback.current_step.action} {feedback.step_index}')
        time.sleep(1.2)  # another feedback comes meanwhile
        return (True, 'go') if len(asked) == 1 else (False, 'the floor is wet')

    result = client.execute('what color is the crate?', approve=allow, require_approval=True)
    assert result.code == 'APPROVAL_DENIED'
    assert 'the floor is wet' in result.error
    assert len(asked) == 2


def test_a_mission_is_canceled_and_one_of_anybody_is_stopped(ros, client, tmp_path):
    Robot(ros, tmp_path, 'symbolic', skills={'skills__hanging': ['goto']})
    for end in (lambda mission: mission.cancel(), lambda mission: client.stop()):
        mission = client.start(DRIVE)
        next(f for f in mission.feedback() if f.phase == Feedback.EXECUTING)
        assert mission.last_feedback.current_step.action == 'goto'
        end(mission)
        assert mission.result(20.0).code == 'CANCELED'
    assert client.stop() == 'no mission is under way'


def test_an_error_in_a_callback_cancels_the_mission_and_comes_through(ros, client, tmp_path):
    robot = Robot(ros, tmp_path, 'symbolic', skills={'skills__hanging': ['goto']})

    def fail(feedback):
        if feedback.phase == Feedback.EXECUTING:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.execute(DRIVE, fail)
    ros.spin_until(lambda: robot.executor._run_now is None)


def test_a_second_mission_is_refused_as_busy(ros, client, tmp_path):
    Robot(ros, tmp_path, 'symbolic', skills={'skills__hanging': ['goto']})
    mission = client.start(DRIVE)
    with pytest.raises(NoReply, match=r'has not ended in 0\.2 s; it goes on'):
        mission.result(0.2)
    with pytest.raises(Refusal, match='another mission is under way') as refused:
        client.execute(DRIVE)
    assert refused.value.name == 'BUSY'
    client.stop()
    assert mission.result(20.0).code == 'CANCELED'


def test_a_field_that_no_goal_has_is_named(client):
    with pytest.raises(TypeError, match=r'no field max_turn; it has .*max_turns'):
        client.start(DRIVE, max_turn=3)


# ------------------------------------------------------------------------------------ nobody there


@pytest.mark.parametrize(
    ('ask', 'name'),
    [
        (lambda client: client.plan(TASK), '/arm/plan'),
        (lambda client: client.execute(DRIVE), '/arm/execute_mission'),
        (lambda client: client.stop(), '/arm/stop'),
        (lambda client: client.scene_graph(), '/arm/get_scene_graph'),
        (lambda client: client.status(0.1), '/arm/planner_status'),
    ],
)
def test_where_nobody_is_there_it_says_who_is_missing_and_what_to_start(ros, ask, name):
    with (
        PrismClient('arm', ros.domain, wait_s=0.1) as client,
        pytest.raises(NotThere, match=f"nobody (serves|publishes) '{name}'") as missing,
    ):
        ask(client)
    assert str(ros.domain) in str(missing.value) or 'prism_planner' in str(missing.value)


def test_a_planner_that_does_not_answer_in_time_is_no_endless_wait(ros, client):
    ros.node.create_service(GetPlan, 'plan', lambda request, response: response)  # never spun
    started_s = time.monotonic()
    with pytest.raises(NoReply, match=r"'/plan' did not answer in 2\.2 s"):
        client.plan(TASK, timeout_s=0.2)
    assert time.monotonic() - started_s < 20.0


class Vanishing(ManagedNode):
    """An executor that takes a mission and is gone, or knows nothing of it."""

    def __init__(self, **node_arguments):
        super().__init__('prism_executor', EXECUTOR_PARAMETERS, **node_arguments)
        self._server = self.serve_action(
            ExecuteMission, 'execute_mission', self._take, lambda goal_handle: None
        )

    async def _take(self, goal_handle, result) -> None:
        if goal_handle.request.task == 'forget it':
            return
        self.once(0.2, lambda: self.end_action(self._server))
        await Future(executor=self.executor)


def test_an_executor_that_goes_away_ends_the_wait(ros, client, monkeypatch):
    monkeypatch.setattr(client_mission, '_QUIET_S', 0.3)
    ros.start(Vanishing)
    with pytest.raises(NoReply, match='knows nothing of the mission'):
        client.execute('forget it')
    with pytest.raises(NotThere, match="'/execute_mission' has gone away while the mission"):
        client.execute(DRIVE)


def test_an_executor_that_says_nothing_for_long_ends_the_wait(ros, client, monkeypatch):
    monkeypatch.setattr(client_mission, '_QUIET_S', 0.2)
    monkeypatch.setattr(client_mission, '_LOST_S', 0.5)
    monkeypatch.setattr(client_mission, '_LOOK_S', 0.2)
    monkeypatch.setattr(Vanishing, 'once', lambda self, delay_s, callback: None)
    ros.start(Vanishing)
    with pytest.raises(NoReply, match=r'has said nothing of the mission for .* started again'):
        client.execute(DRIVE)


# -------------------------------------------------------------------------- from where it is asked


def test_many_threads_ask_at_once(ros, client):
    ros.start_graph()
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        texts = set(threads.map(lambda _: client.scene_graph_json(), range(40)))
    assert len(texts) == 1


def test_it_is_asked_from_a_callback_of_a_node_that_is_spun(ros, client):
    ros.start_graph()
    got: list[str] = []
    timer = ros.node.create_timer(0.05, lambda: got.append(client.scene_graph_json()))
    ros.spin_until(lambda: got)
    ros.node.destroy_timer(timer)
    assert 'dock_1' in got[0]


def test_on_its_own_thread_it_does_not_wait_for_itself(client):
    with pytest.raises(RuntimeError, match='its own thread'):
        client._thread.run(lambda: client.stop())


def test_a_closed_client_says_so_and_leaves_no_thread(ros):
    before = threading.active_count()
    client = PrismClient(domain_id=ros.domain)
    client.close()
    client.close()
    with pytest.raises(RuntimeError, match='closed'):
        client.plan(TASK)
    assert threading.active_count() == before


def test_the_step_that_nobody_awaits_cannot_be_approved(ros, client, tmp_path):
    Robot(ros, tmp_path, has_skills=False)
    with pytest.raises(Refusal, match='no mission is under way') as refused:
        client.approve(Feedback(), False, 'x' * 300)
    assert refused.value.code == PlanErrorCode.INVALID_REQUEST
    assert isinstance(client.current_plan(0.1), (Plan, type(None)))
