# SPDX-License-Identifier: Apache-2.0
"""What takes minutes to build, kept for the next clone on the same machine.

One folder an entry, `<name>-<hash of all that it depends on>`, with one file in it that has
checksums inside (a wheel, or a tar file under gzip). An entry that cannot be read is thrown away
and built again; a folder that cannot be written is said and costs only time. It runs on the
standard library alone.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import platform
import shutil
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

_FAULTS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, RuntimeError)


class KeptBuilds:
    """The folder of built files; without one, nothing is kept and nothing found."""

    def __init__(self, folder: Path | None, say: Callable[[str], None] = print):
        """Keep in this folder, which is made when it is needed."""
        self._folder = folder
        self._say = say

    def find(self, key: str) -> Path | None:
        """Find the file of an entry, whole and readable; drop what is not."""
        if self._folder is None or not (self._folder / key).is_dir():
            return None
        try:
            (file,) = (self._folder / key).iterdir()
            _read_through(file)
        except (*_FAULTS, ValueError) as fault:
            self._say(f'{self._folder / key} is no good ({fault!r}): built again')
            self.drop(key)
            return None
        return file

    def keep(self, key: str, file: Path) -> None:
        """Copy a file into a new entry, whole or not at all."""
        if self._folder is None or (self._folder / key).exists():
            return
        new = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            new = Path(tempfile.mkdtemp(prefix='.new-', dir=self._folder))
            shutil.copyfile(file, new / file.name)
            new.rename(self._folder / key)
        except OSError as error:
            self._say(f'nothing is kept for the next clone: {error}')
            if new is not None:
                shutil.rmtree(new, ignore_errors=True)

    def drop(self, key: str) -> None:
        """Remove an entry."""
        if self._folder is not None:
            shutil.rmtree(self._folder / key, ignore_errors=True)


def find_cache_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Find where to keep builds: `PRISM_CACHE` (`off`: nowhere), else the user's cache folder.

    That is `prism_ros` in `XDG_CACHE_HOME`, by the XDG Base Directory Specification in `~/.cache`
    where that is unset or no absolute path.
    """
    named = environment.get('PRISM_CACHE', '')
    if named == 'off':
        return None
    if named:
        return Path(named).expanduser().absolute()
    base = Path(environment.get('XDG_CACHE_HOME', ''))
    return (base if base.is_absolute() else Path.home() / '.cache') / 'prism_ros'


def hash_for_machine(*words: str) -> str:
    """Hash what code made for this very processor depends on, and these words."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        lines = []
    # x86 says flags, arm64 Features.
    features = next((x for x in lines if x.lower().startswith(('flags', 'features'))), '')
    return _hash([platform.machine(), *platform.libc_ver(), features, *words])


def hash_interfaces(package: Path, prefixes: Iterable[Path]) -> str:
    """Hash what built interfaces depend on: their package, these prefixes' ROS packages, Python.

    Every ROS package has its version in `share/<name>/package.xml`.
    """
    own = sorted(path for path in package.rglob('*') if path.is_file())
    others = sorted(path for prefix in prefixes for path in prefix.glob('share/*/package.xml'))
    words = [platform.machine(), *platform.libc_ver(), str(sys.implementation.cache_tag)]
    words += [f'{path.relative_to(package)}\n{path.read_text("utf-8")}' for path in own]
    words += [path.read_text('utf-8', 'replace') for path in others]
    return _hash(words)


def pack(folder: Path, file: Path) -> None:
    """Write a folder as a gzipped tar file, with what its links lead to in place of them."""
    with tarfile.open(file, 'w:gz', dereference=True) as archive:
        archive.add(folder, folder.name)


def unpack(file: Path, folder: Path) -> None:
    """Put a packed folder at this path, in place of what is there, whole or not at all.

    Raises:
        OSError, tarfile.TarError: it cannot be read or written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.new-', dir=folder.parent) as new:
        with tarfile.open(file) as archive:
            safely = {'filter': 'data'} if hasattr(tarfile, 'data_filter') else {}
            archive.extractall(new, **safely)  # type: ignore[arg-type]  # noqa: S202
        shutil.rmtree(folder, ignore_errors=True)
        (Path(new) / folder.name).rename(folder)


def _read_through(file: Path) -> None:
    """Raise one of _FAULTS unless all checksums inside are right."""
    if file.suffix == '.whl':
        with zipfile.ZipFile(file) as wheel:
            if bad := wheel.testzip():
                raise zipfile.BadZipFile(bad)
        return
    with gzip.open(file) as stream:
        while stream.read(1 << 20):
            pass


def _hash(words: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for word in words:
        digest.update(f'{len(word)}:{word}'.encode())
    return digest.hexdigest()[:16]
