# SPDX-License-Identifier: Apache-2.0
"""How far a reply is that a model is writing: for whoever waits for it and wants to see something.

It is asked for, from any thread and as often as one likes; nobody is called back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TAIL_CHARS = 1024
"""So much of the text is told at most: its end."""


@dataclass(frozen=True)
class Progress:
    """Tokens of the reply so far, the end of its text, and the seconds since its first token."""

    tokens: int = 0
    text: str = ''
    writing_s: float = 0.0

    @property
    def tokens_per_second(self) -> float:
        """How fast the reply comes; 0 before it does."""
        return self.tokens / self.writing_s if self.writing_s > 0 else 0.0


def progress_of(planner: Any) -> Progress:
    """What a planner or a model tells by its property `progress`; nothing where it has none."""
    try:
        told = getattr(planner, 'progress', None)
    except Exception:  # the code of others: anything may come
        return Progress()
    return told if isinstance(told, Progress) else Progress()
