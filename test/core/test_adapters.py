# SPDX-License-Identifier: Apache-2.0
"""One base with several LoRA adapters: what it computes, and what of a prompt is read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from prism_core import ConfigError, PlannerError, UnknownAdapter
from prism_core.inference.local.adapter_states import AdapterStates
from prism_core.inference.local.llama_cpp import LlamaCppModel
from prism_core.inference.local.local_model import LocalModel

from .test_llama_cpp import encode
from .tiny_adapters import TinyAdapter, write_adapter
from .tiny_gguf import WIDTH, ask, conversations_of, nano_tokenizer, write_gguf

TILT = 8.0  # no two tokens are nearly alike
PROMPTS = [case[3] for case in conversations_of(range(2))][:6]
NAMES = ('', 'depot', 'kitchen')


@pytest.fixture(scope='module')
def base(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('models') / 'base.gguf'
    return write_gguf(path, nano_tokenizer(), tilt=TILT)


@pytest.fixture(scope='module')
def adapters(base) -> dict[str, TinyAdapter]:
    folder = base.parent
    return {
        name: write_adapter(folder / f'{name}.gguf', base, seed=seed)
        for seed, name in enumerate(NAMES[1:], 1)
    }


@pytest.fixture
def model(base, adapters) -> Iterator[LlamaCppModel]:
    model = open_model(base, adapters)
    yield model
    model.close()


def open_model(base: Path, adapters: dict[str, TinyAdapter]) -> LlamaCppModel:
    files = {name: adapter.path for name, adapter in adapters.items()}
    return LlamaCppModel(base, threads=1, adapters=files)


def logits_of(model: LocalModel, tokens: list[int], adapter: str = '') -> np.ndarray:
    backend = model._open_backend()
    model._switch(backend, adapter)
    model._held = []
    backend.keep(0)
    return backend.read(tokens[:200]).copy()


def test_an_adapter_computes_what_its_base_does_with_the_weights_merged(
    base, adapters, model, tmp_path
):
    tokens = encode(model, PROMPTS[0])
    for name, adapter in adapters.items():
        path = tmp_path / f'{name}.gguf'
        write_gguf(path, nano_tokenizer(), tilt=TILT, changes=adapter.changes)
        merged = LlamaCppModel(path, threads=1)
        expected, alone = logits_of(merged, tokens), logits_of(model, tokens)
        merged.close()
        assert np.allclose(logits_of(model, tokens, name), expected, atol=TILT * 2e-3)
        assert np.abs(alone - expected).max() > TILT


def test_switching_back_and_forth_says_what_fresh_models_say(base, adapters, model):
    for prompt in PROMPTS[:2]:
        fresh = {}
        for name in NAMES:
            alone = open_model(base, {name: adapters[name]} if name else {})
            fresh[name] = alone.complete(prompt, adapter=name, max_new_tokens=24)
            alone.close()
        assert len(set(fresh.values())) == len(NAMES)
        for name in (*NAMES, *reversed(NAMES), 'kitchen', 'depot', ''):
            assert model.complete(prompt, adapter=name, max_new_tokens=24) == fresh[name]


def test_what_was_read_under_one_adapter_is_read_again_under_another_and_kept_for_the_first(model):
    prompt = PROMPTS[0]
    for name in NAMES:
        model.complete(prompt, adapter=name, max_new_tokens=1)
        assert model.stats.kept_tokens == 0, name
    for name in NAMES:
        model.complete(prompt, adapter=name, max_new_tokens=1)
        assert model.stats.read_tokens == 1, name


def test_scores_are_those_of_the_adapter_that_is_named(base, adapters, model):
    texts = ['answer yes', 'answer no', 'goto yard']
    for name in ('depot', '', 'kitchen', 'depot'):
        alone = open_model(base, adapters)
        expected = [one.log_probability for one in alone.score(PROMPTS[0], texts, adapter=name)]
        alone.close()
        found = [one.log_probability for one in model.score(PROMPTS[0], texts, adapter=name)]
        assert np.allclose(found, expected, atol=1e-2), name
    model.complete(PROMPTS[0], adapter='depot', max_new_tokens=1)
    assert model.stats.kept_tokens > 0


def test_an_adapter_that_there_is_not_is_named_and_costs_nothing(model):
    model.complete(PROMPTS[0], adapter='depot', max_new_tokens=1)
    with pytest.raises(UnknownAdapter, match="no adapter 'attic'; expected 'depot' or 'kitchen'"):
        model.complete(PROMPTS[0], adapter='attic')
    model.complete(PROMPTS[0], adapter='depot', max_new_tokens=1)
    assert model.stats.read_tokens == 1


def test_after_a_switch_that_fails_nothing_that_was_read_is_believed(model, monkeypatch):
    backend = model._open_backend()
    expected = model.complete(PROMPTS[0], adapter='depot', max_new_tokens=8)
    whole = type(backend).switch
    model.complete(PROMPTS[0], max_new_tokens=1)

    def fail(adapter, state):
        whole(backend, adapter, None)
        raise PlannerError('the backend failed')

    monkeypatch.setattr(backend, 'switch', fail)
    with pytest.raises(PlannerError, match='the backend failed'):
        model.complete(PROMPTS[0], adapter='depot', max_new_tokens=1)
    monkeypatch.undo()
    assert model.complete(PROMPTS[0], adapter='depot', max_new_tokens=8) == expected
    assert model.stats.kept_tokens == 0


def test_states_of_all_adapters_together_are_of_no_more_tokens_than_the_context():
    states = AdapterStates(100)
    states.put('depot', [1] * 60, 'read under depot')
    states.put('kitchen', [2] * 40, 'read under kitchen')
    assert states.take('depot') == ([1] * 60, 'read under depot')
    assert states.take('depot') == ([], None)
    states.put('attic', [3] * 61, 'read under attic')
    assert states.take('kitchen') == ([], None)
    assert states.take('attic')[1] == 'read under attic'


def test_a_prompt_that_does_not_fit_leaves_what_was_read_under_each_adapter(model):
    model.complete(PROMPTS[0], adapter='depot', max_new_tokens=1)
    with pytest.raises(PlannerError, match='expected a prompt of at most'):
        model.complete(ask('in yard ' * 5000), adapter='kitchen')
    model.complete(PROMPTS[0], adapter='depot', max_new_tokens=1)
    assert model.stats.read_tokens == 1


def test_a_model_without_adapters_says_so(base):
    model = LlamaCppModel(base, threads=1)
    with pytest.raises(UnknownAdapter, match="no adapter 'depot'; expected none"):
        model.complete(PROMPTS[0], adapter='depot')
    model.close()


@pytest.mark.parametrize('is_model', [True, False])
def test_a_file_that_is_no_adapter_of_the_model_is_named(base, tmp_path, is_model):
    path = base
    if not is_model:  # of another width
        wide = write_gguf(tmp_path / 'wide.gguf', nano_tokenizer(), width=2 * WIDTH)
        path = write_adapter(tmp_path / 'of_another.gguf', wide).path
    with pytest.raises(ConfigError, match=f'expected a LoRA adapter .*, got .*{path.name}'):
        LlamaCppModel(base, threads=1, adapters={'depot': path})
