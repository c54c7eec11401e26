# SPDX-License-Identifier: Apache-2.0
"""A tagged text, whole or in part: what it mentions, and where its words stand in the request.

`O`, `R` and `P` stand in it for objects, regions and purposes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from prism_core.domains.mapping.reading.nouns import Mention, Role


class SaidAt(NamedTuple):
    """Where a word stands in the text, and where what it was said as stands in the request."""

    start: int
    end: int
    said_start: int
    said_end: int


@dataclass(frozen=True)
class Sentence:
    """A tagged text, its mentions in order, and the sources of its words."""

    text: str
    mentions: tuple[Mention, ...] = ()
    sources: tuple[SaidAt, ...] = ()

    def of(self, *roles: Role) -> list[Mention]:
        """The mentions of some roles."""
        return [mention for mention in self.mentions if mention.role in roles]

    def part(self, start: int, end: int | None = None) -> Sentence:
        """What stands between two places, without spaces and commas around it."""
        end = len(self.text) if end is None else end
        while start < end and self.text[start] in ' ,':
            start += 1
        while start < end and self.text[end - 1] in ' ,':
            end -= 1
        return Sentence(
            self.text[start:end],
            tuple(
                replace(m, start=m.start - start, end=m.end - start)
                for m in self.mentions
                if start <= m.start and m.end <= end
            ),
            tuple(
                source._replace(start=source.start - start, end=source.end - start)
                for source in self.sources
                if start <= source.start and source.end <= end
            ),
        )

    def put(self, start: int, end: int, mention: Mention) -> Sentence:
        """The text with a mention in place of what stands between two places."""
        letter = {'object': 'O', 'region': 'R', 'purpose': 'P'}.get(mention.role, mention.said)
        noun = Sentence(letter, (replace(mention, start=0, end=len(letter)),))
        return join([self.part(0, start), noun, self.part(end)])

    def without(self, start: int, end: int) -> Sentence:
        """The text without what stands between two places."""
        return join([self.part(0, start), self.part(end)])

    @property
    def said(self) -> tuple[int, int]:
        """From where to where it stands in the request; nowhere if all of it was put in."""
        starts, ends = (
            [source.said_start for source in self.sources],
            [source.said_end for source in self.sources],
        )
        return min(starts, default=0), max(ends, default=0)


def join(parts: Iterable[Sentence]) -> Sentence:
    """Several parts behind each other."""
    text = ''
    mentions: list[Mention] = []
    sources: list[SaidAt] = []
    for part in parts:
        if not part.text:
            continue
        at = len(text) + bool(text)
        text = f'{text} {part.text}' if text else part.text
        mentions += [replace(m, start=m.start + at, end=m.end + at) for m in part.mentions]
        sources += [s._replace(start=s.start + at, end=s.end + at) for s in part.sources]
    return Sentence(text, tuple(mentions), tuple(sources))
