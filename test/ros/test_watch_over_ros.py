# SPDX-License-Identifier: Apache-2.0
"""prism watch over real DDS: what the page's server sends of a robot whose skills are simulated,
and what the buttons of the page do.
"""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import threading
import time

import pytest

from prism_core.watch import WatchServer
from prism_msgs.action import ExecuteMission
from prism_msgs.msg import Plan, PlanStep
from prism_ros.mock_skills_node import MockSkillsNode
from prism_ros.processes import node_process
from prism_ros.robot_watch import RobotWatch
from prism_ros.watch_messages import step_shown

from ..core.browsers import browser  # noqa: F401 - a fixture
from .asking import order, release_hanging_planners  # noqa: F401 - an autouse fixture
from .robots import MISSION_S, Robot, code

Feedback = ExecuteMission.Feedback
QUESTION = 'what color is the crate?'
DRIVE = 'go to yard_7'


class Page:
    """What a page gets from the server, and what it posts, while the client of a test spins."""

    def __init__(self, ros, server):
        self._ros, self._server = ros, server
        self._last: dict[str, dict] = {}
        threading.Thread(target=self._listen, daemon=True).start()
        ros.spin_until(lambda: 'state' in self._last)

    @property
    def url(self) -> str:
        return self._server.url

    def _listen(self) -> None:
        connection = http.client.HTTPConnection(self.url.removeprefix('http://'), timeout=60)
        connection.request('GET', '/events')
        with connection.getresponse() as response:
            while line := response.readline().decode():
                if line.startswith('event: '):
                    kind = line.removeprefix('event: ').strip()
                    self._last[kind] = json.loads(response.readline().removeprefix(b'data: '))

    def state(self) -> dict:
        """The last state event."""
        return self.event('state')

    def event(self, kind: str) -> dict:
        return self._last[kind]

    def wait(self, fits, timeout_s: float = MISSION_S) -> dict:
        """The first state that fits."""

        def look():
            state = self.state()
            return state if fits(state) else None

        return self._ros.spin_until(look, timeout_s)

    def post(self, path: str, **body) -> dict:
        connection = http.client.HTTPConnection(self.url.removeprefix('http://'), timeout=10)
        headers = {'Content-Type': 'application/json', 'Origin': self.url}
        connection.request('POST', path, json.dumps(body), headers)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer


@pytest.fixture
def page(ros):
    with (
        RobotWatch(domain_id=ros.domain) as robot,
        WatchServer(robot.board, robot, refresh=robot.refresh) as server,
    ):
        yield Page(ros, server)


def is_ready(state) -> bool:
    return bool(state['hasExecutor'] and state['graph'] and state['planners'])


def is_ended(state) -> bool:
    return state['end'] is not None


# ------------------------------------------------------------------- missions of whoever sent them


def test_a_mission_of_somebody_else_is_shown_with_its_plan_its_steps_and_its_answer(
    ros, tmp_path, page
):
    robot = Robot(ros, tmp_path, 'symbolic', skills={'skills__delay_s': 0.5})
    page.wait(is_ready)
    future = robot.send(QUESTION)
    under_way = page.wait(lambda s: s['mission'] and s['mission']['phase'] == 'executing')
    assert under_way['plan']['task'] == QUESTION
    assert under_way['plan']['source'] == 'symbolic'
    assert 'running' in [step['status'] for step in under_way['plan']['steps']]
    limits = page.wait(lambda s: s['mission'] and s['mission']['limits']['time_s'])['mission']
    timeout_s = robot.executor.get_parameter('executor.timeout_s').value
    assert limits['limits']['time_s'] == timeout_s
    result = robot.end_of(future)
    state = page.wait(is_ended)
    assert state['end']['code'] == 'NONE'
    assert state['end']['answer'] == result.answer
    assert state['end']['mission_id'] == result.mission_id
    assert state['mission'] is None
    assert {step['status'] for step in state['plan']['steps']} == {'succeeded'}
    said = [text for _, text, _ in state['seen']]
    assert any('crate_31' in text and text.startswith('new:') for text in said)
    assert any(text.startswith('blocked:') for text in said)
    # The map has what was found, where the robot stands and where it was.
    shown = page.event('map')
    names = [node[0] for node in shown['nodes']]
    assert 'crate_31' in names
    at = robot.executor._mirror.graph.robot_location
    assert names[shown['turns'][-1]['robot'][0]] == at
    assert len(shown['turns']) > 1


