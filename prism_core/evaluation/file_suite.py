# SPDX-License-Identifier: Apache-2.0
"""Suites that are files of tasks: our JSON Lines, or one JSON in a form that the domain reads.

A line is a task that `prism synthesize` wrote, or an episode, of which the task is tried anew; it
keeps its id, and twins stay twins. All lines are of one domain. The other form is the domain's, see
`Domain.read_suite`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from prism_core.dataset.episode_json import read_episodes
from prism_core.domain import Domain, find_domain
from prism_core.episode.episode import DEFAULT_DOMAIN, Episode, as_task
from prism_core.errors import ConfigError
from prism_core.evaluation.suite_names import check_names
from prism_core.evaluation.trial import TRIAL
from prism_core.files import hash_file, read_text
from prism_core.graph.elements import quote

LINES, REFERENCE = '.jsonl', '.json'


def check_observations(observations: str) -> None:
    """Refuse what is no way in which a robot reports.

    Raises:
        ConfigError: what was expected.
    """
    if observations not in ('', 'words'):
        raise ConfigError(f'observations: expected words or none, got {observations!r}')


@dataclass(frozen=True)
class FileSuite:
    """A file of tasks that was read and can be used: what is in it, how many worlds, and whose;
    `words`: a file of a site's own words.

    `chance`: the share of its tasks that a planner may solve that deserves no success. `names`:
    what its worlds call things, see `suite_names`. `observations`: `words` lets the robot report in
    sentences what it would show as values.

    Raises:
        ConfigError: there are no such names or observations.
    """

    file: str
    sha256: str
    worlds: int
    domain: str = DEFAULT_DOMAIN
    words: str = ''
    chance: float = 0.0
    names: str = 'plain'
    observations: str = ''

    def __post_init__(self):
        check_names(self.names)
        check_observations(self.observations)


def is_file_suite(path: Path) -> bool:
    """Whether a file is called as one of tasks is."""
    return path.suffix in (LINES, REFERENCE)


def read_file_suite(path: Path, domain_name: str = DEFAULT_DOMAIN, words: str = '') -> FileSuite:
    """Read a file of tasks once, to know that all of it can be used.

    Args:
        path: of the file.
        domain_name: of its tasks.
        words: a file of a site's own words; '' for none.

    Raises:
        ConfigError: with the place in the file that cannot be used.
    """
    domain = find_domain(domain_name, words=words)
    chance = _read_reference(path, domain)[1] if path.suffix == REFERENCE else 0.0
    worlds, seen = 0, set[str]()
    for world in draw_file(path, domain):
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
    return FileSuite(str(path), hash_file(path), worlds, domain_name, words, chance)


def draw_file(path: Path, domain: Domain) -> Iterator[list[Episode]]:
    """The tasks of a file of a domain, one world after the other, each with an id.

    Raises:
        ConfigError: with the place in the file that cannot be used.
    """
    if path.suffix == REFERENCE:
        return ([episode] for episode in _read_reference(path, domain)[0])
    return _read_lines(path, domain)


def _read_reference(path: Path, domain: Domain) -> tuple[list[Episode], float]:
    text = read_text(path)
    try:
        return domain.read_suite(text)
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error


def _read_lines(path: Path, domain: Domain) -> Iterator[list[Episode]]:
    try:
        with path.open(encoding='utf-8') as lines:
            tasks = (_as_task(n, e, domain) for n, e in enumerate(read_episodes(lines)))
            for _, world in groupby(tasks, key=lambda task: task.seed):
                yield list(world)
    except OSError as error:
        raise ConfigError(f'cannot read {path}: {error.strerror}') from error
    except UnicodeDecodeError as error:
        raise ConfigError(f'{path} is not UTF-8 text: {error}') from error
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error


def _as_task(number: int, episode: Episode, domain: Domain) -> Episode:
    """The task of an episode, without what a trial of it took, and with an id."""
    facts = {key: fact for key, fact in episode.provenance.items() if key != TRIAL}
    name = facts['id'] = str(facts.get('id', f'{episode.seed}-{number}'))
    if episode.domain != domain.name:
        raise ConfigError(
            f'task {name}: expected one of the domain {domain.name}, got one of '
            f'{quote(episode.domain)}; name its domain with --domain'
        )
    if episode.known_graph.robot_location is None:
        raise ConfigError(f'task {name}: expected a known graph with its robot_location, got none')
    return replace(as_task(episode), provenance=facts)
