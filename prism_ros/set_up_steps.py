# SPDX-License-Identifier: Apache-2.0
"""Steps of the set-up: each says what it does, how long that takes, how far it is, and how it went.

It runs on the standard library alone, before anything is installed.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

SAID_AGAIN_AFTER_S = 15.0
"""A step that runs for longer says so, and how far it is."""
_SHOWN_LINES = 25
# Of ninja, `[12/83] g++ ...`, and of make, `[ 14%] Building ...`.
_OF_NINJA = re.compile(r'^\s*\[(\d+)/(\d+)\]', re.MULTILINE)
_OF_MAKE = re.compile(r'^\[ *(\d+)%\]', re.MULTILINE)

Run = Callable[..., None]


class SetUpError(Exception):
    """The set-up cannot go on; says what was expected, what came, and what to do."""


class SetUpSteps:
    """Runs commands with their output in log files; several steps may run at once, in threads."""

    def __init__(self, logs: Path, say: Callable[[str], None] = print):
        """Write logs to this folder, and lines for the user through `say`."""
        self._logs = logs
        self._say = say
        self._running: set[subprocess.Popen] = set()
        self._lock = threading.Lock()
        self._is_stopped = False

    @contextmanager
    def step(self, name: str, expected: str) -> Iterator[Run]:
        """Say what begins; give a function that runs one command of it; say how long it took.

        The function takes the words of the command, and `env` for further variables. It raises:
            SetUpError: the command failed; the end of its log was said.
        """
        self._say(f'{name}: {expected}')
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f'{re.sub("[^a-z0-9]+", "_", name.lower())}.log'
        log.unlink(missing_ok=True)
        started = time.monotonic()

        def run(*command: object, env: Mapping[str, str] | None = None) -> None:
            self._run(name, [str(word) for word in command], env or {}, log, started)

        yield run
        self._say(f'{name}: done in {time.monotonic() - started:.0f} s')

    def stop(self) -> None:
        """End what still runs, with all that it started."""
        with self._lock:
            self._is_stopped = True
            running = list(self._running)
        for process in running:
            _end(process)

    def _run(
        self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path, started: float
    ) -> None:
        with log.open('ab') as file, self._lock:
            if self._is_stopped:
                raise SetUpError(f'{name}: stopped')
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **env},
                start_new_session=True,  # so that stop() ends the compilers, too
            )
            self._running.add(process)
        try:
            while True:
                try:
                    status = process.wait(SAID_AGAIN_AFTER_S)
                    break
                except subprocess.TimeoutExpired:
                    passed_s = time.monotonic() - started
                    self._say(f'{name}: {read_progress(log)}, {passed_s:.0f} s')
        finally:
            self._running.discard(process)
        if status == 0:
            return
        if not self._is_stopped:
            lines = log.read_text('utf-8', 'replace').splitlines()[-_SHOWN_LINES:]
            self._say('\n'.join(lines))
        raise SetUpError(f'{name} failed (exit status {status}); all it said: {log}')


def read_progress(log: Path) -> str:
    """Say in few words how far a build is, from the end of its log."""
    with log.open('rb') as file:
        file.seek(max(0, log.stat().st_size - 65_536))
        text = file.read().decode('utf-8', 'replace')
    if counts := _OF_NINJA.findall(text):
        done, of = counts[-1]
        return f'{done} of {of} files'
    if parts := _OF_MAKE.findall(text):
        return f'{parts[-1]} %'
    return 'at work'


def _end(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGTERM)
    except ProcessLookupError:
        return
