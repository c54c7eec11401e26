# SPDX-License-Identifier: Apache-2.0
"""What a machine has for a student: its file, an interpreter with the runtime, memory.

For who asks why a student does not answer; nothing is loaded, and nothing is changed but what
`model_file` remembers of files.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from prism_core.domain import find_domain
from prism_core.episode.episode import DEFAULT_DOMAIN
from prism_core.errors import PrismError
from prism_core.files import hash_file
from prism_core.gguf_info import GgufInfo
from prism_core.inference.child.memory import available_bytes
from prism_core.inference.local.adapter_file import Adapter, read_adapters
from prism_core.inference.local.model_file import SHA256_VARIABLE, CheckedFile, check_model_file
from prism_core.inference.student import (
    PYTHON_VARIABLE,
    StudentConfig,
    choose_context,
    estimate_bytes,
    find_adapters,
    find_domain_of,
    find_student,
    read_student,
)

RUNTIME = ('llama_cpp', 'llguidance', 'jinja2', 'numpy', 'networkx')
"""What an interpreter must import to run a student, the runtime first."""
_IMPORT_TIMEOUT_S = 30.0
_IMPORT = """
import importlib, sys
for name in sys.argv[1:]:
    try:
        module = importlib.import_module(name)
    except Exception as error:
        sys.exit(f'{name}: {error}')
    print(f'{name} {getattr(module, "__version__", "")}'.strip())
"""
_MIB = 2**20


@dataclass(frozen=True)
class Checked:
    """One line of a report.

    Attributes:
        name: what it is of.
        text: how that is.
        fault: what is wrong with it, and what to do, in one sentence; '' for nothing.
        is_error: whether that is more than a planner less.
    """

    name: str
    text: str
    fault: str = ''
    is_error: bool = False


def check_student(domain: str = DEFAULT_DOMAIN) -> list[Checked]:
    """What planner `student` of a domain finds on this machine, named as it is for the planner."""
    try:
        path = Path(find_student(domain))
        info = read_student(path)
    except PrismError as error:
        return [Checked('model', 'none', str(error)), *_check_runtime(), _check_memory(None)]
    entries = find_adapters()
    adapters, faults = _read_adapters(entries, info)
    hashed = _check_hash(
        'model', lambda: check_model_file(path, os.environ.get(SHA256_VARIABLE, ''))
    )
    own = [_check_domain('model', info, domain)] if not any(entries[:1]) else []
    return [
        Checked('model', f'{info.metadata.name or path.stem}, {info.size_bytes / _MIB:.1f} MiB'),
        Checked('model file', str(path)),
        hashed,
        *own,
        *faults,
        *(one for adapter in adapters for one in _check_adapter(adapter, info, domain)),
        *_check_runtime(),
        _check_memory(info, [adapter.info for adapter in adapters]),
    ]


def _read_adapters(
    entries: Sequence[str], info: GgufInfo
) -> tuple[Sequence[Adapter], list[Checked]]:
    """The adapters that are named, and what is wrong with them."""
    try:
        return read_adapters([entry for entry in entries if entry], info), []
    except PrismError as error:
        return (), [Checked('adapters', ', '.join(entries), str(error), is_error=True)]


def _check_adapter(adapter: Adapter, base: GgufInfo, domain: str) -> list[Checked]:
    name = f'adapter {adapter.name}'
    size = f'{adapter.info.size_bytes / _MIB:.1f} MiB'
    return [
        Checked(name, f'{size}, {adapter.info.path}'),
        _check_hash(name, lambda: adapter.check(base.path, hash_file(base.path))),
        _check_domain(name, adapter.info, domain),
    ]


def _check_hash(name: str, check: Callable[[], CheckedFile]) -> Checked:
    try:
        checked = check()
    except PrismError as error:
        return Checked(f'{name} sha256', 'another one than expected', str(error), is_error=True)
    return Checked(f'{name} sha256', f'{checked.sha256}, as expected', checked.remark)


def _check_domain(name: str, info: GgufInfo, domain: str) -> Checked:
    said = f'{info.metadata.domain}, dialect {info.metadata.dialect}'
    try:
        find_domain_of(info, find_domain(domain))
    except PrismError as error:
        return Checked(f'{name} domain', said, str(error))
    return Checked(f'{name} domain', said)


def _check_runtime() -> list[Checked]:
    """The interpreter of the engine, and whether it has the runtime."""
    named = os.environ.get(PYTHON_VARIABLE, '')
    python = named or sys.executable
    shown = f'{python} ({PYTHON_VARIABLE})' if named else f'{python} (this one)'
    try:
        done = subprocess.run(  # noqa: S603 - the interpreter that the engine is started with
            [python, '-c', _IMPORT, *RUNTIME],
            capture_output=True,
            text=True,
            timeout=_IMPORT_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else 'it does not answer'
        advice = f'let {PYTHON_VARIABLE} name a Python'
        return [Checked('engine interpreter', shown, f'{python} cannot be run: {reason}; {advice}')]
    versions = ', '.join(done.stdout.split('\n')[:-1])
    if done.returncode == 0:
        return [Checked('engine interpreter', shown), Checked('engine runtime', versions)]
    lacking = (done.stderr.strip().splitlines() or [f'exit status {done.returncode}'])[-1]
    fault = (
        f'{python} cannot import {lacking}; run {python} -m pip install llama-cpp-python '
        f'llguidance jinja2 numpy networkx, or let {PYTHON_VARIABLE} name an interpreter that has '
        'them; until then the student is out'
    )
    return [Checked('engine interpreter', shown), Checked('engine runtime', 'none', fault)]


def _check_memory(info: GgufInfo | None, adapters: Sequence[GgufInfo] = ()) -> Checked:
    free_bytes = available_bytes()
    if free_bytes is None:
        return Checked('memory', 'not known on this system')
    said = f'{free_bytes / _MIB:.0f} MiB available'
    if info is None:
        return Checked('memory', said)
    context = choose_context(StudentConfig('').context_tokens, info)
    needed_bytes = estimate_bytes(info, context, adapters)
    said += f', the student needs about {needed_bytes / _MIB:.0f}'
    fault = 'the student does not fit into memory; free some, or take a smaller model'
    return Checked('memory', said, fault if needed_bytes > free_bytes else '')
