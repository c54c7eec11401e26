"""The seam between `LocalModel` and what computes: an engine reads tokens, says what may come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from prism_core.inference.chat_template import ChatTemplate
from prism_core.inference.grammar import Vocabulary


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


class Engine(Protocol):
    """Reads tokens of one sequence, and says what may come next."""

    context_tokens: int
    """So many tokens can be read in all."""

    vocabulary: Vocabulary
    template: ChatTemplate

    ends: frozenset[int]
    """The tokens that end a reply."""

    def encode(self, text: str, is_template: bool) -> list[int]:
        """The tokens of a text; control tokens are looked for in a template's text only."""

    def keep(self, count: int) -> int:
        """Forget all but the first tokens; returns how many are really kept."""

    def read(self, tokens: Sequence[int]) -> np.ndarray:
        """Read on; returns the logits of what may come next, valid until the next call.

        Raises:
            PlannerError: the engine failed.
        """

    def close(self) -> None:
        """Free what the engine holds."""
