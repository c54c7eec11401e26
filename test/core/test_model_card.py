# SPDX-License-Identifier: Apache-2.0
"""The card beside a student's files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from prism_core import ConfigError
from prism_core.distill.model_card import write_model_card
from prism_core.gguf_info import METADATA_KEYS, GgufInfo, ModelMetadata

METADATA = ModelMetadata(
    'Tiny student',
    licence='Apache-2.0',
    domain='mapping',
    dialect='compact',
    dialect_version='3',
    action_table_version='07afe2dd',
    dataset_sha256='ab' * 32,
    recipe='worlds:\n  seed: 3\n',
    evaluation='0.93 of 1,000 episodes',
)
RESULTS = [
    {'type': 'F16', 'success': '0.93', 'p50 ms': 12},
    {'type': 'Q8_0', 'success': '0.92 | worst', 'p50 ms': 9},
]


def info_of(name: str, size_bytes: int, metadata: ModelMetadata = METADATA) -> GgufInfo:
    values = {key: getattr(metadata, field) for field, key in METADATA_KEYS.items()}
    values |= {'general.architecture': 'llama', 'llama.context_length': 2048}
    return GgufInfo(Path(name), size_bytes, values, (), 'cd' * 32)


def test_card_says_what_it_is_from_what_how_good_and_how_to_run_it(tmp_path):
    files = [info_of('tiny-q8_0.gguf', 1_500_000), info_of('tiny-f16.gguf', 2_800_000)]
    path = write_model_card(tmp_path, files, measured=RESULTS, notes='Made on two cores.')
    text = path.read_text('utf-8')
    assert path.name == 'README.md'
    _, head, body = text.split('---\n', 2)
    assert yaml.safe_load(head)['license'] == 'apache-2.0'
    assert 'base_model' not in yaml.safe_load(head)
    titles = [line for line in body.splitlines() if line.startswith('#')]
    assert titles == [
        '# Tiny student',
        *('## Files', '## How to run it', '## Results', '## Data', '## How it was made'),
        *('## Notes', '## Limits', '## Licence'),
    ]
    assert 'trained from scratch, architecture llama, context of 2,048 tokens' in body
    assert 'reads and writes the compact dialect, version 3.' in body
    assert f'| `tiny-q8_0.gguf` | 1,500,000 | `{"cd" * 32}` |' in body
    assert '| Q8_0 | 0.92 \\| worst | 9 |' in body
    assert 'sha256sum --check tiny-q8_0.gguf.sha256' in body
    assert f'- data set, sha256: `{"ab" * 32}`' in body
    assert '```yaml\nworlds:\n  seed: 3\n```' in body
    assert 'no safety function' in body
    assert 'Made on two cores.' in body
    assert max(len(line) for line in head.splitlines()) < 100


def test_card_of_a_model_that_was_trained_further_names_its_base_and_its_terms(tmp_path):
    text = write_model_card(
        tmp_path, [info_of('tiny.gguf', 1)], base='meta-llama/Llama-3.2-1B'
    ).read_text('utf-8')
    assert yaml.safe_load(text.split('---\n')[1])['base_model'] == 'meta-llama/Llama-3.2-1B'
    assert 'meta-llama/Llama-3.2-1B, trained further' in text
    assert 'The terms of meta-llama/Llama-3.2-1B hold as well.' in text
    assert '## Results\n\n0.93 of 1,000 episodes' in text


def test_card_of_a_student_with_the_words_of_another_names_it(tmp_path):
    file = info_of('a.gguf', 1)
    text = write_model_card(tmp_path, [file], words_of='SmolLM2-135M').read_text('utf-8')
    assert 'from scratch that began with the words of SmolLM2-135M, architecture' in text
    assert 'base_model: SmolLM2-135M' in text
    assert 'The terms of SmolLM2-135M hold as well.' in text


def test_card_does_not_hide_what_is_not_known(tmp_path):
    bare = dataclasses.replace(info_of('a.gguf', 1, ModelMetadata('a')), sha256=None)
    text = write_model_card(tmp_path, [bare]).read_text('utf-8')
    assert 'None were measured.' in text
    assert 'What it was trained on was not kept.' in text
    assert 'The recipe was not kept.' in text
    assert '| `a.gguf` | 1 | not kept |' in text


def test_card_without_a_file_or_with_uneven_rows_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='expected at least one model file to describe, got none'):
        write_model_card(tmp_path, [])
    uneven = [*RESULTS, {'type': 'Q4_0'}]
    with pytest.raises(ConfigError, match='the columns type, success, p50 ms, got type'):
        write_model_card(tmp_path, [info_of('a.gguf', 1)], measured=uneven)
    with pytest.raises(ConfigError, match=r'cannot write .*README.md: No such file'):
        write_model_card(tmp_path / 'none', [info_of('a.gguf', 1)])
    assert list(tmp_path.iterdir()) == []
