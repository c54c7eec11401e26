# SPDX-License-Identifier: Apache-2.0
"""What the robot knows of the world: regions, objects, how they connect, and where the robot is.

A graph never changes: `apply` returns a new one. Knows nothing of files, JSON (see `spine_json`),
messages or plans.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from prism_core.errors import RevisionConflict, SceneGraphError
from prism_core.graph.changes import replace_elements, set_attributes
from prism_core.graph.checks import (
    check_attributes,
    check_connection,
    check_location,
    check_placements,
)
from prism_core.graph.elements import (
    NO_ATTRIBUTES,
    PLACEMENTS,
    Connection,
    GraphUpdate,
    Node,
    NodeKind,
    read_only,
)
from prism_core.graph.places import Places
from prism_core.graph.ways import Views, Ways, closest_pair

if TYPE_CHECKING:  # imported late, see `prism_core.graph.ways`
    import networkx as nx


class SceneGraph:
    """Nodes by name, connections by their ends, and the robot's location (a region, or None:
    unknown).

    Names are unique over regions and objects, every end of a connection exists and is of a kind
    that the connection's allows, an object is in, on or held by one node at most, and nothing is so
    in itself, through whatever others.

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
        connections = list(connections)
        for connection in connections:
            problems.extend(check_connection(connection, by_name))
            by_ends[connection.key] = connection
        problems.extend(check_placements(c for c in connections if c.kind in PLACEMENTS))
        problems.extend(check_location(robot_location, by_name))
        problems.extend(check_attributes(attributes))
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
        placements: Mapping[str, Connection] | None = None,
    ) -> SceneGraph:
        self._nodes = read_only(nodes)
        self._connections = read_only(connections)
        self._robot_location = robot_location
        self._revision = revision
        self._attributes = read_only(attributes)
        self._places = places  # None: in the order of the nodes
        self._ways = ways or Ways(self._nodes, self._connections)
        if placements is None:
            placements = {c.source: c for c in connections.values() if c.kind in PLACEMENTS}
        self._placements = read_only(placements)
        self._views = views or Views(self._nodes, self._connections, self._placements)
        self._elsewhere: SceneGraph | None = None  # the last that `at` gave
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
        """For each object, the regions that it is seen from, in the graph's order: its own, those
        that it is in or on included; where it has none, those of what holds it.
        """
        return self._views.viewpoints

    @property
    def placements(self) -> Mapping[str, Connection]:
        """For each object that is in, on or held by a node, the connection that says so."""
        return self._placements

    def holder(self, name: str) -> str | None:
        """The node that an object is in, on, or held by; None where that is not known."""
        placement = self._placements.get(name)
        return None if placement is None else placement.target

    def contents(self, name: str) -> tuple[str, ...]:
        """The objects that are in, on, or held by a node; not what is in them."""
        return self._views.contents.get(name, ())

    def position_of(self, name: str) -> tuple[float, float] | None:
        """Where a node is, as (x, y) in metres: its own position; else, of an object, that of what
        it is in, on or held by, or of the first region it is seen from; None where none is known.
        """
        node: Node | None = self._nodes[name]
        while node is not None:
            if node.position is not None:
                return node.position
            holder = self.holder(node.name)
            node = None if holder is None else self._nodes[holder]
        seen = (self._nodes[region].position for region in self.viewpoints.get(name, ()))
        return next((position for position in seen if position is not None), None)

    def distance_m(self, one: str, other: str) -> float:
        """How far two nodes are from each other: the straight line between where `position_of` says
        they are; where that is unknown of one, the shortest known way between where they are seen
        from; infinite where there is none.
        """
        start, end = self.position_of(one), self.position_of(other)
        if start is not None and end is not None:
            return math.dist(start, end)
        starts, goals = (self.viewpoints.get(name, (name,)) for name in (one, other))
        ways = (self.distances_m(start).get(goal) for start in starts for goal in goals)
        return min((length_m for length_m in ways if length_m is not None), default=math.inf)

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

    def closest_pair(self, start: str, end: str) -> tuple[str, str] | None:
        """Where the gap is smallest: a region reachable from start, and one connected to end; None
        where no positions are known of one side.
        """
        ours, theirs = self.reachable_regions(start), self.reachable_regions(end)
        return closest_pair([self._nodes[n] for n in ours], [self._nodes[n] for n in theirs])

    def neighborhood(self, center: str, hops: int) -> SceneGraph:
        """The part of the graph within so many connections of a node.

        Raises:
            SceneGraphError: there is no such node.
        """
        if center not in self._nodes:
            raise SceneGraphError(f"the scene graph does not contain '{center}'")
        import networkx as nx

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
        """The same graph and revision with the robot in another region; asked for the same region
        again, the same object, so that what was worked out for it is found again.

        Raises:
            SceneGraphError: that is no region of this graph.
        """
        last = self._elsewhere
        if last is not None and last.robot_location == robot_location:
            return last
        problems = check_location(robot_location, self._nodes)
        if problems:
            raise SceneGraphError(problems)
        self._elsewhere = self._copy(robot_location=robot_location)
        return self._elsewhere

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
            nodes, connections, placements, found = replace_elements(
                update, self._nodes, self._connections, self._placements
            )
            problems += found
            parts.update(nodes=nodes, connections=connections, placements=placements, views=None)
            if update.remove_nodes or (self._places and update.upsert_nodes):
                before = self._places or Places.in_order(self._nodes)
                parts['places'] = before.follow(self._nodes, nodes)
            if update.changes_ways:
                parts['ways'] = None
        if update.set_attributes:
            nodes, found = set_attributes(update, nodes)
            problems += found
            parts['nodes'] = nodes
        parts['robot_location'] = update.robot_location or self._robot_location
        problems.extend(check_location(parts['robot_location'], nodes))
        if problems:
            raise SceneGraphError(problems)
        return self._copy(**parts)

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
            'placements': self._placements,
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


def _restore(*parts) -> SceneGraph:
    return SceneGraph.__new__(SceneGraph)._fill(*parts)