def test_who_comes_late_sees_how_the_last_mission_ended(ros, tmp_path):
    robot = Robot(ros, tmp_path, 'symbolic')
    result = robot.run(DRIVE)
    with (
        RobotWatch(domain_id=ros.domain) as watching,
        WatchServer(watching.board, watching, refresh=watching.refresh) as server,
    ):
        state = Page(ros, server).wait(lambda s: is_ended(s) and s['graph'] and s['planners'])
    assert state['end']['mission_id'] == result.mission_id
    assert state['plan']['task'] == DRIVE
    assert [step['status'] for step in state['plan']['steps']] == ['succeeded'] * len(
        result.last_plan.steps
    )
    assert state['graph']['at'] == 'yard_7'


def test_a_mission_that_is_refused_beside_another_does_not_end_it_on_the_page(ros, tmp_path, page):
    robot = Robot(ros, tmp_path, 'Insists', skills={'skills__hanging': ['goto']})
    page.wait(is_ready)
    robot.send(DRIVE)
    page.wait(lambda s: s['mission'] and s['mission']['phase'] == 'executing')
    assert code(robot.run(QUESTION)) == 'BUSY'
    time.sleep(1)
    assert page.state()['mission']['phase'] == 'executing'
    assert not page.post('/task', task=QUESTION)['done']


# ---------------------------------------------------------------------------------------- buttons


def test_the_stop_button_stops_the_mission_and_the_robot(ros, tmp_path, page):
    robot = Robot(ros, tmp_path, 'Insists', skills={'skills__hanging': ['goto']})
    page.wait(is_ready)
    future = robot.send(DRIVE)
    page.wait(lambda s: s['mission'] and s['mission']['phase'] == 'executing')
    begun_s = time.monotonic()
    assert page.post('/stop') == {'done': True, 'said': 'the mission is stopped'}
    result = robot.end_of(future)
    assert time.monotonic() - begun_s < 5
    assert code(result) == 'CANCELED'
    assert 'stopped' in result.error_msg
    ros.spin_until(lambda: robot.skills._waiter is None)  # the skill was canceled
    assert robot.executor._mirror.graph.robot_location == 'gate_3'
    assert page.wait(is_ended)['end']['code'] == 'CANCELED'
    assert page.post('/stop')['said'] == 'no mission is under way'


@pytest.mark.parametrize('is_allowed', [True, False])
def test_a_step_is_carried_out_when_it_is_allowed_on_the_page_and_not_when_it_is_forbidden(
    ros, tmp_path, page, is_allowed
):
    robot = Robot(ros, tmp_path, 'Insists')
    page.wait(is_ready)
    assert page.post('/task', task=DRIVE, require_approval=True)['done']
    due = page.wait(lambda s: s['approval'])['approval']
    assert due['text'] == 'goto(yard_7)'
    wrong = page.post('/approve', plan_id=due['plan'], step=due['step'] + 7, approve=True)
    assert not wrong['done']
    assert wrong['said'].endswith('[INVALID_REQUEST]')
    said = page.post(
        '/approve', plan_id=due['plan'], step=due['step'], approve=is_allowed, reason='people'
    )
    assert said['done']
    end = page.wait(is_ended)['end']
    assert end['code'] == ('NONE' if is_allowed else 'APPROVAL_DENIED')
    assert ('people' in end['error']) != is_allowed
    at = robot.executor._mirror.graph.robot_location
    assert at == ('yard_7' if is_allowed else 'gate_3')


def test_a_question_is_answered_on_the_page_and_the_mission_goes_on(ros, tmp_path, page):
    Robot(ros, tmp_path, 'symbolic', known=None, true=None)
    page.wait(is_ready)
    assert page.post('/task', task='inspect the car')['done']
    asked = page.wait(is_ended)['end']
    assert asked['isQuestion']
    assert 'car_1 or car_2' in asked['answer']
    assert page.post('/task', task='car_2', continue_mission=asked['mission_id'])['done']
    end = page.wait(lambda s: is_ended(s) and s['end']['mission_id'] != asked['mission_id'])['end']
    assert end['code'] == 'NONE', end['error']
    assert 'red car' in end['answer']


