"""What a call of a model that runs here took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from prism_core.conversation import Message


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
        stats = self._model.stats
        self._on_call(stats if isinstance(stats, CallStats) else CallStats(**stats))
        return reply

    def close(self) -> None:
        """Free the model."""
        self._model.close()
