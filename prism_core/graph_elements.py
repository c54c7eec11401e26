"""The elements of a scene graph: nodes, connections, and updates that change them.

Lengths are metres in frame `map` (x east, y north). Elements check themselves; what holds between
them (unique names, existing ends) is the scene graph's to check.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from prism_core.errors import SceneGraphError

NodeKind = Literal['region', 'object']
ConnectionKind = Literal['traversable', 'observed_from']

# The bounds of prism_msgs/SceneNode: what is longer could not travel.
MAX_NAME_CHARS = 128
MAX_DESCRIPTION_CHARS = 1024
MAX_ATTRIBUTES = 32
# Beyond any map on Earth, in UTM coordinates too (their northings end at 10,000 km).
MAX_COORDINATE_M = 10_000_000.0
MAX_COST_M = 1_000_000_000.0

NODE_NAME = re.compile(rf'[A-Za-z0-9_.\-]{{1,{MAX_NAME_CHARS}}}')
# The keys of SPINE JSON, which no attribute can have: of a node, and of the whole graph.
NODE_KEYS = ('name', 'coords', 'description')
LOCATION_KEYS = ('robot_location', 'current_location', 'init_location')
GRAPH_KEYS = (
    *('regions', 'objects', 'region_connections', 'object_connections', 'revision'),
    *LOCATION_KEYS,
)
NO_ATTRIBUTES: Mapping[str, Any] = MappingProxyType({})


_K = TypeVar('_K')
_V = TypeVar('_V')


def read_only(mapping: Mapping[_K, _V]) -> Mapping[_K, _V]:
    """A mapping that nobody can change; one that is so already as it is, never a view of a view:
    those of a graph that was updated a thousand times could not be read any more.
    """
    return mapping if isinstance(mapping, MappingProxyType) else MappingProxyType(mapping)


def quote(value: object) -> str:
    """A value as an error shows it: on one line and not too long."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + '...'


@dataclass(frozen=True)
class Node:
    """A region that the robot can stand in, or an object that is seen from a region.

    `position` is (x, y) in metres. `attributes` holds whatever else is known, as JSON values.

    Raises:
        SceneGraphError: name, kind, position or the length of a text is not allowed.
    """

    name: str
    kind: NodeKind
    position: tuple[float, float]
    description: str = ''
    attributes: Mapping[str, Any] = field(default_factory=lambda: NO_ATTRIBUTES)

    def __post_init__(self):
        if not (isinstance(self.name, str) and NODE_NAME.fullmatch(self.name)):
            raise SceneGraphError(
                f'node name {quote(self.name)}: expected 1 to {MAX_NAME_CHARS} letters, digits, '
                "'_', '-' or '.'"
            )
        if self.kind not in ('region', 'object'):
            raise SceneGraphError(
                f"node '{self.name}': kind must be 'region' or 'object', got {quote(self.kind)}"
            )
        try:
            x, y = (float(value) for value in self.position)
        except (TypeError, ValueError, OverflowError):
            x = math.nan
        if not (abs(x) <= MAX_COORDINATE_M and abs(y) <= MAX_COORDINATE_M):
            raise SceneGraphError(
                f"node '{self.name}': expected two coordinates of at most "
                f'{MAX_COORDINATE_M:.0f} metres, got {quote(self.position)}'
            )
        if (
            not isinstance(self.description, str)
            or len(self.description) > MAX_DESCRIPTION_CHARS
            or '\0' in self.description
        ):
            raise SceneGraphError(
                f"node '{self.name}': description must be a text of at most "
                f'{MAX_DESCRIPTION_CHARS} characters, none of them NUL'
            )
        if (
            len(self.attributes) > MAX_ATTRIBUTES
            or any(key in self.attributes for key in NODE_KEYS)
            or any('\0' in key for key in self.attributes)
        ):
            raise SceneGraphError(
                f"node '{self.name}': expected at most {MAX_ATTRIBUTES} attributes, none called "
                f'{", ".join(NODE_KEYS)}, and no NUL in their names'
            )
        object.__setattr__(self, 'position', (x, y))
        if not isinstance(self.attributes, MappingProxyType):
            object.__setattr__(self, 'attributes', read_only(dict(self.attributes)))

    def __reduce__(self):
        return Node, (
            self.name,
            self.kind,
            self.position,
            self.description,
            dict(self.attributes),
        )

    def with_attributes(self, changes: Mapping[str, Any]) -> Node:
        """The same node with some attributes set; key `description` sets the description.

        Raises:
            SceneGraphError: a node cannot have such attributes.
        """
        attributes = {**self.attributes, **changes}
        description = attributes.pop('description', self.description)
        return Node(self.name, self.kind, self.position, description, attributes)

    def without_attributes(self, names: Iterable[str]) -> Node:
        """The same node with some attributes taken away; `description` empties the description."""
        gone = set(names)
        attributes = {key: value for key, value in self.attributes.items() if key not in gone}
        description = '' if 'description' in gone else self.description
        return Node(self.name, self.kind, self.position, description, attributes)

    def distance_m(self, other: Node) -> float:
        """Straight-line distance to another node."""
        return math.dist(self.position, other.position)


