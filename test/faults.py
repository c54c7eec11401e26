# SPDX-License-Identifier: Apache-2.0
"""The faults that docs/faults.md lists, and how the recovery from one is measured, in the test that
injects it.

With PRISM_FAULT_REPORT each measured fault is a line of JSON in the file that it names, from which
`python test/faults.py FILE` writes the seconds of the page.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

REPORT = 'PRISM_FAULT_REPORT'
PAGE = Path(__file__).parents[1] / 'docs' / 'faults.md'
_ROW = re.compile(r'\| ([^|]+) \| `([^|]+)` \| ([^|]*) \| ([\d.]+) \| `(\S+::\w+)` \|')


class Fault(NamedTuple):
    """A fault that a test injects.

    Attributes:
        name: what it happens to, and what.
        code: the name of the error code that is answered; NONE where whoever asked notices nothing.
        seconds: what was measured last; None for nothing yet.
        within_s: so soon a plan, a mission or the status must be good again.
        test: file and name of the test.
    """

    name: str
    code: str
    seconds: float | None
    within_s: float
    test: str


@cache
def read_faults() -> dict[str, Fault]:
    """The faults of the page by their names."""
    rows = map(_ROW.fullmatch, PAGE.read_text('utf-8').splitlines())
    faults = (row.groups() for row in rows if row)
    return {
        name: Fault(name, code, float(seconds) if seconds else None, float(within_s), test)
        for name, code, seconds, within_s, test in faults
    }


class Recovery:
    """A fault that was injected.

    Attributes:
        seconds: from when it struck, or was mended, until all was well again.
    """

    def __init__(self, fault: Fault):
        self.fault = fault
        self.seconds = 0.0
        self._codes: list[str] = []
        self._begun_s = time.monotonic()

    def says(self, code: str) -> None:
        """What was answered while it lasted: the name of an error code."""
        assert code == self.fault.code, f'{self.fault.name}: {code}, expected {self.fault.code}'
        self._codes.append(code)

    def is_mended(self) -> None:
        """Somebody has put right what does not come back by itself: the time counts from here."""
        self._begun_s = time.monotonic()

    def end(self) -> None:
        """All is well again."""
        self.seconds = time.monotonic() - self._begun_s
        name, limit_s = self.fault.name, self.fault.within_s
        assert self._codes, f'{name}: nothing was said of what was answered'
        assert self.seconds <= limit_s, f'{name}: {self.seconds:.2f} s, expected {limit_s:g}'
        if path := os.environ.get(REPORT):
            with open(path, 'a') as file:
                file.write(json.dumps({'name': name, 'seconds': self.seconds}) + '\n')


@contextlib.contextmanager
def recovery(name: str) -> Iterator[Recovery]:
    """From a fault that strikes until all is well again; within its bound, and with its code.

    Args:
        name: of the fault, on the page; this test must be the one that the page names.
    """
    fault = read_faults()[name]
    where, _, test = os.environ['PYTEST_CURRENT_TEST'].partition('::')
    test = test.rpartition(' (')[0].partition('[')[0].rpartition('::')[2]
    assert f'{Path(where).name}::{test}' == fault.test
    struck = Recovery(fault)
    yield struck
    struck.end()


def write_seconds(report: Path) -> None:
    """Write what was measured into the page: of each fault the longest."""
    longest: dict[str, float] = {}
    for line in report.read_text('utf-8').splitlines():
        said = json.loads(line)
        longest[said['name']] = max(longest.get(said['name'], 0.0), said['seconds'])
    lines = PAGE.read_text('utf-8').splitlines()
    for index, line in enumerate(lines):
        row = _ROW.fullmatch(line)
        if row and row[1] in longest:
            seconds = f'{longest[row[1]]:.2f}'
            lines[index] = f'{line[: row.start(3)]}{seconds}{line[row.end(3) :]}'
    PAGE.write_text('\n'.join(lines) + '\n', 'utf-8')


if __name__ == '__main__':
    write_seconds(Path(sys.argv[1]))
