# SPDX-License-Identifier: Apache-2.0
"""Model files that are there whole or not at all, each with its sha256 beside it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prism_core.errors import ConfigError
from prism_core.files import hash_file
from prism_core.gguf_info import sha256_path


@contextmanager
def publish(path: Path) -> Iterator[Path]:
    """Write a model file under another name, then give it its own.

    The body writes (and checks) the draft that it is given. When it ends without an error, the
    sha256 is written and the draft renamed; whatever happens before leaves what was there. The
    next run takes over the draft of one that was killed.

    Args:
        path: where the file shall be.

    Raises:
        ConfigError: another process writes the same file, or it cannot be written.
    """
    draft = path.with_name(f'.{path.name}.part')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open('ab') as held:
            _hold(held.fileno(), path)
            try:
                yield draft
                _rename(draft, path)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f'cannot write {path}: {error.strerror or error}') from error


def _hold(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ConfigError(f'another process writes {path}; wait for it or stop it') from error


def _rename(draft: Path, path: Path) -> None:
    """The sha256 first: a model of an earlier run then no longer passes for the new one."""
    _sync(draft)
    beside = sha256_path(path)
    beside_draft = sha256_path(draft)
    beside_draft.write_text(f'{hash_file(draft)}  {path.name}\n', 'utf-8')
    _sync(beside_draft)
    os.replace(beside_draft, beside)
    os.replace(draft, path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
