# SPDX-License-Identifier: Apache-2.0
"""`prism train`: a run from a recipe and a dataset to a folder with the best and the last model.

recipe.yaml   what was done: the recipe, the sha256 of what was read, versions
log.jsonl     a line for every few steps, and one for each validation
report.json   what came out, and what was left out
best/ last/   models with their tokenizers; for LoRA, adapters
checkpoints/  what `--resume` goes on from
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from transformers.integrations import TensorBoardCallback

from prism_core.config_file import to_plain
from prism_core.dataset.tokenizer import TOKENIZER_FILES
from prism_core.distill.callbacks import (
    LOG,
    TrainProgress,
    Watch,
    WholeCheckpoints,
    last_checkpoint,
    number_of,
)
from prism_core.distill.config import TrainConfig
from prism_core.distill.documents import Documents, drop_long
from prism_core.distill.following import GrowingDocuments, GrowingPlan
from prism_core.distill.models import (
    check_hardware,
    holds_half,
    load_adapter_start,
    load_base,
    load_start,
    load_tokenizer_of,
    make_nano,
    prepare_base,
)
from prism_core.distill.run_record import BEST, CHECKPOINTS, LAST, describe_run, open_run
from prism_core.distill.schedule import BatchPlan, Steps, plan_batches
from prism_core.distill.settings import find_trackers, make_arguments
from prism_core.distill.sources import (
    Source,
    find_source,
    read_documents,
    tokenizer_folder,
)
from prism_core.distill.trainer import Smoke, WeightedTrainer, read_score
from prism_core.errors import ConfigError
from prism_core.files import replace_file

REPORT = 'report.json'
_GPU_MULTIPLE = 64  # so that lengths, for which kernels are compiled, are few


@dataclass(frozen=True)
class Trained:
    """What came of a run: figures of the best model, and how many samples were left out, by split
    and reason.
    """

    steps: int
    tokens: int
    samples: int
    parameters: int
    trained_parameters: int
    best: Mapping[str, float]
    dropped: Mapping[str, Mapping[str, int]]


def train(
    data: Path,
    out: Path,
    config: TrainConfig,
    *,
    resume: bool = False,
    on_progress: Callable[[TrainProgress], None] = lambda progress: None,
    smoke: Smoke | None = None,
) -> Trained:
    """Train a model; under `torchrun` or `accelerate launch`, one of its ranks.

    Args:
        data: the folder of a dataset.
        out: the folder to write to.
        config: the recipe.
        resume: whether to go on with what `out` holds; begins where there is nothing.
        on_progress: called with every line of the log.
        smoke: tries each model that is validated in some other way, such as in closed loop; its
            figures are logged.

    Raises:
        ConfigError: the recipe, the data or the machine cannot be used, or `out` holds another
            run.
    """
    check_hardware(config)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if config.threads:
        torch.set_num_threads(config.threads)
    source = find_source(data, config)
    is_main = os.environ.get('RANK', '0') == '0'
    if is_main:
        open_run(out, describe_run(source, config), resume)
    checkpoint = last_checkpoint(out / CHECKPOINTS) if resume else None
    tokenizer = _load_tokenizer(source, config)
    model = _load_model(config, tokenizer)
    limit = config.data.max_length or model.config.max_position_embeddings
    train_documents, plan = _plan(source, tokenizer, config, limit)
    valid_documents = _read_valid(source, tokenizer, config, limit)
    if config.base:
        model = prepare_base(
            model, config.adapter, gradient_checkpointing=config.gradient_checkpointing
        )
        if config.start:
            load_adapter_start(model, config.start)
    arguments = make_arguments(out / CHECKPOINTS, config, len(plan))
    first_step = number_of(checkpoint) if checkpoint else 0
    trainer = WeightedTrainer(
        model,
        arguments,
        train_documents=(train_documents, plan),
        valid_documents=(valid_documents, _plan_valid(valid_documents, config)),
        tokenizer=tokenizer,
        save_tokenizer=lambda folder: _save_tokenizer(folder, source, tokenizer),
        best=out / BEST,
        best_by=config.best_by,
        first_step=first_step,
        packed=config.batch.packed,
        multiple=_GPU_MULTIPLE if torch.cuda.is_available() else 1,
        smoke=smoke,
        callbacks=[Watch(out / LOG, plan, first_step, config.eval_every, on_progress)],
    )
    trainer.add_callback(WholeCheckpoints(trainer.accelerator.wait_for_everyone))
    if 'tensorboard' in find_trackers(config):
        tensorboard = TensorBoardCallback()
        tensorboard.logging_dir = str(out / 'tensorboard')
        trainer.add_callback(tensorboard)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    trainer.save_whole(out / LAST, {})
    trained = Trained(
        len(plan),
        plan.total_tokens,
        len(train_documents),
        sum(p.numel() for p in model.parameters()),
        sum(p.numel() for p in model.parameters() if p.requires_grad),
        read_score(out / BEST),
        {'train': train_documents.dropped, 'valid': valid_documents.dropped},
    )
    if is_main:
        replace_file(out / REPORT, json.dumps(to_plain(trained), indent=2) + '\n')
    return trained


def _save_tokenizer(folder: Path, source: Source, tokenizer: Any) -> None:
    """Write it as it was read: that of shards file by file."""
    if source.form != 'shards':
        tokenizer.save_pretrained(folder)
        return
    for name in TOKENIZER_FILES:
        shutil.copy(tokenizer_folder(source) / name, folder / name)


# --------------------------------------------------------------------------------- data and model


def _load_tokenizer(source: Source, config: TrainConfig) -> Any:
    where = config.base or str(tokenizer_folder(source))
    return load_tokenizer_of(where, allow_download=config.allow_download)


def _load_model(config: TrainConfig, tokenizer: Any) -> Any:
    if config.nano is not None and not config.start:
        return make_nano(
            config.nano,
            tokenizer,
            config.seed,
            words_of=config.words_of,
            allow_download=config.allow_download,
        )
    if config.nano is not None:
        model = load_start(config.start, config.nano, tokenizer)
        transformers.set_seed(config.seed)
        return model
    model = load_base(
        config.base,
        dtype=torch.bfloat16 if holds_half(config) else torch.float32,
        allow_download=config.allow_download,
        quantised=config.adapter.method == 'qlora',
    )
    transformers.set_seed(config.seed)
    return model


def _read(source: Source, split: str, tokenizer: Any, config: TrainConfig, limit: int) -> Documents:
    """The samples of a split that the model can take.

    Raises:
        ConfigError: there is none.
    """
    documents = drop_long(read_documents(source, split, tokenizer, config), limit)
    if not len(documents):
        raise ConfigError(
            f'expected samples of at most {limit} tokens in the split {split} of {source.folder}, '
            f'got none ({documents.dropped or "it is empty"}); draw more worlds, or raise '
            'data.max_length'
        )
    return documents


def _read_valid(source: Source, tokenizer: Any, config: TrainConfig, limit: int) -> Documents:
    count = config.data.valid_samples
    if source.is_growing:
        growing = _follow(source, 'valid', tokenizer, config, limit)
        growing.wait_for(count)
        return growing.take(np.arange(min(count, len(growing))))
    documents = _read(source, 'valid', tokenizer, config, limit)
    if not count or count >= len(documents):
        return documents
    chosen = np.random.default_rng(config.seed).choice(len(documents), count, replace=False)
    return documents.take(np.sort(chosen))


def _follow(
    source: Source, split: str, tokenizer: Any, config: TrainConfig, limit: int
) -> GrowingDocuments:
    def look() -> Documents:
        return drop_long(read_documents(source, split, tokenizer, config), limit)

    return GrowingDocuments(look)


def _plan(
    source: Source, tokenizer: Any, config: TrainConfig, limit: int
) -> tuple[Documents | GrowingDocuments, Steps]:
    if source.is_growing:
        least = min(config.batch.first_tokens or config.batch.tokens, config.batch.tokens)
        growing = _follow(source, 'train', tokenizer, config, min(limit, least))
        total, seed = config.tokens, config.seed
        return growing, GrowingPlan(growing, config.batch, total_tokens=total, seed=seed)
    documents = _read(source, 'train', tokenizer, config, limit)
    total = config.tokens or round(config.epochs * int(documents.lengths.sum()))
    share = config.curriculum.share
    return documents, plan_batches(
        documents.lengths,
        config.batch,
        total_tokens=max(total, 1),
        seed=config.seed,
        easy=_easy(documents, config, tokenizer) if share else None,
        easy_share=share,
    )


def _easy(documents: Documents, config: TrainConfig, tokenizer: Any) -> np.ndarray:
    """The samples that the curriculum begins with."""
    limit = config.curriculum.max_tokens or int(documents.lengths.max())
    short = np.flatnonzero(documents.lengths <= limit)
    words = config.curriculum.replies
    beginnings = {
        tuple(tokenizer(text, add_special_tokens=False)['input_ids'])
        for word in words
        for text in (word, f' {word}')
    }
    easy = [i for i in short if not words or documents.begin_with(int(i), beginnings)]
    if not easy:
        raise ConfigError(
            f'curriculum: expected samples of at most {limit} tokens'
            f'{" that begin with " + " or ".join(words) if words else ""}, got none; raise '
            'curriculum.max_tokens, or set curriculum.share to 0'
        )
    return np.array(easy)


def _plan_valid(documents: Documents, config: TrainConfig) -> BatchPlan:
    longest = int(documents.lengths.max())
    tokens = max(config.batch.tokens, longest)
    batch = replace(config.batch, tokens=tokens, first_tokens=0, samples=0)
    return plan_batches(documents.lengths, batch, total_tokens=int(documents.lengths.sum()), seed=0)
