# SPDX-License-Identifier: Apache-2.0
"""What an import says of itself: what was read, what was guessed, what was left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Section = Literal['read', 'guessed', 'left out']
SECTIONS: tuple[Section, ...] = ('read', 'guessed', 'left out')
LOCATION = 'robot location'
_MAX_EXAMPLE_CHARS = 60


@dataclass(frozen=True)
class ReportRow:
    """So many of one sort, and the first of them as an example."""

    section: Section
    what: str
    count: int
    example: str


class ImportReport:
    """What was made of a file of kind `kind`; its rows come section by section, the first met
    first.
    """

    def __init__(self, kind: str):
        self.kind = kind
        self._counts: dict[tuple[Section, str], int] = {}
        self._examples: dict[tuple[Section, str], str] = {}

    def note(self, section: Section, what: str, example: object = '', count: int = 1) -> None:
        """Count one more (or `count` more) of a sort."""
        key = (section, what)
        self._counts[key] = self._counts.get(key, 0) + count
        if key not in self._examples:
            text = ' '.join(str(example).split())
            is_long = len(text) > _MAX_EXAMPLE_CHARS
            self._examples[key] = text[: _MAX_EXAMPLE_CHARS - 3] + '...' if is_long else text

    def take(self, what: str, example: str) -> None:
        """Note as read what a user said, in place of all that was noted of it."""
        self._counts = {key: n for key, n in self._counts.items() if not key[1].startswith(what)}
        self._examples.pop(('read', what), None)
        self.note('read', what, example)

    @property
    def rows(self) -> list[ReportRow]:
        """All rows, in the order of `SECTIONS`."""
        return [row for section in SECTIONS for row in self._rows_of(section)]

    def _rows_of(self, section: Section) -> Iterator[ReportRow]:
        for (its_section, what), count in self._counts.items():
            if its_section == section:
                yield ReportRow(section, what, count, self._examples[its_section, what])

    def count(self, section: Section, beginning: str = '') -> int:
        """How many were noted in a section, of the sorts that begin so."""
        rows = self._rows_of(section)
        return sum(row.count for row in rows if row.what.startswith(beginning))

    @property
    def summary(self) -> str:
        """One line for a log."""
        parts = []
        for section in SECTIONS:
            rows = [f'{row.count} {row.what}' for row in self._rows_of(section)]
            if rows:
                parts.append(f'{section}: {", ".join(rows)}')
        return f'{self.kind}; ' + '; '.join(parts)
