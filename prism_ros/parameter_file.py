# SPDX-License-Identifier: Apache-2.0
"""What is wrong in a parameter file, line by line, before a node reads it. Knows no ROS.

Which names of nodes there may be: `_validate_name` in rcl_yaml_param_parser/src/parse.c of
https://github.com/ros2/rcl.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from prism_core import ConfigError
from prism_ros.parameter_checks import is_known, name_unknown
from prism_ros.parameters import NODES, ROS_PARAMETERS, ParameterSpec
from prism_ros.ros_yaml import RosLoader, RosRefuses, key_of, read_parameters, show

KEY = 'ros__parameters'
_TOKEN = re.compile(r'[A-Za-z_][A-Za-z0-9_]*|\*\*?')
_NODE_CUTOFF = 0.75


@dataclass(frozen=True)
class Finding:
    """A sentence on a line of the file, 0 for all of it.

    Attributes:
        is_fault: not so where it only is to be known.
        is_refused: whether ROS refuses the whole file for it.
    """

    line: int
    sentence: str
    is_fault: bool = True
    is_refused: bool = False


@dataclass(frozen=True)
class ParameterReport:
    """What was found in a file, in the order of its lines.

    Attributes:
        path: the file.
        findings: faults and remarks.
        counts: how many parameters each of our nodes is given.
        others: nodes in the file that are not ours, whose parameters were not looked at.
    """

    path: Path
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]
    others: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults, each with file and line."""
        return tuple(self.at(finding) for finding in self.findings if finding.is_fault)

    @property
    def refusals(self) -> tuple[str, ...]:
        """Those for which ROS refuses the whole file."""
        return tuple(self.at(finding) for finding in self.findings if finding.is_refused)

    def at(self, finding: Finding) -> str:
        """A finding as a line that editors can follow."""
        line = f':{finding.line}' if finding.line else ''
        return f'{self.path}{line}: {"" if finding.is_fault else "note: "}{finding.sentence}'


