# SPDX-License-Identifier: Apache-2.0
"""`prism train` and `prism merge` as commands: flags, shipped recipes, kill -9 and --resume."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip('torch')
pytest.importorskip('transformers')

import yaml

from prism_core.cli.train import _SETTINGS, merge, train
from prism_core.config_file import read_config, render_config
from prism_core.distill.callbacks import last_checkpoint
from prism_core.distill.config import TrainConfig
from prism_core.errors import ConfigError

from .checkpoints import make_llama
from .students import config_of, nano_recipe, write_dataset

ROOT = Path(__file__).parents[2]
RECIPES = [
    path
    for path in sorted((ROOT / 'config' / 'distill').glob('*.yaml'))
    if path.name.startswith(('nano', 'lora'))
]


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp('data'))


def write_recipe(path: Path, **changes) -> Path:
    path.write_text(render_config(config_of(nano_recipe(**changes))), 'utf-8')
    return path


def call(command, *arguments):
    return CliRunner().invoke(command, list(map(str, arguments)))


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: path.stem)
def test_shipped_recipe_is_read(path):
    config = read_config(path, TrainConfig)
    assert config.tokens or config.epochs
    limit = config.data.max_length or config.nano.context
    assert limit <= (config.batch.first_tokens or config.batch.tokens)


def test_there_are_recipes_for_a_nano_with_and_without_a_gpu_and_for_lora():
    assert {path.stem for path in RECIPES} >= {'nano_cpu', 'nano_gpu', 'lora_llama', 'lora_qwen'}


def test_lora_recipe_has_the_settings_of_the_released_code():
    config = read_config(ROOT / 'config' / 'distill' / 'lora_llama.yaml', TrainConfig)
    adapter, optimizer = config.adapter, config.optimizer
    assert (adapter.rank, adapter.alpha, adapter.dropout, adapter.bias) == (16, 16, 0.2, 'none')
    assert len(adapter.targets) == 7
    assert (config.epochs, config.batch.samples, config.seed) == (2, 16, 3407)
    assert (optimizer.learning_rate, optimizer.warmup_steps) == (2e-4, 5)
    assert optimizer.weight_decay == 0.05


def test_fsdp_recipe_is_one_that_accelerate_reads():
    from accelerate.commands.config.config_args import load_config_from_file

    config = load_config_from_file(str(ROOT / 'config' / 'accelerate' / 'fsdp2.yaml'))
    assert config.distributed_type.value == 'FSDP'
    assert config.fsdp_config['fsdp_version'] == 2


def test_every_flag_stands_for_a_setting_of_the_recipe(data, tmp_path):
    known = TrainConfig(base='x')
    for flag, (name, _, _) in _SETTINGS.items():
        first, _, last = name.partition('.')
        owner = getattr(known, first) if last else known
        assert (last or first) in {field.name for field in fields(owner)}, flag


def test_train_writes_a_student_and_says_what_was_left_out(data, tmp_path):
    recipe = write_recipe(tmp_path / 'recipe.yaml', tokens=6_000)
    out = tmp_path / 'out'
    flags = ('--max-length', 300, '--seed', 5, '--set', 'optimizer.beta2=0.9')
    done = call(train, '--recipe', recipe, '--data', data, '--out', out, *flags)
    assert done.exit_code == 0, done.output
    assert 'samples, more than 300 tokens' in done.output
    assert 'right handles' in done.output
    written = yaml.safe_load((out / 'recipe.yaml').read_text('utf-8'))['config']
    assert written['data']['max_length'] == 300
    assert (written['seed'], written['optimizer']['beta2']) == (5, 0.9)


def test_tasks_of_the_validation_split_are_played_in_closed_loop(data, tmp_path):
    recipe = write_recipe(tmp_path / 'recipe.yaml', eval_every=100, tokens=3_000)
    places = ('--recipe', recipe, '--data', data, '--out', tmp_path / 'out')
    flags = ('--closed-loop', 2, '--set', 'best_by=success')
    done = call(train, *places, *flags)
    assert done.exit_code == 0, done.output
    score = json.loads((tmp_path / 'out/best/score.json').read_text('utf-8'))
    assert score['eval_success'] in (0.0, 0.5, 1.0)


def test_playing_in_closed_loop_needs_episodes(data, tmp_path):
    shutil.copytree(data, tmp_path / 'data', ignore=shutil.ignore_patterns('episodes.jsonl'))
    recipe = write_recipe(tmp_path / 'recipe.yaml')
    places = ('--recipe', recipe, '--data', tmp_path / 'data', '--out', tmp_path / 'out')
    with pytest.raises(ConfigError, match='closed_loop: expected episodes of the split valid in'):
        train.main([*map(str, places), '--closed-loop', '2'], standalone_mode=False)


def test_lora_and_merge_by_flags_alone(data, tmp_path):
    base = make_llama(tmp_path / 'base')
    flags = ('--base', base, '--tokens', 2_000, '--rank', 4, '--set', 'data.form=chat')
    done = call(train, '--data', data, '--out', tmp_path / 'run', *flags)
    assert done.exit_code == 0, done.output
    settings = json.loads((tmp_path / 'run/best/adapter_config.json').read_text('utf-8'))
    assert settings['r'] == 4
    done = call(merge, '--adapter', tmp_path / 'run', '--out', tmp_path / 'merged')
    assert done.exit_code == 0, done.output
    assert (tmp_path / 'merged' / 'model.safetensors').exists()


@pytest.mark.parametrize(
    ('flags', 'message'),
    [
        ((), 'expected --recipe, such as config/distill/nano_cpu.yaml, or --base'),
        (('--base', 'x', '--set', 'sed=1'), "there is no setting 'sed'"),
        (('--base', 'x', '--set', 'seed'), "--set: expected NAME=VALUE, got 'seed'"),
        (('--base', 'x', '--set', 'seed.low=1'), 'Expected `int`, got `object` - at `$.seed`'),
        (('--recipe', 'nowhere.yaml'), 'cannot read nowhere.yaml'),
    ],
)
def test_wrong_flags_are_refused_in_one_sentence(data, tmp_path, flags, message):
    done = call(train, '--data', data, '--out', tmp_path / 'out', *flags)
    assert done.exit_code
    assert message in done.output + str(done.exception)


# ---------------------------------------------------------------------------------------- kill -9


def start(recipe: Path, data: Path, out: Path, *flags: str) -> subprocess.Popen:
    command = 'from prism_core.cli.train import train; train()'
    places = ('--recipe', recipe, '--data', data, '--out', out, *flags)
    return subprocess.Popen(
        [sys.executable, '-c', command, *map(str, places)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_killed_runs_go_on_to_the_same_model(data, tmp_path):
    recipe = write_recipe(tmp_path / 'recipe.yaml', tokens=60_000, eval_every=10, save_every=2)
    whole = start(recipe, data, tmp_path / 'whole')
    said, _ = whole.communicate()
    assert whole.returncode == 0, said
    out = tmp_path / 'cut'
    for number in range(3):
        process = start(recipe, data, out, '--resume')
        seen = last_checkpoint(out / 'checkpoints')
        while process.poll() is None and last_checkpoint(out / 'checkpoints') == seen:
            time.sleep(0.01)
        time.sleep(0.1 * number)  # in the midst of a step, a validation, a checkpoint
        process.kill()
        process.communicate()
        assert process.returncode == -9
    last = start(recipe, data, out, '--resume')
    said, _ = last.communicate()
    assert last.returncode == 0, said
    for name in ('last', 'best'):
        weights = f'{name}/model.safetensors'
        assert (out / weights).read_bytes() == (tmp_path / 'whole' / weights).read_bytes()
    assert (out / 'report.json').read_bytes() == (tmp_path / 'whole/report.json').read_bytes()
    assert not [path for path in out.iterdir() if path.name.startswith('.')]
