# SPDX-License-Identifier: Apache-2.0
"""prism serve among clients that are slow, silent or many, and web pages of elsewhere."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from prism_core import Action, Plan
from prism_core.cli.serve import read_chat
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.inference import serve
from prism_core.inference.endpoint import bounded_http
from prism_core.inference.serve import PlannerServer

from .spine_logs import DOMAIN, task

BODY = json.dumps({'messages': [task('inspect the truck')]}).encode()
JSON = 'application/json'
HEAD = (
    'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n'
    f'Content-Type: {JSON}\r\nContent-Length: {len(BODY)}\r\n\r\n'
).encode()


class Planner:
    """Plans at once, or as soon as `may_plan` is set."""

    name = 'planner'

    def __init__(self):
        self.asked = 0
        self.may_plan = threading.Event()
        self.may_plan.set()

    def plan(self, request, known_graph, history):
        self.asked += 1
        self.may_plan.wait(10)
        return Plan((Action('replan', ()),))

    def close(self):
        pass


@pytest.fixture
def planner():
    return Planner()


@contextmanager
def serving(planner, **settings) -> Iterator[PlannerServer]:
    with PlannerServer(
        planner, MAPPING_ACTIONS, read_chat, DOMAIN.read_prompt, port=0, **settings
    ) as server:
        yield server


@pytest.fixture
def server(planner):
    with serving(planner) as started:
        yield started


def connect(server: PlannerServer) -> socket.socket:
    host, port = server.url.split('/')[2].split(':')
    return socket.create_connection((host, int(port)), timeout=10)


def post(server: PlannerServer, headers: dict[str, str], body: bytes = BODY) -> tuple[int, str]:
    """Status and error of a request."""
    connection = http.client.HTTPConnection(server.url.split('/')[2], timeout=10)
    connection.request('POST', '/v1/chat/completions', body, headers)
    response = connection.getresponse()
    said = json.loads(response.read() or '{}')
    connection.close()
    return response.status, said.get('error', {}).get('message', '')


def read_all(connection: socket.socket) -> bytes:
    said = b''
    with connection:
        while part := connection.recv(65536):
            said += part
    return said


@pytest.mark.parametrize('sent', [b'', HEAD[:20], HEAD, HEAD + BODY[:9]])
def test_any_number_of_slow_clients_takes_nobodys_place(server, sent):
    slow = []
    for _ in range(bounded_http.MAX_CONNECTIONS + 60):
        slow.append(connect(server))
        slow[-1].sendall(sent)
    started_s = time.monotonic()
    for _ in range(3):
        assert post(server, {'Content-Type': JSON}) == (200, '')
    assert time.monotonic() - started_s < bounded_http.READ_TIMEOUT_S / 2
    for connection in slow:
        connection.close()


def test_a_request_that_drips_in_ends_when_its_time_is_over(server, monkeypatch):
    monkeypatch.setattr(bounded_http, 'READ_TIMEOUT_S', 0.3)
    connection = connect(server)
    connection.sendall(HEAD)
    started_s = time.monotonic()
    dripping = threading.Event()

    def drip() -> None:
        try:
            while not dripping.wait(0.02):
                connection.sendall(b' ')
        except OSError:
            pass  # it was cut

    thread = threading.Thread(target=drip)
    thread.start()
    said = connection.recv(65536)
    took_s = time.monotonic() - started_s
    dripping.set()
    thread.join()
    connection.close()
    assert said.startswith(b'HTTP/1.1 408')
    assert b'expected all of the request within 0.3 s; send it faster' in said
    assert 0.25 < took_s < 3


def test_a_head_that_drips_in_is_cut_when_its_time_is_over(server, monkeypatch):
    monkeypatch.setattr(bounded_http, 'READ_TIMEOUT_S', 0.3)
    connection = connect(server)
    connection.sendall(HEAD[:40])
    started_s = time.monotonic()
    assert read_all(connection) == b''
    assert time.monotonic() - started_s < 3


def test_one_request_too_many_is_refused_at_once_and_not_kept_waiting(planner, monkeypatch):
    monkeypatch.setattr(serve, 'MAX_REQUESTS', 3)
    planner.may_plan.clear()
    with serving(planner) as server:
        waiting = [
            threading.Thread(target=post, args=(server, {'Content-Type': JSON})) for _ in range(3)
        ]
        for thread in waiting:
            thread.start()
        deadline_s = time.monotonic() + 5
        while server.requests._value and time.monotonic() < deadline_s:
            time.sleep(0.01)
        started_s = time.monotonic()
        assert post(server, {'Content-Type': JSON}) == (
            503,
            '3 requests are being answered; try again later',
        )
        assert time.monotonic() - started_s < 2
        planner.may_plan.set()
        for thread in waiting:
            thread.join(10)
        assert post(server, {'Content-Type': JSON}) == (200, '')


def test_one_connection_too_many_is_refused_at_once_where_all_others_are_answered(
    planner, monkeypatch
):
    monkeypatch.setattr(bounded_http, 'MAX_CONNECTIONS', 1)
    planner.may_plan.clear()
    with serving(planner) as server:
        first = connect(server)
        first.sendall(HEAD + BODY)
        deadline_s = time.monotonic() + 5
        while not planner.asked and time.monotonic() < deadline_s:
            time.sleep(0.01)
        assert read_all(connect(server)).startswith(b'HTTP/1.1 503')
        planner.may_plan.set()
        assert first.recv(65536).startswith(b'HTTP/1.1 200')
        first.close()


@pytest.mark.parametrize('kind', ['text/plain', 'application/x-www-form-urlencoded', None])
def test_what_a_web_page_can_post_without_asking_is_refused(server, planner, kind):
    status, sentence = post(server, {'Content-Type': kind} if kind else {})
    assert (status, sentence) == (
        415,
        f'expected Content-Type application/json, got {kind or "none"}',
    )
    assert planner.asked == 0
    assert post(server, {'Content-Type': 'application/json; charset=utf-8'}) == (200, '')


@pytest.mark.parametrize('origin', ['https://evil.example', 'null', 'http://[', 'file://'])
def test_a_web_page_of_elsewhere_is_refused(server, planner, origin):
    status, sentence = post(server, {'Content-Type': JSON, 'Origin': origin})
    assert (status, sentence) == (
        403,
        f"expected no web page of elsewhere to ask, got Origin '{origin}'",
    )
    assert planner.asked == 0


@pytest.mark.parametrize('origin', ['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:1'])
def test_a_web_page_of_this_machine_may_ask(server, origin):
    assert post(server, {'Content-Type': JSON, 'Origin': origin}) == (200, '')


def test_in_a_network_a_web_page_may_ask_the_machine_that_it_came_from(planner):
    with serving(planner, host='0.0.0.0') as server:  # noqa: S104 - what is tried
        for origin, status in (('http://robot.example:80', 200), ('http://evil.example', 403)):
            headers = {'Content-Type': JSON, 'Host': 'robot.example:8000', 'Origin': origin}
            assert post(server, headers)[0] == status


def test_the_body_of_a_refused_request_is_never_taken_for_the_next_request(server, planner):
    smuggled = HEAD + BODY
    for head in (
        f'POST /v1/chat/completions HTTP/1.1\r\nHost: evil.example\r\nContent-Type: {JSON}\r\n',
        'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a.b\r\n',
        'GET /v1/models HTTP/1.1\r\nHost: localhost\r\n',
        'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n',
    ):
        connection = connect(server)
        connection.sendall(
            head.encode() + f'Content-Length: {len(smuggled)}\r\n\r\n'.encode() + smuggled
        )
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection).count(b'HTTP/1.1 ') == 1
    assert planner.asked == 0
