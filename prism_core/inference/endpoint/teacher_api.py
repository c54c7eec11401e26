# SPDX-License-Identifier: Apache-2.0
"""A language model behind an OpenAI-compatible endpoint: OpenAI, vLLM, llama.cpp, Ollama.

Waits, tries again, counts and stops so that its caller need not; knows nothing of what it is asked.
The key comes from the environment and goes nowhere but to the endpoint.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import tenacity

from prism_core.dialects.conversation import Message
from prism_core.episode.planner_health import PlannerHealth
from prism_core.errors import (
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    TeacherAuth,
    TeacherUnavailable,
)
from prism_core.inference.endpoint.calls import Call, ChatCall, EmbeddingCall, LikelihoodCall
from prism_core.inference.endpoint.client import Answer, Endpoint
from prism_core.inference.endpoint.errors import Complaint, ModelMissing, Passing, Stop
from prism_core.inference.endpoint.gate import Gate
from prism_core.inference.endpoint.reply_cache import Reply, ReplyCache
from prism_core.inference.endpoint.request_shape import RequestShape, first_shape
from prism_core.inference.endpoint.spending import Account, PromptMeter, Spending
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from prism_core.inference.text_model import JsonSchema
from prism_core.plan.grammar import Lark

OnEvent = Callable[[str, str], None]
_MAX_PAUSE_S = 30.0
_T = TypeVar('_T')
_CLOSED = 'the client of the language model was closed'


class ApiModel:
    """A TextModel that asks an endpoint; any number of threads may call `complete` at once.

    The time of one try, the number of tries, the requests in flight, tokens and money are limited
    by the settings. While the endpoint is down all calls wait and one of them tries.

    Args:
        config: the endpoint and the limits.
        cache: where finished calls are kept; what it holds is replayed and counts as spent.
        on_event: told `down`, `up`, `retry` or `fallback` and a sentence, on a thread of its own.
    """

    is_remote = True

    def __init__(
        self,
        config: TeacherConfig,
        *,
        cache: ReplyCache | None = None,
        on_event: OnEvent | None = None,
    ):
        self.name = config.model
        self._config = config
        self._cache = cache
        self._tell = on_event or (lambda kind, sentence: None)
        self._account = Account(config, Spending() if cache is None else cache.spending)
        self._served_models = frozenset() if cache is None else cache.served_models
        self._meter = PromptMeter()
        self._shape = first_shape(config)
        self._gate = Gate(
            config.url, config.first_pause_s, config.patience_s, config.max_in_flight, self._tell
        )
        self._slots = asyncio.Semaphore(config.max_in_flight)
        self._settled = asyncio.Condition()
        self._endpoint = Endpoint(config)
        obstacle = self._endpoint.obstacle
        self._stopped: PlannerUnavailable | None = TeacherAuth(obstacle) if obstacle else None
        self._last_error: PlannerUnavailable | None = self._stopped
        self._is_closed = False
        self._in_flight: set[concurrent.futures.Future[Any]] = set()
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name=f'teacher-{config.model}', daemon=True
        )
        self._thread.start()

    @property
    def planner_health(self) -> PlannerHealth:
        """Whether the endpoint answered when it was last asked; it is not asked for this."""
        trouble = self._gate.trouble
        error = TeacherUnavailable(trouble) if trouble else self._last_error
        return PlannerHealth('out' if error else 'ready', error, self.name)

    @property
    def spending(self) -> Spending:
        """What this run and those that it resumes spent."""
        return self._account.spending

    @property
    def served_models(self) -> frozenset[str]:
        """The models that replied, as the endpoint names them."""
        return self._served_models

    def complete(
        self,
        messages: Sequence[Message],
        *,
        grammar: JsonSchema | Lark | None = None,
        max_new_tokens: int = 1024,
        seed: int = 0,
        timeout_s: float | None = None,
    ) -> str:
        """The next message of the assistant.

        Args:
            messages: the conversation so far.
            grammar: what the reply must look like, where the endpoint can be held to it; none can
                be held to a Lark grammar.
            max_new_tokens: where the reply is cut.
            seed: for endpoints that sample.
            timeout_s: how long to wait, all tries together; None for as long as they take.

        Raises:
            PlannerTimeout: no reply within the time.
            TeacherAuth: the endpoint refuses the key or the account.
            PlannerUnavailable: no call can succeed now: the model, a cap, the endpoint
                (TeacherUnavailable), or the client is closed.
            PlannerError: this call cannot succeed: the model refused, or the request is too long.
        """
        schema = grammar if isinstance(grammar, JsonSchema) else None
        call = ChatCall(tuple(messages), schema, max_new_tokens, seed)
        reply = self._find(call)
        if reply is None:
            reply = self._run(self._answer(call), timeout_s)
        if reply.refusal:
            raise PlannerError(reply.refusal)
        return reply.text

    def cancel(self) -> None:
        """End the calls in flight, which raise PlannerError; from any thread."""
        with self._lock:
            for future in self._in_flight:
                future.cancel()

    def close(self) -> None:
        """Give up what is in flight and end; a second call does nothing."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # ------------------------------------------------------------------- on the caller's thread

    def _find(self, call: Call) -> Reply | None:
        """What is kept of a call."""
        try:
            key = call.key(self._config)
        except UnicodeEncodeError:
            raise PlannerError(
                'the messages hold half of a surrogate pair, which no request can carry'
            ) from None
        return None if self._cache is None else self._cache.get(key)

    def _run(self, work: Coroutine[Any, Any, _T], timeout_s: float | None) -> _T:
        with self._lock:
            if self._is_closed:
                work.close()
                raise PlannerUnavailable(_CLOSED)
            future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, timeout_s), self._loop)
            self._in_flight.add(future)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            if self._is_closed:
                raise PlannerUnavailable(_CLOSED) from None
            raise PlannerError('the call was canceled') from None
        except asyncio.TimeoutError:
            raise PlannerTimeout(
                f'{self._config.url} gave no reply within {timeout_s:g} s'
            ) from None
        finally:
            future.cancel()
            with self._lock:
                self._in_flight.discard(future)

    # ------------------------------------------------------------------------ on the event loop

    async def _shut(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._endpoint.close()

    async def _answer(self, call: Call) -> Reply:
        """Ask until there is a reply or no hope, and note which."""
        try:
            reply = await self._ask_until_answered(call)
        except PlannerUnavailable as error:
            self._last_error = error
            raise
        self._last_error = None
        return reply

    async def _ask_until_answered(self, call: Call) -> Reply:
        config = self._config
        tries = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(Passing),
            stop=tenacity.stop_after_attempt(config.max_tries),
            wait=self._pause_s,
            reraise=True,
        )
        try:
            return await tries(self._ask_patiently, call)
        except Passing as last:
            times = f'{config.max_tries} tries; the last: {last.sentence}'
            if last.timed_out:
                error: PlannerError = PlannerTimeout(f'no reply after {times}')
            else:
                error = TeacherUnavailable(f'no reply after {times}; resume later')
        except ModelMissing as missing:
            if isinstance(call, LikelihoodCall | EmbeddingCall):
                raise call.refuse(config.url, str(missing)) from None
            error = self._stop(TeacherUnavailable(await self._endpoint.say_models()))
        except Stop as stop:
            error = self._stop(stop.error)
        raise error

    def _stop(self, error: PlannerUnavailable) -> PlannerUnavailable:
        """Have no later call asked; the error for this one."""
        self._stopped = error
        return type(error)(str(error))

    def _pause_s(self, state: tenacity.RetryCallState) -> float:
        """Exponential and jittered; behind what the endpoint asks for, where it does."""
        jitter = tenacity.wait_random_exponential(self._config.first_pause_s, _MAX_PAUSE_S)
        error = state.outcome.exception() if state.outcome else None
        asked_s = error.retry_after_s if isinstance(error, Passing) else 0.0
        pause_s = asked_s + min(jitter(state), 1.0) if asked_s else jitter(state)
        self._tell('retry', f'{error}; trying again in {pause_s:.1f} s')
        return pause_s

    async def _ask_patiently(self, call: Call) -> Reply:
        """Ask once; as often as it takes while the endpoint is down."""
        key = call.key(self._config)
        while True:
            async with self._slots, self._gate.admit(key):
                if self._stopped is not None:
                    raise type(self._stopped)(str(self._stopped))
                try:
                    reply = await self._ask(call)
                except Passing as error:
                    if error.answered:
                        self._gate.note_answer()
                        raise
                    what = key if error.timed_out else object()
                    self._gate.note_failure(error.sentence, call=what, is_down=error.down)
                    if self._gate.is_open:
                        raise
                except (Stop, ModelMissing):
                    self._gate.note_answer()
                    raise
                else:
                    self._gate.note_answer()
                    return reply

    async def _ask(self, call: Call) -> Reply:
        """Ask once, in the simplest form that the endpoint is known to need."""
        while True:
            shape = self._shape
            try:
                return await self._ask_in(shape, call)
            except Complaint as complaint:
                said = str(complaint)
            simpler = shape.make_simpler(said)
            if simpler is None:
                self._gate.note_answer()
                raise call.refuse(self._config.url, said)
            if self._shape == shape:
                self._shape = simpler
                self._tell('fallback', f'the endpoint refused a field ({said}); going on without')

    async def _ask_in(self, shape: RequestShape, call: Call) -> Reply:
        """One request, paid for within the caps."""
        size_bytes = call.size_bytes
        prompt_tokens = self._meter.bound(size_bytes, len(call.messages))
        most = Spending(
            prompt_tokens=prompt_tokens,
            new_tokens=call.max_new_tokens,
            cost_usd=self._config.cost_usd(prompt_tokens, 0, call.max_new_tokens),
        )
        async with self._settled:
            await self._settled.wait_for(lambda: self._account.try_reserve(most))
        spent, key = replace(most, lost=1), call.key(self._config)
        try:
            answer = await call.send(self._endpoint, self._config, shape)
            spent = self._price(answer, most)
            if answer.prompt_tokens is not None:
                self._meter.learn(size_bytes, answer.prompt_tokens)
            self._served_models |= {answer.model}
            reply = Reply(answer.text, answer.refusal, answer.model, spent)
            return reply if self._cache is None else self._cache.put(key, reply)
        except Passing as error:
            spent = spent if error.lost else Spending()
            raise
        except (Complaint, ModelMissing, Stop, PlannerError):
            spent = Spending()
            raise
        finally:
            if spent.lost and self._cache is not None:
                self._cache.add_lost(spent)
            async with self._settled:
                self._account.settle(most, spent)
                self._settled.notify_all()

    def _price(self, answer: Answer, most: Spending) -> Spending:
        """What an answer cost; the most that it can have cost where it does not say."""
        prompt, new = most.prompt_tokens, most.new_tokens
        if answer.prompt_tokens is not None:
            prompt, new = answer.prompt_tokens, answer.new_tokens
        return Spending(
            calls=1,
            prompt_tokens=prompt,
            cached_tokens=answer.cached_tokens,
            new_tokens=new,
            cost_usd=self._config.cost_usd(prompt, answer.cached_tokens, new),
            cut=int(answer.is_cut),
            refused=int(bool(answer.refusal)),
        )
