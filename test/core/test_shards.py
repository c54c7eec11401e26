# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from prism_core import ConfigError
from prism_core.dataset.conversations import render_samples
from prism_core.dataset.shards import (
    DOCUMENT,
    EncodedEpisode,
    ShardWriter,
    encode_episode,
    open_shards,
)
from prism_core.dataset.tokenizer import (
    HANDLES,
    encode_conversation,
    save_tokenizer,
    train_tokenizer,
)

from .training_data import DOMAIN, good_episodes, trained_tokenizer

DIALECT = DOMAIN.make_dialect('compact')


@cache
def encoded_episodes() -> tuple[EncodedEpisode, ...]:
    return tuple(
        encode_episode(episode, DOMAIN, 'compact', trained_tokenizer(), rebase=0.5)
        for episode in good_episodes()[:40]
    )


def write(folder: Path, lines: range) -> None:
    with ShardWriter(folder, DIALECT, trained_tokenizer()) as writer:
        for line in lines:
            writer.append(encoded_episodes()[line], line)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_document_holds_the_tokens_and_weights_of_a_conversation_and_where_it_is_from(tmp_path):
    write(tmp_path, range(40))
    shards = open_shards(tmp_path, trained_tokenizer())
    index = 0
    for line, episode in enumerate(good_episodes()[:40]):
        for sample in render_samples(episode, DOMAIN, 'compact', rebase=0.5):
            ids, weights = encode_conversation(sample.messages, sample.weights, trained_tokenizer())
            document = shards.document(index)
            assert document.tokens.tolist() == ids
            assert document.weights.tolist() == weights
            assert (document.episode, document.first_turn) == (line, sample.first_turn)
            index += 1
    assert len(shards) == index > 40
    assert len(shards.tokens) == len(shards.weights) == shards.meta['tokens']
    assert shards.meta['documents'] == len(shards)
    with pytest.raises(IndexError):
        shards.document(index)


def test_arrays_are_small_mapped_and_read_only(tmp_path):
    write(tmp_path, range(3))
    shards = open_shards(tmp_path)
    assert (shards.tokens.dtype, shards.weights.dtype) == (np.uint16, np.float16)
    assert isinstance(shards.document(0).tokens, np.memmap)
    with pytest.raises(ValueError, match='read-only'):
        shards.tokens[0] = 1


def test_vocabulary_of_more_than_65536_tokens_is_stored_as_uint32(tmp_path):
    large = train_tokenizer(['a barn'])
    large.add_tokens([f'word{number}' for number in range(2**16)])
    encoded = encode_episode(good_episodes()[0], DOMAIN, 'compact', large)
    assert encoded.tokens.dtype == np.uint32
    with ShardWriter(tmp_path, DIALECT, large) as writer:
        writer.append(encoded, 0)
        with pytest.raises(ValueError, match='expected tokens of type <u4, got <u2'):
            writer.append(encoded_episodes()[1], 1)
    assert open_shards(tmp_path, large).document(0).tokens.tolist() == encoded.tokens.tolist()


def test_writer_goes_on_where_another_one_stopped(tmp_path):
    write(tmp_path / 'once', range(20))
    write(tmp_path / 'twice', range(11))
    with ShardWriter(tmp_path / 'twice', DIALECT, trained_tokenizer()) as writer:
        assert writer.last_episode() == 10
    write(tmp_path / 'twice', range(11, 20))
    assert contents(tmp_path / 'twice') == contents(tmp_path / 'once')
    with ShardWriter(tmp_path / 'new', DIALECT, trained_tokenizer()) as writer:
        assert writer.last_episode() == -1
    assert len(open_shards(tmp_path / 'new')) == 0


def test_line_that_is_stored_already_is_refused(tmp_path):
    with ShardWriter(tmp_path, DIALECT, trained_tokenizer()) as writer:
        writer.append(encoded_episodes()[0], 7)
        with pytest.raises(ValueError, match='expected an episode behind line 7, got line 7'):
            writer.append(encoded_episodes()[1], 7)


@pytest.mark.parametrize('name', ['tokens', 'weights', 'documents'])
@pytest.mark.parametrize('lost_bytes', [1, 7, 24, 25, 700])
def test_torn_tail_of_any_file_is_cut_to_the_last_whole_episode(tmp_path, name, lost_bytes):
    write(tmp_path / 'whole', range(12))
    write(tmp_path / 'torn', range(12))
    path = tmp_path / 'torn' / f'{name}.bin'
    path.write_bytes(path.read_bytes()[:-lost_bytes])
    stored = {int(e) for e in open_shards(tmp_path / 'torn').documents['episode']}
    with ShardWriter(tmp_path / 'torn', DIALECT, trained_tokenizer()) as writer:
        last = writer.last_episode()
    assert last < 11
    assert stored == set(range(last + 1))
    write(tmp_path / 'torn', range(last + 1, 12))
    assert contents(tmp_path / 'torn') == contents(tmp_path / 'whole')


