# SPDX-License-Identifier: Apache-2.0
"""An adapter put into its base: the same replies, whole or not at all."""

from __future__ import annotations

import json
import shutil

import pytest

torch = pytest.importorskip('torch')
peft = pytest.importorskip('peft')

from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

from prism_core.dataset.run_folder import read_recipe  # noqa: E402
from prism_core.distill import merge as merge_module  # noqa: E402
from prism_core.distill.folders import restore_folder, written_whole  # noqa: E402
from prism_core.distill.merge import merge  # noqa: E402
from prism_core.errors import ConfigError  # noqa: E402

from .checkpoints import make_llama, make_qwen_2, make_qwen_3  # noqa: E402

TARGETS = ['q_proj', 'v_proj', 'down_proj']


def make_adapter(folder, base, **settings):
    """An adapter whose matrices are all random."""
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    model = peft.get_peft_model(
        model,
        peft.LoraConfig(task_type='CAUSAL_LM', r=4, **{'target_modules': TARGETS, **settings}),
    )
    with torch.no_grad():
        for name, values in model.named_parameters():
            if 'lora_' in name:
                values.normal_(0, 0.1)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return model.eval()


@pytest.fixture(scope='module')
def llama(tmp_path_factory):
    return make_llama(tmp_path_factory.mktemp('llama'))


@pytest.fixture
def adapter(llama, tmp_path):
    make_adapter(tmp_path / 'adapter', llama)
    return tmp_path / 'adapter'


def logits_of(model):
    ids = torch.arange(5, 55)[None]
    with torch.no_grad():
        return model(ids).logits


@pytest.mark.parametrize('make', [make_llama, make_qwen_2, make_qwen_3])
@pytest.mark.parametrize('settings', [{}, {'use_dora': True}, {'use_rslora': True}], ids=str)
def test_merged_model_answers_as_base_and_adapter_do(tmp_path, make, settings):
    base = make(tmp_path / 'base')
    adapted = make_adapter(tmp_path / 'adapter', base, **settings)
    merge(tmp_path / 'adapter', tmp_path / 'merged', dtype='fp32')
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / 'merged').eval()
    expected = logits_of(adapted)
    assert torch.allclose(logits_of(merged), expected, atol=2e-4)
    plain = logits_of(AutoModelForCausalLM.from_pretrained(base).eval())
    assert (plain - expected).abs().max() > 0.05


def test_merged_model_is_stored_in_bf16_unless_told_otherwise(adapter, tmp_path):
    merge(adapter, tmp_path / 'merged')
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / 'merged')
    assert merged.dtype == torch.bfloat16
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / 'merged')
    assert tokenizer.chat_template == AutoTokenizer.from_pretrained(adapter).chat_template
    recipe = read_recipe(tmp_path / 'merged')
    assert recipe['stage'] == 'merge'
    assert len(recipe['adapter_sha256']) == 64


def test_merge_can_be_imported_and_takes_the_run_folder(adapter, tmp_path):
    (tmp_path / 'run').mkdir()
    adapter.rename(tmp_path / 'run' / 'best')
    merge_module.merge(tmp_path / 'run', tmp_path / 'merged')
    assert (tmp_path / 'merged' / 'model.safetensors').exists()


def test_base_may_lie_elsewhere(llama, adapter, tmp_path):
    settings = json.loads((adapter / 'adapter_config.json').read_text('utf-8'))
    settings['base_model_name_or_path'] = '/gone'
    (adapter / 'adapter_config.json').write_text(json.dumps(settings), 'utf-8')
    with pytest.raises(ConfigError, match="got '/gone'"):
        merge(adapter, tmp_path / 'merged')
    merge(adapter, tmp_path / 'merged', base=str(llama))


def test_merge_again_replaces_and_other_folders_are_left_alone(adapter, tmp_path):
    out = tmp_path / 'merged'
    merge(adapter, out)
    merge(adapter, out, dtype='fp32')
    assert AutoModelForCausalLM.from_pretrained(out).dtype == torch.float32
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine' / 'thesis.tex').write_text('words')
    with pytest.raises(ConfigError, match='holds something that is no merged model'):
        merge(adapter, tmp_path / 'mine')
    assert (tmp_path / 'mine' / 'thesis.tex').read_text() == 'words'


