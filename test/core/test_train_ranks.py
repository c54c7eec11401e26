# SPDX-License-Identifier: Apache-2.0
"""Training by several processes under `torchrun`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('transformers')

from safetensors.torch import load_file  # noqa: E402

from prism_core.config_file import render_config  # noqa: E402
from prism_core.distill.train import train  # noqa: E402

from .checkpoints import make_llama  # noqa: E402
from .students import config_of, lora_recipe, nano_recipe, write_dataset  # noqa: E402

ROOT = Path(__file__).parents[2]


def run_ranks(number: int, recipe: Path, data: Path, out: Path, *flags: str) -> None:
    script = recipe.with_name('train_script.py')
    script.write_text('from prism_core.cli.train import train\n\ntrain()\n', 'utf-8')
    command = ('-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', number, script)
    places = ('--recipe', recipe, '--data', data, '--out', out, *flags)
    done = subprocess.run(
        [sys.executable, *map(str, (*command, *places))],
        cwd=ROOT,
        env=os.environ | {'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['nano', 'lora'])
def test_two_ranks_of_torchrun_on_cpu_equal_one_process(tmp_path, kind):
    data = write_dataset(tmp_path / 'data')
    settings = {'tokens': 15_000, 'optimizer': {'learning_rate': 0.002, 'warmup_steps': 2}}
    if kind == 'nano':
        recipe = nano_recipe(**settings)
    else:
        recipe = lora_recipe(make_llama(tmp_path / 'base'), **settings)
    train(data, tmp_path / 'one', config_of(recipe))
    path = tmp_path / 'recipe.yaml'
    path.write_text(render_config(config_of(recipe)), 'utf-8')
    run_ranks(2, path, data, tmp_path / 'two')
    one, two = (
        load_file(next((tmp_path / name / 'last').glob('*model.safetensors')))
        for name in ('one', 'two')
    )
    for name in one:
        assert torch.allclose(one[name], two[name], atol=1e-4), name
    first, second = (
        [json.loads(x) for x in (tmp_path / name / 'log.jsonl').read_text('utf-8').splitlines()]
        for name in ('one', 'two')
    )
    assert len(first) == len(second) > 5
    for mine, theirs in zip(first, second):
        for key in ('loss', 'eval_loss'):
            assert mine.get(key, 0.0) == pytest.approx(theirs.get(key, 0.0), rel=1e-4)
