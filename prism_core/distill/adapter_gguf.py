# SPDX-License-Identifier: Apache-2.0
"""The matrices of LoRA under llama.cpp's names and in its order, and back to PEFT's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader, get_tensor_name_map
from transformers import PretrainedConfig

from prism_core.distill.gguf_weights import find_architecture, reorder
from prism_core.errors import ConfigError

_PREFIX = 'base_model.model.'
_PARTS = {'lora_A': 'lora_a', 'lora_B': 'lora_b'}


def name_tensor(key: str, config: PretrainedConfig) -> str:
    """What llama.cpp calls a matrix of an adapter; '' for what is none of LoRA.

    Args:
        key: its name in PEFT's file.
        config: of the base.
    """
    names = get_tensor_name_map(find_architecture(config), config.num_hidden_layers)
    module, part = _split(key)
    name = names.get_name(module.removeprefix(_PREFIX))
    return f'{name}.weight.{_PARTS[part]}' if name and part in _PARTS else ''


def to_gguf(key: str, values: torch.Tensor, config: PretrainedConfig) -> np.ndarray:
    """A matrix of PEFT's as llama.cpp wants it."""
    return np.ascontiguousarray(_turn(key, values.float().numpy(), config, back=False))


def read_adapter(
    path: Path, keys: Iterable[str], config: PretrainedConfig
) -> Mapping[str, torch.Tensor]:
    """The matrices of a GGUF adapter, in float32.

    Args:
        path: of the file.
        keys: the names that they are to have in PEFT.
        config: of the base.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no GGUF file.
        ConfigError: it has other matrices.
    """
    found = {tensor.name: tensor for tensor in GGUFReader(path).tensors}
    wanted = {name_tensor(key, config): key for key in keys}
    if wanted.keys() != found.keys():
        other = min(wanted.keys() ^ found.keys())
        raise ConfigError(
            f'start: expected an adapter with the matrices that are trained here, got another in '
            f'{path} ({other}); name another, or set adapter.targets to its'
        )
    weights = {}
    for name, key in wanted.items():
        tensor = found[name]
        values = np.array(tensor.data, np.float32).reshape(tuple(tensor.shape)[::-1])
        weights[key] = torch.from_numpy(_turn(key, values, config, back=True).copy())
    return weights


def _split(key: str) -> tuple[str, str]:
    module, _, part = key.removesuffix('.weight').rpartition('.')
    return module, part


def _turn(key: str, values: np.ndarray, config: PretrainedConfig, *, back: bool) -> np.ndarray:
    module, part = _split(key)
    if part != 'lora_B':
        return values
    return reorder(values, f'{module}.weight', config, back=back)
