# SPDX-License-Identifier: Apache-2.0
"""A real HTTP server on loopback that speaks OpenAI's protocol, with a symbolic planner behind it
and faults on demand.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import re
import socket
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prism_core import Message, SceneGraph, SpineDialect
from prism_core.dialects.language import Language
from prism_core.domains.mapping import MAPPING_ACTIONS, make_symbolic_planner
from prism_core.inference.endpoint.teacher_config import TeacherConfig

CANARY = 'sk-canary-5f0e7c1d9b'
KEY_VARIABLE = 'PRISM_TEST_KEY'
MODEL = 'teacher-1'
SERVED_MODEL = 'teacher-1-2026-11-01'

# What the endpoint does wrong, and what the model does wrong.
HTTP_FAULTS = ('429', '429-wait', '500', '503', 'stall', 'drip', 'cut', 'cut-body', 'bad-body')
REPLY_FAULTS = ('truncated', 'wrong-schema', 'prose', 'invalid-plan')
ENDING_FAULTS = ('refusal', 'empty', 'filtered')
_MAX_TIMES = 2
# What `python -m llama_cpp.server` 0.3.36 answers to `json_schema`, with HTTP 500.
LLAMA_CPP_SAID = {
    'error': {
        'message': (
            "1 validation error:\n  {'type': 'literal_error', 'loc': ('body', 'response_format', "
            "'type'), 'msg': \"Input should be 'text' or 'json_object'\", 'input': 'json_schema', "
            "'ctx': {'expected': \"'text' or 'json_object'\"}}\n\n  File \"/llama_cpp/"
            'server/app.py", line 376, in create_chat_completion\n    POST /v1/chat/completions'
        ),
        'type': 'internal_server_error',
        'param': None,
        'code': None,
    }
}
# What endpoints do wrong that are asked how likely a text is.
ECHO_FAULTS = ('refused', 'missing', 'no-logits', 'ignored', 'no-logprobs', 'shifted')
_SPINE = SpineDialect(Language(MAPPING_ACTIONS))
_PLANNING = threading.Lock()


@dataclass(frozen=True)
class Ask:
    """A request: its number, from 0, and how often these messages were asked before."""

    index: int
    times: int
    messages: list[Message]
    body: Mapping[str, Any] = field(default_factory=dict)
    raw: bytes = b''


def split_tokens(text: str) -> list[str]:
    """The tokens of the model that says likelihoods."""
    return re.findall(r' ?\w+|\W', text)


def log_probability(before: str, token: str) -> float:
    """The logarithm of the probability that it gives a token behind a text."""
    return -0.5 - zlib.crc32(f'{before[-9:]}|{token}'.encode()) % 1000 / 100


def embed(text: str) -> list[float]:
    """A vector of a text: how often its words fall into each of some boxes."""
    boxes = Counter(zlib.crc32(word.encode()) % 97 for word in text.lower().split())
    return [float(boxes[box]) for box in range(97)]


FaultPlan = Callable[[Ask], str]


def at_index(faults: Mapping[int, str]) -> FaultPlan:
    """Faults by the number of the request."""
    return lambda ask: faults.get(ask.index, '')


def at_rate(rate: float, kinds: Sequence[str] = HTTP_FAULTS, seed: int = 0) -> FaultPlan:
    """Faults for a share of all prompts, whatever the order in which they come.

    A fault of HTTP passes after two tries; a bad reply is not repeated when the model is told.
    """

    def fault(ask: Ask) -> str:
        digest = hashlib.sha256(json.dumps(ask.messages).encode()).hexdigest()
        rng = random.Random(f'{seed}:{digest}')
        kind = rng.choice(kinds) if rng.random() < rate else ''
        is_over = ask.times >= _MAX_TIMES if kind in HTTP_FAULTS else _is_told(ask.messages)
        return '' if is_over else kind

    return fault


def answer_symbolically(messages: Sequence[Message]) -> str:
    """The reply of the planner that reads the sentence, in SPINE's JSON."""
    last = max(i for i, m in enumerate(messages) if '\nturns_left: ' in m['content'])
    with _PLANNING:
        return _plan(tuple((m['role'], m['content']) for m in messages[: last + 1]))


