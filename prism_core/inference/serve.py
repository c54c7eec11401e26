# SPDX-License-Identifier: Apache-2.0
"""An OpenAI-compatible endpoint that serves a planner: it reads the messages of an LLM planner,
plans, and answers in SPINE's four-key JSON, so that such a client works unchanged.

It knows no form of messages: how they are read is handed in. One plan is made at a time. For one
machine: no keys, no encryption; web pages of elsewhere are refused, and on loopback all names but
those of this machine. A client that is slow holds no place that another one needs.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

from prism_core.dialects.conversation import Message, Prompt
from prism_core.episode.finishing import finish_plan
from prism_core.episode.planner import Planner
from prism_core.errors import (
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    PlanParseError,
    PlanRejected,
    PromptTooLong,
    UnknownAdapter,
)
from prism_core.inference.adapted import adapters_of, with_adapter
from prism_core.inference.endpoint.bounded_http import (
    BoundedHandler,
    BoundedServer,
    RequestRefused,
    is_loopback,
)
from prism_core.json_text import load_json
from prism_core.plan.actions import ActionTable
from prism_core.plan.plan import render_plan
from prism_core.plan.validation import validate_plan

MAX_BODY_BYTES = 4 * 2**20
MAX_REQUESTS = 32
"""So many that were read whole wait for a plan, or for the end of its sending."""
_CHARS_PER_TOKEN = 4  # where nobody counts; roughly so for English

ReadMessages = Callable[[Any], Sequence[Message]]
ReadPrompt = Callable[[Sequence[Message]], Prompt]
# The first that fits counts.
_STATUSES: tuple[tuple[type[Exception], int, str], ...] = (
    (PlanParseError, 400, 'invalid_request_error'),
    (PromptTooLong, 400, 'invalid_request_error'),
    (UnknownAdapter, 404, 'invalid_request_error'),
    (PlannerTimeout, 504, 'timeout_error'),
    (PlannerUnavailable, 503, 'planner_unavailable'),
    (PlannerError, 500, 'planner_error'),
)


class PlannerServer:
    """Use as context manager, or call `serve` and, from another thread, `close`.

    Args:
        planner: makes the plans; is not closed. Of one with adapters a request may name one by its
            model, as in `student:depot`; by any other model it asks for the planner as it is.
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
        self.requests = threading.BoundedSemaphore(MAX_REQUESTS)
        self._planner = planner
        self._table = table
        self._read_messages, self._read_prompt = read_messages, read_prompt
        self._timeout_s = timeout_s
        self._planning = threading.Lock()
        self._http = _Http((host, port), self)

    @property
    def models(self) -> list[str]:
        """What requests may name."""
        return [self.name, *(f'{self.name}:{a}' for a in adapters_of([self._planner]) if a)]

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
            UnknownAdapter: the planner has none of the name that it asks for.
            PlannerError: there is none.
        """
        if not isinstance(body, dict) or not isinstance(body.get('messages'), list):
            raise PlanParseError('expected a JSON object with a list of messages')
        name, _, adapter = str(body.get('model', '')).partition(':')
        planner = with_adapter(self._planner, adapter if name == self.name else '')
        messages = self._read_messages(body['messages'])
        prompt = self._read_prompt(messages)
        if not self._planning.acquire(timeout=self._timeout_s):
            raise PlannerTimeout(f'other plans were being made for {self._timeout_s:g} s')
        try:
            plan = planner.plan(prompt.request, prompt.known_graph, prompt.history)
        finally:
            self._planning.release()
        plan = finish_plan(plan, prompt.known_graph, prompt.history, self._table)
        report = validate_plan(plan, prompt.known_graph, self._table)
        if not report.is_valid:
            raise PlanRejected(f'the plan is not valid: {report.feedback}')
        text = render_plan(plan)
        read = sum(len(message['content']) for message in messages) // _CHARS_PER_TOKEN
        new = len(text) // _CHARS_PER_TOKEN
        usage = {'prompt_tokens': read, 'completion_tokens': new, 'total_tokens': read + new}
        return text, usage


class _Http(BoundedServer):
    def __init__(self, address: tuple[str, int], owner: PlannerServer):
        self.owner = owner
        super().__init__(address, _Handler)


class _Handler(BoundedHandler):
    server: _Http

    def do_GET(self) -> None:  # noqa: N802 - named upstream
        self._guard(lambda body: self._list_models())

    def do_POST(self) -> None:  # noqa: N802 - named upstream
        self._guard(self._complete)

    def _guard(self, work: Callable[[bytes], None]) -> None:
        """Read all of a request, and only then take a place and answer."""
        owner, has_place = self.server.owner, False
        try:
            body = self.read_body(MAX_BODY_BYTES)
            self.server.note_read(self.connection, whole=True)
            has_place = owner.requests.acquire(blocking=False)
            if not has_place:
                sentence = f'{MAX_REQUESTS} requests are being answered; try again later'
                raise RequestRefused(503, sentence)
            self.check_origin(is_local=owner.is_local)
            work(body)
        except RequestRefused as refused:
            kind = 'overloaded' if refused.status == 503 else 'invalid_request_error'
            self._fail(refused.status, str(refused), kind)
        except tuple(kind for kind, _, _ in _STATUSES) as error:
            status, name = next((s, n) for kind, s, n in _STATUSES if isinstance(error, kind))
            self._fail(status, str(error), name)
        except OSError:  # the client has gone or is too slow
            self.close_connection = True
        except Exception as error:
            self._fail(500, f'unexpected {type(error).__name__}: {error}', 'internal_error')
        finally:
            if has_place:
                owner.requests.release()

    def _list_models(self) -> None:
        models = {
            f'/v1/models/{name}': {'id': name, 'object': 'model', 'created': 0, 'owned_by': 'prism'}
            for name in self.server.owner.models
        }
        path = unquote(self.path)
        if path == '/v1/models':
            self.send_json(200, {'object': 'list', 'data': [*models.values()]})
        elif path in models:
            self.send_json(200, models[path])
        else:
            raise RequestRefused(404, f'there is no {self.path[:80]}; ask for /v1/models')

    def _complete(self, raw: bytes) -> None:
        if self.path != '/v1/chat/completions':
            raise RequestRefused(404, f'there is no {self.path[:80]}; post to /v1/chat/completions')
        self.check_is_json()
        try:
            body = load_json(raw.decode())
        except (ValueError, RecursionError) as error:
            raise RequestRefused(400, f'the body is not JSON: {error}') from None
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
        self.send_json(200, head | kind)

    def _stream(self, head: dict[str, Any], text: str) -> None:
        """The whole reply in one chunk, for clients that stream."""
        self.close_connection = True
        self.begin_reply()
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
        self.send_json(status, {'error': error})
