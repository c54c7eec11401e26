# SPDX-License-Identifier: Apache-2.0
"""The files of the packages, and what each imports."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


def module_name(path: Path) -> str:
    """The module of a file within its package; `__init__` for the package itself."""
    parts = path.relative_to(ROOT).with_suffix('').parts[1:]
    return '.'.join(parts[:-1] if parts[-1] == '__init__' and parts[1:] else parts)


CORE = {module_name(path): path for path in sorted((ROOT / 'prism_core').rglob('*.py'))}
ROS = {module_name(path): path for path in sorted((ROOT / 'prism_ros').rglob('*.py'))}


class Import(NamedTuple):
    """An imported module, the name for `from module import name`, and where that stands; late is
    what only a function imports, or only who checks types.
    """

    line: int
    module: str
    name: str | None
    is_late: bool

    @property
    def package(self) -> str:
        return self.module.split('.')[0]

    @property
    def of_core(self) -> str:
        """The module of prism_core that is meant; '' for another package's."""
        package, _, module = self.module.partition('.')
        inner = f'{module}.{self.name}'.strip('.')
        return '' if package != 'prism_core' else inner if inner in CORE else module or '__init__'


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text('utf-8'), filename=str(path))


@cache
def imports_of(path: Path) -> tuple[Import, ...]:
    tree = parse(path)
    late = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        or (isinstance(node, ast.If) and ast.unparse(node.test) == 'TYPE_CHECKING')
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [Import(node.lineno, a.name, None, node in late) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}:{node.lineno}: import by full name'
            found += [Import(node.lineno, node.module, a.name, node in late) for a in node.names]
    return tuple(found)
