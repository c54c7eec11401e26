# SPDX-License-Identifier: Apache-2.0
"""Where the names of nodes stand in a text, spelled exactly: the one place that finds them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

_PLAIN = re.compile(r'[A-Za-z0-9_.\-]*[A-Za-z0-9_\-]')
"""A name of such characters stands in a text as one word; a full stop behind it is none of it."""
_OF_A_WORD = re.compile(r'[\w\-]')
_GOES_ON = re.compile(r'\.*[\w\-]')


class Found(NamedTuple):
    """From where to where in the text the name of a node stands."""

    start: int
    end: int
    name: str


class NamesInText:
    """Finds some names: the longest at each place, none within a word.

    Args:
        names: of nodes.
    """

    def __init__(self, names: Collection[str]):
        self._names = names
        others = [name for name in names if not _PLAIN.fullmatch(name)]
        self._others = frozenset(others)
        self._firsts = frozenset(name[0] for name in others)
        self._lengths = sorted({len(name) for name in others}, reverse=True)

    def find(self, text: str) -> Iterator[Found]:
        """All that stand in a text, in order."""
        at = 0
        for found in self._find_others(text):
            yield from self._find_plain(text, at, found.start)
            yield found
            at = found.end
        yield from self._find_plain(text, at, len(text))

    def replace(self, text: str, by: str) -> str:
        """A text with something else in place of each of them."""
        parts, at = list[str](), 0
        for start, end, _ in self.find(text):
            parts += [text[at:start], by]
            at = end
        return ''.join((*parts, text[at:]))

    def _find_plain(self, text: str, start: int, end: int) -> Iterator[Found]:
        for match in _PLAIN.finditer(text, start, end):
            if match[0] in self._names:
                yield Found(match.start(), match.end(), match[0])

    def _find_others(self, text: str) -> Iterator[Found]:
        """Those of several words, or with other characters than plain ones have."""
        at = 0
        while at < len(text) and self._others:
            name = self._at(text, at) if text[at] in self._firsts else ''
            if name:
                yield Found(at, at + len(name), name)
            at += len(name) or 1

    def _at(self, text: str, start: int) -> str:
        """The longest that begins at a place; '' where none does."""
        is_inside = (
            start > 0 and _OF_A_WORD.match(text, start) and _OF_A_WORD.match(text[start - 1])
        )
        for length in () if is_inside else self._lengths:
            name = text[start : start + length]
            if name in self._others:
                is_word = _OF_A_WORD.match(name[-1])
                if not (is_word and _GOES_ON.match(text, start + length)):
                    return name
        return ''
