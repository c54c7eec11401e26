# SPDX-License-Identifier: Apache-2.0
"""docs/faults.md: its codes and tests are there, what was measured is within its bounds, and each
error code that is published has a fault.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

from .. import faults
from ..faults import PAGE, read_faults, write_seconds
from .sources import ROOT, parse

FAULTS = read_faults()
CODES = set(
    re.findall(r'^uint16 ([A-Z_]+)=', (ROOT / 'prism_msgs/msg/PlanErrorCode.msg').read_text(), re.M)
)
NO_CODE = {'exit status 1'}  # of a command
BEFORE = PAGE.read_text('utf-8').partition('## What its forerunners did')[2]


@cache
def functions_of(name: str) -> dict[str, str]:
    """The functions of the test file of a name, by their names, with what decorates them."""
    (path,) = (ROOT / 'test').glob(f'*/{name}')
    functions = (node for node in parse(path).body if isinstance(node, ast.FunctionDef))
    return {node.name: ast.unparse(node) for node in functions}


def test_there_are_faults_enough_and_each_stands_there_once():
    rows = [line for line in PAGE.read_text('utf-8').splitlines() if '.py::' in line]
    listed = Counter(row.split(' | ')[0] for row in rows if row not in BEFORE)
    assert len(FAULTS) == len(listed) >= 60
    assert [name for name, count in listed.items() if count > 1] == []


def test_each_code_has_a_fault_and_each_fault_a_code():
    said = {fault.code for fault in FAULTS.values()}
    assert (CODES - said, said - CODES) == (set(), NO_CODE)


def test_each_fault_is_measured_by_its_test_within_its_bound():
    for fault in FAULTS.values():
        file, _, name = fault.test.partition('::')
        assert 'recovery(' in functions_of(file)[name], fault
        assert fault.seconds is not None, fault
        assert fault.seconds <= fault.within_s, fault


def test_each_row_of_what_was_before_names_tests_that_there_are():
    rows = [line for line in BEFORE.splitlines() if '.py::' in line]
    assert len(rows) >= 16
    for row in rows:
        for named in re.findall(r'`(\S+::\w+)`', row.split(' | ')[1]):
            file, _, name = named.partition('::')
            assert name in functions_of(file), row
        assert row.endswith('` |'), row


def test_what_was_measured_is_written_into_the_page(tmp_path, monkeypatch):
    page, report = tmp_path / 'faults.md', tmp_path / 'report'
    page.write_text(
        '# F\n| a | `BUSY` | 0.10 | 5 | `t.py::t` |\n| b | `NONE` |  | 5 | `t.py::t` |\n'
    )
    report.write_text(''.join(f'{{"name": "b", "seconds": {s}}}\n' for s in (0.5, 1.239, 0.1)))
    monkeypatch.setattr(faults, 'PAGE', page)
    write_seconds(Path(report))
    assert page.read_text().splitlines()[1:] == [
        '| a | `BUSY` | 0.10 | 5 | `t.py::t` |',
        '| b | `NONE` | 1.24 | 5 | `t.py::t` |',
    ]
