# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import json
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from prism_core import ConfigError, Plan
from prism_core.dataset.conversations import render_samples
from prism_core.dataset.export import FORMS, export_dataset
from prism_core.dataset.filter import find_fault
from prism_core.dataset.shards import open_shards
from prism_core.dataset.split import SPLITS, split_of
from prism_core.dataset.tokenizer import hash_tokenizer, load_tokenizer, train_tokenizer
from prism_core.episode.episode import Episode
from prism_core.episode.observation import Observation

from .hand_made import do
from .training_data import (
    DOMAIN,
    good_episodes,
    trained_tokenizer,
    with_id,
    write_episodes,
)


def export(tmp_path: Path, episodes, form: str, dialect: str = 'compact', **settings):
    folder = write_episodes(tmp_path / 'data', episodes)
    return export_dataset(folder, tmp_path / form, form, DOMAIN, dialect, **settings)


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text('utf-8').splitlines()]


def all_rows(folder: Path) -> list[dict]:
    return [row for path in sorted(folder.iterdir()) for row in rows_of(path)]


def failed_episodes() -> dict[str, Episode]:
    """Each way to be no good example, on episodes that are good otherwise."""
    episode = next(e for e in good_episodes() if len(e.turns) > 2 and split_of(e) == 'train')
    lost = dataclasses.replace(episode.outcome, answered=False, reason='wrong answer')
    refused = dataclasses.replace(
        episode.turns[0], observations=(Observation(status='refused', feedback='no'),)
    )
    changes = {
        'not tried': {'turns': (), 'ending': '', 'outcome': None},
        'wrong answer': {'outcome': lost},
        'limit': {'ending': 'limit', 'outcome': lost},
        'planner_error: out of order': {'ending': 'planner_error', 'error': 'out of order'},
        'not judged': {'outcome': None},
        'a plan was refused': {'turns': (refused, *episode.turns[1:])},
    }
    return {
        reason: with_id(dataclasses.replace(episode, **change), f'failed: {reason}')
        for reason, change in changes.items()
    }


@pytest.mark.parametrize('form', FORMS)
def test_failed_rollouts_are_never_in_the_data_and_counted_by_reason(tmp_path, form):
    failed, good = failed_episodes(), good_episodes()[:12]
    assert [find_fault(e) for e in failed.values()] == list(failed)
    mixed = [e for pair in zip(failed.values(), good) for e in pair] + list(good[len(failed) :])
    counts = export(tmp_path, mixed, form, tokenizer=trained_tokenizer())
    reasons = Counter(reason.partition(':')[0] for reason in failed)
    assert {k: n for k, n in counts.dropped.items() if k in reasons} == reasons
    assert counts.episodes == Counter(map(split_of, good))
    if form == 'shards':
        shards = open_shards(tmp_path / form / 'train')
        stored = {int(e) for e in shards.documents['episode']}
        assert stored == {i for i, e in enumerate(mixed) if e in good and split_of(e) == 'train'}
    else:
        assert {row['id'] for row in all_rows(tmp_path / form)} == {
            e.provenance['id'] for e in good
        }


def long_mission(turns: int) -> Episode:
    """A good episode that takes many turns."""
    episode = next(e for e in good_episodes() if len(e.turns) == 1)
    wait = dataclasses.replace(
        episode.turns[0], plan=Plan((do('replan'),)), observations=(Observation(),)
    )
    return dataclasses.replace(episode, turns=(*[wait] * (turns - 1), *episode.turns))


@pytest.mark.parametrize('form', FORMS)
def test_no_message_of_a_long_mission_is_cut_off_at_any_number(tmp_path, form):
    episode = long_mission(60)
    counts = export(tmp_path, [episode], form, 'spine', tokenizer=trained_tokenizer())
    split = split_of(episode)
    assert counts.rows == {split: 60 if form == 'turns' else 1}
    (sample,) = render_samples(episode, DOMAIN, 'spine')
    assert len(sample.messages) == 120
    if form == 'shards':
        text = trained_tokenizer().decode(open_shards(tmp_path / form / split).tokens.tolist())
        assert text == ''.join(message['content'] for message in sample.messages)
        return
    rows = rows_of(tmp_path / form / f'{split}.jsonl')
    if form == 'chat':
        assert rows[0]['messages'] == list(sample.messages)
        assert rows[0]['weights'] == [1.0] * 60
    elif form == 'turns':
        assert [len(row['prompt']) for row in rows] == list(range(1, 120, 2))
        assert [row['turn'] for row in rows] == list(range(60))
        assert rows[-1]['prompt'] + rows[-1]['completion'] == list(sample.messages)
    else:
        assert [m['value'] for m in rows[0]['conversations']] == [
            m['content'] for m in sample.messages
        ]


