# SPDX-License-Identifier: Apache-2.0
"""Settings as YAML files: read into a dataclass, unknown keys and wrong types refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from prism_core.errors import ConfigError
from prism_core.files import read_text
from prism_core.yaml_text import load_yaml

Settings = TypeVar('Settings')


def read_config(path: Path, kind: type[Settings]) -> Settings:
    """Read a YAML file.

    Args:
        path: the file.
        kind: a dataclass; what the file leaves out has its default.

    Raises:
        ConfigError: with the file and the place in it that cannot be used.
    """
    text = read_text(path)
    try:
        data = load_yaml(text) or {}
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error
    return to_config(data, kind, str(path))


def to_config(data: Any, kind: type[Settings], where: str) -> Settings:
    """Settings from plain lists and mappings; `where` names their origin in an error.

    Raises:
        ConfigError: an unknown key, a wrong type, or a value out of its range.
    """
    try:
        settings = msgspec.convert(data, kind)
    except (msgspec.ValidationError, ConfigError) as error:
        raise ConfigError(f'{where}: {error}') from error
    except RecursionError:  # a YAML list may hold itself
        raise ConfigError(f'{where}: nested too deeply') from None
    unknown = _unknown_keys(data, to_plain(settings), '')
    if unknown:
        raise ConfigError(f'{where}: there is no setting {unknown[0]!r}')
    return settings


def change_config(settings: Settings, changes: Mapping[str, Any], where: str) -> Settings:
    """The settings with others in some places, such as `{'curriculum': {'share': 0.1}}`.

    Raises:
        ConfigError: as `to_config`.
    """
    return to_config(_merge(to_plain(settings), changes), type(settings), where)


def _merge(plain: Any, changes: Any) -> Any:
    if not isinstance(plain, Mapping) or not isinstance(changes, Mapping):
        return changes
    return {**plain, **{key: _merge(plain.get(key), value) for key, value in changes.items()}}


def render_config(settings: Any) -> str:
    """Settings as YAML, which `read_config` reads back."""
    return yaml.safe_dump(to_plain(settings), sort_keys=False, allow_unicode=True)


def to_plain(settings: Any) -> dict[str, Any]:
    """Settings as plain lists and mappings, defaults among them."""
    return msgspec.to_builtins(asdict(settings))


def _unknown_keys(data: Any, known: Any, prefix: str) -> list[str]:
    if not isinstance(data, dict) or not isinstance(known, dict):
        return []
    unknown = [f'{prefix}{key}' for key in data if key not in known]
    for key, value in data.items():
        unknown += _unknown_keys(value, known.get(key), f'{prefix}{key}.')
    return unknown
