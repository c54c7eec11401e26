# SPDX-License-Identifier: Apache-2.0
"""prism serve: SPINE's messages in, SPINE's JSON out, by real sockets and the openai client."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import threading

import openai
import pytest
from click.testing import CliRunner

from prism_core import (
    Action,
    Observation,
    Plan,
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    PromptTooLong,
    SpineDialect,
    Turn,
    parse_plan,
    parse_scene_graph,
    parse_update,
)
from prism_core.cli.serve import read_chat, serve
from prism_core.dialects.language import Language
from prism_core.domains.mapping import MAPPING_ACTIONS, make_symbolic_planner
from prism_core.inference.serve import MAX_BODY_BYTES, PlannerServer
from prism_core.testing import ScriptedPlanner

from .spine_logs import DOMAIN, EXAMPLE, GRAPH, ROBOT_LOG, SYSTEM, reply, task, user

INSPECT = 'inspect the truck'


@pytest.fixture
def start():
    servers = []

    def start_server(planner=None) -> PlannerServer:
        chosen = planner or make_symbolic_planner()
        server = PlannerServer(chosen, MAPPING_ACTIONS, read_chat, DOMAIN.read_prompt, port=0)
        servers.append(server.__enter__())
        return server

    yield start_server
    for server in servers:
        server.close()


@pytest.fixture
def client(start):
    return openai.OpenAI(base_url=start().url, api_key='none', max_retries=0)


def ask(client: openai.OpenAI, messages: list[dict], **settings):
    settings = {'model': 'gpt-4o', 'temperature': 0.05, 'max_tokens': 2048} | settings
    return client.chat.completions.create(messages=messages, **settings)


def plan_of(completion) -> list[str]:
    said = json.loads(completion.choices[0].message.content)
    assert list(said) == ['primary_goal', 'relevant_graph', 'reasoning', 'plan']
    return [action.name for action in parse_plan(json.dumps(said), MAPPING_ACTIONS).actions]


def post(server: PlannerServer, body: bytes, path='/v1/chat/completions', **headers) -> tuple:
    """Status and error of a raw request."""
    connection = http.client.HTTPConnection(server.url.split('/')[2], timeout=10)
    connection.request('POST', path, body, {'Content-Type': 'application/json'} | headers)
    response = connection.getresponse()
    said = json.loads(response.read())
    connection.close()
    return response.status, said.get('error', {}).get('message', '')


def test_the_openai_client_gets_a_plan_in_spines_form(client):
    completion = ask(
        client, [SYSTEM, *EXAMPLE, task(INSPECT)], response_format={'type': 'json_object'}
    )
    assert plan_of(completion) == ['inspect']
    assert 'truck_1' in completion.choices[0].message.content
    assert (completion.model, completion.choices[0].finish_reason) == ('symbolic', 'stop')
    usage = completion.usage
    assert usage.prompt_tokens > 100 < usage.total_tokens
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_a_client_that_streams_gets_the_reply_in_one_chunk(client):
    chunks = list(ask(client, [task(INSPECT)], stream=True))
    text = ''.join(chunk.choices[0].delta.content or '' for chunk in chunks)
    assert 'inspect(truck_1' in json.loads(text)['plan']
    assert chunks[-1].choices[0].finish_reason == 'stop'


def test_the_planner_is_the_one_model(client):
    assert [model.id for model in client.models.list().data] == ['symbolic']
    assert client.models.retrieve('symbolic').owned_by == 'prism'
    with pytest.raises(openai.NotFoundError, match='there is no /v1/models/other'):
        client.models.retrieve('other')


def test_what_the_robot_told_since_is_known_to_the_planner(start):
    planner = ScriptedPlanner([Plan((Action('answer', ('there',)),))])
    seen = []
    planner.plan = lambda *arguments: seen.append(arguments) or Plan((Action('replan', ()),))
    server = start(planner)
    client = openai.OpenAI(base_url=server.url, api_key='none', max_retries=0)
    assert plan_of(ask(client, ROBOT_LOG[:-1])) == ['replan']
    request, graph, history = seen[0]
    assert request == 'Go to the field.'
    assert graph.robot_location == 'field_1'
    assert graph.nodes['truck_1'].description == 'an open truck'
    assert graph.nodes['discovered_barrel_3'].position == (21.0, 2.5)
    assert graph.nodes['road_1'].attributes['mapped'] is True
    assert [len(turn.observations) for turn in history] == [1, 2]


class SpineLikeClient:
    """Talks as SPINE's planner does: keeps the history itself, reads steps by their brackets."""

    def __init__(self, client: openai.OpenAI, graph: dict):
        self._client = client
        self._history = [SYSTEM, *EXAMPLE]
        self._graph = graph

    def request(self, sentence: str) -> list[tuple[str, str]]:
        self._history.append(task(sentence, self._graph))
        return self._ask()

    def tell(self, actions: str, updates: str) -> list[tuple[str, str]]:
        self._history.append(user(f'past_actions: [{actions}]\nupdates: [{updates}]'))
        return self._ask()

    def _ask(self) -> list[tuple[str, str]]:
        completion = ask(self._client, self._history, response_format={'type': 'json_object'})
        text = completion.choices[0].message.content
        self._history.append({'role': 'assistant', 'content': text})
        return re.findall(r'(\w+)\(([^()]*)\)', json.loads(text)['plan'])


