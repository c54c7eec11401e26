# SPDX-License-Identifier: Apache-2.0
"""What the teacher's replies cost a student, by group of task."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import torch

from prism_core.dataset.episode_json import parse_episode
from prism_core.dataset.export import EPISODES
from prism_core.dataset.run_folder import read_lines
from prism_core.dataset.shard_writers import SHARDS
from prism_core.dataset.shards import open_shards
from prism_core.distill.batches import pad_samples
from prism_core.distill.loss import token_losses
from prism_core.distill.models import load_base
from prism_core.iteration.choosing import group_of_task


def losses_by_group(checkpoint: Path, data: Path) -> dict[str, float]:
    """The mean loss of a token of a reply, on the teacher's episodes of the split valid.

    Args:
        checkpoint: of the student.
        data: a dataset with shards; conversations that the student cannot take are passed over.

    Raises:
        ConfigError: there are no shards, or the checkpoint cannot be read.
    """
    shards = open_shards(data / SHARDS / 'valid')
    wanted = set(shards.documents['episode'].tolist())
    groups = {
        number: group_of_task(parse_episode(line.decode()))
        for number, line in enumerate(read_lines(data / EPISODES))
        if number in wanted
    }
    model: Any = load_base(str(checkpoint), dtype=torch.float32).eval()
    losses: dict[str, float] = defaultdict(float)
    counts: dict[str, float] = defaultdict(float)
    for index in range(len(shards)):
        document = shards.document(index)
        if len(document.tokens) > model.config.max_position_embeddings:
            continue
        with torch.no_grad():
            batch = pad_samples([(document.tokens, document.weights)])
            loss, weight, _, _ = token_losses(model, batch)
        group = groups[document.episode]
        losses[group] += float((loss * weight).sum())
        counts[group] += float(weight.sum())
    return {group: losses[group] / count for group, count in counts.items() if count}
