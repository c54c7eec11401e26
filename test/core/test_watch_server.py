# SPDX-License-Identifier: Apache-2.0
"""`prism watch` over real sockets: live events, strangers, slow browsers; and in a real browser."""

from __future__ import annotations

import http.client
import json
import socket
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest

from prism_core.inference.endpoint import bounded_http
from prism_core.watch import (
    CommandReply,
    Limits,
    MissionEnd,
    MissionProgress,
    PlannersNow,
    WatchBoard,
    WatchedPlanner,
    WatchServer,
)
from prism_core.watch import server as watch_server

from .browsers import browser  # noqa: F401 - a fixture
from .test_watch import ID, KNOWN, PLAN, Heard, with_statuses

JSON = 'application/json'
HOSTILE = (
    '</script><script>document.title = "broken"</script><img src="x" onerror="alert(1)"> & <!--'
)


@pytest.fixture
def board():
    board = WatchBoard('/robot1')
    board.take_graph(KNOWN)
    return board


@pytest.fixture
def robot():
    return Heard()


@pytest.fixture
def server(board, robot):
    with WatchServer(board, robot) as started:
        yield started


def ask(server, method: str, path: str, body: bytes | None = None, **headers):
    """Status, headers and text of a request; `__` in the name of a header stands for `-`."""
    connection = http.client.HTTPConnection(server.url.removeprefix('http://'), timeout=10)
    named = {name.replace('__', '-'): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, dict(response.getheaders()), text


def post(server, path: str, body, **headers):
    raw = json.dumps(body).encode()
    status, _, text = ask(server, 'POST', path, raw, **({'Content__Type': JSON} | headers))
    return status, json.loads(text)


@contextmanager
def listening(server):
    """The events of a page, as they come: kind and data."""
    host, port = server.url.removeprefix('http://').split(':')
    connection = socket.create_connection((host, int(port)), timeout=10)
    connection.sendall(f'GET /events HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n'.encode())
    file = connection.makefile('r', encoding='utf-8')
    assert file.readline().split()[1] == '200'
    while file.readline().strip():
        pass

    def events():
        while line := file.readline():
            kind, data = line.removeprefix('event: ').strip(), file.readline()
            file.readline()
            yield kind, json.loads(data.removeprefix('data: '))

    try:
        yield events()
    finally:
        file.close()
        connection.close()


def wait_for(events, kind: str, fits=lambda data: True, timeout_s: float = 10.0):
    end_s = time.monotonic() + timeout_s
    for heard, data in events:
        if heard == kind and fits(data):
            return data
        assert time.monotonic() < end_s, f'no {kind} event in {timeout_s} s'
    raise AssertionError('the events ended')


# ------------------------------------------------------------------------------------- live events


def test_a_page_that_is_opened_late_has_everything_at_once(server, board):
    board.take_plan(PLAN)
    time.sleep(3 * watch_server.PERIOD_S)
    begun_s = time.monotonic()
    with listening(server) as events:
        first = dict([next(events), next(events)])
    assert time.monotonic() - begun_s < 2
    assert first['state']['plan']['task'] == PLAN.task
    assert len(first['map']['nodes']) == len(KNOWN.nodes)


def test_changes_come_by_themselves_and_something_comes_each_second(server, board):
    with listening(server) as events:
        wait_for(events, 'state')
        board.take_progress(ID, MissionProgress('executing', message='on my way'))
        said = wait_for(events, 'state', lambda state: state['mission'])
        assert said['mission']['message'] == 'on my way'
        begun_s = time.monotonic()
        wait_for(events, 'beat')
        assert time.monotonic() - begun_s < 5


def test_however_fast_a_robot_talks_a_page_is_told_at_a_bounded_rate(server, board):
    with listening(server) as events:
        begun_s, count = time.monotonic(), 0
        while (took_s := time.monotonic() - begun_s) < 1.5:
            for number in range(50):
                board.note(f'{took_s} {number}')
            kind, _ = next(events)
            count += kind == 'state'
    assert count <= (took_s + 0.5) / watch_server.PERIOD_S + 1


def test_what_goes_wrong_in_the_looking_is_a_line_on_the_page_and_no_end_of_it(board, robot):
    calls = []

    def refresh():
        calls.append(0)
        if len(calls) == 2:
            raise ZeroDivisionError('a bug')

    with WatchServer(board, robot, refresh=refresh) as server, listening(server) as events:
        said = wait_for(events, 'state', lambda state: state['seen'])
        assert said['seen'][-1][1:] == ['unexpected ZeroDivisionError: a bug', 1]
        board.note('and on')
        wait_for(events, 'state', lambda state: state['seen'][-1][1] == 'and on')


def test_a_page_that_takes_nothing_keeps_nobody_waiting_and_is_let_go(
    server, board, robot, monkeypatch
):
    monkeypatch.setattr(watch_server, 'SLOW_S', 0.5)
    host, port = server.url.removeprefix('http://').split(':')
    dead = []
    for _ in range(watch_server.MAX_STREAMS):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.connect((host, int(port)))
        connection.sendall(f'GET /events HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n'.encode())
        dead.append(connection)
    end_s = time.monotonic() + 10
    while server.streams._value and time.monotonic() < end_s:
        time.sleep(0.02)
    status, _, text = ask(server, 'GET', '/events')
    assert (status, json.loads(text)['said']) == (503, '16 pages are open; close one')
    begun_s = time.monotonic()
    assert post(server, '/stop', {}) == (200, {'done': True, 'said': 'heard'})
    assert time.monotonic() - begun_s < 2
    end_s = time.monotonic() + 60
    number = 0
    while server.streams._value < watch_server.MAX_STREAMS and time.monotonic() < end_s:
        number += 1  # more than the buffers of the system hold
        board.take_plan(replace(PLAN, task=f'{number} {"x" * 500_000}'))
        time.sleep(watch_server.PERIOD_S)
    assert server.streams._value == watch_server.MAX_STREAMS
    with listening(server) as events:
        wait_for(events, 'state')
    for connection in dead:
        connection.close()


def test_a_server_that_is_closed_ends_its_events(board, robot):
    with WatchServer(board, robot) as server:
        with listening(server) as events:
            wait_for(events, 'state')
            server.close()
            for _ in events:
                pass
        with pytest.raises(OSError, match='refused'):
            ask(server, 'GET', '/')


# ---------------------------------------------------------------------------------- who may ask


def test_the_page_is_served_with_all_that_keeps_others_out(server):
    status, headers, text = ask(server, 'GET', '/')
    assert status == 200
    assert 'Stop the mission' in text
    assert headers['Content-Security-Policy'] == "frame-ancestors 'none'"
    assert headers['X-Frame-Options'] == 'DENY'
    assert headers['Cache-Control'] == 'no-store'
    assert server.url.startswith('http://127.0.0.1:')


@pytest.mark.parametrize('method', ['GET', 'POST'])
@pytest.mark.parametrize('host', ['evil.example', 'evil.example:8020', '[', '10.0.0.7'])
def test_a_name_of_elsewhere_for_this_machine_is_refused(server, robot, method, host):
    for path in ('/', '/events', '/stop'):
        status, _, text = ask(server, method, path, b'{}', Host=host, Content__Type=JSON)
        assert status == 403
        assert 'expected a name of this machine as host' in text
    assert robot.told == []


@pytest.mark.parametrize(
    'origin',
    ['https://evil.example', 'null', 'http://localhost:3000', 'http://127.0.0.1', 'https://{own}'],
)
def test_a_page_of_elsewhere_and_of_another_server_of_this_machine_is_refused(
    server, robot, origin
):
    own = server.url.removeprefix('http://')
    status, said = post(server, '/stop', {}, Origin=origin.format(own=own))
    assert status == 403
    assert 'expected no web page of elsewhere to ask' in said['said']
    assert ask(server, 'GET', '/events', Origin=origin.format(own=own))[0] == 403
    assert robot.told == []
    assert post(server, '/stop', {}, Origin=server.url)[0] == 200


@pytest.mark.parametrize('kind', ['text/plain', 'application/x-www-form-urlencoded'])
def test_what_a_web_page_can_post_without_asking_is_refused(server, robot, kind):
    assert post(server, '/stop', {}, Content__Type=kind)[0] == 415
    assert robot.told == []


@pytest.mark.parametrize(
    ('method', 'path', 'body', 'status'),
    [
        ('GET', '/../../etc/passwd', None, 404),
        ('GET', '/stop', None, 404),
        ('POST', '/fly', b'{}', 404),
        ('POST', '/task', b'{', 400),
        ('POST', '/task', b'{"task": "a", "task": "b"}', 400),
        ('POST', '/task', b'[' * 9000, 400),
        ('POST', '/task', b'{"task": ""}', 400),
        ('POST', '/task', b' ' * (watch_server.MAX_BODY_BYTES + 1), 413),
    ],
)
def test_what_is_no_request_of_the_page_is_refused(server, robot, method, path, body, status):
    assert ask(server, method, path, body, Content__Type=JSON)[0] == status
    assert robot.told == []


def test_where_nobody_may_tell_anything_nothing_is_taken(board):
    with WatchServer(board, None) as server:
        status, said = post(server, '/stop', {})
    assert (status, said['done']) == (403, False)
    assert '--view-only' in said['said']


def test_any_number_of_silent_clients_takes_nobodys_place(server):
    host, port = server.url.removeprefix('http://').split(':')
    silent = [
        socket.create_connection((host, int(port)), timeout=10)
        for _ in range(bounded_http.MAX_CONNECTIONS + 20)
    ]
    assert post(server, '/stop', {})[0] == 200
    for connection in silent:
        connection.close()


# ------------------------------------------------------------------------------------ in a browser


@pytest.fixture
def open_page(browser, server):  # noqa: F811 - the fixture
    """Opens the page, which must neither fail nor ask anybody but its own server."""
    opened, faults = [], []

    def open_page(width: int = 1300):
        tab = browser.new_page(viewport={'width': width, 'height': 900})
        opened.append(tab)
        tab.set_default_timeout(15_000)
        tab.on('pageerror', lambda error: faults.append(str(error)))
        tab.on('console', lambda message: faults.append(message.text))
        tab.on('request', lambda r: r.url.startswith(server.url) or faults.append(r.url))
        tab.goto(server.url)
        return tab

    yield open_page
    for tab in opened:
        tab.close()
    assert not faults


def fill(board):
    board.take_executor(True)
    board.take_limits(Limits(10, 3, 200.0, 60.0))
    board.take_planners(
        PlannersNow('ready', planners=(WatchedPlanner('student', 'out', 'the model is missing'),))
    )
    board.take_plan(with_statuses(PLAN, 'succeeded', 'running'))
    board.take_progress(ID, MissionProgress('executing', PLAN.plan_id, 1, 2, distance_m=50.0))


def test_a_browser_shows_the_map_the_plan_who_planned_and_what_is_left(board, open_page):
    from playwright.sync_api import expect

    fill(board)
    tab = open_page()
    expect(tab.locator('#map .node')).to_have_count(len(KNOWN.nodes))
    expect(tab.locator('#map svg')).to_have_attribute(
        'aria-label', 'Map of 4 nodes, robot in gate_3'
    )
    expect(tab.locator('#task')).to_have_text(f'“{PLAN.task}”')
    expect(tab.locator('#steps [aria-current=step]')).to_contain_text('look(shed_2)')
    expect(tab.locator('#source')).to_have_text('by symbolic')
    expect(tab.locator('#passed-over')).to_contain_text('student: it did not answer')
    expect(tab.locator('#planners')).to_contain_text('the model is missing')
    expect(tab.locator('#budgets')).to_contain_text('150 m left of 200 m')
    expect(tab.locator('#doing')).to_have_text('executing, step 2 of 2')
    expect(tab.locator('#link')).to_have_text('live')
    assert tab.title() == 'robot1: executing'
    board.end_mission(ID, MissionEnd('NONE', 'the crate is red', turns=2))
    expect(tab.locator('#end-text')).to_have_text('the crate is red')
    expect(tab.locator('#seen li').first).to_contain_text('the mission ended')


def test_buttons_and_fields_tell_the_robot_what_a_person_means(board, robot, open_page):
    from playwright.sync_api import expect

    board.take_plan(with_statuses(PLAN, 'awaiting approval', 'pending'))
    board.take_progress(ID, MissionProgress('awaiting approval', PLAN.plan_id, 0, 2))
    tab = open_page()
    expect(tab.locator('#approval-step')).to_have_text('goto(yard_7)')
    tab.locator('[name=reason]').fill('people are there')
    tab.get_by_role('button', name='Forbid').click()
    expect(tab.locator('#reply')).to_have_text('heard')
    board.end_mission(ID, MissionEnd('NEEDS_CLARIFICATION', 'car_1 or car_2?', mission_id='m7'))
    expect(tab.locator('#question-text')).to_have_text('car_1 or car_2?')
    assert not tab.locator('#approval').is_visible()
    tab.locator('[name=reply]').fill('car_2')
    tab.get_by_role('button', name='Reply').click()
    expect(tab.locator('[name=reply]')).to_have_value('')
    tab.locator('[name=task]').fill('find a crate')
    tab.get_by_label('ask me before each step').check()
    tab.get_by_role('button', name='Send').click()
    expect(tab.locator('[name=task]')).to_have_value('')
    tab.get_by_role('button', name='Stop the mission').click()
    end_s = time.monotonic() + 10
    while len(robot.told) < 4 and time.monotonic() < end_s:
        time.sleep(0.05)
    (denied,), (reply,), (task,), (stopped,) = robot.told
    assert (denied.plan_id, denied.step, denied.approve) == (PLAN.plan_id, 0, False)
    assert denied.reason == 'people are there'
    assert (reply.task, reply.continue_mission) == ('car_2', 'm7')
    assert (task.task, task.require_approval, task.continue_mission) == ('find a crate', True, '')
    assert stopped == 'stop'


def test_another_step_to_approve_cannot_be_allowed_before_it_could_be_read(board, open_page):
    from playwright.sync_api import expect

    board.take_plan(with_statuses(PLAN, 'awaiting approval', 'awaiting approval'))
    board.take_progress(ID, MissionProgress('awaiting approval', PLAN.plan_id, 0, 2))
    tab = open_page()
    expect(tab.locator('#approve')).to_be_enabled()
    tab.evaluate(
        """() => {
            window.wasEnabled = [];
            new MutationObserver(() => window.wasEnabled.push(!byId('approve').disabled))
                .observe(byId('approval-step'), { childList: true });
        }"""
    )
    board.take_progress(ID, MissionProgress('awaiting approval', PLAN.plan_id, 1, 2))
    expect(tab.locator('#approval-step')).to_have_text('look(shed_2)')
    assert tab.evaluate('window.wasEnabled') == [False]
    expect(tab.locator('#approve')).to_be_enabled()


def test_hostile_texts_are_shown_as_they_are(board, open_page):
    from playwright.sync_api import expect

    steps = tuple(replace(step, text=HOSTILE, message=HOSTILE) for step in PLAN.steps)
    board.take_plan(
        replace(PLAN, task=HOSTILE, reasoning=HOSTILE, steps=steps, passed_over=(HOSTILE,))
    )
    board.note(HOSTILE, is_bad=True)
    board.take_planners(PlannersNow('ready', HOSTILE, planners=(WatchedPlanner(HOSTILE, 'ready'),)))
    board.end_mission(ID, MissionEnd('NEEDS_CLARIFICATION', HOSTILE))
    tab = open_page()
    expect(tab.locator('#task')).to_have_text(f'“{HOSTILE}”')
    expect(tab.locator('#question-text')).to_have_text(HOSTILE)
    expect(tab.locator('#seen li').first).to_contain_text(HOSTILE)
    assert tab.locator('img').count() == 0
    assert tab.title() == 'robot1: PRISM'


def test_a_page_that_hears_nothing_any_more_says_so(board, browser):  # noqa: F811
    from playwright.sync_api import expect

    with WatchServer(board, None) as server:
        tab = browser.new_page()
        tab.set_default_timeout(15_000)
        tab.goto(server.url)
        expect(tab.locator('#link')).to_have_text('live')
        assert not tab.locator('#stop').is_visible()
        assert not tab.locator('#task-form').is_visible()
    expect(tab.locator('#link')).to_contain_text('nothing is heard since', timeout=15_000)
    expect(tab.locator('body')).to_have_class('lost')
    tab.close()


@pytest.mark.parametrize('width', [400, 1300])
def test_the_page_fits_its_window(board, open_page, width):
    from playwright.sync_api import expect

    fill(board)
    board.note('x' * 500)
    tab = open_page(width)
    expect(tab.locator('#map .node').first).to_be_visible()
    assert tab.evaluate('document.documentElement.scrollWidth') <= width


def test_a_server_takes_a_reply_of_a_robot_that_did_not_do_it(board):
    class Deaf(Heard):
        def stop(self):
            return CommandReply(False, "nobody serves '/stop'")

    with WatchServer(board, Deaf()) as server:
        assert post(server, '/stop', {}) == (200, {'done': False, 'said': "nobody serves '/stop'"})
