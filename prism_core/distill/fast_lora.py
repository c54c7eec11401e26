# SPDX-License-Identifier: Apache-2.0
"""LoRA without dropout as matrix products alone: what PEFT does in more steps, with the same result.

Weights of the adapter stay in float32; products are computed in the precision of the base.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from peft.tuners.lora import Linear

from prism_core.distill.config import AdapterConfig


class _Adapted(torch.autograd.Function):
    """x W' + scale (x A') B', of which W is not trained."""

    @staticmethod
    def forward(ctx, x, weight, down, up, scale):
        ctx.shape, ctx.scale = x.shape, scale
        rows = x.reshape(-1, x.shape[-1]).to(weight.dtype)
        down, up = down.to(weight.dtype), up.to(weight.dtype)
        within = rows @ down.t()
        out = (rows @ weight.t()).addmm_(within, up.t(), alpha=scale)
        ctx.save_for_backward(rows, weight, down, up, within)
        return out.view(*x.shape[:-1], weight.shape[0])

    @staticmethod
    def backward(ctx, *gradients):
        rows, weight, down, up, within = ctx.saved_tensors
        above = gradients[0].reshape(-1, weight.shape[0]).to(weight.dtype)
        of_within = (above @ up).mul_(ctx.scale)
        of_up = (above.t() @ within).float().mul_(ctx.scale)
        of_down = (of_within.t() @ rows).float()
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x = (above @ weight).addmm_(of_within, down).view(ctx.shape)
        return of_x, None, of_down, of_up, None


def speed_up(model: Any, adapter: AdapterConfig) -> None:
    """Let the adapted layers of a model of PEFT compute in fewer steps, where they can.

    Args:
        model: from `peft.get_peft_model`, with one adapter.
        adapter: what it is; nothing is done with dropout, trained biases, or another method.
    """
    if adapter.method != 'lora' or adapter.dropout or adapter.bias != 'none':
        return
    for layer in model.modules():
        if isinstance(layer, Linear) and layer.base_layer.bias is None:
            layer.forward = partial(_forward, layer)  # type: ignore[method-assign]


def _forward(layer: Linear, x: torch.Tensor) -> torch.Tensor:
    (name,) = layer.active_adapters
    down, up = layer.lora_A[name].weight, layer.lora_B[name].weight
    return _Adapted.apply(x, layer.base_layer.weight, down, up, layer.scaling[name])
