# SPDX-License-Identifier: Apache-2.0
"""What a call of a model that runs here took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

from prism_core.dialects.conversation import Message


@dataclass(frozen=True)
class CallStats:
    """What a call took: tokens of the prompt (kept from the call before and read anew), tokens of
    the reply (those that the grammar forced among them), tokens that the model wanted and the
    grammar did not take; seconds to the first token and in all.
    """

    prompt_tokens: int = 0
    kept_tokens: int = 0
    read_tokens: int = 0
    new_tokens: int = 0
    forced_tokens: int = 0
    rejected_tokens: int = 0
    first_token_s: float = 0.0
    total_s: float = 0.0

    def __add__(self, other: CallStats) -> CallStats:
        """What both took."""
        return CallStats(*(a + b for a, b in zip(astuple(self), astuple(other))))

    @property
    def tokens_per_second(self) -> float:
        """How fast the replies came, once they had begun; 0 where there were none."""
        writing_s = self.total_s - self.first_token_s
        return self.new_tokens / writing_s if writing_s > 0 else 0.0


def stats_of(model: Any) -> CallStats:
    """What the last call of a model took; nothing, where it does not tell."""
    told = getattr(model, 'stats', None)
    if isinstance(told, CallStats):
        return told
    known = {field.name for field in fields(CallStats)}
    return CallStats(**{key: told[key] for key in known & told.keys()}) if told else CallStats()


class Metered:
    """A model that runs here, which tells what each of its calls took.

    Args:
        model: with `stats` of its last call, as `CallStats` or as a mapping of its fields.
        on_call: told after each call.
    """

    def __init__(self, model: Any, on_call: Callable[[CallStats], None]):
        self.name = model.name
        self._model, self._on_call = model, on_call

    def complete(self, messages: Sequence[Message], **settings: Any) -> str:
        """The model's reply."""
        reply = self._model.complete(messages, **settings)
        self._on_call(stats_of(self._model))
        return reply

    def score(self, *arguments: Any, **settings: Any) -> Any:
        """The model's scores."""
        scores = self._model.score(*arguments, **settings)
        self._on_call(stats_of(self._model))
        return scores

    def close(self) -> None:
        """Free the model."""
        self._model.close()
