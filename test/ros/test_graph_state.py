# SPDX-License-Identifier: Apache-2.0
"""What the owner of a graph keeps on disk: files only, no ROS."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Connection, GraphUpdate, Node, SceneGraph, SceneGraphError
from prism_ros import graph_state
from prism_ros.graph_state import GraphState, Origin, OwnedGraph, new_epoch, origin_of

from ..core import strategies
from .message_strategies import patient

ORIGIN = Origin('site.json', '0' * 64)
GRAPH = SceneGraph(
    [
        Node('a', 'region', (0, 0)),
        Node('b', 'region', (1, 0), 'the é yard', {'wet': True}),
        Node('o', 'object', (1, 1)),
    ],
    [Connection('traversable', 'a', 'b', 2.5)],
    robot_location='a',
    revision=7,
    attributes={'map_id': 'site'},
)
OWNED = OwnedGraph(GRAPH, 99, ORIGIN, 'a')
UPDATES = [
    GraphUpdate(robot_location='b'),
    GraphUpdate(upsert_nodes=(Node('c', 'region', (2, 0), 'new "é"\n'),)),
    GraphUpdate(upsert_connections=(Connection('observed_from', 'o', 'c'),)),
    GraphUpdate(set_attributes={'o': {'description': 'red', 'count': 3}}),
    GraphUpdate(remove_nodes=('a',), robot_location='c'),
]


class Lines:
    """A logger: what was said, and how loud."""

    def __init__(self):
        self.said: list[tuple[str, str]] = []

    def info(self, line):
        self.said.append(('info', line))

    def warning(self, line):
        self.said.append(('warning', line))

    def error(self, line):
        self.said.append(('error', line))


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def opened(tmp_path, lines):
    """Open the state of the test; whoever had it before has let it go, as a killed process has."""
    states = []

    def open_state() -> GraphState:
        if states:
            states[-1].close()
        states.append(GraphState(tmp_path / 'state', lines))
        return states[-1]

    yield open_state
    states[-1].close()


def live(state: GraphState, owned: OwnedGraph = OWNED, updates=UPDATES) -> list[OwnedGraph]:
    """Save a graph and record updates; every state on the way, the first included."""
    state.save(owned)
    owners = [owned]
    for update in updates:
        owners.append(owners[-1].after(update))
        state.record(update, owners[-1])
    return owners


def test_what_was_recorded_is_restored_as_it_was(opened, lines):
    *_, last = live(opened())
    assert opened().restore(ORIGIN) == last
    assert (last.epoch, last.graph.revision, last.graph.robot_location) == (99, 12, 'c')
    assert lines.said == []


def test_a_first_start_finds_nothing_and_is_no_loss(opened, lines):
    state = opened()
    assert state.restore(ORIGIN) is None
    assert (state.is_lost, state.last_epoch, lines.said) == (False, 0, [])


def test_without_a_folder_nothing_is_kept_and_nothing_said(lines):
    state = GraphState(None, lines)
    live(state)
    assert state.restore(ORIGIN) is None
    state.close()
    assert lines.said == []


@patient
@given(
    strategies.scene_graphs(),
    st.lists(
        st.builds(
            replace,
            strategies.updates,
            set_attributes=st.dictionaries(
                st.sampled_from('abcde'),
                st.dictionaries(
                    st.sampled_from(['description', 'state']), st.sampled_from(['é', '3', ''])
                ),
                max_size=1,
            ),
        ),
        max_size=6,
    ),
)
def test_a_journal_cut_off_at_any_byte_leads_to_a_state_that_was(graph, updates):
    with tempfile.TemporaryDirectory() as name:
        folder, lines = Path(name), Lines()
        state = GraphState(folder, lines)
        owners = [OwnedGraph(graph.with_revision(min(graph.revision, 9)), 5, ORIGIN)]
        state.save(owners[0])
        for update in updates:
            try:
                owners.append(owners[-1].after(update))
            except SceneGraphError:
                continue
            state.record(update, owners[-1])
        state.close()
        journal = (folder / 'journal.jsonl').read_bytes()
        assert journal.count(b'\n') == len(owners) - 1
        ends = [i + 1 for i, byte in enumerate(journal) if byte == ord('\n')]
        for size in range(len(journal) + 1):
            (folder / 'journal.jsonl').write_bytes(journal[:size])
            state = GraphState(folder, lines)
            assert state.restore(ORIGIN) == owners[sum(end <= size for end in ends)]
            state.close()
        assert lines.said == []


def test_a_journal_line_that_is_none_ends_the_life_of_the_graph(opened, tmp_path, lines):
    owners = live(opened())
    path = tmp_path / 'state' / 'journal.jsonl'
    whole = path.read_text().splitlines(keepends=True)
    path.write_text(''.join([*whole[:2], '\0\0\0\n', *whole[3:]]))
    restored = opened().restore(ORIGIN)
    assert restored.graph == owners[2].graph
    assert restored.epoch > 99
    assert restored.is_lost
    ((level, line),) = lines.said
    assert (level, 'revision 9' in line, 'tell where the robot is' in line) == (
        'warning',
        True,
        True,
    )


@pytest.mark.parametrize('lost', [0, 2])
def test_a_line_that_is_missing_ends_the_life_of_the_graph(opened, tmp_path, lost):
    owners = live(opened())
    path = tmp_path / 'state' / 'journal.jsonl'
    whole = path.read_text().splitlines(keepends=True)
    path.write_text(''.join([*whole[:lost], *whole[lost + 1 :]]))
    restored = opened().restore(ORIGIN)
    assert (restored.graph, restored.is_lost) == (owners[lost].graph, True)


def test_lines_that_a_snapshot_has_already_are_passed_over(opened, tmp_path, lines):
    state = opened()
    *_, last = live(state)
    path = tmp_path / 'state' / 'journal.jsonl'
    before = path.read_text()
    state.save(last)
    assert path.read_text() == ''
    path.write_text(before)  # killed between the snapshot and the emptying
    assert opened().restore(ORIGIN) == last
    assert lines.said == []


def test_lines_of_a_former_epoch_are_passed_over(opened, tmp_path):
    state = opened()
    live(state)
    path = tmp_path / 'state' / 'journal.jsonl'
    before = path.read_text()
    anew = replace(OWNED, epoch=100)
    state.save(anew)
    path.write_text(before)
    assert opened().restore(ORIGIN) == anew


def test_a_long_journal_becomes_a_snapshot(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(graph_state, 'COMPACT_UPDATES', 3)
    *_, last = live(opened())
    assert len((tmp_path / 'state' / 'journal.jsonl').read_text().splitlines()) == 2
    assert opened().restore(ORIGIN) == last


def test_a_large_journal_becomes_a_snapshot(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(graph_state, 'COMPACT_BYTES', 1)
    *_, last = live(opened())
    assert (tmp_path / 'state' / 'journal.jsonl').read_text() == ''
    assert opened().restore(ORIGIN) == last


@pytest.mark.parametrize(
    ('origin', 'words'),
    [
        (Origin('other.json', ORIGIN.sha256), 'names another file'),
        (Origin('site.json', '1' * 64), 'has changed'),
    ],
)
def test_a_state_of_another_file_is_put_aside_and_said(opened, tmp_path, lines, origin, words):
    live(opened())
    state = opened()
    assert state.restore(origin) is None
    assert (state.last_epoch, state.is_lost) == (99, False)
    ((level, line),) = lines.said
    assert level == 'info'
    assert words in line
    assert (tmp_path / 'state' / 'former_1.snapshot.jsonl').exists()
    assert (tmp_path / 'state' / 'former_1.journal.jsonl').exists()


@patient
@given(st.data())
def test_a_snapshot_cut_off_at_any_byte_is_lost_and_never_deleted(data):
    with tempfile.TemporaryDirectory() as name:
        folder, lines = Path(name), Lines()
        state = GraphState(folder, lines)
        live(state)
        state.close()
        whole = (folder / 'snapshot.jsonl').read_bytes()
        cut = data.draw(st.integers(0, len(whole) - 2))
        (folder / 'snapshot.jsonl').write_bytes(whole[:cut])
        state = GraphState(folder, lines)
        assert state.restore(ORIGIN) is None
        assert state.is_lost
        ((level, line),) = lines.said
        assert (level, 'broken_1.snapshot.jsonl' in line) == ('error', True)
        assert (folder / 'broken_1.snapshot.jsonl').read_bytes() == whole[:cut]
        state.close()


HEADER = {
    'schema_version': 1,
    'epoch': 5,
    **{'file': '', 'sha256': '', 'start': '', 'boot_id': ''},
    **{'is_lost': False, 'is_closed': False},
}


@pytest.mark.parametrize(
    'change',
    [
        {'schema_version': 2},
        {'epoch': 0},
        {'epoch': 2**63},
        {'epoch': '5'},
        {'file': None},
        {'is_lost': 'no'},
        {'boot_id': 3},
    ],
)
def test_a_header_that_is_none_is_broken(opened, tmp_path, lines, change):
    opened().close()
    path = tmp_path / 'state' / 'snapshot.jsonl'
    path.write_text(json.dumps(HEADER | change) + '\n{"regions": []}\n')
    assert opened().restore(Origin()) is None
    assert 'expected' in lines.said[0][1]
    path.write_text(json.dumps(HEADER) + '\n{"regions": []}\n')
    assert opened().restore(Origin()).graph == SceneGraph()


def test_what_is_broken_again_gets_a_name_of_its_own(opened, tmp_path):
    for number in (1, 2):
        opened().close()
        (tmp_path / 'state' / 'snapshot.jsonl').write_text(f'nonsense {number}')
        opened().restore(ORIGIN)
        aside = tmp_path / 'state' / f'broken_{number}.snapshot.jsonl'
        assert aside.read_text() == f'nonsense {number}'


def test_after_a_power_cut_the_graph_is_kept_in_a_new_epoch_that_counts_as_lost(
    opened, tmp_path, monkeypatch, lines
):
    *_, last = live(opened())
    (tmp_path / 'boot_id').write_text('another')
    monkeypatch.setattr(graph_state, '_BOOT_ID', tmp_path / 'boot_id')
    restored = opened().restore(ORIGIN)
    assert restored.graph == last.graph
    assert restored.epoch > last.epoch
    assert restored.is_lost
    assert [level for level, _ in lines.said] == ['warning']


def test_a_state_that_was_closed_outlives_a_boot(opened, tmp_path, monkeypatch, lines):
    state = opened()
    *_, last = live(state)
    state.save(last, is_closed=True)
    monkeypatch.setattr(graph_state, '_BOOT_ID', tmp_path / 'none')
    assert opened().restore(ORIGIN) == last
    assert lines.said == []


def test_a_loss_lasts_until_an_update_tells_where_the_robot_is(opened):
    lost = replace(OWNED, is_lost=True)
    owners = live(opened(), lost, [UPDATES[1], UPDATES[0], UPDATES[2]])
    assert [owned.is_lost for owned in owners] == [True, True, False, False]
    assert opened().restore(ORIGIN) == owners[-1]
    live(opened(), lost, [UPDATES[1]])
    assert opened().restore(ORIGIN).is_lost


# When the disk fails ------------------------------------------------------------------------------


def fail_with(number: int):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail


def test_a_full_disk_is_said_once_and_what_stands_there_is_not_taken_for_the_latest(
    opened, tmp_path, monkeypatch, lines
):
    state = opened()
    *_, last = live(state, updates=UPDATES[:2])
    monkeypatch.setattr(graph_state.os, 'write', fail_with(errno.ENOSPC))
    for update in UPDATES[2:4]:
        last = last.after(update)
        state.record(update, last)
    ((level, line),) = lines.said
    assert level == 'error'
    assert 'No space left on device' in line
    assert 'goes on without' in line
    state = opened()
    assert state.restore(ORIGIN) is None
    assert state.is_lost
    assert (tmp_path / 'state' / 'outdated_1.snapshot.jsonl').exists()


def test_a_line_that_is_written_in_part_counts_as_a_full_disk(opened, monkeypatch, lines):
    state = opened()
    live(state, updates=[])
    write = os.write
    monkeypatch.setattr(graph_state.os, 'write', lambda file, data: write(file, data[:9]))
    state.record(UPDATES[0], OWNED.after(UPDATES[0]))
    assert 'No space left' in lines.said[0][1]
    assert opened().restore(ORIGIN) is None


def test_where_there_is_room_again_the_graph_is_kept_again(opened, monkeypatch, lines):
    state = opened()
    *_, last = live(state, updates=[])
    with monkeypatch.context() as full:
        full.setattr(graph_state.os, 'write', fail_with(errno.ENOSPC))
        full.setattr(graph_state, 'write_whole', fail_with(errno.ENOSPC))
        full.setattr(graph_state, 'RETRY_S', 0.0)
        for update in UPDATES[:3]:
            last = last.after(update)
            state.record(update, last)
    last = last.after(UPDATES[3])
    state.record(UPDATES[3], last)  # too early to try again
    assert [level for level, _ in lines.said] == ['error']
    monkeypatch.setattr(graph_state, 'RETRY_S', 0.0)
    last = last.after(UPDATES[4])
    state.record(UPDATES[4], last)
    assert [level for level, _ in lines.said] == ['error', 'info']
    assert 'kept' in lines.said[1][1]
    assert opened().restore(ORIGIN) == last


def test_a_folder_that_vanishes_is_said_and_no_error(opened, tmp_path, lines):
    state = opened()
    *_, last = live(state, updates=[])
    for path in (tmp_path / 'state').iterdir():
        path.unlink()
    (tmp_path / 'state').rmdir()
    state.record(UPDATES[0], last.after(UPDATES[0]))
    ((level, line),) = lines.said
    assert (level, 'the journal was deleted' in line) == ('error', True)


def test_a_folder_that_cannot_be_made_is_said_and_no_error(tmp_path, lines):
    (tmp_path / 'file').write_text('')
    state = GraphState(tmp_path / 'file' / 'state', lines)
    live(state)
    assert state.restore(ORIGIN) is None
    ((level, line),) = lines.said
    assert level == 'error'
    assert 'Not a directory' in line


def test_two_owners_do_not_share_a_folder(opened, tmp_path, lines):
    *_, last = live(opened())
    second = GraphState(tmp_path / 'state', lines)
    ((level, line),) = lines.said
    assert level == 'error'
    assert 'another node keeps its state there' in line
    live(second, replace(OWNED, epoch=5))
    second.close()
    assert opened().restore(ORIGIN) == last


# Epochs and origins -------------------------------------------------------------------------------


@pytest.mark.parametrize('last', [0, 1, 2**62])
def test_a_new_epoch_is_above_the_last_and_never_none(last):
    assert new_epoch(last) > last
    assert new_epoch(last) > 0


def test_the_origin_changes_with_the_text_of_the_file_and_with_nothing_else(tmp_path):
    path = tmp_path / 'site.json'
    path.write_text('one')
    first = origin_of('site.json', path)
    os.utime(path, (0, 0))
    assert origin_of('site.json', path) == first
    path.write_text('two')
    assert origin_of('site.json', path) != first
    assert origin_of('', None) == Origin('', '')
