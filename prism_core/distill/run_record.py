# SPDX-License-Identifier: Apache-2.0
"""The record of a run in its folder: what it does, and whether it may go on."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from prism_core.config_file import to_plain
from prism_core.dataset.run_folder import RECIPE, read_recipe
from prism_core.distill.callbacks import last_checkpoint, remove_halves
from prism_core.distill.config import TrainConfig
from prism_core.distill.folders import restore_folder
from prism_core.distill.sources import Source
from prism_core.errors import ConfigError
from prism_core.files import hash_file, replace_file

BEST, LAST, CHECKPOINTS = 'best', 'last', 'checkpoints'
HOW_ONLY = ('log_every', 'threads', 'report_to', 'allow_download', 'start', 'words_of')
"""Settings that do not change what comes out of a run, or that name what is known by its sha256."""


def open_run(out: Path, recipe: Mapping[str, Any], resume: bool) -> None:
    """Make the folder of a run ready.

    Args:
        out: the folder.
        recipe: from `describe_run`.
        resume: whether to go on with what is there.

    Raises:
        ConfigError: it holds a run and `resume` is not set, or it holds another run.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name in (BEST, LAST):
        restore_folder(out / name)
    begun = last_checkpoint(out / CHECKPOINTS) is not None or (out / LAST).exists()
    if begun and not resume:
        raise ConfigError(
            f'{out} holds a run already; go on with --resume, or choose another --out'
        )
    if begun:
        _compare(out, recipe)
    else:
        shutil.rmtree(out / BEST, ignore_errors=True)
    remove_halves(out / CHECKPOINTS)
    replace_file(out / RECIPE, _render(recipe))


def describe_run(source: Source, config: TrainConfig) -> dict[str, Any]:
    """What a run is: its recipe, the sha256 of what it reads, and versions."""
    packages = ('torch', 'transformers', 'peft')
    return {
        'stage': 'train',
        'config': to_plain(config),
        'data': {
            'folder': str(source.folder.resolve()),
            'form': source.form,
            'sha256': {**source.hashes(), **hash_start(config)},
        },
        'versions': {
            'prism': _version('prism_ros'),
            **{name: _version(name) for name in packages},
        },
    }


def hash_start(config: TrainConfig) -> dict[str, str]:
    """The sha256 of the weights, or of those of whose words, that a run begins with; nothing for
    random ones.
    """
    name = 'start' if config.start else 'words_of'
    source = Path(getattr(config, name) or '/nowhere')
    weights = [source] if source.is_file() else sorted(source.glob('*.safetensors'))
    return {f'{name}/{path.name}': hash_file(path) for path in weights}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ''


def _compare(out: Path, recipe: Mapping[str, Any]) -> None:
    """Whether a run that goes on is the one that was begun."""
    old, recipe = read_recipe(out), yaml.safe_load(_render(recipe))
    was, now = (
        {k: v for k, v in (one.get('config') or {}).items() if k not in HOW_ONLY}
        for one in (old, recipe)
    )
    other = [key for key in now if was.get(key) != now[key]]
    if other:
        raise ConfigError(
            f'{out / RECIPE}: expected the same {other[0]} to go on with, {was.get(other[0])!r}, '
            f'got {now[other[0]]!r}; choose another --out'
        )
    if (old.get('data') or {}).get('sha256') != recipe['data']['sha256']:
        raise ConfigError(
            f'{out / RECIPE}: expected the data that the run began with, '
            f'got other files in {recipe["data"]["folder"]}; choose another --out'
        )


def _render(recipe: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(recipe), sort_keys=False)
