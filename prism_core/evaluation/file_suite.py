"""Suites that are files of tasks: our JSON Lines, or one JSON in the form of the reference code.

A line is a task that `prism synthesize` wrote, or an episode, of which the task is tried anew; it
keeps its id, and twins stay twins. The other form is told in `reference_suite`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from prism_core.domain import find_domain
from prism_core.episode import Episode, as_task
from prism_core.episode_json import read_episodes
from prism_core.errors import ConfigError
from prism_core.evaluation.reference_suite import read_reference_suite
from prism_core.evaluation.trial import TRIAL
from prism_core.files import hash_file, read_text

LINES, REFERENCE = '.jsonl', '.json'
_DOMAIN = 'mapping'


@dataclass(frozen=True)
class FileSuite:
    """A file of tasks that was read and can be used: what is in it, and how many worlds.

    `chance`: the share of its tasks that a planner may solve that deserves no success.
    """

    file: str
    sha256: str
    worlds: int
    domain: str = _DOMAIN
    chance: float = 0.0


def is_file_suite(path: Path) -> bool:
    """Whether a file is called as one of tasks is."""
    return path.suffix in (LINES, REFERENCE)


def read_file_suite(path: Path) -> FileSuite:
    """Read a file of tasks once, to know that all of it can be used.

    Raises:
        ConfigError: with the place in the file that cannot be used.
    """
    chance = _read_reference(path)[1] if path.suffix == REFERENCE else 0.0
    worlds, seen = 0, set[str]()
    for world in draw_file(path):
        worlds += 1
        for episode in world:
            name = episode.provenance['id']
            if name in seen:
                raise ConfigError(
                    f'{path}: expected each task to have its own id, got {name!r} twice; leave one '
                    'of them out'
                )
            seen.add(name)
    if not seen:
        raise ConfigError(f'{path}: expected tasks, one a line, got none')
    return FileSuite(str(path), hash_file(path), worlds, chance=chance)


def draw_file(path: Path) -> Iterator[list[Episode]]:
    """The tasks of a file, one world after the other, each with an id.

    Raises:
        ConfigError: with the place in the file that cannot be used.
    """
    if path.suffix == REFERENCE:
        return ([episode] for episode in _read_reference(path)[0])
    return _read_lines(path)


def _read_reference(path: Path) -> tuple[list[Episode], float]:
    text = read_text(path)
    try:
        return read_reference_suite(text, find_domain(_DOMAIN).lexicon.attributes)
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error


def _read_lines(path: Path) -> Iterator[list[Episode]]:
    try:
        with path.open(encoding='utf-8') as lines:
            tasks = (_as_task(n, episode) for n, episode in enumerate(read_episodes(lines)))
            for _, world in groupby(tasks, key=lambda task: task.seed):
                yield list(world)
    except OSError as error:
        raise ConfigError(f'cannot read {path}: {error.strerror}') from error
    except UnicodeDecodeError as error:
        raise ConfigError(f'{path} is not UTF-8 text: {error}') from error
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error


def _as_task(number: int, episode: Episode) -> Episode:
    """The task of an episode, without what a trial of it took, and with an id."""
    facts = {key: fact for key, fact in episode.provenance.items() if key != TRIAL}
    name = facts['id'] = str(facts.get('id', f'{episode.seed}-{number}'))
    if episode.known_graph.robot_location is None:
        raise ConfigError(f'task {name}: expected a known graph with its robot_location, got none')
    return replace(as_task(episode), provenance=facts)
