# SPDX-License-Identifier: Apache-2.0
"""One life of an engine child, as its parent sees it: start, ask, cancel, kill, and why it ended.

Nothing here waits for the child: its pipes are served by threads, and whoever asked is told through
a future. What the child sends is JSON and is checked.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from prism_core.episode.planner_progress import Progress
from prism_core.errors import (
    EngineLost,
    ModelHashMismatch,
    ModelNotLoaded,
    OutOfMemory,
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    PromptTooLong,
    UnknownAdapter,
)
from prism_core.inference.child.engine_child import read_frame, write_frame
from prism_core.inference.child.memory import count_oom_kills
from prism_core.inference.text_model import Score

_UNAVAILABLE: dict[str, type[PlannerUnavailable]] = {
    **{kind.__name__: kind for kind in (PlannerUnavailable, ModelHashMismatch, OutOfMemory)},
    MemoryError.__name__: OutOfMemory,
}
# What a model's error comes back as; any other is EngineLost.
_ERRORS: dict[str, type[PlannerError]] = {
    **{kind.__name__: kind for kind in (PlannerTimeout, PromptTooLong, UnknownAdapter)},
    PlannerError.__name__: PlannerError,
    **_UNAVAILABLE,
}
_CANNOT_BE_MADE = 'the model cannot be made: '
_KEPT_LINES = 20
_LINE_CHARS = 500
_START = 'from prism_core.inference.child.engine_child import main; main()'
# The same modules as ours; an interpreter of its own has others, and ours only where it lacks them.
_SAME = f'import sys; sys.path[:] = sys.argv[1:]; {_START}'
_OWN = f'import sys; sys.path += sys.argv[1:]; {_START}'


class EngineProcess:
    """A child process with a model in it.

    Args:
        factory: `package.module:factory` of the model.
        settings: arguments of the factory, as plain data.
        python: its interpreter; '' for this one.
        on_change: called on any thread when something has happened.

    `ready` is done when the model is made, with an exception when it could not be made. `error`
    is why the child ended, None before; `is_refused`, whether the model could not be made.
    `progress` is how far the reply to the last request is.
    `sha256` is that of the model's file and `remark` what its user should know, '' before it is
    ready and where it has none; `adapter_sha256s` are those of its adapters' files, by name.

    Raises:
        ModelNotLoaded: the interpreter cannot be run.
    """

    def __init__(
        self,
        factory: str,
        settings: Mapping[str, Any],
        python: str,
        on_change: Callable[[], None],
    ):
        self.ready: Future[None] = Future()
        self.error: PlannerUnavailable | None = None
        self.is_refused = False
        self.sha256 = self.remark = ''
        self.adapter_sha256s: Mapping[str, str] = {}
        self.progress = Progress()
        self._on_change = on_change
        self._refusal: PlannerUnavailable | None = None
        self._oom_kills = count_oom_kills()
        self._killed_because = ''
        self._numbers = itertools.count()
        self._calls: dict[int, Future[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._outbox: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._said: deque[str] = deque(maxlen=_KEPT_LINES)
        start, paths = _SAME, sys.path
        if python:
            start, paths = _OWN, [str(Path(__file__).parents[3])]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own child, without a shell
                [python or sys.executable, '-c', start, *map(os.path.abspath, paths)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the parent, which ends the child
            )
        except OSError as error:
            raise ModelNotLoaded(
                f'engine.python: cannot run {python or sys.executable}: {error.strerror}'
            ) from error
        self._outbox.put({'factory': factory, 'settings': dict(settings)})
        self._threads = [
            threading.Thread(target=work, name=f'engine-{self._process.pid}', daemon=True)
            for work in (self._write, self._read, self._listen)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def ask(self, op: str, request: Mapping[str, Any]) -> tuple[int, Future[dict[str, Any]]]:
        """Send a request to `complete` or to `score`; its number, and the future that gets the
        reply (`said` and `stats`) or the PlannerError.
        """
        number, future = next(self._numbers), Future[dict[str, Any]]()
        with self._lock:
            if self.error:
                future.set_exception(type(self.error)(str(self.error)))
            else:
                self._calls[number] = future
                self.progress = Progress()
        self._outbox.put({'op': op, 'id': number, **request})
        return number, future

    def cancel(self, number: int) -> None:
        """Ask the model to stop working on a request."""
        self._outbox.put({'op': 'cancel', 'id': number})

    def kill(self, reason: str) -> None:
        """End the child at once, whatever it does."""
        self._killed_because = self._killed_because or reason
        self._process.kill()

    def join(self, timeout_s: float) -> None:
        """Wait until the child has ended and its threads with it."""
        for thread in self._threads:
            thread.join(timeout_s)

    def _write(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - it was asked for
        try:
            while (message := self._outbox.get()) is not None:
                write_frame(pipe, message)  # type: ignore[arg-type]
            pipe.close()
        except OSError:  # the child has gone
            pass

    def _listen(self) -> None:
        """Keep the last lines of what the runtime prints."""
        pipe = self._process.stderr
        assert pipe is not None  # noqa: S101 - it was asked for
        with pipe:
            while line := pipe.readline(_LINE_CHARS):
                self._said.append(line.decode(errors='replace').rstrip())

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101 - it was asked for
        reason = ''
        try:
            with pipe:
                while (message := read_frame(pipe)) is not None:  # type: ignore[arg-type]
                    self._take(message)
                    if message['op'] != 'progress':
                        self._on_change()
        except (ValueError, KeyError, TypeError) as error:
            reason = f'it sent what is no reply: {error!r}'
        self._process.kill()
        self._end(self._process.wait(), reason)
        self._outbox.put(None)
        self._on_change()

    def _take(self, message: dict[str, Any]) -> None:
        if message['op'] == 'ready':
            self.sha256, self.remark = str(message['sha256']), str(message['remark'])
            self.adapter_sha256s = dict(message['adapter_sha256s'])
            self.ready.set_result(None)
        elif message['op'] == 'failed':
            self.is_refused = True
            kind, said = _UNAVAILABLE.get(message['kind']), str(message['error'])
            self._refusal = kind(said) if kind else ModelNotLoaded(_CANNOT_BE_MADE + said)
        elif message['op'] == 'progress':
            told = Progress(
                int(message['tokens']), str(message['text']), float(message['writing_s'])
            )
            with self._lock:  # of a request that was given up, nobody wants to know
                self.progress = told if message['id'] in self._calls else self.progress
        else:
            with self._lock:
                future = self._calls.pop(message['id'])
            if 'error' in message:
                error = _ERRORS.get(message['kind'], EngineLost)
                future.set_exception(error(str(message['error'])))
            else:
                future.set_result({'said': _read_said(message), 'stats': message['stats']})

    def _end(self, status: int, reason: str) -> None:
        """Say to all who wait that nothing will come."""
        error = self._refusal or self._explain(status, self._killed_because or reason)
        with self._lock:
            self.error = error
            calls, self._calls = list(self._calls.values()), {}
        waiting: list[Future[Any]] = [self.ready, *calls]
        for future in waiting:
            if not future.done():
                future.set_exception(type(error)(str(error)))

    def _explain(self, status: int, reason: str) -> PlannerUnavailable:
        """Why the child was lost."""
        if not reason and status == -signal.SIGKILL and count_oom_kills() > self._oom_kills:
            return OutOfMemory(
                'the engine was lost: the kernel ended it because memory ran out; free memory or '
                'take a smaller model'
            )
        if not reason:
            how = f'signal {signal.Signals(-status).name}' if status < 0 else f'status {status}'
            self._threads[2].join(1.0)  # the last words
            last = next((line for line in reversed(self._said) if line.strip()), '')
            reason = f'it ended with {how}' + (f': {last}' if last else '')
        return EngineLost(f'the engine was lost: {reason}')


def _read_said(message: Mapping[str, Any]) -> str | list[Score]:
    """What a model said: a text, or scores."""
    if 'scores' in message:
        return [Score(float(total), int(count)) for total, count in message['scores']]
    return str(message['text'])
