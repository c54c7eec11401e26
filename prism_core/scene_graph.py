"""What the robot knows of the world: regions, objects, how they connect, and where the robot is.

A graph never changes: `apply` returns a new one. Knows nothing of files, JSON (see `spine_json`),
messages or plans.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

import networkx as nx

from prism_core.errors import RevisionConflict, SceneGraphError
from prism_core.graph_elements import (
    GRAPH_KEYS,
    NO_ATTRIBUTES,
    Connection,
    GraphUpdate,
    Node,
    NodeKind,
    quote,
    read_only,
)
from prism_core.places import Places
from prism_core.ways import Views, Ways


class SceneGraph:
    """Nodes by name, connections by their ends, and the robot's location (a region, or None:
    unknown).

    Names are unique over regions and objects, every end of a connection exists, traversable
    connections join two regions, observed_from connections an object and a region.

    Raises:
        SceneGraphError: with one problem for each breach of the above.
    """

    def __init__(
        self,
        nodes: Iterable[Node] = (),
        connections: Iterable[Connection] = (),
        *,
        robot_location: str | None = None,
        revision: int = 0,
        attributes: Mapping[str, Any] = NO_ATTRIBUTES,
    ):
        by_name: dict[str, Node] = {}
        problems = []
        for node in nodes:
            if node.name in by_name:
                problems.append(f"duplicate node name '{node.name}'")
            by_name[node.name] = node
        by_ends = {}
        for connection in connections:
            problems.extend(_check_connection(connection, by_name))
            by_ends[connection.key] = connection
        problems.extend(_check_location(robot_location, by_name))
        problems.extend(_check_attributes(attributes))
        if problems:
            raise SceneGraphError(problems)
        self._fill(by_name, by_ends, robot_location, revision, dict(attributes))

    def _fill(
        self,
        nodes: Mapping[str, Node],
        connections: Mapping[tuple[str, str], Connection],
        robot_location: str | None,
        revision: int,
        attributes: Mapping[str, Any],
        places: Places | None = None,
        ways: Ways | None = None,
        views: Views | None = None,
    ) -> SceneGraph:
        self._nodes = read_only(nodes)
        self._connections = read_only(connections)
        self._robot_location = robot_location
        self._revision = revision
        self._attributes = read_only(attributes)
        self._places = places  # None: in the order of the nodes
        self._ways = ways or Ways(self._nodes, self._connections)
        self._views = views or Views(self._nodes, self._connections)
        return self

    @property
    def nodes(self) -> Mapping[str, Node]:
        """All nodes by name."""
        return self._nodes

    @property
    def connections(self) -> Mapping[tuple[str, str], Connection]:
        """All connections by their two ends in sorted order."""
        return self._connections

    @property
    def robot_location(self) -> str | None:
        """The region that the robot is in, or None when it is unknown."""
        return self._robot_location

    @property
    def revision(self) -> int:
        """Counts the accepted changes."""
        return self._revision

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What else is known of the whole graph, such as `map_id`."""
        return self._attributes

    @cached_property
    def places(self) -> Mapping[str, int]:
        """For each node its number among those of its kind, from 0; it keeps it when others go, and
        mostly when it goes and comes back. Equal graphs may differ in it.
        """
        return (self._places or Places.in_order(self._nodes)).numbers

    @cached_property
    def regions(self) -> Mapping[str, Node]:
        """The regions by name."""
        return self._of_kind('region')

    @cached_property
    def objects(self) -> Mapping[str, Node]:
        """The objects by name."""
        return self._of_kind('object')

    def _of_kind(self, kind: NodeKind) -> Mapping[str, Node]:
        return MappingProxyType({n: node for n, node in self._nodes.items() if node.kind == kind})

    @property
    def region_network(self) -> nx.Graph:
        """The regions and where the robot can drive, with `length_m` on each edge; frozen."""
        return self._ways.network

    @property
    def viewpoints(self) -> Mapping[str, tuple[str, ...]]:
        """For each object, the regions that it is seen from, in the graph's order."""
        return self._views.viewpoints

    def way_lengths_m(self, region: str) -> list[int]:
        """The lengths of all ways that lead away from a region, in whole metres, rounded up, the
        shortest first.
        """
        return list(self._ways.lengths_m(region))

    def is_reachable(self, start: str, end: str) -> bool:
        """Whether known connections lead from one region to the other."""
        component_of = self._ways.component_of
        return component_of[start] == component_of[end]

    def reachable_regions(self, start: str) -> set[str]:
        """The regions to which known connections lead, the start included."""
        component_of = self._ways.component_of
        return {name for name, other in component_of.items() if other == component_of[start]}

    def distances_m(self, start: str) -> Mapping[str, float]:
        """Travel distance from a region to each region that can be reached, nearest first."""
        return self._ways.distances_m(start)

    def route(self, start: str, end: str) -> list[str]:
        """The shortest way between two regions, both included.

        Raises:
            SceneGraphError: no known connections lead there.
        """
        way = self._ways.route(start, end)
        if way is None:
            raise SceneGraphError(f"no known way leads from '{start}' to '{end}'")
        return way

    def closest_pair(self, start: str, end: str) -> tuple[str, str]:
        """Where the gap is smallest: a region reachable from start, and one connected to end."""
        ours, theirs = self.reachable_regions(start), self.reachable_regions(end)
        return _closest_pair([self._nodes[n] for n in ours], [self._nodes[n] for n in theirs])

    def neighborhood(self, center: str, hops: int) -> SceneGraph:
        """The part of the graph within so many connections of a node.

        Raises:
            SceneGraphError: there is no such node.
        """
        if center not in self._nodes:
            raise SceneGraphError(f"the scene graph does not contain '{center}'")
        network = nx.Graph(list(self._connections))
        network.add_node(center)
        kept = nx.single_source_shortest_path_length(network, center, cutoff=hops)
        return SceneGraph(
            (node for name, node in self._nodes.items() if name in kept),
            (c for (a, b), c in self._connections.items() if a in kept and b in kept),
            robot_location=self._robot_location if self._robot_location in kept else None,
            revision=self._revision,
            attributes=self._attributes,
        )

    def at(self, robot_location: str | None) -> SceneGraph:
        """The same graph and revision with the robot in another region.

        Raises:
            SceneGraphError: that is no region of this graph.
        """
        problems = _check_location(robot_location, self._nodes)
        if problems:
            raise SceneGraphError(problems)
        return self._copy(robot_location=robot_location)

    def with_revision(self, revision: int) -> SceneGraph:
        """The same graph under another revision."""
        return self._copy(revision=revision)

    def apply(self, update: GraphUpdate) -> SceneGraph:
        """The graph after a change, one revision on.

        This graph stays as it is.

        Raises:
            RevisionConflict: the update was made for another revision.
            SceneGraphError: with one problem for each item that cannot be applied.
        """
        if update.base_revision not in (0, self._revision):
            raise RevisionConflict(
                f'the update was made for revision {update.base_revision}, the graph is at '
                f'{self._revision}; read it again'
            )
        problems = []
        map_id = self._attributes.get('map_id', '')
        if update.map_id not in ('', map_id):
            problems.append(f"the update is for map '{update.map_id}', this is map '{map_id}'")
        parts: dict[str, Any] = {'revision': self._revision + 1}
        nodes: Mapping[str, Node] = self._nodes
        if update.changes_nodes_or_connections:
            nodes, connections, found = self._replace(update)
            problems += found
            parts.update(nodes=nodes, connections=connections, views=None)
            if update.remove_nodes or (self._places and update.upsert_nodes):
                before = self._places or Places.in_order(self._nodes)
                parts['places'] = before.follow(self._nodes, nodes)
            if update.changes_ways:
                parts['ways'] = None
        if update.set_attributes:
            nodes, found = _set_attributes(update, nodes)
            problems += found
            parts['nodes'] = nodes
        parts['robot_location'] = update.robot_location or self._robot_location
        problems.extend(_check_location(parts['robot_location'], nodes))
        if problems:
            raise SceneGraphError(problems)
        return self._copy(**parts)

    def _replace(
        self, update: GraphUpdate
    ) -> tuple[dict[str, Node], dict[tuple[str, str], Connection], list[str]]:
        """The nodes and connections after an update, and what is wrong with it."""
        nodes, connections = dict(self._nodes), dict(self._connections)
        problems = []
        for gone in update.remove_connections:
            if connections.pop(gone.key, None) is None:
                problems.append(f'cannot remove connection {gone}: there is none')
        for name in update.remove_nodes:
            if nodes.pop(name, None) is None:
                problems.append(f"cannot remove '{name}': there is no such node")
        if update.remove_nodes:
            connections = {
                ends: c for ends, c in connections.items() if ends[0] in nodes and ends[1] in nodes
            }
        for node in update.upsert_nodes:
            known = nodes.get(node.name)
            if known is not None and known.kind != node.kind:
                problems.append(
                    f"'{node.name}' is known as {known.kind}; its kind cannot become {node.kind}"
                )
            nodes[node.name] = node
        for connection in update.upsert_connections:
            problems.extend(_check_connection(connection, nodes))
            connections[connection.key] = connection
        return nodes, connections, problems

    def _copy(self, **changes: Any) -> SceneGraph:
        parts: dict[str, Any] = {
            'nodes': self._nodes,
            'connections': self._connections,
            'robot_location': self._robot_location,
            'revision': self._revision,
            'attributes': self._attributes,
            'places': self._places,
            'ways': self._ways,
            'views': self._views,
        }
        return SceneGraph.__new__(SceneGraph)._fill(**{**parts, **changes})

    def _parts(self) -> tuple:
        return (
            dict(self._nodes),
            dict(self._connections),
            self._robot_location,
            self._revision,
            dict(self._attributes),
        )

    def __eq__(self, other) -> bool:
        return self._parts() == other._parts() if isinstance(other, SceneGraph) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self):
        return _restore, (*self._parts(), self._places)

    def __repr__(self) -> str:
        return (
            f'SceneGraph({len(self.regions)} regions, {len(self.objects)} objects, '
            f'{len(self._connections)} connections, robot_location={self._robot_location!r}, '
            f'revision={self._revision})'
        )


