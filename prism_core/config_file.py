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


def load_yaml(text: str) -> Any:
    """What YAML makes of a text.

    Raises:
        ConfigError: it is not YAML, or holds a key twice, of which other readers keep the last.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ConfigError(f'it is not YAML: {" ".join(str(error).split())}') from error
    except RecursionError:
        raise ConfigError('it is not YAML of settings: nested too deeply') from None


class _Loader(yaml.SafeLoader):
    """The safe reader, but a key that comes twice is an error."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Read a mapping, before another one is merged into it."""
        node = super().compose_mapping_node(anchor)
        seen: dict[str, yaml.Mark] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if (first := seen.get(key.value)) is not None:
                raise ConfigError(
                    f'expected each setting once, got {key.value!r} twice, at {_place(first)} and '
                    f'{_place(key.start_mark)}; keep one of them'
                )
            seen[key.value] = key.start_mark
        return node


def _place(mark: yaml.Mark) -> str:
    return f'line {mark.line + 1} column {mark.column + 1}'


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
