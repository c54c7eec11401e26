# SPDX-License-Identifier: Apache-2.0
"""Models of random weights in the shape of published ones: what they say means nothing, but they
take the time and the memory of the real ones, which need not be at hand to measure a runtime.

Written tensor by tensor, without torch. They never end a reply: the rows of the control tokens are
zero, so that no hidden state wants one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import llama_cpp
import numpy as np
from gguf import GGUFWriter, LlamaFileType, TokenType
from tokenizers.pre_tokenizers import ByteLevel

from prism_core.distill.llama_cpp_model import quantize_file
from prism_core.distill.publish import publish
from prism_core.errors import ConfigError
from prism_core.gguf_info import read_gguf_info

FLOATS = 'F16'
"""What the matrices are written in before they are quantised."""

_CONTEXT_TOKENS = 131_072
_ROPE_BASE = 500_000.0
_EPSILON = 1e-5
_LETTERS = 'abcdefghijklmnopqrstuvwxyz'
_END = '<|eot_id|>'
_CONTROL = ('<|start_header_id|>', '<|end_header_id|>', _END)
_TEMPLATE = (
    "{%- for message in messages -%}{{- '<|start_header_id|>' + message['role'] + "
    "'<|end_header_id|>\\n\\n' + message['content'] + '<|eot_id|>' -}}{%- endfor -%}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}"
)
_DRAWN_AT_ONCE = 2**22


@dataclass(frozen=True)
class Shape:
    """Sizes of a Llama whose output is its embedding."""

    width: int
    layers: int
    heads: int
    kv_heads: int
    feed_forward: int
    vocabulary: int = 128_256


# https://huggingface.co/meta-llama/Llama-3.2-1B/blob/main/config.json, and the same of 3B.
SHAPES = {
    'llama-3.2-1b': Shape(width=2048, layers=16, heads=32, kv_heads=8, feed_forward=8192),
    'llama-3.2-3b': Shape(width=3072, layers=28, heads=24, kv_heads=8, feed_forward=8192),
    'tiny': Shape(width=256, layers=2, heads=4, kv_heads=2, feed_forward=512, vocabulary=4096),
}

OnBytes = Callable[[int, int], None]


def make_random_model(
    folder: Path, shape_name: str, file_type: str, on_bytes: OnBytes = lambda done, total: None
) -> Path:
    """A model file of a shape and a type; made where the folder does not hold it.

    Args:
        folder: keeps the file, and the one in F16 that it is made from.
        shape_name: one of `SHAPES`.
        file_type: F16, or what llama.cpp can quantise to, such as Q4_K_M.
        on_bytes: told how many bytes of the F16 file are written, and how many there will be.

    Raises:
        ConfigError: there is no such shape or type, or the file cannot be written.
    """
    if shape_name not in SHAPES:
        raise ConfigError(f'shape: expected one of {", ".join(SHAPES)}, got {shape_name!r}')
    number = getattr(llama_cpp, f'LLAMA_FTYPE_MOSTLY_{file_type}', None)
    if number is None:
        raise ConfigError(f'type: expected one such as F16, Q8_0 or Q4_K_M, got {file_type!r}')
    source = folder / f'{shape_name}-{FLOATS}.gguf'
    if not source.exists():
        with publish(source) as draft:
            _write(draft, SHAPES[shape_name], shape_name, on_bytes)
    out = folder / f'{shape_name}-{file_type}.gguf'
    if not out.exists():
        with publish(out) as draft:
            quantize_file(read_gguf_info(source, verify=False), draft, number)
    return out


def _write(path: Path, shape: Shape, name: str, on_bytes: OnBytes) -> None:
    writer = GGUFWriter(path, 'llama')
    try:
        _write_head(writer, shape, name)
        sizes = dict(_list_tensors(shape))
        for tensor, dimensions in sizes.items():
            kind = _kind_of(dimensions)
            writer.add_tensor_info(tensor, dimensions, kind, _bytes_of(dimensions))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        rng = np.random.default_rng(0)
        done, total = 0, sum(map(_bytes_of, sizes.values()))
        for tensor, dimensions in sizes.items():
            values = _draw(rng, dimensions)
            if tensor == 'token_embd.weight':
                values[-len(_CONTROL) :] = 0
            writer.write_tensor_data(values)
            done += values.nbytes
            on_bytes(done, total)
    finally:
        writer.close()


def _write_head(writer: GGUFWriter, shape: Shape, name: str) -> None:
    head_size = shape.width // shape.heads
    writer.add_name(f'{name}, random weights')
    writer.add_file_type(LlamaFileType.MOSTLY_F16)
    writer.add_quantization_version(2)
    writer.add_context_length(_CONTEXT_TOKENS)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(head_size)
    writer.add_value_length(head_size)
    writer.add_layer_norm_rms_eps(_EPSILON)
    writer.add_rope_dimension_count(head_size)
    writer.add_rope_freq_base(_ROPE_BASE)
    writer.add_vocab_size(shape.vocabulary)
    tokens, merges = make_vocabulary(shape.vocabulary)
    writer.add_tokenizer_model('gpt2')
    writer.add_tokenizer_pre('llama-bpe')
    writer.add_token_list(tokens)
    normal = [TokenType.NORMAL] * (len(tokens) - len(_CONTROL))
    writer.add_token_types([*normal, *([TokenType.CONTROL] * len(_CONTROL))])
    writer.add_token_merges(merges)
    writer.add_eos_token_id(tokens.index(_END))
    writer.add_add_bos_token(False)
    writer.add_chat_template(_TEMPLATE)


def make_vocabulary(size: int) -> tuple[list[str], list[str]]:
    """Tokens and merges of a made-up byte-level BPE: bytes, pairs of letters, pairs of pairs, and
    at the end the control tokens.
    """
    pairs = [f'{one}{other}' for one, other in itertools.product(_LETTERS, repeat=2)]
    parts = [*itertools.product(_LETTERS, repeat=2), *itertools.product(pairs, repeat=2)]
    letters = sorted(ByteLevel.alphabet())
    parts = parts[: size - len(letters) - len(_CONTROL)]
    tokens = [*letters, *(f'{one}{other}' for one, other in parts), *_CONTROL]
    return tokens, [f'{one} {other}' for one, other in parts]


def _list_tensors(shape: Shape) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and dimensions, the length of a row last."""
    width, feed = shape.width, shape.feed_forward
    kv_width = width // shape.heads * shape.kv_heads
    yield 'token_embd.weight', (shape.vocabulary, width)
    for layer in range(shape.layers):
        prefix = f'blk.{layer}'
        yield f'{prefix}.attn_norm.weight', (width,)
        yield f'{prefix}.attn_q.weight', (width, width)
        yield f'{prefix}.attn_k.weight', (kv_width, width)
        yield f'{prefix}.attn_v.weight', (kv_width, width)
        yield f'{prefix}.attn_output.weight', (width, width)
        yield f'{prefix}.ffn_norm.weight', (width,)
        yield f'{prefix}.ffn_gate.weight', (feed, width)
        yield f'{prefix}.ffn_up.weight', (feed, width)
        yield f'{prefix}.ffn_down.weight', (width, feed)
    yield 'output_norm.weight', (width,)


def _kind_of(dimensions: tuple[int, ...]) -> np.dtype:
    return np.dtype(np.float32 if len(dimensions) == 1 else np.float16)


def _bytes_of(dimensions: tuple[int, ...]) -> int:
    return math.prod(dimensions) * _kind_of(dimensions).itemsize


def _draw(rng: np.random.Generator, dimensions: tuple[int, ...]) -> np.ndarray:
    """Norms are one; matrices are drawn so that what they are applied to keeps its size."""
    if len(dimensions) == 1:
        return np.ones(dimensions, np.float32)
    values = np.empty(math.prod(dimensions), np.float16)
    for start in range(0, values.size, _DRAWN_AT_ONCE):
        part = values[start : start + _DRAWN_AT_ONCE]
        part[:] = rng.standard_normal(part.size, np.float32) * dimensions[-1] ** -0.5
    return values.reshape(dimensions)
