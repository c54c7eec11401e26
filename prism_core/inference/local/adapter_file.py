# SPDX-License-Identifier: Apache-2.0
"""LoRA adapters of a base: files of a few megabytes, each of which changes the weights of one GGUF
model for a domain or a site.

The format is that of llama.cpp (`convert_lora_to_gguf.py`), with what our students say of
themselves, and the sha256 of the base that it was made for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prism_core.errors import ConfigError
from prism_core.gguf_info import METADATA_KEYS, GgufInfo, read_gguf_info
from prism_core.inference.local.model_file import CheckedFile, check_model_file

SHA256_MARK = '#sha256='
"""Stands between the file of an adapter and the sha256 that it must have, where that is said."""
_NAME_CHARS = 128
_BASE_NAME = 'general.base_model.0.name'


@dataclass(frozen=True)
class Adapter:
    """An adapter that fits a base by what both files say; `sha256` is that which it must have, ''
    for what is known of it otherwise.
    """

    info: GgufInfo
    sha256: str = ''

    @property
    def name(self) -> str:
        """What requests call it: its name in the file, or that of the file."""
        return self.info.metadata.name or self.info.path.stem

    @property
    def entry(self) -> str:
        """Its file and its sha256, as `read_adapters` takes them."""
        return f'{self.info.path.absolute()}' + (self.sha256 and f'{SHA256_MARK}{self.sha256}')

    def check(self, base: Path, base_sha256: str) -> CheckedFile:
        """Compare its file with what is known of it, and its base with the one that it is for.

        Raises:
            ModelHashMismatch: it is another file.
            ModelNotLoaded: it cannot be read.
            ConfigError: it was made for another base.
        """
        checked = check_model_file(self.info.path, self.sha256, said_in=SHA256_MARK)
        wanted = self.info.metadata.base_sha256
        if wanted != base_sha256:
            name = self.info.values.get(_BASE_NAME, '')
            called = f'{name}, ' if name else ''
            raise ConfigError(
                f'{self.info.path}: expected the base that it was made for, {called}sha256 '
                f'{wanted[:12]}…, got {base}, sha256 {base_sha256[:12]}…; let PRISM_STUDENT_MODEL '
                'name that base, or train and export an adapter of this one'
            )
        return checked


def read_adapters(entries: Sequence[str], base: GgufInfo) -> tuple[Adapter, ...]:
    """The adapters that a user names for a base.

    Args:
        entries: a file each; with `#sha256=` and 64 digits behind it, that which it must have.
        base: the model that they change.

    Raises:
        ConfigError: a file cannot be read, is no adapter of such a base, or has the name of another
            one.
    """
    adapters: dict[str, Adapter] = {}
    for entry in entries:
        path, _, sha256 = entry.partition(SHA256_MARK)
        adapter = Adapter(read_gguf_info(Path(path), verify=False), sha256.strip().lower())
        _check(adapter, base)
        if adapter.name in adapters:
            other = adapters[adapter.name].info.path
            raise ConfigError(
                f'{path}: expected another name than {adapter.name!r}, which {other} has, too; '
                'export one of them with another --name'
            )
        adapters[adapter.name] = adapter
    return tuple(adapters.values())


def _check(adapter: Adapter, base: GgufInfo) -> None:
    info = adapter.info
    kind = info.values.get('adapter.type', '')
    if not info.is_adapter or kind != 'lora':
        got = f'an adapter of type {kind!r}' if info.is_adapter else 'a model'
        raise ConfigError(f'{info.path}: expected a LoRA adapter, got {got}; name another file')
    if not info.metadata.base_sha256:
        raise ConfigError(
            f'{info.path}: expected the sha256 of its base as {METADATA_KEYS["base_sha256"]}, got '
            'none; export it with prism export'
        )
    if info.architecture != base.architecture:
        raise ConfigError(
            f'{info.path}: it was made for a base of architecture {info.architecture!r}, '
            f'{base.path.name} is {base.architecture!r}; let PRISM_STUDENT_MODEL name its base'
        )
    name = adapter.name
    if not name.isprintable() or name != name.strip() or ':' in name or len(name) > _NAME_CHARS:
        raise ConfigError(
            f'{info.path}: expected a name of at most {_NAME_CHARS} characters without a colon '
            f'that can be printed, got {name[:80]!r}; export it with another --name'
        )
    _check_tensors(info, base)


def _check_tensors(info: GgufInfo, base: GgufInfo) -> None:
    """Each matrix that is changed is one of the base, by two that fit: llama.cpp ends the process
    over some that do not.
    """
    shapes = {tensor.name: tensor.shape for tensor in base.tensors}
    parts = {tensor.name: tensor.shape for tensor in info.tensors}
    if not parts:
        raise ConfigError(f'{info.path}: expected matrices of LoRA, got none; export it again')
    for name, shape in parts.items():
        changed, _, part = name.rpartition('.lora_')
        wide, tall = parts.get(f'{changed}.lora_a', ()), parts.get(f'{changed}.lora_b', ())
        matrix = shapes.get(changed, ())
        fits = len(matrix) == len(wide) == len(tall) == 2 and part in ('a', 'b')
        if not fits or (wide[0], tall[1], wide[1]) != (*matrix, tall[0]):
            raise ConfigError(
                f'{info.path}: expected {name} to be a part of LoRA on a matrix of '
                f'{base.path.name}, got {shape} for {matrix or "none of that name"}; let '
                'PRISM_STUDENT_MODEL name its base, or export it again'
            )
