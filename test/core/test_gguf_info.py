# SPDX-License-Identifier: Apache-2.0
"""The head of a GGUF file, read with the standard library; the sha256 beside it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from functools import cache
from math import prod
from pathlib import Path
from tempfile import mkdtemp

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import ConfigError
from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.gguf_info import (
    METADATA_KEYS,
    ModelMetadata,
    hash_action_table,
    read_gguf_info,
    sha256_path,
)
from prism_core.plan.actions import ActionTable

METADATA = ModelMetadata('a student', 'mit', 'mapping', 'compact', '1', '0f', '1e', 'a: 1', 'good')
TYPES = ('F32', 'F16', 'BF16', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0')


def write(path: Path, *, alignment: int = 64) -> Path:
    """A file with every kind of value, and tensors of many types."""
    writer = gguf.GGUFWriter(path, 'llama')
    writer.add_custom_alignment(alignment)
    for name, key in METADATA_KEYS.items():
        writer.add_string(key, getattr(METADATA, name))
    writer.add_context_length(2048)
    writer.add_token_list(['a', 'ü', '<r1>'])
    writer.add_token_types([1, 1, 4])
    for number, value in enumerate((True, False)):
        writer.add_bool(f'test.bool_{number}', value)
    writer.add_uint8('test.uint8', 200)
    writer.add_int8('test.int8', -100)
    writer.add_uint16('test.uint16', 60000)
    writer.add_int16('test.int16', -30000)
    writer.add_int32('test.int32', -5)
    writer.add_uint64('test.uint64', 1 << 40)
    writer.add_int64('test.int64', -(1 << 40))
    writer.add_float32('test.float32', 0.5)
    writer.add_float64('test.float64', 1e-300)
    rng = np.random.default_rng(0)
    for name in TYPES:
        kind = gguf.GGMLQuantizationType[name]
        values = rng.normal(size=(3, 64)).astype(np.float32)
        data = gguf.quants.quantize(values, kind)
        writer.add_tensor(f'{name}.weight', data, raw_dtype=None if name[0] == 'F' else kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@cache
def whole_file() -> bytes:
    return write(Path(mkdtemp()) / 'model.gguf').read_bytes()


def problem_of(path: Path) -> str | None:
    try:
        read_gguf_info(path)
    except ConfigError as error:
        return str(error)
    return None


def test_head_says_the_same_as_the_library_reads(tmp_path):
    path = write(tmp_path / 'model.gguf')
    info, read = read_gguf_info(path), gguf.GGUFReader(path)
    scalars = {
        name: field.contents()
        for name, field in read.fields.items()
        if field.types[0] != gguf.GGUFValueType.ARRAY and not name.startswith('GGUF.')
    }
    assert dict(info.values) == scalars
    assert len(scalars) > 20
    assert [(t.name, t.type, t.shape) for t in info.tensors] == [
        (t.name, t.tensor_type.name, tuple(map(int, t.shape))) for t in read.tensors
    ]
    assert {t.type for t in info.tensors} == set(TYPES)
    assert {(t.row_length, prod(t.shape)) for t in info.tensors} == {(64, 192)}


def test_what_was_said_of_a_model_comes_back(tmp_path):
    info = read_gguf_info(write(tmp_path / 'model.gguf'))
    assert info.metadata == METADATA
    assert (info.architecture, info.context_tokens) == ('llama', 2048)
    assert info.size_bytes == (tmp_path / 'model.gguf').stat().st_size


def test_file_of_others_says_nothing_of_us(tmp_path):
    writer = gguf.GGUFWriter(tmp_path / 'other.gguf', 'qwen2')
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    info = read_gguf_info(tmp_path / 'other.gguf')
    assert info.metadata == ModelMetadata('', licence='')
    assert (info.context_tokens, info.tensors, info.sha256) == (0, (), None)


@given(st.integers(0, len(whole_file()) - 64))
def test_file_that_is_cut_off_anywhere_is_refused(end):
    path = Path(mkdtemp()) / 'cut.gguf'
    path.write_bytes(whole_file()[:end])
    with pytest.raises(ConfigError, match=r'is cut off|expected a GGUF file'):
        read_gguf_info(path)


@given(st.integers(0, 1200), st.binary(min_size=1, max_size=12))
def test_head_with_other_bytes_is_read_or_refused_with_a_sentence(at, changed):
    path = Path(mkdtemp()) / 'changed.gguf'
    path.write_bytes(whole_file()[:at] + changed + whole_file()[at + len(changed) :])
    problem = problem_of(path)
    assert problem is None or str(path) in problem


def test_what_is_no_gguf_file_is_refused(tmp_path):
    path = tmp_path / 'model.gguf'
    with pytest.raises(ConfigError, match=r'cannot read .*No such file'):
        read_gguf_info(path)
    path.write_bytes(b'')
    with pytest.raises(ConfigError, match='expected a GGUF file, got 0 bytes'):
        read_gguf_info(path)
    path.write_text('version https://git-lfs.github.com/spec/v1')
    with pytest.raises(ConfigError, match="expected a GGUF file, got b'vers'"):
        read_gguf_info(path)
    path.write_bytes(b'GGUF' + (9).to_bytes(4, 'little') + bytes(16))
    with pytest.raises(ConfigError, match='expected version 2 or 3 of GGUF, got 9'):
        read_gguf_info(path)


def test_one_other_byte_is_found_by_the_sha256_beside_the_file(tmp_path):
    path = write(tmp_path / 'model.gguf')
    subprocess.run(f'sha256sum {path.name} > {sha256_path(path).name}', shell=True, cwd=tmp_path)  # noqa: S602
    assert read_gguf_info(path).sha256 == sha256_path(path).read_text().split()[0]
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=r'expected the sha256 \w{12}… that model.gguf.sha256'):
        read_gguf_info(path)
    assert read_gguf_info(path, verify=False).sha256 is None
    sha256_path(path).write_text('')
    with pytest.raises(ConfigError, match='expected the sha256 nothing'):
        read_gguf_info(path)


def test_reading_needs_the_standard_library_only():
    code = (
        'import sys; import prism_core.gguf_info; '
        'print(sorted({"gguf", "numpy", "torch", "llama_cpp", "yaml"} & set(sys.modules)))'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'


def test_version_of_an_action_table_changes_with_what_an_action_takes_or_does_not_with_its_words():
    specs = list(MAPPING_ACTIONS.values())
    version = hash_action_table(MAPPING_ACTIONS)
    reworded = [dataclasses.replace(specs[0], meaning='go'), *specs[1:]]
    assert hash_action_table(ActionTable(reworded)) == version
    others = (
        specs[1:],
        [dataclasses.replace(specs[0], name='go_to'), *specs[1:]],
        [dataclasses.replace(specs[0], ends_turn=not specs[0].ends_turn), *specs[1:]],
        [dataclasses.replace(specs[0], arguments=specs[1].arguments * 0), *specs[1:]],
    )
    assert len({version, *(hash_action_table(ActionTable(other)) for other in others)}) == 5
