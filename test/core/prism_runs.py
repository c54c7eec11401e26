# SPDX-License-Identifier: Apache-2.0
"""Runs of `prism` against a server of the test, here or in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from prism_core.cli import main as cli
from prism_core.config_file import render_config

from .teacher_server import CANARY, KEY_VARIABLE, TeacherServer

ROOT = Path(__file__).parents[2]


def write_settings(path: Path, server: TeacherServer, **settings) -> Path:
    """The settings file of a teacher behind a server."""
    path.write_text(render_config(server.config(**settings)), 'utf-8')
    return path


def call_prism(*arguments: object) -> int:
    """Run `prism` here, with the key that is in the environment; its exit status."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', ['prism', *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return ended.value.code


def start_prism(*arguments: object) -> subprocess.Popen[str]:
    """Start `prism` in a process that has the key."""
    return subprocess.Popen(
        [sys.executable, '-m', 'prism_core.cli.main', *map(str, arguments)],
        env=os.environ | {KEY_VARIABLE: CANARY, 'PYTHONPATH': str(ROOT), 'COLUMNS': '200'},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish_prism(process: subprocess.Popen[str], status: int = 0) -> str:
    """Wait for the end of a run; what it said on both channels."""
    stdout, stderr = process.communicate()
    assert process.returncode == status, stderr
    assert 'Traceback' not in stderr
    return stdout + stderr


def kill_after(process: subprocess.Popen[str], server: TeacherServer, asks: int) -> None:
    """kill -9 when the server has been asked so often."""
    wait_until(lambda: len(server.asks) >= asks or process.poll() is not None)
    process.kill()
    process.communicate()
    assert process.returncode == -9


def interrupt_service(server: TeacherServer, asks: int, down_s: float) -> threading.Thread:
    """Take the server down for a while once it has been asked so often."""

    def work() -> None:
        wait_until(lambda: len(server.asks) >= asks, 600)
        server.go_down()
        time.sleep(down_s)
        server.come_up()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def wait_until(is_true: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Wait for something that other threads or processes do."""
    end_s = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < end_s, 'it did not come'
        time.sleep(0.01)


def files_with(folder: Path, text: str) -> list[str]:
    """The files under a folder that hold a text."""
    files = [path for path in sorted(folder.rglob('*')) if path.is_file()]
    return [str(path) for path in files if text.encode() in path.read_bytes()]


def sorted_lines(path: Path) -> list[bytes]:
    """The lines of a file, of which the last is whole, too."""
    data = path.read_bytes()
    assert data.endswith(b'\n')
    return sorted(data.splitlines())
