# SPDX-License-Identifier: Apache-2.0
"""The weighted loss of a causal model, and how well it points when the true reply is given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import functional

from prism_core.dataset.tokenizer import HANDLES

_DIGIT = re.compile(r'\d')


def token_losses(
    model: Any, batch: Mapping[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """What each token that counts costs.

    Only they are projected onto the vocabulary.

    Returns:
        the loss, the weight, the likeliest token and the true one, of each token that counts, in
        the order of the batch.
    """
    labels, weights = batch['input_ids'][:, 1:], batch['weights'][:, 1:]
    inputs: dict[str, Any] = {k: v for k, v in batch.items() if k != 'weights'}
    counts = weights > 0
    with _projecting(model, functional.pad(counts, (0, 1))):
        logits = model(**inputs, use_cache=False).logits
    labels, weights = labels[counts], weights[counts]
    losses = functional.cross_entropy(logits.float(), labels, reduction='none')
    return losses, weights, logits.detach().argmax(-1), labels


@contextmanager
def _projecting(model: Any, places: torch.Tensor) -> Iterator[None]:
    """Give the layer that projects onto the vocabulary some places of each batch, in a row."""
    inner = getattr(model, 'module', model)  # what several ranks wrap
    handle = inner.get_output_embeddings().register_forward_pre_hook(
        lambda layer, given: (given[0][places], *given[1:])
    )
    try:
        yield
    finally:
        handle.remove()


def pointing_tokens(tokenizer: Any) -> list[int]:
    """The tokens that tell nodes apart: handles, or, where a vocabulary has none, all tokens with a
    digit.

    Args:
        tokenizer: of transformers.
    """
    vocab = tokenizer.get_vocab()
    handles = [vocab[handle] for handle in HANDLES if handle in vocab]
    return handles or sorted(number for text, number in vocab.items() if _DIGIT.search(text))


def count_hits(
    model: torch.nn.Module, batch: Mapping[str, torch.Tensor], pointing: torch.Tensor
) -> torch.Tensor:
    """Sums over a batch, each sample by itself: loss times weight, weight, right and all tokens
    that point, right and all samples. A sample is right if each token that counts is the likeliest.
    """
    with torch.no_grad():
        losses, weights, best, labels = token_losses(model, batch)
    right = best == labels
    points = torch.isin(labels, pointing)
    of_sample = (batch['weights'][:, 1:] > 0).sum(1)
    sample = torch.repeat_interleave(of_sample)
    wrong = torch.zeros_like(of_sample).index_add_(0, sample, (~right).to(of_sample.dtype))
    sums = (
        *((losses * weights).sum(), weights.sum(), (right & points).sum(), points.sum()),
        *(((wrong == 0) & (of_sample > 0)).sum(), (of_sample > 0).sum()),
    )
    return torch.stack([value.float() for value in sums])
