# SPDX-License-Identifier: Apache-2.0
"""A folder that a long run writes to, so that it can be killed at any moment and go on.

Episodes are appended to one file of JSON Lines. `progress.jsonl` is the truth: a unit of work is
done when its line is there whole. What the file of episodes holds beyond the last such line is
cut off when the run goes on.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from prism_core.errors import ConfigError
from prism_core.files import replace_file

PROGRESS, RECIPE = 'progress.jsonl', 'recipe.yaml'


class RunFolder:
    """Appends the results of units of work; one process at a time.

    Args:
        path: made if it is not there.
        file_name: of the episodes, `tasks.jsonl` or `episodes.jsonl`.
        recipe: what the run does; written once, and compared when it goes on.
        resume: whether to go on with what is there.
        may_change: keys of the recipe that may differ when it goes on.
        may_grow: keys of the recipe that may be larger when it goes on.

    Raises:
        ConfigError: the folder holds a run and `resume` is not set, one of another recipe, or one
            that has lost episodes, or another process writes to it.
    """

    def __init__(
        self,
        path: Path,
        file_name: str,
        recipe: Mapping[str, Any],
        *,
        resume: bool,
        may_change: Sequence[str] = (),
        may_grow: Sequence[str] = (),
    ):
        self.path = path
        self.episodes_file = path / file_name
        text = yaml.safe_dump(dict(recipe), sort_keys=False)
        path.mkdir(parents=True, exist_ok=True)
        if (path / RECIPE).exists() and any(True for _ in read_progress(path)):
            if not resume:
                raise ConfigError(
                    f'{path} holds a run already; go on with --resume, or choose another --out'
                )
            _compare(path / RECIPE, yaml.safe_load(text), may_change, may_grow)
        self._progress = (path / PROGRESS).open('ab')
        try:
            fcntl.flock(self._progress, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigError(f'another run writes to {path}; wait for it or stop it') from error
        replace_file(path / RECIPE, text)
        self.done: set[int] = set()
        self.lines = self.good = self._end = 0
        for record in read_progress(path):
            self._count(record)
        self._progress.truncate(_whole_lines(path / PROGRESS))
        self._episodes = self.episodes_file.open('ab')
        if self._episodes.tell() < self._end:
            raise ConfigError(
                f'{self.episodes_file}: expected at least {self._end} bytes, which {PROGRESS} '
                f'counts, got {self._episodes.tell()}; begin again with another --out'
            )
        self._episodes.truncate(self._end)

    def _count(self, record: Mapping[str, Any]) -> None:
        self.done.add(record['unit'])
        self.lines += record['lines']
        self.good += record['good']
        self._end = record['end']

    def commit(
        self, unit: int, lines: Sequence[bytes], good: int, facts: Mapping[str, Any] | None = None
    ) -> None:
        """Keep what came of a unit of work.

        Args:
            unit: its number; done once.
            lines: episodes, without the ends of lines.
            good: how many of them are good.
            facts: what a run needs to know of the unit to go on, as plain JSON.
        """
        block = b''.join(line + b'\n' for line in lines)
        self._episodes.write(block)
        self._episodes.flush()
        record = {
            'unit': unit,
            'end': self._end + len(block),
            'lines': len(lines),
            'good': good,
            'facts': dict(facts or {}),
        }
        self._progress.write(json.dumps(record, separators=(',', ':')).encode() + b'\n')
        self._progress.flush()
        self._count(record)

    def close(self) -> None:
        """Close the files."""
        self._episodes.close()
        self._progress.close()

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def read_progress(path: Path) -> Iterator[dict[str, Any]]:
    """What was committed to a run folder, unit by unit in the order of the file."""
    try:
        with (path / PROGRESS).open('rb') as file:
            yield from (json.loads(line) for line in file if line.endswith(b'\n'))
    except FileNotFoundError:
        return


def _whole_lines(path: Path) -> int:
    """How many bytes of a file are whole lines."""
    with path.open('rb') as file:
        return sum(len(line) for line in file if line.endswith(b'\n'))


def read_lines(path: Path, start: int = 0) -> Iterator[bytes]:
    """The lines of a file without their ends, from a line on (the first is 0).

    Raises:
        ConfigError: the file cannot be read.
    """
    try:
        with path.open('rb') as file:
            for number, line in enumerate(file):
                if number >= start and line.strip():
                    yield line.rstrip(b'\n')
    except OSError as error:
        raise ConfigError(f'cannot read {path}: {error.strerror}') from error


def read_recipe(path: Path) -> dict[str, Any]:
    """The recipe beside the output of a stage.

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    try:
        recipe = yaml.safe_load((path / RECIPE).read_text('utf-8'))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f'expected the output of a run in {path}, with its {RECIPE}') from error
    if not isinstance(recipe, dict):
        raise ConfigError(f'{path / RECIPE}: expected a recipe, got {recipe!r}')
    return recipe


def _compare(
    path: Path, recipe: Mapping[str, Any], may_change: Sequence[str], may_grow: Sequence[str]
) -> None:
    before, now = _flat(read_recipe(path.parent)), _flat(recipe)
    for key in (*before, *now):
        has_grown = key in may_grow and before.get(key, 0) < now.get(key, 0)
        if key not in may_change and not has_grown and before.get(key) != now.get(key):
            raise ConfigError(
                f'{path}: the run was begun with {key}: {before.get(key)!r}, now it is '
                f'{now.get(key)!r}; go on with the same settings, or choose another --out'
            )


def _flat(recipe: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in recipe.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f'{prefix}{key}.')
        else:
            flat[f'{prefix}{key}'] = value
    return flat
