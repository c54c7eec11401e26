# SPDX-License-Identifier: Apache-2.0
"""Our nodes as child processes, kept on this machine: for the demo, the benchmark and tests."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

STOP_TIMEOUT_S = 5.0
_ENGINE = b'engine_child'  # in the command line of one

# How DDS is kept on this machine; Humble knows only the variable that later releases deprecate.
_LOCAL_ONLY = (
    {'ROS_LOCALHOST_ONLY': '1'}
    if os.environ.get('ROS_DISTRO') == 'humble'
    else {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
)


@contextlib.contextmanager
def on_this_machine_only() -> Iterator[None]:
    """Let no participant that is made inside, nor a child process, talk to other machines."""
    before = {name: os.environ.get(name) for name in _LOCAL_ONLY}
    os.environ.update(_LOCAL_ONLY)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextlib.contextmanager
def node_process(
    module: str,
    domain: int,
    log: IO,
    parameters: Mapping[str, str] | None = None,
    arguments: tuple[str, ...] = (),
    variables: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen]:
    """Run `prism_ros.<module>` in a process of its own, and end it at the end; `variables` are set
    in its environment.
    """
    command = [sys.executable, '-m', f'prism_ros.{module}', '--ros-args', *arguments]
    for name, value in (parameters or {}).items():
        command += ['-p', f'{name}:={value}']
    own = _LOCAL_ONLY | {'ROS_DOMAIN_ID': str(domain), **(variables or {})}
    process = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def serve_planner(planner: str, port: int, log: IO) -> tuple[subprocess.Popen, str]:
    """Have `prism serve` serve a planner in a process of its own, which the caller ends.

    Args:
        planner: its name.
        port: 0 for any that is free.
        log: takes what it logs.

    Returns:
        The process, and the address that it serves at.

    Raises:
        RuntimeError: it does not come up.
    """
    command = [sys.executable, '-m', 'prism_core.cli.main', 'serve', '--planner', planner]
    command += ['--port', str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None  # noqa: S101 - it was asked for
    said = process.stdout.readline()
    found = re.search(r'http://\S+/v1', said)
    if found is None:
        process.kill()
        raise RuntimeError(f'prism serve: expected the address that it serves at, got {said!r}')
    return process, found[0]


def find_engines(parent: int) -> list[int]:
    """The processes of the engine children that a process has."""
    found = []
    for entry in Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = (entry / 'stat').read_text().rpartition(')')[2].split()
            if int(fields[1]) == parent and _ENGINE in (entry / 'cmdline').read_bytes():
                found.append(int(entry.name))
    return found


def measure_process(pid: int) -> dict[str, int]:
    """Resident memory in MiB, open files and threads of a process; nothing where it is gone."""
    try:
        status = Path(f'/proc/{pid}/status').read_text()
        fields = dict(line.split(':', 1) for line in status.splitlines())
        return {
            'mib': int(fields['VmRSS'].split()[0]) // 1024,
            'files': len(os.listdir(f'/proc/{pid}/fd')),
            'threads': int(fields['Threads']),
        }
    except (OSError, KeyError):
        return {}
