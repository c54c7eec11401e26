# SPDX-License-Identifier: Apache-2.0
"""Heads that copy, set before the first step of a nano.

A reply points to a node by copying its handle: it looks for where the class word stood before, and
says what stood behind it. A nano of 1.5 million parameters had not found that by itself after five
million tokens, and pointed at random. So it begins with an induction head
(https://transformer-circuits.pub/2022/in-context-learning-and-induction-heads): in the first layer
one head looks at the token before and adds it to the residual stream; in the next two layers heads
look for a token whose predecessor is the one at hand, and add what they see. All of it is trained
further. All other outputs of layers begin at nothing, so that words are not drowned out.
"""

from __future__ import annotations

from typing import Any

import torch

SHARPNESS = 7.0
"""How far the score of what a head looks for lies above that of the rest: e**7 of a thousand."""
CONSTANT = 0.5
"""The first entry of each word's vector, by which a head can tell places whatever stands there."""
_MOST_PLACES = 300  # so far apart, angles of one pair that turns slowly are still alike
_COPYING_LAYERS, _COPYING_HEADS = (1, 2), 2


def set_copying_heads(model: Any) -> None:
    """Set them in a Llama of at least three layers; random numbers are torch's.

    Args:
        model: of `transformers`, with as many heads of keys as of queries.
    """
    config = model.config
    heads = config.num_attention_heads
    size = config.hidden_size // heads
    words = model.model.embed_tokens.weight
    layers = model.model.layers
    with torch.no_grad():
        for layer in layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        words[:, 0] = CONSTANT
        scale = words.square().mean().sqrt()  # the norm before each layer divides by it
        turns = config.rope_parameters['rope_theta'] ** (-torch.arange(size // 2) * 2 / size)
        read, write = _directions(size, config.hidden_size), _directions(size, config.hidden_size)
        _look_at_the_token_before(layers[0].self_attn, turns, CONSTANT / scale)
        _pass_on(layers[0].self_attn, slice(size), read * scale, write)
        slow = (turns * _MOST_PLACES < 1).repeat(2)
        for number in _COPYING_LAYERS:
            for head in range(min(_COPYING_HEADS, heads)):
                rows = slice(head * size, (head + 1) * size)
                attention = layers[number].self_attn
                mixed = _directions(size, size)[slow] * (SHARPNESS * size**0.5 / slow.sum()).sqrt()
                attention.q_proj.weight[rows] = 0
                attention.k_proj.weight[rows] = 0
                attention.q_proj.weight[rows][slow] = mixed @ read
                attention.k_proj.weight[rows][slow] = mixed @ write
                seen = _directions(size, config.hidden_size)
                _pass_on(attention, rows, seen * scale, 2 * seen)


def _look_at_the_token_before(attention: Any, turns: torch.Tensor, constant: torch.Tensor) -> None:
    """The first head: a query that is turned back by one place is most like the key before it."""
    size = 2 * len(turns)
    fast = int((turns > 1 / 20).sum())
    gained = (1 - torch.cos(turns[:fast])).sum() / size**0.5  # over the places beside that one
    length = (SHARPNESS / gained).sqrt() / constant
    query, key = (weight[:size] for weight in (attention.q_proj.weight, attention.k_proj.weight))
    query.zero_()
    key.zero_()
    query[:fast, 0] = length * torch.cos(turns[:fast])
    query[size // 2 : size // 2 + fast, 0] = -length * torch.sin(turns[:fast])
    key[:fast, 0] = length


def _pass_on(attention: Any, rows: slice, read: torch.Tensor, write: torch.Tensor) -> None:
    """What a head reads where it looks, and what it adds."""
    attention.v_proj.weight[rows] = read
    attention.o_proj.weight[:, rows] = write.T


def _directions(count: int, width: int) -> torch.Tensor:
    """Random directions at right angles to each other, without the constant."""
    rows = torch.linalg.qr(torch.randn(width, count)).Q.T.contiguous()
    if count < width:
        rows[:, 0] = 0
    return rows
