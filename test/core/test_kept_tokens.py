# SPDX-License-Identifier: Apache-2.0
"""Conversations as tokens: made from one text each, as from all its beginnings; made once."""

from __future__ import annotations

import pytest

pytest.importorskip('torch')
pytest.importorskip('transformers')

from prism_core.distill.chat_tokens import ChatEncoder
from prism_core.distill.kept_tokens import FOLDER, keep_tokens
from prism_core.distill.models import load_tokenizer_of
from prism_core.distill.sources import find_source, read_documents

from .checkpoints import make_llama, make_nano, make_qwen_2, make_smollm
from .students import config_of, lora_recipe, write_dataset
from .training_data import all_samples


def encode_by_beginnings(tokenizer, messages, weights):
    """What counts, by making tokens of each beginning of a conversation anew."""

    def ids_of(given, prompt=False):
        text = tokenizer.apply_chat_template(
            [dict(m) for m in given], tokenize=False, add_generation_prompt=prompt
        )
        ends = text if prompt or len(given) == len(messages) else text.rstrip()
        return tokenizer(ends, add_special_tokens=False)['input_ids']

    ids, left = ids_of(messages), iter(weights)
    counts = [0.0] * len(ids)
    for place, message in enumerate(messages):
        if message['role'] == 'assistant':
            start = len(ids_of(messages[:place], prompt=True))
            reply = tokenizer.apply_chat_template(
                [dict(m) for m in messages[: place + 1]], tokenize=False
            )
            stop = len(tokenizer(reply.rstrip(), add_special_tokens=False)['input_ids'])
            counts[start:stop] = [next(left)] * (stop - start)
    return ids, counts


@pytest.mark.parametrize('make', [make_nano, make_llama, make_qwen_2, make_smollm])
@pytest.mark.parametrize('dialect', ['compact', 'spine'])
def test_tokens_that_count_are_those_that_beginnings_show(tmp_path, make, dialect):
    tokenizer = load_tokenizer_of(str(make(tmp_path / 'base')))
    encoder = ChatEncoder(tokenizer)
    for sample in all_samples(dialect)[:40]:
        weights = [0.5 + number for number in range(len(sample.weights))]
        expected = encode_by_beginnings(tokenizer, sample.messages, weights)
        assert encoder.encode(sample.messages, weights) == expected


def test_tokens_are_made_once_for_what_they_are_made_of(tmp_path):
    data, base = write_dataset(tmp_path / 'data'), make_llama(tmp_path / 'base')
    tokenizer, config = load_tokenizer_of(str(base)), config_of(lora_recipe(base))
    source = find_source(data, config)
    made = read_documents(source, 'valid', tokenizer, config)
    (kept,) = (data / FOLDER).iterdir()
    written = kept.stat().st_mtime_ns
    again = read_documents(source, 'valid', tokenizer, config)
    assert kept.stat().st_mtime_ns == written
    for name in ('tokens', 'weights', 'starts', 'lengths'):
        assert getattr(made, name).tolist() == getattr(again, name).tolist()
    assert made.dropped == again.dropped
    tokenizer.chat_template += '{# another #}'
    read_documents(source, 'valid', tokenizer, config)
    assert len(list((data / FOLDER).iterdir())) == 2


def test_where_nothing_can_be_written_tokens_are_made_each_time(tmp_path):
    (tmp_path / FOLDER).write_text('no folder', 'utf-8')
    data, base = write_dataset(tmp_path / 'data'), make_llama(tmp_path / 'base')
    config = config_of(lora_recipe(base))
    made = read_documents(find_source(data, config), 'valid', load_tokenizer_of(str(base)), config)
    assert keep_tokens(tmp_path, ['this'], lambda: made) is made
