# SPDX-License-Identifier: Apache-2.0
"""Near duplicates: the same said in a world that is almost the same is dropped and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from prism_core.dataset.duplicates import DuplicateFilter, sign_world
from prism_core.dataset.episode_json import parse_episode
from prism_core.dataset.filter import find_fault
from prism_core.dataset.masking import RequestMask
from prism_core.dataset.run_folder import RunFolder, read_lines, read_progress
from prism_core.dataset.worlds import DrawnWorld, WorldJob, draw_worlds, make_line, pack_world
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.worlds import WorldRecipe
from prism_core.episode.episode import as_task

from .mapping_worlds import WORDS

DOMAIN = MappingDomain(WORDS)
MASK = RequestMask(DOMAIN.masks)
RECIPE = WorldRecipe(worlds=12, tier='core', hidden=(0.3,))


class Draw:
    """Draws worlds; each third one is that of the first index again, with a seed of its own."""

    def __init__(self, change=lambda episodes: episodes):
        self._change = change

    def __call__(self, job: WorldJob) -> DrawnWorld:
        index, rejections = job.index - job.index % 3, Counter[str]()
        config = DOMAIN.plan_world(RECIPE, index, False, {})
        episodes = DOMAIN.draw_world(1000 + index, config, rejections)
        if job.index != index:
            episodes = self._change(episodes)
        finish = lambda episode: make_line(as_task(episode))  # noqa: E731
        return pack_world(job, episodes, rejections, DOMAIN, MASK, finish)


def store(path, work, worlds: int = 12, *, resume: bool = False) -> list[list[str]]:
    """The requests of each stored world."""
    recipe = replace(RECIPE, worlds=worlds)
    with RunFolder(path, 'tasks.jsonl', {}, resume=resume) as folder:
        run = lambda jobs, in_order: map(work, jobs)  # noqa: E731
        return [
            [parse_episode(line.text.decode()).task.request for line in lines]
            for lines in draw_worlds(recipe, 0.9, DOMAIN, folder, run)
        ]


def rejections_of(path) -> list[int]:
    records = read_progress(path)
    return [record['facts']['rejections'].get('near duplicate', 0) for record in records]


def test_a_world_that_comes_again_is_dropped_and_counted(tmp_path):
    stored = store(tmp_path, Draw())
    assert [bool(requests) for requests in stored] == [True, False, False] * 4
    dropped = rejections_of(tmp_path)
    assert dropped[0] == 0
    assert dropped[1] == dropped[2] >= RECIPE.tasks
    assert len(list(read_lines(tmp_path / 'tasks.jsonl'))) == sum(map(len, stored))


def test_what_is_said_anew_in_a_world_that_comes_again_is_kept(tmp_path):
    def say_one_anew(episodes):
        is_first = lambda e: e.provenance.get('twin', e) == first.provenance.get('twin', first)  # noqa: E731
        first = episodes[0]
        anew = [replace(e, task=replace(e.task, request='Well, do it.')) for e in episodes]
        return [new if is_first(e) else e for e, new in zip(episodes, anew)]

    stored = store(tmp_path, Draw(say_one_anew))
    assert [set(requests) for requests in stored[1::3]] == [{'Well, do it.'}] * 4
    assert stored[2::3] == [[]] * 4


def test_another_kind_of_task_in_the_same_words_is_kept(tmp_path):
    def mean_another(episodes):
        return [replace(e, task=replace(e.task, kind='other')) for e in episodes]

    stored = store(tmp_path, Draw(mean_another))
    assert len(stored[1]) == len(stored[0])
    assert stored[2] == []


def test_the_same_words_in_another_world_are_kept(tmp_path):
    def draw(job: WorldJob) -> DrawnWorld:
        config = DOMAIN.plan_world(RECIPE, job.index, False, {})
        episodes = DOMAIN.draw_world(1000 + job.index, config)
        same = [replace(e, task=replace(e.task, request='Do it.', kind='same')) for e in episodes]
        return pack_world(job, same, Counter(), DOMAIN, MASK, lambda e: make_line(as_task(e)))

    stored = store(tmp_path, draw, 6)
    assert all(stored)
    assert rejections_of(tmp_path) == [0] * 6


def test_a_run_that_goes_on_drops_the_same(tmp_path):
    whole = store(tmp_path / 'whole', Draw())
    for worlds in (1, 2, 4, 5, 12):
        store(tmp_path / 'parts', Draw(), worlds, resume=True)
    for name in ('tasks.jsonl', 'progress.jsonl'):
        whole_file, parts_file = tmp_path / 'whole' / name, tmp_path / 'parts' / name
        assert parts_file.read_bytes() == whole_file.read_bytes()
    assert sum(map(len, whole)) == len(list(read_lines(tmp_path / 'parts/tasks.jsonl')))


def test_twins_stand_together_and_are_no_duplicates_of_each_other(tmp_path):
    config = DOMAIN.plan_world(replace(RECIPE, tier='full'), 3, False, {})
    twins = 0
    for seed in range(500, 520):
        episodes = DOMAIN.draw_world(seed, config)
        job = WorldJob(seed, seed, config)
        packed = pack_world(job, episodes, Counter(), DOMAIN, MASK, make_line)
        groups = [[parse_episode(line.text.decode()) for line in g.lines] for g in packed.groups]
        assert sum(map(len, groups)) == len(episodes)
        ids = [episode.provenance['id'] for group in groups for episode in group]
        assert ids == [f'{seed}-{number}' for number in range(len(episodes))]
        for group in groups:
            assert not any(map(find_fault, group))
            assert len({episode.provenance.get('twin') for episode in group}) == 1
            twins += len(group) == 2
            assert len(group) <= 2
    assert twins > 10


@pytest.mark.parametrize('likeness', [0.5, 0.9, 0.95])
def test_worlds_with_few_common_features_are_not_alike_and_the_same_ones_are(likeness):
    known = DuplicateFilter(likeness)
    for index in range(60):
        features = [f'feature {index * 20 + n}' for n in range(40)]  # a third is common
        assert not known.find_said(sign_world(features)) & {'said'} or likeness < 0.6
        known.add(index, sign_world(features), ['said', str(index)])
        assert str(index) in known.find_said(sign_world(reversed(features)))


def test_worlds_that_differ_in_a_feature_of_a_hundred_are_alike():
    known = DuplicateFilter(0.9)
    for index in range(20):
        features = [f'{index} feature {n}' for n in range(100)]
        known.add(index, sign_world(features), [str(index)])
        assert known.find_said(sign_world([*features[1:], 'other'])) == {str(index)}
