# SPDX-License-Identifier: Apache-2.0
"""Training: real steps of small models, on real data."""

from __future__ import annotations

import itertools
import json
import sys

import pytest

torch = pytest.importorskip('torch')
transformers = pytest.importorskip('transformers')

import numpy as np  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

from prism_core.dataset.run_folder import read_recipe  # noqa: E402
from prism_core.distill.batches import pack_samples, pad_samples  # noqa: E402
from prism_core.distill.callbacks import last_checkpoint  # noqa: E402
from prism_core.distill.loss import count_hits, token_losses  # noqa: E402
from prism_core.distill.models import make_nano  # noqa: E402
from prism_core.distill.train import train  # noqa: E402
from prism_core.errors import ConfigError  # noqa: E402

from .checkpoints import make_llama, make_qwen_2  # noqa: E402
from .students import TINY, assert_equal, config_of, lora_recipe, nano_recipe, write_dataset  # noqa: E402


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp('data'))


@pytest.fixture(scope='module')
def llama(tmp_path_factory):
    return make_llama(tmp_path_factory.mktemp('llama'))


@pytest.fixture(scope='module')
def run(data, tmp_path_factory):
    """A whole run of a nano: its folder, what it reported and what it told on the way."""
    out, told = tmp_path_factory.mktemp('run'), []
    done = train(data, out, config_of(nano_recipe()), on_progress=told.append)
    return out, done, told


def log_of(out) -> list[dict]:
    return [json.loads(line) for line in (out / 'log.jsonl').read_text('utf-8').splitlines()]


def tiny_model(data, seed=0):
    tokenizer = AutoTokenizer.from_pretrained(data / 'tokenizer')
    return make_nano(config_of(nano_recipe()).nano, tokenizer, seed).eval()


# ------------------------------------------------------------------------------------------ a run


def test_loss_falls_and_progress_tells_speed_and_time_left(run):
    out, done, told = run
    losses = [line['loss'] for line in log_of(out) if 'loss' in line]
    assert len(losses) == done.steps
    assert np.mean(losses[-2:]) < np.mean(losses[:2]) - 0.5
    assert told[-1].step == told[-1].steps == done.steps
    assert told[-1].left_s == 0 < told[0].left_s
    assert all(one.tokens_per_s > 0 for one in told)
    assert told[-1].tokens == done.tokens >= 18_000


def test_final_and_best_model_are_saved_where_out_says(run, data):
    out, done, _ = run
    for name in ('best', 'last'):
        model = AutoModelForCausalLM.from_pretrained(out / name)
        assert model.config.hidden_size == TINY['width']
        stored = (out / name / 'tokenizer.json').read_bytes()
        assert stored == (data / 'tokenizer' / 'tokenizer.json').read_bytes()
    assert not list((out / 'best').glob('*.bin'))
    assert {path.name for path in (out / 'checkpoints').iterdir()} == {f'checkpoint-{done.steps}'}


def test_validation_runs_at_every_interval_and_the_best_is_kept(run):
    out, done, _ = run
    valid = {line['step']: line for line in log_of(out) if 'eval_loss' in line}
    assert list(valid) == [*range(4, done.steps, 4), done.steps]
    best = min(valid.values(), key=lambda line: line['eval_loss'])
    score = json.loads((out / 'best' / 'score.json').read_text('utf-8'))
    assert score['step'] == best['step'] == done.best['step']
    assert score['eval_loss'] == best['eval_loss']
    for line in valid.values():
        assert 0 <= line['eval_handle_accuracy'] <= 1
        assert 0 <= line['eval_sample_accuracy'] <= 1


def test_validation_looks_at_the_model_that_is_trained_and_loads_no_other(
    data, tmp_path, monkeypatch
):
    loaded, looked_at = [], set()
    load = AutoModelForCausalLM.from_pretrained.__func__
    monkeypatch.setattr(
        AutoModelForCausalLM,
        'from_pretrained',
        classmethod(lambda kind, *a, **k: loaded.append(a) or load(kind, *a, **k)),
    )

    def smoke(model, tokenizer):
        looked_at.add(id(model))
        assert {weight.dtype for weight in model.parameters()} == {torch.float32}
        return {'success': 0.0}

    recipe = lora_recipe(make_llama(tmp_path / 'llama'), eval_every=1, tokens=9_000)
    done = train(data, tmp_path / 'out', config_of(recipe), smoke=smoke)
    assert done.steps >= 3
    assert len(loaded) == len(looked_at) == 1


