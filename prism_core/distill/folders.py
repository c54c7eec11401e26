# SPDX-License-Identifier: Apache-2.0
"""Folders that are written whole or not at all, however a process ends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A draft to write into, which takes the place of a folder when the block ends well."""
    draft, old = _aside(path, 'draft'), _aside(path, 'old')
    restore_folder(path)
    draft.mkdir(parents=True)
    try:
        yield draft
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    if path.exists():
        path.rename(old)
    draft.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def restore_folder(path: Path) -> None:
    """Undo what a process that was killed in `written_whole` left behind."""
    draft, old = _aside(path, 'draft'), _aside(path, 'old')
    if old.exists() and not path.exists():
        old.rename(path)
    for left in (draft, old):
        shutil.rmtree(left, ignore_errors=True)


def _aside(path: Path, word: str) -> Path:
    return path.with_name(f'.{path.name}.{word}')