@cache
def _plan(said: Sequence[tuple[str, str]]) -> str:
    messages: list[Message] = [{'role': role, 'content': content} for role, content in said]
    prompt = _SPINE.parse_prompt(messages, SceneGraph())
    plan = _symbolic().plan(prompt.request, prompt.known_graph, prompt.history)
    return _SPINE.render_reply(plan, prompt.known_graph)


@cache
def _symbolic():
    return make_symbolic_planner()


def _is_told(messages: Sequence[Message]) -> bool:
    return messages[-1]['content'].startswith(('feedback: ', 'This cannot be used:'))


class TeacherServer:
    """Use as context manager: `with TeacherServer(...) as server: ApiModel(server.config())`.

    Args:
        answer: from messages to the reply.
        fault: what goes wrong with a request; '' for nothing.
        refuses: words of fields that the endpoint does not know, such as `json_schema`.
        breaks_at: words of fields at which it answers 500, as `llama_cpp.server` does.
        slow_s: how long a reply takes.
        reports_usage: whether replies say how many tokens they used.
        echo_fault: what is wrong where it is asked how likely a text is; '' for nothing.
        embeds: `all` texts that it is to embed, `too few`, or `nothing`.

    `asks` are all requests in order, `statuses` counts what was answered, `max_in_flight` is the
    most requests at one time, `tokens` what answered requests used, `new_tokens` those of them that
    were replies, `faults` counts what was done wrong, `keys` those that came.
    """

    def __init__(
        self,
        *,
        answer: Callable[[Sequence[Message]], str] = answer_symbolically,
        fault: FaultPlan = lambda ask: '',
        refuses: Sequence[str] = (),
        breaks_at: Sequence[str] = (),
        slow_s: float = 0.0,
        reports_usage: bool = True,
        echo_fault: str = '',
        embeds: str = 'all',
    ):
        self.answer, self.fault, self.refuses = answer, fault, refuses
        self.breaks_at, self.echo_fault, self.embeds = breaks_at, echo_fault, embeds
        self.slow_s, self.reports_usage = slow_s, reports_usage
        self.asks: list[Ask] = []
        self.statuses: Counter[int | str] = Counter()
        self.faults: Counter[str] = Counter()
        self.keys: set[str] = set()
        self.tokens = self.new_tokens = self.in_flight = self.max_in_flight = 0
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.sockets: set[socket.socket] = set()
        self._times: Counter[str] = Counter()
        self._port = 0
        self._http: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self._port}/v1'

    def config(self, **settings) -> TeacherConfig:
        """Settings for this server, impatient ones."""
        impatient = {'timeout_s': 5.0, 'first_pause_s': 0.01, 'patience_s': 5.0}
        about = {'model': MODEL, 'base_url': self.url, 'key_variable': KEY_VARIABLE}
        return TeacherConfig(**{**impatient, **about, **settings})

    def __enter__(self) -> TeacherServer:
        self.come_up()
        return self

    def __exit__(self, *_) -> None:
        self.go_down()

    def come_up(self) -> None:
        """Serve, again on the same port."""
        self.closing.clear()
        self._http = ThreadingHTTPServer(('127.0.0.1', self._port), _Handler, False)
        self._http.daemon_threads = True
        self._http.request_queue_size = 128
        self._http.teacher = self  # type: ignore[attr-defined]
        self._http.server_bind()
        self._http.server_activate()
        self._port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def go_down(self) -> None:
        """Refuse connections, and cut those that are open."""
        self.closing.set()
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
        with self.lock:
            for connection in self.sockets:
                _cut(connection)

    def take(self, raw: bytes, key: str) -> Ask:
        """Note a request."""
        body = json.loads(raw)
        asked = body.get('prompt') or '\n'.join(body.get('input', ()))
        messages = body.get('messages') or [{'role': 'user', 'content': asked}]
        with self.lock:
            said = json.dumps(messages)
            ask = Ask(len(self.asks), self._times[said], messages, body, raw)
            self._times[said] += 1
            self.asks.append(ask)
            self.keys.add(key)
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
        return ask

    def leave(self, status: int | str, asked: int = 0, new: int = 0) -> None:
        """Note that a request is as good as answered, with so many tokens read and written."""
        with self.lock:
            self.in_flight -= 1
            self.statuses[status] += 1
            self.tokens += asked + new
            self.new_tokens += new


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is closed
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    @property
    def teacher(self) -> TeacherServer:
        return self.server.teacher  # type: ignore[attr-defined]

    def setup(self):
        super().setup()
        with self.teacher.lock:
            self.teacher.sockets.add(self.connection)

    def handle(self):
        with contextlib.suppress(ConnectionError):  # the client has gone
            super().handle()

    def finish(self):
        with self.teacher.lock:
            self.teacher.sockets.discard(self.connection)
        with contextlib.suppress(OSError):  # the client has gone
            super().finish()

    def log_message(self, *_):
        pass

    def do_GET(self):
        is_models = self.path == '/v1/models'
        data = [{'id': name, 'object': 'model'} for name in (MODEL, 'teacher-2')]
        self._send(200 if is_models else 404, {'object': 'list', 'data': data})

    def do_POST(self):
        teacher = self.teacher
        length = int(self.headers['Content-Length'])
        raw = self.rfile.read(length)
        if len(raw) < length:  # the client has gone
            self.close_connection = True
            return
        key = self.headers.get('Authorization', '').removeprefix('Bearer ')
        ask = teacher.take(raw, key)
        self._answer(ask, key)

    def _answer(self, ask: Ask, key: str) -> None:
        teacher = self.teacher
        if key not in (CANARY, 'none'):
            self._refuse(401, f'Incorrect API key provided: {key}', 'invalid_api_key')
        elif ask.body['model'] != MODEL:
            said = f'The model {ask.body["model"]} does not exist'
            self._refuse(404, said, 'model_not_found')
        elif unknown := [word for word in teacher.refuses if word.encode() in ask.raw]:
            said = f"Unsupported parameter: '{unknown[0]}' is not supported here, {key}."
            self._refuse(400, said, 'unsupported_parameter')
        elif any(word.encode() in ask.raw for word in teacher.breaks_at):
            teacher.leave(500)
            self._send(500, LLAMA_CPP_SAID)
        else:
            self._answer_with(teacher.fault(ask), ask)

    def _answer_with(self, fault: str, ask: Ask) -> None:
        teacher = self.teacher
        with teacher.lock:
            teacher.faults.update([fault] if fault else [])
        if fault in HTTP_FAULTS:
            self._fail(fault)
            return
        if teacher.slow_s:
            time.sleep(teacher.slow_s)
        self._reply(ask, fault)

    def _say_likelihoods(self, ask: Ask) -> None:
        fault, text, is_echo = self.teacher.echo_fault, ask.body['prompt'], ask.body['echo']
        if fault == 'refused' and is_echo:
            self._refuse(400, 'Only no echo is supported', 'invalid_request_error')
            return
        if fault == 'missing':
            self._refuse(404, 'This is a chat model', None)
            return
        if fault == 'no-logits':
            self._refuse(500, 'logprobs is not supported with logits_all=False', None)
            return
        read = split_tokens(text)
        tokens = [*read, ','] if is_echo and fault != 'ignored' else [',']
        begin = len(read) + 1 - len(tokens)
        starts = [len(''.join(read[:end])) for end in range(begin, len(read) + 1)]
        shift = fault == 'shifted' and is_echo
        values: list[float | None] = [
            log_probability((text + ',')[: start + shift * len(token)], token)
            for start, token in zip(starts, tokens)
        ]
        if starts[0] == 0:
            values[0] = None
        told = {'tokens': tokens, 'text_offset': starts, 'token_logprobs': values}
        choice = {'index': 0, 'text': ''.join(tokens), 'finish_reason': 'length'}
        choice['logprobs'] = None if fault == 'no-logprobs' else told
        self.teacher.leave(200, len(read), 1)
        self._send(
            200,
            {
                'id': f'text-{ask.index}',
                'object': 'text_completion',
                'created': 0,
                'model': SERVED_MODEL,
                'choices': [choice],
                'usage': {
                    'prompt_tokens': len(read),
                    'completion_tokens': 1,
                    'total_tokens': len(read) + 1,
                },
            },
        )

    def _say_vectors(self, ask: Ask) -> None:
        texts = ask.body['input']
        data = [
            {'object': 'embedding', 'index': index, 'embedding': embed(text)}
            for index, text in enumerate(texts)
        ]
        if self.teacher.embeds == 'nothing':
            self._refuse(404, 'There are no embeddings here', None)
            return
        if self.teacher.embeds == 'too few':
            data = data[1:]
        tokens = sum(map(len, texts)) // 4
        self.teacher.leave(200, tokens)
        usage = {'prompt_tokens': tokens, 'total_tokens': tokens}
        # Endpoints need not keep the order.
        body = {'object': 'list', 'data': data[::-1], 'model': SERVED_MODEL, 'usage': usage}
        self._send(200, body)

    def _reply(self, ask: Ask, fault: str) -> None:
        if self.path == '/v1/completions':
            self._say_likelihoods(ask)
            return
        if self.path == '/v1/embeddings':
            self._say_vectors(ask)
            return
        text = self.teacher.answer(ask.messages)
        message: dict[str, Any] = {'role': 'assistant', 'content': text}
        ending = 'stop'
        if fault == 'truncated':
            message['content'], ending = text[: len(text) // 2], 'length'
        elif fault == 'wrong-schema':
            message['content'] = '{"answer": 42}'
        elif fault == 'prose':
            message['content'] = 'I would drive to the shed and have a look around.'
        elif fault == 'invalid-plan':
            message['content'] = json.dumps({'plan': '[goto(atlantis_1)]'})
        elif fault == 'refusal':
            message |= {'content': None, 'refusal': f'I cannot help with that, {CANARY[:3]}.'}
        elif fault == 'empty':
            message['content'] = ''
        elif fault == 'filtered':
            ending = 'content_filter'
        asked = sum(len(m['content']) for m in ask.messages) // 4 + 4 * len(ask.messages)
        new = min(len(text) // 4 + 1, _limit(ask.body))
        usage = {
            'prompt_tokens': asked,
            'completion_tokens': new,
            'total_tokens': asked + new,
            'prompt_tokens_details': {'cached_tokens': asked // 2},
        }
        body = {
            'id': f'chat-{ask.index}',
            'object': 'chat.completion',
            'created': 0,
            'model': SERVED_MODEL,
            'choices': [{'index': 0, 'message': message, 'finish_reason': ending}],
        }
        if self.teacher.reports_usage:
            body['usage'] = usage
        self.teacher.leave(200, asked, new)
        self._send(200, body)

    def _fail(self, fault: str) -> None:
        teacher = self.teacher
        if fault in ('429', '429-wait', '500', '503'):
            headers = {'Retry-After': '1'} if fault == '429-wait' else {}
            self._refuse(int(fault[:3]), f'try later, {CANARY}', None, headers)
            return
        teacher.leave(fault)
        self.close_connection = True
        if fault == 'stall':
            teacher.closing.wait(3600)
        elif fault == 'drip':
            self._begin(200, 1_000_000)
            while not teacher.closing.wait(0.02):
                self.wfile.write(b' ')
        elif fault == 'cut-body':
            self._begin(200, 4096)
            self.wfile.write(b'{"id": "chat-1", "choices": [')
        elif fault == 'bad-body':
            self._begin(200, 29)
            self.wfile.write(b'{"id": "chat-1", "choices": [')
        _cut(self.connection)

    def _refuse(self, status: int, said: str, code: str | None, headers=None) -> None:
        self.teacher.leave(status)
        error = {'message': said, 'type': 'invalid_request_error', 'param': None, 'code': code}
        self._send(status, {'error': error}, headers)

    def _begin(self, status: int, length: int, headers=None) -> None:
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, status: int, body: Any, headers=None) -> None:
        data = json.dumps(body).encode()
        self._begin(status, len(data), headers)
        self.wfile.write(data)


def _limit(body: Mapping[str, Any]) -> int:
    return body.get('max_tokens', body.get('max_completion_tokens', 10**6))
