"""An OpenAI-compatible endpoint that serves a planner: it reads the messages of an LLM planner,
plans, and answers in SPINE's four-key JSON, so that such a client works unchanged.

It knows no form of messages: how they are read is handed in. One plan is made at a time. For one
machine: no keys, no encryption, and on loopback only names of this machine are answered.
"""

from __future__ import annotations

import ipaddress
import json
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prism_core.actions import ActionTable
from prism_core.conversation import Message, Prompt
from prism_core.errors import (
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    PlanParseError,
    PlanRejected,
    PromptTooLong,
)
from prism_core.plan import render_plan
from prism_core.planner import Planner
from prism_core.validation import validate_plan

MAX_BODY_BYTES = 4 * 2**20
MAX_CONNECTIONS = 32
SOCKET_TIMEOUT_S = 30.0
_CHARS_PER_TOKEN = 4  # where nobody counts; roughly so for English

ReadMessages = Callable[[Any], Sequence[Message]]
ReadPrompt = Callable[[Sequence[Message], ActionTable], Prompt]
# The first that fits counts.
_STATUSES: tuple[tuple[type[Exception], int, str], ...] = (
    (PlanParseError, 400, 'invalid_request_error'),
    (PromptTooLong, 400, 'invalid_request_error'),
    (PlannerTimeout, 504, 'timeout_error'),
    (PlannerUnavailable, 503, 'planner_unavailable'),
    (PlannerError, 500, 'planner_error'),
)


class PlannerServer:
    """Use as context manager, or call `serve` and, from another thread, `close`.

    Args:
        planner: makes the plans; is not closed.
        table: the actions of its robot.
        read_messages: from the `messages` of a request to messages.
        read_prompt: from these to what is to be planned.
        host: address to listen on.
        port: 0 for any that is free.
        timeout_s: how long a request waits for those before it.

    Raises:
        OSError: the address cannot be used.
    """

    def __init__(
        self,
        planner: Planner,
        table: ActionTable,
        read_messages: ReadMessages,
        read_prompt: ReadPrompt,
        *,
        host: str = '127.0.0.1',
        port: int = 8000,
        timeout_s: float = 120.0,
    ):
        self.name = planner.name
        self.is_local = is_loopback(host)
        self.connections = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._planner = planner
        self._table = table
        self._read_messages, self._read_prompt = read_messages, read_prompt
        self._timeout_s = timeout_s
        self._planning = threading.Lock()
        self._http = _Http((host, port), self)

    @property
    def url(self) -> str:
        """The base address for clients."""
        host, port = self._http.server_address[:2]
        return f'http://{host!s}:{port}/v1'

    def serve(self) -> None:
        """Answer until `close` is called."""
        self._http.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        """Stop to answer."""
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self) -> PlannerServer:
        threading.Thread(target=self.serve, name='prism-serve', daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, body: Any) -> tuple[str, dict[str, int]]:
        """The reply to the body of a request, and its usage.

        Raises:
            PlanParseError: the body asks for no plan.
            PlannerError: there is none.
        """
        if not isinstance(body, dict) or not isinstance(body.get('messages'), list):
            raise PlanParseError('expected a JSON object with a list of messages')
        messages = self._read_messages(body['messages'])
        prompt = self._read_prompt(messages, self._table)
        if not self._planning.acquire(timeout=self._timeout_s):
            raise PlannerTimeout(f'other plans were being made for {self._timeout_s:g} s')
        try:
            plan = self._planner.plan(prompt.request, prompt.known_graph, prompt.history)
        finally:
            self._planning.release()
        report = validate_plan(plan, prompt.known_graph, self._table)
        if not report.is_valid:
            raise PlanRejected(f'the plan is not valid: {report.feedback}')
        text = render_plan(plan)
        read = sum(len(message['content']) for message in messages) // _CHARS_PER_TOKEN
        new = len(text) // _CHARS_PER_TOKEN
        usage = {'prompt_tokens': read, 'completion_tokens': new, 'total_tokens': read + new}
        return text, usage


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host.strip('[]')).is_loopback
    except ValueError:
        return host == 'localhost'


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], owner: PlannerServer):
        self.owner = owner
        super().__init__(address, _Handler)


