# SPDX-License-Identifier: Apache-2.0
"""`prism bench soak`, in a quarter of a minute."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from prism_core import GraphUpdate, parse_scene_graph
from prism_core.domains.mapping import GRAPHS
from prism_ros import bench_soak, soak_load
from prism_ros.commands import bench_soak as command
from prism_ros.soak_load import Load

DEPOT = parse_scene_graph((GRAPHS / 'depot.json').read_text())


@pytest.mark.slow
def test_mixed_use_with_each_process_killed_once_ends_without_a_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_soak, 'WINDOW_S', 4.0)
    monkeypatch.setattr(bench_soak, 'KILL_PERIOD_S', 12.0)
    done = CliRunner().invoke(command, ['--minutes', '0.3', '--out', str(tmp_path / 'soak')])
    assert done.exit_code == 0, done.output
    assert 'the graph at the end is the one that was told' in done.output
    lines = [json.loads(line) for line in (tmp_path / 'soak' / 'soak.jsonl').open()]
    assert len(lines) >= 4
    asked = set().union(*(line['latency_ms'] for line in lines))
    assert {'move', 'change', 'read', 'plan', 'accept', 'goal'} <= asked
    measured = set().union(*(line['processes'] for line in lines))
    assert measured == {'graph', 'planner', 'engine'}
    log = (tmp_path / 'soak' / 'nodes.log').read_text()
    assert 'the engine was lost' in log
    assert log.count('prism_scene_graph ready') == 2
    assert log.count('prism_planner ready') == 2


def test_a_folder_that_is_there_is_not_written_into(tmp_path):
    done = CliRunner().invoke(command, ['--out', str(tmp_path)])
    assert done.exit_code == 1
    assert 'name a new folder' in done.output


@pytest.mark.parametrize(
    ('theirs', 'words'),
    [
        (DEPOT.at('gate_1'), 'another one at the same revision'),
        (DEPOT.with_revision(4), 'at 4, 5 was confirmed'),
    ],
)
def test_a_graph_that_is_not_the_one_that_was_told_is_a_fault(ros, theirs, words):
    load = Load(ros.node, DEPOT.with_revision(0))
    if theirs.revision:
        load.graph = DEPOT.with_revision(5)
    load.compare(theirs)
    load.close()
    assert words in load.window.faults[0]


def test_what_fails_behind_a_kill_is_counted_and_no_fault(ros):
    load = Load(ros.node, DEPOT)
    load.excuse()
    load.compare(DEPOT.at('gate_1'))
    load.close()
    assert not load.window.faults
    assert load.window.after_kills == {'graph': 1}


def test_what_a_lost_update_left_behind_is_taken_away_first():
    left = soak_load._changes(DEPOT, 0)
    half_way = DEPOT.apply(next(left))
    assert next(soak_load._changes(half_way, 7)) == GraphUpdate(remove_nodes=('HX-0',))
