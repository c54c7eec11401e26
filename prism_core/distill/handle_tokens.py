# SPDX-License-Identifier: Apache-2.0
"""Handles of the compact dialect in the vocabulary of a pretrained model, in place of words of it.

A handle takes over the number of a word, and so its embedding, which is well trained: nothing but
LoRA has to learn what it means, and all adapters share one base. The word itself is written with
the pieces that it was merged from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tokenizers import AddedToken, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Digits
from tokenizers.pre_tokenizers import Sequence as InOrder

from prism_core.errors import ConfigError

_BLANK = 'Ġ'  # how byte-level BPE writes the blank before a word


@dataclass(frozen=True)
class TokenTable:
    """The tokens of byte-level BPE by their numbers, the pairs that are merged, and which tokens
    are no part of a text.
    """

    tokens: tuple[str, ...]
    merges: tuple[str, ...]
    control: tuple[str, ...]


def rename_words(
    vocabulary: TokenTable, words: Sequence[str], handles: Sequence[str]
) -> TokenTable:
    """A vocabulary in which the token of each word, with the blank before it, is a handle.

    Args:
        vocabulary: of the model.
        words: one for each handle.
        handles: what they become.

    Raises:
        ConfigError: a word is no token, or other tokens are merged from it: then texts without it
            would change, too.
    """
    numbers = {token: number for number, token in enumerate(vocabulary.tokens)}
    pairs = [tuple(merge.split(' ')) for merge in vocabulary.merges]
    parts = {part for pair in pairs for part in pair}
    tokens, renamed = list(vocabulary.tokens), set()
    for word, handle in zip(words, handles, strict=True):
        token = f'{_BLANK}{word}'
        if token not in numbers or token in parts:
            what = 'a part of other tokens' if token in parts else 'none'
            raise ConfigError(f'expected a token of its own for {word!r}, got {what}')
        tokens[numbers[token]] = handle
        renamed.add(token)
    merges = [m for m, pair in zip(vocabulary.merges, pairs) if ''.join(pair) not in renamed]
    return TokenTable(tuple(tokens), tuple(merges), vocabulary.control)


def make_tokenizer(vocabulary: TokenTable, handles: Sequence[str]) -> Tokenizer:
    """The tokenizer that llama.cpp calls `smollm`: single digits, then GPT-2's split."""
    numbers = {token: number for number, token in enumerate(vocabulary.tokens)}
    pairs: list = [tuple(merge.split(' ')) for merge in vocabulary.merges]
    tokenizer = Tokenizer(BPE(numbers, pairs))
    tokenizer.pre_tokenizer = InOrder([
        Digits(individual_digits=True),
        ByteLevel(add_prefix_space=False, use_regex=True),
    ])  # fmt: skip
    tokenizer.decoder = ByteLevelDecoder()
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in vocabulary.control])
    tokenizer.add_tokens([AddedToken(handle, normalized=False) for handle in handles])
    return tokenizer