def _set_attributes(
    update: GraphUpdate, before: Mapping[str, Node]
) -> tuple[dict[str, Node], list[str]]:
    nodes, problems = dict(before), []
    for name, changes in update.set_attributes.items():
        if name not in nodes:
            problems.append(f"cannot set attributes of '{name}': there is no such node")
            continue
        try:
            nodes[name] = nodes[name].with_attributes(changes)
        except SceneGraphError as error:
            problems.extend(error.problems)
    return nodes, problems


def _restore(*parts) -> SceneGraph:
    return SceneGraph.__new__(SceneGraph)._fill(*parts)


def _check_connection(connection: Connection, nodes: Mapping[str, Node]) -> list[str]:
    ends = (connection.source, connection.target)
    missing = [f"connection {connection}: there is no node '{n}'" for n in ends if n not in nodes]
    if missing:
        return missing
    kinds = sorted(nodes[name].kind for name in ends)
    expected = ['region'] * 2 if connection.kind == 'traversable' else ['object', 'region']
    if kinds != expected:
        return [
            f'connection {connection}: {connection.kind} joins {" and ".join(expected)}, '
            f'these are {" and ".join(kinds)}'
        ]
    return []


def _check_attributes(attributes: Mapping[str, Any]) -> list[str]:
    problems = [
        f"attribute '{key}' is a key of the graph" for key in GRAPH_KEYS if key in attributes
    ]
    map_id = attributes.get('map_id', '')
    if not isinstance(map_id, str) or '\0' in map_id:
        problems.append(f'map_id: expected a text without NUL, got {quote(map_id)}')
    return problems


