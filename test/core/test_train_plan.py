# SPDX-License-Identifier: Apache-2.0
"""The plan of a run: which samples make which step, and what each rank sees of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip('torch')
pytest.importorskip('transformers')

from prism_core.dataset.tokenizer import ROLES
from prism_core.distill.batches import load_batches
from prism_core.distill.config import BatchConfig
from prism_core.distill.documents import (
    drop_long,
    join_documents,
    open_shard_documents,
)
from prism_core.distill.schedule import plan_batches
from prism_core.errors import ConfigError

from .students import write_dataset
from .training_data import trained_tokenizer


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp('data'))


LENGTHS = st.lists(st.integers(2, 90), min_size=1, max_size=60).map(np.array)


@given(
    lengths=LENGTHS,
    tokens=st.integers(90, 400),
    first=st.integers(90, 120),
    growth=st.floats(0, 1),
    epochs=st.integers(1, 3),
    seed=st.integers(0, 5),
    packed=st.booleans(),
)
def test_plan_shows_each_sample_once_an_epoch_in_batches_that_fit(
    lengths, tokens, first, growth, epochs, seed, packed
):
    batch = BatchConfig(tokens, first_tokens=min(first, tokens), growth=growth, packed=packed)
    total = epochs * int(lengths.sum())
    plan = plan_batches(lengths, batch, total_tokens=total, seed=seed)
    assert np.bincount(plan.order, minlength=len(lengths)).tolist() == [epochs] * len(lengths)
    for step in range(len(plan)):
        own = lengths[plan[step]]
        assert len(own) > 0
        assert (own.sum() if packed else own.max() * len(own)) <= tokens
    again = plan_batches(lengths, batch, total_tokens=total, seed=seed)
    assert np.array_equal(plan.order, again.order)
    assert np.array_equal(plan.ends, again.ends)


def test_batches_grow_and_hold_samples_of_like_length():
    lengths = np.random.default_rng(0).integers(20, 400, 4000)
    batch = BatchConfig(8000, first_tokens=1000, growth=0.5)
    plan = plan_batches(lengths, batch, total_tokens=int(lengths.sum()), seed=0)
    sizes = [lengths[plan[step]].sum() for step in range(len(plan))]
    assert max(sizes[:20]) <= 1400
    assert np.median(sizes[-20:]) > 6000
    padded = sum(lengths[plan[s]].max() * len(plan[s]) for s in range(len(plan)))
    assert padded < 1.1 * lengths.sum()


def test_curriculum_comes_first_and_only_first():
    lengths = np.full(400, 50)
    easy = np.arange(40)
    plan = plan_batches(
        lengths, BatchConfig(500), total_tokens=20_000, seed=0, easy=easy, easy_share=0.25
    )
    assert set(plan.order[:100]) == set(easy)
    assert set(plan.order[100:]) == set(range(40, 400)) - set(
        np.setdiff1d(np.arange(40, 400), plan.order)
    )


def test_sample_larger_than_a_batch_is_refused_with_what_to_set():
    with pytest.raises(ConfigError, match=r'batches of at least 90 tokens, .* got 80; set batch'):
        plan_batches(np.array([5, 90]), BatchConfig(80), total_tokens=95, seed=0)


def test_samples_that_begin_a_curriculum_are_told_by_their_first_reply(data):
    documents = open_shard_documents(data / 'shards' / 'train', trained_tokenizer(), None)
    tokenizer = trained_tokenizer()
    word = tuple(tokenizer.encode(' go_to').ids)
    chosen = {i for i in range(len(documents)) if documents.begin_with(i, {word})}
    assert 0 < len(chosen) < len(documents)
    for index in range(len(documents)):
        text = tokenizer.decode(documents[index][0].tolist(), skip_special_tokens=False)
        reply = text.split(ROLES['assistant'])[1]
        assert reply.startswith(' go_to') == (index in chosen)


def test_long_samples_are_counted_and_the_others_are_whole():
    samples = [([1] * n, [1.0] * n) for n in (3, 9, 4)]
    documents = drop_long(join_documents(samples, {'why': 2}), 4)
    assert documents.dropped == {'why': 2, 'more than 4 tokens': 1}
    assert [len(documents[i][0]) for i in range(len(documents))] == [3, 4]


@pytest.mark.parametrize('ranks', [1, 2, 3])
@pytest.mark.parametrize('accumulation', [1, 2])
def test_parts_of_all_ranks_hold_each_sample_of_a_step_once(ranks, accumulation):
    samples = [([number] * (number + 2), [1.0] * (number + 2)) for number in range(7)]
    documents = join_documents(samples, {})
    batch = BatchConfig(24)
    plan = plan_batches(documents.lengths, batch, total_tokens=35, seed=3)
    seen = [[] for _ in range(len(plan))]
    for rank in range(ranks):
        loader = load_batches(
            documents,
            plan,
            first_step=0,
            rank=rank,
            ranks=ranks,
            accumulation=accumulation,
            packed=False,
            multiple=4,
            workers=0,
        )
        parts = list(loader)
        assert len(parts) == len(plan) * accumulation
        for number, part in enumerate(parts):
            assert part['input_ids'].shape[1] % 4 == 0
            counted = part['weights'].sum(1) > 0
            seen[number // accumulation] += part['input_ids'][counted, 0].tolist()
    assert [sorted(one) for one in seen] == [sorted(plan[s].tolist()) for s in range(len(plan))]
