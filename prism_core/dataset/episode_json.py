# SPDX-License-Identifier: Apache-2.0
"""Episodes as JSON Lines: one episode a line, what has its default value left out.

What a sentence means is of the type that the domain of the episode says.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from prism_core.domain import domain_named
from prism_core.episode.episode import SCHEMA_VERSION, Episode
from prism_core.errors import ConfigError, PrismError, SceneGraphError
from prism_core.graph.elements import quote
from prism_core.graph.scene_graph import SceneGraph
from prism_core.graph.spine_json import read_scene_graph, render_scene_graph
from prism_core.json_text import DoubledKey, check_json


def render_episode(episode: Episode) -> str:
    """One line, without its end; `parse_episode` reads back an equal episode."""
    return msgspec.json.encode(_plain(episode)).decode()


def parse_episode(line: str) -> Episode:
    """Read an episode.

    Raises:
        ConfigError: the line is no episode, or one of another schema version; or its domain is not
            known, or cannot judge it.
    """
    try:
        data = msgspec.json.decode(check_json(line))
        version = data.get('schema_version') if isinstance(data, dict) else None
        if version != SCHEMA_VERSION:
            raise ConfigError(
                f'expected an episode with schema_version {SCHEMA_VERSION}, got {quote(version)}; '
                'make the episodes again with this version'
            )
        return _of_domain(msgspec.convert(data, Episode, dec_hook=_read))
    except (msgspec.MsgspecError, DoubledKey, SceneGraphError) as error:
        raise ConfigError(f'not an episode: {error}') from None
    except RecursionError:
        raise ConfigError('not an episode: nested too deeply') from None


def read_episodes(lines: Iterable[str]) -> Iterator[Episode]:
    """The episodes of a file, one by one; empty lines are passed over.

    Raises:
        ConfigError: with the number of the line that is no episode.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield parse_episode(line)
            except PrismError as error:
                raise ConfigError(f'line {number}: {error}') from error


def _of_domain(episode: Episode) -> Episode:
    """The episode, which its domain can judge, with what its sentence means as the domain has it.

    Raises:
        ConfigError: the domain is not known, or knows neither criterion nor meaning.
    """
    try:
        domain = domain_named(episode.domain)
        domain.check_criterion(episode.criterion)
    except ConfigError as error:
        raise ConfigError(f'not an episode: {error}') from None
    said = episode.task.intent
    if said is None:
        return episode
    if domain.meaning_type is None:
        raise ConfigError(
            f'not an episode: expected no task.intent, as in the domain {domain.name} sentences '
            f'have no meaning, got {quote(said)}'
        )
    try:
        intent: Any = msgspec.convert(said, domain.meaning_type)
    except msgspec.ValidationError as error:
        raise ConfigError(f'not an episode: task.intent: {error}') from None
    return dataclasses.replace(episode, task=dataclasses.replace(episode.task, intent=intent))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, SceneGraph):
        return msgspec.Raw(render_scene_graph(value).encode())
    plain = {}
    for name, default in _fields_of(value.__class__):
        part = getattr(value, name)
        if part is not default and part != default:
            plain[name] = _plain(part)
    return plain


@cache
def _fields_of(kind: Any) -> list[tuple[str, Any]]:
    """The fields that make a dataclass equal and what is left out of each; the version never is."""
    return [
        (field.name, None if field.name == 'schema_version' else _default(field))
        for field in dataclasses.fields(kind)
        if field.compare
    ]


def _default(field: dataclasses.Field) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _read(kind: type, value: Any) -> Any:
    if kind is SceneGraph:
        return read_scene_graph(value)
    raise NotImplementedError(kind)
