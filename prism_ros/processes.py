# SPDX-License-Identifier: Apache-2.0
"""Our nodes as child processes, kept on this machine: for the demo, the benchmark and tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import IO

STOP_TIMEOUT_S = 5.0

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
) -> Iterator[subprocess.Popen]:
    """Run `prism_ros.<module>` in a process of its own, and end it at the end."""
    command = [sys.executable, '-m', f'prism_ros.{module}', '--ros-args', *arguments]
    for name, value in (parameters or {}).items():
        command += ['-p', f'{name}:={value}']
    environment = os.environ | _LOCAL_ONLY | {'ROS_DOMAIN_ID': str(domain)}
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
