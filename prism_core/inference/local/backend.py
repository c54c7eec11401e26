# SPDX-License-Identifier: Apache-2.0
"""The seam between `LocalModel` and what computes: a backend reads tokens, says what may come."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

import numpy as np

from prism_core.inference.local.branches import Tree
from prism_core.inference.local.chat_template import ChatTemplate
from prism_core.inference.local.grammar import TokenVocabulary


class Backend(Protocol):
    """Reads tokens of one sequence, and says what may come next."""

    context_tokens: int
    """So many tokens can be read in all."""

    vocabulary: TokenVocabulary
    template: ChatTemplate | None
    """None where the model has none: it takes plain texts only."""

    begin: list[int]
    """The tokens that a plain text begins with."""

    ends: frozenset[int]
    """The tokens that end a reply."""

    @property
    def adapters(self) -> Collection[str]:
        """The names of what it can change its weights by."""

    def encode(self, text: str, is_template: bool) -> list[int]:
        """The tokens of a text; control tokens are looked for in a template's text only."""

    def keep(self, count: int) -> int:
        """Forget all but the first tokens; returns how many are really kept."""

    def read(self, tokens: Sequence[int]) -> np.ndarray:
        """Read on; returns the logits of what may come next, valid until the next call.

        Raises:
            PlannerError: the backend failed.
        """

    def read_tree(self, tree: Tree, take: Callable[[int, np.ndarray], None]) -> int:
        """Read the branches of a tree, each of its leaves as if it were alone behind what was read
        before, and forget them again.

        Args:
            tree: what to read; each way from the root to a leaf fits into the context.
            take: told the number of each branch and the logits of what may come behind it, valid
                until it returns. What it raises ends the reading.

        Returns:
            So many tokens were read.

        Raises:
            PlannerError: the backend failed, or cannot do so.
        """

    def switch(self, adapter: str, state: Any) -> Any:
        """Compute with another adapter from now on.

        Args:
            adapter: its name; '' for the weights alone.
            state: what had been read under it, as this gave it then; None for nothing.

        Returns:
            What had been read until now.

        Raises:
            PlannerError: the backend failed; nothing that was read is kept.
        """

    def close(self) -> None:
        """Free what the backend holds."""