class _Refused(Exception):
    """A request that is not carried out: a status and one sentence."""

    def __init__(self, status: int, sentence: str):
        self.status = status
        super().__init__(sentence)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    timeout = SOCKET_TIMEOUT_S
    server: _Http

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - named upstream
        """Say nothing."""

    def do_GET(self) -> None:
        self._guard(self._list_models)

    def do_POST(self) -> None:
        self._guard(self._complete)

    def _guard(self, work: Callable[[], None]) -> None:
        owner = self.server.owner
        if not owner.connections.acquire(blocking=False):
            self._fail(503, f'{MAX_CONNECTIONS} requests are being answered', 'overloaded')
            return
        try:
            self._check_host()
            work()
        except _Refused as refused:
            self._fail(refused.status, str(refused), 'invalid_request_error')
        except tuple(kind for kind, _, _ in _STATUSES) as error:
            status, name = next((s, n) for kind, s, n in _STATUSES if isinstance(error, kind))
            self._fail(status, str(error), name)
        except OSError:  # the client has gone or is too slow
            self.close_connection = True
        except Exception as error:
            self._fail(500, f'unexpected {type(error).__name__}: {error}', 'internal_error')
        finally:
            owner.connections.release()

    def _check_host(self) -> None:
        """Refuse names of elsewhere on loopback: a web page may have one point here."""
        host = self.headers.get('Host', '').rpartition(':')[0] or self.headers.get('Host', '')
        if self.server.owner.is_local and host and not is_loopback(host):
            raise _Refused(403, f'expected a name of this machine as host, got {host[:80]!r}')

    def _list_models(self) -> None:
        name = self.server.owner.name
        model = {'id': name, 'object': 'model', 'created': 0, 'owned_by': 'prism'}
        if self.path == '/v1/models':
            self._send(200, {'object': 'list', 'data': [model]})
        elif self.path == f'/v1/models/{name}':
            self._send(200, model)
        else:
            raise _Refused(404, f'there is no {self.path[:80]}; ask for /v1/models')

    def _complete(self) -> None:
        body = self._read_body()
        if self.path != '/v1/chat/completions':
            raise _Refused(404, f'there is no {self.path[:80]}; post to /v1/chat/completions')
        text, usage = self.server.owner.answer(body)
        head = {
            'id': f'chatcmpl-{uuid.uuid4().hex}',
            'created': int(time.time()),
            'model': self.server.owner.name,
        }
        if body.get('stream'):
            self._stream(head, text)
            return
        message = {'role': 'assistant', 'content': text}
        choice = {'index': 0, 'message': message, 'finish_reason': 'stop', 'logprobs': None}
        kind = {'object': 'chat.completion', 'choices': [choice], 'usage': usage}
        self._send(200, head | kind)

    def _read_body(self) -> Any:
        length = self.headers.get('Content-Length', '')
        if not length.isdecimal():
            raise self._last_words(411, 'expected a Content-Length, got none')
        if int(length) > MAX_BODY_BYTES:
            raise self._last_words(
                413, f'the body has {length} bytes; at most {MAX_BODY_BYTES} are read'
            )
        try:
            return json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise _Refused(400, f'the body is not JSON: {error}') from None

    def _last_words(self, status: int, sentence: str) -> _Refused:
        """A refusal after which the connection is closed, since the body was not read."""
        self.close_connection = True
        return _Refused(status, sentence)

    def _stream(self, head: dict[str, Any], text: str) -> None:
        """The whole reply in one chunk, for clients that stream."""
        self.close_connection = True
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Connection', 'close')
        self.end_headers()
        for delta, ending in (({'role': 'assistant', 'content': text}, None), ({}, 'stop')):
            choice = {'index': 0, 'delta': delta, 'finish_reason': ending}
            chunk = head | {'object': 'chat.completion.chunk', 'choices': [choice]}
            self.wfile.write(f'data: {json.dumps(chunk)}\n\n'.encode())
        self.wfile.write(b'data: [DONE]\n\n')

    def _fail(self, status: int, sentence: str, kind: str) -> None:
        error = {'message': sentence, 'type': kind, 'param': None, 'code': None}
        self._send(status, {'error': error})

    def _send(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        if self.close_connection:
            self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.write(data)
