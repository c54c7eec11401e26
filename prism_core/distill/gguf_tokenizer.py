# SPDX-License-Identifier: Apache-2.0
"""The tokenizer of a checkpoint as GGUF describes it, where llama.cpp splits text the same way.

llama.cpp knows the splits of many tokenizers by name. Those of the families that we export are
recognised by their regular expression, not by the name of a model, so that a tokenizer of our own
is as good as a published one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from gguf import GGUFWriter, TokenType
from transformers import PreTrainedTokenizerFast

from prism_core.errors import ConfigError

_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_LETTERS = r'[^\r\n\p{L}\p{N}]?\p{L}+'
_REST = r' ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+'
# llama.cpp, src/llama-vocab.cpp: the regular expression quoted beside each of these names.
_SPLITS = {
    rf'{_CONTRACTIONS}|{_LETTERS}|\p{{N}}{{1,3}}|{_REST}': 'llama-bpe',
    rf'{_CONTRACTIONS}|{_LETTERS}|\p{{N}}|{_REST}': 'qwen2',
}
_GPT2 = {'type': 'ByteLevel', 'add_prefix_space': False, 'use_regex': True}
_DIGITS = {'type': 'Digits', 'individual_digits': True}
_BYTES_ONLY = {'type': 'ByteLevel', 'add_prefix_space': False, 'use_regex': False}
_GENERATION = re.compile(r'\{%(-?)\s*(?:end)?generation\s*(-?)%\}')
ELSE_CONVERT = "convert it with a llama.cpp checkout's own converter (prism export --llama-cpp DIR)"
"""What to do with a checkpoint that is not exported here."""


def find_pre_tokenizer(tokenizer: PreTrainedTokenizerFast) -> str:
    """The name that llama.cpp has for how a tokenizer splits text: `gpt-2`, `llama-bpe`, `qwen2` or
    `smollm`.

    Raises:
        ConfigError: llama.cpp would split otherwise, or that is not known; says what to do.
    """
    parts = json.loads(tokenizer.backend_tokenizer.to_str())
    model, normalizer = parts['model'], parts['normalizer']
    if model['type'] != 'BPE' or model.get('byte_fallback') or model.get('dropout'):
        raise ConfigError(
            f'expected a byte-level BPE tokenizer, got {model["type"]}; {ELSE_CONVERT}'
        )
    if normalizer is not None and normalizer['type'] != 'NFC':
        raise ConfigError(
            f'expected a tokenizer that leaves text as it is, got the normalizer '
            f'{normalizer["type"]}; {ELSE_CONVERT}'
        )
    name = _find_split(parts['pre_tokenizer'])
    if bool(model.get('ignore_merges')) != (name == 'llama-bpe'):
        raise ConfigError(
            f'expected ignore_merges to be {name == "llama-bpe"} in a tokenizer that splits as '
            f'{name}, got {name != "llama-bpe"}; {ELSE_CONVERT}'
        )
    return name


def _find_split(pre_tokenizer: Mapping[str, Any] | None) -> str:
    found = pre_tokenizer or {}
    if _matches(found, _GPT2):
        return 'gpt-2'
    steps = found.get('pretokenizers', [])
    if len(steps) == 2 and _matches(steps[0], _DIGITS) and _matches(steps[1], _GPT2):
        return 'smollm'
    if len(steps) == 2 and steps[0]['type'] == 'Split' and _matches(steps[1], _BYTES_ONLY):
        split = steps[0]
        pattern = split['pattern'].get('Regex', '')
        if pattern in _SPLITS and split['behavior'] == 'Isolated' and not split['invert']:
            return _SPLITS[pattern]
    raise ConfigError(
        "expected a tokenizer that splits text as GPT-2's, Llama 3's, Qwen 2's or SmolLM's, got "
        f'{_shorten(json.dumps(found))}; {ELSE_CONVERT}, or train one with gpt-2 splits'
    )


def _matches(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(found.get(key) == value for key, value in wanted.items())


def _shorten(text: str) -> str:
    return text if len(text) <= 120 else f'{text[:117]}...'


def is_control(token: str, is_special: bool) -> bool:
    """Whether a token marks the structure of a conversation and is never part of a text.

    llama.cpp takes what looks like `<|this|>` for one whatever the file says.
    """
    return is_special or (token.startswith('<|') and token.endswith('|>'))


def write_tokenizer(writer: GGUFWriter, tokenizer: PreTrainedTokenizerFast, size: int) -> None:
    """Write vocabulary, merges, special tokens and chat template.

    Control tokens become CONTROL, which llama.cpp reads in a text only where it is told to; other
    added tokens, such as handles, USER_DEFINED, which it reads everywhere.

    Args:
        writer: of the file.
        tokenizer: as transformers loads it.
        size: of the model's vocabulary; tokens that it has beyond the tokenizer's are unused.

    Raises:
        ConfigError: llama.cpp has no such tokenizer, or the vocabulary is larger than the model's.
    """
    name = find_pre_tokenizer(tokenizer)
    tokens = {number: token for token, number in tokenizer.get_vocab().items()}
    if max(tokens) >= size:
        raise ConfigError(
            f'expected at most {size} tokens, as many as the model has embeddings for, got '
            f'{max(tokens) + 1}; resize the embeddings and save the checkpoint again'
        )
    writer.add_tokenizer_model('gpt2')
    writer.add_tokenizer_pre(name)
    writer.add_token_list([tokens.get(number, f'[PAD{number}]') for number in range(size)])
    writer.add_token_types([_type_of(number, tokens, tokenizer) for number in range(size)])
    merges = json.loads(tokenizer.backend_tokenizer.to_str())['model']['merges']
    writer.add_token_merges([pair if isinstance(pair, str) else ' '.join(pair) for pair in merges])
    _write_special(writer, tokenizer)
    if tokenizer.chat_template:
        writer.add_chat_template(plain_template(tokenizer.chat_template))


def _type_of(
    number: int, tokens: Mapping[int, str], tokenizer: PreTrainedTokenizerFast
) -> TokenType:
    if number not in tokens:
        return TokenType.UNUSED
    added = tokenizer.added_tokens_decoder.get(number)
    if added is None:
        return TokenType.NORMAL
    return TokenType.CONTROL if is_control(added.content, added.special) else TokenType.USER_DEFINED


def _write_special(writer: GGUFWriter, tokenizer: PreTrainedTokenizerFast) -> None:
    bos, eos, pad = tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id
    if bos is not None:
        writer.add_bos_token_id(bos)
    if eos is not None:
        writer.add_eos_token_id(eos)
    if pad is not None:
        writer.add_pad_token_id(pad)
    around = tokenizer.backend_tokenizer.encode('', add_special_tokens=True).ids
    writer.add_add_bos_token(bos is not None and around[:1] == [bos])
    writer.add_add_eos_token(eos is not None and len(around) > 1 and around[-1] == eos)


def plain_template(template: str) -> str:
    """A chat template without the `generation` marks, which only training knows.

    Comments stand in their place, so that white space around them is cut as before.
    """
    return _GENERATION.sub(r'{#\1 \2#}', template)
