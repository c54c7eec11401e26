# SPDX-License-Identifier: Apache-2.0
"""`prism data` as a user types it, and the pages of its episodes as a user turns them."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from prism_core import Episode
from prism_core.cli.data import data
from prism_core.dataset.episode_json import render_episode
from prism_core.dataset.episode_lines import EpisodeLines
from prism_core.dataset.filter import find_fault
from prism_core.errors import ConfigError, PrismError

from .mapping_worlds import episodes_of, taught

_CONTROL = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]|\r')


@pytest.fixture(scope='module')
def played() -> list[Episode]:
    """Episodes of two worlds; the fourth one failed."""
    episodes = [
        replace(taught(episode), provenance={**episode.provenance, 'id': f'id-{number}'})
        for number, episode in enumerate(episodes_of(range(2)))
    ]
    episodes[3] = replace(episodes[3], ending='limit', outcome=None)
    return episodes


@pytest.fixture
def folder(tmp_path, played) -> Path:
    lines = ''.join(f'{render_episode(episode)}\n' for episode in played)
    (tmp_path / 'episodes.jsonl').write_text(lines, 'utf-8')
    (tmp_path / 'recipe.yaml').write_text('command: elicit\nseed: 3\n')
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(data, [str(argument) for argument in arguments])


def refusal(*arguments) -> str:
    """The sentence of a refused command."""
    result = run(*arguments)
    assert result.exit_code in (1, 2)
    return str(result.exception) if isinstance(result.exception, PrismError) else result.output


class Terminal:
    """`prism data show` in a terminal of its own, of 100 columns and 50 rows."""

    def __init__(self, path: Path):
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 50, 100, 0, 0))
        command = 'import sys; from prism_core.cli.data import data; data(["show", sys.argv[1]])'
        environment = {k: v for k, v in os.environ.items() if k not in ('COLUMNS', 'LINES')}
        self._process = subprocess.Popen(
            [sys.executable, '-c', command, str(path)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment | {'TERM': 'xterm'},
            start_new_session=True,
        )
        os.close(slave)
        self.page = self._read_until('q quit')

    def press(self, keys: str, until: str = 'q quit') -> str:
        """What is printed behind a key, up to some words; without control sequences."""
        self._type(keys)
        self.page = self._read_until(until)
        return self.page

    def quit(self, key: str = 'q') -> int:
        """The exit status after a last key."""
        self._type(key)
        try:
            return self._process.wait(timeout=20)
        finally:
            os.close(self._master)

    def _type(self, keys: str) -> None:
        """Press a key when one is awaited: what comes before is flushed. A line may come early."""
        deadline = time.monotonic() + 20
        while len(keys) == 1 and termios.tcgetattr(self._master)[3] & termios.ICANON:
            assert time.monotonic() < deadline, 'no key is awaited'
            time.sleep(0.01)
        os.write(self._master, keys.encode())

    def _read_until(self, words: str) -> str:
        text, deadline = '', time.monotonic() + 30
        while words not in (plain := _CONTROL.sub('', text)):
            ready, _, _ = select.select([self._master], [], [], deadline - time.monotonic())
            if not ready:
                self._process.kill()
                raise AssertionError(f'waited for {words!r}, saw {plain!r}')
            text += os.read(self._master, 65536).decode(errors='replace')
        return plain


# ---------------------------------------------------------------------------------------- paging


def test_keys_turn_the_pages_of_a_folder(folder, played):
    terminal = Terminal(folder)
    assert 'episode 0 · ' in terminal.page
    assert 'id-0' in terminal.page
    assert f'“{played[0].task.request}”' in ' '.join(terminal.page.split())
    assert 'regions,' in terminal.page
    assert 'turn 1' in terminal.page
    assert 'episode 1 · ' in terminal.press('n')
    assert 'episode 2 · ' in terminal.press(' ')
    assert 'episode 1 · ' in terminal.press('p')
    assert 'episode 3 · ' in terminal.press('f')
    assert 'no failed episode comes after this one' in terminal.press('f', 'this one')
    assert 'keys: n next' in terminal.press('x')
    assert 'episode 0 of' not in terminal.press('p')
    assert terminal.quit() == 0


def test_keys_go_to_a_number_and_to_the_next_of_a_kind(folder, played):
    last = len(played) - 1
    kind = played[5].task.kind
    first = next(i for i, e in enumerate(played) if i and e.task.kind == kind)
    terminal = Terminal(folder)
    terminal.press('k', 'kind of task')
    assert f'episode {first} · ' in terminal.press(f'{kind}\r')
    terminal.press('k', 'kind of task')
    assert "no episode of kind 'nonsense'" in terminal.press('nonsense\r', 'this one')
    terminal.press('g', 'go to episode')
    assert f'episode {last} of {last + 1} · ' in terminal.press(f'{last}\r')
    assert f'episode {last} is the last one' in terminal.press('n', 'last one')
    terminal.press('g', 'go to episode')
    assert f'the last one is {last}' in terminal.press('99999\r', f'is {last}')
    terminal.press('g', 'go to episode')
    assert "got 'x'" in terminal.press('x\r', "'x'")
    terminal.press('g', 'go to episode')
    assert f'episode 0 of {last + 1} · ' in terminal.press('0\r')
    assert 'episode 0 is the first one' in terminal.press('p', 'first one')
    assert terminal.quit('\x03') == 0


def test_t_goes_through_an_episode_turn_by_turn(folder, played):
    number = next(i for i, e in enumerate(played) if len(e.turns) == 2)
    terminal = Terminal(folder)
    terminal.press('g', 'go to episode')
    assert 'turn 2' in terminal.press(f'{number}\r')
    before = terminal.press('t')
    assert '… 2 more turns' in before
    assert 'turn 1,' not in before
    assert '… 1 more turns' in terminal.press('t')
    assert 'more turns' not in terminal.press('t')
    assert 'that was the last turn' in terminal.press('t', 'last turn')
    assert terminal.quit('\x04') == 0


def test_of_a_page_that_cannot_be_read_it_is_said_why_and_the_last_one_stays(folder):
    with (folder / 'episodes.jsonl').open('a') as file:
        file.write('no episode\n')
    terminal = Terminal(folder)
    terminal.press('g', 'go to episode')
    number = len((folder / 'episodes.jsonl').read_text().splitlines()) - 1
    page = terminal.press(f'{number}\r', 'malformed')
    assert f'episodes.jsonl: episode {number}: not an episode: JSON is malformed' in page
    assert 'episode 0 is the first one' in terminal.press('p', 'first one')
    assert terminal.quit() == 0


def test_without_a_terminal_one_episode_is_printed(folder, played):
    for arguments, number in (((), 0), (('--episode', 2), 2)):
        result = run('show', folder, *arguments)
        assert result.exit_code == 0
        assert f'episode {number} · ' in result.output
        assert played[number].task.request in ' '.join(result.output.split())
        assert 'q quit' not in result.output
    by_file = run('show', folder / 'episodes.jsonl')
    assert by_file.output == run('show', folder).output


def test_tasks_that_nobody_tried_are_shown(tmp_path):
    (episode, *_) = episodes_of(range(1))
    (tmp_path / 'tasks.jsonl').write_text(f'{render_episode(episode)}\n', 'utf-8')
    assert 'not tried yet' in run('show', tmp_path).output


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['--episode', 10**6], 'there is no episode 1000000 in'),
        (['--episode', -1], "Invalid value for '--episode'"),
    ],
)
def test_show_says_in_one_sentence_what_is_wrong(folder, arguments, words):
    assert words in refusal('show', folder, *arguments)


def test_a_folder_or_file_that_holds_no_episodes_is_said_so(tmp_path):
    assert 'expected episodes.jsonl or tasks.jsonl in' in refusal('show', tmp_path)
    assert 'cannot read' in refusal('show', tmp_path / 'gone.jsonl')
    (tmp_path / 'empty.jsonl').touch()
    assert 'it holds 0 episodes' in refusal('show', tmp_path / 'empty.jsonl')


# ----------------------------------------------------------------------------------------- lines


def test_lines_are_found_when_they_are_asked_for_and_kept_as_places_only(folder, played):
    with (folder / 'episodes.jsonl').open('a', encoding='utf-8') as file:
        file.write(f'\n\n{render_episode(played[0])}\n{render_episode(played[1])[:500]}')
    with EpisodeLines(folder / 'episodes.jsonl') as episodes:
        assert episodes.read(4) == played[4]
        assert episodes.known_number is None
        assert len(episodes._starts) == 5
        assert episodes.read(0) == played[0]
        assert episodes.read(len(played)) == played[0]
        assert not episodes.has(len(played) + 1)
        assert episodes.known_number == len(played) + 1
        assert not episodes.has(-1)
        with pytest.raises(ConfigError, match=f'it holds {len(played) + 1} episodes'):
            episodes.read(len(played) + 1)


# ------------------------------------------------------------------------------ report and export


def test_report_prints_tables_and_writes_report_plots_and_card(folder, played):
    result = run('report', folder, '--licence', 'MIT')
    assert result.exit_code == 0, result.output
    good = sum(find_fault(episode) == '' for episode in played)
    printed = ' '.join(result.output.split())
    assert f'episodes tried │ {len(played)}' in printed
    assert f'good episodes │ {good}' in printed
    assert '│ replan │ 0 │' in printed
    assert '│ limit │ 1 │' in printed
    report = json.loads((folder / 'report.json').read_text('utf-8'))
    assert report['counts']['good'] == good
    assert report['tallies']['dropped'] == {'limit': 1}
    assert 'seed: 3' in (folder / 'README.md').read_text('utf-8')
    assert (folder / 'plots/tasks.png').read_bytes().startswith(b'\x89PNG')
    assert 'license: mit' in (folder / 'README.md').read_text('utf-8')


@pytest.mark.parametrize('arguments', [(), ('--dialect', 'spine', '--header')])
def test_export_writes_a_row_for_each_turn_of_a_good_episode(folder, played, arguments):
    result = run('export', folder, '--form', 'turns', *arguments)
    assert result.exit_code == 0, result.output
    rows = [
        json.loads(line)
        for path in (folder / 'turns').glob('*.jsonl')
        for line in path.read_text('utf-8').splitlines()
    ]
    assert len(rows) == sum(len(e.turns) for e in played if not find_fault(e))
    roles = {row['prompt'][0]['role'] for row in rows}
    assert roles == ({'system'} if '--header' in arguments else {'user'})
    assert 'left out: 1, limit' in result.output


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['--form', 'nonsense'], "'nonsense' is not one of"),
        (
            ['--form', 'chat', '--dialect', 'latin'],
            'dialect: expected one of compact, spine, spine_brief, got',
        ),
        (['--form', 'chat', '--domain', 'sea'], "unknown domain 'sea'"),
        (['--form', 'chat', '--rebase', '2'], "Invalid value for '--rebase'"),
        (['--form', 'shards'], 'shards: expected a tokenizer, got none'),
    ],
)
def test_export_says_in_one_sentence_what_is_wrong(folder, arguments, words):
    assert words in refusal('export', folder, *arguments)
