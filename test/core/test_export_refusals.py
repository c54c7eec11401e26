# SPDX-License-Identifier: Apache-2.0
"""What is not exported, and why; the converter of a checkout of llama.cpp."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
from transformers import GPT2Config, LlamaConfig, PreTrainedTokenizerFast, Qwen2Config

from prism_core import ConfigError
from prism_core.distill.export_gguf import export_gguf
from prism_core.distill.gguf_tokenizer import find_pre_tokenizer
from prism_core.distill.gguf_weights import find_architecture
from prism_core.gguf_info import ModelMetadata

from .checkpoints import (
    LLAMA_3_ROPE,
    LLAMA_3_SPLIT,
    METADATA,
    export_some,
    learn,
    make_llama,
    make_nano,
    split_by,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """For each family its checkpoint, made once."""
    folder = tmp_path_factory.mktemp('checkpoints')
    return cache(lambda make: make(folder / make.__name__))


def test_families_and_parts_that_are_not_exported_are_refused_with_what_to_do():
    def refuse(config, name: str, sentence: str):
        config.architectures = [name]
        with pytest.raises(ConfigError, match=f'{sentence}.*prism export --llama-cpp DIR'):
            find_architecture(config)

    refuse(GPT2Config(), 'GPT2LMHeadModel', 'expected one of LlamaForCausalLM, .* got GPT2LMHead')
    refuse(LlamaConfig(hidden_act='gelu'), 'LlamaForCausalLM', 'activation silu, got gelu')
    window = Qwen2Config(use_sliding_window=True, sliding_window=8)
    refuse(window, 'Qwen2ForCausalLM', 'got a window')
    yarn = {'rope_type': 'yarn', 'rope_theta': 1e4, 'factor': 4.0}
    refuse(LlamaConfig(rope_parameters=yarn), 'LlamaForCausalLM', 'llama3, got yarn')
    scaled = Qwen2Config(rope_parameters=LLAMA_3_ROPE)
    refuse(scaled, 'Qwen2ForCausalLM', 'default, linear, got llama3')


def test_tokenizers_that_llama_cpp_has_no_name_for_are_refused_with_what_to_do():
    def refuse(tokenizer: Tokenizer, sentence: str):
        with pytest.raises(ConfigError, match=f'{sentence}.*prism export --llama-cpp DIR'):
            find_pre_tokenizer(PreTrainedTokenizerFast(tokenizer_object=tokenizer))

    digits = Tokenizer(BPE())
    digits.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel()])
    refuse(digits, "expected a tokenizer that splits text as GPT-2's")
    spaced = Tokenizer(BPE())
    spaced.pre_tokenizer = ByteLevel(add_prefix_space=True)
    refuse(spaced, 'got {"type": "ByteLevel", "add_prefix_space": true')
    refuse(Tokenizer(BPE(byte_fallback=True)), 'expected a byte-level BPE tokenizer')
    merging = learn(split_by(LLAMA_3_SPLIT), size=300)
    refuse(merging, 'expected ignore_merges to be True .* llama-bpe, got False')


def test_folders_that_hold_no_merged_checkpoint_are_refused(made, tmp_path):
    def refuse(folder: Path, sentence: str):
        with pytest.raises(ConfigError, match=sentence):
            export_some(folder, tmp_path / 'tiny.gguf')
        assert not (tmp_path / 'tiny.gguf').exists()

    empty = tmp_path / 'empty'
    empty.mkdir()
    refuse(empty, r'expected a checkpoint with its config.json, got none$')
    (empty / 'adapter_config.json').write_text('{}')
    refuse(empty, 'got none; merge the adapter first')
    folder = Path(shutil.copytree(made(make_llama), tmp_path / 'llama'))
    weights = folder / 'model.safetensors'
    weights.write_bytes(weights.read_bytes()[:-100])
    refuse(folder, r'cannot read .*model.safetensors \(.*\); save the model again')
    weights.unlink()
    refuse(folder, r'expected weights in model.safetensors, got none$')
    (folder / 'chat_template.jinja').unlink()
    refuse(folder, 'expected a chat template, got none')
    (folder / 'config.json').write_text('{')
    refuse(folder, 'cannot read the checkpoint .*llama')


def test_vocabulary_larger_than_the_embeddings_is_refused(made, tmp_path):
    folder = make_nano(tmp_path / 'nano', vocab_size=600)
    with pytest.raises(ConfigError, match=r'expected at most 600 tokens, .* got \d+; resize'):
        export_some(folder, tmp_path / 'tiny.gguf')


def test_export_without_conversations_draws_them_and_needs_to_know_of_what(made, tmp_path):
    with pytest.raises(ConfigError, match='the domain and dialect to draw some from, got neither'):
        export_gguf(made(make_nano), tmp_path / 'a.gguf', metadata=ModelMetadata('a'))


CONVERTER = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from prism_core.distill import export_gguf as e
from prism_core.gguf_info import ModelMetadata
checkpoint, _, out, _, kind = sys.argv[1:]
config, tokenizer = e.load_checkpoint(Path(checkpoint))
e._write(Path(checkpoint), Path(out), config, tokenizer, ModelMetadata('theirs'), kind.upper())
"""


@pytest.mark.slow
def test_converter_of_a_checkout_is_used_and_what_it_wrote_is_checked(made, tmp_path):
    checkout = tmp_path / 'llama.cpp'
    checkout.mkdir()
    out = tmp_path / 'out' / 'tiny.gguf'
    with pytest.raises(ConfigError, match=r'expected a checkout of llama.cpp with convert_hf_to'):
        export_some(made(make_nano), out, llama_cpp=checkout)
    script = checkout / 'convert_hf_to_gguf.py'
    script.write_text(CONVERTER.format(root=str(ROOT)))
    done = export_some(made(make_nano), out, llama_cpp=checkout)
    assert done.info.metadata == METADATA
    assert sorted(p.name for p in out.parent.iterdir()) == ['tiny.gguf', 'tiny.gguf.sha256']
    script.write_text("raise SystemExit('BPE pre-tokenizer was not recognized')")
    with pytest.raises(ConfigError, match=r'convert_hf_to_gguf.py failed: BPE pre-tokenizer was'):
        export_some(made(make_nano), tmp_path / 'other.gguf', llama_cpp=checkout)