def test_best_is_not_replaced_by_a_worse_model(data, tmp_path):
    # A rate so high that the model is spoiled after its first steps.
    optimizer = {'learning_rate': 0.02, 'warmup_steps': 0, 'decay_from': 1.0}
    config = config_of(nano_recipe(eval_every=1, tokens=18_000, optimizer=optimizer))
    smokes = iter([{'success': n / 10} for n in range(100)])
    train(data, tmp_path / 'good', config, smoke=lambda model, tokenizer: next(smokes))
    losses = [line['eval_loss'] for line in log_of(tmp_path / 'good') if 'eval_loss' in line]
    best = json.loads((tmp_path / 'good' / 'best' / 'score.json').read_text('utf-8'))
    assert best['eval_loss'] == min(losses)
    assert best['eval_success'] == losses.index(min(losses)) / 10


def test_best_may_be_known_by_another_figure(data, tmp_path):
    successes = itertools.chain([0.1, 0.7, 0.3, 0.7], itertools.repeat(0.2))
    config = config_of(nano_recipe(eval_every=1, tokens=12_000, best_by='success'))
    train(data, tmp_path, config, smoke=lambda model, tokenizer: {'success': next(successes)})
    assert json.loads((tmp_path / 'best' / 'score.json').read_text('utf-8'))['step'] == 2


def test_unknown_figure_is_refused_with_those_that_there_are(data, tmp_path):
    config = config_of(nano_recipe(eval_every=1, tokens=3_000, best_by='bleu'))
    with pytest.raises(ConfigError, match=r"one of loss, handle_accuracy, .* got 'bleu'"):
        train(data, tmp_path, config)


def test_recipe_says_what_was_read_with_which_versions(run, data):
    recipe = read_recipe(run[0])
    assert recipe['config']['seed'] == 0
    assert recipe['data']['form'] == 'shards'
    assert len(recipe['data']['sha256']['shards/train/tokens.bin']) == 64
    assert recipe['versions']['torch'] == torch.__version__


def test_same_seed_gives_the_same_model_and_another_seed_another(data, run, tmp_path):
    config = config_of(nano_recipe())
    train(data, tmp_path / 'same', config)
    assert_equal(tmp_path / 'same' / 'last', run[0] / 'last', 0)
    train(data, tmp_path / 'other', config_of(nano_recipe(seed=1)))
    with pytest.raises(AssertionError):
        assert_equal(tmp_path / 'other' / 'last', run[0] / 'last')


# ---------------------------------------------------------------------------------------- the loss


def batch_of(data, weights=None, count=3):
    rng = np.random.default_rng(0)
    samples = []
    for number in range(count):
        tokens = rng.integers(4, 400, 20 + 7 * number)
        counts = np.zeros(len(tokens), np.float32)
        counts[12:18] = 1.0 if weights is None else weights[number]
        samples.append((tokens, counts))
    return samples


def test_masked_tokens_get_no_gradient(data):
    model = tiny_model(data)
    batch = pad_samples(batch_of(data, [1.0, 0.0, 0.0]))
    embedded = model.get_input_embeddings()(batch['input_ids']).detach().requires_grad_()
    inputs = {'inputs_embeds': embedded, 'weights': batch['weights']}

    class Embedded(torch.nn.Module):
        get_output_embeddings = model.get_output_embeddings

        def forward(self, input_ids, **given):
            return model(**given)

    losses, weights, _, _ = token_losses(Embedded(), {'input_ids': batch['input_ids'], **inputs})
    (losses * weights).sum().backward()
    moved = embedded.grad.abs().sum(-1) > 0
    assert moved[0, :17].any()
    assert not moved[0, 17:].any()  # the last token that counts is foretold by those before it
    assert not moved[1:].any()


