# SPDX-License-Identifier: Apache-2.0
"""Good episodes in the forms that training frameworks read.

| form | a row | who reads it |
|---|---|---|
| `chat` | a conversation: `messages`, and in `weights` how much each reply counts | TRL, with \
`assistant_only_loss` |
| `turns` | a turn: `prompt`, `completion`, `weight` | TRL, which then trains the reply alone |
| `sharegpt` | a conversation: `conversations` of `from` and `value` | unsloth, axolotl |
| `shards` | a conversation as tokens with weights (see `shards`) | training from scratch |

Frameworks that do not know weights train every reply of a `chat` row. A row of `turns` or
`sharegpt` has no reply of weight 0. The rules for ShareGPT are those of unsloth's
`standardize_sharegpt`: two texts in each message, roles `human`, `gpt` and `system`
(https://docs.unsloth.ai/basics/chat-templates).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

import msgspec
from tokenizers import Tokenizer

from prism_core.dataset.conversations import Sample, render_samples
from prism_core.dataset.episode_json import read_episodes
from prism_core.dataset.filter import find_fault, is_learned
from prism_core.dataset.shard_writers import SHARDS, TOKENIZER, learn_tokenizer
from prism_core.dataset.shards import ShardWriter, encode_episode
from prism_core.dataset.split import SPLITS, split_of
from prism_core.dataset.tokenizer import hash_tokenizer, load_tokenizer, save_tokenizer
from prism_core.domain import Domain
from prism_core.episode.episode import Episode
from prism_core.errors import ConfigError

FORMS = ('chat', 'turns', 'sharegpt', 'shards')
EPISODES = 'episodes.jsonl'
Store = Callable[[Episode, int], int]
"""Takes a good episode and its line; returns the number of rows that it made."""

_SHAREGPT_ROLES = {'system': 'system', 'user': 'human', 'assistant': 'gpt'}
_UNWEIGHTED = 'a turn of weight 0'


@dataclass(frozen=True)
class ExportCounts:
    """What was written and what was not: good episodes and rows by split, and the number of
    episodes (for ShareGPT of conversations, too) that were left out, by reason.
    """

    episodes: Mapping[str, int]
    rows: Mapping[str, int]
    dropped: Mapping[str, int]


def export_dataset(
    folder: Path,
    out: Path,
    form: str,
    domain: Domain,
    dialect: str,
    *,
    header: str = '',
    rebase: float = 0.0,
    tokenizer: Tokenizer | None = None,
    splits: Sequence[str] = SPLITS,
    failed: bool = False,
    on_progress: Callable[[int], None] = lambda _: None,
) -> ExportCounts:
    """Write the good episodes of a dataset, one file (or folder of shards) for each split.

    A split is written whole or not at all, and replaces what was there; one without rows is left
    out, as `datasets.load_dataset` refuses empty files. Episodes are read one by one; a last line
    that is still being written is left alone.

    Args:
        folder: with `episodes.jsonl`.
        out: where `train.jsonl`, `valid.jsonl` and `test.jsonl` go, or for shards the folders
            `train`, `valid` and `test`.
        form: one of `FORMS`.
        domain: where the dialect comes from.
        dialect: its name.
        header: the system message; none for a student.
        rebase: how probable it is that an episode is cut in two (see `render_samples`).
        tokenizer: for shards; it is kept beside those that lie in the dataset's own folder.
        splits: those to write; episodes of others are passed over.
        failed: also those that failed, without refused plans.
        on_progress: called with the number of episodes read so far.

    Raises:
        ConfigError: there are no episodes, a line is no episode, or form, dialect, split or
            tokenizer cannot be used, or is not that of the dataset.
    """
    _check('form', [form], FORMS)
    _check('splits', splits, SPLITS)
    if form == 'shards' and tokenizer is None:
        raise ConfigError('shards: expected a tokenizer, got none; train one first')
    if tokenizer is not None and out == folder / SHARDS:
        _lay_beside(folder / TOKENIZER, tokenizer)
    how = {'domain': domain, 'dialect_name': dialect, 'header': header, 'rebase': rebase}
    episodes, rows, dropped = Counter[str](), Counter[str](), Counter[str]()
    with ExitStack() as stack:
        lines = stack.enter_context(_open_episodes(folder / EPISODES))
        out.mkdir(parents=True, exist_ok=True)
        draft = Path(stack.enter_context(TemporaryDirectory(prefix='.draft-', dir=out)))
        with ExitStack() as opened:
            stores: dict[str, Store] = {}
            for split in splits:
                if tokenizer is not None and form == 'shards':
                    store = _store_shards(draft / split, tokenizer, how)
                else:
                    store = _store_rows(draft / f'{split}.jsonl', form, how, dropped)
                stores[split] = opened.enter_context(store)
            for line, episode in enumerate(read_episodes(_whole(lines))):
                split = split_of(episode)
                fault = '' if is_learned(episode, failed=failed) else find_fault(episode)
                if split in stores and fault:
                    dropped[fault.partition(':')[0]] += 1
                elif split in stores:
                    episodes[split] += 1
                    rows[split] += stores[split](episode, line)
                on_progress(line + 1)
        for new in sorted(draft.iterdir()):
            _replace(out / new.name, new if rows[new.stem] else None, draft)
    return ExportCounts(dict(episodes), dict(rows), dict(dropped))


def keep_tokenizer(folder: Path, domain: Domain, dialect: str, vocab_size: int) -> Path:
    """Learn a tokenizer from the episodes of a dataset and keep it there; its folder, and that of
    the one that is there already.

    Raises:
        ConfigError: there are no episodes.
    """
    place = folder / TOKENIZER
    if not place.exists():
        with _open_episodes(folder / EPISODES) as lines:
            episodes = read_episodes(_whole(lines))
            learned = learn_tokenizer(episodes, domain, dialect, vocab_size)
        _lay_beside(place, learned)
    return place


def _lay_beside(place: Path, tokenizer: Tokenizer) -> None:
    if place.exists():
        if hash_tokenizer(load_tokenizer(place)) != hash_tokenizer(tokenizer):
            raise ConfigError(
                f'expected the tokenizer of the dataset, {place}, got another; name another folder '
                'for the shards, or take that one away'
            )
        return
    draft = place.with_name(f'.{place.name}')
    save_tokenizer(tokenizer, draft)
    draft.rename(place)


def _check(name: str, given: Iterable[str], known: Sequence[str]) -> None:
    for value in given:
        if value not in known:
            raise ConfigError(f'{name}: expected one of {", ".join(known)}, got {value!r}')


def _open_episodes(path: Path) -> TextIO:
    try:
        return path.open(encoding='utf-8')
    except OSError as error:
        raise ConfigError(
            f'expected episodes in {path}, which cannot be read ({error.strerror}); '
            '`prism elicit` writes them'
        ) from error


def _whole(lines: Iterable[str]) -> Iterator[str]:
    """The lines that have an end; the last one may still be being written."""
    return (line for line in lines if line.endswith('\n'))


def _replace(old: Path, new: Path | None, aside: Path) -> None:
    """Put a file or a folder, or nothing, where another one may be."""
    if old.is_dir() or (new is None and old.exists()):
        old.rename(aside / f'old {old.name}')
    if new is not None:
        new.rename(old)


# -------------------------------------------------------------------------------------------- rows


@contextmanager
def _store_shards(folder: Path, tokenizer: Tokenizer, how: Mapping[str, Any]) -> Iterator[Store]:
    dialect = how['domain'].make_dialect(how['dialect_name'])
    with ShardWriter(folder, dialect, tokenizer) as writer:

        def store(episode: Episode, line: int) -> int:
            encoded = encode_episode(episode, tokenizer=tokenizer, **how)
            writer.append(encoded, line)
            return len(encoded.lengths)

        yield store


@contextmanager
def _store_rows(
    path: Path, form: str, how: Mapping[str, Any], dropped: Counter[str]
) -> Iterator[Store]:
    make_rows = {'chat': _chat_rows, 'turns': _turn_rows, 'sharegpt': _sharegpt_rows}[form]
    encoder = msgspec.json.Encoder()
    with path.open('wb') as file:

        def store(episode: Episode, line: int) -> int:
            samples = render_samples(episode, **how)
            about = {
                'id': episode.provenance['id'],
                'kind': episode.task.kind,
                'split': split_of(episode),
            }
            number = 0
            for sample in samples:
                rows = make_rows(sample)
                if not rows:
                    dropped[_UNWEIGHTED] += 1
                for row in rows:
                    file.write(encoder.encode({**row, **about}) + b'\n')
                number += len(rows)
            return number

        yield store


def _chat_rows(sample: Sample) -> list[dict[str, Any]]:
    return [
        {'messages': sample.messages, 'weights': sample.weights, 'first_turn': sample.first_turn}
    ]


def _turn_rows(sample: Sample) -> list[dict[str, Any]]:
    places = [i for i, m in enumerate(sample.messages) if m['role'] == 'assistant']
    return [
        {
            'prompt': sample.messages[:place],
            'completion': sample.messages[place : place + 1],
            'weight': weight,
            'turn': turn,
        }
        for turn, (place, weight) in enumerate(zip(places, sample.weights), sample.first_turn)
        if weight
    ]


def _sharegpt_rows(sample: Sample) -> list[dict[str, Any]]:
    if 0 in sample.weights:
        return []
    conversation = [
        {'from': _SHAREGPT_ROLES[message['role']], 'value': message['content']}
        for message in sample.messages
    ]
    return [{'conversations': conversation, 'first_turn': sample.first_turn}]
