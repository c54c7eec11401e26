# SPDX-License-Identifier: Apache-2.0
"""What planning costs on a model of any weights: a prompt that is new, and one that goes on.

The numbers of tokens are given, and the model has to say as many: that of `distill.random_model`
never ends a reply. Its replies mean nothing, so that its plans are not looked at.
"""

from __future__ import annotations

import bisect
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from random import Random
from typing import NamedTuple

from prism_core.bench.machine import count_cores, measure_reading, resident_bytes
from prism_core.dialects.conversation import Message
from prism_core.errors import ConfigError
from prism_core.gguf_info import read_gguf_info
from prism_core.inference.call_stats import CallStats
from prism_core.inference.local.llama_cpp import LlamaCppModel
from prism_core.inference.local.local_model import LocalModel
from prism_core.inference.student import estimate_bytes

_TIMEOUT_S = 3600.0
_SPARE_TOKENS = 64  # of the chat template
_LETTERS = 'abcdefghijklmnopqrstuvwxyz'


class Replan(NamedTuple):
    """A later plan of a mission: so many tokens at least come to the prompt, so many has the
    reply.
    """

    added_tokens: int
    new_tokens: int


REPLANS = (Replan(60, 32), Replan(126, 10), Replan(100, 53), Replan(150, 127))
"""A small one; then what missions take in a vocabulary of 129 thousand, the compact dialect and
SPINE's text, by `prism bench prompts`; then SPINE's text with a sentence or two of reasoning.
"""


@dataclass(frozen=True)
class RuntimeLoad:
    """What is asked of a model.

    Attributes:
        prompt_tokens: so many at least has the first prompt of a mission.
        replans: what comes behind it, each time anew.
        repeats: so often is all of it done; medians count.
        threads: 0 for as many as the process may use.

    Raises:
        ConfigError: a number is out of its range.
    """

    prompt_tokens: int = 1500
    replans: tuple[Replan, ...] = REPLANS
    repeats: int = 3
    threads: int = 0

    def __post_init__(self):
        _check_least('prompt_tokens', self.prompt_tokens, 64)
        _check_least('replans', len(self.replans), 1)
        _check_least('repeats', self.repeats, 1)
        for replan in self.replans:
            _check_least('added_tokens', replan.added_tokens, 32)
            _check_least('new_tokens', replan.new_tokens, 2)

    @property
    def context_tokens(self) -> int:
        """What all of it needs."""
        return self.prompt_tokens + max(map(sum, self.replans)) + _SPARE_TOKENS

    @property
    def calls(self) -> int:
        """How often the model is asked."""
        return self.repeats * (1 + 2 * len(self.replans))


def _check_least(name: str, number: int, least: int) -> None:
    if number < least:
        raise ConfigError(f'{name}: expected at least {least}, got {number}')


@dataclass(frozen=True)
class ReplanCosts:
    """What one replan took: medians, in seconds of the wall clock.

    Attributes:
        replan: the prompt that goes on.
        decoding: the same prompt, asked for again: nothing is read but what is said.
        first_token_ratio: until the first token of the replan, and of the cold prompt.
        total_ratio: the replan, and its decoding alone.
    """

    replan: CallStats
    decoding: CallStats
    first_token_ratio: float
    total_ratio: float


@dataclass(frozen=True)
class RuntimeCosts:
    """What it took: medians, in seconds of the wall clock.

    Attributes:
        file_bytes: of the model.
        load_s: until it can be asked, its vocabulary read.
        resident_bytes: of this process with the model in it; None where that is not known.
        model_bytes: by how much it grew with the model.
        cold: the prompt of which nothing had been read before.
        replans: one for each of the load.
        prefill_tokens_per_s: of the cold prompt.
        decode_tokens_per_s: of the replan that says most.
        memory_bytes_per_s: read from memory at best, before and behind all calls.
        step_bytes: read for each token that is said: the file, and keys and values so far.
        ceiling_tokens_per_s: no decoding can be faster, where memory is what limits it.
    """

    file_bytes: int
    load_s: float
    resident_bytes: int | None
    model_bytes: int | None
    cold: CallStats
    replans: tuple[ReplanCosts, ...]
    prefill_tokens_per_s: float
    decode_tokens_per_s: float
    memory_bytes_per_s: float
    step_bytes: int
    ceiling_tokens_per_s: float