def test_episode_of_which_only_the_first_part_was_stored_is_not_there(tmp_path):
    line = next(i for i, e in enumerate(encoded_episodes()) if len(e.lengths) > 1)
    write(tmp_path, range(line + 1))
    path = tmp_path / 'documents.bin'
    path.write_bytes(path.read_bytes()[: -DOCUMENT.itemsize])
    with ShardWriter(tmp_path, DIALECT, trained_tokenizer()) as writer:
        assert writer.last_episode() == line - 1


WRITER = """
import pickle, sys
from pathlib import Path
from prism_core.dataset.shards import ShardWriter
from prism_core.dataset.tokenizer import load_tokenizer
from prism_core.domains.mapping.domain import MappingDomain

folder = Path(sys.argv[1])
encoded = pickle.loads((folder / 'encoded.pickle').read_bytes())
dialect = MappingDomain().make_dialect('compact')
with ShardWriter(folder / 'shards', dialect, load_tokenizer(folder)) as writer:
    for line in range(writer.last_episode() + 1, int(sys.argv[2])):
        writer.append(encoded[line % len(encoded)], line)
"""


def test_writer_that_is_killed_at_any_moment_leaves_whole_episodes(tmp_path):
    encoded, lines = encoded_episodes(), 100_000
    save_tokenizer(trained_tokenizer(), tmp_path)
    (tmp_path / 'encoded.pickle').write_bytes(pickle.dumps(encoded))
    path, stored = tmp_path / 'shards' / 'documents.bin', [0]
    for after_s in (0.0, 0.03, 0.07):
        size = path.stat().st_size if path.exists() else 0
        command = [sys.executable, '-c', WRITER, str(tmp_path), str(lines)]
        with subprocess.Popen(command) as process:
            while not path.exists() or path.stat().st_size <= size:
                time.sleep(0.001)
            time.sleep(after_s)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        shards = open_shards(tmp_path / 'shards', trained_tokenizer())
        stored.append(int(shards.documents[-1]['episode']) + 1)
        parts = [(line, n) for line in range(stored[-1]) for n in encoded[line % 40].lengths]
        assert shards.documents['episode'].tolist() == [line for line, _ in parts]
        assert shards.documents['length'].tolist() == [length for _, length in parts]
        expected = [encoded[line % 40].tokens for line in range(stored[-1])]
        assert np.array_equal(shards.tokens, np.concatenate(expected))
    assert stored == sorted(set(stored))


def test_what_a_writer_has_stored_can_be_read_while_it_goes_on(tmp_path):
    with ShardWriter(tmp_path, DIALECT, trained_tokenizer()) as writer:
        for line in range(3):
            writer.append(encoded_episodes()[line], line)
            shards = open_shards(tmp_path)
            assert int(shards.documents[-1]['episode']) == line
            tokens = encoded_episodes()[line].tokens
            assert shards.tokens[-len(tokens) :].tolist() == tokens.tolist()


def test_shards_of_another_tokenizer_dialect_or_format_are_refused(tmp_path):
    write(tmp_path, range(2))
    other = train_tokenizer(['other texts ' + ''.join(HANDLES)])
    with pytest.raises(ConfigError, match=r'expected shards with tokenizer_sha256 .*, got'):
        open_shards(tmp_path, other)
    with pytest.raises(ConfigError, match=r'expected shards with tokenizer_sha256 .*, got'):
        ShardWriter(tmp_path, DIALECT, other)
    with pytest.raises(ConfigError, match='expected shards with dialect spine, got compact'):
        ShardWriter(tmp_path, DOMAIN.make_dialect('spine'), trained_tokenizer())
    meta = json.loads((tmp_path / 'meta.json').read_text('utf-8'))
    for change, words in (
        ({'version': 2}, 'expected shards with version 1, got 2; make them again'),
        ({'dtype': '<f4'}, "expected dtype <u2 or <u4, got '<f4'; make the shards again"),
        ({'format': 'other'}, 'expected shards with format prism-shards, got other'),
    ):
        (tmp_path / 'meta.json').write_text(json.dumps({**meta, **change}), 'utf-8')
        with pytest.raises(ConfigError, match=words):
            open_shards(tmp_path, trained_tokenizer())


@pytest.mark.parametrize('text', [None, '[]', 'torn'])
def test_folder_that_holds_no_shards_is_refused(tmp_path, text):
    if text is not None:
        (tmp_path / 'meta.json').write_text(text, 'utf-8')
    with pytest.raises(ConfigError, match=r'meta\.json'):
        open_shards(tmp_path)


def test_encoded_episode_is_cheap_to_hand_from_process_to_process():
    encoded = max(encoded_episodes(), key=lambda e: len(e.tokens))
    size = len(pickle.dumps(encoded))
    assert size < 4 * len(encoded.tokens) + 1000
    read = pickle.loads(pickle.dumps(encoded))
    assert read.tokens.tolist() == encoded.tokens.tolist()
    assert (read.lengths, read.first_turns) == (encoded.lengths, encoded.first_turns)