@dataclass(frozen=True, eq=False)
class Connection:
    """Two regions between which the robot can drive, or an object and a region it is seen from.

    The order of the two ends means nothing: connections with the same ends are equal. `cost_m` is
    the travel cost in metres; None stands for the straight line.

    Raises:
        SceneGraphError: both ends are the same node, or the cost is negative or too large.
    """

    kind: ConnectionKind
    source: str
    target: str
    cost_m: float | None = None

    def __post_init__(self):
        if self.kind not in ('traversable', 'observed_from'):
            raise SceneGraphError(f'connection kind {quote(self.kind)} is unknown')
        if self.source == self.target:
            raise SceneGraphError(f"'{self.source}' is connected to itself")
        if self.cost_m is not None and not 0 <= self.cost_m <= MAX_COST_M:
            raise SceneGraphError(
                f'connection {self}: cost must be from 0 to {MAX_COST_M:.0f} metres, '
                f'got {quote(self.cost_m)}'
            )

    @property
    def key(self) -> tuple[str, str]:
        """The two ends in sorted order."""
        return (
            (self.source, self.target) if self.source < self.target else (self.target, self.source)
        )

    def __str__(self) -> str:
        return f"'{self.source}' - '{self.target}'"

    def __eq__(self, other) -> bool:
        if not isinstance(other, Connection):
            return NotImplemented
        return (self.kind, self.key, self.cost_m) == (other.kind, other.key, other.cost_m)

    def __hash__(self) -> int:
        return hash((self.kind, self.key, self.cost_m))


@dataclass(frozen=True)
class GraphUpdate:
    """A change of a scene graph, applied whole or not at all.

    Removals come first, then nodes, then connections, then attributes, then the location. Removing
    a node removes its connections. `set_attributes` holds, by node name, what became known of nodes
    that stay as they are otherwise; key `description` sets the description. `base_revision` 0
    applies to whatever is current; `revision` is what the graph became.
    """

    upsert_nodes: tuple[Node, ...] = ()
    upsert_connections: tuple[Connection, ...] = ()
    set_attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    remove_nodes: tuple[str, ...] = ()
    remove_connections: tuple[Connection, ...] = ()
    robot_location: str | None = None
    map_id: str = ''
    source: str = ''
    base_revision: int = 0
    revision: int = 0

    @property
    def changes_nodes_or_connections(self) -> bool:
        """Whether nodes or connections come, go or are replaced."""
        return bool(
            self.upsert_nodes
            or self.upsert_connections
            or self.remove_nodes
            or self.remove_connections
        )

    @property
    def changes_ways(self) -> bool:
        """Whether that is so for regions or for where the robot can drive."""
        return bool(
            self.remove_nodes
            or self.remove_connections
            or any(node.kind == 'region' for node in self.upsert_nodes)
            or any(c.kind == 'traversable' for c in self.upsert_connections)
        )
