# SPDX-License-Identifier: Apache-2.0
"""The recipe of a run as settings of transformers."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
import transformers

from prism_core.distill.config import TrainConfig
from prism_core.distill.models import holds_half, wants_bf16
from prism_core.errors import ConfigError


def find_trackers(config: TrainConfig) -> list[str]:
    """What the figures are sent to, by the names of transformers.

    Raises:
        ConfigError: it is not installed.
    """
    has_tensorboard = importlib.util.find_spec('tensorboard') is not None
    chosen = [name for name in config.report_to if name not in ('auto', 'none')]
    if 'auto' in config.report_to and has_tensorboard:
        chosen.append('tensorboard')
    for name in chosen:
        if importlib.util.find_spec(name) is None:
            raise ConfigError(
                f'report_to: expected something that is installed, got {name!r}; `pip install '
                f'{name}`, or leave it out: log.jsonl has all figures'
            )
    return chosen


def make_arguments(folder: Path, config: TrainConfig, steps: int) -> transformers.TrainingArguments:
    """The settings of a run of so many steps.

    Args:
        folder: of the checkpoints.
        config: the recipe.
        steps: how many there are.

    Raises:
        ConfigError: a tracker is not installed, or one process has several GPUs.
    """
    optimizer = config.optimizer
    falling = round((1 - optimizer.decay_from) * steps)
    warmup = min(optimizer.warmup_steps, steps)
    # On a processor, to bring a base that is held in bfloat16 to it again and again only takes time.
    is_mixed = wants_bf16(config) and (torch.cuda.is_available() or not holds_half(config))
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        ignore_data_skip=True,  # the batches begin where the run goes on
        remove_unused_columns=False,
        gradient_accumulation_steps=config.batch.accumulation,
        optim=optimizer.name,
        learning_rate=optimizer.learning_rate,
        warmup_steps=warmup,
        lr_scheduler_type='warmup_stable_decay',
        lr_scheduler_kwargs={
            'num_decay_steps': min(falling, steps - warmup),
            'min_lr_ratio': optimizer.final_share,
            'decay_type': 'linear',
        },
        weight_decay=optimizer.weight_decay,
        adam_beta1=optimizer.beta1,
        adam_beta2=optimizer.beta2,
        max_grad_norm=optimizer.max_grad_norm,
        seed=config.seed,
        bf16=is_mixed,
        activation_checkpointing=config.gradient_checkpointing,
        torch_compile=config.compile,
        use_cpu=not torch.cuda.is_available(),
        ddp_find_unused_parameters=False,
        dataloader_num_workers=2 if torch.cuda.is_available() else 0,
        logging_steps=config.log_every,
        logging_first_step=True,
        save_strategy='steps',
        save_steps=config.save_every,
        report_to=[name for name in find_trackers(config) if name != 'tensorboard'],
        disable_tqdm=True,
    )
    if arguments.n_gpu > 1:
        raise ConfigError(
            f'expected one GPU for each process, got {arguments.n_gpu}; start with `torchrun '
            f'--nproc-per-node {arguments.n_gpu}`, or set CUDA_VISIBLE_DEVICES'
        )
    return arguments
