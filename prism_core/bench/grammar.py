# SPDX-License-Identifier: Apache-2.0
"""What it costs to hold a reply to a grammar, on a model that would never say that reply by itself.

A model of random weights wants what no grammar takes, and its reply would be another one with each
grammar. So it is made to want a given reply: it computes as ever, and then the next token of that
reply gets the highest score. With the grammar and without one it says the same text, one token for
each step: those that the grammar forces, which are otherwise read together and save steps, are read
one by one, too. What is left is the cost of checking.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prism_core.bench.runtime import RuntimeLoad, write_prompt
from prism_core.dialects.conversation import Message
from prism_core.errors import PlannerError
from prism_core.inference.local.grammar import Grammars, GrammarState
from prism_core.inference.local.llama_cpp import CHUNK_TOKENS, LlamaCppBackend
from prism_core.inference.local.local_model import LocalModel
from prism_core.plan.grammar import Lark

_TIMEOUT_S = 3600.0
_MAX_REPLY_TOKENS = 512


@dataclass(frozen=True)
class HeldReply:
    """A reply and the grammar that it is of; `write_s` is the time that the grammar was written
    in.
    """

    name: str
    grammar: Lark
    reply: str
    write_s: float


@dataclass(frozen=True)
class GrammarCosts:
    """What one grammar cost.

    Attributes:
        name: of the grammar.
        grammar_bytes: so long is its text.
        write_s: until it was written down; once for each known graph.
        compile_s: until it could be used; once for each known graph.
        mask_s: one mask of the whole vocabulary, on average along the reply. Only a token that the
            grammar refuses costs one: none of this reply does.
        steps: so many the model took for the reply.
        held_s: one step with the grammar, median of the replies.
        free_s: one step without it.
        ratio: of the two.
    """

    name: str
    grammar_bytes: int
    write_s: float
    compile_s: float
    mask_s: float
    steps: int
    held_s: float
    free_s: float
    ratio: float


def measure_grammars(
    path: Path,
    held: Sequence[HeldReply],
    load: RuntimeLoad,
    on_call: Callable[[], None] = lambda: None,
) -> list[GrammarCosts]:
    """Time the same replies with and without grammars, behind a prompt.

    Args:
        path: a GGUF file of any model.
        held: replies and their grammars.
        load: the tokens of the prompt, and how often each reply is said both ways.
        on_call: called behind each of the `2 + 2 * load.repeats` calls for one grammar.

    Raises:
        ConfigError: the file cannot be used.
        PlannerError: a reply is none of its grammar.
    """
    backend = _Willing(
        path,
        context_tokens=load.context_tokens + _MAX_REPLY_TOKENS,
        threads=load.threads,
        gpu_layers=-1,
        flash_attention=None,
    )
    model = LocalModel(backend, name=path.stem, chunk_tokens=CHUNK_TOKENS, timeout_s=_TIMEOUT_S)
    try:
        prompt = write_prompt(model, load.prompt_tokens, 0)
        backend.prompt_tokens = model.count_tokens(prompt)
        grammars = Grammars(backend.vocabulary)
        return [
            _measure(model, backend, grammars, prompt, one, load.repeats, on_call) for one in held
        ]
    finally:
        model.close()


def _measure(
    model: LocalModel,
    backend: _Willing,
    grammars: Grammars,
    prompt: Sequence[Message],
    one: HeldReply,
    repeats: int,
    on_call: Callable[[], None],
) -> GrammarCosts:
    backend.reply = one.reply.encode()

    def time_reply(grammar: Lark | None) -> float:
        """Seconds of the reply; the prompt, which is kept, is not read again."""
        backend.steps = 0
        said = model.complete(prompt, grammar=grammar, max_new_tokens=_MAX_REPLY_TOKENS)
        if said != one.reply:
            raise PlannerError(
                f'expected a reply that the grammar {one.name} takes, got {one.reply[:60]!r}, of '
                f'which it made {said[:60]!r}'
            )
        on_call()
        return model.stats.total_s

    start_s = time.perf_counter()
    constraint = grammars.start(one.grammar)
    compile_s = time.perf_counter() - start_s
    time_reply(None)  # reads the prompt
    time_reply(one.grammar)
    held_s, free_s = [], []
    for _ in range(repeats):
        free_s.append(time_reply(None) / backend.steps)
        held_s.append(time_reply(one.grammar) / backend.steps)
    held, free = statistics.median(held_s), statistics.median(free_s)
    return GrammarCosts(
        name=one.name,
        grammar_bytes=len(one.grammar.source),
        write_s=one.write_s,
        compile_s=compile_s,
        mask_s=_time_masks(constraint, backend.encode(one.reply, False)),
        steps=backend.steps,
        held_s=held,
        free_s=free,
        ratio=held / free,
    )


def _time_masks(constraint: GrammarState, reply: Sequence[int]) -> float:
    seconds = []
    for token in reply:
        start_s = time.perf_counter()
        constraint.allowed()
        seconds.append(time.perf_counter() - start_s)
        constraint.take(token)
    return statistics.mean(seconds)


class _Willing(LlamaCppBackend):
    """A backend that wants to say `reply` behind a prompt of `prompt_tokens`, and reads what it
    says one token at a time; `steps` counts what it reads.
    """

    prompt_tokens = 0
    reply = b''
    steps = 0

    def keep(self, count: int) -> int:
        """Forget all but the first tokens; a new reply begins."""
        self._said = b''
        return super().keep(count)

    def read(self, tokens: Sequence[int]) -> np.ndarray:
        """Read the prompt's part at once, the reply's tokens one by one."""
        of_prompt = max(0, self.prompt_tokens - self._position)
        parts = [tokens[:of_prompt], *([token] for token in tokens[of_prompt:])]
        for part in filter(None, parts):
            logits = super().read(part)
            self.steps += 1
        self._said += b''.join(self.vocabulary.tokens[token] for token in tokens[of_prompt:])
        logits[self._next_token()] = np.inf
        return logits

    def _next_token(self) -> int:
        left = self.reply[len(self._said) :].decode()
        return self.encode(left, False)[0] if left else self.vocabulary.eos_token_id
