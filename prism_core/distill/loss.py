# SPDX-License-Identifier: Apache-2.0
"""The weighted loss of a causal model, and how well it points when the true reply is given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch.nn import functional

from prism_core.dataset.tokenizer import HANDLES

_DIGIT = re.compile(r'\d')


def token_losses(
    model: torch.nn.Module, batch: Mapping[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """What each token that counts costs.

    Only places at which some sample counts are projected onto the vocabulary.

    Returns:
        the loss, the weight, the likeliest token and the true one, each of one shape: samples by
        places.
    """
    labels, weights = batch['input_ids'][:, 1:], batch['weights'][:, 1:]
    inputs: dict[str, Any] = {k: v for k, v in batch.items() if k != 'weights'}
    places = (weights > 0).any(0).nonzero()[:, 0]
    if len(places) == 0:
        places = places.new_zeros(1)
    if 2 * len(places) > labels.shape[1]:
        logits = model(**inputs, use_cache=False).logits[:, :-1]
    else:
        logits = model(**inputs, use_cache=False, logits_to_keep=places).logits
        labels, weights = labels[:, places], weights[:, places]
    flat = functional.cross_entropy(
        logits.float().flatten(0, 1), labels.flatten(), reduction='none'
    )
    return flat.view_as(labels), weights, logits.detach().argmax(-1), labels


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
    counts = weights > 0
    right = best == labels
    points = counts & torch.isin(labels, pointing)
    whole = counts.any(1)
    sums = (
        *((losses * weights).sum(), weights.sum(), (right & points).sum(), points.sum()),
        *(((right | ~counts).all(1) & whole).sum(), whole.sum()),
    )
    return torch.stack([value.float() for value in sums])
