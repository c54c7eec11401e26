# SPDX-License-Identifier: Apache-2.0
"""`prism extract`: what whole tuning changed in a base, cut to the rank of an adapter.

Of the difference of each matrix the part of so many dimensions is kept that is closest to it, by
its singular values.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

from prism_core.distill.folders import written_whole
from prism_core.distill.merge import WEIGHTS
from prism_core.distill.models import load_base, load_tokenizer_of
from prism_core.distill.run_record import BEST
from prism_core.errors import ConfigError

_LEAST = 1e-6  # relative: of whole weights in float32, less is rounding


@dataclass(frozen=True)
class Extracted:
    """How many matrices had changed, and which share of the change (of its squares) is kept."""

    matrices: int
    kept: float

    def __str__(self) -> str:
        return f'{self.matrices} matrices, {self.kept:.1%} of their change kept'


def extract(tuned: Path, out: Path, *, base: Path, rank: int = 16) -> Extracted:
    """Write an adapter as `prism train` writes one, whole or not at all.

    Args:
        tuned: folder of the checkpoint, or of the run that trained it (its best one then).
        out: a new folder.
        base: folder of the base that it began with.
        rank: of the adapter.

    Raises:
        ConfigError: a checkpoint cannot be read, they are of other shapes or the same, more than
            the linear layers has changed, or `out` is there already.
    """
    import peft

    if out.exists():
        raise ConfigError(f'{out}: expected a new folder, got one that is there; choose another')
    tuned = tuned / BEST if (tuned / BEST).is_dir() else tuned
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    model, first = (load_base(str(folder), dtype=torch.float32) for folder in (tuned, base))
    linear = {
        f'{name}.weight'
        for name, module in first.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not first.get_output_embeddings()
    }
    before = first.state_dict()
    weights: dict[str, torch.Tensor] = {}
    whole = kept = 0.0
    for name, after in model.state_dict().items():
        if name not in before or before[name].shape != after.shape:
            raise ConfigError(
                f'expected {tuned} to be tuned from {base}, got {name}, which the base has not in '
                'this shape; name the right base'
            )
        change = after - before[name]
        if change.norm() <= _LEAST * before[name].norm():
            continue
        if name not in linear:
            raise ConfigError(
                f'expected {tuned} to differ from its base in linear layers alone, got a change of '
                f'{name}, which no adapter holds; train with --method linear'
            )
        down, up, values = _cut(change, rank)
        module = f'base_model.model.{name.removesuffix(".weight")}'
        weights |= {f'{module}.lora_A.weight': down, f'{module}.lora_B.weight': up}
        whole += float(values.square().sum())
        kept += float(values[:rank].square().sum())
    if not weights:
        raise ConfigError(f'expected {tuned} to differ from {base}, got the same weights')
    targets = sorted({key.split('.')[-3] for key in weights})
    with written_whole(out) as draft:
        peft.LoraConfig(
            task_type='CAUSAL_LM',
            r=rank,
            lora_alpha=rank,
            target_modules=targets,
            base_model_name_or_path=str(base),
            inference_mode=True,
        ).save_pretrained(str(draft))
        save_file(weights, draft / WEIGHTS)
        load_tokenizer_of(str(base)).save_pretrained(draft)
    return Extracted(len(weights) // 2, kept / whole)


def _cut(change: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The two matrices of an adapter, and all singular values."""
    left, values, right = torch.linalg.svd(change, full_matrices=False)
    root = values[:rank].sqrt()
    down, up = root[:, None] * right[:rank], left[:, :rank] * root
    return down.contiguous(), up.contiguous(), values
