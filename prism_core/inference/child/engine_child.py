# SPDX-License-Identifier: Apache-2.0
"""The other side of `engine_process`: one language model in a process of its own.

Reads requests from its standard input and answers on what was its standard output, in frames: a
length in four bytes, then JSON. It ends when the input ends, so that it never outlives its parent.
What the model's runtime prints goes to the standard error.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import inspect
import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any, BinaryIO

from prism_core.episode.planner_progress import TAIL_CHARS
from prism_core.errors import PlannerError, PrismError
from prism_core.inference.text_model import JsonSchema, ScoringModel
from prism_core.installing import explain_missing
from prism_core.plan.grammar import Lark

MAX_FRAME_BYTES = 64 * 2**20
BROKEN = 70
"""Exit status of a child of which the model can no longer be trusted."""
PROGRESS_EVERY_S = 0.05
"""More often nothing is told of a reply that is being written."""
_LENGTH_BYTES = 4


def write_frame(stream: BinaryIO, message: Mapping[str, Any]) -> None:
    """Send one message.

    Raises:
        OSError: the other side has gone.
    """
    data = json.dumps(message).encode()
    stream.write(len(data).to_bytes(_LENGTH_BYTES, 'big') + data)
    stream.flush()


def read_frame(stream: BinaryIO) -> dict[str, Any] | None:
    """Receive one message; None when the other side has gone.

    Raises:
        ValueError: what came is no message.
    """
    head = stream.read(_LENGTH_BYTES)
    length = int.from_bytes(head, 'big')
    if length > MAX_FRAME_BYTES:
        raise ValueError(f'expected a message of at most {MAX_FRAME_BYTES} bytes, got {length}')
    data = stream.read(length)
    if len(head) < _LENGTH_BYTES or len(data) < length:
        return None
    message = json.loads(data)
    if not isinstance(message, dict):
        raise ValueError(f'expected a JSON object, got {type(message).__name__}')
    return message


def grammar_fields(grammar: JsonSchema | Lark | None) -> dict[str, Any] | None:
    """A grammar as plain data."""
    if grammar is None:
        return None
    return {'type': type(grammar).__name__} | dataclasses.asdict(grammar)


def _make_grammar(fields: dict[str, Any] | None) -> JsonSchema | Lark | None:
    if fields is None:
        return None
    kind = {kind.__name__: kind for kind in (JsonSchema, Lark)}[fields.pop('type')]
    return kind(**fields)


def main() -> None:
    """Make the model that the first message names, and work until the input ends."""
    replies = os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)
    # Where memory runs out, this process goes first, not the robot's other ones.
    with contextlib.suppress(OSError), open('/proc/self/oom_score_adj', 'w') as file:
        file.write('500')
    requests = sys.stdin.buffer
    first = read_frame(requests)
    if first is None:
        return
    child = _Child(replies)
    threading.Thread(target=child.listen, args=(requests,), daemon=True).start()
    child.work(first['factory'], first['settings'])


class _Child:
    """One thread listens, so that a cancel gets through; the main thread works."""

    def __init__(self, replies: BinaryIO):
        self._replies = replies
        self._jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._running: int | None = None
        self._lock = threading.Lock()
        self._model: Any = None

    def listen(self, requests: BinaryIO) -> None:
        """Queue what comes; end the process when nothing can come any more."""
        try:
            while (message := read_frame(requests)) is not None:
                if message['op'] == 'cancel':
                    self._cancel(message['id'])
                else:
                    self._jobs.put(message)
        except Exception:
            traceback.print_exc()
            os._exit(BROKEN)
        os._exit(0)

    def _cancel(self, number: int) -> None:
        """Stop a call if it runs; it is sent again until the call has ended."""
        with self._lock:
            if self._running == number and hasattr(self._model, 'cancel'):
                self._model.cancel()

    def work(self, factory: str, settings: Mapping[str, Any]) -> None:
        """Make the model, then answer one request after the other."""
        try:
            module, _, name = factory.partition(':')
            self._model = getattr(importlib.import_module(module), name)(**settings)
        except BaseException as error:
            write_frame(self._replies, {'op': 'failed', **_describe(error)})
            return
        told = {key: getattr(self._model, key, '') for key in ('sha256', 'remark')}
        told['adapter_sha256s'] = getattr(self._model, 'adapter_sha256s', {})
        write_frame(self._replies, {'op': 'ready', **told})
        while True:
            self._answer(self._jobs.get())

    def _answer(self, job: dict[str, Any]) -> None:
        number = job['id']
        with self._lock:
            self._running = number
        try:
            said = self._score(job) if job['op'] == 'score' else self._complete(job)
            reply = {**said, 'stats': _stats_of(self._model)}
        except PrismError as error:
            reply = _describe(error)
        except BaseException as error:
            write_frame(self._replies, {'op': 'reply', 'id': number, **_describe(error)})
            os._exit(BROKEN)
        with self._lock:
            self._running = None
        write_frame(self._replies, {'op': 'reply', 'id': number, **reply})

    def _complete(self, job: dict[str, Any]) -> dict[str, Any]:
        text = self._model.complete(
            job['messages'],
            grammar=_make_grammar(job['grammar']),
            max_new_tokens=job['max_new_tokens'],
            seed=job['seed'],
            timeout_s=job['timeout_s'],
            **_adapter_of(job),
            **self._telling(job['id']),
        )
        return {'text': text}

    def _telling(self, number: int) -> dict[str, Any]:
        """What has a model tell of its reply while it writes, where it can."""
        if 'on_text' not in inspect.signature(self._model.complete).parameters:
            return {}
        said, began_s, told_s = '', 0.0, 0.0

        def tell(part: str) -> None:
            nonlocal said, began_s, told_s
            now_s = time.monotonic()
            said, began_s = (said + part)[-TAIL_CHARS:], began_s or now_s
            if now_s - told_s < PROGRESS_EVERY_S:
                return
            told_s = now_s
            tokens = int(getattr(self._model, 'written_tokens', 0))
            progress = {'tokens': tokens, 'text': said, 'writing_s': now_s - began_s}
            write_frame(self._replies, {'op': 'progress', 'id': number, **progress})

        return {'on_text': tell}

    def _score(self, job: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(self._model, ScoringModel):
            raise PlannerError(
                f'the model {self._model.name} says no likelihoods, expected one with score()'
            )
        scores = self._model.score(
            job['prompt'],
            job['continuations'],
            begun=job['begun'],
            timeout_s=job['timeout_s'],
            **_adapter_of(job),
        )
        return {'scores': [dataclasses.astuple(score) for score in scores]}


def _adapter_of(job: Mapping[str, Any]) -> dict[str, Any]:
    return {key: job[key] for key in ('adapter',) if key in job}


def _stats_of(model: Any) -> dict[str, Any]:
    """What the last call cost, where the model tells."""
    stats: Any = getattr(model, 'stats', None)
    is_data = dataclasses.is_dataclass(stats) and not isinstance(stats, type)
    return dataclasses.asdict(stats) if is_data else {}


def _describe(error: BaseException) -> dict[str, str]:
    kind = type(error).__name__
    said = str(error) if isinstance(error, PrismError) else f'{kind}: {error}'
    if isinstance(error, ModuleNotFoundError):
        said = explain_missing(error) or said
    return {'kind': kind, 'error': said}
