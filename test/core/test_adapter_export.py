# SPDX-License-Identifier: Apache-2.0
"""Adapters as files of llama.cpp: the same replies as in transformers, on the same base."""

from __future__ import annotations

import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('peft')
pytest.importorskip('llama_cpp')

from safetensors.torch import load_file  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

from prism_core.distill.adapter_gguf import read_adapter  # noqa: E402
from prism_core.distill.base_folder import BASE_GGUF  # noqa: E402
from prism_core.distill.export_adapter import export_adapter  # noqa: E402
from prism_core.distill.extract import extract  # noqa: E402
from prism_core.errors import ConfigError  # noqa: E402
from prism_core.gguf_info import read_gguf_info  # noqa: E402
from prism_core.inference.local.adapter_file import read_adapters  # noqa: E402

from .checkpoints import (  # noqa: E402
    METADATA,
    export_some,
    make_llama,
    make_qwen_2,
    make_qwen_3,
    some_conversations,
)
from .test_merge import make_adapter  # noqa: E402


def with_file(base):
    """A base with its file beside it."""
    export_some(base, base / BASE_GGUF, float_type='F32')
    return base


@pytest.fixture(scope='module')
def llama(tmp_path_factory):
    return with_file(make_llama(tmp_path_factory.mktemp('llama')))


def export(adapter, out, **given):
    return export_adapter(
        adapter, out, metadata=METADATA, conversations=some_conversations(), **given
    )


@pytest.mark.parametrize('make', [make_llama, make_qwen_2, make_qwen_3])
@pytest.mark.parametrize('settings', [{}, {'use_rslora': True, 'lora_alpha': 3}], ids=str)
def test_base_and_adapter_answer_in_llama_cpp_as_in_transformers(tmp_path, make, settings):
    base = with_file(make(tmp_path / 'base'))
    targets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']
    make_adapter(tmp_path / 'adapter', base, **{'target_modules': targets, **settings})
    done = export(tmp_path / 'adapter', tmp_path / 'a.gguf')
    assert done.closeness.mean_kl < 1e-4
    assert len(done.info.tensors) == 2 * 2 * len(targets)


def test_training_goes_on_from_the_file_as_from_the_adapter_that_it_was_made_of(llama, tmp_path):
    make_adapter(tmp_path / 'adapter', llama)
    export(tmp_path / 'adapter', tmp_path / 'a.gguf')
    given = load_file(tmp_path / 'adapter' / 'adapter_model.safetensors')
    config = AutoModelForCausalLM.from_pretrained(llama).config
    read = read_adapter(tmp_path / 'a.gguf', given, config)
    assert read.keys() == given.keys()
    for name, values in given.items():
        assert torch.allclose(read[name], values, rtol=1e-3, atol=1e-4), name
    with pytest.raises(ConfigError, match='start: expected an adapter with the matrices'):
        read_adapter(tmp_path / 'a.gguf', list(given)[1:], config)


def test_the_robot_takes_the_file_with_its_base(llama, tmp_path):
    make_adapter(tmp_path / 'adapter', llama)
    done = export(tmp_path / 'adapter', tmp_path / 'a.gguf')
    (adapter,) = read_adapters([str(tmp_path / 'a.gguf')], read_gguf_info(llama / BASE_GGUF))
    metadata = adapter.info.metadata
    assert metadata.base_sha256 == read_gguf_info(llama / BASE_GGUF).sha256
    assert (metadata.domain, metadata.dialect) == (METADATA.domain, METADATA.dialect)
    assert done.info.sha256


def test_what_gguf_cannot_hold_is_refused(llama, tmp_path):
    make_adapter(tmp_path / 'adapter', llama, use_dora=True)
    with pytest.raises(ConfigError, match=r'matrices of LoRA alone, got .*prism merge'):
        export(tmp_path / 'adapter', tmp_path / 'a.gguf')
    assert not (tmp_path / 'a.gguf').exists()


def test_a_base_without_its_file_is_an_error_that_says_how_to_make_it(llama, tmp_path):
    base = make_llama(tmp_path / 'base')
    make_adapter(tmp_path / 'adapter', base)
    with pytest.raises(ConfigError, match=r'base.gguf, got .*prism export FOLDER --out'):
        export(tmp_path / 'adapter', tmp_path / 'a.gguf')


# ------------------------------------------------------------------------ of a wholly tuned model


def tune(base, out, changed, rank):
    """A base with a change of some rank in the matrices whose name has a word in it."""
    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if changed in name:
                rows, columns = (*weight.shape, 1)[:2]
                change = torch.randn(rows, rank) @ torch.randn(rank, columns)
                weight += 0.05 * change.reshape(weight.shape)
    model.save_pretrained(out)
    AutoTokenizer.from_pretrained(base).save_pretrained(out)


def test_a_change_of_low_rank_is_kept_whole(llama, tmp_path):
    tune(llama, tmp_path / 'tuned', '_proj', rank=2)
    done = extract(tmp_path / 'tuned', tmp_path / 'adapter', base=llama, rank=2)
    assert done.kept == pytest.approx(1.0, abs=1e-5)
    export(tmp_path / 'adapter', tmp_path / 'a.gguf')
    weights = load_file(tmp_path / 'adapter' / 'adapter_model.safetensors')
    module = 'model.layers.1.self_attn.q_proj'
    made = (
        weights[f'base_model.model.{module}.lora_B.weight']
        @ (weights[f'base_model.model.{module}.lora_A.weight'])
    )
    first, tuned = (
        AutoModelForCausalLM.from_pretrained(folder).get_submodule(module).weight
        for folder in (llama, tmp_path / 'tuned')
    )
    assert torch.allclose(first + made, tuned, atol=1e-4)


def test_of_a_change_of_higher_rank_a_part_is_kept(llama, tmp_path):
    tune(llama, tmp_path / 'tuned', 'up_proj', rank=8)
    done = extract(tmp_path / 'tuned', tmp_path / 'adapter', base=llama, rank=4)
    assert done.matrices == 2
    assert 0.5 < done.kept < 0.95


def test_a_change_that_no_adapter_holds_is_refused(llama, tmp_path):
    tune(llama, tmp_path / 'tuned', 'norm', rank=1)
    with pytest.raises(ConfigError, match=r'norm.*no adapter holds; train with --method linear'):
        extract(tmp_path / 'tuned', tmp_path / 'adapter', base=llama)
