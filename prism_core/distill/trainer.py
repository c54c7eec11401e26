# SPDX-License-Identifier: Apache-2.0
"""transformers' Trainer with our batches, our weighted loss and our validation.

Everything else is its own: optimiser, precision, ranks, FSDP, checkpoints, trackers. It knows no
files but the folders it is told to write to.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from torch.utils.data import DataLoader

from prism_core.distill.batches import load_batches
from prism_core.distill.documents import Samples
from prism_core.distill.folders import written_whole
from prism_core.distill.loss import count_hits, pointing_tokens, token_losses
from prism_core.distill.schedule import Steps
from prism_core.errors import ConfigError

SCORE = 'score.json'
Smoke = Callable[[Any, Any], Mapping[str, float]]
"""Tries a model and its tokenizer in some other way, such as in closed loop; figures by name."""


class WeightedTrainer(transformers.Trainer):
    """Trains on the batches of a plan.

    Args:
        model: the model.
        args: settings of transformers.
        train_documents: the samples and the plan of the batches.
        valid_documents: the same for validation.
        tokenizer: of transformers; written beside each model that is kept.
        save_tokenizer: writes it to a folder.
        best: folder of the best model.
        best_by: the figure of validation by which it is known.
        first_step: where the run goes on.
        packed: whether samples are packed.
        multiple: lengths are padded to a multiple of it.
        smoke: a further test of each model that is validated.
    """

    loss_is_scaled_for_ga = True

    def __init__(
        self,
        model: Any,
        args: transformers.TrainingArguments,
        *,
        train_documents: tuple[Samples, Steps],
        valid_documents: tuple[Samples, Steps],
        tokenizer: Any,
        save_tokenizer: Callable[[Path], None],
        best: Path,
        best_by: str,
        first_step: int,
        packed: bool,
        multiple: int,
        smoke: Smoke | None,
        callbacks: list[transformers.TrainerCallback],
    ):
        super().__init__(model=model, args=args, callbacks=callbacks)
        self.loss_is_scaled_for_ga = True
        self.remove_callback(transformers.PrinterCallback)
        self._train_documents, self._valid_documents = train_documents, valid_documents
        self._tokenizer, self._save_tokenizer = tokenizer, save_tokenizer
        self._best, self._best_by, self._first_step = best, best_by, first_step
        self._packed, self._multiple, self._smoke = packed, multiple, smoke
        self._pointing = torch.tensor(pointing_tokens(tokenizer), device=args.device)

    def get_train_dataloader(self) -> DataLoader:
        """The parts of this rank, from the first step on."""
        return self._load(
            self._train_documents, self._first_step, self.args.gradient_accumulation_steps
        )

    def _load(self, source: tuple[Samples, Steps], first_step: int, parts: int) -> DataLoader:
        documents, plan = source
        return load_batches(
            documents,
            plan,
            first_step=first_step,
            rank=self.args.process_index,
            ranks=self.args.world_size,
            accumulation=parts,
            packed=self._packed,
            multiple=self._multiple,
            workers=self.args.dataloader_num_workers,
        )

    def _get_num_items_in_batch(self, batch_samples: list, device: torch.device) -> torch.Tensor:
        """What all tokens of the step count together, over all parts and ranks."""
        total = sum(batch['weights'][:, 1:].sum() for batch in batch_samples)
        total = torch.as_tensor(total, dtype=torch.float32, device=device)
        if self.args.world_size > 1:
            total = self.accelerator.reduce(total, 'sum')
        return total.clamp(min=torch.finfo(torch.float32).tiny)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """The share of this part in the weighted mean over the tokens of the step."""
        losses, weights, _, _ = token_losses(model, inputs)
        total = weights.sum() if num_items_in_batch is None else num_items_in_batch
        loss = (losses * weights).sum() / total * self.args.world_size  # ranks are averaged
        return (loss, {}) if return_outputs else loss

    def evaluate(self, eval_dataset=None, ignore_keys=None, metric_key_prefix='eval'):
        """Validate; the model is kept where it is the best so far."""
        model: Any = self.model
        model.eval()
        sums = torch.zeros(6, dtype=torch.float64)
        for batch in self._load(self._valid_documents, 0, 1):
            moved = {name: value.to(self.args.device) for name, value in batch.items()}
            sums += count_hits(model, moved, self._pointing).cpu()
        if self.args.world_size > 1:
            sums = self.accelerator.reduce(sums.to(self.args.device), 'sum').cpu()
        loss, weight, points_right, points, samples_right, samples = sums.tolist()
        metrics = {
            'eval_loss': loss / max(weight, 1e-9),
            'eval_handle_accuracy': points_right / max(points, 1.0),
            'eval_sample_accuracy': samples_right / max(samples, 1.0),
        }
        if self._smoke is not None:
            if self.is_fsdp_enabled:
                raise ConfigError(
                    'closed_loop: expected 0 with FSDP, where no process has the whole model'
                )
            is_main = self.args.process_index == 0
            tried = [dict(self._smoke(model, self._tokenizer)) if is_main else {}]
            if self.args.world_size > 1:
                torch.distributed.broadcast_object_list(tried)
            metrics.update({f'eval_{name}': value for name, value in tried[0].items()})
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        is_best = self._is_best(metrics)
        self.accelerator.wait_for_everyone()
        if is_best:
            self.save_whole(self._best, metrics)
        return metrics

    def _is_best(self, metrics: Mapping[str, float]) -> bool:
        name = f'eval_{self._best_by}'
        if name not in metrics:
            known = ', '.join(key.removeprefix('eval_') for key in metrics)
            raise ConfigError(f'best_by: expected one of {known}, got {self._best_by!r}')
        sign = -1 if self._best_by.endswith('loss') else 1
        before = read_score(self._best).get(name)
        return before is None or sign * metrics[name] > sign * before

    def save_whole(self, folder: Path, metrics: Mapping[str, float]) -> None:
        """Write the model and its tokenizer to a folder, whole or not at all."""
        is_main = self.args.should_save
        with written_whole(folder) if is_main else contextlib.nullcontext(folder) as draft:
            self.save_model(str(draft), _internal_call=True)
            if is_main:
                (draft / 'training_args.bin').unlink(missing_ok=True)  # a pickle
                self._save_tokenizer(draft)
                score = {'step': self.state.global_step, **metrics}
                (draft / SCORE).write_text(json.dumps(score, indent=2) + '\n', 'utf-8')
        self.accelerator.wait_for_everyone()


def read_score(folder: Path) -> dict[str, float]:
    """What was measured of a model that was kept; nothing where there is none."""
    try:
        return json.loads((folder / SCORE).read_text('utf-8'))
    except FileNotFoundError:
        return {}