def test_failed_merge_leaves_what_was_there(adapter, tmp_path, monkeypatch):
    out = tmp_path / 'merged'
    merge(adapter, out)
    before = (out / 'model.safetensors').read_bytes()

    def fail(*_, **__):
        raise OSError('disk full')

    monkeypatch.setattr('transformers.PreTrainedModel.save_pretrained', fail)
    with pytest.raises(OSError, match='disk full'):
        merge(adapter, out, dtype='fp32')
    assert (out / 'model.safetensors').read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {'adapter', 'merged'}


def test_what_a_killed_process_left_is_put_right(tmp_path):
    path = tmp_path / 'best'
    with written_whole(path) as draft:
        (draft / 'a').write_text('one')
    path.rename(tmp_path / '.best.old')  # killed between the two renames
    (tmp_path / '.best.draft').mkdir()
    restore_folder(path)
    assert (path / 'a').read_text() == 'one'
    assert [p.name for p in tmp_path.iterdir()] == ['best']


# --------------------------------------------------------------------------------- what is refused


def test_whole_model_needs_no_merging(llama, tmp_path):
    with pytest.raises(ConfigError, match='got a whole model, which needs no merging'):
        merge(llama, tmp_path / 'merged')


def test_folder_without_an_adapter_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r'expected an adapter in .*`prism train` writes one'):
        merge(tmp_path, tmp_path / 'merged')


def test_adapter_of_another_base_is_refused(adapter, tmp_path):
    other = make_llama(tmp_path / 'other', hidden_size=64)
    with pytest.raises(ConfigError, match=r'expected a base that the adapter .* was trained on'):
        merge(adapter, tmp_path / 'merged', base=str(other))
    shallow = make_llama(tmp_path / 'shallow', num_hidden_layers=1)
    with pytest.raises(ConfigError, match=r'which lacks .*layers\.1'):
        merge(adapter, tmp_path / 'merged', base=str(shallow))
    assert not (tmp_path / 'merged').exists()


def test_quantised_base_is_refused(llama, adapter, tmp_path):
    base = tmp_path / 'base'
    shutil.copytree(llama, base)
    config = json.loads((base / 'config.json').read_text('utf-8'))
    config['quantization_config'] = {'quant_method': 'bitsandbytes', 'load_in_4bit': True}
    (base / 'config.json').write_text(json.dumps(config), 'utf-8')
    with pytest.raises(ConfigError, match='expected a base in 16 or 32 bits'):
        merge(adapter, tmp_path / 'merged', base=str(base))


def test_other_kinds_of_adapters_and_broken_weights_are_refused(adapter, tmp_path):
    path = adapter / 'adapter_config.json'
    settings = json.loads(path.read_text('utf-8'))
    path.write_text(json.dumps({**settings, 'peft_type': 'IA3'}), 'utf-8')
    with pytest.raises(ConfigError, match=r"adapter of type LORA .* got 'IA3'"):
        merge(adapter, tmp_path / 'merged')
    path.write_text('{', 'utf-8')
    with pytest.raises(ConfigError, match=r'adapter_config\.json: expected JSON'):
        merge(adapter, tmp_path / 'merged')
    path.write_text(json.dumps(settings), 'utf-8')
    weights = adapter / 'adapter_model.safetensors'
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ConfigError, match=r'adapter_model\.safetensors, which cannot be read'):
        merge(adapter, tmp_path / 'merged')


def test_base_that_was_cut_off_is_refused(llama, adapter, tmp_path):
    base = tmp_path / 'base'
    shutil.copytree(llama, base)
    weights = base / 'model.safetensors'
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ConfigError, match=f'a causal language model in {base}, which cannot be'):
        merge(adapter, tmp_path / 'merged', base=str(base))
