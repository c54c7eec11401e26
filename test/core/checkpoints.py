# SPDX-License-Identifier: Apache-2.0
"""Small checkpoints in the file formats of published models, with random weights."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from tokenizers import AddedToken, Regex, Tokenizer, normalizers, processors
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Digits, PreTokenizer, Sequence, Split
from tokenizers.trainers import BpeTrainer
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from prism_core.dataset.tokenizer import save_tokenizer
from prism_core.distill.export_gguf import Export, export_gguf
from prism_core.distill.probes import Conversation
from prism_core.gguf_info import ModelMetadata

from .training_data import all_samples, trained_tokenizer

CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
WORDS = r'[^\r\n\p{L}\p{N}]?\p{L}+'
REST = r' ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+'
LLAMA_3_SPLIT = rf'{CONTRACTIONS}|{WORDS}|\p{{N}}{{1,3}}|{REST}'
QWEN_2_SPLIT = rf'{CONTRACTIONS}|{WORDS}|\p{{N}}|{REST}'

LLAMA_3_TEMPLATE = (
    '{{- bos_token }}{%- for message in messages %}'
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}"
    "{{- message['content'] | trim + '<|eot_id|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}"
    '{%- endif %}'
)
QWEN_TEMPLATE = (
    '{%- for message in messages %}'
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
SHAPE = {
    'hidden_size': 128,
    'intermediate_size': 256,
    'num_hidden_layers': 2,
    'num_attention_heads': 4,
    'num_key_value_heads': 2,
    'max_position_embeddings': 2048,
    'initializer_range': 0.3,
}
"""Wide enough that a wrong order of weights shows; the rows of most matrices fit no K-quant."""
WIDE = {**SHAPE, 'hidden_size': 256}


def split_by(pattern: str) -> PreTokenizer:
    """How Llama 3 and Qwen 2 split."""
    return Sequence([
        Split(Regex(pattern), 'isolated'),
        ByteLevel(add_prefix_space=False, use_regex=False),
    ])  # fmt: skip


def learn(split: PreTokenizer, *, ignore_merges: bool = False, size: int = 900) -> Tokenizer:
    """A byte-level BPE tokenizer that splits like a published one."""
    tokenizer = Tokenizer(BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = split
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=size, initial_alphabet=ByteLevel.alphabet(), show_progress=False
    )
    texts = (message['content'] for sample in all_samples('spine') for message in sample.messages)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


@cache
def llama_3_tokenizer() -> PreTrainedTokenizerFast:
    """Its control tokens are Llama 3's; every text begins with one of them."""
    tokenizer = learn(split_by(LLAMA_3_SPLIT), ignore_merges=True)
    control = ('<|begin_of_text|>', '<|end_of_text|>', '<|start_header_id|>', '<|end_header_id|>')
    added = [AddedToken(token, normalized=False) for token in (*control, '<|eot_id|>')]
    tokenizer.add_special_tokens(added)
    first = (control[0], tokenizer.token_to_id(control[0]))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f'{first[0]} $A', pair=f'{first[0]} $A {first[0]} $B', special_tokens=[first]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=control[0],
        eos_token='<|eot_id|>',  # noqa: S106
        chat_template=LLAMA_3_TEMPLATE,
    )


@cache
def qwen_tokenizer() -> PreTrainedTokenizerFast:
    """Brings text to form C, as Qwen's does; some of its added tokens are none of control."""
    tokenizer = learn(split_by(QWEN_2_SPLIT))
    tokenizer.normalizer = normalizers.NFC()
    control = ('<|endoftext|>', '<|im_start|>', '<|im_end|>')
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in control])
    others = ('<tool_call>', '</tool_call>', '<|fim_prefix|>', '<think>', '</think>')
    tokenizer.add_tokens([AddedToken(token, normalized=False, special=False) for token in others])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token='<|im_end|>',  # noqa: S106
        pad_token='<|endoftext|>',  # noqa: S106
        chat_template=QWEN_TEMPLATE,
    )


LLAMA_3_ROPE = {
    'rope_type': 'llama3',
    'rope_theta': 500000.0,
    'factor': 32.0,
    'low_freq_factor': 1.0,
    'high_freq_factor': 4.0,
    'original_max_position_embeddings': 256,
}


