"""What a call of a model that runs here took."""

from __future__ import annotations

from dataclasses import dataclass


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
