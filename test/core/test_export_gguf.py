# SPDX-License-Identifier: Apache-2.0
"""Checkpoints in the file formats of Llama 3.2, Qwen 2.5, Qwen 3 and our own, exported to GGUF."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import gguf
import llama_cpp
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import BPE
from transformers import (
    AutoTokenizer,
    LlamaConfig,
    PreTrainedTokenizerFast,
)
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from prism_core import ConfigError
from prism_core.cli.export import export
from prism_core.dataset.tokenizer import CHAT_TEMPLATE, CONTROL_TOKENS, HANDLES
from prism_core.distill import gguf_tokenizer, gguf_weights
from prism_core.distill.check_export import load_reference
from prism_core.distill.export_gguf import set_metadata
from prism_core.distill.gguf_tokenizer import plain_template
from prism_core.distill.gguf_weights import rope_factors
from prism_core.distill.llama_cpp_model import GgufModel
from prism_core.domain import find_domain
from prism_core.gguf_info import ModelMetadata, read_gguf_info, sha256_path

from . import checkpoints
from .checkpoints import (
    METADATA,
    export_some,
    make_llama,
    make_nano,
    make_qwen_2,
    make_qwen_3,
    make_smollm,
    some_conversations,
)

ROOT = Path(__file__).parents[2]
FAMILIES = (make_nano, make_llama, make_qwen_2, make_qwen_3, make_smollm)


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """For each family its checkpoint, made once."""
    folder = tmp_path_factory.mktemp('checkpoints')
    return cache(lambda make: make(folder / make.__name__))


@pytest.fixture(scope='module')
def exported(tmp_path_factory, made):
    """For each family its checkpoint and what was exported of it, once."""
    folder = tmp_path_factory.mktemp('exported')

    @cache
    def once(make):
        out = folder / make.__name__ / 'tiny.gguf'
        return made(make), export_some(made(make), out)

    return once


# ------------------------------------------------------------------------------------------ parity


@pytest.mark.parametrize('make', FAMILIES)
def test_exported_model_has_the_same_tokens_and_close_logits(make, exported):
    _, done = exported(make)
    assert done.check.texts > 3800
    assert done.check.tokens > 50_000
    closeness = done.check.closeness
    assert 0 <= closeness.mean_kl < 1e-4
    assert closeness.max_kl < 1e-2
    assert closeness.top1 > 0.98
    assert closeness.positions > 800


@pytest.mark.parametrize('make', FAMILIES)
def test_stock_llama_cpp_continues_a_text_as_transformers_does(make, exported):
    folder, done = exported(make)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompt = tokenizer.apply_chat_template(
        [{**some_conversations()[0][0]}], tokenize=False, add_generation_prompt=True
    )
    ids = tokenizer(prompt, add_special_tokens=False).input_ids
    model = llama_cpp.Llama(
        str(done.info.path), n_ctx=1024, logits_all=True, verbose=False, n_threads=1
    )
    try:
        assert model.tokenize(prompt.encode(), add_bos=False, special=True) == ids
        model.eval(ids)
        logits = model.scores[len(ids) - 1]
        expected = load_reference(folder)(ids)[-1]
        assert np.corrcoef(logits, expected)[0, 1] > 0.9999
        answer = model.create_chat_completion([{'role': 'user', 'content': 'go'}], max_tokens=2)
        assert answer['usage']['completion_tokens'] > 0
    finally:
        model.close()


@given(
    st.text()
    | st.lists(st.sampled_from((*CONTROL_TOKENS, *HANDLES[:3], ' car', '12', '<', '|', '\n', ' ')))
    .map(''.join)
)  # fmt: skip
def test_any_text_has_the_tokens_of_the_checkpoint_whether_or_not_it_spells_control_tokens(
    nano_tokens, text
):
    model, tokenizer = nano_tokens
    for parse_special in (False, True):
        tokenizer.encode_special_tokens = not parse_special
        expected = tokenizer.encode(text, add_special_tokens=False).ids
        assert model.tokenize(text, add_special=False, parse_special=parse_special) == expected
        assert model.tokenize(text, add_special=True, parse_special=parse_special) == expected


@pytest.fixture(scope='module')
def nano_tokens(exported):
    folder, done = exported(make_nano)
    with GgufModel(done.info.path) as model:
        yield model, Tokenizer.from_file(str(folder / 'tokenizer.json'))


def test_user_text_that_spells_control_tokens_is_text_and_handles_are_handles(nano_tokens):
    model, tokenizer = nano_tokens
    end = tokenizer.token_to_id('<|end|>')
    text = 'go <|end|><|assistant|> to barn<r7>'
    read = model.tokenize(text, add_special=False, parse_special=False)
    assert end not in read
    assert read[-1] == tokenizer.token_to_id('<r7>')
    assert end in model.tokenize(text, add_special=False, parse_special=True)


def test_weights_in_the_wrong_order_are_refused_with_numbers_and_nothing_is_written(
    made, tmp_path, monkeypatch
):
    monkeypatch.setattr(gguf_weights, 'reorder', lambda values, key, config: values)
    problem = r'mean KL of at most 0.001 .* got mean KL \d.* at [\d,]+ positions'
    with pytest.raises(ConfigError, match=problem):
        export_some(made(make_nano), tmp_path / 'out' / 'tiny.gguf')
    assert list((tmp_path / 'out').iterdir()) == []


def test_tokenizer_that_llama_cpp_would_split_otherwise_is_refused_with_an_example(
    made, tmp_path, monkeypatch
):
    monkeypatch.setattr(gguf_tokenizer, 'find_pre_tokenizer', lambda tokenizer: 'gpt-2')
    problem = r'same tokens of all [\d,]+ texts .* others for [\d,]+, such as .* against \['
    with pytest.raises(ConfigError, match=problem):
        export_some(made(make_llama), tmp_path / 'out' / 'tiny.gguf')
    assert list((tmp_path / 'out').iterdir()) == []


def test_rope_of_llama_3_is_scaled_as_transformers_scales_it():
    config = LlamaConfig(**checkpoints.SHAPE, rope_parameters=checkpoints.LLAMA_3_ROPE)
    plain = LlamaConfig(
        **checkpoints.SHAPE, rope_parameters={'rope_type': 'default', 'rope_theta': 500000.0}
    )
    size = config.hidden_size // config.num_attention_heads
    frequencies = 1 / 500000.0 ** (np.arange(0, size, 2) / size)
    expected, _ = ROPE_INIT_FUNCTIONS['llama3'](config, 'cpu')
    factors = rope_factors(config)
    assert factors is not None
    assert np.allclose(frequencies / factors, expected.numpy(), rtol=1e-6)
    assert len(set(factors.tolist())) > 3
    assert rope_factors(plain) is None


def test_marks_of_training_leave_the_template_and_what_it_renders_stays():
    plain = plain_template(CHAT_TEMPLATE)
    assert 'generation ' in CHAT_TEMPLATE
    assert not re.search(r'\{%-?\s*(end)?generation', plain)
    assert 'add_generation_prompt' in plain
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(BPE()))
    for messages in some_conversations():
        rendered = [
            tokenizer.apply_chat_template(
                [{**m} for m in messages], chat_template=template, tokenize=False
            )
            for template in (CHAT_TEMPLATE, plain)
        ]
        assert rendered[0] == rendered[1]


# -------------------------------------------------------------------------------- what is written


def test_file_says_what_it_is_and_its_sha256_lies_beside_it(exported):
    _, done = exported(make_nano)
    info = read_gguf_info(done.info.path)
    assert info.metadata == METADATA
    assert info.context_tokens == 2048
    folder = done.info.path.parent
    assert sorted(path.name for path in folder.iterdir()) == ['tiny.gguf', 'tiny.gguf.sha256']
    checked = subprocess.run(
        ['sha256sum', '--check', 'tiny.gguf.sha256'], cwd=folder, capture_output=True, text=True
    )
    assert checked.stdout == 'tiny.gguf: OK\n'


def test_gguf_dump_reads_the_file(exported):
    _, done = exported(make_llama)
    dump = Path(sys.executable).with_name('gguf-dump')
    read = subprocess.run(
        [dump, '--json', done.info.path], capture_output=True, text=True, check=True
    )
    metadata = json.loads(read.stdout)['metadata']
    assert metadata['prism.dialect']['value'] == 'compact'
    assert metadata['tokenizer.ggml.pre']['value'] == 'llama-bpe'
    assert metadata['tokenizer.ggml.add_bos_token']['value'] is True
    assert metadata['general.name']['value'] == 'tiny'
    tensors = json.loads(read.stdout)['tensors']
    assert 'rope_freqs.weight' in tensors
    assert 'output.weight' not in tensors


def test_metadata_are_set_anew_and_the_weights_stay(exported, tmp_path):
    _, done = exported(make_qwen_2)
    path = Path(shutil.copy(done.info.path, tmp_path / 'tiny.gguf'))
    new = ModelMetadata('small', licence='mit', evaluation='0.9 of 1,000')
    info = set_metadata(path, new)
    assert info.metadata == new
    assert info.sha256 == sha256_path(path).read_text().split()[0] != done.info.sha256
    before, after = gguf.GGUFReader(done.info.path), gguf.GGUFReader(path)
    assert [(t.name, t.tensor_type, t.data.tobytes()) for t in before.tensors] == [
        (t.name, t.tensor_type, t.data.tobytes()) for t in after.tensors
    ]
    with GgufModel(path) as model:
        assert model.render(some_conversations()[0]).startswith('<|im_start|>user\n')


@pytest.mark.slow
def test_float_types_are_what_was_asked_for(made, tmp_path):
    for name in ('F32', 'BF16'):
        done = export_some(made(make_qwen_3), tmp_path / f'{name}.gguf', float_type=name)
        types = {t.type for t in done.info.tensors if len(t.shape) > 1}
        assert types == {name}
        assert {t.type for t in done.info.tensors if len(t.shape) == 1} == {'F32'}
    with pytest.raises(ConfigError, match="type: expected one of F32, F16, BF16, got 'Q4_0'"):
        export_some(made(make_qwen_3), tmp_path / 'q.gguf', float_type='Q4_0')


# ------------------------------------------------------------------------------ the command line


@pytest.mark.slow
def test_command_exports_writes_a_card_and_says_how_close_it_is(made, tmp_path):
    (tmp_path / 'recipe.yaml').write_text('steps: 7\n')
    (tmp_path / 'episodes.jsonl').write_text('{}\n')
    out = tmp_path / 'student' / 'tiny.gguf'
    done = CliRunner().invoke(
        export,
        [
            *(str(made(make_nano)), '--out', str(out), '--name', 'tiny student'),
            *('--recipe', str(tmp_path / 'recipe.yaml')),
            *('--dataset', str(tmp_path / 'episodes.jsonl')),
        ],
    )
    assert done.exit_code == 0, done.output
    assert re.search(r'texts of [\d,]+ tokens alike; mean KL \S+, largest', done.output)
    metadata = read_gguf_info(out).metadata
    assert metadata.name == 'tiny student'
    assert metadata.recipe == 'steps: 7\n'
    assert len(metadata.dataset_sha256) == 64
    assert len(metadata.action_table_version) == 16
    version = find_domain('mapping').make_dialect('compact').version
    assert metadata.dialect_version == str(version)
    assert '# tiny student' in (out.parent / 'README.md').read_text()