def test_without_a_robot_the_page_says_so_and_a_stop_ends_in_a_sentence(page):
    state = page.state()
    assert (state['hasExecutor'], state['graph'], state['planners']) == (False, None, None)
    said = page.post('/stop')
    assert not said['done']
    assert said['said'] == "nobody serves '/stop'; is prism_executor running?"


def test_an_executor_that_ends_takes_its_mission_from_the_page(ros, tmp_path, page):
    ros.start_graph()
    ros.start_planner(planner__order=order('Insists'))
    ros.start(MockSkillsNode, skills__hanging=['goto'])
    with (
        open(tmp_path / 'log', 'w') as log,
        node_process('executor_node', ros.domain, log) as dying,
    ):
        page.wait(is_ready)
        # A node that is just being configured answers late.
        ros.spin_until(
            lambda: page.state()['mission'] or page.post('/task', task='go to field_2')['done'],
            MISSION_S,
        )
        page.wait(lambda s: s['mission'] and s['mission']['phase'] == 'executing')
        dying.send_signal(signal.SIGINT)
        end = page.wait(is_ended)['end']
    assert (end['code'], end['error']) == ('UNKNOWN', 'prism_executor is gone')
    assert not page.wait(lambda s: not s['hasExecutor'])['mission']
    assert 'is prism_executor running?' in page.post('/stop')['said']


def test_the_page_works_in_a_browser_on_a_real_robot(ros, tmp_path, page, browser):  # noqa: F811
    from playwright.sync_api import expect

    Robot(ros, tmp_path, 'symbolic', skills={'skills__delay_s': 0.2})
    page.wait(is_ready)
    tab = browser.new_page()
    tab.set_default_timeout(20_000)
    tab.goto(page.url)
    expect(tab.locator('#doing')).to_have_text('no mission is under way')
    tab.locator('[name=task]').fill(QUESTION)
    tab.get_by_label('ask me before each step').check()
    tab.get_by_role('button', name='Send').click()
    allowed = 0
    while not tab.locator('#end').is_visible():
        if tab.locator('#approve').is_visible() and tab.locator('#approve').is_enabled():
            tab.locator('#approve').click()
            allowed += 1
        tab.wait_for_timeout(100)
    assert allowed > 1
    expect(tab.locator('#end-text')).to_contain_text('red')
    expect(tab.locator('#source')).to_contain_text('by symbolic')
    expect(tab.locator('#seen')).to_contain_text('crate_31')
    tab.close()


# -------------------------------------------------------------------------------------- the command


def test_the_command_serves_the_page_until_it_is_interrupted(ros):
    program = 'from prism_ros.watch_command import watch; watch()'
    process = subprocess.Popen(
        [sys.executable, '-u', '-c', program, '--port', '0', '--view-only'],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    line = process.stdout.readline()
    assert line.startswith('the robot is shown at http://127.0.0.1:'), line
    url = line.removeprefix('the robot is shown at http://').partition(';')[0]
    connection = http.client.HTTPConnection(url, timeout=10)
    connection.request('GET', '/')
    text = connection.getresponse().read().decode()
    connection.close()
    assert '"canAct": false' in text
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 0, process.stdout.read()


@pytest.mark.parametrize(
    ('fields', 'text'),
    [
        ({'action': 'goto', 'targets': ['dock_1']}, 'goto(dock_1)'),
        ({'action': 'ask', 'text': 'a "b"?'}, 'ask("a \\"b\\"?")'),
        ({'action': 'look', 'targets': ['a_1'], 'text': 'ä'}, 'look(a_1, "ä")'),
        ({'action': 'reach', 'has_point': True, 'radius': 2.0}, 'reach(0, 0, 2)'),
        ({'action': 'done'}, 'done()'),
    ],
)
def test_a_step_of_any_domain_is_written_out(fields, text):
    assert step_shown(PlanStep(**fields)).text == text
    assert Plan(steps=[PlanStep(**fields)]).steps[0].action == fields['action']
