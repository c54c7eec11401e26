# SPDX-License-Identifier: Apache-2.0
"""Trajectories of ALFRED as homes, episodes and tasks: on a small kitchen of our own in its form,
and on the whole file where `PRISM_DATA` names its folder.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_core import ConfigError, find_domain
from prism_core.cli.import_logs import import_
from prism_core.dataset.episode_json import read_episodes
from prism_core.dataset.filter import find_fault
from prism_core.dataset.split import split_of
from prism_core.domains.household.importing.alfred import (
    load_homes,
    make_task,
    meaning_of,
    open_home,
    play_steps,
    read_trajectories,
    steps_of,
)
from prism_core.domains.household.importing.alfred_homes import class_of_id, words_of
from prism_core.domains.household.judge import reaches_goal
from prism_core.episode.episode import as_task

from .small_alfred import APPLE, CLEAN, CUP, MOVED, ROWS, SLICED, SUNK, write_rows

DOMAIN = find_domain('household')
DATA = os.environ.get('PRISM_DATA')
with_data = pytest.mark.skipif(not DATA, reason='PRISM_DATA names no folder')


@pytest.fixture
def kitchen(tmp_path) -> Path:
    return write_rows(tmp_path / 'rows.jsonl')


def play(row: dict, path: Path, steps=None):
    _, plans = load_homes(path)
    home = open_home(row, plans)
    return play_steps(steps_of(row) if steps is None else steps, home, make_task(row, home))


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row['task'])
def test_a_plan_of_the_data_reaches_its_goal_in_the_simulator(row, kitchen):
    episode, problems = play(row, kitchen)
    assert not problems
    assert reaches_goal(episode)
    assert all(seen.status == 'done' for _, seen in episode.actions)


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row['task'])
def test_without_any_one_of_its_steps_it_does_not(row, kitchen):
    steps = steps_of(row)
    needless = {'put knife', 'put dining table'} if row is SLICED else set()
    for number, step in enumerate(steps):
        if str(step.skill) in needless:
            continue
        episode, _ = play(row, kitchen, [*steps[:number], *steps[number + 1 :]])
        assert not reaches_goal(episode), f'without {step.skill}'


def test_what_is_asked_for_is_not_so_at_the_start(kitchen):
    _, plans = load_homes(kitchen)
    for row in ROWS:
        assert not reaches_goal(make_task(row, open_home(row, plans)))


def test_furniture_is_known_from_all_plans_in_a_floor_plan(kitchen):
    _, plans = load_homes(kitchen)
    graph = open_home(MOVED, plans).graph
    assert {'counter_top_1', 'sink_basin_1', 'shelf_1', 'dining_table_1'} <= graph.regions.keys()
    assert graph.holder('mug_1') == 'counter_top_1'
    assert graph.holder('fork_1') == 'dining_table_1'
    assert 'faucet_1' in graph.objects


@pytest.mark.parametrize(
    ('identifier', 'words'),
    [
        (CUP, 'cup'),
        (f'{APPLE}|AppleSliced_2', 'apple slice'),
        ('Sink|-01.90|+00.97|-01.50|SinkBasin', 'sink basin'),
        ('TVStand|+01.00|+00.00|+02.00', 'tv stand'),
    ],
)
def test_an_id_tells_a_class(identifier, words):
    assert class_of_id(identifier) == words


@given(st.from_regex(r'[A-Z][a-z]+([A-Z][a-z]+){0,2}', fullmatch=True))
def test_a_class_keeps_its_letters(name):
    assert words_of(name).replace(' ', '') in (
        name.lower(),
        name.lower().replace('sliced', 'slice'),
    )


def test_a_meaning_names_slices_and_what_is_left_out_is_empty():
    errand = meaning_of(SLICED).errands[0]
    assert (errand.kind, errand.thing, errand.place) == ('place', 'apple slice', 'counter top')
    assert (errand.vessel, errand.lamp) == ('', '')


def test_a_file_becomes_episodes_and_the_tasks_of_both_validation_splits(tmp_path):
    rows = [CLEAN, {**MOVED, 'split': 'valid_seen'}, {**SUNK, 'split': 'valid_unseen'}]
    file = tmp_path / 'rows.jsonl'
    file.write_text(''.join(f'{json.dumps(row)}\n' for row in rows), 'utf-8')
    out = tmp_path / 'out'
    done = CliRunner().invoke(import_, ['alfred', str(file), '--out', str(out)])
    assert done.exit_code == 0, done.output
    assert 'reach their goal' in done.output
    with (out / 'episodes.jsonl').open(encoding='utf-8') as lines:
        learned = [*read_episodes(lines)]
    # Two texts with the goal alone, and one that has as many steps as the plan.
    assert len(learned) == 3
    assert not any(map(find_fault, learned))
    assert {split_of(episode) for episode in learned} <= {'train', 'valid'}
    assert sum('Steps:' in episode.task.request for episode in learned) == 1
    names = [
        f'{s}{form}' for s in ('valid_seen', 'valid_unseen') for form in ('', '_steps', '_hidden')
    ]
    for name in names:
        with (out / f'{name}.jsonl').open(encoding='utf-8') as lines:
            tasks = [*read_episodes(lines)]
        assert len(tasks) == 1
        assert not tasks[0].turns
        played = DOMAIN.play(DOMAIN.make_teacher(tasks[0].task), as_task(tasks[0]))
        assert played.outcome.success, played.outcome.reason
        assert [*DOMAIN.remarks_on(played).values()] == [1, 1]


def test_what_is_in_closed_furniture_is_hidden_until_it_is_opened(kitchen):
    row = {**MOVED, 'low': [[1, 'open', 'Fridge|+05.00|+00.00|+00.00']]}
    at = ['Apple_1', 5.0, 0.5, 0.0]
    row['objects'] = [thing for thing in row['objects'] if thing[0] != 'Apple_1'] + [at]
    path = kitchen.with_name('closed.jsonl')
    from_fridge = {**SUNK['plan'][1], 'object': 'Apple|+05.00|+00.50|+00.00',
                   'from': ['Fridge', 5.0, 0.0, 0.0]}  # fmt: skip
    other = {**SUNK, 'plan': [SUNK['plan'][0], from_fridge]}
    path.write_text(f'{json.dumps(row)}\n{json.dumps(other)}\n{json.dumps(other)}\n', 'utf-8')
    _, plans = load_homes(path)
    home = open_home(row, plans)
    assert home.graph.holder('apple_1') == 'fridge_1'
    task = make_task(row, home, hidden=True)
    assert 'apple_1' not in task.known_graph.nodes
    assert not task.known_graph.nodes['fridge_1'].attributes['seen']
    assert 'mug_1' in task.known_graph.nodes


def test_an_out_folder_that_is_there_is_left_alone(kitchen, tmp_path):
    out = tmp_path / 'mine'
    out.mkdir()
    (out / 'notes.txt').write_text('mine')
    done = CliRunner().invoke(import_, ['alfred', str(kitchen), '--out', str(out)])
    assert done.exit_code == 1
    assert 'name a new folder' in done.output
    assert [path.name for path in out.iterdir()] == ['notes.txt']


@given(st.text(max_size=200) | st.from_regex(r'\{"task": ".*"\}', fullmatch=True))
@settings(max_examples=40)
def test_a_file_of_anything_else_is_refused_with_its_place(tmp_path_factory, text):
    file = tmp_path_factory.mktemp('any') / 'rows.jsonl'
    file.write_text(f'{text}\n', 'utf-8')
    if not text.strip():
        return
    with pytest.raises(ConfigError, match=r'rows\.jsonl.*expected'):
        read_trajectories(file)


# ------------------------------------------------------------------------------------ all of it


@with_data
@pytest.mark.timeout(180)
def test_gold_plans_reach_their_goals_and_fail_without_a_step():
    trajectories, plans = load_homes(Path(DATA or '') / 'alfred.jsonl.gz')
    splits = [
        sum(t['split'] == s for t in trajectories) for s in ('train', 'valid_seen', 'valid_unseen')
    ]
    texts = [
        sum(len(t['anns']) for t in trajectories if t['split'] == split)
        for split in ('train', 'valid_seen', 'valid_unseen')
    ]
    assert (splits, texts) == ([6574, 251, 255], [21025, 820, 821])
    rng, right, still = Random(0), 0, 0
    for row in trajectories:
        home, steps = open_home(row, plans), steps_of(row)
        task = make_task(row, home)
        right += reaches_goal(play_steps(steps, home, task)[0])
        steps.pop(rng.randrange(len(steps)))
        still += reaches_goal(play_steps(steps, home, task)[0])
    assert right >= 7079
    assert still <= 0.01 * len(trajectories)
