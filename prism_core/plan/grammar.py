# SPDX-License-Identifier: Apache-2.0
"""Grammars of replies, written down part by part: what a language model may say, and how long it
can become. Knows no dialect and no engine.

The text is that of `llguidance`: Lark, with terminals in capitals. What stands for a set of nodes
is one terminal: as alternatives of a rule, two thousand names are too many for the parser.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MAX_PAIRED = 12
_quote = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True)
class Lark:
    """A grammar; `longest` is the length of its longest sentence in bytes, so that no sentence has
    more tokens.
    """

    source: str
    longest: int


@dataclass(frozen=True)
class Part:
    """A piece of a grammar, and how many bytes it matches at most; None stands for a piece that
    matches nothing, such as one of no nodes.
    """

    source: str
    longest: int


def words(text: str) -> Part:
    """Just this text."""
    return Part(_quote(text), len(text.encode()))


def pattern(regex: str, longest: int) -> Part:
    """What a regular expression matches, at most `longest` bytes of it."""
    return Part(f'/{regex}/', longest)


def one_of(parts: Iterable[Part | None]) -> Part | None:
    """Any one of some parts."""
    found = [part for part in parts if part is not None]
    if not found:
        return None
    return Part(f'({" | ".join(p.source for p in found)})', max(p.longest for p in found))


def one_text_of(texts: Iterable[str]) -> Part | None:
    """Any one of some texts."""
    found = dict.fromkeys(texts)
    if not found:
        return None
    longest = max(len(text.encode()) for text in found)
    return Part(f'({" | ".join(map(_quote, found))})', longest)


def in_order(*parts: Part | str | None) -> Part | None:
    """One part behind the other; a `str` stands for itself."""
    found = [words(part) if isinstance(part, str) else part for part in parts]
    kept = [part for part in found if part is not None]
    if len(kept) < len(found):
        return None
    # llguidance takes no empty text in a terminal.
    kept = [part for part in kept if part.longest] or kept
    return Part(' '.join(part.source for part in kept), sum(part.longest for part in kept))


def two_of(texts: Sequence[str], one: Part | None, between: str) -> Part | None:
    """Two different ones of some texts, of which `one` is any; where they are many, any two."""
    found = list(dict.fromkeys(texts))
    if len(found) > _MAX_PAIRED:
        return in_order(one, between, one)
    others = {text: one_text_of(other for other in found if other != text) for text in found}
    return one_of(in_order(text, between, other) for text, other in others.items())


def optional(part: Part | None) -> Part:
    """A part or nothing."""
    return repeated(part, 0, 1) or words('')


def repeated(part: Part | None, least: int, most: int) -> Part | None:
    """A part so many times."""
    if part is None:
        return None if least else words('')
    return Part(f'({part.source}){{{least},{most}}}', part.longest * most)


class GrammarWriter:
    """Collects named terminals and rules; names of terminals are capitals. What has a name already
    gets no second one: two thousand names take a while to compile.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._number: Counter[str] = Counter()

    def define(self, name: str, part: Part | None) -> Part | None:
        """Give a part a name, to be written once and used often; with a number behind it where
        another part has that name.
        """
        if part is None:
            return None
        if part.source not in self._names:
            self._number[name] += 1
            number = self._number[name]
            self._names[part.source] = name if number == 1 else f'{name}_{number}'
        return Part(self._names[part.source], part.longest)

    def finish(self, start: Part | None) -> Lark:
        """The grammar of which the sentences are those of `start`.

        Raises:
            ValueError: there is no sentence.
        """
        if start is None:
            raise ValueError('expected a grammar with a sentence, got one without')
        lines = [f'start: {start.source}', *(f'{n}: {part}' for part, n in self._names.items())]
        return Lark(''.join(f'{line}\n' for line in lines), start.longest)
