# SPDX-License-Identifier: Apache-2.0
"""The weights of a checkpoint as GGUF names and orders them, for Llama, Qwen 2 and Qwen 3.

The twin of llama.cpp's `conversion/llama.py` and `conversion/qwen.py`, for these families alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from gguf import (
    MODEL_ARCH,
    MODEL_ARCH_NAMES,
    GGMLQuantizationType,
    GGUFWriter,
    LlamaFileType,
    RopeScalingType,
    get_tensor_name_map,
    quants,
)
from safetensors import SafetensorError, safe_open
from transformers import PretrainedConfig

from prism_core.distill.gguf_tokenizer import ELSE_CONVERT
from prism_core.errors import ConfigError

FAMILIES = {
    'LlamaForCausalLM': MODEL_ARCH.LLAMA,
    'Qwen2ForCausalLM': MODEL_ARCH.QWEN2,
    'Qwen3ForCausalLM': MODEL_ARCH.QWEN3,
}
"""The families that are exported, by the class that transformers loads them with."""

FLOAT_TYPES = {
    'F32': (GGMLQuantizationType.F32, LlamaFileType.ALL_F32, 4),
    'F16': (GGMLQuantizationType.F16, LlamaFileType.MOSTLY_F16, 2),
    'BF16': (GGMLQuantizationType.BF16, LlamaFileType.MOSTLY_BF16, 2),
}
"""What matrices are written in: ggml's type, the file's type, bytes of a value."""


def find_architecture(config: PretrainedConfig) -> MODEL_ARCH:
    """The architecture of a checkpoint.

    Raises:
        ConfigError: it is none of `FAMILIES`, or one with a part that is not exported.
    """
    name = (config.architectures or ['nothing'])[0]
    if name not in FAMILIES:
        raise ConfigError(f'expected one of {", ".join(FAMILIES)}, got {name}; {ELSE_CONVERT}')
    if config.hidden_act != 'silu':
        raise ConfigError(f'expected the activation silu, got {config.hidden_act}; {ELSE_CONVERT}')
    if getattr(config, 'use_sliding_window', False):
        raise ConfigError(
            f'expected attention to all that went before, got a window; {ELSE_CONVERT}'
        )
    kind = _rope(config).get('rope_type', 'default')
    known = ('default', 'linear', 'llama3') if name == 'LlamaForCausalLM' else ('default', 'linear')
    if kind not in known:
        raise ConfigError(
            f'expected RoPE of {name} to be one of {", ".join(known)}, got {kind}; {ELSE_CONVERT}'
        )
    return FAMILIES[name]


def open_writer(path: Path, config: PretrainedConfig, float_type: str) -> GGUFWriter:
    """A writer of a file at `path`, which knows the shape of the model.

    Raises:
        ConfigError: the architecture is not exported.
    """
    architecture = find_architecture(config)
    writer = GGUFWriter(path, MODEL_ARCH_NAMES[architecture])
    writer.add_type('model')
    writer.add_file_type(FLOAT_TYPES[float_type][1])
    writer.add_quantization_version(2)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_key_length(_head_size(config))
    writer.add_value_length(_head_size(config))
    rope = _rope(config)
    writer.add_rope_dimension_count(_head_size(config))
    writer.add_rope_freq_base(rope['rope_theta'])
    if rope.get('rope_type') == 'linear':
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope['factor'])
    return writer


def write_tensors(
    writer: GGUFWriter, folder: Path, config: PretrainedConfig, float_type: str
) -> None:
    """Write head and weights, one tensor in memory at a time.

    Matrices are written in `float_type`, what has one dimension in F32.

    Raises:
        ConfigError: there are no weights in the folder, or some that GGUF has no name for.
    """
    with ExitStack() as stack:
        sources = _open_all(stack, folder, config)
        for name, (file, key) in sources.items():
            shape = tuple(file.get_slice(key).get_shape())
            kind, _, size = FLOAT_TYPES[_type_of(shape, float_type)]
            writer.add_tensor_info(name, shape, np.dtype(np.float32), math.prod(shape) * size, kind)
        extra = rope_factors(config)
        if extra is not None:
            writer.add_tensor_info('rope_freqs.weight', extra.shape, extra.dtype, extra.nbytes)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for file, key in sources.values():
            values = file.get_tensor(key).float().numpy()
            values = reorder(values, key, config)
            kind, _, _ = FLOAT_TYPES[_type_of(values.shape, float_type)]
            writer.write_tensor_data(quants.quantize(np.ascontiguousarray(values), kind))
        if extra is not None:
            writer.write_tensor_data(extra)


def _open_all(
    stack: ExitStack, folder: Path, config: PretrainedConfig
) -> dict[str, tuple[Any, str]]:
    """Where each tensor of the GGUF file is: an open file and a key in it."""
    files = sorted(folder.glob('model*.safetensors'))
    if not files:
        after = '; merge the adapter first' if (folder / 'adapter_config.json').exists() else ''
        raise ConfigError(f'{folder}: expected weights in model.safetensors, got none{after}')
    names = get_tensor_name_map(find_architecture(config), config.num_hidden_layers)
    found: dict[str, tuple[Any, str]] = {}
    for path in files:
        try:
            file = stack.enter_context(safe_open(path, framework='pt'))
        except (OSError, SafetensorError) as error:
            raise ConfigError(f'cannot read {path} ({error}); save the model again') from error
        for key in file.keys():  # noqa: SIM118 - no mapping
            if key == 'lm_head.weight' and config.tie_word_embeddings:
                continue
            name = names.get_name(key, try_suffixes=('.weight', '.bias'))
            if name is None:
                raise ConfigError(
                    f'{path}: expected weights of {folder.name}, got {key}; {ELSE_CONVERT}'
                )
            found[name] = (file, key)
    return found


def _type_of(shape: tuple[int, ...], float_type: str) -> str:
    return float_type if len(shape) > 1 else 'F32'


def reorder(
    values: np.ndarray, key: str, config: PretrainedConfig, *, back: bool = False
) -> np.ndarray:
    """Llama's q and k as llama.cpp turns them: pairs beside each other, not half a head apart.

    Args:
        values: of a matrix, rows first.
        key: its name in transformers; others than q and k stay as they are.
        config: of the model.
        back: whether they are llama.cpp's, and are to be those of transformers again.
    """
    if find_architecture(config) != MODEL_ARCH.LLAMA:
        return values
    part = key.split('.')[-2]
    heads = {'q_proj': config.num_attention_heads, 'k_proj': config.num_key_value_heads}.get(part)
    if heads is None:
        return values
    half = values.shape[0] // heads // 2
    pairs = (half, 2) if back else (2, half)
    split = values.reshape(heads, *pairs, *values.shape[1:])
    return split.swapaxes(1, 2).reshape(values.shape)


def rope_factors(config: PretrainedConfig) -> np.ndarray | None:
    """By what Llama 3 divides each frequency of RoPE; None where it does not.

    The formula is that of transformers' `_compute_llama3_parameters`.
    """
    rope = _rope(config)
    if rope.get('rope_type') != 'llama3':
        return None
    size = _head_size(config)
    exponents = np.arange(0, size, 2, dtype=np.float64) / size
    wavelengths = 2 * math.pi * rope['rope_theta'] ** exponents
    low, high = rope['low_freq_factor'], rope['high_freq_factor']
    turns = rope['original_max_position_embeddings'] / wavelengths
    smooth = np.clip((turns - low) / (high - low), 0.0, 1.0)
    return (1 / ((1 - smooth) / rope['factor'] + smooth)).astype(np.float32)


def _rope(config: PretrainedConfig) -> Mapping[str, Any]:
    return config.rope_parameters


def _head_size(config: PretrainedConfig) -> int:
    return getattr(config, 'head_dim', None) or config.hidden_size // config.num_attention_heads
