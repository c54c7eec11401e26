# SPDX-License-Identifier: Apache-2.0
"""The log of a mission: written as it goes, whole lines only, and told again."""

from __future__ import annotations

import contextlib
import errno
import json
import os

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prism_core import ConfigError, Plan
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.graph.difference import find_difference
from prism_core.mission import (
    Budget,
    MissionLog,
    Rules,
    SimulatedSkills,
    begin_of,
    read_log,
    replay_log,
    run_mission,
)
from prism_core.mission.plain import read_turn, read_update, write_turn, write_update

from .hand_made import do, make_known, make_simulator, make_true
from .mission_doubles import MAPPING, make_mission, run_script
from .strategies import fitting_updates, missions, scene_graphs

REQUEST = 'what color is the crate?'


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'logs' / 'mission.jsonl'


def log_mission(path, **options):
    """A mission with a blocked way and a discovery, and its log."""
    true = make_true(('shed_2', 'yard_7'))
    known = make_known('gate_3', 'yard_7', 'shed_2', 'lane_4', objects=())
    skills = SimulatedSkills(make_simulator(true, known))
    log = MissionLog(path, begin_of(REQUEST, Budget(), Rules()) | {'mission_id': 'a1'})
    mission = make_mission(REQUEST, note=log.note, **options)
    return run_mission(mission, MAPPING.make_symbolic(), skills)


def test_a_mission_runs_again_from_its_log(path):
    mission = log_mission(path)
    again = replay_log(path.read_text('utf-8'), MAPPING_ACTIONS)
    assert (again.ending, again.answer) == ('reported', mission.answer)
    assert again.history == mission.history
    assert (again.turns, again.distance_m) == (mission.turns, mission.distance_m)
    assert again.elapsed_s == pytest.approx(mission.elapsed_s)


def test_a_log_says_what_the_mission_is_what_it_was_told_and_how_it_ended(path):
    log_mission(path)
    first, *told, last = read_log(path.read_text('utf-8'))
    assert (first['what'], first['request'], first['mission_id']) == ('mission', REQUEST, 'a1')
    assert {entry['what'] for entry in told} == {'plan', 'observation'}
    assert (last['what'], last['ending']) == ('end', 'reported')
    assert [entry['at_s'] for entry in told] == sorted(entry['at_s'] for entry in told)
    assert sum('graph' in entry for entry in told) == 0
    assert 'nodes' in told[0]['change']


def test_lines_are_there_while_the_mission_goes_on(path):
    log = MissionLog(path, begin_of('do it', Budget(), Rules()))
    mission = make_mission(note=log.note)
    for number, step in enumerate((lambda: None, lambda: plan(mission)), start=1):
        step()
        assert len(path.read_text('utf-8').splitlines()) == number
    mission.cancel('enough')
    assert path.read_text('utf-8').endswith('\n')
    assert len(list(read_log(path.read_text('utf-8')))) == 4


def plan(mission):
    mission.take_plan(Plan((do('goto', 'yard_7'),)), make_known())


