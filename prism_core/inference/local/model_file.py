# SPDX-License-Identifier: Apache-2.0
"""Whether a model file is the one that it should be: its sha256 against what is known of it.

What is known comes from the first of: what the caller expects, the package's own table (of the
bundled student), the `.sha256` beside the file, and what was remembered when the file was first
used on this machine, in `prism/models.json` of the user's state directory (XDG_STATE_HOME, or
`~/.local/state`). A file of which nothing is known is trusted and remembered.

A file above 64 MiB is read once and then not again, as long as its size, inode and times of change
stay the same; to write bytes and set the time of modification back changes the time of status
change, so that this is noticed. What is not: bytes that a disk loses or that are written past the
file system, in a large file that was read before. Smaller files are read each time.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prism_core.errors import ConfigError, ModelHashMismatch, ModelNotLoaded
from prism_core.files import hash_file, replace_file
from prism_core.gguf_info import read_sha256

SHA256_VARIABLE = 'PRISM_STUDENT_SHA256'
MODELS = Path(__file__).parents[2] / 'models'
"""Folder of the bundled students: one folder for each domain, by its name."""
BUNDLED = {
    'prism-household-q8_0.gguf': '8797cca4bbd3838911aeb4582f7f8d5e58cb799bcfee38f8376fadbc2ef337f5',
    'prism-nano-1m-q8_0.gguf': '3c0a57f1cbb2141a3e9b352a242f4311dc08ef3dbc732540a8fce3c456507035',
    'prism-tabletop-f16.gguf': 'b2633e67cde87a96c4daf55c97a43a5af5434eea9c805aae608f38c8e7ac5d6b',
}
"""The sha256 of each file of the package, by name."""
REREAD_BYTES = 64 * 2**20
"""A file up to this size is read each time, which takes a tenth of a second at the most."""


@dataclass(frozen=True)
class CheckedFile:
    """A model file that may be loaded; `remark` is what its user should know, '' for nothing."""

    sha256: str
    remark: str = ''


def check_model_file(path: Path, expected: str = '', said_in: str = SHA256_VARIABLE) -> CheckedFile:
    """Compare a model file with what is known of it. Reads the whole file: two seconds a gigabyte.

    Args:
        path: the file.
        expected: its sha256, where the caller knows it.
        said_in: where its user has said that.

    Raises:
        ModelHashMismatch: it is another one.
        ModelNotLoaded: it cannot be read.
    """
    path = path.absolute()
    remembered = _Memory(_state_file())
    entry = remembered.read(path)
    try:
        stamp = _stamp(path)
        is_known = entry.get('stamp') == stamp and stamp['size'] > REREAD_BYTES
        found = str(entry['sha256']) if is_known else hash_file(path)
    except OSError as error:
        raise ModelNotLoaded(f'cannot read {path}: {error.strerror}') from error
    known, source, advice = _what_is_known(path, expected, said_in, entry, remembered.path)
    if known and found != known:
        raise ModelHashMismatch(
            f'{path}: expected the sha256 {known[:12]}… {source}, got {found[:12]}…; {advice}'
        )
    new = {'sha256': found, 'stamp': stamp}
    is_worth_it = not known or stamp['size'] > REREAD_BYTES
    fault = remembered.write(path, new) if is_worth_it and entry != new else ''
    return CheckedFile(found, '' if known else fault)


def _what_is_known(
    path: Path, expected: str, said_in: str, entry: Mapping[str, Any], memory: Path
) -> tuple[str, str, str]:
    """The sha256 that a file should have, '' for none, who says so, and what to do where it has
    another.
    """
    if expected:
        advice = f'copy the file again, or correct {said_in}'
        return expected.strip().lower(), 'that was asked for', advice
    if path.name in BUNDLED and path.resolve().parents[1] == MODELS.resolve():
        advice = 'install the package again, or name a model of your own in PRISM_STUDENT_MODEL'
        return BUNDLED[path.name], 'of the bundled student', advice
    beside = read_sha256(path)
    if beside is not None:
        advice = 'copy both files again, or export the model again'
        return beside, f'that {path.name}.sha256 holds', advice
    advice = (
        f'copy the file again, or, if it is meant to be another one, remove its entry from {memory}'
    )
    return str(entry.get('sha256', '')), 'of its first use', advice


def _stamp(path: Path) -> dict[str, int]:
    """What changes with the bytes of a file."""
    status = path.stat()
    return {
        'size': status.st_size,
        'inode': status.st_ino,
        'modified_ns': status.st_mtime_ns,
        'changed_ns': status.st_ctime_ns,
    }


def _state_file() -> Path:
    state = os.environ.get('XDG_STATE_HOME', '')
    home = state if os.path.isabs(state) else os.path.expanduser('~/.local/state')
    return Path(home, 'prism', 'models.json')


class _Memory:
    """The file that remembers models by their absolute path."""

    def __init__(self, path: Path):
        self.path = path

    def read(self, model: Path) -> dict[str, Any]:
        """What is remembered of a model; nothing, where the file cannot be read."""
        entry = self._read_all().get(str(model))
        return entry if isinstance(entry, dict) and 'sha256' in entry else {}

    def write(self, model: Path, entry: Mapping[str, Any]) -> str:
        """Remember a model; why that cannot be done as a sentence, '' when it is done."""
        try:
            if not self.path.is_absolute():
                raise OSError(errno.ENOENT, 'the user has no home')
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._hold():
                entries = {**self._read_all(), str(model): dict(entry)}
                replace_file(self.path, json.dumps(entries, indent=1, sort_keys=True))
        except (OSError, ConfigError) as error:
            return (
                f'{model} is used without a check: its sha256 cannot be remembered in '
                f'{self.path} ({error}); let XDG_STATE_HOME name a folder that can be '
                f'written, or put the sha256 into {SHA256_VARIABLE} or a .sha256 beside the file'
            )
        return ''

    def _read_all(self) -> dict[str, Any]:
        try:
            entries = json.loads(self.path.read_text('utf-8'))
        except (OSError, ValueError):
            return {}
        return entries if isinstance(entries, dict) else {}

    @contextmanager
    def _hold(self) -> Iterator[None]:
        """Keep other processes from writing meanwhile."""
        with self.path.with_suffix('.lock').open('w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
