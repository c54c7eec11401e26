# SPDX-License-Identifier: Apache-2.0
"""Holds a language model that runs here to a grammar, by `llguidance`.

Checks one token at a time, which takes microseconds; the mask of the whole vocabulary is made only
where the token that the model wanted is none of the grammar.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import llguidance
import numpy as np

from prism_core.errors import ConfigError, PlannerError
from prism_core.inference.text_model import JsonSchema
from prism_core.plan.grammar import Lark

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_KEPT_GRAMMARS = 8
_BYTES = 256


def token_bytes(tokenizer: Tokenizer) -> list[bytes]:
    """The bytes that each token of a byte-level tokenizer stands for.

    Raises:
        ConfigError: the tokenizer is of another kind.
    """
    parts = json.loads(tokenizer.to_str())
    tokens = {token['id']: token['content'].encode() for token in parts['added_tokens']}
    bytes_of = _bytes_of_characters()
    for token, number in parts['model']['vocab'].items():
        if number not in tokens:
            if not set(token) <= bytes_of.keys():
                raise ConfigError(
                    f'expected a byte-level tokenizer, got one with the token {token!r}'
                )
            tokens[number] = bytes(bytes_of[character] for character in token)
    return [tokens.get(number, b'') for number in range(max(tokens) + 1)]


def _bytes_of_characters() -> dict[str, int]:
    """GPT-2's way to write bytes: printable ones as they are, the others from U+0100 on."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = sorted(set(range(0x100)) - set(plain))
    characters = [*map(chr, plain), *(chr(0x100 + number) for number in range(len(others)))]
    return dict(zip(characters, [*plain, *others]))


class TokenVocabulary:
    """What the tokens of a model stand for, as `llguidance` wants to know it.

    Args:
        tokens: the bytes of each token; those of control tokens do not matter.
        control: the control tokens, which no grammar takes.
        end: the token that ends a reply.
        tokenize: the tokens of a text in which there are no control tokens.
    """

    def __init__(
        self,
        tokens: Sequence[bytes],
        control: Sequence[int],
        end: int,
        tokenize: Callable[[str], list[int]],
    ):
        self.eos_token_id = end
        self.bos_token_id = None
        self.tokens = list(tokens)
        self.special_token_ids = sorted({*control, end})
        self._tokenize = tokenize

    def __call__(self, text: str) -> list[int]:
        """The tokens of a text."""
        return self._tokenize(text)


class Grammars:
    """Compiles grammars for one vocabulary, each once: plans on one graph share it."""

    def __init__(self, vocabulary: TokenVocabulary):
        self._end = vocabulary.eos_token_id
        self._size = len(vocabulary.tokens)
        self._tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(vocabulary))
        self._compiled: OrderedDict[str, llguidance.LLMatcher] = OrderedDict()

    def start(self, grammar: JsonSchema | Lark) -> GrammarState:
        """What holds one reply to a grammar.

        Raises:
            PlannerError: the grammar cannot be compiled.
        """
        source = _source_of(grammar)
        compiled = self._compiled.get(source)
        if compiled is None:
            compiled = llguidance.LLMatcher(self._tokenizer, source, log_level=0)
            if compiled.is_error():
                said = ' '.join(compiled.get_error().split())
                raise PlannerError(f'expected a grammar that llguidance can compile: {said[:200]}')
            self._compiled[source] = compiled
            if len(self._compiled) > _KEPT_GRAMMARS:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(source)
        return GrammarState(compiled.deep_copy(), self._size)


def _source_of(grammar: JsonSchema | Lark) -> str:
    if isinstance(grammar, Lark):
        return llguidance.LLMatcher.grammar_from_lark(grammar.source)
    return llguidance.LLMatcher.grammar_from_json_schema(dict(grammar.schema))


class GrammarState:
    """Where one reply stands in its grammar."""

    def __init__(self, matcher: llguidance.LLMatcher, vocabulary_size: int):
        self._matcher = matcher
        self._size = vocabulary_size

    @property
    def is_complete(self) -> bool:
        """Whether nothing can follow but the end."""
        return self._matcher.is_stopped()

    @property
    def may_end(self) -> bool:
        """Whether what was taken is a sentence."""
        return self._matcher.is_accepting()

    def take(self, token: int) -> bool:
        """Take a token if the grammar does."""
        return self._matcher.try_consume_tokens([token]) == 1

    def allowed(self) -> np.ndarray:
        """For each token whether the grammar takes it.

        Raises:
            PlannerError: the grammar has become too complex.
        """
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        if self._matcher.is_error():
            raise PlannerError(f'the grammar fails here: {self._matcher.get_error()[:200]}')
        return np.unpackbits(bits, bitorder='little')[: self._size].astype(bool)

    def take_forced(self) -> list[int]:
        """Take all tokens to which there is no alternative."""
        forced = self._matcher.compute_ff_tokens()
        return forced[: self._matcher.try_consume_tokens(forced)] if forced else []


def take_text(grammar: Lark, text: str) -> str:
    """As much of a text as some sentence of a grammar begins with, whatever the tokens of a model
    are; a mark stands behind it where only a longer one is a sentence.
    """
    state = _byte_grammars().start(grammar)
    said = text.encode()
    taken = next((at for at, byte in enumerate(said) if not state.take(byte)), len(said))
    if taken < len(said):
        return said[:taken].decode(errors='ignore')
    return text if state.may_end else f'{text}…'


@lru_cache(maxsize=1)
def _byte_grammars() -> Grammars:
    """For a model of which each token is a byte."""
    tokens = [bytes([value]) for value in range(_BYTES)]
    vocabulary = TokenVocabulary([*tokens, b''], (), _BYTES, lambda text: [*text.encode()])
    return Grammars(vocabulary)