def test_a_client_like_spines_goes_through_missions(client):
    spine = SpineLikeClient(client, GRAPH)
    (first,) = spine.request('What color is the truck?')
    assert first[0] == 'inspect'
    assert first[1].startswith('truck_1')
    last = spine.tell(
        f'inspect({first[1]})',
        'update_robot_location(field_1),\n'
        'update_node_attributes({name: truck_1, color: red, description: a red truck})',
    )
    assert last[0][0] == 'answer'
    assert 'red' in last[0][1]
    assert spine.request('go to the road')[0] == ('goto', 'road_1')


def test_our_own_dialect_is_read_too(client):
    dialect, planner = SpineDialect(Language(MAPPING_ACTIONS)), make_symbolic_planner()
    graph = parse_scene_graph(json.dumps(GRAPH))
    first = planner.plan(INSPECT, graph, ())
    seen = Observation(
        parse_update('update_node_attributes([{"name": "truck_1", "color": "red"}])', {})
    )
    after = graph.apply(seen.update)
    messages = dialect.render_prompt(INSPECT, after, [Turn(first, (seen,), 'dock_1')], header='Hi')
    told = [*messages, reply('[fly()]'), user('feedback: there is no fly\nreply again')]
    for chat in (messages, told):
        prompt = DOMAIN.read_prompt(chat)
        assert (prompt.request, prompt.known_graph.revision) == (INSPECT, after.revision)
        assert plan_of(ask(client, chat)) == ['answer']


@pytest.mark.parametrize(
    ('messages', 'sentence'),
    [
        ([], 'expected the last message to be of the user'),
        ([user('hello')], 'no scene graph'),
        ([task(INSPECT), reply('[goto(road_1)]')], 'expected the last message to be of the user'),
        ([task('  ')], 'no task'),
        ([task(INSPECT, {'regions': 7})], 'no scene graph: regions'),
        ([task(INSPECT, GRAPH | {'current_location': ''})], 'robot'),
        ([task(INSPECT), reply('nothing'), user('updates: [no_updates()]')], 'no plan in a reply'),
        ([task(INSPECT), reply('[goto(mars)]'), user('updates: [no_updates()]')], "'mars'"),
        ([{'role': 'robot', 'content': 'hi'}], 'expected role system, user or assistant'),
        ([user('scene_graph: {"regions": []}')], 'no mission in the spine dialect'),
    ],
)
def test_messages_that_ask_for_no_plan_are_a_bad_request_with_why(client, messages, sentence):
    with pytest.raises(openai.BadRequestError, match=sentence):
        ask(client, messages)