def test_chat_and_turns_hold_the_same_replies_each_once(tmp_path):
    chat = export(tmp_path, good_episodes(), 'chat', rebase=0.5)
    turns = export(tmp_path, good_episodes(), 'turns', rebase=0.5)
    assert chat.episodes == turns.episodes == Counter(map(split_of, good_episodes()))
    assert sum(turns.rows.values()) == sum(len(e.turns) for e in good_episodes())
    assert set(chat.rows) == set(SPLITS)
    assert not chat.dropped
    assert not turns.dropped
    in_chat = Counter()
    for row in all_rows(tmp_path / 'chat'):
        places = [i for i, m in enumerate(row['messages']) if m['role'] == 'assistant']
        for place, weight in zip(places, row['weights']):
            if weight:
                said = row['messages'][: place + 1]
                in_chat[row['id'], row['split'], row['kind'], json.dumps(said), weight] += 1
    in_turns = Counter()
    for row in all_rows(tmp_path / 'turns'):
        said = row['prompt'] + row['completion']
        in_turns[row['id'], row['split'], row['kind'], json.dumps(said), row['weight']] += 1
    assert in_chat == in_turns
    assert set(in_chat.values()) == {1}


def test_each_episode_is_in_the_file_of_its_split_and_worlds_are_in_one_only(tmp_path):
    export(tmp_path, good_episodes(), 'chat')
    by_id = {e.provenance['id']: e for e in good_episodes()}
    seeds = {}
    for split in SPLITS:
        rows = rows_of(tmp_path / 'chat' / f'{split}.jsonl')
        assert {row['split'] for row in rows} == {split_of(by_id[r['id']]) for r in rows} == {split}
        seeds[split] = {by_id[row['id']].seed for row in rows}
    assert not seeds['train'] & seeds['valid']
    assert not seeds['train'] & seeds['test']


