# SPDX-License-Identifier: Apache-2.0
"""What happens beside the steps of a run: its log, its progress, its whole checkpoints."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import transformers

from prism_core.distill.schedule import Steps
from prism_core.files import replace_file

LOG, WHOLE = 'log.jsonl', 'whole'
_PREFIX = 'checkpoint-'


@dataclass(frozen=True)
class TrainProgress:
    """How far a run is; `figures` are the last ones that were logged."""

    step: int
    steps: int
    tokens: int
    tokens_per_s: float
    left_s: float
    figures: Mapping[str, float]


class Watch(transformers.TrainerCallback):
    """Writes the log, tells the progress, and says when to validate.

    Args:
        log: the file; lines of steps that a run that goes on does again are taken off.
        plan: the steps.
        first_step: where the run goes on.
        eval_every: how many steps lie between two validations.
        on_progress: called after each line.
    """

    def __init__(
        self,
        log: Path,
        plan: Steps,
        first_step: int,
        eval_every: int,
        on_progress: Callable[[TrainProgress], None],
    ):
        self._log, self._plan, self._first = log, plan, first_step
        self._eval_every = eval_every
        self._on_progress = on_progress
        self._began_s = time.monotonic()

    def on_train_begin(self, args, state, control, **_):
        """Take off what will be logged again."""
        self._began_s = time.monotonic()
        if state.is_world_process_zero:
            lines = self._log.read_text('utf-8').splitlines() if self._log.exists() else []
            kept = [line for line in lines if _step_of(line) <= self._first]
            replace_file(self._log, ''.join(f'{line}\n' for line in kept))

    def on_step_end(self, args, state, control, **_):
        """Validate every so many steps, and after the last one."""
        step = state.global_step
        if step % self._eval_every == 0 or step >= state.max_steps:
            control.should_evaluate = True

    def on_log(self, args, state, control, logs=None, **_):
        """One line of the log."""
        if not state.is_world_process_zero or 'train_runtime' in (logs or {}):
            return
        seen, begun = map(self._plan.seen_after, (state.global_step, self._first))
        rate = (seen - begun) / max(time.monotonic() - self._began_s, 1e-9)
        left_s = (self._plan.total_tokens - seen) / rate if rate else 0.0
        figures = {k: v for k, v in logs.items() if k != 'epoch'}
        step = state.global_step
        line = {'step': step, 'tokens': seen, **figures, 'tokens_per_s': round(rate)}
        with self._log.open('a', encoding='utf-8') as file:
            file.write(json.dumps(line) + '\n')
        self._on_progress(TrainProgress(step, state.max_steps, seen, rate, left_s, figures))


class WholeCheckpoints(transformers.TrainerCallback):
    """Marks each checkpoint that all ranks have written, and then removes the older ones."""

    def __init__(self, wait: Callable[[], None]):
        self._wait = wait

    def on_save(self, args, state, control, **_):
        """Called after a checkpoint."""
        self._wait()
        if state.is_world_process_zero:
            folder = Path(args.output_dir)
            (folder / f'{_PREFIX}{state.global_step}' / WHOLE).touch()
            for other in folder.glob(f'{_PREFIX}*'):
                if number_of(other) != state.global_step:
                    shutil.rmtree(other, ignore_errors=True)


def last_checkpoint(folder: Path) -> Path | None:
    """The last one that is whole."""
    whole = [path for path in folder.glob(f'{_PREFIX}*') if (path / WHOLE).exists()]
    return max(whole, key=number_of, default=None)


def remove_halves(folder: Path) -> None:
    """Remove checkpoints that a process that was killed left half written."""
    for path in folder.glob(f'{_PREFIX}*'):
        if not (path / WHOLE).exists():
            shutil.rmtree(path)


def number_of(checkpoint: Path) -> int:
    """The step after which it was written."""
    return int(checkpoint.name.removeprefix(_PREFIX))


def _step_of(line: str) -> float:
    try:
        return json.loads(line)['step']
    except ValueError:  # the half of a line
        return float('inf')
