# SPDX-License-Identifier: Apache-2.0
"""Small models with random weights in the file formats of real ones, for tests of the runtime."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
from gguf import GGUFWriter, TokenType
from tokenizers import Tokenizer

from prism_core import find_domain
from prism_core.dataset.tokenizer import (
    CHAT_TEMPLATE,
    CONTROL_TOKENS,
    END,
    HANDLES,
    PAD,
    train_tokenizer,
)
from prism_core.dialects.conversation import Message
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.gguf_info import hash_action_table
from prism_core.inference.local.grammar import TokenVocabulary, token_bytes

from .mapping_worlds import episodes_of, states_of, taught

WIDTH, HEADS, FEED = 32, 2, 64
TAUGHT = {
    'prism.domain': 'mapping',
    'prism.dialect': 'compact',
    'prism.dialect_version': '1',
    'prism.action_table_version': hash_action_table(MAPPING_ACTIONS),
}
"""What a student of this version says of itself."""


@cache
def turns_of(seeds: range, dialect_name: str = 'compact', **settings):
    """For each turn that the teacher plays in some worlds: dialect, request, known graph, history
    and reply.
    """
    domain = find_domain('mapping')
    cases = []
    for run in map(taught, episodes_of(seeds, **settings)):
        dialect = domain.make_dialect(dialect_name, run.seed)
        for graph, history, turn in states_of(run):
            reply = dialect.render_reply(turn.plan, graph)
            cases.append((dialect, run.task.request, graph, history, reply))
    return tuple(cases)


@cache
def conversations_of(seeds: range, dialect_name: str = 'compact', **settings):
    """As `turns_of`, with the prompt instead of the history."""
    return tuple(
        (dialect, request, graph, dialect.render_prompt(request, graph, history), reply)
        for dialect, request, graph, history, reply in turns_of(seeds, dialect_name, **settings)
    )


@cache
def nano_tokenizer(dialect_name: str = 'compact') -> Tokenizer:
    """A tokenizer of our kind, with few tokens."""
    texts = [m['content'] for case in conversations_of(range(3), dialect_name) for m in case[3]]
    return train_tokenizer(texts, 800)


def write_gguf(
    path: Path,
    tokenizer: Tokenizer,
    *,
    layers: int = 2,
    width: int = WIDTH,
    context: int = 4096,
    seed: int = 0,
    tilt: float = 1.0,
    said: Mapping[str, str] = MappingProxyType({}),
    changes: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> Path:
    """Write a Llama of random weights; `tilt` scales what it says: more is more decided. `said` is
    what the file says of itself; `changes` are added to the matrices that they name.
    """
    rng = np.random.default_rng(seed)
    size = tokenizer.get_vocab_size()
    tokens = [tokenizer.id_to_token(number) for number in range(size)]
    writer = GGUFWriter(str(path), 'llama')
    writer.add_name('tiny')
    for key, value in said.items():
        writer.add_string(key, value)
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // HEADS)
    writer.add_vocab_size(size)
    writer.add_tokenizer_model('gpt2')
    writer.add_tokenizer_pre('gpt-2')
    writer.add_token_list(tokens)
    writer.add_token_types([_type_of(token) for token in tokens])
    merges = json.loads(tokenizer.to_str())['model']['merges']
    writer.add_token_merges([' '.join(pair) for pair in merges])
    writer.add_eos_token_id(tokenizer.token_to_id(END))
    writer.add_pad_token_id(tokenizer.token_to_id(PAD))
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)

    def add(name: str, *shape: int) -> None:
        weights = rng.normal(0, shape[-1] ** -0.5, shape) + changes.get(name, 0.0)
        writer.add_tensor(name, weights.astype(np.float32))

    def add_norm(name: str, scale: float = 1.0) -> None:
        writer.add_tensor(name, np.full(width, scale, np.float32))

    add('token_embd.weight', size, width)
    for layer in range(layers):
        add_norm(f'blk.{layer}.attn_norm.weight')
        add_norm(f'blk.{layer}.ffn_norm.weight')
        for part in ('attn_q', 'attn_k', 'attn_v', 'attn_output'):
            add(f'blk.{layer}.{part}.weight', width, width)
        add(f'blk.{layer}.ffn_gate.weight', 2 * width, width)
        add(f'blk.{layer}.ffn_up.weight', 2 * width, width)
        add(f'blk.{layer}.ffn_down.weight', width, 2 * width)
    add_norm('output_norm.weight', tilt)
    add('output.weight', size, width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _type_of(token: str) -> int:
    if token in CONTROL_TOKENS:
        return TokenType.CONTROL
    return TokenType.USER_DEFINED if token in HANDLES else TokenType.NORMAL


def ask(text: str) -> list[Message]:
    """A conversation of one message."""
    return [{'role': 'user', 'content': text}]


def vocabulary_of(tokenizer: Tokenizer) -> TokenVocabulary:
    """What the tokens of a tokenizer stand for."""
    control = [tokenizer.token_to_id(token) for token in CONTROL_TOKENS]

    def tokenize(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False).ids

    return TokenVocabulary(token_bytes(tokenizer), control, tokenizer.token_to_id(END), tokenize)
