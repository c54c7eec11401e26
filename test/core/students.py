# SPDX-License-Identifier: Apache-2.0
"""A small dataset in all forms, and recipes of students that train in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from prism_core.config_file import to_config
from prism_core.dataset.export import export_dataset
from prism_core.dataset.tokenizer import save_tokenizer
from prism_core.distill.config import TrainConfig

from .training_data import DOMAIN, good_episodes, trained_tokenizer, write_episodes

TINY = {
    **{'width': 32, 'layers': 1, 'heads': 2, 'feed_forward': 64, 'context': 1024},
    'copying_heads': False,
}


def write_dataset(folder: Path) -> Path:
    """Episodes, shards with their tokenizer, chat and turns."""
    write_episodes(folder, good_episodes())
    tokenizer = trained_tokenizer()
    save_tokenizer(tokenizer, folder / 'tokenizer')
    export_dataset(folder, folder / 'shards', 'shards', DOMAIN, 'compact', tokenizer=tokenizer)
    for form in ('chat', 'turns'):
        export_dataset(folder, folder / form, form, DOMAIN, 'compact')
        keep_shortest(folder / form / 'train.jsonl', 40)
        keep_shortest(folder / form / 'valid.jsonl', 6)
    return folder


def keep_shortest(path: Path, number: int) -> None:
    """Some rows of a file, for models to which they are long."""
    rows = sorted(path.read_text('utf-8').splitlines(keepends=True), key=len)
    path.write_text(''.join(rows[:number]), 'utf-8')


def nano_recipe(**changes: Any) -> dict[str, Any]:
    """A student from scratch: a few steps of a small one, as plain data."""
    return {
        'nano': TINY,
        'data': {'prompt_weight': 0.1, 'valid_samples': 20},
        'optimizer': {'learning_rate': 0.01, 'warmup_steps': 2},
        'batch': {'tokens': 3000},
        'tokens': 18_000,
        'eval_every': 4,
        'save_every': 3,
        'log_every': 1,
        'threads': 1,
        'bf16': 'no',  # the same figures on all hardware
        **changes,
    }


def lora_recipe(base: Path, **changes: Any) -> dict[str, Any]:
    """LoRA on a small checkpoint."""
    return {
        **nano_recipe(**changes),
        'nano': None,
        'base': str(base),
        'data': {'form': 'turns', **changes.get('data', {})},
    }


def config_of(recipe: dict[str, Any]) -> TrainConfig:
    return to_config(recipe, TrainConfig, 'the test')


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    """Of a model or an adapter."""
    return load_file(next(folder.glob('*model.safetensors')))


def assert_equal(one: Path, other: Path, tolerance: float = 1e-6) -> None:
    """Two models or adapters have the same weights."""
    first, second = weights_of(one), weights_of(other)
    assert first.keys() == second.keys()
    for name in first:
        assert torch.allclose(first[name], second[name], atol=tolerance, rtol=0), name
