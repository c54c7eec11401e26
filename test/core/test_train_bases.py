# SPDX-License-Identifier: Apache-2.0
"""Training of pretrained bases: LoRA and its kin, on a small checkpoint of Llama 3.2's format."""

from __future__ import annotations

import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('transformers')

from prism_core.distill.train import train  # noqa: E402
from prism_core.errors import ConfigError  # noqa: E402

from .checkpoints import make_llama  # noqa: E402
from .students import (  # noqa: E402
    assert_equal,
    config_of,
    lora_recipe,
    nano_recipe,
    weights_of,
    write_dataset,
)


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp('data'))


@pytest.fixture(scope='module')
def llama(tmp_path_factory):
    return make_llama(tmp_path_factory.mktemp('llama'))


def test_mistyped_target_is_an_error_that_lists_what_there_is(data, llama, tmp_path):
    recipe = lora_recipe(llama, adapter={'targets': ['q_pror', 'k_proj']})
    names = 'down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj'
    with pytest.raises(ConfigError, match=f"expected some of {names}, .* got 'q_pror'"):
        train(data, tmp_path, config_of(recipe))


def test_lora_trains_matrices_of_all_targets_and_nothing_else(data, llama, tmp_path):
    recipe = lora_recipe(llama, tokens=4_000)
    done = train(data, tmp_path, config_of(recipe))
    names = weights_of(tmp_path / 'last')
    assert all('lora_' in name for name in names)
    for target in ('q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'):
        changed = [w for n, w in names.items() if f'{target}.lora_B' in n]
        assert len(changed) == 2
        assert all(weight.abs().max() > 0 for weight in changed)
    assert done.trained_parameters == sum(w.numel() for w in names.values()) < done.parameters


@pytest.mark.parametrize('method', ['dora', 'full'])
def test_dora_and_full_train_too(data, llama, tmp_path, method):
    adapter = {'method': method, 'rank': 4}
    recipe = lora_recipe(llama, adapter=adapter, tokens=3_000)
    train(data, tmp_path, config_of(recipe))
    names = weights_of(tmp_path / 'last')
    assert any('magnitude' in name for name in names) == (method == 'dora')
    assert any('lora' in name for name in names) == (method == 'dora')


def test_gradient_checkpointing_changes_nothing(data, llama, tmp_path):
    for name, on in (('with', True), ('without', False)):
        settings = {'tokens': 3_000, 'gradient_checkpointing': on}
        train(data, tmp_path / name, config_of(lora_recipe(llama, **settings)))
    assert_equal(tmp_path / 'with' / 'last', tmp_path / 'without' / 'last', 1e-5)


@pytest.mark.skipif(torch.cuda.is_available(), reason='this machine may have what is missing')
def test_qlora_is_refused_with_what_is_missing(data, llama, tmp_path):
    recipe = lora_recipe(llama, adapter={'method': 'qlora'})
    with pytest.raises(ConfigError, match=r'CUDA and bitsandbytes for qlora, .*without CUDA'):
        train(data, tmp_path, config_of(recipe))


def test_bf16_is_refused_where_there_is_none(data, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(torch.cpu, 'get_capabilities', dict)
    with pytest.raises(ConfigError, match='expected a GPU or a processor with bfloat16, got none'):
        train(data, tmp_path, config_of(nano_recipe(bf16='yes')))


def test_base_is_not_fetched_unless_told_to(data, tmp_path, monkeypatch):
    monkeypatch.setenv('HF_HUB_CACHE', str(tmp_path / 'cache'))
    recipe = {**lora_recipe(tmp_path), 'base': 'nobody/no-such-model'}
    with pytest.raises(ConfigError, match=r"got 'nobody/no-such-model', .*--allow-download"):
        train(data, tmp_path / 'out', config_of(recipe))
