# SPDX-License-Identifier: Apache-2.0
"""An adapter that goes on from the weights of another."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('peft')

from prism_core.distill.models import load_adapter_start, load_base, prepare_base  # noqa: E402
from prism_core.distill.train import train  # noqa: E402
from prism_core.errors import ConfigError  # noqa: E402

from .checkpoints import make_llama  # noqa: E402
from .students import config_of, lora_recipe, write_dataset  # noqa: E402


@pytest.fixture(scope='module')
def llama(tmp_path_factory):
    return make_llama(tmp_path_factory.mktemp('llama'))


@pytest.fixture(scope='module')
def begun(llama, tmp_path_factory):
    """A run of an adapter: the data, the recipe, and its folder."""
    data, out = write_dataset(tmp_path_factory.mktemp('data')), tmp_path_factory.mktemp('begun')
    recipe = lora_recipe(llama, adapter={'rank': 4}, batch={'tokens': 1000}, tokens=3_000)
    train(data, out, config_of(recipe))
    return data, recipe, out / 'last'


def adapted(llama, rank=4):
    config = config_of(lora_recipe(llama, adapter={'rank': rank})).adapter
    model = load_base(str(llama), dtype=torch.float32)
    return prepare_base(model, config, gradient_checkpointing=False)


def weights(model):
    return {name: value for name, value in model.named_parameters() if 'lora_B' in name}


def test_it_begins_with_the_weights_that_the_other_came_to(llama, begun):
    model = adapted(llama)
    assert all(not value.any() for value in weights(model).values())
    load_adapter_start(model, str(begun[2]))
    assert all(value.any() for value in weights(model).values())


def test_a_run_that_goes_on_begins_at_the_loss_where_the_other_stopped(begun, tmp_path):
    data, recipe, start = begun
    config = replace(config_of(recipe), start=str(start), tokens=1_000)
    done = train(data, tmp_path / 'on', config)
    anew = train(data, tmp_path / 'anew', replace(config, start=''))
    assert done.best['eval_loss'] < anew.best['eval_loss']


def test_an_adapter_of_another_rank_and_a_folder_without_one_are_refused(llama, begun, tmp_path):
    with pytest.raises(ConfigError, match='an adapter'):
        load_adapter_start(adapted(llama, rank=2), str(begun[2]))
    with pytest.raises(ConfigError, match='expected an adapter of this shape'):
        load_adapter_start(adapted(llama), str(tmp_path))


def test_all_of_a_base_begins_with_the_base_itself(llama):
    with pytest.raises(ConfigError, match='start: expected a nano or an adapter'):
        config_of(lora_recipe(llama, adapter={'method': 'full'}, start='x'))