def check_parameter_file(path: Path) -> ParameterReport:
    """Compare a parameter file with what our nodes declare.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        text = path.read_text('utf-8-sig')
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else 'it is no UTF-8'
        raise ConfigError(f'cannot read {path}: {reason}; name a parameter file (YAML)') from error
    check = _Walk()
    try:
        root = yaml.compose(text, RosLoader)
        check.read_nodes(root, ())
    except RosRefuses as error:
        check.refuse(error.line, str(error))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or error.context
        check.refuse(mark.line + 1 if mark else 0, f'it is not YAML: {reason}')
    except yaml.YAMLError as error:
        check.refuse(0, f'it is not YAML: {" ".join(str(error).split())}')
    except RecursionError:
        check.add(0, 'it is nested too deeply for a parameter file')
    else:
        if not any(check.counts.values()) and not check.has_faults:
            check.add(0, f'it gives no node of ours a parameter: expected {_expected_names()}')
    findings = sorted(check.findings, key=lambda finding: finding.line)
    return ParameterReport(path, tuple(findings), check.counts, tuple(check.others))


def explain_refusal(arguments: Sequence[str], reason: str) -> str:
    """Why ROS refuses the arguments of a node: the first fault of its parameter files, or else what
    ROS says.

    Args:
        arguments: of the process.
        reason: as rcl says it, with the place in its own source at the end.
    """
    paths = [path for flag, path in pairwise(arguments) if flag == '--params-file']
    for path in paths:
        with contextlib.suppress(ConfigError):
            if faults := check_parameter_file(Path(path)).refusals:
                return f'{faults[0]}; mend the parameter file'
    return f'{reason.partition(", at /")[0]}; mend the arguments or the parameter file'


def _expected_names() -> str:
    return ' or '.join(f'/**/{name}' for name in NODES)


class _Walk:
    """Walks through a file and keeps what it finds."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.counts = dict.fromkeys(NODES, 0)
        self.others: dict[str, None] = {}
        self._lines: dict[tuple[str, str], int] = {}  # of each parameter of a node

    @property
    def has_faults(self) -> bool:
        return any(finding.is_fault for finding in self.findings)

    def add(self, line: int, sentence: str, *, is_fault: bool = True) -> None:
        """Keep a finding, once."""
        finding = Finding(line, sentence, is_fault)
        if finding not in self.findings:
            self.findings.append(finding)

    def refuse(self, line: int, sentence: str) -> None:
        """Keep a fault for which ROS refuses the whole file."""
        self.findings.append(Finding(line, sentence, is_refused=True))

    def read_nodes(self, node: yaml.Node | None, names: tuple[str, ...]) -> None:
        """Read what stands under names of nodes or namespaces."""
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            raise RosRefuses(
                node.start_mark, f'expected names of nodes with {KEY} below, got {show(node)}'
            )
        for key, value in node.value:
            name = key_of(key)
            if name == KEY:
                if not names:
                    raise RosRefuses(
                        key.start_mark,
                        f'{KEY} belongs to no node: expected {_expected_names()} above it',
                    )
                self._read_node('/'.join(names), key, value)
            elif isinstance(value, yaml.MappingNode):
                self.read_nodes(value, (*names, name))
            else:
                close = difflib.get_close_matches(name, [KEY], cutoff=_NODE_CUTOFF)
                hint = f'the closest is {KEY}' if close else f'write it below {KEY}'
                raise RosRefuses(key.start_mark, f'{name!r} has a value outside {KEY}: {hint}')

    def _read_node(self, pattern: str, key: yaml.Node, value: yaml.Node) -> None:
        *above, last = pattern.removeprefix('/').split('/')
        for token in (*above, last):
            if not _TOKEN.fullmatch(token):
                raise RosRefuses(
                    key.start_mark,
                    f'{pattern!r} is no name of a node: expected letters, digits and _ between '
                    'slashes, or * and ** for any',
                )
        if not isinstance(value, yaml.MappingNode):
            raise RosRefuses(
                value.start_mark, f'expected parameters below {KEY}, got {show(value)}'
            )
        parameters = list(read_parameters(value, ()))
        ours = [name for name in NODES if last in (name, '*', '**')]
        if not ours:
            close = difflib.get_close_matches(last, NODES, n=1, cutoff=_NODE_CUTOFF)
            if close:
                sentence = f'there is no node {last!r} of ours: the closest is {close[0]}'
                self.add(key.start_mark.line + 1, sentence)
            else:
                self.others[pattern] = None
            return
        if last == pattern:
            self.add(
                key.start_mark.line + 1,
                f'{pattern} is the node in no namespace only; /**/{last} is it in any',
                is_fault=False,
            )
        for name, line, given in parameters:
            self._check_parameter(pattern, ours, name, line, given)

    def _check_parameter(
        self, pattern: str, ours: list[str], name: str, line: int, given: Any
    ) -> None:
        first = self._lines.setdefault((pattern, name), line)
        if first != line:
            self.add(line, f'{name} is given twice, before in line {first}; ROS takes the last')
        specs = {node: _specs_of(node) for node in ours}
        knowing = [node for node in ours if is_known(name, specs[node])]
        if isinstance(given, RosRefuses):
            self.refuse(given.line, f'{given}; ROS refuses the whole file for it')
        elif not knowing:
            known = {key: spec for table in specs.values() for key, spec in table.items()}
            is_fault = not pattern.endswith('*') or bool(difflib.get_close_matches(name, known, 1))
            sentence = f'{name_unknown(name, known)} (of {", ".join(ours)})'
            self.add(line, sentence, is_fault=is_fault)
        for node in knowing:
            self.counts[node] += 1
            if (spec := specs[node].get(name)) is None or isinstance(given, RosRefuses):
                continue
            try:
                taken = spec.convert(given)
            except ValueError as error:
                self.add(line, str(error))
                continue
            if repr(taken) != repr(given):
                self.add(
                    line,
                    f'{name}: expected {taken}, got {given}; our nodes take whole numbers '
                    'for numbers, other tools of ROS do not',
                    is_fault=False,
                )


def _specs_of(node: str) -> dict[str, ParameterSpec]:
    return {spec.name: spec for spec in (*ROS_PARAMETERS, *NODES[node])}
