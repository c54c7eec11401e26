# SPDX-License-Identifier: Apache-2.0
"""A teacher for the tests of planner `lm`: an endpoint over real HTTP."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ..core.teacher_server import CANARY, KEY_VARIABLE, MODEL, TeacherServer


@contextlib.contextmanager
def serve_teacher(monkeypatch, folder: Path, patience_s: float):
    """A real endpoint behind planner `lm`, which is asked again for so long."""
    with TeacherServer() as server:
        file = folder / 'teacher.yaml'
        file.write_text(
            f'model: {MODEL}\nbase_url: {server.url}\nkey_variable: {KEY_VARIABLE}\n'
            f'patience_s: {patience_s}\nfirst_pause_s: 0.05\n'
        )
        monkeypatch.setenv('PRISM_TEACHER_CONFIG', str(file))
        monkeypatch.setenv(KEY_VARIABLE, CANARY)
        yield server
