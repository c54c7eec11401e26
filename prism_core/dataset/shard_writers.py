# SPDX-License-Identifier: Apache-2.0
"""Shards that are written while episodes are made, one folder for each split."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tokenizers import Tokenizer

from prism_core.dataset.conversations import render_samples
from prism_core.dataset.episode_json import parse_episode
from prism_core.dataset.run_folder import read_lines
from prism_core.dataset.shards import EncodedEpisode, ShardWriter
from prism_core.dataset.split import SPLITS, split_of
from prism_core.dataset.tokenizer import train_tokenizer
from prism_core.dialects.conversation import Dialect
from prism_core.domain import Domain
from prism_core.episode.episode import Episode

SHARDS, TOKENIZER = 'shards', 'tokenizer'
_LEARNT_FROM = 1000  # episodes


class ShardWriters:
    """A `ShardWriter` for each split below a folder."""

    def __init__(self, folder: Path, dialect: Dialect, tokenizer: Tokenizer):
        self._writers = {
            split: ShardWriter(folder / SHARDS / split, dialect, tokenizer) for split in SPLITS
        }

    def catch_up(
        self, episodes_file: Path, encode: Callable[[Episode], EncodedEpisode | None], lines: int
    ) -> None:
        """Encode the stored episodes that a run that was killed left out.

        Args:
            episodes_file: where they are stored.
            encode: makes tokens of one that is learned from.
            lines: how many there are.
        """
        last = {split: writer.last_episode() for split, writer in self._writers.items()}
        start = min(last.values()) + 1
        for number, line in enumerate(read_lines(episodes_file, start), start=start):
            if number >= lines:
                return
            episode = parse_episode(line.decode())
            split = split_of(episode)
            encoded = encode(episode) if number > last[split] else None
            if encoded is not None:
                self._writers[split].append(encoded, number)

    def append(self, split: str, encoded: EncodedEpisode, line: int) -> None:
        """Store the conversations of an episode; `line` is where it stands."""
        self._writers[split].append(encoded, line)

    def close(self) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()

    def __enter__(self) -> ShardWriters:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def learn_tokenizer(
    episodes: Iterable[Episode], domain: Domain, dialect: str, vocab_size: int
) -> Tokenizer:
    """A tokenizer for what episodes say in a dialect; the first few thousand are read."""
    few = itertools.islice(episodes, _LEARNT_FROM)
    return train_tokenizer(_contents(few, domain, dialect), vocab_size)


def _contents(episodes: Iterable[Episode], domain: Domain, dialect: str) -> Iterator[str]:
    for episode in episodes:
        for sample in render_samples(episode, domain, dialect):
            yield from (message['content'] for message in sample.messages)
