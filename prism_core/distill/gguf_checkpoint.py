# SPDX-License-Identifier: Apache-2.0
"""From a published GGUF file back to what is trained: its weights in float32, its tokenizer.

`prism unpack` makes a checkpoint of a nano that PRISM exported, to go on from on other data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from gguf import GGUFReader, Keys, TokenType
from transformers import AutoModelForCausalLM, LlamaForCausalLM

from prism_core.dataset.tokenizer import join_tokenizer, save_tokenizer
from prism_core.distill.check_export import Check, check_export
from prism_core.distill.folders import written_whole
from prism_core.distill.handle_tokens import TokenTable
from prism_core.distill.models import load_tokenizer_of
from prism_core.distill.probes import draw_conversations
from prism_core.domain import domain_named
from prism_core.errors import ConfigError
from prism_core.gguf_info import read_gguf_info

_CONVERSATIONS = 20


def read_metadata(reader: GGUFReader, key: str) -> Any:
    """A value of the file's header."""
    return reader.fields[key].contents()


def read_vocabulary(reader: GGUFReader) -> TokenTable:
    """The tokens, merges and control tokens of a file."""
    tokens = read_metadata(reader, Keys.Tokenizer.LIST)
    types = read_metadata(reader, Keys.Tokenizer.TOKEN_TYPE)
    control = [t for t, kind in zip(tokens, types) if kind == TokenType.CONTROL]
    merges = read_metadata(reader, Keys.Tokenizer.MERGES)
    return TokenTable(tuple(tokens), tuple(merges), tuple(control))


def read_weights(gguf: Path) -> LlamaForCausalLM:
    """The model of a file as plain numbers: transformers lets one that it read as GGUF not be
    saved.
    """
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    read: Any = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32, local_files_only=True
    )
    config = read.config
    del config.quantization_config
    model = LlamaForCausalLM(config)
    model.load_state_dict(read.state_dict())
    return model


def unpack_nano(gguf: Path, folder: Path) -> Check:
    """Write the checkpoint of a nano, whole or not at all; both are compared before.

    Args:
        gguf: the file of a nano that PRISM exported.
        folder: where to; it must not be there, or be empty.

    Raises:
        ConfigError: the file is none of PRISM's nanos, or the folder holds something.
    """
    info = read_gguf_info(gguf).metadata
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f'expected a new folder, {folder} holds something; choose another')
    vocabulary = read_vocabulary(GGUFReader(gguf))
    try:
        merges = [(left, right) for left, right in (m.split(' ') for m in vocabulary.merges)]
        tokenizer = join_tokenizer(vocabulary.tokens, merges)
    except ConfigError as error:
        raise ConfigError(f'{gguf}: {error}') from error
    with written_whole(folder) as draft:
        read_weights(gguf).save_pretrained(draft)
        save_tokenizer(tokenizer, draft)
        probes = draw_conversations(domain_named(info.domain), info.dialect, _CONVERSATIONS)
        return check_export(gguf, draft, load_tokenizer_of(str(draft)), probes)
