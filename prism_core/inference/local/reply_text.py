# SPDX-License-Identifier: Apache-2.0
"""A reply as text while its tokens come: a character may be of several tokens."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable

from prism_core.inference.local.backend import Backend


class ReplyText:
    """The text of tokens as they come."""

    def __init__(self, backend: Backend, on_text: Callable[[str], None]):
        self._bytes = backend.vocabulary.tokens
        self._hidden = frozenset(backend.vocabulary.special_token_ids)
        self._decoder = codecs.getincrementaldecoder('utf-8')('replace')
        self._on_text = on_text
        self._parts: list[str] = []

    def add(self, tokens: Iterable[int], is_last: bool = False) -> None:
        """Tell the text of some tokens; control tokens have none."""
        data = b''.join(self._bytes[token] for token in tokens if token not in self._hidden)
        part = self._decoder.decode(data, is_last)
        if part:
            self._parts.append(part)
            self._on_text(part)

    def finish(self) -> str:
        """The whole text."""
        self.add((), is_last=True)
        return ''.join(self._parts)