@pytest.mark.parametrize('header', ['', 'You plan.'])
def test_sharegpt_keeps_the_rules_that_unsloth_documents(tmp_path, header):
    counts = export(tmp_path, good_episodes(), 'sharegpt', 'spine', header=header)
    rows = all_rows(tmp_path / 'sharegpt')
    for row in rows:
        conversation = row['conversations']
        assert all(list(m) == ['from', 'value'] for m in conversation)
        assert all(type(text) is str for m in conversation for text in m.values())
        roles = [m['from'] for m in conversation]
        if header:
            assert (roles.pop(0), conversation[0]['value']) == ('system', header)
        assert roles == ['human', 'gpt'] * (len(roles) // 2)
        assert roles
    first = [message for row in rows[:10] for message in row['conversations']]
    # which of the two keys is the role is told by how many values each has
    assert len({m['from'] for m in first}) < len({m['value'] for m in first})
    assert sum(counts.rows.values()) == len(rows) == len(good_episodes())


def test_conversation_with_a_turn_of_weight_0_is_not_in_sharegpt_but_in_the_other_forms(tmp_path):
    episode = next(e for e in good_episodes() if len(e.turns) == 3)
    first = dataclasses.replace(episode.turns[0], weight=0.0)
    second = dataclasses.replace(episode.turns[1], weight=0.5)
    episode = dataclasses.replace(episode, turns=(first, second, episode.turns[2]))
    split = split_of(episode)
    counts = export(tmp_path, [episode], 'sharegpt')
    assert (counts.rows.get(split, 0), counts.dropped) == (0, {'a turn of weight 0': 1})
    export(tmp_path, [episode], 'turns')
    assert [(r['turn'], r['weight']) for r in all_rows(tmp_path / 'turns')] == [(1, 0.5), (2, 1.0)]
    export(tmp_path, [episode], 'chat')
    assert [r['weights'] for r in all_rows(tmp_path / 'chat')] == [[0.0, 0.5, 1.0]]


@pytest.mark.parametrize('form', FORMS)
def test_export_that_fails_midway_leaves_what_was_there_and_nothing_of_its_own(tmp_path, form):
    export(tmp_path, good_episodes()[:9], form, tokenizer=trained_tokenizer())
    before = snapshot(tmp_path / form)
    nameless = dataclasses.replace(good_episodes()[0], provenance={})
    with pytest.raises(ConfigError, match='id'):
        export(tmp_path, [good_episodes()[1], nameless], form, tokenizer=trained_tokenizer())
    assert snapshot(tmp_path / form) == before
    folder = write_episodes(tmp_path / 'data', good_episodes()[1:2])
    with (folder / 'episodes.jsonl').open('a', encoding='utf-8') as file:
        file.write('{}\n')
    out, tokenizer = tmp_path / form, trained_tokenizer()
    with pytest.raises(ConfigError, match='line 2: '):
        export_dataset(folder, out, form, DOMAIN, 'compact', tokenizer=tokenizer)
    assert snapshot(tmp_path / form) == before


def test_shards_in_the_dataset_s_own_folder_have_their_tokenizer_beside_them(tmp_path):
    folder = write_episodes(tmp_path / 'data', good_episodes()[:9])
    mine = trained_tokenizer()
    export_dataset(folder, folder / 'shards', 'shards', DOMAIN, 'compact', tokenizer=mine)
    assert hash_tokenizer(load_tokenizer(folder / 'tokenizer')) == hash_tokenizer(mine)
    other = train_tokenizer(['go to the dock'], 461)
    with pytest.raises(ConfigError, match='expected the tokenizer of the dataset'):
        export_dataset(folder, folder / 'shards', 'shards', DOMAIN, 'compact', tokenizer=other)


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


@pytest.mark.parametrize('form', FORMS)
def test_second_export_replaces_the_first_one_and_the_same_episodes_give_the_same_files(
    tmp_path, form
):
    export(tmp_path, good_episodes()[:9], form, tokenizer=trained_tokenizer())
    first = snapshot(tmp_path / form)
    export(tmp_path, good_episodes()[:4], form, tokenizer=trained_tokenizer())
    assert snapshot(tmp_path / form) != first
    export(tmp_path, good_episodes()[:9], form, tokenizer=trained_tokenizer())
    assert snapshot(tmp_path / form) == first


@pytest.mark.parametrize('form', FORMS)
def test_split_without_rows_is_left_out_and_what_was_there_of_it_goes(tmp_path, form):
    export(tmp_path, good_episodes(), form, tokenizer=trained_tokenizer())
    train = [e for e in good_episodes() if split_of(e) == 'train']
    export(tmp_path, train[:2], form, tokenizer=trained_tokenizer())
    assert [path.stem for path in (tmp_path / form).iterdir()] == ['train']


def test_line_that_is_still_being_written_is_left_alone(tmp_path):
    folder = write_episodes(tmp_path / 'data', good_episodes()[:3])
    path = folder / 'episodes.jsonl'
    path.write_bytes(path.read_bytes()[:-40])
    counts = export_dataset(folder, tmp_path / 'out', 'chat', DOMAIN, 'compact')
    assert sum(counts.episodes.values()) == 2


def test_only_the_splits_asked_for_are_written(tmp_path):
    told = []
    counts = export(tmp_path, good_episodes(), 'chat', splits=('valid',), on_progress=told.append)
    assert [path.name for path in (tmp_path / 'chat').iterdir()] == ['valid.jsonl']
    assert set(counts.episodes) == set(counts.rows) == {'valid'}
    assert told == list(range(1, len(good_episodes()) + 1))


def test_memory_does_not_grow_with_the_number_of_episodes(tmp_path):
    peaks = []
    for number in (1, 4):
        folder = write_episodes(tmp_path / str(number), good_episodes()[:16] * number)
        tracemalloc.start()
        export_dataset(folder, tmp_path / 'out', 'chat', DOMAIN, 'compact')
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


@pytest.mark.parametrize(
    ('form', 'settings', 'words'),
    [
        ('alpaca', {}, "form: expected one of chat, turns, sharegpt, shards, got 'alpaca'"),
        ('chat', {'splits': ('dev',)}, "splits: expected one of train, valid, test, got 'dev'"),
        ('shards', {}, 'shards: expected a tokenizer, got none; train one first'),
    ],
)
def test_setting_that_cannot_be_used_is_refused_with_what_can(tmp_path, form, settings, words):
    with pytest.raises(ConfigError, match=words):
        export(tmp_path, [], form, **settings)
    assert not (tmp_path / form).exists()


def test_folder_without_episodes_is_refused_with_what_writes_them(tmp_path):
    with pytest.raises(ConfigError, match=r'expected episodes in .*; `prism elicit` writes them'):
        export_dataset(tmp_path, tmp_path / 'out', 'chat', DOMAIN, 'compact')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('dialect', ['compact', 'spine'])
@pytest.mark.parametrize('form', ['chat', 'turns', 'sharegpt'])
def test_an_episode_in_which_a_mapper_sent_nodes_again_and_removed_some_is_exported(
    tmp_path, form, dialect
):
    for episode in good_episodes():
        if len(episode.turns) < 3:
            continue
        said = repr(episode.turns)
        unused = [name for name in episode.known_graph.objects if name not in said]
        if unused:
            break
    first, *rest = episode.turns
    *others, last = first.observations
    here = episode.known_graph.regions[episode.known_graph.robot_location]
    sent = dataclasses.replace(
        last.update,
        upsert_nodes=(*last.update.upsert_nodes, here),
        remove_nodes=(unused[0],),
    )
    seen = dataclasses.replace(last, update=sent)
    first = dataclasses.replace(first, observations=(*others, seen))
    changed = dataclasses.replace(episode, turns=(first, *rest))
    counts = export(tmp_path, [changed], form, dialect)
    assert sum(counts.rows.values()) == (len(changed.turns) if form == 'turns' else 1)
    word = 'gone ' if dialect == 'compact' else f'remove_nodes([\\"{unused[0]}\\"])'
    assert word in '\n'.join(map(json.dumps, all_rows(tmp_path / form)))
