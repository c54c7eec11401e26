# SPDX-License-Identifier: Apache-2.0
"""Files read with one sentence when that fails, hashed, and written whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from prism_core.errors import ConfigError

MAX_TEXT_CHARS = 2**28


def read_text(path: Path) -> str:
    """The text of a file, without the byte order mark that it may begin with.

    Raises:
        ConfigError: it cannot be read, is longer than `MAX_TEXT_CHARS`, or is not UTF-8.
    """
    try:
        with path.open(encoding='utf-8-sig') as file:
            text = file.read(MAX_TEXT_CHARS + 1)  # a device may have no end
        if len(text) > MAX_TEXT_CHARS:
            raise ConfigError(f'{path} is longer than {MAX_TEXT_CHARS:,} characters; split it')
        return text
    except OSError as error:
        raise ConfigError(f'cannot read {path}: {error.strerror}') from error
    except UnicodeDecodeError as error:
        raise ConfigError(f'{path} is not UTF-8 text: {error}') from error


def read_bytes(path: Path) -> bytes:
    """What a file holds.

    Raises:
        ConfigError: it cannot be read, or is longer than `MAX_TEXT_CHARS` bytes.
    """
    try:
        with path.open('rb') as file:
            data = file.read(MAX_TEXT_CHARS + 1)
    except OSError as error:
        raise ConfigError(f'cannot read {path}: {error.strerror}') from error
    if len(data) > MAX_TEXT_CHARS:
        raise ConfigError(f'{path} is longer than {MAX_TEXT_CHARS:,} bytes')
    return data


def replace_file(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        ConfigError: it cannot be written.
    """
    draft = path.with_name(f'.{path.name}.{os.getpid()}')
    try:
        draft.write_text(text, 'utf-8')
        draft.replace(path)
    except OSError as error:
        raise ConfigError(f'cannot write {path}: {error.strerror}') from error
    finally:
        draft.unlink(missing_ok=True)


def hash_file(path: Path) -> str:
    """The sha256 of a file.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
