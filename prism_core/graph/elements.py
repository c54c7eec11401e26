# SPDX-License-Identifier: Apache-2.0
"""The elements of a scene graph: nodes, connections, and updates that change them.

Lengths are metres in frame `map` (x east, y north). Elements check themselves; what holds between
them (unique names, existing ends) is the scene graph's to check.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from prism_core.errors import SceneGraphError

NodeKind = Literal['region', 'object']
PlacementKind = Literal['in', 'on', 'held']
ConnectionKind = Literal['traversable', 'observed_from', PlacementKind]

PLACEMENTS: tuple[PlacementKind, ...] = ('in', 'on', 'held')
"""Where an object is: from the object to what it is in, on or held by."""
PLACEMENT_WORDS = MappingProxyType({'in': 'in', 'on': 'on', 'held': 'held by'})
"""What stands between the two ends of a placement in words."""
_CONNECTION_KINDS = ('traversable', 'observed_from', *PLACEMENTS)

# The bounds of prism_msgs/SceneNode: what is longer could not travel.
MAX_NAME_CHARS = 128
MAX_DESCRIPTION_CHARS = 1024
MAX_ATTRIBUTES = 32
# Beyond any map on Earth, in UTM coordinates too (their northings end at 10,000 km).
MAX_COORDINATE_M = 10_000_000.0
MAX_COST_M = 1_000_000_000.0

UNKNOWN_WAY_M = 1.0
"""The length of a way that has no cost and whose ends are not known to lie anywhere: one step."""
# The keys of SPINE JSON, which no attribute can have: of a node, and of the whole graph.
NODE_KEYS = ('name', 'coords', 'description')
LOCATION_KEYS = ('robot_location', 'current_location', 'init_location')
GRAPH_KEYS = (
    *('regions', 'objects', 'region_connections', 'object_connections', 'placements', 'revision'),
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


def is_name(value: object) -> bool:
    """Whether a node can be called so: 1 to 128 printable characters, no white space at an end."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_NAME_CHARS
        and value.isprintable()
        and value == value.strip()
    )


@dataclass(frozen=True)
class Node:
    """A region that the robot can stand in, or an object that is seen from a region.

    `name` is any printable text of one line. `position` is (x, y) in metres, None where it is
    unknown; `attributes` holds whatever else is known, as JSON values.

    Raises:
        SceneGraphError: name, kind, position or the length of a text is not allowed.
    """

    name: str
    kind: NodeKind
    position: tuple[float, float] | None = None
    description: str = ''
    attributes: Mapping[str, Any] = field(default_factory=lambda: NO_ATTRIBUTES)

    def __post_init__(self):
        if not is_name(self.name):
            raise SceneGraphError(
                f'node name {quote(self.name)}: expected 1 to {MAX_NAME_CHARS} printable '
                'characters on one line, no white space at either end'
            )
        if self.kind not in ('region', 'object'):
            raise SceneGraphError(
                f"node '{self.name}': kind must be 'region' or 'object', got {quote(self.kind)}"
            )
        if self.position is not None:
            object.__setattr__(self, 'position', _read_position(self.name, self.position))
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

    def distance_m(self, other: Node) -> float | None:
        """Straight-line distance to another node; None where the position of one is unknown."""
        if self.position is None or other.position is None:
            return None
        return math.dist(self.position, other.position)


def _read_position(name: str, position: Any) -> tuple[float, float]:
    try:
        x, y = (float(value) for value in position)
    except (TypeError, ValueError, OverflowError):
        x = y = math.nan
    if not (abs(x) <= MAX_COORDINATE_M and abs(y) <= MAX_COORDINATE_M):
        raise SceneGraphError(
            f"node '{name}': expected two coordinates of at most {MAX_COORDINATE_M:.0f} metres, "
            f'got {quote(position)}'
        )
    return x, y


@dataclass(frozen=True, eq=False)
class Connection:
    """How two nodes belong together: `traversable`, two regions between which the robot can drive;
    `observed_from`, an object and a region it is seen from; or a placement, an object (source) that
    is `in` or `on` a node or `held` by an object (target), such as a gripper.

    The order of the two ends means something in placements only: others with the same ends are
    equal. `cost_m` is the travel cost in metres; None stands for the straight line, and for
    `UNKNOWN_WAY_M` where an end has no position.

    Raises:
        SceneGraphError: both ends are the same node, the cost is negative or too large, or a
            placement has one.
    """

    kind: ConnectionKind
    source: str
    target: str
    cost_m: float | None = None

    def __post_init__(self):
        if self.kind not in _CONNECTION_KINDS:
            raise SceneGraphError(
                f'connection kind {quote(self.kind)} is unknown; expected one of '
                f'{", ".join(_CONNECTION_KINDS)}'
            )
        if self.source == self.target:
            raise SceneGraphError(f"'{self.source}' is connected to itself")
        if self.cost_m is None:
            return
        if not 0 <= self.cost_m <= MAX_COST_M:
            raise SceneGraphError(
                f'connection {self}: cost must be from 0 to {MAX_COST_M:.0f} metres, '
                f'got {quote(self.cost_m)}'
            )
        if self.is_placement:
            raise SceneGraphError(
                f'connection {self}: expected no travel cost, got {quote(self.cost_m)}'
            )

    @property
    def is_placement(self) -> bool:
        """Whether it says what an object is in, on, or held by."""
        return self.kind in PLACEMENTS

    @property
    def key(self) -> tuple[str, str]:
        """The two ends in sorted order."""
        return (
            (self.source, self.target) if self.source < self.target else (self.target, self.source)
        )

    def __str__(self) -> str:
        ends = quote(self.source), quote(self.target)
        return f' {PLACEMENT_WORDS.get(self.kind, "-")} '.join(ends)

    def _parts(self) -> tuple:
        ends = (self.source, self.target) if self.is_placement else self.key
        return self.kind, ends, self.cost_m

    def __eq__(self, other) -> bool:
        return self._parts() == other._parts() if isinstance(other, Connection) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._parts())


@dataclass(frozen=True)
class GraphUpdate:
    """A change of a scene graph, applied whole or not at all.

    Removals come first, then nodes, then connections (placements last), then attributes, then the
    location. Removing a node removes its connections. Connections are removed by their two ends
    alone; a placement takes its object away from where it was. `set_attributes` holds, by node
    name, what became known of nodes that stay as they are otherwise; key `description` sets the
    description. `base_revision` 0 applies to whatever is current; `revision` is what the graph
    became.
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