def _check_location(robot_location: str | None, nodes: Mapping[str, Node]) -> list[str]:
    if robot_location is None:
        return []
    if robot_location not in nodes:
        return [f'robot location {quote(robot_location)} is not in the scene graph']
    if nodes[robot_location].kind != 'region':
        return [f"robot location '{robot_location}' is an object; expected a region"]
    return []


def _closest_pair(ours: list[Node], theirs: list[Node]) -> tuple[str, str]:
    """The closest two nodes of two groups: a sweep along the longer axis, n log n unless all share
    it.
    """
    everything = [node.position for node in ours + theirs]
    spread = [max(p[i] for p in everything) - min(p[i] for p in everything) for i in (0, 1)]
    axis = 0 if spread[0] >= spread[1] else 1
    theirs = sorted(theirs, key=lambda node: (node.position[axis], node.name))
    keys = [node.position[axis] for node in theirs]
    best, pair = math.inf, ('', '')
    for node in sorted(ours, key=lambda node: node.name):
        at = bisect_left(keys, node.position[axis])
        for indices in (range(at, len(keys)), range(at - 1, -1, -1)):
            for i in indices:
                if abs(keys[i] - node.position[axis]) >= best:
                    break
                distance = node.distance_m(theirs[i])
                if distance < best:
                    best, pair = distance, (node.name, theirs[i].name)
    return pair
