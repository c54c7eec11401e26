# SPDX-License-Identifier: Apache-2.0
"""Adapted layers in fewer steps: the results and the gradients of PEFT's own."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip('torch')
peft = pytest.importorskip('peft')

from transformers import AutoModelForCausalLM  # noqa: E402

from prism_core.distill.config import LINEAR_LAYERS, AdapterConfig  # noqa: E402
from prism_core.distill.fast_lora import speed_up  # noqa: E402
from prism_core.distill.models import prepare_base  # noqa: E402

from .checkpoints import make_llama  # noqa: E402


@pytest.fixture(scope='module')
def base(tmp_path_factory):
    folder = make_llama(tmp_path_factory.mktemp('llama'))
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def adapt(base, **settings):
    torch.manual_seed(7)
    lora = peft.LoraConfig(
        task_type='CAUSAL_LM', r=4, target_modules=list(LINEAR_LAYERS), **settings
    )
    model = peft.get_peft_model(copy.deepcopy(base), lora)
    for name, weight in model.named_parameters():
        if 'lora_B' in name:
            torch.nn.init.normal_(weight, 0, 0.1)
    return model


def run(model):
    loss = model(torch.arange(5, 65).view(2, 30)).logits.square().mean()
    loss.backward()
    return loss.item(), {n: p.grad for n, p in model.named_parameters() if p.requires_grad}


@pytest.mark.parametrize('settings', [{}, {'lora_alpha': 32}, {'use_rslora': True}], ids=str)
def test_results_and_gradients_are_those_of_peft(base, settings):
    plain, fast = adapt(base, **settings), adapt(base, **settings)
    speed_up(fast, AdapterConfig(rank=4))
    (loss, grads), (fast_loss, fast_grads) = run(plain), run(fast)
    assert fast_loss == pytest.approx(loss, rel=1e-5)
    for name, grad in grads.items():
        assert torch.allclose(fast_grads[name], grad, rtol=1e-3, atol=1e-5 * grad.abs().max()), name


def test_in_bfloat16_the_adapter_stays_in_float32_and_comes_close(base):
    plain, fast = adapt(base), adapt(copy.deepcopy(base).bfloat16())
    speed_up(fast, AdapterConfig(rank=4))
    (loss, grads), (fast_loss, fast_grads) = run(plain), run(fast)
    assert fast_loss == pytest.approx(loss, rel=0.05)
    for name, grad in grads.items():
        assert fast_grads[name].dtype == torch.float32
        alike = torch.cosine_similarity(fast_grads[name].flatten(), grad.flatten(), dim=0)
        assert alike > 0.98, name


def test_linear_trains_the_targets_and_nothing_else(base):
    model = prepare_base(
        copy.deepcopy(base),
        AdapterConfig(method='linear', targets=('up_proj',)),
        gradient_checkpointing=False,
    )
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    assert len(trained) == 2
    assert all('up_proj' in name for name in trained)
