# SPDX-License-Identifier: Apache-2.0
"""Any episode of a file of any size: where its line begins is found when it is asked for."""

from __future__ import annotations

from array import array
from pathlib import Path

from prism_core.dataset.episode_json import parse_episode
from prism_core.episode.episode import Episode
from prism_core.errors import ConfigError

EPISODE_FILES = ('episodes.jsonl', 'tasks.jsonl')


def find_episode_file(path: Path) -> Path:
    """The file of a data set's folder that holds its episodes, or its tasks; a file is itself.

    Raises:
        ConfigError: the folder has neither.
    """
    if not path.is_dir():
        return path
    for name in EPISODE_FILES:
        if (path / name).is_file():
            return path / name
    raise ConfigError(
        f'expected {" or ".join(EPISODE_FILES)} in {path}, found neither; name the folder that '
        'prism synthesize or prism elicit wrote'
    )


class EpisodeLines:
    """The episodes of a JSON Lines file by number, the first one is 0; empty lines do not count,
    nor does a last line without its end: it is still being written.

    Keeps eight bytes for each episode that was passed.
    """

    def __init__(self, path: Path):
        """Open a file.

        Raises:
            ConfigError: it cannot be read.
        """
        self.path = path
        try:
            self._file = path.open('rb')
        except OSError as error:
            raise ConfigError(f'cannot read {path}: {error.strerror}') from error
        self._starts = array('Q')
        self._end = 0
        self._is_complete = False

    @property
    def known_number(self) -> int | None:
        """How many episodes there are; None as long as nobody has looked so far."""
        return len(self._starts) if self._is_complete else None

    def has(self, number: int) -> bool:
        """Whether there is an episode of this number."""
        self._file.seek(self._end)
        while len(self._starts) <= number and not self._is_complete:
            line = self._file.readline()
            self._is_complete = not line.endswith(b'\n')
            if line.strip() and not self._is_complete:
                self._starts.append(self._end)
            self._end += len(line)
        return 0 <= number < len(self._starts)

    def read(self, number: int) -> Episode:
        """An episode.

        Raises:
            ConfigError: there is none of this number, or its line is no episode.
        """
        if not self.has(number):
            holds = '1 episode' if len(self._starts) == 1 else f'{len(self._starts)} episodes'
            raise ConfigError(
                f'there is no episode {number} in {self.path}: it holds {holds}, counted from 0'
            )
        self._file.seek(self._starts[number])
        try:
            return parse_episode(self._file.readline().decode())
        except (ConfigError, UnicodeDecodeError) as error:
            raise ConfigError(f'{self.path}: episode {number}: {error}') from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> EpisodeLines:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