def test_weights_scale_the_gradient_of_a_turn(data):
    model = tiny_model(data)
    grads = []
    for weight in (1.0, 0.25):
        model.zero_grad()
        losses, weights, _, _ = token_losses(model, pad_samples(batch_of(data, [weight] * 3)))
        (losses * weights).sum().backward()
        grads.append(model.model.layers[0].mlp.up_proj.weight.grad.clone())
    assert torch.allclose(0.25 * grads[0], grads[1], atol=1e-6)


def test_only_places_that_count_are_projected_and_cost_the_same(data):
    model = tiny_model(data)
    few = pad_samples(batch_of(data))
    every = {**few, 'weights': few['weights'] + 1e-9}
    counts = few['weights'][:, 1:] > 0
    some, _, _, _ = token_losses(model, few)
    whole, _, _, _ = token_losses(model, every)
    assert len(some) == counts.sum() == 18 < counts.numel() == len(whole)
    assert torch.allclose(some, whole.view(counts.shape)[counts], atol=1e-5)


def test_packed_samples_cost_what_padded_ones_do(data):
    model, samples = tiny_model(data), batch_of(data)
    sums = []
    for pack in (pad_samples, pack_samples):
        losses, weights, _, _ = token_losses(model, pack(samples))
        sums.append((losses * weights).sum().item())
    assert sums[0] == pytest.approx(sums[1], rel=1e-5)


def test_accuracy_counts_handles_and_samples_that_are_all_right(data):
    labels = torch.tensor([[1, 5, 9, 2], [1, 5, 8, 2]])
    weights = torch.tensor([[0.0, 1.0, 1.0, 1.0]] * 2)
    foretold = torch.tensor([[5, 9, 2, 0], [5, 9, 2, 0]])  # 9 where the second sample has 8

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head = torch.nn.Identity()

        def get_output_embeddings(self):
            return self.head

        def forward(self, input_ids, **_):
            logits = self.head(10.0 * torch.nn.functional.one_hot(foretold, 12))
            return transformers.modeling_outputs.CausalLMOutput(logits=logits)

    batch = {'input_ids': labels, 'weights': weights}
    _, weight, right, points, whole, samples = count_hits(Model(), batch, torch.tensor([8, 9]))
    assert (weight, right, points, whole, samples) == (6, 1, 2, 1, 2)


def test_accumulated_parts_train_as_one_batch_does(data, tmp_path):
    for name, parts in (('one', 1), ('four', 4)):
        batch = {'tokens': 3000, 'accumulation': parts}
        train(data, tmp_path / name, config_of(nano_recipe(batch=batch, tokens=9_000)))
    assert_equal(tmp_path / 'one' / 'last', tmp_path / 'four' / 'last', 1e-4)


def test_weights_of_turns_matter(data, tmp_path, llama):
    lines = (data / 'turns' / 'train.jsonl').read_text('utf-8').splitlines()
    rows = [json.loads(line) for line in lines]
    for name, of_every_other in (('plain', 1.0), ('weighted', 0.1)):
        folder = tmp_path / name / 'turns'
        folder.mkdir(parents=True)
        for row in rows[::2]:
            row['weight'] = of_every_other
        text = ''.join(json.dumps(row) + '\n' for row in rows)
        (folder / 'train.jsonl').write_text(text, 'utf-8')
        (folder / 'valid.jsonl').write_bytes((data / 'turns' / 'valid.jsonl').read_bytes())
        recipe = lora_recipe(llama, tokens=4_000)
        train(tmp_path / name, tmp_path / name / 'out', config_of(recipe))
    with pytest.raises(AssertionError):
        assert_equal(tmp_path / 'plain/out/last', tmp_path / 'weighted/out/last', 1e-5)


# ------------------------------------------------------------------------------------------ resume


class Killed(Exception):
    pass


def kill_at(step):
    def look(progress):
        if progress.step == step and 'loss' in progress.figures:
            raise Killed

    return look


