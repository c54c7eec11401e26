# SPDX-License-Identifier: Apache-2.0
"""The tokenizer of small models that are trained from scratch, and how conversations become tokens.

Byte-level BPE behind GPT-2's pre-tokenizer, which llama.cpp has under the name `gpt-2`. No merge
holds a digit, so that each digit is a token of its own. Handles of the compact dialect are tokens;
control tokens mark whose turn it is, and no text can hold one: content is encoded without them.

A conversation is `<|user|>content<|assistant|>reply<|end|><|user|>…`, with `<|system|>content`
before it where there is a header.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Digits, Split
from tokenizers.pre_tokenizers import Sequence as InOrder
from tokenizers.trainers import BpeTrainer

from prism_core.dialects.conversation import Message
from prism_core.errors import ConfigError

# Many processes encode side by side; threads in each would only be in each other's way.
os.environ.setdefault('TOKENIZERS_PARALLELISM', 'false')

TOKENIZER_FILES = ('tokenizer.json', 'tokenizer_config.json')
PAD, END = '<|pad|>', '<|end|>'
ROLES = {'system': '<|system|>', 'user': '<|user|>', 'assistant': '<|assistant|>'}
CONTROL_TOKENS = (PAD, *ROLES.values(), END)
HANDLES = tuple(f'<{letter}{number}>' for letter in 'ro' for number in range(100))
"""Handles behind these, which only graphs of more than a hundred regions or objects have, are
several tokens.
"""

CHAT_TEMPLATE = (
    "{%- for message in messages -%}{%- if message['role'] == 'assistant' -%}"
    "<|assistant|>{%- generation -%}{{- message['content'] + '<|end|>' -}}{%- endgeneration -%}"
    "{%- else -%}{{- '<|' + message['role'] + '|>' + message['content'] -}}{%- endif -%}"
    '{%- endfor -%}{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}'
)
"""The same conversation for transformers; `generation` marks what TRL trains on."""

_RESERVED = (*CONTROL_TOKENS, *HANDLES)
_BYTES = 256
_NOT_LEARNED = Regex('|'.join(map(re.escape, _RESERVED)))


def train_tokenizer(texts: Iterable[str], vocab_size: int = 2048) -> Tokenizer:
    """Learn a vocabulary from texts such as the contents of messages.

    Args:
        texts: what to learn from; the same texts give the same tokenizer.
        vocab_size: the number of tokens at most, control tokens and handles among them.

    Raises:
        ConfigError: there is no room for as many tokens as there have to be.
    """
    smallest = len(_RESERVED) + _BYTES
    if vocab_size < smallest:
        raise ConfigError(f'vocab_size: expected at least {smallest}, got {vocab_size}')
    learner = Tokenizer(BPE())
    learner.pre_tokenizer = InOrder([
        Split(_NOT_LEARNED, 'removed'),
        Digits(individual_digits=True),
        ByteLevel(add_prefix_space=False, use_regex=True),
    ])  # fmt: skip
    trainer = BpeTrainer(
        vocab_size=vocab_size - len(_RESERVED),
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    learned = json.loads(learner.to_str())['model']
    tokens = sorted(learned['vocab'], key=learned['vocab'].__getitem__)
    return join_tokenizer((*_RESERVED, *tokens), [tuple(pair) for pair in learned['merges']])


def join_tokenizer(tokens: Sequence[str], merges: Sequence[tuple[str, str]]) -> Tokenizer:
    """The tokenizer of what was learned.

    Args:
        tokens: all, by their numbers; first those that stand in every vocabulary.
        merges: the pairs that become one, the earliest first.

    Raises:
        ConfigError: other tokens stand first.
    """
    if tuple(tokens[: len(_RESERVED)]) != _RESERVED:
        raise ConfigError(
            f'expected the vocabulary of a nano, which begins with {PAD} and has handles; got one '
            f'that begins with {tokens[0] if tokens else "nothing"!r}'
        )
    numbers = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(BPE(numbers, list(merges)))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = ByteLevelDecoder()
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in CONTROL_TOKENS])
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in HANDLES])
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write `tokenizer.json`, and `tokenizer_config.json` with the chat template, so that
    `transformers.AutoTokenizer.from_pretrained(folder)` reads the same tokenizer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        'tokenizer_class': 'PreTrainedTokenizerFast',
        'pad_token': PAD,
        'eos_token': END,
        'clean_up_tokenization_spaces': False,
        'chat_template': CHAT_TEMPLATE,
    }
    (folder / 'tokenizer_config.json').write_text(json.dumps(config, indent=2) + '\n', 'utf-8')
    tokenizer.save(str(folder / 'tokenizer.json'))


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read the `tokenizer.json` of a folder.

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    try:
        return Tokenizer.from_str((folder / 'tokenizer.json').read_text('utf-8'))
    except Exception as error:  # tokenizers raises bare Exception
        raise ConfigError(
            f'expected a tokenizer in {folder}, which cannot be read ({error}); train one first'
        ) from error


def hash_tokenizer(tokenizer: Tokenizer) -> str:
    """The sha256 of what makes tokens of a text, by which shards know what their numbers mean."""
    parts = json.loads(tokenizer.to_str())
    kept = {name: parts[name] for name in ('added_tokens', 'normalizer', 'pre_tokenizer', 'model')}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def encode_conversation(
    messages: Sequence[Message], weights: Sequence[float], tokenizer: Tokenizer
) -> tuple[list[int], list[float]]:
    """The tokens of a conversation, and how much each of them counts in training.

    Args:
        messages: of the roles `system`, `user` and `assistant`.
        weights: one for each reply, for its tokens and its end; all other tokens count 0.
        tokenizer: from `train_tokenizer` or `load_tokenizer`.

    Raises:
        ConfigError: the tokenizer lacks the control tokens.
        ValueError: there is not one weight for each reply.
    """
    return encode_conversations([(messages, weights)], tokenizer)[0]


def encode_conversations(
    conversations: Sequence[tuple[Sequence[Message], Sequence[float]]], tokenizer: Tokenizer
) -> list[tuple[list[int], list[float]]]:
    """The same for several conversations at once, which is faster.

    Raises:
        ConfigError: the tokenizer lacks the control tokens.
        ValueError: there is not one weight for each reply.
    """
    control = _control_ids(tokenizer)
    contents = [message['content'] for messages, _ in conversations for message in messages]
    tokenizer.encode_special_tokens = True  # a control token in a text is text
    encoded = tokenizer.encode_batch_fast(contents, add_special_tokens=False)
    rest = (encoding.ids for encoding in encoded)
    return [_join(messages, weights, rest, control) for messages, weights in conversations]


def _join(
    messages: Sequence[Message],
    weights: Sequence[float],
    contents: Iterator[list[int]],
    control: dict[str, int],
) -> tuple[list[int], list[float]]:
    """One conversation; takes the tokens of its messages from `contents`."""
    replies = sum(message['role'] == 'assistant' for message in messages)
    if replies != len(weights):
        raise ValueError(f'expected one weight for each of {replies} replies, got {len(weights)}')
    ids: list[int] = []
    token_weights: list[float] = []
    left = iter(weights)
    for message in messages:
        content = next(contents)
        ids.append(control[message['role']])
        ids += content
        token_weights.append(0.0)
        if message['role'] == 'assistant':
            ids.append(control[END])
            token_weights += [next(left)] * (len(content) + 1)
        else:
            token_weights += [0.0] * len(content)
    return ids, token_weights


def _control_ids(tokenizer: Tokenizer) -> dict[str, int]:
    """The tokens that begin what each role says, and the one that ends a reply."""
    ids: dict[str, int] = {}
    for key, token in (*ROLES.items(), (END, END)):
        number = tokenizer.token_to_id(token)
        if number is None:
            raise ConfigError(
                f'expected a tokenizer with the control token {token}, got one without; train one '
                'with train_tokenizer'
            )
        ids[key] = number
    return ids
