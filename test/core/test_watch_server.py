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
    MissionProgress,
    WatchBoard,
    WatchServer,
)
from prism_core.watch import server as watch_server

from .test_watch import ID, KNOWN, PLAN, Heard

JSON = 'application/json'


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


def test_a_server_takes_a_reply_of_a_robot_that_did_not_do_it(board):
    class Deaf(Heard):
        def stop(self):
            return CommandReply(False, "nobody serves '/stop'")

    with WatchServer(board, Deaf()) as server:
        assert post(server, '/stop', {}) == (200, {'done': False, 'said': "nobody serves '/stop'"})
