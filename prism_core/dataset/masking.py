# SPDX-License-Identifier: Apache-2.0
"""Sentences without what they are about, so that one can count how many ways of asking there are.

Names, numbers and the phrases of a domain each become one word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

_WORDS = re.compile(r"[a-z0-9_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}-][a-z0-9_]+)*|[^\sa-z0-9_]")
_NUMBER = re.compile(r'\d+')


class RequestMask:
    """Masks sentences by the phrases of a domain, see `Domain.masks`; without any of them names and
    numbers only.
    """

    def __init__(self, phrases: Mapping[str, str] = MappingProxyType({})):
        self._masks = {tuple(_WORDS.findall(text)): mask for text, mask in phrases.items()}
        longest: dict[str, int] = {}
        for words in filter(None, self._masks):
            longest[words[0]] = max(len(words), longest.get(words[0], 0))
        self._longest = longest

    def mask(self, request: str, names: Iterable[str] = ()) -> str:
        """The sentence in lower case with its names and words masked, the longest phrase first.

        Args:
            request: the sentence.
            names: of nodes that it may name.
        """
        known = {name.lower() for name in names}
        words = _WORDS.findall(request.lower())
        masked, at = [], 0
        while at < len(words):
            word, taken = words[at], 1
            if word in known:
                mask = '<node>'
            elif _NUMBER.fullmatch(word):
                mask = '<number>'
            else:
                mask = 'a' if word == 'an' else word
                for length in range(self._longest.get(word, 0), 0, -1):
                    phrase = tuple(words[at : at + length])
                    if phrase in self._masks:
                        mask, taken = self._masks[phrase], length
                        break
            masked.append(mask)
            at += taken
        return ' '.join(masked)
