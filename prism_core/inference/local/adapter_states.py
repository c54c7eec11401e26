# SPDX-License-Identifier: Apache-2.0
"""What a model had read under the adapters that it does not compute with now.

A token that was read under one adapter means nothing under another. To read a prompt again takes
seconds, to copy what came of it milliseconds.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any


class AdapterStates:
    """States by the name of their adapter, with the tokens that they are of.

    Args:
        most_tokens: all together are of so many at most; the one used longest ago goes first.
    """

    def __init__(self, most_tokens: int):
        self._most_tokens = most_tokens
        self._states: OrderedDict[str, tuple[list[int], Any]] = OrderedDict()

    def put(self, adapter: str, tokens: list[int], state: Any) -> None:
        """Keep what was read under an adapter."""
        self._states[adapter] = tokens, state
        while sum(len(kept) for kept, _ in self._states.values()) > self._most_tokens:
            self._states.popitem(last=False)

    def take(self, adapter: str) -> tuple[list[int], Any]:
        """The tokens and the state of an adapter, which are not kept any more; none and None where
        there are none.
        """
        return self._states.pop(adapter, ([], None))
