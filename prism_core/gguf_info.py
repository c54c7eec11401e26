# SPDX-License-Identifier: Apache-2.0
"""What a GGUF file says about its model, read from its head without loading the weights.

Needs the standard library only, so that a robot's node can ask a file for the dialect of its
student. The format is https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.

Beside `student.gguf` lies `student.gguf.sha256`, one line that `sha256sum --check` reads.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import prod
from pathlib import Path

from prism_core.errors import ConfigError
from prism_core.files import hash_file, read_text
from prism_core.plan.actions import ActionTable

Scalar = str | int | float | bool

_MAGIC, _VERSIONS = b'GGUF', (2, 3)
_STRING, _ARRAY = 8, 9
_SCALARS = {
    kind: struct.Struct(f'<{letter}')
    for kind, letter in zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), 'BbHhIif?Qqd')
}
_U32, _U64 = struct.Struct('<I'), struct.Struct('<Q')
# ggml's number of a type: its name, values in a block, bytes of a block (ggml-common.h).
_TENSOR_TYPES = {
    0: ('F32', 1, 4),
    1: ('F16', 1, 2),
    2: ('Q4_0', 32, 18),
    3: ('Q4_1', 32, 20),
    6: ('Q5_0', 32, 22),
    7: ('Q5_1', 32, 24),
    8: ('Q8_0', 32, 34),
    10: ('Q2_K', 256, 84),
    11: ('Q3_K', 256, 110),
    12: ('Q4_K', 256, 144),
    13: ('Q5_K', 256, 176),
    14: ('Q6_K', 256, 210),
    20: ('IQ4_NL', 32, 18),
    23: ('IQ4_XS', 256, 136),
    30: ('BF16', 1, 2),
    39: ('MXFP4', 32, 17),
}


@dataclass(frozen=True)
class ModelMetadata:
    """What a student's file says about where it comes from; empty where nothing was said.

    `dialect` and `dialect_version`: what it reads and writes. `action_table_version`: from
    `hash_action_table`. `dataset_sha256`: of what it was trained on. `recipe`: the recipe files,
    as text. `evaluation`: what was measured, as text. `base_sha256`: of an adapter: that of the
    file that it was made for.
    """

    name: str
    licence: str = 'apache-2.0'
    domain: str = ''
    dialect: str = ''
    dialect_version: str = ''
    action_table_version: str = ''
    dataset_sha256: str = ''
    recipe: str = ''
    evaluation: str = ''
    base_sha256: str = ''


METADATA_KEYS = {
    'name': 'general.name',
    'licence': 'general.license',
    **{f.name: f'prism.{f.name}' for f in fields(ModelMetadata)[2:]},
}
"""The key in a GGUF file of each field of `ModelMetadata`."""


@dataclass(frozen=True)
class TensorInfo:
    """One tensor: its type's name (`Q4_K`), its dimensions, and the bytes of a block, of which its
    data are made; 0 where the type is not known. `start`: the first byte of its data in the file.
    """

    name: str
    type: str
    shape: tuple[int, ...]
    start: int
    block_bytes: int
    size_bytes: int

    @property
    def row_length(self) -> int:
        """How many values one row holds; quantisation packs rows."""
        return self.shape[0]


@dataclass(frozen=True)
class GgufInfo:
    """What the head of a file says.

    `values` holds everything that is no list. `sha256` is that of the file beside it, to which the
    file was compared; None where there is none.
    """

    path: Path
    size_bytes: int
    values: Mapping[str, Scalar]
    tensors: tuple[TensorInfo, ...]
    sha256: str | None

    @property
    def architecture(self) -> str:
        """Such as `llama`."""
        return str(self.values.get('general.architecture', ''))

    @property
    def is_adapter(self) -> bool:
        """Whether it holds changes to the weights of another file, not a model."""
        return self.values.get('general.type') == 'adapter'

    @property
    def context_tokens(self) -> int:
        """The longest context that the model was made for."""
        return int(self.values.get(f'{self.architecture}.context_length', 0))

    @property
    def metadata(self) -> ModelMetadata:
        """Where it comes from."""
        given = {name: str(self.values.get(key, '')) for name, key in METADATA_KEYS.items()}
        return ModelMetadata(**given)


def read_gguf_info(path: Path, *, verify: bool = True) -> GgufInfo:
    """Read the head of a GGUF file.

    Args:
        path: the file.
        verify: whether to compare its bytes with the `.sha256` beside it, where there is one;
            takes about two seconds for each gigabyte.

    Raises:
        ConfigError: the file cannot be read, is no GGUF file, is cut off, or is not the one whose
            sha256 lies beside it.
    """
    try:
        size = path.stat().st_size
        if size < len(_MAGIC):
            raise ConfigError(f'{path}: expected a GGUF file, got {size} bytes; export it again')
        with path.open('rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            values, tensors = _Head(path, data).read()
    except OSError as error:
        raise ConfigError(f'cannot read {path}: {error.strerror}') from error
    return GgufInfo(path, size, values, tensors, verify_sha256(path) if verify else None)


def sha256_path(path: Path) -> Path:
    """Where the sha256 of a model file is written."""
    return path.with_name(f'{path.name}.sha256')


def read_sha256(path: Path) -> str | None:
    """The sha256 that is written beside a file, or the word 'nothing' where that is empty; None
    where there is none.

    Raises:
        ConfigError: it cannot be read.
    """
    beside = sha256_path(path)
    if not beside.exists():
        return None
    return (read_text(beside).split() or ['nothing'])[0].lower()


def verify_sha256(path: Path) -> str | None:
    """Compare a file with the `.sha256` beside it; None where there is none.

    Raises:
        ConfigError: they differ, or one of them cannot be read.
    """
    expected = read_sha256(path)
    if expected is None:
        return None
    try:
        found = hash_file(path)
    except OSError as error:
        raise ConfigError(f'cannot read {path}: {error.strerror}') from error
    if expected != found:
        raise ConfigError(
            f'{path}: expected the sha256 {expected[:12]}… that {sha256_path(path).name} holds, '
            f'got {found[:12]}…; copy both files again, or export the model again'
        )
    return found


def hash_action_table(table: ActionTable) -> str:
    """The version of an action table: it changes with any name, argument or effect of an action.

    What an action means in words is no part of it.
    """
    rows = [
        [
            spec.name,
            [[a.name, a.kind.value, a.default] for a in spec.arguments],
            spec.ends_turn,
            spec.ends_mission,
        ]
        for spec in table.values()
    ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


class _Head:
    """Reads the head of a file, from its first byte to its last tensor's description."""

    def __init__(self, path: Path, data: mmap.mmap):
        self._path, self._data, self._at = path, data, 0

    def read(self) -> tuple[dict[str, Scalar], tuple[TensorInfo, ...]]:
        """Values by key, and the tensors."""
        if self._take(4) != _MAGIC:
            raise ConfigError(f'{self._path}: expected a GGUF file, got {bytes(self._data[:4])!r}')
        version = self._number(_U32)
        if version not in _VERSIONS:
            raise ConfigError(
                f'{self._path}: expected version 2 or 3 of GGUF, got {version}; export it again'
            )
        count, pairs = self._number(_U64), self._number(_U64)
        values: dict[str, Scalar] = {}
        for _ in range(pairs):
            key = self._string()
            value = self._value(self._number(_U32))
            if value is not None:
                values[key] = value
        described = [self._tensor() for _ in range(count)]
        given = values.get('general.alignment')
        alignment = given if isinstance(given, int) and given > 0 else 32
        start = -(-self._at // alignment) * alignment
        tensors = tuple(replace(tensor, start=start + tensor.start) for tensor in described)
        for tensor in tensors:
            self._expect(tensor.start + tensor.size_bytes)
        return values, tensors

    def _expect(self, end: int) -> None:
        if end > len(self._data):
            raise ConfigError(
                f'{self._path} is cut off: expected at least {end} bytes, got {len(self._data)}; '
                'copy it or export it again'
            )

    def _take(self, size: int) -> bytes:
        self._expect(self._at + size)
        self._at += size
        return self._data[self._at - size : self._at]

    def _number(self, form: struct.Struct) -> int:
        return form.unpack(self._take(form.size))[0]

    def _string(self) -> str:
        return self._take(self._number(_U64)).decode('utf-8', 'replace')

    def _value(self, kind: int) -> Scalar | None:
        """One value; None for a list, which is passed over."""
        if kind == _STRING:
            return self._string()
        if kind in _SCALARS:
            return self._number(_SCALARS[kind])
        if kind != _ARRAY:
            raise ConfigError(f'{self._path}: there is no type {kind} in GGUF; export it again')
        inner, count = self._number(_U32), self._number(_U64)
        if inner == _ARRAY:
            raise ConfigError(f'{self._path}: expected no list of lists; export it again')
        if inner in _SCALARS:
            self._take(_SCALARS[inner].size * count)
        else:
            for _ in range(count):
                self._value(inner)
        return None

    def _tensor(self) -> TensorInfo:
        """A tensor; its data are told from the end of the head on."""
        name = self._string()
        shape = tuple(self._number(_U64) for _ in range(self._number(_U32)))
        kind, offset = self._number(_U32), self._number(_U64)
        type_name, per_block, block_bytes = _TENSOR_TYPES.get(kind, (f'type {kind}', 1, 0))
        size = prod(shape) // per_block * block_bytes
        return TensorInfo(name, type_name, shape, offset, block_bytes, size)