@pytest.mark.parametrize(
    ('error', 'status'),
    [
        (PlannerUnavailable('the engine was lost'), 503),
        (PlannerTimeout('no reply in time'), 504),
        (PromptTooLong('shorten the request'), 400),
        (PlannerError('no idea'), 500),
        (ZeroDivisionError('a bug'), 500),
    ],
)
def test_a_planner_without_a_plan_is_an_error_in_openais_form_and_the_next_plans(
    start, error, status
):
    server = start(ScriptedPlanner([error, Plan((Action('replan', ()),))]))
    client = openai.OpenAI(base_url=server.url, api_key='none', max_retries=0)
    with pytest.raises(openai.APIStatusError, match=str(error)) as caught:
        ask(client, [task(INSPECT)])
    assert caught.value.status_code == status
    assert plan_of(ask(client, [task(INSPECT)])) == ['replan']


def test_a_plan_that_the_validator_refuses_does_not_leave(start):
    server = start(ScriptedPlanner([Plan((Action('goto', ('atlantis',)),))]))
    client = openai.OpenAI(base_url=server.url, api_key='none', max_retries=0)
    with pytest.raises(openai.InternalServerError, match=r"not valid: .*'atlantis'"):
        ask(client, [task(INSPECT)])


def test_bad_bodies_are_refused_and_the_server_lives_on(start):
    server = start()
    assert post(server, b'{"messages": [')[0] == 400
    assert post(server, b'[' * 100_000)[0] == 400
    assert post(server, b'\xff\xfe')[0] == 400
    assert 'got "a" twice' in post(server, b'{"a": 1, "a": 2}')[1]
    assert post(server, b'{}') == (400, 'expected a JSON object with a list of messages')
    assert post(server, b'{}', '/v1/completions')[0] == 404
    long = {'Content-Length': str(MAX_BODY_BYTES + 1)}
    assert post(server, b'{', **long)[0] == 413
    assert post(server, b'{}', **{'Content-Length': 'many'})[0] == 411
    body = json.dumps({'messages': [task(INSPECT)]}).encode()
    assert post(server, body) == (200, '')


def test_a_name_of_elsewhere_is_not_answered_on_loopback(start):
    server = start()
    body = json.dumps({'messages': [task(INSPECT)]}).encode()
    status, sentence = post(server, body, Host='evil.example:80')
    assert (status, sentence) == (
        403,
        "expected a name of this machine as host, got 'evil.example'",
    )
    for host in ('localhost', 'LOCALHOST:1', '127.0.0.1:8000', '[::1]:8000', '[::1]'):
        assert post(server, body, Host=host)[0] == 200


def test_requests_at_the_same_time_are_planned_one_after_the_other(start):
    class Alone:
        name = 'alone'
        running = most = 0

        def plan(self, request, known_graph, history):
            self.running += 1
            self.most = max(self.most, self.running)
            threading.Event().wait(0.02)
            self.running -= 1
            return Plan((Action('replan', ()),))

    planner = Alone()
    client = openai.OpenAI(base_url=start(planner).url, api_key='none', max_retries=0)
    threads = [threading.Thread(target=ask, args=(client, [task(INSPECT)])) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert planner.most == 1


def test_the_command_serves_until_it_is_told_to_end():
    command = [sys.executable, '-c', 'from prism_core.cli.serve import serve; serve()']
    process = subprocess.Popen([*command, '--port', '0'], stdout=subprocess.PIPE, text=True)
    said = process.stdout.readline()
    url = re.search(r"planner 'symbolic' serves at (http://127\.0\.0\.1:\d+/v1)", said)[1]
    client = openai.OpenAI(base_url=url, api_key='none', max_retries=0)
    assert plan_of(ask(client, [task(INSPECT)])) == ['inspect']
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    process.stdout.close()


def test_a_port_that_is_taken_is_refused_with_what_to_do(start):
    port = start().url.split(':')[2].removesuffix('/v1')
    result = CliRunner().invoke(serve, ['--port', port])
    assert result.exit_code == 1
    assert f'cannot listen on 127.0.0.1:{port}: Address already in use; choose another' in (
        result.output
    )


def test_another_host_than_loopback_is_warned_of(monkeypatch):
    monkeypatch.setattr(PlannerServer, 'serve', lambda self: self._http.server_close())
    everywhere = '0.0.0.0'  # noqa: S104 - not served
    result = CliRunner().invoke(serve, ['--host', everywhere, '--port', '0'])
    assert 'warning: 0.0.0.0 can be reached from other machines, and there are no keys' in (
        result.output
    )