def make_llama(folder: Path, **changes) -> Path:
    """As Llama 3.2 is: tied embeddings, fewer heads for keys, RoPE scaled by frequency."""
    tokenizer = llama_3_tokenizer()
    config = LlamaConfig(**{
        **SHAPE,
        'vocab_size': len(tokenizer),
        'tie_word_embeddings': True,
        'rope_parameters': LLAMA_3_ROPE,
        'bos_token_id': tokenizer.bos_token_id,
        'eos_token_id': tokenizer.eos_token_id,
        **changes,
    })  # fmt: skip
    return save(folder, LlamaForCausalLM, config, tokenizer)


def make_qwen_2(folder: Path, **changes) -> Path:
    """As Qwen 2.5 is: biases of queries, keys and values, more embeddings than tokens."""
    tokenizer = qwen_tokenizer()
    rope = {'rope_type': 'default', 'rope_theta': 1000000.0}
    config = Qwen2Config(**{
        **SHAPE,
        'vocab_size': len(tokenizer) + 27,
        'tie_word_embeddings': True,
        'rope_parameters': rope,
        **changes,
    })  # fmt: skip
    return save(folder, Qwen2ForCausalLM, config, tokenizer)


def make_qwen_3(folder: Path, **changes) -> Path:
    """As Qwen 3 is: norms of queries and keys, heads wider than the model, its own output."""
    tokenizer = qwen_tokenizer()
    rope = {'rope_type': 'default', 'rope_theta': 1000000.0}
    config = Qwen3Config(**{
        **SHAPE,
        'head_dim': 64,
        'vocab_size': len(tokenizer),
        'tie_word_embeddings': False,
        'rope_parameters': rope,
        **changes,
    })  # fmt: skip
    return save(folder, Qwen3ForCausalLM, config, tokenizer)


def make_smollm(folder: Path, **changes) -> Path:
    """As SmolLM 2 is: Llama's weights, GPT-2's splits, each digit by itself."""
    digits = Digits(individual_digits=True)
    split = Sequence([digits, ByteLevel(add_prefix_space=False, use_regex=True)])
    tokenizer = learn(split)
    tokenizer.add_special_tokens(['<|endoftext|>', '<|im_start|>', '<|im_end|>'])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token='<|im_start|>',  # noqa: S106
        eos_token='<|im_end|>',  # noqa: S106
        chat_template=QWEN_TEMPLATE,
    )
    config = LlamaConfig(**{
        **SHAPE,
        'vocab_size': len(fast),
        'tie_word_embeddings': True,
        'rope_parameters': {'rope_type': 'linear', 'rope_theta': 100000.0, 'factor': 2.0},
        **changes,
    })  # fmt: skip
    return save(folder, LlamaForCausalLM, config, fast)


def make_nano(folder: Path, **changes) -> Path:
    """As our own students are."""
    tokenizer = trained_tokenizer()
    config = LlamaConfig(**{
        **SHAPE,
        'vocab_size': tokenizer.get_vocab_size(),
        'tie_word_embeddings': True,
        'rope_parameters': {'rope_type': 'default', 'rope_theta': 10000.0},
        **changes,
    })  # fmt: skip
    save(folder, LlamaForCausalLM, config, None)
    save_tokenizer(tokenizer, folder)
    return folder


def save(folder: Path, kind, config, tokenizer: PreTrainedTokenizerFast | None) -> Path:
    """A model with random weights, biases and norms among them, as transformers saves it."""
    torch.manual_seed(7)
    model = kind(config)
    with torch.no_grad():
        for name, values in model.named_parameters():
            if values.ndim == 1:
                values.add_(torch.randn_like(values) * 0.2)
            elif 'embed_tokens' not in name and 'lm_head' not in name:
                values.mul_(0.5)
    model.save_pretrained(folder)
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)
    return folder


METADATA = ModelMetadata(
    'tiny', domain='mapping', dialect='compact', dialect_version='1', recipe='steps: 0'
)


@cache
def some_conversations() -> tuple[Conversation, ...]:
    """Those of some episodes, in the dialect of our own students."""
    return tuple(sample.messages for sample in all_samples()[:4])


def export_some(checkpoint: Path, out: Path, **settings) -> Export:
    """Export a checkpoint, compared on few conversations."""
    return export_gguf(
        checkpoint, out, metadata=METADATA, conversations=some_conversations(), **settings
    )
