# SPDX-License-Identifier: Apache-2.0
"""The words of a pretrained base, with which a nano begins.

What the base learned about words from far more text than ours, a nano can have from its first step:
words that mean alike begin alike. Its tokens are its own; each begins as the mean of the tokens in
which the base writes it (Gee et al. 2022, Fast Vocabulary Transfer, arXiv 2402.09977), on the
directions in which these differ most. Each direction is made to count the same: otherwise a few, in
which all words of a base lie close together, drown what tells one from the other, by which heads
copy. Bytes and handles stay random: these mean nothing by themselves.
"""

from __future__ import annotations

from typing import Any

import torch

from prism_core.dataset.tokenizer import CONTROL_TOKENS, HANDLES

_OWN = frozenset((*CONTROL_TOKENS, *HANDLES))


def set_base_words(model: Any, tokenizer: Any, base: Any, base_tokenizer: Any) -> None:
    """Let the words of a nano be those of a base; the size of its numbers stays what it is.

    Args:
        model: the nano, with random weights.
        tokenizer: its own, of transformers, byte-level BPE.
        base: a causal model.
        base_tokenizer: of the base, byte-level BPE as well.
    """
    pieces = _pieces(tokenizer, base_tokenizer)
    theirs = base.get_input_embeddings().weight.detach().float()
    means = torch.stack([theirs[ids].mean(0) for ids in pieces.values()])
    directions = torch.linalg.svd(means - means.mean(0), full_matrices=False).U
    words = model.get_input_embeddings().weight
    with torch.no_grad():
        # the first place is the same for all words where heads copy (see `copying_heads`)
        count = min(directions.shape[1], words.shape[1] - 1)
        size = words.std() * len(means) ** 0.5
        words[list(pieces), 1 : count + 1] = directions[:, :count].to(words) * size


def _pieces(tokenizer: Any, base_tokenizer: Any) -> dict[int, list[int]]:
    """By the number of each token that is more than a byte, the tokens in which the base writes
    it.
    """
    written = base_tokenizer.backend_tokenizer.model
    tokens = enumerate(tokenizer.convert_ids_to_tokens(range(len(tokenizer))))
    return {
        number: [piece.id for piece in written.tokenize(token)]
        for number, token in tokens
        if len(token) > 1 and token not in _OWN
    }
