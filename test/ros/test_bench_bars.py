# SPDX-License-Identifier: Apache-2.0
"""`prism bench bars`, with little of each."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from click.testing import CliRunner

from prism_ros.bars import run
from prism_ros.bars.bar import Bar, Sizes
from prism_ros.bars.peer import Ring, find_lateness
from prism_ros.commands import bench_bars


def measure(out, *options: str) -> list[dict]:
    """The bars that the command measures in brief."""
    done = CliRunner().invoke(bench_bars, ['--brief', '--json', str(out), *options])
    assert out.exists(), done.output
    bars = json.loads(out.read_text())['bars']
    assert done.exit_code == (not all(bar['is_held'] for bar in bars)), done.output
    assert all(bar['number'] for bar in bars)
    return bars


def test_how_late_answers_are_behind_their_deadline_is_measured(tmp_path):
    bars = measure(tmp_path / 'bars.json', '--only', 'deadline')
    assert Counter(bar['name'] for bar in bars) == {'R5': 2}
    assert all(bar['figure'] > 0 for bar in bars)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_all_bars_are_measured_in_brief_and_what_no_slow_machine_excuses_is_held(tmp_path):
    out = tmp_path / 'bars.json'
    bars = measure(out)
    names = {'R3': 2, 'R4': 6, 'R5': 2, 'take-over': 2, 'R2': 5}
    assert Counter(bar['name'] for bar in bars) == names
    assert all(bar['is_held'] for bar in bars if bar['name'] in ('R2', 'take-over')), bars
    assert all(bar['figure'] is not None for bar in bars)  # all of it came
    figures = json.loads(out.read_text())
    watched = figures['sizes']['seconds'] / 0.02
    for bar in bars:
        if bar['name'] == 'R3':
            assert bar['number'] >= 0.5 * watched
            assert bar['details']['updates'] > 1
    assert figures['machine']['cores']


def test_each_time_that_a_timer_was_due_counts_in_a_gap_and_waiting_for_a_core_is_told_apart():
    # Due at 60, 80, …, 160 it was kept from ringing; for 70 of these its thread had no core.
    rings = [(-20, 5), (0, 5), (20, 5), (45, 10), (160, 80), (180, 80)]
    late = find_lateness([Ring(at * 10**6, had * 10**6) for at, had in rings], 0, 20 * 10**6)
    assert [ms for ms, _ in late] == [0, 0, 5, 100, 80, 60, 40, 20, 0, 0]
    assert [own for _, own in late] == [0, 0, 0, 30, 10, 0, 0, 0, 0, 0]
    assert find_lateness([], 0, 20) == []


def test_the_command_offers_all_that_is_measured_and_knows_how_much_that_is():
    (option,) = [one for one in bench_bars.params if one.name == 'names']
    assert list(option.type.choices) == [*run.MEASURES]
    assert all(run.count_steps([name], Sizes()) > 0 for name in run.MEASURES)


def test_a_bar_that_is_missed_is_said_and_ends_with_status_1(monkeypatch):
    bars = [
        Bar('R3', 'late', 99.0, 100.0, 'ms', 7),
        Bar('R4', 'slow', float('inf'), 250.0, 'ms', 7, {'median': 3.0}),
    ]
    monkeypatch.setitem(run.MEASURES, 'timer', lambda site, sizes, advance: bars)
    done = CliRunner().invoke(bench_bars, ['--only', 'timer'])
    assert done.exit_code == 1
    late, slow = [line for line in done.output.splitlines() if ' R3 ' in line or ' R4 ' in line]
    assert '99 ms' in late
    assert 'held' in late
    assert 'MISSED' in slow
    assert bars[1].as_json()['figure'] is None


def test_nodes_that_do_not_come_up_end_it_with_what_they_logged(monkeypatch):
    def measure(site, sizes, advance):
        site.log.write('no such planner')
        site.log.flush()
        site.wait(lambda: False, 0.01)

    monkeypatch.setitem(run.MEASURES, 'timer', measure)
    done = CliRunner().invoke(bench_bars, ['--only', 'timer'])
    assert done.exit_code == 1
    assert 'did not do in 0.01 s what was waited for' in done.output
    assert 'no such planner' in done.output
