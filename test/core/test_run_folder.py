# SPDX-License-Identifier: Apache-2.0
"""The folder of a long run: what is kept of a run that was killed, and what it refuses."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import ConfigError
from prism_core.dataset.run_folder import (
    PROGRESS,
    RECIPE,
    RunFolder,
    read_lines,
    read_progress,
    read_recipe,
    replace_file,
)

RECIPE_OF_A_RUN = {'stage': 'test', 'worlds': {'worlds': 10, 'hidden': (0.0, 0.4)}, 'caps': None}


def begin(path: Path, *, resume: bool = False, **changes) -> RunFolder:
    recipe = RECIPE_OF_A_RUN | changes
    keys = {'may_change': ('caps',), 'may_grow': ('worlds.worlds',)}
    return RunFolder(path, 'episodes.jsonl', recipe, resume=resume, **keys)


def fill(folder: RunFolder, units: range) -> None:
    for unit in units:
        lines = [f'{{"unit":{unit},"line":{n}}}'.encode() for n in range(unit % 4)]
        folder.commit(unit, lines, len(lines) // 2, {'covers': {'kind:find': unit}})


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(path.iterdir())}


def test_what_was_committed_is_there_when_the_run_goes_on(tmp_path):
    with begin(tmp_path / 'first') as folder:
        fill(folder, range(10))
    with begin(tmp_path / 'first', resume=True) as folder:
        assert folder.done == set(range(10))
        assert (folder.lines, folder.good) == (13, 4)
        fill(folder, range(10, 12))
    with begin(tmp_path / 'once') as folder:
        fill(folder, range(12))
    assert contents(tmp_path / 'first') == contents(tmp_path / 'once')


@given(st.data())
def test_a_torn_tail_of_either_file_is_cut_and_made_again(tmp_path_factory, data):
    whole, torn = tmp_path_factory.mktemp('whole'), tmp_path_factory.mktemp('torn')
    for path in (whole, torn):
        with begin(path) as folder:
            fill(folder, range(9))
    text = (torn / PROGRESS).read_bytes()
    kept = data.draw(st.integers(0, len(text)), 'bytes of progress')
    (torn / PROGRESS).write_bytes(text[:kept])
    done = text[:kept].count(b'\n')
    ends = [0, *(record['end'] for record in read_progress(whole))]
    size = data.draw(st.integers(ends[done], ends[-1]), 'bytes of episodes')
    episodes = (torn / 'episodes.jsonl').read_bytes()
    (torn / 'episodes.jsonl').write_bytes(episodes[:size])
    with begin(torn, resume=True) as folder:
        assert folder.done == set(range(done))
        assert (torn / 'episodes.jsonl').stat().st_size == ends[done]
        fill(folder, range(done, 9))
    assert contents(torn) == contents(whole)


def test_episodes_that_were_lost_are_not_made_up(tmp_path):
    with begin(tmp_path) as folder:
        fill(folder, range(9))
    path = tmp_path / 'episodes.jsonl'
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ConfigError, match=r'expected at least 240 bytes, which progress\.jsonl'):
        begin(tmp_path, resume=True)
    assert b'\0' not in path.read_bytes()


def test_a_folder_that_holds_a_run_is_only_gone_on_with_when_told_so(tmp_path):
    with begin(tmp_path) as folder:
        fill(folder, range(2))
    with pytest.raises(ConfigError, match='holds a run already; go on with --resume, or choose'):
        begin(tmp_path)


def test_a_run_that_did_nothing_yet_is_begun_anew_with_other_settings(tmp_path):
    begin(tmp_path).close()
    begin(tmp_path, stage='other').close()
    assert read_recipe(tmp_path)['stage'] == 'other'


def test_a_run_of_another_recipe_is_not_gone_on_with_and_the_setting_is_named(tmp_path):
    with begin(tmp_path) as folder:
        fill(folder, range(2))
    before = contents(tmp_path)
    with pytest.raises(ConfigError, match="begun with stage: 'test', now it is 'other'; go on"):
        begin(tmp_path, resume=True, stage='other')
    with pytest.raises(ConfigError, match=r'begun with worlds\.hidden: \[0.0, 0.4\], now it is \['):
        begin(tmp_path, resume=True, worlds={'worlds': 10, 'hidden': [0.0]})
    with pytest.raises(ConfigError, match='begun with new: None, now it is 1'):
        begin(tmp_path, resume=True, new=1)
    with pytest.raises(ConfigError, match=r'begun with worlds\.worlds: 10, now it is 9'):
        begin(tmp_path, resume=True, worlds={'worlds': 9, 'hidden': (0.0, 0.4)})
    assert contents(tmp_path) == before


def test_what_may_change_or_grow_is_written_down_anew(tmp_path):
    begin(tmp_path).close()
    begin(tmp_path, resume=True, caps=5, worlds={'worlds': 12, 'hidden': (0.0, 0.4)}).close()
    assert read_recipe(tmp_path)['caps'] == 5
    assert read_recipe(tmp_path)['worlds'] == {'worlds': 12, 'hidden': [0.0, 0.4]}


def test_two_runs_do_not_write_to_one_folder(tmp_path):
    with (
        begin(tmp_path),
        pytest.raises(ConfigError, match=rf'another run writes to {tmp_path}; wait for it or stop'),
    ):
        begin(tmp_path, resume=True)
    begin(tmp_path, resume=True).close()


def test_the_lock_is_gone_with_its_process_however_it_ended(tmp_path):
    begin(tmp_path).close()
    with (tmp_path / PROGRESS).open('ab') as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match='another run writes'):
            begin(tmp_path, resume=True)
    begin(tmp_path, resume=True).close()


def test_a_folder_without_a_recipe_is_no_output_of_a_run(tmp_path):
    with pytest.raises(ConfigError, match=rf'expected the output of a run in {tmp_path}, with its'):
        read_recipe(tmp_path)
    (tmp_path / RECIPE).write_text('- a list\n')
    with pytest.raises(ConfigError, match=r"expected a recipe, got \['a list'\]"):
        read_recipe(tmp_path)


def test_lines_are_read_from_any_one_on_and_empty_ones_are_left_out(tmp_path):
    path = tmp_path / 'lines'
    path.write_bytes(b'a\n\nb\nc')
    assert list(read_lines(path)) == [b'a', b'b', b'c']
    assert list(read_lines(path, 2)) == [b'b', b'c']
    with pytest.raises(ConfigError, match=r'cannot read .*nothing: No such file'):
        list(read_lines(tmp_path / 'nothing'))


def test_a_file_is_replaced_whole_and_leaves_no_draft(tmp_path):
    path = tmp_path / 'note'
    replace_file(path, 'one')
    replace_file(path, 'two')
    assert contents(tmp_path) == {'note': b'two'}
    with pytest.raises(UnicodeEncodeError):
        replace_file(path, '\ud800')
    assert contents(tmp_path) == {'note': b'two'}
