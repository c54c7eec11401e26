# SPDX-License-Identifier: Apache-2.0
"""What the layers, classes and relations of a map become: the table that a user can change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from prism_core.errors import ConfigError
from prism_core.graph.elements import quote

Role = Literal['region', 'object', 'robot', 'ignored']
PlaceRelation = Literal['in', 'on', 'held', 'contains', 'supports', 'holds']
Relation = Literal[PlaceRelation, 'way', 'seen_from', 'between', 'ignored']
OTHER = 'other'
REVERSED: Mapping[str, Relation] = {'contains': 'in', 'supports': 'on', 'holds': 'held'}
"""Relations that say of the holder what another says of what it holds."""


@dataclass(frozen=True)
class LayerTable:
    """What the nodes and edges of one kind of map become.

    Attributes:
        layers: of each layer (type, category) of nodes, what its nodes become; `robot` says where
            the robot is. `other` stands for those that are not listed.
        classes: the same for classes of nodes; it comes before the layer.
        relations: of each name of an edge, from its source to its target, what it says: a `way`
            between two regions (or from where an object is seen); the source is `in`, `on` or
            `held` by the target, or `contains`, `supports` or `holds` it; it is `seen_from` it; it
            stands `between` the regions that it is so joined with, such as a door. `other` stands
            for those that are not listed.
        layer_keys: the attributes of a node that may say its layer, the first that it has counts.
        class_keys: the same for its class.
        relation_keys: the same for the name of an edge.
        cost_keys: the same for the length of a way in metres.
    """

    layers: Mapping[str, Role] = field(default_factory=dict)
    classes: Mapping[str, Role] = field(default_factory=dict)
    relations: Mapping[str, Relation] = field(default_factory=dict)
    layer_keys: tuple[str, ...] = ()
    class_keys: tuple[str, ...] = ()
    relation_keys: tuple[str, ...] = ()
    cost_keys: tuple[str, ...] = ()

    def role(self, layer: str, label: str) -> Role:
        """What a node of a layer and a class becomes."""
        by_class = self.classes.get(plain(label)) if label else None
        return by_class or self.layers.get(plain(layer)) or self.layers[OTHER]

    def relation(self, name: str) -> Relation:
        """What an edge of a name says."""
        return self.relations.get(plain(name)) or self.relations[OTHER]

    def has_relation(self, name: str) -> bool:
        """Whether a row is about edges of this name."""
        return plain(name) in self.relations

    def changed(self, changes: Any, where: str) -> LayerTable:
        """This table with the entries of another in front; lists of keys are replaced whole.

        Args:
            changes: of each field to change, its new entries or keys, as YAML makes of a file.
            where: names their origin in an error.

        Raises:
            ConfigError: with the entry that cannot be used, and what is expected there.
        """
        if not isinstance(changes, Mapping):
            raise ConfigError(f'{where}: expected a table of {_names()}, got {quote(changes)}')
        made: dict[str, Any] = {}
        for key, value in changes.items():
            if key in _VALUES:
                made[key] = {**getattr(self, key), **_read_entries(key, value, where)}
            elif key in _KEYS and getattr(self, key):
                made[key] = _read_keys(key, value, where)
            elif key in _KEYS:
                raise ConfigError(f'{where}: {key}: the format says itself where these stand')
            else:
                raise ConfigError(
                    f'{where}: there is no setting {quote(key)}; expected some of {_names()}'
                )
        return replace(self, **made)


_VALUES = {'layers': get_args(Role), 'classes': get_args(Role), 'relations': get_args(Relation)}
_KEYS = tuple(f.name for f in fields(LayerTable) if f.name not in _VALUES)


def plain(name: str) -> str:
    """A name of a layer, class or relation as tables hold it: `On Top-of` is `on_top_of`."""
    return '_'.join(name.lower().replace('-', ' ').split())


def _names() -> str:
    return ', '.join((*_VALUES, *_KEYS))


def _read_entries(key: str, value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ConfigError(f'{where}: {key}: expected a table, got {quote(value)}')
    value = {_as_written(name): _as_written(become) for name, become in value.items()}
    for name, become in value.items():
        if become not in _VALUES[key]:
            raise ConfigError(
                f'{where}: {key}: {name}: expected one of {", ".join(_VALUES[key])}, '
                f'got {quote(become)}'
            )
    return {plain(name): become for name, become in value.items()}


def _as_written(value: Any) -> str:
    """What stands in a file of YAML, which takes `on` for true."""
    return 'on' if value is True else str(value)


def _read_keys(key: str, value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ConfigError(f'{where}: {key}: expected a list of names, got {quote(value)}')
    return tuple(value)
