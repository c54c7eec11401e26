# SPDX-License-Identifier: Apache-2.0
"""Stages that are done once: what each read and what came out is written down, and held to that.

`stages.json` holds for each stage that was begun its inputs, and for each that is done the sha256
of its files and what came out in a few words. Knows nothing of what a stage does.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prism_core.errors import ConfigError
from prism_core.files import hash_file, read_text, replace_file

STAGES = 'stages.json'
_LONGEST_VALUE = 40
_NOTHING = 'nothing'


@dataclass(frozen=True)
class Stage:
    """One step from recipe to student.

    `folder` is its own: nobody else writes to it, and it is emptied before the stage is done again.
    `inputs`: plain data, all that what comes out depends on. `make` fills the folder and says in a
    few words what came out. `goes_on`: whether it does so from what a run that was killed left
    there. `files`: those that must stay as they are, as patterns.
    """

    name: str
    folder: str
    inputs: Mapping[str, Any]
    make: Callable[[Path], str]
    goes_on: bool = False
    files: tuple[str, ...] = ('**/*',)


class Ledger:
    """The stages of one folder; one process at a time.

    Args:
        path: made if it is not there.
        say: told one line for each stage.
        is_fixed: nothing is done there: what is asked for must be there already. Several may read
            it at once.

    Raises:
        ConfigError: another process writes to the folder, or its stages cannot be read.
    """

    def __init__(self, path: Path, say: Callable[[str], None], *, is_fixed: bool = False):
        self.path, self._say, self._is_fixed = path, say, is_fixed
        path.mkdir(parents=True, exist_ok=True)
        self.lock = os.open(path, os.O_RDONLY)
        """Whoever has this descriptor holds the folder."""
        try:
            fcntl.flock(self.lock, (fcntl.LOCK_SH if is_fixed else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            self._records = _read_records(path / STAGES)
        except OSError as error:
            self.close()
            raise ConfigError(f'another run writes to {path}; wait for it or stop it') from error
        except ConfigError:
            self.close()
            raise

    def has(self, name: str) -> bool:
        """Whether a stage was begun."""
        return name in self._records

    def do(self, stage: Stage) -> dict[str, str]:
        """Do a stage, if what it read or what came out is not as it was.

        Returns:
            The sha256 of its files, by their place below the folder of all stages.

        Raises:
            ConfigError: its folder holds something that it did not make, or the folder of all is
                fixed and the stage is not done.
        """
        started_s = time.monotonic()
        folder = self.path / stage.folder
        inputs = json.loads(json.dumps(stage.inputs))
        record = self._records.get(stage.name)
        reason = self._why_again(stage, record, inputs)
        if self._is_fixed and (reason or record is None or 'files' not in record):
            raise ConfigError(
                f'{self.path}: expected the stage {stage.name} done as this recipe asks, but '
                f'{reason or "it is not done"}; name a run of the same recipe, or begin anew'
            )
        if record is None or reason:
            if reason:
                self._say(f'{stage.name}: {reason}; {folder} is emptied, the stage is done again')
            if folder.exists():
                shutil.rmtree(folder)
            word, record = 'done', {'inputs': inputs}
        else:
            word = 'skipped' if 'files' in record else 'finished'
        if word != 'skipped':
            self._write(stage.name, record)
            about = stage.make(folder)
            files = hash_files(self.path, (p for files in stage.files for p in folder.glob(files)))
            record = {**record, 'files': files, 'about': about}
            self._write(stage.name, record)
        seconds = time.monotonic() - started_s
        self._say(f'{stage.name:<17} {word:<8} {seconds:>8.1f} s   {record["about"]}')
        return record['files']

    def _why_again(self, stage: Stage, record: Mapping[str, Any] | None, inputs: Any) -> str:
        """Why a stage that was begun has to begin again; '' if it has not, or was not begun."""
        if record is None:
            folder = self.path / stage.folder
            if folder.exists() and any(folder.iterdir()):
                raise ConfigError(
                    f'{folder} holds something that `prism distill` did not make; choose another '
                    '--out'
                )
            return ''
        if record['inputs'] != inputs:
            return _name_change(record['inputs'], inputs)
        if 'files' not in record:
            return '' if stage.goes_on else 'it was interrupted'
        for name, sha256 in record['files'].items():
            path = self.path / name
            if not path.is_file():
                return f'{name} is missing'
            if hash_file(path) != sha256:
                return f'{name} is not as it was written'
        return ''

    def _write(self, name: str, record: dict[str, Any]) -> None:
        self._records[name] = record
        replace_file(self.path / STAGES, json.dumps(self._records, indent=1) + '\n')

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self.lock)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def hash_files(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    """The sha256 of files by their place below a folder; what is no file is passed over."""
    files = sorted({path for path in paths if path.is_file()})
    return {Path(os.path.relpath(path, folder)).as_posix(): hash_file(path) for path in files}


def _read_records(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return json.loads(read_text(path))
    except ValueError as error:
        raise ConfigError(
            f'{path}: expected the stages of a run as JSON, got {error}; choose another --out'
        ) from error


def _name_change(old: Mapping[str, Any], new: Mapping[str, Any], place: str = '') -> str:
    """The first input that is not as it was; there is one."""
    key = next(k for k in {**old, **new} if old.get(k, _NOTHING) != new.get(k, _NOTHING))
    was, now = old.get(key, _NOTHING), new.get(key, _NOTHING)
    if isinstance(was, dict) and isinstance(now, dict):
        return _name_change(was, now, f'{place}{key}.')
    return f'{place}{key} was {_shorten(was)}, now it is {_shorten(now)}'


def _shorten(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f'{text[:_LONGEST_VALUE]}…'
