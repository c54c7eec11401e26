# SPDX-License-Identifier: Apache-2.0
"""What calls of a language model cost: tokens, money, and caps on both that hold while many calls
are in flight.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields

from prism_core.errors import TeacherUnavailable
from prism_core.inference.endpoint.teacher_config import TeacherConfig

# Around each message a chat template writes a few tokens: at most this many in any that we know.
_MESSAGE_TOKENS = 16
_MARGIN = 1.25


@dataclass(frozen=True)
class Spending:
    """What was spent.

    Attributes:
        calls: requests that were answered with a message.
        prompt_tokens: tokens read, those from the endpoint's cache included.
        cached_tokens: tokens read from the endpoint's cache.
        new_tokens: tokens written.
        cost_usd: by the prices of the settings.
        cut: replies that were cut at the limit of new tokens.
        refused: replies that the model or the endpoint refused to give.
        lost: requests that were sent and never answered (a time-out, a cut connection). The
            endpoint may charge for them, so that they count with the most they can have cost.
    """

    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    new_tokens: int = 0
    cost_usd: float = 0.0
    cut: int = 0
    refused: int = 0
    lost: int = 0

    @property
    def tokens(self) -> int:
        """Tokens read and written."""
        return self.prompt_tokens + self.new_tokens

    def __add__(self, other: Spending) -> Spending:
        return Spending(
            *(getattr(self, field.name) + getattr(other, field.name) for field in fields(self))
        )


class Account:
    """Keeps what was spent within the caps of the settings; safe to use from several threads.

    The most that a call can cost is put aside before it is made, and what it did cost is booked
    after, so that calls in flight together cannot break a cap.

    Args:
        config: the caps.
        spent: what earlier parts of the run spent.
    """

    def __init__(self, config: TeacherConfig, spent: Spending):
        self._config = config
        self._spent = spent
        self._reserved: list[Spending] = []
        self._lock = threading.Lock()

    @property
    def spending(self) -> Spending:
        """What was spent so far, calls in flight left out."""
        with self._lock:
            return self._spent

    def try_reserve(self, most: Spending) -> bool:
        """Put aside what a call can cost at most; False when it must wait for calls in flight.

        Raises:
            TeacherUnavailable: the cap does not allow the call, and nothing is in flight that might
                turn out cheaper.
        """
        with self._lock:
            total = sum(self._reserved, self._spent) + most
            sentence = self._find_cap(total)
            if not sentence:
                self._reserved.append(most)
                return True
            if self._reserved:
                return False
        raise TeacherUnavailable(sentence)

    def settle(self, most: Spending, actual: Spending) -> None:
        """Book what a call did cost in place of what was put aside for it."""
        with self._lock:
            self._reserved.remove(most)
            self._spent += actual

    def _find_cap(self, total: Spending) -> str:
        """The cap that a total breaks, as a sentence; '' when it breaks none."""
        config, spent = self._config, self._spent
        if config.max_tokens and total.tokens > config.max_tokens:
            return (
                f'the cap of {config.max_tokens} tokens is reached: {spent.tokens} are spent and '
                'one more call could break it; raise max_tokens and resume'
            )
        if config.max_cost_usd and total.cost_usd > config.max_cost_usd:
            return (
                f'the cap of {config.max_cost_usd:g} USD is reached: {spent.cost_usd:.4f} are '
                'spent and one more call could break it; raise max_cost_usd and resume'
            )
        return ''


class PromptMeter:
    """An upper bound on the tokens of a prompt, from its bytes and from what was seen before.

    A token is at least one byte; once replies have told how many bytes a token of this model takes,
    the bound is the most that was seen and a quarter.
    """

    def __init__(self):
        self._tokens_per_byte = 0.0

    def bound(self, size_bytes: int, messages: int) -> int:
        """The most tokens that so many bytes in so many messages can be."""
        seen = self._tokens_per_byte * _MARGIN
        per_byte = min(seen, 1.0) if seen else 1.0
        return int(size_bytes * per_byte) + _MESSAGE_TOKENS * (messages + 1)

    def learn(self, size_bytes: int, tokens: int) -> None:
        """Take in how many tokens a prompt turned out to be."""
        self._tokens_per_byte = max(self._tokens_per_byte, tokens / max(size_bytes, 1))
