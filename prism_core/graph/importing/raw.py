# SPDX-License-Identifier: Apache-2.0
"""What readers of formats hand over: nodes and edges as the file says them, unchecked."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from prism_core.graph.elements import NODE_KEYS

POSITION_KEYS = ('position', 'pos', 'coords', 'coordinates', 'center', 'centroid')


@dataclass(frozen=True)
class RawNode:
    """A node as a file says it.

    Attributes:
        id: what edges call it; a text becomes its name as it is.
        layer: its layer, type or category; '' where the file says none.
        label: its class, such as `chair`; '' where the file says none.
        name: what people call it, which another may be called, too.
        position: (x, y) or (x, y, z) in metres, as it stands there; None for unknown.
        attributes: whatever else is said.
    """

    id: Hashable
    layer: str = ''
    label: str = ''
    name: str = ''
    position: Any = None
    description: Any = ''
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RawEdge:
    """An edge as a file says it; `relation` is its name there, '' where it has none."""

    source: Hashable
    target: Hashable
    relation: str = ''
    cost_m: Any = None


@dataclass(frozen=True)
class RawGraph:
    """All nodes and edges of a file, to which readers add; `is_directed` where an edge leads one
    way only, `is_loose` where its two ends may stand in either order.
    """

    nodes: list[RawNode] = field(default_factory=list)
    edges: list[RawEdge] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    is_directed: bool = False
    is_loose: bool = False


def as_id(value: Any) -> Hashable:
    """What names a node in a file, so that it can be looked up; None where nothing can."""
    if isinstance(value, (list, tuple)):
        parts = tuple(map(as_id, value))
        return None if None in parts else parts
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    is_one = isinstance(value, (str, int)) and not isinstance(value, bool) and value != ''
    return value if is_one else None


def as_text(value: Any) -> str:
    """A text on one line; '' for what is none."""
    return ' '.join(value.split()) if isinstance(value, str) else ''


def take_first(attributes: dict[str, Any], keys: Iterable[str]) -> Any:
    """Take out what the first of some keys holds that is there; None where none is."""
    for key in keys:
        if attributes.get(key) not in (None, ''):
            return attributes.pop(key)
    return None


def take_position(attributes: dict[str, Any]) -> Any:
    """Take out where something is: under one of `POSITION_KEYS`, or as `x`, `y` and `z`."""
    found = take_first(attributes, POSITION_KEYS)
    if found is None and 'x' in attributes and 'y' in attributes:
        keys = ('x', 'y', 'z') if 'z' in attributes else ('x', 'y')
        return [attributes.pop(key) for key in keys]
    return found


def take_name(attributes: dict[str, Any]) -> str:
    """Take out what something is called, under `name` or `label`; `label` stays where both are."""
    return as_text(take_first(attributes, ('name', 'label')))


def free_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes under keys that a node can have; `coords_in_file` stands for `coords`."""
    return {
        f'{key}_in_file' if key in NODE_KEYS else key: value for key, value in attributes.items()
    }
