# SPDX-License-Identifier: Apache-2.0
"""A checkpoint in the file format of transformers becomes a GGUF file for llama.cpp.

The file is compared with the checkpoint before it gets its name: what is there has been checked.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gguf import GGUFReader, GGUFValueType, GGUFWriter
from gguf.scripts.gguf_new_metadata import MetadataDetails, copy_with_new_metadata
from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedTokenizerFast

from prism_core.distill.check_export import Check, check_export
from prism_core.distill.gguf_tokenizer import write_tokenizer
from prism_core.distill.gguf_weights import FLOAT_TYPES, open_writer, write_tensors
from prism_core.distill.probes import Conversation, draw_conversations
from prism_core.distill.publish import publish
from prism_core.domain import domain_named
from prism_core.errors import ConfigError
from prism_core.gguf_info import METADATA_KEYS, GgufInfo, ModelMetadata, read_gguf_info

CONVERSATIONS = 200
_CONVERTER = 'convert_hf_to_gguf.py'


@dataclass(frozen=True)
class Export:
    """A published file, and how it was compared with its checkpoint."""

    info: GgufInfo
    check: Check


def export_gguf(
    checkpoint: Path,
    out: Path,
    *,
    metadata: ModelMetadata,
    float_type: str = 'F16',
    conversations: Sequence[Conversation] = (),
    llama_cpp: Path | None = None,
) -> Export:
    """Write `out`, and its sha256 beside it, whole or not at all.

    Args:
        checkpoint: a folder with config, weights and tokenizer, merged.
        out: the file to write.
        metadata: what the file says about its model.
        float_type: `F32`, `F16` or `BF16`, for the matrices.
        conversations: what to compare on; drawn from the domain and dialect that the metadata
            name, when left out.
        llama_cpp: a checkout of llama.cpp whose converter is used instead of our own, for families
            that ours does not know.

    Raises:
        ConfigError: the checkpoint cannot be read or exported, or the file is not alike: then it
            is not published.
    """
    if float_type not in FLOAT_TYPES:
        raise ConfigError(f'type: expected one of {", ".join(FLOAT_TYPES)}, got {float_type!r}')
    config, tokenizer = load_checkpoint(checkpoint)
    conversations = conversations or draw_probes(metadata)
    with publish(out) as draft:
        if llama_cpp is None:
            _write(checkpoint, draft, config, tokenizer, metadata, float_type)
        else:
            _convert(checkpoint, draft, llama_cpp, metadata, float_type)
        check = check_export(draft, checkpoint, tokenizer, conversations)
    return Export(read_gguf_info(out), check)


def load_checkpoint(folder: Path) -> tuple[PretrainedConfig, PreTrainedTokenizerFast]:
    """Config and tokenizer of a checkpoint.

    Raises:
        ConfigError: the folder holds none.
    """
    if not (folder / 'config.json').is_file():
        hint = '; merge the adapter first' if (folder / 'adapter_config.json').is_file() else ''
        raise ConfigError(f'{folder}: expected a checkpoint with its config.json, got none{hint}')
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        reason = ' '.join(str(error).split())[:200]
        raise ConfigError(f'cannot read the checkpoint {folder}: {reason}') from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ConfigError(
            f'{folder}: expected a tokenizer.json, got a tokenizer without one; save the tokenizer '
            'again with transformers'
        )
    if not tokenizer.chat_template:
        raise ConfigError(
            f'{folder}: expected a chat template, got none; set tokenizer.chat_template to that '
            'which the model was trained with and save the tokenizer again'
        )
    return config, tokenizer


def draw_probes(metadata: ModelMetadata) -> list[Conversation]:
    """Conversations of the domain and dialect that the metadata name.

    Raises:
        ConfigError: they name none.
    """
    if not metadata.domain or not metadata.dialect:
        raise ConfigError(
            'expected conversations to compare the models on, or the domain and dialect to draw '
            'some from, got neither; name them in the metadata'
        )
    return draw_conversations(domain_named(metadata.domain), metadata.dialect, CONVERSATIONS)


def _write(
    checkpoint: Path,
    draft: Path,
    config: PretrainedConfig,
    tokenizer: PreTrainedTokenizerFast,
    metadata: ModelMetadata,
    float_type: str,
) -> None:
    writer = open_writer(draft, config, float_type)
    try:
        write_metadata(writer, metadata)
        write_tokenizer(writer, tokenizer, config.vocab_size)
        write_tensors(writer, checkpoint, config, float_type)
    finally:
        writer.close()


def write_metadata(writer: GGUFWriter, metadata: ModelMetadata) -> None:
    """Write what is known of a model."""
    for name, key in METADATA_KEYS.items():
        if value := getattr(metadata, name):
            writer.add_string(key, value)


def _convert(
    checkpoint: Path, draft: Path, llama_cpp: Path, metadata: ModelMetadata, float_type: str
) -> None:
    """By the converter of a checkout; our own metadata are added to what it writes."""
    script = llama_cpp / _CONVERTER
    if not script.is_file():
        raise ConfigError(f'{llama_cpp}: expected a checkout of llama.cpp with {_CONVERTER}')
    converted = draft.with_name(f'{draft.name}.converted')
    options = ('--outfile', converted, '--outtype', float_type.lower())
    try:
        done = subprocess.run(  # noqa: S603 - the user's own checkout
            [sys.executable, *map(str, (script, checkpoint, *options))],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            reason = (done.stderr.strip() or 'it gives no reason').splitlines()[-1]
            raise ConfigError(f'{script} failed: {reason[:200]}')
        _copy(converted, draft, metadata)
    finally:
        converted.unlink(missing_ok=True)


def set_metadata(path: Path, metadata: ModelMetadata) -> GgufInfo:
    """Write a model file again with other metadata, such as the evaluation of what it holds.

    Raises:
        ConfigError: the file cannot be read or written.
    """
    read_gguf_info(path)
    with publish(path) as draft:
        _copy(path, draft, metadata)
    return read_gguf_info(path)


def _copy(source: Path, draft: Path, metadata: ModelMetadata) -> None:
    reader = GGUFReader(source)
    architecture = reader.get_field('general.architecture')
    new = {
        key: MetadataDetails(GGUFValueType.STRING, value)
        for name, key in METADATA_KEYS.items()
        if (value := getattr(metadata, name))
    }
    stale = [key for key in METADATA_KEYS.values() if key not in new]
    writer = GGUFWriter(draft, arch=architecture.contents() if architecture else '')
    copy_with_new_metadata(reader, writer, new, stale)
