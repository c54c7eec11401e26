# SPDX-License-Identifier: Apache-2.0
"""A LoRA adapter becomes a GGUF file of a few megabytes, which llama.cpp puts on its base's file.

The twin of llama.cpp's `convert_lora_to_gguf.py`, for the families of `gguf_weights`. The file is
compared with the adapter in transformers before it gets its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import MODEL_ARCH_NAMES, GGMLQuantizationType, GGUFWriter, quants
from safetensors.torch import load_file
from transformers import PretrainedConfig

from prism_core.distill.adapter_gguf import name_tensor, to_gguf
from prism_core.distill.base_folder import BASE_GGUF, MAX_MEAN_KL_QUANTISED
from prism_core.distill.check_export import (
    COMPARED,
    COMPARED_TOKENS,
    MAX_MEAN_KL,
    Closeness,
    compare,
    logits_of,
)
from prism_core.distill.export_gguf import draw_probes, load_checkpoint, write_metadata
from prism_core.distill.gguf_weights import find_architecture
from prism_core.distill.llama_cpp_model import GgufModel
from prism_core.distill.merge import WEIGHTS, attach, find_adapter, read_settings
from prism_core.distill.models import load_base
from prism_core.distill.probes import Conversation
from prism_core.distill.publish import publish
from prism_core.errors import ConfigError
from prism_core.files import hash_file
from prism_core.gguf_info import GgufInfo, ModelMetadata, read_gguf_info

_FLOATS = frozenset({'F32', 'F16', 'BF16'})


@dataclass(frozen=True)
class AdapterExport:
    """A published adapter, and how close base and adapter are in llama.cpp and transformers."""

    info: GgufInfo
    closeness: Closeness


def export_adapter(
    adapter: Path,
    out: Path,
    *,
    metadata: ModelMetadata,
    base: str = '',
    conversations: Sequence[Conversation] = (),
) -> AdapterExport:
    """Write `out`, and its sha256 beside it, whole or not at all.

    Args:
        adapter: folder of the adapter, or of the run that trained it (its best one then).
        out: the file to write.
        metadata: what the file says about the adapter; the sha256 of the base is added.
        base: folder of the base, with its `base.gguf`, if it is not where it was in training.
        conversations: what to compare on; drawn from the domain and dialect that the metadata
            name, when left out.

    Raises:
        ConfigError: there is no adapter, GGUF cannot hold it, the base or its file is not there,
            or the two are not alike: then nothing is published.
    """
    adapter = find_adapter(adapter)
    settings = read_settings(adapter)
    folder = Path(base or settings.get('base_model_name_or_path') or '')
    base_gguf = find_base_file(folder)
    config, _ = load_checkpoint(folder)
    info = read_gguf_info(base_gguf)
    metadata = replace(metadata, base_sha256=info.sha256 or hash_file(base_gguf))
    conversations = conversations or draw_probes(metadata)
    tensors = _read_tensors(adapter, config)
    with publish(out) as draft:
        _write(draft, tensors, config, _scale(settings, adapter), metadata, info)
        closeness = _compare(draft, adapter, folder, base_gguf, conversations)
        most = MAX_MEAN_KL if _is_float(info) else MAX_MEAN_KL_QUANTISED
        if not closeness.mean_kl <= most:
            raise ConfigError(
                f'{adapter}: expected a mean KL of at most {most:g} between transformers and '
                f'llama.cpp, got {closeness}; nothing was written: name the base that the adapter '
                'was trained on'
            )
    return AdapterExport(read_gguf_info(out), closeness)


def find_base_file(folder: str | Path) -> Path:
    """The file that robots run of a base in a folder.

    Raises:
        ConfigError: there is none.
    """
    path = Path(folder) / BASE_GGUF
    if not path.is_file():
        raise ConfigError(
            f'expected the base of the adapter as a folder with its {BASE_GGUF}, got {folder}, '
            'which has none; `prism base` writes one, and so does prism export FOLDER --out '
            f'FOLDER/{BASE_GGUF}: name it with --base'
        )
    return path


def _scale(settings: Mapping[str, Any], adapter: Path) -> float:
    """What llama.cpp divides by the rank."""
    for name in ('use_dora', 'rank_pattern', 'alpha_pattern', 'modules_to_save'):
        if settings.get(name):
            raise ConfigError(
                f'{adapter}: expected LoRA of one rank and nothing beside it, got {name}, which a '
                'GGUF adapter cannot hold; merge it into its base with prism merge'
            )
    rank = settings['r']
    over = rank**0.5 if settings.get('use_rslora') else rank
    return settings['lora_alpha'] / over * rank


def _read_tensors(adapter: Path, config: PretrainedConfig) -> dict[str, np.ndarray]:
    """The matrices of an adapter, named and ordered as llama.cpp wants them."""
    tensors = {}
    for key, values in sorted(load_file(adapter / WEIGHTS).items()):
        name = name_tensor(key, config)
        if not name:
            raise ConfigError(
                f'{adapter / WEIGHTS}: expected matrices of LoRA alone, got {key}; merge it into '
                'its base with prism merge'
            )
        tensors[name] = to_gguf(key, values, config)
    return tensors


def _write(
    path: Path,
    tensors: Mapping[str, np.ndarray],
    config: PretrainedConfig,
    alpha: float,
    metadata: ModelMetadata,
    base: GgufInfo,
) -> None:
    writer = GGUFWriter(path, MODEL_ARCH_NAMES[find_architecture(config)])
    try:
        writer.add_type('adapter')
        writer.add_string('adapter.type', 'lora')
        writer.add_float32('adapter.lora.alpha', alpha)
        if base.metadata.name:
            writer.add_base_model_count(1)
            writer.add_base_model_name(0, base.metadata.name)
        write_metadata(writer, metadata)
        half = GGMLQuantizationType.F16
        for name, values in tensors.items():
            writer.add_tensor(name, quants.quantize(values, half), raw_dtype=half)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def _compare(
    draft: Path, adapter: Path, base: Path, base_gguf: Path, conversations: Sequence[Conversation]
) -> Closeness:
    adapted = attach(load_base(str(base), dtype=torch.float32), adapter, str(base)).eval()
    with GgufModel(base_gguf, COMPARED_TOKENS, adapter=draft) as model:
        texts = [model.render(messages) for messages in conversations[:COMPARED]]
        tokens = [model.tokenize(text, add_special=False, parse_special=True) for text in texts]
        sequences = [ids[:COMPARED_TOKENS] for ids in tokens]
        return compare(logits_of(adapted), model.logits, sequences)


def _is_float(info: GgufInfo) -> bool:
    return all(tensor.type in _FLOATS for tensor in info.tensors)
