# SPDX-License-Identifier: Apache-2.0
"""Data sets in the terminal: what came out as tables, and its episodes page by page."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from prism_core.dataset.episode_lines import EpisodeLines, find_episode_file
from prism_core.dataset.filter import find_fault
from prism_core.dataset.split import split_of
from prism_core.dataset.statistics import Statistics
from prism_core.dataset.summary import list_facts, list_tables
from prism_core.episode.episode import Episode
from prism_core.errors import PrismError
from prism_core.pictures.episode_trail import follow_episode
from prism_core.pictures.terminal import print_graph
from prism_core.pictures.terminal_episodes import print_episode

_HELP = 'n next  p previous  g go to  k next of a kind  f next failed  t next turn  q quit'
_MAX_ROWS = 25


def print_statistics(statistics: Statistics) -> None:
    """Print what was counted: the figures, then a table for each thing that is told apart."""
    console = Console(highlight=False)
    facts = Table(show_header=False)
    facts.add_column()
    facts.add_column(justify='right')
    for name, value in list_facts(statistics):
        facts.add_row(escape(name), value)
    console.print(facts)
    tables = list_tables(statistics).items()
    console.print(Columns([_tabulate(title, table) for title, table in tables]))


def _tabulate(title: str, counts: dict[str, int]) -> Table:
    table = Table(title, '')
    table.columns[1].justify = 'right'
    rows = list(counts.items())
    for name, number in rows[:_MAX_ROWS]:
        table.add_row(escape(name), f'{number:,}')
    if len(rows) > _MAX_ROWS:
        table.add_row(f'… {len(rows) - _MAX_ROWS} more', '')
    return table


@dataclass(frozen=True)
class _Place:
    """What is looked at: an episode, and how many of its turns (None: all of them)."""

    number: int
    turn: int | None = None


def page_episodes(path: Path, number: int = 0) -> None:
    """Show episodes one by one, with the graph that was known drawn; keys turn the pages.

    Where input or output is no terminal it prints one episode and ends.

    Args:
        path: a file of episodes, or the folder of a data set.
        number: of the episode to begin with; 0 is first.

    Raises:
        ConfigError: there is no such file or episode, or its line is no episode.
    """
    with EpisodeLines(find_episode_file(path)) as episodes:
        place = _Place(number)
        _print_page(episodes, place)
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            return
        said = ''
        while True:
            key = _read_key(said)
            if key == 'q':
                return
            try:
                goal = _MOVES[key](episodes, place) if key in _MOVES else f'keys: {_HELP}'
                if isinstance(goal, _Place):
                    _print_page(episodes, goal)
                    place, said = goal, ''
                else:
                    said = goal
            except PrismError as error:  # of a line that is no episode; the page stays
                said = str(error)


def _read_key(said: str) -> str:
    """The next key; the end of the input is q."""
    click.echo(f'\r\x1b[K{said or _HELP} ', nl=False)
    try:
        key = click.getchar()
    except (KeyboardInterrupt, EOFError):
        key = 'q'
    click.echo('\r\x1b[K', nl=False)
    return key


def _print_page(episodes: EpisodeLines, place: _Place) -> None:
    episode = episodes.read(place.number)
    trail = follow_episode(episode, place.turn)
    click.clear()
    known = episodes.known_number
    of = '' if known is None else f' of {known}'
    facts = [f'episode {place.number}{of}', split_of(episode), *_describe(episode)]
    Console(highlight=False).print(' · '.join(facts), style='dim', markup=False)
    print_graph(trail.graph, trail.way)
    print_episode(episode, turns=place.turn)


def _describe(episode: Episode) -> list[str]:
    names = ('id', 'family', 'size', 'writer', 'teacher')
    return [str(episode.provenance[name]) for name in names if name in episode.provenance]


_Move = Callable[[EpisodeLines, _Place], '_Place | str']


def _next(episodes: EpisodeLines, place: _Place) -> _Place | str:
    if episodes.has(place.number + 1):
        return _Place(place.number + 1)
    return f'episode {place.number} is the last one'


def _previous(episodes: EpisodeLines, place: _Place) -> _Place | str:
    return _Place(place.number - 1) if place.number else 'episode 0 is the first one'


def _jump_to(episodes: EpisodeLines, place: _Place) -> _Place | str:
    text = _ask('go to episode')
    if not text.isdecimal():
        return f'expected the number of an episode, got {text!r}'
    if not episodes.has(int(text)):
        return f'there is no episode {text}: the last one is {(episodes.known_number or 1) - 1}'
    return _Place(int(text))


def _next_of_kind(episodes: EpisodeLines, place: _Place) -> _Place | str:
    kind = _ask('kind of task')
    found = _search(episodes, place, lambda episode: episode.task.kind == kind)
    return found or f'no episode of kind {kind!r} comes after this one'


def _next_failed(episodes: EpisodeLines, place: _Place) -> _Place | str:
    def has_failed(episode: Episode) -> bool:
        return bool(episode.ending and find_fault(episode))

    return _search(episodes, place, has_failed) or 'no failed episode comes after this one'


def _next_turn(episodes: EpisodeLines, place: _Place) -> _Place | str:
    """From the whole episode to before its first turn, then one turn further each time."""
    turns = len(episodes.read(place.number).turns)
    turn = 0 if place.turn is None else place.turn + 1
    if turn > turns:
        return 'that was the last turn'
    return replace(place, turn=turn)


def _search(
    episodes: EpisodeLines, place: _Place, is_wanted: Callable[[Episode], bool]
) -> _Place | None:
    number = place.number + 1
    while episodes.has(number):
        if is_wanted(episodes.read(number)):
            return _Place(number)
        number += 1
    return None


def _ask(what: str) -> str:
    try:
        return click.prompt(what, default='', show_default=False).strip()
    except click.Abort:
        return ''


_MOVES: dict[str, _Move] = {
    'n': _next,
    ' ': _next,
    'p': _previous,
    'g': _jump_to,
    'k': _next_of_kind,
    'f': _next_failed,
    't': _next_turn,
}
