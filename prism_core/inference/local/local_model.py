# SPDX-License-Identifier: Apache-2.0
"""Language models that run here: the loop around a backend, for llama.cpp and transformers alike.

What a backend has read stays read: a call pays for the tokens behind the longest prefix that it
shares with the call of the same adapter before it. Prompts are read in chunks, between which the
deadline and a cancel are looked at, so that a call ends within one chunk on any device. A prompt
that does not fit is an error before anything is read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from prism_core.dialects.conversation import Message
from prism_core.errors import (
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    PromptTooLong,
    UnknownAdapter,
)
from prism_core.inference.call_stats import CallStats
from prism_core.inference.local.adapter_states import AdapterStates
from prism_core.inference.local.backend import Backend
from prism_core.inference.local.branches import ROOT, Tree
from prism_core.inference.local.grammar import Grammars, GrammarState
from prism_core.inference.local.reply_text import ReplyText
from prism_core.inference.text_model import JsonSchema, Score
from prism_core.plan.grammar import Lark

REPLY_TOKENS = 512
"""So many tokens are kept free for a reply at most; a student says a tenth of that."""


class _Completion:
    """What one call goes by, and what it took so far."""

    def __init__(self, ends_at: float, seed: int, on_text: Callable[[str], None]):
        self.ends_at = ends_at
        self.rng = np.random.default_rng(seed)
        self.on_text = on_text
        self.stats = CallStats()


class LocalModel:
    """A `TextModel` and a `ScoringModel` over a backend.

    Args:
        backend: reads the tokens.
        name: for provenance.
        temperature: 0 for the most probable token; above, tokens are drawn by the call's seed.
        chunk_tokens: so many tokens are read between two looks at the deadline.
        timeout_s: for calls that do not say how long they wait.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        name: str,
        temperature: float = 0.0,
        chunk_tokens: int = 256,
        timeout_s: float = 60.0,
    ):
        self.name = name
        self.temperature = temperature
        self.stats = CallStats()
        self.written_tokens = 0
        """Of the reply that is being written, or of the last one."""
        self._backend = backend
        self._is_closed = False
        self._chunk_tokens = chunk_tokens
        self._timeout_s = timeout_s
        self._grammars = Grammars(backend.vocabulary)
        self._held: list[int] = []
        self._adapter: str | None = ''  # None where a switch failed
        self._states = AdapterStates(backend.context_tokens)
        self._lock = threading.Lock()
        self._canceled = threading.Event()

    # -------------------------------------------------------------------------------------- calls

    def complete(
        self,
        messages: Sequence[Message],
        *,
        grammar: JsonSchema | Lark | None = None,
        max_new_tokens: int = 1024,
        seed: int = 0,
        timeout_s: float | None = None,
        adapter: str = '',
        on_text: Callable[[str], None] | None = None,
    ) -> str:
        """The next message of the assistant.

        Args:
            messages: the conversation so far.
            grammar: what the reply must look like, and will unless it is cut.
            max_new_tokens: where the reply is cut.
            seed: for temperatures above 0.
            timeout_s: how long the caller waits, for its turn too; None for the model's own.
            adapter: the name of that which changes the weights; '' for none.
            on_text: told each piece of the reply as it comes; on the thread of the call.

        Raises:
            PlannerTimeout: no reply within the time.
            PlannerUnavailable: the model is closed.
            PromptTooLong: prompt and reply do not fit; nothing was read.
            UnknownAdapter: the model has none of that name.
            PlannerError: the call was canceled, or the backend failed.
        """
        with self._begin_call(timeout_s, adapter, seed, on_text) as (backend, call):
            prompt = self._encode(backend, messages)
            self._check_room(backend, len(prompt), reply_room(grammar, max_new_tokens))
            max_new_tokens = min(max_new_tokens, backend.context_tokens - len(prompt))
            constraint = None if grammar is None else self._grammars.start(grammar)
            return self._generate(backend, prompt, constraint, max_new_tokens, call)

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

        The prompt is read once, from where it differs from the call before, and so is whatever
        several texts begin with. The next call finds the prompt read.

        Raises:
            PlannerTimeout: no scores within the time.
            PlannerUnavailable: the model is closed.
            PromptTooLong: the prompt and the longest text do not fit; nothing was read.
            UnknownAdapter: the model has no adapter of that name.
            PlannerError: a text is empty, the call was canceled, or the backend failed.
        """
        if not continuations or not all(continuations):
            raise PlannerError(
                'expected texts to score that are not empty, got none or an empty one'
            )
        with self._begin_call(timeout_s, adapter) as (backend, call):
            shared, texts = self._encode_all(backend, prompt, begun, continuations)
            self._check_room(backend, len(shared), max(map(len, texts)))
            tree = Tree(texts)
            tree.take(ROOT, self._read(backend, self._forget(backend, shared, call), call))

            def take(number: int, logits: np.ndarray) -> None:
                self._check_time(call)
                tree.take(number, logits)

            read = backend.read_tree(tree, take)
            call.stats = replace(call.stats, read_tokens=call.stats.read_tokens + read)
            return [Score(tree.sum_up(text), len(text)) for text in texts]

    @contextmanager
    def _begin_call(
        self,
        timeout_s: float | None,
        adapter: str,
        seed: int = 0,
        on_text: Callable[[str], None] | None = None,
    ) -> Iterator[tuple[Backend, _Completion]]:
        """Wait for the turn of a call, and note what it took."""
        start = time.monotonic()
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        if not self._lock.acquire(timeout=max(0.0, timeout_s)):
            raise PlannerTimeout(f'the model {self.name} was busy for {timeout_s:g} s; ask again')
        call = _Completion(start + timeout_s, seed, on_text or (lambda text: None))
        try:
            self._canceled.clear()
            self._switch(self._open_backend(), adapter)
            yield self._backend, call
        finally:
            self.stats = replace(call.stats, total_s=time.monotonic() - start)
            self._lock.release()

    def _switch(self, backend: Backend, adapter: str) -> None:
        """Have the backend compute with an adapter, from what it had read under it."""
        if adapter and adapter not in backend.adapters:
            raise UnknownAdapter(
                f'the model {self.name} has no adapter {adapter[:80]!r}; expected '
                f'{" or ".join(map(repr, backend.adapters)) or "none"}'
            )
        before, read = self._adapter, self._held
        if adapter != before:
            held, state = self._states.take(adapter)
            self._adapter, self._held = None, []
            left = backend.switch(adapter, state)
            self._adapter, self._held = adapter, held
            if before is not None and read:
                self._states.put(before, read, left)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """The tokens of a prompt.

        Raises:
            PlannerError: the model is closed, or its template takes no such messages.
        """
        return len(self._encode(self._open_backend(), messages))

    def cancel(self) -> None:
        """End the call in progress, if any, with a PlannerError; from any thread."""
        self._canceled.set()

    def close(self) -> None:
        """End the call in progress and free the backend.

        A second call does nothing.
        """
        is_first, self._is_closed = not self._is_closed, True
        self._canceled.set()
        if is_first:
            with self._lock:
                self._backend.close()

    # ------------------------------------------------------------------------------------ prompts

    def _open_backend(self) -> Backend:
        if self._is_closed:
            raise PlannerUnavailable(f'the model {self.name} is closed; load it again')
        return self._backend

    def _encode(self, backend: Backend, messages: Sequence[Message]) -> list[int]:
        if backend.template is None:
            raise PlannerError(
                f'the model {self.name} has no chat template, expected a plain text; take a model '
                'that was made for conversations'
            )
        tokens: list[int] = []
        for piece in backend.template.render(messages):
            tokens += backend.encode(piece.text, piece.is_template)
        return tokens

    def _encode_all(
        self,
        backend: Backend,
        prompt: Sequence[Message] | str,
        begun: str,
        continuations: Sequence[str],
    ) -> tuple[list[int], list[list[int]]]:
        """The tokens with which a prompt and all that goes on from it begin, and the others of each
        continuation. A reply is made tokens of as a whole, and so is a plain text.
        """
        if isinstance(prompt, str):
            before, begun = backend.begin, prompt + begun
        else:
            before = self._encode(backend, prompt)
        texts = [backend.encode(begun + text, False) for text in continuations]
        shared = backend.encode(begun, False)
        for text in texts:
            shared = shared[: min(_shared_prefix(shared, text), len(text) - 1)]
        return [*before, *shared], [text[len(shared) :] for text in texts]

    def _check_room(self, backend: Backend, prompt_tokens: int, room: int) -> None:
        if prompt_tokens + room > backend.context_tokens:
            raise PromptTooLong(
                f'expected a prompt of at most {max(0, backend.context_tokens - room)} tokens (a '
                f'context of {backend.context_tokens} less {room} for the reply), got '
                f'{prompt_tokens}; load the model with a larger context or shorten the prompt'
            )

    # ----------------------------------------------------------------------------------- decoding

    def _generate(
        self,
        backend: Backend,
        prompt: list[int],
        constraint: GrammarState | None,
        max_new_tokens: int,
        call: _Completion,
    ) -> str:
        began = time.monotonic()
        unread = self._forget(backend, prompt, call)
        forced = constraint.take_forced() if constraint else []
        text = ReplyText(backend, call.on_text)
        text.add(forced)
        new = list(forced)
        self.written_tokens = len(new)
        unread = unread + forced
        while len(new) < max_new_tokens and not (constraint and constraint.is_complete):
            logits = self._read(backend, unread, call)
            token, is_rejected = self._choose(backend, logits, constraint, call.rng)
            if not call.stats.first_token_s:
                call.stats = replace(call.stats, first_token_s=time.monotonic() - began)
            if token in backend.ends:
                break
            forced = constraint.take_forced() if constraint else []
            unread = [token, *forced]
            new += unread
            self.written_tokens = len(new)
            text.add(unread)
            call.stats = replace(
                call.stats,
                new_tokens=len(new),
                forced_tokens=call.stats.forced_tokens + len(forced),
                rejected_tokens=call.stats.rejected_tokens + is_rejected,
            )
        return text.finish()

    def _forget(self, backend: Backend, prompt: list[int], call: _Completion) -> list[int]:
        """Have the backend forget what is not of a prompt; what of it is still to be read."""
        shared = _shared_prefix(self._held, prompt)
        kept = backend.keep(min(shared, len(prompt) - 1))
        self._held = self._held[:kept]
        call.stats = CallStats(len(prompt), kept, len(prompt) - kept)
        return prompt[kept:]

    def _check_time(self, call: _Completion) -> None:
        if self._canceled.is_set():
            raise PlannerError(f'the call of the model {self.name} was canceled')
        if time.monotonic() >= call.ends_at:
            raise PlannerTimeout(
                f'no reply of the model {self.name} within the time given; '
                'give it longer or take a smaller model'
            )

    def _read(self, backend: Backend, tokens: Sequence[int], call: _Completion) -> np.ndarray:
        """Have the backend read tokens in chunks."""
        logits = np.empty(0)
        for start in range(0, len(tokens), self._chunk_tokens):
            self._check_time(call)
            chunk = tokens[start : start + self._chunk_tokens]
            try:
                logits = backend.read(chunk)
            except PlannerError:
                self._held = self._held[: backend.keep(len(self._held))]
                raise
            self._held += chunk
        return logits

    def _choose(
        self,
        backend: Backend,
        logits: np.ndarray,
        constraint: GrammarState | None,
        rng: np.random.Generator,
    ) -> tuple[int, bool]:
        """The next token, and whether the grammar refused the one that the model wanted.

        To draw again among the allowed tokens when the first one drawn is refused gives each token
        the probability that drawing among the allowed ones alone would give it.
        """
        token = self._draw(logits, rng)
        if constraint is None or _takes(constraint, token, backend.ends):
            return token, False
        allowed = constraint.allowed()
        token = self._draw(np.where(allowed, logits, -np.inf), rng)
        if not allowed[token] or not _takes(constraint, token, backend.ends):
            raise PlannerError('the grammar leaves the model nothing to say; report this')
        return token, True

    def _draw(self, logits: np.ndarray, rng: np.random.Generator) -> int:
        best = int(np.argmax(logits))
        if self.temperature <= 0:
            return best
        scaled = (logits - logits[best]) / self.temperature
        summed = np.cumsum(np.exp(scaled, dtype=np.float64))
        return int(np.searchsorted(summed, rng.random() * summed[-1], side='right'))


def reply_room(grammar: JsonSchema | Lark | None, max_new_tokens: int) -> int:
    """So many tokens of the context are kept free for a reply. One that is held to known names may
    be longer where the prompt leaves more: the longest sentence of a grammar is many times what
    anybody says.
    """
    if isinstance(grammar, Lark):
        return min(max_new_tokens, grammar.longest, REPLY_TOKENS)
    return max_new_tokens


def _shared_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    for index, (a, b) in enumerate(zip(one, other)):
        if a != b:
            return index
    return min(len(one), len(other))


def _takes(constraint: GrammarState, token: int, ends: frozenset[int]) -> bool:
    return constraint.may_end if token in ends else constraint.take(token)