def test_a_torn_last_line_is_not_read_wherever_it_is_torn(path):
    log_mission(path)
    text = path.read_text('utf-8')
    whole = list(read_log(text))
    last = len(text.splitlines()[-1])
    for cut in (1, 2, last // 2, last):
        assert list(read_log(text[:-cut])) == whole[:-1]
    again = replay_log(text[:-2], MAPPING_ACTIONS)
    assert again.ending == 'reported'  # the end follows from what was told before


def test_a_log_that_cannot_be_written_ends_with_its_last_whole_line(path, monkeypatch):
    log = MissionLog(path, begin_of('do it', Budget(), Rules()))
    mission = make_mission(note=log.note)
    write = os.write
    monkeypatch.setattr(os, 'write', lambda file, line: write(file, line[: len(line) // 2]))
    plan(mission)
    monkeypatch.undo()
    mission.cancel('enough')
    assert os.strerror(errno.ENOSPC) in log.error
    assert str(path) in log.error
    assert mission.ending == 'canceled'
    text = path.read_text('utf-8')
    assert text.endswith('\n')
    assert [entry['what'] for entry in read_log(text)] == ['mission']


def test_a_log_never_writes_over_another(path):
    MissionLog(path, begin_of('do it', Budget(), Rules())).close()
    with pytest.raises(FileExistsError):
        MissionLog(path, begin_of('do it', Budget(), Rules()))


def test_a_mission_that_goes_on_with_another_runs_again_too(path):
    before = run_script([Plan((do('goto', 'yard_7'), do('clarify', 'Which crate?')))])[0]
    log = MissionLog(path, begin_of('crate_31', Budget(), Rules(), before.history))
    mission, _ = run_script(
        [Plan((do('answer', 'It is red.'),))],
        request='crate_31',
        note=log.note,
        history=before.history,
    )
    again = replay_log(path.read_text('utf-8'), MAPPING_ACTIONS)
    assert again.history == mission.history
    assert len(again.history) == 2


# ------------------------------------------------------------ what is no log


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda lines: [], 'expected a log that begins with an entry of "what": "mission"'),
        (lambda lines: lines[1:], 'begins with an entry of "what": "mission"'),
        (lambda lines: ['{', *lines[1:]], 'line 1: expected JSON'),
        (lambda lines: ['[]', *lines[1:]], r'line 1: expected an entry with \"what\", got \[\]'),
        (lambda lines: ['{"what": "mission"}'], 'expected a log of schema version 1, got None'),
        (
            lambda lines: ['{"what": "mission", "schema_version": 1}'],
            'not a log of a mission: KeyError',
        ),
        (
            lambda lines: [lines[0], '{"what": "dance", "at_s": 0}'],
            'line 2: "what": expected a part of a mission, got \'dance\'',
        ),
        (
            lambda lines: [lines[0], lines[2]],
            'line 2: expected .*, the mission goes on with None',
        ),
        (
            lambda lines: [*lines[:-1], lines[-1].replace('"reported"', '"asked"')],
            "the mission ended 'asked' with .*, now it ends 'reported'",
        ),
    ],
)
def test_what_is_no_log_or_of_another_mission_is_said(path, change, sentence):
    log_mission(path)
    lines = change(path.read_text('utf-8').splitlines())
    with pytest.raises(ConfigError, match=sentence):
        replay_log(''.join(f'{line}\n' for line in lines), MAPPING_ACTIONS)


@given(st.text(max_size=60))
def test_no_text_does_harm(text):
    with contextlib.suppress(ConfigError):
        replay_log(f'{text}\n', MAPPING_ACTIONS)


# ------------------------------------------------------------ what is kept of graphs and turns


def gone(before, after):
    return before.regions.keys() - after.regions.keys()


@given(scene_graphs(), scene_graphs())
def test_the_difference_of_two_graphs_makes_one_of_the_other(before, after):
    assume(after.robot_location is not None or before.robot_location not in gone(before, after))
    change = find_difference(before, after)
    made = before.apply(read_update(json.loads(json.dumps(write_update(change)))))
    assert dict(made.nodes) == dict(after.nodes)
    assert dict(made.connections) == dict(after.connections)
    assert made.robot_location == (after.robot_location or before.robot_location)


@given(scene_graphs().flatmap(fitting_updates))
def test_an_update_is_kept_as_it_is(update):
    kept = read_update(json.loads(json.dumps(write_update(update))))
    for name in ('upsert_nodes', 'set_attributes', 'remove_nodes', 'robot_location'):
        assert getattr(kept, name) == getattr(update, name)
    for name in ('upsert_connections', 'remove_connections'):
        assert getattr(kept, name) == getattr(update, name)


@given(missions())
def test_turns_are_kept_as_they_are(mission):
    _, turns = mission
    for turn in turns:
        kept = read_turn(json.loads(json.dumps(write_turn(turn))))
        assert repr(kept.plan) == repr(turn.plan)  # a number may be nan
        assert kept.robot_location == turn.robot_location
        assert len(kept.observations) == len(turn.observations)
