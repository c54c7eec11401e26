# SPDX-License-Identifier: Apache-2.0
"""EngineModel: a language model in a child process that is watched, killed and restarted.

A crash or a hang of the runtime costs one call; it never takes the caller down. Calls come one at a
time, in the order in which they were made. Knows nothing of what the model is.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

from prism_core.dialects.conversation import Message
from prism_core.episode.planner_health import PlannerHealth
from prism_core.episode.planner_progress import Progress
from prism_core.errors import ConfigError, PlannerError, PlannerTimeout, PlannerUnavailable
from prism_core.inference.child.engine_child import grammar_fields
from prism_core.inference.child.engine_process import EngineProcess
from prism_core.inference.child.memory import check_memory
from prism_core.inference.text_model import JsonSchema, Score
from prism_core.plan.grammar import Lark

_logger = logging.getLogger(__name__)

State = Literal['stopped', 'starting', 'ready', 'restarting', 'failed']
_CANCEL_EVERY_S = 0.05
_JOIN_S = 2.0


@dataclass(frozen=True)
class EngineConfig:
    """What runs in the child, and how patient its parent is.

    Attributes:
        factory: `package.module:factory` of a TextModel.
        settings: arguments of the factory, as plain data.
        name: of the model.
        python: interpreter of the child, such as that of a virtual environment with the runtime;
            '' for this one.
        needed_bytes: memory that the model takes; 0 for unknown.
        spare_bytes: memory that has to stay available beside it.
        timeout_s: for a call that does not say how long it waits.
        start_timeout_s: how long making the model may take.
        grace_s: how long a model has to react to a cancel or its deadline before it is killed.
        first_pause_s: before the first restart; doubled for each one after.
        max_pause_s: the longest pause.
        max_restarts: so many restarts in a row without a reply between them; after that, and
            where the model cannot be made, only a call tries again, when the pause is over.

    Raises:
        ConfigError: the factory is no import path.
    """

    factory: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = 'engine'
    python: str = ''
    needed_bytes: int = 0
    spare_bytes: int = 0
    timeout_s: float = 120.0
    start_timeout_s: float = 300.0
    grace_s: float = 1.0
    first_pause_s: float = 0.5
    max_pause_s: float = 30.0
    max_restarts: int = 5

    def __post_init__(self):
        module, _, attribute = self.factory.partition(':')
        if not module or not attribute:
            raise ConfigError(
                f'engine.factory: expected package.module:factory, got {self.factory!r}'
            )


@dataclass(frozen=True)
class EngineHealth:
    """How the child of an engine is.

    Attributes:
        state: `stopped` before the first call and after the end; `restarting` when the child was
            lost and comes back by itself; `failed` when only a call, later, tries again.
        losses: so many children were lost, or could not be started, since the last good reply.
        error: why the last one was lost, None when none was.
        pid: of the child; 0 when there is none.
    """

    state: State
    losses: int = 0
    error: PlannerUnavailable | None = None
    pid: int = 0

    @property
    def last_error(self) -> str:
        """Why the last one was lost, '' when none was."""
        return '' if self.error is None else str(self.error)


class _Call:
    def __init__(self, deadline_s: float):
        self.deadline_s = deadline_s
        self.is_canceled = False

    @property
    def remaining_s(self) -> float:
        return max(0.0, self.deadline_s - time.monotonic())


class EngineModel:
    """A TextModel and ScoringModel of which the work is done in a child process.

    The child is started by `start` or by the first call. `cancel` may be called from any thread.
    `stats` is what the model told of the last reply, by name.
    """

    def __init__(self, config: EngineConfig):
        self.name = config.name
        self.stats: Mapping[str, Any] = {}
        self._config = config
        self._process: EngineProcess | None = None
        self._calls: deque[_Call] = deque()
        self._changed = threading.Condition(threading.RLock())
        self._timer: threading.Timer | None = None  # until the next start
        self._start_limit = threading.Timer(0.0, lambda: None)  # of the child that starts
        self._next_start_s = 0.0
        self._losses = 0
        self._last_error: PlannerUnavailable | None = None
        self._sha256 = self._remark = ''
        self._adapter_sha256s: Mapping[str, str] = {}
        self._is_closed = False

    @property
    def health(self) -> EngineHealth:
        """How the child is now."""
        with self._changed:
            process = self._process
            if process is not None:
                state: State = 'ready' if process.ready.done() else 'starting'
            elif self._is_closed or not self._losses:
                state = 'stopped'
            else:
                state = 'failed' if self._timer is None else 'restarting'
            pid = 0 if process is None else process.pid
            return EngineHealth(state, self._losses, self._last_error, pid)

    @property
    def progress(self) -> Progress:
        """How far the reply is that the child writes, by a model that tells."""
        process = self._process
        return Progress() if process is None else process.progress

    @property
    def planner_health(self) -> PlannerHealth:
        """Whether the model can answer: a child that was lost counts as out until the next one is
        ready.
        """
        return self.tell_health()

    def tell_health(self, adapter: str = '') -> PlannerHealth:
        """The same of the model with one of its adapters."""
        with self._changed:
            model_id = f'{self.name} {self._sha256[:12]}'.rstrip()
            if adapter:
                sha256 = self._adapter_sha256s.get(adapter, '')
                model_id += f' + {adapter} {sha256[:12]}'.rstrip()
            if self.health.state == 'ready':
                return PlannerHealth('ready', model_id=model_id, remark=self._remark)
            if self._is_closed:
                error: PlannerError | None = PlannerUnavailable('the engine was closed')
            else:
                error = self._last_error if self._losses else None
            return PlannerHealth('out' if error else 'loading', error, model_id)

    def start(self) -> None:
        """Start the child, and do not wait until it is ready; nothing happens when it runs.

        Raises:
            PlannerUnavailable: it cannot be started, or not yet again; OutOfMemory where it does
                not fit.
        """
        with self._changed:
            if self._is_closed:
                raise PlannerUnavailable('the engine is closed')
            if self._process is not None:
                return
            pause_s = self._next_start_s - time.monotonic()
            if pause_s > 0:
                raise self._lost(f'; next try in {pause_s:.1f} s')
            self._launch()

    def complete(
        self,
        messages: Sequence[Message],
        *,
        grammar: JsonSchema | Lark | None = None,
        max_new_tokens: int = 1024,
        seed: int = 0,
        timeout_s: float | None = None,
        adapter: str = '',
    ) -> str:
        """The next message of the assistant; `adapter` names that of the model which is used.

        Raises:
            PlannerTimeout: no reply within the time.
            PlannerUnavailable: the child cannot be started or was lost: ModelNotLoaded,
                ModelHashMismatch, OutOfMemory or EngineLost.
            UnknownAdapter: the model has no such adapter.
            PlannerError: any other reason why no text came; the call was canceled.
        """
        request = {
            'messages': list(messages),
            'grammar': grammar_fields(grammar),
            'max_new_tokens': max_new_tokens,
            'seed': seed,
            **_name_adapter(adapter),
        }
        return self._call('complete', request, timeout_s)

    def score(
        self,
        prompt: Sequence[Message] | str,
        continuations: Sequence[str],
        *,
        begun: str = '',
        timeout_s: float | None = None,
        adapter: str = '',
    ) -> list[Score]:
        """How likely each of several texts is, behind a prompt; see `ScoringModel`.

        Raises:
            PlannerTimeout: no scores within the time.
            PlannerUnavailable, UnknownAdapter: as for `complete`.
            PlannerError: the model in the child cannot score, or any other reason why no scores
                came.
        """
        request = {
            'prompt': prompt if isinstance(prompt, str) else list(prompt),
            'continuations': list(continuations),
            'begun': begun,
            **_name_adapter(adapter),
        }
        return self._call('score', request, timeout_s)

    def _call(self, op: str, request: Mapping[str, Any], timeout_s: float | None) -> Any:
        """What the child says to a request, when its turn has come."""
        limit_s = self._config.timeout_s if timeout_s is None else timeout_s
        call = _Call(time.monotonic() + limit_s)
        with self._changed:
            self._calls.append(call)
        try:
            self._wait(call, lambda: self._calls[0] is call, 'for the calls before it')
            self.start()
            process = self._process
            if process is None:
                raise self._lost()
            self._wait(call, process.ready.done, 'for the model to be made')
            process.ready.result()
            return self._ask(call, process, op, {**request, 'timeout_s': call.remaining_s})
        finally:
            with self._changed:
                self._calls.remove(call)
                self._changed.notify_all()

    def cancel(self) -> None:
        """End every call that runs or waits; they raise PlannerError."""
        with self._changed:
            for call in self._calls:
                call.is_canceled = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the child and every call; a second call does nothing."""
        with self._changed:
            self._is_closed = True
            process, self._process = self._process, None
            if self._timer is not None:
                self._timer.cancel()
            self._start_limit.cancel()
            self._changed.notify_all()
        if process is not None:
            process.kill('it was closed')
            process.join(_JOIN_S)

    def _wait(self, call: _Call, is_done: Callable[[], bool], what: str) -> None:
        """Wait for something within the time of a call.

        Raises:
            PlannerError: it did not come, or the call was ended.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: is_done() or call.is_canceled or self._is_closed, call.remaining_s
            )
            if self._is_closed:
                raise PlannerUnavailable('the engine was closed')
            if call.is_canceled:
                raise PlannerError('the call was canceled')
            if not is_done():
                raise PlannerTimeout(f'the engine had no time left: the call waited {what}')

    def _ask(self, call: _Call, process: EngineProcess, op: str, request: Mapping[str, Any]) -> Any:
        number, future = process.ask(op, request)
        try:
            self._wait(call, future.done, 'for the reply')
        except PlannerError:
            self._stop(process, number, future)
            raise
        reply = future.result()
        with self._changed:
            self.stats = reply['stats']
            self._losses = 0
        return reply['said']

    def _stop(self, process: EngineProcess, number: int, future: Future) -> None:
        """Make the model stop; kill it where it does not listen."""
        end_s = time.monotonic() + self._config.grace_s
        with self._changed:
            while not future.done() and time.monotonic() < end_s:
                process.cancel(number)
                self._changed.wait_for(future.done, _CANCEL_EVERY_S)
        if not future.done():
            process.kill(f'it did not stop within {self._config.grace_s:g} s when it was told to')

    # Life of the child -----------------------------------------------------------------------

    def _launch(self) -> None:
        config = self._config
        self._timer = None
        try:
            check_memory(config.needed_bytes, f"the model '{config.name}'", config.spare_bytes)
            self._process = EngineProcess(
                config.factory, config.settings, config.python, self._notice
            )
        except PlannerUnavailable as error:
            self._count_loss(error, restarts=False)
            raise
        self._start_limit = _start_timer(
            limit_s := config.start_timeout_s, self._process.kill, f'no model within {limit_s:g} s'
        )

    def _notice(self) -> None:
        """Something has happened to the child; runs on its thread."""
        with self._changed:
            process = self._process
            if process is not None and (process.error is not None or process.ready.done()):
                self._start_limit.cancel()
            if process is not None and process.error is not None:
                self._process = None
                self._count_loss(process.error, restarts=not process.is_refused)
            elif process is not None and process.ready.done():
                self._take_report(process)
            self._changed.notify_all()

    def _lost(self, more: str = '') -> PlannerUnavailable:
        """The error for who asks while there is no child."""
        error = self._last_error or PlannerUnavailable('the engine was closed')
        return type(error)(f'{error}{more}')

    def _take_report(self, process: EngineProcess) -> None:
        """Note what the child told of its model; a remark is logged once."""
        self._sha256, self._adapter_sha256s = process.sha256, process.adapter_sha256s
        if process.remark != self._remark:
            self._remark = process.remark
            _logger.warning('%s', self._remark)

    def _count_loss(self, error: PlannerUnavailable, *, restarts: bool) -> None:
        """Note why there is no child, and have it restarted where that may help."""
        config = self._config
        self._losses += 1
        self._last_error = error
        doubled_s = config.first_pause_s * 2 ** min(self._losses - 1, 30)
        pause_s = min(config.max_pause_s, doubled_s)
        self._next_start_s = time.monotonic() + pause_s
        if restarts and self._losses <= config.max_restarts:
            self._timer = _start_timer(pause_s, self._restart)

    def _restart(self) -> None:
        with self._changed:
            if not self._is_closed and self._process is None:
                try:
                    self._launch()
                except PlannerUnavailable:  # counted, and told to the next call
                    self._changed.notify_all()


def _start_timer(seconds: float, act: Callable[..., None], *arguments: Any) -> threading.Timer:
    timer = threading.Timer(seconds, act, arguments)
    timer.daemon = True
    timer.start()
    return timer


def _name_adapter(name: str) -> dict[str, str]:
    """The part of a request that names an adapter; models that have none are not asked for it."""
    return {'adapter': name} if name else {}
