# SPDX-License-Identifier: Apache-2.0
"""`prism merge`: an adapter put into its base, on the CPU; the result is a model of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file

from prism_core.dataset.run_folder import RECIPE
from prism_core.distill.folders import written_whole
from prism_core.distill.models import is_quantised, load_base, load_tokenizer_of
from prism_core.distill.run_record import BEST
from prism_core.errors import ConfigError
from prism_core.files import hash_file

DTYPES = {'bf16': torch.bfloat16, 'fp32': torch.float32}
_ADAPTER, WEIGHTS = 'adapter_config.json', 'adapter_model.safetensors'


def merge(
    adapter: Path, out: Path, *, base: str = '', dtype: str = 'bf16', allow_download: bool = False
) -> None:
    """Write the base with an adapter put into it, whole or not at all.

    What is merged is computed in float32 and stored as `dtype`.

    Args:
        adapter: folder of the adapter, or of the run that trained it (its best one then).
        out: a new folder; one that a merge wrote is replaced.
        base: where the base is, if not where it was when the adapter was trained; not in 4 bits.
        dtype: `bf16` or `fp32`.
        allow_download: whether the base may be fetched.

    Raises:
        ConfigError: there is no adapter, it does not fit the base, the base is quantised, or `out`
            holds something else.
    """
    if dtype not in DTYPES:
        raise ConfigError(f'dtype: expected one of {", ".join(DTYPES)}, got {dtype!r}')
    adapter = find_adapter(adapter)
    _check_out(out)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    settings = read_settings(adapter)
    source = base or settings.get('base_model_name_or_path') or ''
    if is_quantised(source, allow_download=allow_download):
        raise ConfigError(
            f'expected a base in 16 or 32 bits, got {source}, which is quantised; name the one '
            'that it was made of with --base, as merging into rounded weights spoils them'
        )
    model = load_base(source, dtype=torch.float32, allow_download=allow_download)
    merged = _merge(model, adapter, source).to(DTYPES[dtype])
    where = adapter if (adapter / 'tokenizer_config.json').exists() else Path(source)
    tokenizer = load_tokenizer_of(str(where), allow_download=allow_download)
    recipe = {
        'stage': 'merge',
        'adapter': str(adapter.resolve()),
        'adapter_sha256': hash_file(adapter / WEIGHTS),
        'base': source,
        'dtype': dtype,
    }
    with written_whole(out) as draft:
        merged.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
        (draft / RECIPE).write_text(yaml.safe_dump(recipe, sort_keys=False), 'utf-8')


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter, or the run that trained one."""
    return any((place / _ADAPTER).exists() for place in (folder, folder / BEST))


def find_adapter(folder: Path) -> Path:
    """The folder of an adapter: this one, or the best one of a run.

    Raises:
        ConfigError: there is none.
    """
    for place in (folder, folder / BEST):
        if (place / _ADAPTER).exists() and (place / WEIGHTS).exists():
            return place
    if any((place / 'config.json').exists() for place in (folder, folder / BEST)):
        raise ConfigError(
            f'expected an adapter in {folder}, got a whole model, which needs no merging; export '
            'it as it is'
        )
    raise ConfigError(
        f'expected an adapter in {folder}, with its {_ADAPTER} and {WEIGHTS}; `prism train` '
        'writes one to best/ and last/'
    )


def _check_out(out: Path) -> None:
    if not out.exists() or not any(out.iterdir()):
        return
    recipe = out / RECIPE
    if not recipe.exists() or yaml.safe_load(recipe.read_text('utf-8')).get('stage') != 'merge':
        raise ConfigError(f'{out} holds something that is no merged model; choose another --out')


def read_settings(adapter: Path) -> dict[str, Any]:
    """What kind of adapter it is.

    Raises:
        ConfigError: it cannot be read, or is not of LoRA.
    """
    try:
        settings = json.loads((adapter / _ADAPTER).read_text('utf-8'))
    except ValueError as error:
        raise ConfigError(f'{adapter / _ADAPTER}: expected JSON, got {error}') from error
    if settings.get('peft_type') != 'LORA':
        raise ConfigError(
            f'{adapter / _ADAPTER}: expected an adapter of type LORA (DoRA is one, too), got '
            f'{settings.get("peft_type")!r}'
        )
    return settings


def attach(model: Any, adapter: Path, source: str) -> Any:
    """A base with an adapter on it.

    Args:
        model: the base.
        adapter: folder of the adapter.
        source: where the base comes from, for errors.

    Raises:
        ConfigError: the adapter cannot be read, or does not fit.
    """
    import peft

    try:
        weights = load_file(adapter / WEIGHTS)
    except SafetensorError as error:
        raise ConfigError(
            f'expected weights in {adapter / WEIGHTS}, which cannot be read: {error}; train again'
        ) from error
    try:
        adapted = peft.PeftModel.from_pretrained(model, str(adapter))
        result: Any = peft.set_peft_model_state_dict(adapted, weights)
        unexpected = list(result.unexpected_keys)
    except (RuntimeError, ValueError) as error:
        first_line = str(error).strip().split('\n')[0]
        raise ConfigError(
            f'expected a base that the adapter in {adapter} was trained on, got {source}, which it '
            f'does not fit: {first_line}; name the right one with --base'
        ) from error
    if unexpected:
        raise ConfigError(
            f'expected a base that the adapter in {adapter} was trained on, got {source}, which '
            f'lacks {unexpected[0]}; name the right one with --base'
        )
    return adapted


def _merge(model: Any, adapter: Path, source: str) -> Any:
    adapted = attach(model, adapter, source)
    try:
        return adapted.merge_and_unload(safe_merge=True)
    except ValueError as error:
        raise ConfigError(f'the adapter in {adapter} cannot be merged: {error}') from error
