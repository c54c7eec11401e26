# SPDX-License-Identifier: Apache-2.0
"""The samples of a dataset folder, in whichever form it has them, as tokens with weights."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prism_core.dataset.conversations import render_samples
from prism_core.dataset.episode_json import read_episodes
from prism_core.dataset.filter import find_fault
from prism_core.dataset.run_folder import RECIPE
from prism_core.dataset.shard_writers import SHARDS, TOKENIZER
from prism_core.dataset.split import split_of
from prism_core.dataset.tokenizer import TOKENIZER_FILES, load_tokenizer
from prism_core.dialects.conversation import Message
from prism_core.distill.chat_tokens import CONTROL_IN_TEXT, ChatEncoder
from prism_core.distill.config import DataConfig, TrainConfig
from prism_core.distill.documents import (
    Documents,
    join_documents,
    join_shards,
    open_shard_documents,
    weigh_prompts,
)
from prism_core.distill.kept_tokens import keep_tokens
from prism_core.domain import find_domain
from prism_core.errors import ConfigError
from prism_core.files import hash_file
from prism_core.json_text import load_json

EPISODES, BEFORE = 'episodes.jsonl', 'before.json'
LEARNED = ('train', 'valid')
Row = tuple[list[Message], list[float]]


@dataclass(frozen=True)
class Source:
    """Where samples are read from: the form, and the files of each split that is learned from.

    `is_growing`: whether they are written meanwhile. `before`: folders whose shards come before
    those of this one; the first of them has the tokenizer.
    """

    folder: Path
    form: str
    files: dict[str, tuple[Path, ...]]
    is_growing: bool = False
    before: tuple[Path, ...] = ()

    def hashes(self) -> dict[str, str]:
        """The sha256 of each file, by its place in the folder; where they grow, of recipe and
        tokenizer, which say all of what will be in them.
        """
        paths = sorted({path for paths in self.files.values() for path in paths})
        if self.is_growing:
            paths = [self.folder / RECIPE, *(tokenizer_folder(self) / f for f in TOKENIZER_FILES)]
        return {os.path.relpath(path, self.folder): hash_file(path) for path in paths}


def find_source(folder: Path, config: TrainConfig) -> Source:
    """The form that a run reads.

    Raises:
        ConfigError: the folder does not hold it, or a model cannot learn from it.
    """
    form = config.data.form
    if config.nano is not None and form not in ('auto', 'shards'):
        raise ConfigError(f'data.form: expected shards for a nano, got {form!r}')
    if config.base and form == 'shards':
        raise ConfigError(
            'data.form: shards are for a nano, as they hold tokens of its own tokenizer; take '
            'chat, turns or episodes for a base'
        )
    forms = [form] if form != 'auto' else ['chat', 'turns', 'episodes']
    if config.nano is not None:
        forms = ['shards']
    for one in forms:
        before = read_before(folder) if one == 'shards' else ()
        files = _files((*before, folder), one)
        if config.data.follow:
            files['recipe'] = (folder / RECIPE,)
        if all(path.exists() for paths in files.values() for path in paths):
            return Source(folder, one, files, config.data.follow, before)
    raise ConfigError(
        f'expected {" or ".join(forms)} with the splits {" and ".join(LEARNED)} in {folder}, got '
        'none; `prism elicit --shards` and `prism data export` write them (data.follow needs the '
        'folder of a `prism elicit` that has begun), and a dataset of a few worlds may have no '
        'split valid: draw more'
    )


def read_before(folder: Path) -> tuple[Path, ...]:
    """The folders whose shards are read before those of this one, as its `before.json` names them.

    Raises:
        ConfigError: it names none.
    """
    path = folder / BEFORE
    if not path.exists():
        return ()
    try:
        return tuple(folder / place for place in json.loads(path.read_text('utf-8')))
    except (ValueError, TypeError) as error:
        raise ConfigError(f'{path}: expected a list of folders as JSON, got {error}') from error


def _files(folders: Sequence[Path], form: str) -> dict[str, tuple[Path, ...]]:
    folder = folders[-1]
    if form == 'shards':
        names = ('meta.json', 'documents.bin', 'tokens.bin', 'weights.bin')
        return {
            s: tuple(place / SHARDS / s / name for place in folders for name in names)
            for s in LEARNED
        }
    if form == 'episodes':
        return dict.fromkeys(LEARNED, (folder / EPISODES,))
    return {split: (folder / form / f'{split}.jsonl',) for split in LEARNED}


def tokenizer_folder(source: Source) -> Path:
    """Where the tokenizer of shards lies."""
    return (*source.before, source.folder)[0] / TOKENIZER


def read_documents(source: Source, split: str, tokenizer: Any, config: TrainConfig) -> Documents:
    """The samples of a split; prompts count in split `train` only.

    Args:
        source: from `find_source`.
        split: `train` or `valid`.
        tokenizer: of the model, as transformers reads it.
        config: of the run.

    Raises:
        ConfigError: a row cannot be read, or the chat template cannot be trained with.
    """
    prompt_weight = config.data.prompt_weight if split == 'train' else 0.0
    if source.form == 'shards':
        own = load_tokenizer(tokenizer_folder(source))
        weighing = None
        if prompt_weight:
            weighing = weigh_prompts(own, prompt_weight, config.data.handle_weight)
        folders = (*source.before, source.folder)
        return join_shards(
            [open_shard_documents(folder / SHARDS / split, own, weighing) for folder in folders]
        )
    rows = list(_rows(source, split, config.data, config.domain))
    settings = {'prompt_weight': prompt_weight, 'settings': config.data.template_settings}

    def encode() -> Documents:
        encoder = ChatEncoder(tokenizer, **settings)
        whole = [row for row in rows if not encoder.holds_control(row[0])]
        dropped = {CONTROL_IN_TEXT: len(rows) - len(whole)} if len(whole) < len(rows) else {}
        return join_documents([encoder.encode(*row) for row in whole], dropped)

    made_of = [rows, settings, tokenizer.chat_template, tokenizer.backend_tokenizer.to_str()]
    return keep_tokens(source.folder, made_of, encode)


def _rows(source: Source, split: str, data: DataConfig, domain: str) -> Iterable[Row]:
    path = source.files[split][0]
    if source.form == 'episodes':
        return _episode_rows(path, split, data, domain)
    return _chat_rows(path) if source.form == 'chat' else _turn_rows(path)


def _chat_rows(path: Path) -> Iterator[Row]:
    for where, row in _lines(path):
        try:
            yield row['messages'], row['weights']
        except KeyError as error:
            raise ConfigError(f'{where}: expected messages and weights, got no {error}') from error


def _turn_rows(path: Path) -> Iterator[Row]:
    for where, row in _lines(path):
        try:
            messages = [*row['prompt'], *row['completion']]
            replies = sum(message['role'] == 'assistant' for message in row['prompt'])
            yield messages, [*[0.0] * replies, row['weight']]
        except KeyError as error:
            raise ConfigError(
                f'{where}: expected prompt, completion and weight, got no {error}'
            ) from error


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open(encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            try:
                yield f'{path}, line {number}', load_json(line)
            except ValueError as error:
                raise ConfigError(f'{path}, line {number}: expected JSON, got {error}') from error


def _episode_rows(path: Path, split: str, data: DataConfig, domain_name: str) -> Iterator[Row]:
    domain = find_domain(domain_name)
    with path.open(encoding='utf-8') as file:
        for episode in read_episodes(line for line in file if line.endswith('\n')):
            if split_of(episode) != split or find_fault(episode):
                continue
            for sample in render_samples(episode, domain, data.dialect, header=data.header):
                yield list(sample.messages), list(sample.weights)
