# SPDX-License-Identifier: Apache-2.0
"""Conversations as tokens in memory-mapped arrays, to train on from scratch.

A folder holds, one entry for each token, `tokens.bin` (uint16, or uint32 where the vocabulary needs
it) and `weights.bin` (float16: any weight, with three digits, and no table to keep), and, one
record for each conversation, `documents.bin`. `documents.bin` is the truth: it is written last, and
what the other files hold beyond it is cut off when the folder is opened to go on. `meta.json` says
what the numbers mean and, once its writer has ended, how many there are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from prism_core.dataset.conversations import render_samples
from prism_core.dataset.tokenizer import encode_conversations, hash_tokenizer
from prism_core.dialects.conversation import Dialect
from prism_core.domain import Domain
from prism_core.episode.episode import Episode
from prism_core.errors import ConfigError

FORMAT = 'prism-shards'
FORMAT_VERSION = 1
TOKEN_TYPES = ('<u2', '<u4')
WEIGHT_TYPE = np.dtype('<f2')
DOCUMENT = np.dtype([
    ('start', '<u8'),  # its first token
    ('episode', '<u8'),  # the line of the episode that it comes from, from 0
    ('length', '<u4'),  # in tokens
    ('first_turn', '<u2'),  # the turn that its first reply belongs to
    ('more', '<u2'),  # how many documents of the same episode follow
])  # fmt: skip


@dataclass(frozen=True, eq=False)
class EncodedEpisode:
    """The conversations of an episode as tokens, one behind the other; cheap to pickle."""

    tokens: np.ndarray
    weights: np.ndarray
    lengths: tuple[int, ...]
    first_turns: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Document:
    """One conversation: its tokens, their weights, the line of its episode, its first turn."""

    tokens: np.ndarray
    weights: np.ndarray
    episode: int
    first_turn: int


def token_type(tokenizer: Tokenizer) -> np.dtype:
    """The smallest type that holds each token."""
    return np.dtype(TOKEN_TYPES[tokenizer.get_vocab_size() > 2**16])


def encode_episode(
    episode: Episode,
    domain: Domain,
    dialect_name: str,
    tokenizer: Tokenizer,
    *,
    header: str = '',
    rebase: float = 0.0,
) -> EncodedEpisode:
    """The conversations of an episode (see `render_samples`) as tokens; for worker processes.

    Raises:
        ConfigError: the episode has no id, there is no such dialect, or the tokenizer lacks the
            control tokens.
    """
    samples = render_samples(episode, domain, dialect_name, header=header, rebase=rebase)
    encoded = encode_conversations([(s.messages, s.weights) for s in samples], tokenizer)
    return EncodedEpisode(
        np.fromiter(chain.from_iterable(ids for ids, _ in encoded), token_type(tokenizer)),
        np.fromiter(chain.from_iterable(weights for _, weights in encoded), WEIGHT_TYPE),
        tuple(len(ids) for ids, _ in encoded),
        tuple(sample.first_turn for sample in samples),
    )


# ----------------------------------------------------------------------------------------- writing


class ShardWriter:
    """Appends conversations to a folder; one process at a time.

    What a writer that was killed left behind half written, the next one cuts off.

    Args:
        folder: made if it is not there; else it is gone on with.
        dialect: the one that the conversations are in.
        tokenizer: the one that they are encoded with.

    Raises:
        ConfigError: the folder holds conversations of another dialect, tokenizer or format.
    """

    def __init__(self, folder: Path, dialect: Dialect, tokenizer: Tokenizer):
        self._folder = folder
        self._meta = {
            'format': FORMAT,
            'version': FORMAT_VERSION,
            'dtype': token_type(tokenizer).str,
            'dialect': dialect.name,
            'dialect_version': dialect.version,
            'tokenizer_sha256': hash_tokenizer(tokenizer),
        }
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / 'meta.json').exists():
            _check_meta(folder, _read_meta(folder), self._meta)
        types = _types(self._meta)
        self._files = [(folder / f'{name}.bin').open('ab') for name in types]
        documents = _read_documents(folder, types)
        self._documents = len(documents)
        self._tokens = _end_of(documents[-1]) if len(documents) else 0
        self._last_episode = int(documents[-1]['episode']) if len(documents) else -1
        counts = (self._tokens, self._tokens, self._documents)
        for file, kind, count in zip(self._files, types.values(), counts):
            file.truncate(count * kind.itemsize)
        self._write_meta(is_open=True)

    def last_episode(self) -> int:
        """The line of the last episode that is stored, whole; -1 where there is none."""
        return self._last_episode

    def append(self, encoded: EncodedEpisode, episode: int) -> None:
        """Store the conversations of an episode.

        Args:
            encoded: from `encode_episode`.
            episode: the line of the episode, from 0; greater than all that are stored.

        Raises:
            ValueError: the line is not greater, or the tokens are of another type.
        """
        if episode <= self._last_episode:
            raise ValueError(
                f'expected an episode behind line {self._last_episode}, got line {episode}'
            )
        if encoded.tokens.dtype.str != self._meta['dtype']:
            raise ValueError(
                f'expected tokens of type {self._meta["dtype"]}, got {encoded.tokens.dtype.str}'
            )
        records = np.zeros(len(encoded.lengths), DOCUMENT)
        records['length'] = encoded.lengths
        records['start'] = self._tokens + np.cumsum((0, *encoded.lengths[:-1]))
        records['episode'] = episode
        records['first_turn'] = encoded.first_turns
        records['more'] = range(len(records) - 1, -1, -1)
        for file, array in zip(self._files, (encoded.tokens, encoded.weights, records)):
            file.write(array.tobytes())
            file.flush()
        self._tokens += len(encoded.tokens)
        self._documents += len(records)
        self._last_episode = episode

    def close(self) -> None:
        """Note the counts in `meta.json`, where there are none before, and close the files."""
        for file in self._files:
            file.close()
        self._write_meta()

    def _write_meta(self, is_open: bool = False) -> None:
        counts = {'documents': self._documents, 'tokens': self._tokens}
        meta = {**self._meta, **(dict.fromkeys(counts) if is_open else counts)}
        draft = self._folder / '.meta.json'
        draft.write_text(json.dumps(meta, indent=2) + '\n', 'utf-8')
        os.replace(draft, self._folder / 'meta.json')

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, *_) -> None:
        self.close()


# ----------------------------------------------------------------------------------------- reading


class Shards:
    """What a folder held when it was opened; a writer may go on appending.

    `tokens`, `weights` and `documents` are the arrays as they are, read-only; `meta` says what the
    numbers mean.
    """

    def __init__(self, folder: Path, meta: Mapping[str, Any]):
        types = _types(meta)
        self.meta = meta
        self.documents = _read_documents(folder, types)
        total = _end_of(self.documents[-1]) if len(self.documents) else 0
        self.tokens = _map(folder / 'tokens.bin', types['tokens'], total)
        self.weights = _map(folder / 'weights.bin', types['weights'], total)

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def is_whole(self) -> bool:
        """Whether the writer had come to its end."""
        return self.meta.get('documents') is not None

    def document(self, index: int) -> Document:
        """One conversation.

        Raises:
            IndexError: there is none.
        """
        record = self.documents[index]
        part = slice(int(record['start']), _end_of(record))
        return Document(
            self.tokens[part],
            self.weights[part],
            int(record['episode']),
            int(record['first_turn']),
        )


def count_episodes(shards: Shards) -> int:
    """How many episodes the conversations are from."""
    return len(set(shards.documents['episode'].tolist()))


def open_shards(folder: Path, tokenizer: Tokenizer | None = None) -> Shards:
    """Open a folder for reading.

    Args:
        folder: written by a `ShardWriter`.
        tokenizer: the one that a model is trained with, to be compared with the writer's.

    Raises:
        ConfigError: the folder holds no shards, shards of another format, or those of another
            tokenizer.
    """
    meta = _read_meta(folder)
    wanted: dict[str, Any] = {'format': FORMAT, 'version': FORMAT_VERSION}
    if tokenizer is not None:
        wanted['dtype'] = token_type(tokenizer).str
        wanted['tokenizer_sha256'] = hash_tokenizer(tokenizer)
    _check_meta(folder, meta, wanted)
    return Shards(folder, meta)


def _read_meta(folder: Path) -> dict[str, Any]:
    try:
        meta = json.loads((folder / 'meta.json').read_text('utf-8'))
    except (OSError, ValueError) as error:
        raise ConfigError(f'expected shards in {folder}, their meta.json: {error}') from error
    if not isinstance(meta, dict) or meta.get('dtype') not in TOKEN_TYPES:
        raise ConfigError(
            f'{folder / "meta.json"}: expected dtype {" or ".join(TOKEN_TYPES)}, got '
            f'{meta.get("dtype") if isinstance(meta, dict) else meta!r}; make the shards again'
        )
    return meta


def _check_meta(folder: Path, meta: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for key, value in wanted.items():
        if meta.get(key) != value:
            raise ConfigError(
                f'{folder}: expected shards with {key} {value}, got {meta.get(key)}; make them '
                'again in another folder'
            )


def _types(meta: Mapping[str, Any]) -> dict[str, np.dtype]:
    """The files, in the order in which they are written, and what they hold."""
    return {'tokens': np.dtype(meta['dtype']), 'weights': WEIGHT_TYPE, 'documents': DOCUMENT}


def _read_documents(folder: Path, types: Mapping[str, np.dtype]) -> np.ndarray:
    """The records of all episodes that are there whole."""
    counts = {
        name: (folder / f'{name}.bin').stat().st_size // kind.itemsize
        for name, kind in types.items()
    }
    documents = _map(folder / 'documents.bin', DOCUMENT, counts['documents'])
    stored = min(counts['tokens'], counts['weights'])
    count = len(documents)
    while count and (documents[count - 1]['more'] or _end_of(documents[count - 1]) > stored):
        count -= 1
    return documents[:count]


def _end_of(record: np.void) -> int:
    """The token behind a document."""
    return int(record['start']) + int(record['length'])


def _map(path: Path, kind: np.dtype, count: int) -> np.ndarray:
    """The first entries of a file; an empty file cannot be mapped."""
    if not count:
        return np.zeros(0, kind)
    return np.memmap(path, kind, 'r', shape=(count,))
