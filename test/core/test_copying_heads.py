# SPDX-License-Identifier: Apache-2.0
"""The heads that copy: what a nano can do before its first step."""

from __future__ import annotations

import pytest

torch = pytest.importorskip('torch')
transformers = pytest.importorskip('transformers')

from prism_core.distill.config import NANO_SHAPES, NanoConfig  # noqa: E402
from prism_core.distill.models import make_nano  # noqa: E402
from prism_core.errors import ConfigError  # noqa: E402

from .training_data import trained_tokenizer  # noqa: E402

PAIRS = 12


@pytest.fixture(scope='module')
def tokenizer():
    return transformers.PreTrainedTokenizerFast(tokenizer_object=trained_tokenizer())


def lists(seed: int = 0) -> torch.Tensor:
    """Twelve tokens that each stand before one of twelve others, twice in different order."""
    draw = torch.Generator().manual_seed(seed)
    rows = []
    for _ in range(20):
        tokens = 20 + torch.randperm(400, generator=draw)[: 2 * PAIRS].view(PAIRS, 2)
        order = torch.randperm(PAIRS, generator=draw)
        rows.append(torch.cat([tokens, tokens[order]]).flatten())
    return torch.stack(rows)


def attention_of(config: NanoConfig, tokenizer, tokens: torch.Tensor, **settings):
    model = make_nano(config, tokenizer, 0, **settings).eval()
    model.set_attn_implementation('eager')
    with torch.no_grad():
        return model(input_ids=tokens, output_attentions=True).attentions


def looked_at(attention: torch.Tensor, tokens: torch.Tensor) -> float:
    """How much each first token, where it stands again, looks at what stood behind it before."""
    shares = []
    for row, looks in zip(tokens, attention):
        for place in range(2 * PAIRS, 4 * PAIRS, 2):
            before = int((row[:place] == row[place]).nonzero()[0])
            shares.append(float(looks[place, before + 1]))
    return sum(shares) / len(shares)


@pytest.mark.parametrize('shape', ['nano-1m', 'nano-7m'])
def test_nano_looks_at_what_stood_behind_the_same_word_before_it_has_learned_anything(
    tokenizer, shape
):
    tokens = lists()
    first, second, *_ = attention_of(NanoConfig(shape), tokenizer, tokens)
    before = torch.diagonal(first[:, 0], -1, 1, 2)
    assert before.mean() > 0.9
    assert min(looked_at(second[:, head], tokens) for head in range(2)) > 0.3


def test_without_heads_that_copy_it_looks_everywhere(tokenizer):
    tokens = lists()
    first, second, *_ = attention_of(NanoConfig(copying_heads=False), tokenizer, tokens)
    assert torch.diagonal(first[:, 0], -1, 1, 2).mean() < 0.2
    assert max(looked_at(second[:, head], tokens) for head in range(4)) < 0.1


def test_layers_add_nothing_else_at_first(tokenizer):
    model = make_nano(NanoConfig(), tokenizer, 0)
    for number, layer in enumerate(model.model.layers):
        assert not layer.mlp.down_proj.weight.any()
        assert bool(layer.self_attn.o_proj.weight.any()) == (number < 3)


def test_too_few_layers_for_heads_that_copy_are_refused():
    assert NanoConfig(layers=2, copying_heads=False).numbers[1] == 2
    with pytest.raises(ConfigError, match=r'layers: expected at least 3, .*got 2'):
        NanoConfig(layers=2)


def test_all_shapes_have_enough_layers():
    assert [NanoConfig(shape).numbers for shape in NANO_SHAPES] == list(NANO_SHAPES.values())