@pytest.mark.parametrize('method', ['nano', pytest.param('lora', marks=pytest.mark.slow)])
def test_resumed_run_equals_an_uninterrupted_one(data, llama, tmp_path, method):
    if method == 'nano':
        recipe = nano_recipe()
    else:
        adapter = {'dropout': 0.2, 'rank': 4}
        recipe = lora_recipe(llama, adapter=adapter, batch={'tokens': 1000}, tokens=8_000)
    config = config_of(recipe)
    train(data, tmp_path / 'whole', config)
    with pytest.raises(Killed):
        train(data, tmp_path / 'cut', config, on_progress=kill_at(5))
    checkpoint = last_checkpoint(tmp_path / 'cut' / 'checkpoints')
    assert checkpoint.name == 'checkpoint-3'
    broken = tmp_path / 'cut' / 'checkpoints' / 'checkpoint-6'
    broken.mkdir()  # what a process that was killed in the midst of writing leaves
    train(data, tmp_path / 'cut', config, resume=True)
    for name in ('last', 'best'):
        assert_equal(tmp_path / 'whole' / name, tmp_path / 'cut' / name)
    whole, cut = log_of(tmp_path / 'whole'), log_of(tmp_path / 'cut')
    for line in (*whole, *cut):
        del line['tokens_per_s']
    assert cut == [
        {key: pytest.approx(value, rel=1e-4) for key, value in line.items()} for line in whole
    ]


def test_finished_run_is_left_as_it_is_by_resume(run, data, tmp_path):
    out = run[0]
    before = (out / 'last' / 'model.safetensors').read_bytes()
    done = train(data, out, config_of(nano_recipe()), resume=True)
    assert (out / 'last' / 'model.safetensors').read_bytes() == before
    assert done.best == run[1].best


def test_folder_with_a_run_is_refused_without_resume(run, data):
    with pytest.raises(ConfigError, match='holds a run already; go on with --resume'):
        train(data, run[0], config_of(nano_recipe()))


def test_run_goes_on_with_its_own_recipe_and_data_only(run, data, tmp_path):
    with pytest.raises(ConfigError, match='expected the same seed to go on with, 0, got 1'):
        train(data, run[0], config_of(nano_recipe(seed=1)), resume=True)
    other = write_dataset(tmp_path / 'other')
    path = other / 'shards' / 'train' / 'weights.bin'
    path.write_bytes(path.read_bytes()[:-2] + b'\0\0')
    with pytest.raises(ConfigError, match='expected the data that the run began with'):
        train(other, run[0], config_of(nano_recipe()), resume=True)


# ---------------------------------------------------------------------------------- what is around


def test_training_needs_neither_wandb_nor_cuda_nor_a_llama_3_template(data, tmp_path):
    base = make_qwen_2(tmp_path / 'base')
    done = train(data, tmp_path / 'out', config_of(lora_recipe(base, tokens=2_000)))
    assert done.steps
    assert 'wandb' not in sys.modules
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / 'out' / 'last')
    assert '<|im_start|>' in tokenizer.chat_template


def test_tracker_that_is_not_installed_is_refused_by_name(data, tmp_path):
    with pytest.raises(ConfigError, match="got 'nowhere_board'; `pip install nowhere_board`"):
        train(data, tmp_path, config_of(nano_recipe(report_to=['nowhere_board'])))


def test_too_long_samples_are_counted_and_dropped_not_cut(data, tmp_path):
    recipe = nano_recipe(data={'max_length': 250}, tokens=3_000)
    done = train(data, tmp_path, config_of(recipe))
    assert done.dropped['train']['more than 250 tokens'] > 0
    report = json.loads((tmp_path / 'report.json').read_text('utf-8'))
    assert report['dropped'] == done.dropped


def test_no_sample_that_is_short_enough_is_an_error(data, tmp_path):
    with pytest.raises(ConfigError, match=r'at most 5 tokens in the split train .*got none'):
        train(data, tmp_path, config_of(nano_recipe(data={'max_length': 5})))


def test_folder_without_shards_is_refused_with_what_writes_them(tmp_path):
    with pytest.raises(ConfigError, match=r'expected shards .*prism elicit --shards'):
        train(tmp_path, tmp_path / 'out', config_of(nano_recipe()))
