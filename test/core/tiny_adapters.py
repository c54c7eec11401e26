# SPDX-License-Identifier: Apache-2.0
"""LoRA adapters of random weights for models of `tiny_gguf`, in llama.cpp's file format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from gguf import GGUFWriter

from prism_core.files import hash_file
from prism_core.gguf_info import read_gguf_info

from .tiny_gguf import TAUGHT

RANK, ALPHA = 4, 8.0
CHANGED = ('attn_q', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_down')


@dataclass(frozen=True)
class TinyAdapter:
    """An adapter, and what it adds to each matrix of its base."""

    path: Path
    changes: Mapping[str, np.ndarray]


def write_adapter(
    path: Path,
    base: Path,
    *,
    seed: int = 1,
    strength: float = 1.0,
    name: str = '',
    kind: str = 'lora',
    architecture: str = 'llama',
    said: Mapping[str, Any] = MappingProxyType({}),
    parts: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> TinyAdapter:
    """Write an adapter of all layers of a base; one of strength 0 changes nothing.

    Args:
        path: the file.
        base: the model's file.
        seed: of the weights.
        strength: of the change.
        name: in the file; that of the file when left out.
        kind: of adapter, as the file says it.
        architecture: of its base, as the file says it.
        said: changes what it says of itself; '' leaves it out.
        parts: tensors instead of its own.
    """
    rng = np.random.default_rng(seed)
    writer = GGUFWriter(str(path), architecture)
    writer.add_type('adapter')
    writer.add_string('adapter.type', kind)
    writer.add_float32('adapter.lora.alpha', ALPHA)
    writer.add_name(name or path.stem)
    for key, value in {**TAUGHT, 'prism.base_sha256': hash_file(base), **said}.items():
        if value:
            writer.add_string(key, value)
    tensors, changes = {}, {}
    for tensor in read_gguf_info(base, verify=False).tensors:
        if tensor.name.split('.')[-2] in CHANGED:
            columns, rows = tensor.shape
            a = rng.normal(0, columns**-0.5, (RANK, columns)).astype(np.float32)
            b = rng.normal(0, strength * RANK**-0.5, (rows, RANK)).astype(np.float32)
            tensors |= {f'{tensor.name}.lora_a': a, f'{tensor.name}.lora_b': b}
            changes[tensor.name] = ALPHA / RANK * b @ a
    for key, weights in (parts or tensors).items():
        writer.add_tensor(key, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return TinyAdapter(path, changes)
