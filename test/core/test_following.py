# SPDX-License-Identifier: Apache-2.0
"""Training on samples that another process is still making."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip('torch')
pytest.importorskip('transformers')

from prism_core.dataset.run_folder import read_recipe
from prism_core.dataset.shards import open_shards
from prism_core.distill import following
from prism_core.distill.config import BatchConfig
from prism_core.distill.documents import Documents
from prism_core.distill.following import GrowingDocuments, GrowingPlan
from prism_core.distill.train import train
from prism_core.errors import ConfigError

from .students import assert_equal, config_of, nano_recipe, write_dataset

BATCH = BatchConfig(300, first_tokens=150, growth=0.5)


def documents_of(lengths: np.ndarray, is_all: bool = True) -> Documents:
    """Samples whose tokens are their own number."""
    tokens = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.cumsum(lengths) - lengths
    return Documents(tokens, np.ones(len(tokens)), starts, lengths, is_all=is_all)


def coming(lengths: np.ndarray, portions: list[int]) -> GrowingDocuments:
    """Samples that come in portions, one with each look, and all in the end."""
    ends = iter([min(n, len(lengths)) for n in np.cumsum(portions)])

    def look() -> Documents:
        end = next(ends, len(lengths))
        return documents_of(lengths[:end], end == len(lengths))

    return GrowingDocuments(look)


@pytest.fixture(autouse=True)
def _no_waiting(request, monkeypatch):
    if 'tmp_path' not in request.fixturenames:
        monkeypatch.setattr(following, '_LOOK_S', 0.0)


LENGTHS = st.lists(st.integers(2, 90), min_size=1, max_size=200).map(np.array)


@given(
    lengths=LENGTHS,
    portions=st.lists(st.integers(0, 40), max_size=20),
    total=st.integers(100, 40_000),
    seed=st.integers(0, 5),
)
def test_the_steps_do_not_depend_on_when_samples_come(lengths, portions, total, seed):
    following._LOOK_S = 0.0
    slow, at_once = (
        GrowingPlan(coming(lengths, some), BATCH, total_tokens=total, seed=seed)
        for some in (portions, [len(lengths)])
    )
    assert len(slow) == len(at_once)
    for step in range(len(slow)):
        assert np.array_equal(slow[step], at_once[step])
        assert slow.seen_after(step) == at_once.seen_after(step)


@given(lengths=LENGTHS, total=st.integers(100, 40_000))
def test_each_sample_comes_once_before_any_comes_again_in_batches_that_fit(lengths, total):
    plan = GrowingPlan(coming(lengths, []), BATCH, total_tokens=total, seed=1)
    seen = np.zeros(len(lengths), int)
    for step in range(len(plan)):
        samples = plan[step]
        assert 0 < lengths[samples].max() * len(samples) <= BATCH.tokens
        seen += np.bincount(samples, minlength=len(lengths))
    # A pool of batches may hold the end of one pass and the beginning of the next.
    passes = following.POOL * BATCH.tokens // lengths.sum() + 2
    assert seen.max() - seen.min() <= passes
    assert plan.total_tokens == sum(int(lengths[plan[step]].sum()) for step in range(len(plan)))


def test_about_as_many_tokens_are_seen_as_were_asked_for():
    lengths = np.random.default_rng(0).integers(4, 30, 60_000)
    for total in (1_000_000, 3_000_000):
        plan = GrowingPlan(coming(lengths, []), BATCH, total_tokens=total, seed=1)
        assert plan.total_tokens == total  # nothing else is known yet
        plan[len(plan) - 1]
        assert plan.total_tokens == pytest.approx(total, rel=0.05)


def test_nothing_to_learn_from_is_an_error():
    with pytest.raises(ConfigError, match='expected samples to learn from, got none'):
        GrowingPlan(coming(np.zeros(0, int), []), BATCH, total_tokens=100, seed=1)


# --------------------------------------------------------------------------------- beside elicit


def follow_recipe(**changes) -> dict:
    data = {'prompt_weight': 0.1, 'valid_samples': 5, 'follow': True, 'max_length': 700}
    return nano_recipe(data=data, tokens=20_000, eval_every=100, **changes)


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """A dataset that was still being made when training on it began, and what training gave."""
    folder = tmp_path_factory.mktemp('made')
    data, out = folder / 'data', folder / 'out'
    command = ('elicit', '--worlds', '60', '--seed', '3', '--shards', 'compact', '--workers', '1')
    elicit = subprocess.Popen(
        (sys.executable, '-m', 'prism_core.cli.main', *command, '--out', str(data), '--no-report')
    )
    try:
        while not (data / 'shards' / 'valid' / 'meta.json').exists():
            assert elicit.poll() is None
        began_whole = open_shards(data / 'shards' / 'train').is_whole
        done = train(data, out, config_of(follow_recipe()))
    finally:
        elicit.wait()
    return data, out, done, began_whole


def test_training_begins_before_the_data_are_whole(made):
    data, _, done, began_whole = made
    assert not began_whole
    assert open_shards(data / 'shards' / 'train').is_whole
    assert done.tokens == pytest.approx(20_000, rel=0.2)


def test_training_beside_the_generator_gives_what_it_gives_on_whole_data(made, tmp_path):
    data, out, done, _ = made
    assert train(data, tmp_path, config_of(follow_recipe())).steps == done.steps
    assert_equal(tmp_path / 'last', out / 'last', 0)
    assert set(read_recipe(out)['data']['sha256']) == {
        'recipe.yaml',
        'tokenizer/tokenizer.json',
        'tokenizer/tokenizer_config.json',
    }


def test_following_takes_no_curriculum_and_needs_a_number_of_tokens():
    with pytest.raises(ConfigError, match='expected a number of tokens and no curriculum'):
        config_of(follow_recipe(curriculum={'share': 0.1, 'max_tokens': 200}))
    with pytest.raises(ConfigError, match='expected the form shards and some valid_samples'):
        config_of(nano_recipe(data={'follow': True, 'valid_samples': 0}))


def test_a_folder_that_nobody_writes_to_cannot_be_followed(tmp_path):
    write_dataset(tmp_path / 'data')
    with pytest.raises(ConfigError, match=r'data\.follow needs the folder of a `prism elicit`'):
        train(tmp_path / 'data', tmp_path / 'out', config_of(follow_recipe()))