def measure_costs(
    path: Path, load: RuntimeLoad, on_call: Callable[[], None] = lambda: None
) -> RuntimeCosts:
    """Time prompts and replies on a model.

    Args:
        path: a GGUF file of a model that goes on speaking.
        load: what is asked of it.
        on_call: called behind each of the `load.calls` calls.

    Raises:
        ConfigError: the file cannot be used, or the model ended a reply.
    """
    info = read_gguf_info(path, verify=False)
    threads = load.threads or count_cores()
    read_before = measure_reading(threads)
    before_bytes = resident_bytes(os.getpid())
    start_s = time.perf_counter()
    model = LlamaCppModel(
        path, context_tokens=load.context_tokens, threads=load.threads, timeout_s=_TIMEOUT_S
    )
    load_s = time.perf_counter() - start_s
    try:
        rounds = [list(_ask_all(model, load, seed, on_call)) for seed in range(load.repeats)]
        after_bytes = resident_bytes(os.getpid())
    finally:
        model.close()
    memory_bytes_per_s = max(read_before, measure_reading(threads))
    cold, *later = (median_stats(calls) for calls in zip(*rounds))
    replans = tuple(
        ReplanCosts(
            replan,
            decoding,
            first_token_ratio=replan.first_token_s / cold.first_token_s,
            total_ratio=replan.total_s / decoding.total_s,
        )
        for replan, decoding in zip(later[::2], later[1::2])
    )
    longest = max((one.decoding for one in replans), key=lambda stats: stats.new_tokens)
    held_tokens = longest.prompt_tokens + longest.new_tokens
    held_bytes = estimate_bytes(info, held_tokens) - estimate_bytes(info, 0)
    step_bytes = info.size_bytes + held_bytes
    return RuntimeCosts(
        file_bytes=info.size_bytes,
        load_s=load_s,
        resident_bytes=after_bytes,
        model_bytes=after_bytes and before_bytes and after_bytes - before_bytes,
        cold=cold,
        replans=replans,
        prefill_tokens_per_s=cold.read_tokens / cold.first_token_s,
        decode_tokens_per_s=longest.new_tokens / longest.total_s,
        memory_bytes_per_s=memory_bytes_per_s,
        step_bytes=step_bytes,
        ceiling_tokens_per_s=memory_bytes_per_s / step_bytes,
    )


def _ask_all(
    model: LlamaCppModel, load: RuntimeLoad, seed: int, on_call: Callable[[], None]
) -> Iterator[CallStats]:
    """The first prompt, then each replan twice; each seed begins anew with other words."""
    first = write_prompt(model, load.prompt_tokens, seed)
    yield _ask(model, first, 1, on_call)
    for number, replan in enumerate(load.replans):
        reply: Message = {'role': 'assistant', 'content': _LETTERS[number % len(_LETTERS)]}
        wanted = model.count_tokens(first) + replan.added_tokens
        then = write_prompt(model, wanted, seed, [*first, reply])
        for _ in range(2):
            yield _ask(model, then, replan.new_tokens, on_call)


def _ask(
    model: LlamaCppModel,
    messages: Sequence[Message],
    new_tokens: int,
    on_call: Callable[[], None],
) -> CallStats:
    model.complete(messages, max_new_tokens=new_tokens)
    if model.stats.new_tokens != new_tokens:
        raise ConfigError(
            f'expected a model that says {new_tokens} tokens, got one that ended its reply after '
            f'{model.stats.new_tokens}; take a smaller number'
        )
    on_call()
    return model.stats


def write_prompt(
    model: LocalModel, tokens: int, seed: int, so_far: Sequence[Message] = ()
) -> list[Message]:
    """A conversation that ends with made-up words, so many that it has as many tokens, or a few
    more.

    Args:
        model: counts the tokens.
        tokens: how many.
        seed: draws the words: no two begin alike.
        so_far: what goes before.
    """
    rng = Random(f'words {seed} {len(so_far)} {so_far[-1:]}')  # noqa: S311 - no secret
    words = [''.join(rng.choices(_LETTERS, k=6)) for _ in range(tokens)]

    def say(number: int) -> list[Message]:
        return [*so_far, {'role': 'user', 'content': ' '.join(words[:number])}]

    number = bisect.bisect_left(
        range(tokens), tokens, key=lambda number: model.count_tokens(say(number))
    )
    return say(number)


def median_stats(calls: Sequence[CallStats]) -> CallStats:
    """The median of each number of some calls of one kind."""
    return CallStats(
        **{
            field.name: statistics.median_low([getattr(call, field.name) for call in calls])
            for field in fields(CallStats)
        }
    )
