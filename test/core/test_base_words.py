# SPDX-License-Identifier: Apache-2.0
"""The words of a base in a nano: which begin alike, and what stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip('torch')
transformers = pytest.importorskip('transformers')

import yaml  # noqa: E402

from prism_core.dataset.tokenizer import CONTROL_TOKENS, HANDLES  # noqa: E402
from prism_core.distill.config import NanoConfig  # noqa: E402
from prism_core.distill.copying_heads import CONSTANT  # noqa: E402
from prism_core.distill.models import load_base, load_tokenizer_of, make_nano  # noqa: E402
from prism_core.distill.train import train  # noqa: E402
from prism_core.errors import ConfigError  # noqa: E402

from .checkpoints import make_smollm  # noqa: E402
from .students import config_of, nano_recipe, write_dataset  # noqa: E402
from .test_copying_heads import attention_of, lists, looked_at  # noqa: E402
from .training_data import trained_tokenizer  # noqa: E402

SHAPE = NanoConfig(copying_heads=False)


@pytest.fixture(scope='module')
def tokenizer() -> Any:
    return transformers.PreTrainedTokenizerFast(tokenizer_object=trained_tokenizer())


@pytest.fixture(scope='module')
def base(tmp_path_factory, tokenizer) -> Path:
    """One that has a word twice: what it calls one thing and another is the same to it."""
    folder = make_smollm(tmp_path_factory.mktemp('base') / 'smollm')
    model, theirs = load_base(str(folder), dtype=torch.float32), load_tokenizer_of(str(folder))
    one, other = (theirs.convert_tokens_to_ids(word) for word in shared_words(tokenizer, theirs))
    with torch.no_grad():
        words = model.get_input_embeddings().weight
        words[one] = words[other] + 0.01 * words[one]
    model.save_pretrained(folder)
    return folder


def shared_words(tokenizer: Any, theirs: Any) -> list[str]:
    known = theirs.get_vocab()
    return sorted(w for w in tokenizer.get_vocab() if w[:1] == 'Ġ' and len(w) > 4 and w in known)[
        :2
    ]


def words_of(model: Any) -> Any:
    return model.get_input_embeddings().weight.detach()


def likeness(words: Any, one: int, other: int) -> float:
    return float(torch.cosine_similarity(words[one], words[other], dim=0))


def test_words_that_are_alike_in_the_base_begin_alike_in_the_nano(base, tokenizer):
    pair = [
        tokenizer.convert_tokens_to_ids(word)
        for word in shared_words(tokenizer, load_tokenizer_of(str(base)))
    ]
    assert likeness(words_of(make_nano(SHAPE, tokenizer, 0)), *pair) < 0.4
    assert likeness(words_of(make_nano(SHAPE, tokenizer, 0, words_of=str(base))), *pair) > 0.9


def test_a_word_that_the_base_lacks_is_the_mean_of_its_pieces(base, tokenizer):
    model, theirs = load_base(str(base), dtype=torch.float32), load_tokenizer_of(str(base))
    vocab, written = tokenizer.get_vocab(), theirs.backend_tokenizer.model
    lacking = next(w for w in vocab if len(w) > 3 and w[0] != '<' and w not in theirs.get_vocab())
    pieces = [piece.id for piece in written.tokenize(lacking)]
    assert len(pieces) > 1
    with torch.no_grad():
        model.get_input_embeddings().weight[pieces] += 5 * torch.randn(128)
    changed = base.parent / 'changed'
    model.save_pretrained(changed)
    theirs.save_pretrained(changed)
    before, after = (
        words_of(make_nano(SHAPE, tokenizer, 0, words_of=str(folder)))[vocab[lacking]]
        for folder in (base, changed)
    )
    assert not torch.allclose(before, after, atol=1e-3)


def test_handles_control_tokens_and_bytes_are_random_as_before_and_no_word_is_larger(
    base, tokenizer
):
    plain = words_of(make_nano(SHAPE, tokenizer, 0))
    words = words_of(make_nano(SHAPE, tokenizer, 0, words_of=str(base)))
    vocab = tokenizer.get_vocab()
    own = [vocab[token] for token in (*HANDLES, *CONTROL_TOKENS, 'x', '7', '.')]
    assert words[own].equal(plain[own])
    changed = (words != plain).any(1)
    assert int(changed.sum()) == sum(
        len(token) > 1 and token not in (*HANDLES, *CONTROL_TOKENS) for token in vocab
    )
    assert float(words[changed].std()) == pytest.approx(float(plain.std()), rel=0.1)


def test_heads_copy_with_the_words_of_a_base(base, tokenizer):
    words = words_of(make_nano(NanoConfig(), tokenizer, 0, words_of=str(base)))
    assert set(words[:, 0].tolist()) == {CONSTANT}
    tokens = lists()
    first, second, *_ = attention_of(NanoConfig('nano-7m'), tokenizer, tokens, words_of=str(base))
    assert torch.diagonal(first[:, 0], -1, 1, 2).mean() > 0.9
    assert min(looked_at(second[:, head], tokens) for head in range(2)) > 0.3


def test_a_run_with_the_words_of_a_base_says_whose_they_are(base, tmp_path):
    data = write_dataset(tmp_path / 'data')
    train(data, tmp_path / 'run', config_of(nano_recipe(tokens=3_000, words_of=str(base))))
    record = yaml.safe_load((tmp_path / 'run' / 'recipe.yaml').read_text('utf-8'))
    assert 'words_of/model.safetensors' in record['data']['sha256']


def test_words_are_for_a_nano_and_of_a_base_that_is_there(tokenizer):
    with pytest.raises(ConfigError, match=r"words_of: expected a nano .*, got 'x' beside a base"):
        config_of({**nano_recipe(words_of='x'), 'nano': None, 'base': 'y'})
    with pytest.raises(ConfigError, match=r"expected a causal language model in .* got 'nowhere'"):
        make_nano(SHAPE, tokenizer, 0, words_of='nowhere')
