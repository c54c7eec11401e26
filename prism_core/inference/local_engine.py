"""The seam between `LocalModel` and what computes: an engine reads tokens, says what may come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from prism_core.inference.chat_template import ChatTemplate
from prism_core.inference.grammar import Vocabulary


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
