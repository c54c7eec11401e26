# SPDX-License-Identifier: Apache-2.0
"""A world that shows only what the robot looks at: carries out the mapping domain's actions.

The true graph holds everything. A connection that the robot knows and the true graph lacks is
blocked. Attribute `failures` of the true graph lists [action, node] pairs that fail the first time.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.domains.mapping.describing import describe, reports_of
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.looking import MAPPED, WAYS_M
from prism_core.episode.observation import ActionStatus, Observation
from prism_core.graph.calling import class_attributes
from prism_core.graph.elements import Connection, GraphUpdate, Node
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable

FAILURES = 'failures'
_MAX_REROUTES = 3
# So close to a coordinate the robot has reached it.
ARRIVAL_M = 5.0


class MappingSimulator:
    """Carries out SPINE's eight actions on a true graph; passes `testing.check_simulator`."""

    table: ActionTable = MAPPING_ACTIONS

    def __init__(self, true_graph: SceneGraph, known_graph: SceneGraph, lexicon: Lexicon):
        self._true = true_graph
        self._known = known_graph
        self._lexicon = lexicon
        self._failures = {tuple(pair) for pair in true_graph.attributes.get(FAILURES, ())}

    @property
    def known_graph(self) -> SceneGraph:
        """What the robot knows by now."""
        return self._known

    def execute(self, action: Action) -> Observation:
        """Carry out one action and reveal what it shows."""
        carry_out = _ACTIONS.get(action.name)
        spec = self.table.get(action.name)
        if carry_out is None or spec is None:
            return _refused(f'there is no action {action.name[:80]}')
        if len(action.arguments) != len(spec.arguments):
            return _refused(f'expected {spec.signature}')
        observation = carry_out(self, *action.arguments)
        if observation.update != GraphUpdate():
            self._known = self._known.apply(observation.update)
        return observation

    def learn(self, update: GraphUpdate) -> None:
        """Take over what became known otherwise than by its own actions.

        Raises:
            SceneGraphError: it does not fit what is known.
        """
        self._known = self._known.apply(update)

    # ------------------------------------------------------------------------------- the actions

    def _goto(self, region: object) -> Observation:
        reason = self._why_not_region(region)
        return _refused(reason) if reason else self._drive((str(region),)).observe()

    def _map_region(self, region: object) -> Observation:
        reason = self._why_not_region(region)
        if reason:
            return _refused(reason)
        drive = self._drive((str(region),))
        if drive.is_stopped:
            return drive.observe()
        if self._fails('map_region', str(region)):
            return drive.observe('failed', 'the view is obstructed, nothing could be mapped')
        return drive.observe(reveal=self._look_around(str(region), drive))

    def _explore_region(self, region: object, radius_m: object) -> Observation:
        reason = self._why_not_region(region) or self._why_not_number(radius_m)
        if reason or not isinstance(radius_m, (int, float)) or radius_m <= 0:
            return _refused(reason or 'the radius must be more than zero')
        drive = self._drive((str(region),))
        if drive.is_stopped:
            return drive.observe()
        if self._fails('explore_region', str(region)):
            return drive.observe('failed', 'the ground is obstructed, nothing could be explored')
        return drive.observe(reveal=self._explore(str(region), radius_m))

    def _extend_map(self, x_m: object, y_m: object) -> Observation:
        reason = self._why_not_number(x_m) or self._why_not_number(y_m)
        here = self._known.robot_location
        if reason or here is None:
            return _refused(reason or 'where the robot is is unknown')
        goal = (float(x_m), float(y_m))  # type: ignore[arg-type]
        nodes = self._known.nodes
        nearest = min(
            self._known.reachable_regions(here), key=lambda name: (_gap_m(nodes[name], goal), name)
        )
        if nodes[nearest].position is None:
            return _refused('where the regions lie is unknown, so no way leads toward a coordinate')
        drive = self._drive((nearest,))
        if drive.is_stopped:
            return drive.observe()
        return self._walk_on(goal, drive)

    def _inspect(self, name: object, query: object) -> Observation:
        node = self._known.nodes.get(name) if isinstance(name, str) else None
        if node is None or node.kind != 'object':
            return _refused(f'the scene graph contains no object {str(name)[:80]}')
        if not isinstance(query, str) or not query.strip():
            return _refused('there is no query')
        here = self._known.robot_location
        reachable = self._known.reachable_regions(here) if here else set()
        viewpoints = tuple(r for r in self._known.viewpoints[node.name] if r in reachable)
        if not viewpoints:
            return _refused(f'no known way leads to where {node.name} is seen from')
        drive = self._drive(viewpoints)
        if drive.is_stopped:
            return drive.observe()
        if self._fails('inspect', node.name):
            return drive.observe('failed', f'the view of {node.name} is obstructed')
        if reports_of(self._true) is not None:
            return self._describe(node, query, drive)
        shown = self._show(node.name, query)
        if not shown:
            return drive.observe('failed', f'nothing about that can be seen of {node.name}')
        news = _news(node, shown)
        reveal = GraphUpdate(set_attributes={node.name: news} if news else {})
        is_other = 'description' in shown and self._lexicon.asked_attributes(query)
        return drive.observe(feedback=shown['description'] if is_other else '', reveal=reveal)

    def _describe(self, node: Node, query: str, drive: _Drive) -> Observation:
        """What a robot that reports in words says of an object."""
        asked = self._lexicon.asked_attributes(query)
        own = asked & self._true.nodes[node.name].attributes.keys()
        said = describe(self._true, node.name, self._lexicon, own)
        if asked:
            return drive.observe(feedback=said)
        news = _news(node, {'description': said})
        return drive.observe(reveal=GraphUpdate(set_attributes={node.name: news} if news else {}))

    def _replan(self) -> Observation:
        return Observation()

    def _say(self, text: object) -> Observation:
        if not isinstance(text, str) or not text.strip():
            return _refused('there is nothing to say')
        return Observation()

    # ---------------------------------------------------------------------------------- driving

    def _drive(self, goals: tuple[str, ...]) -> _Drive:
        """Drive to the nearest of some reachable regions, connection by connection; a blocked one
        is reported and driven around.
        """
        drive = _Drive(self._known)
        for _ in range(_MAX_REROUTES + 1):
            distances = drive.graph.distances_m(drive.here)
            reachable = [goal for goal in goals if goal in distances]
            if not reachable:
                return drive.stop(f'no other way leads to {goals[0]}')
            goal = min(reachable, key=distances.__getitem__)
            for region in drive.graph.route(drive.here, goal)[1:]:
                if not self._true.region_network.has_edge(drive.here, region):
                    drive.find_blocked(region)
                    break
                drive.move_to(region)
            else:
                return drive
        return drive.stop(f'too many blocked ways to {goals[0]}')

    def _walk_on(self, goal: tuple[float, float], drive: _Drive) -> Observation:
        """Walk over true connections as long as that comes nearer to a coordinate."""
        nodes = self._true.nodes
        found: dict[str, Node] = {}
        ways = []
        while True:
            here = drive.here
            length_m = _gap_m(nodes[here], goal)
            nearer = [
                (_gap_m(nodes[other], goal), other)
                for other in self._true.region_network[here]
                if _gap_m(nodes[other], goal) < length_m
            ]
            if not nearer:
                break
            _, region = min(nearer)
            if region not in drive.graph.nodes and region not in found:
                found[region] = _bare(nodes[region])
            if _way(here, region) not in drive.graph.connections:
                ways.append(self._true.connections[_way(here, region)])
            drive.walk(region, self._true.region_network[here][region]['length_m'])
        reveal = GraphUpdate(upsert_nodes=tuple(found.values()), upsert_connections=tuple(ways))
        reveal = self._with_openings(reveal)
        if length_m <= ARRIVAL_M:
            return drive.observe(reveal=reveal)
        said = f'no way on was found {length_m:.0f} m before ({goal[0]:g}, {goal[1]:g})'
        return drive.observe('failed', said, reveal)

    # ---------------------------------------------------------------------------------- looking

    def _look_around(self, region: str, drive: _Drive) -> GraphUpdate:
        """All that can be seen from a region: objects, and connections to known regions; ways come
        first, as in a file, so that a world that was stored shows the same.
        """
        known, true = drive.graph, self._true
        nodes, connections, gone = [], [], []
        for connection in _connections_of(true, region):
            other = _other_end(connection, region)
            is_object = connection.kind == 'observed_from'
            if is_object and other not in known.nodes:
                nodes.append(_bare(true.nodes[other]))
            if connection.key not in known.connections and (is_object or other in known.nodes):
                connections.append(connection)
        for connection in _connections_of(known, region):
            if connection.kind == 'traversable' and connection.key not in true.connections:
                gone.append(connection)
        shown = {MAPPED: True, WAYS_M: true.way_lengths_m(region)}
        if true.nodes[region].description:
            shown['description'] = true.nodes[region].description
        news = _news(known.nodes[region], shown)
        return GraphUpdate(
            upsert_nodes=tuple(nodes),
            upsert_connections=tuple(sorted(connections, key=lambda c: c.kind == 'observed_from')),
            remove_connections=tuple(gone),
            set_attributes={region: news} if news else {},
        )

    def _explore(self, region: str, radius_m: float) -> GraphUpdate:
        """The unknown regions to which a way leads from here, within the radius."""
        network = self._true.region_network
        found = [
            name
            for name in network[region]
            if name not in self._known.nodes and network[region][name]['length_m'] <= radius_m
        ]
        reveal = GraphUpdate(
            upsert_nodes=tuple(_bare(self._true.nodes[name]) for name in found),
            upsert_connections=tuple(self._true.connections[_way(region, n)] for n in found),
        )
        return self._with_openings(reveal)

    def _with_openings(self, reveal: GraphUpdate) -> GraphUpdate:
        """The same, with the ways by which a region that is new is seen from mapped ones: there,
        the way was known and its end was not.
        """
        nodes = self._known.nodes
        ways = {connection.key: connection for connection in reveal.upsert_connections}
        for node in reveal.upsert_nodes:
            for other in self._true.region_network[node.name]:
                if other in nodes and nodes[other].attributes.get(MAPPED):
                    way = self._true.connections[_way(node.name, other)]
                    ways.setdefault(way.key, way)
        return dataclasses.replace(reveal, upsert_connections=tuple(ways.values()))

    def _show(self, name: str, query: str) -> dict[str, Any]:
        """What a query asks of an object: some of its attributes, or its description; that, too,
        where it has nothing else that could be asked for.
        """
        node = self._true.nodes[name]
        asked = self._lexicon.asked_attributes(query)
        shown = {key: value for key, value in node.attributes.items() if key in asked}
        is_described = self._lexicon.attributes.keys().isdisjoint(node.attributes)
        if (is_described or not asked) and node.description:
            shown['description'] = node.description
        return shown

    # -------------------------------------------------------------------------------- refusing

    def _fails(self, action: str, node: str) -> bool:
        """Whether this is the first try of something that fails once."""
        if (action, node) not in self._failures:
            return False
        self._failures.discard((action, node))
        return True

    def _why_not_region(self, name: object) -> str:
        node = self._known.nodes.get(name) if isinstance(name, str) else None
        if node is None or node.kind != 'region':
            return f'the scene graph contains no region {str(name)[:80]}'
        here = self._known.robot_location
        if here is None or not self._known.is_reachable(here, node.name):
            return f'no known way leads to {node.name}'
        return ''

    def _why_not_number(self, value: object) -> str:
        is_number = isinstance(value, (int, float)) and math.isfinite(value)
        return '' if is_number else f'expected a number of metres, got {str(value)[:80]}'


class _Drive:
    """A drive under way: where the robot is, how far it came, what it found blocked."""

    def __init__(self, graph: SceneGraph):
        if graph.robot_location is None:
            raise ValueError('the robot location is unknown')
        self.graph = graph
        self.here = graph.robot_location
        self.distance_m = 0.0
        self.reason = ''
        self._start = self.here
        self._blocked: list[Connection] = []

    @property
    def is_stopped(self) -> bool:
        return bool(self.reason)

    def move_to(self, region: str) -> None:
        self.walk(region, self.graph.region_network[self.here][region]['length_m'])

    def walk(self, region: str, length_m: float) -> None:
        self.distance_m += length_m
        self.here = region

    def find_blocked(self, region: str) -> None:
        gone = self.graph.connections[_way(self.here, region)]
        self._blocked.append(gone)
        self.graph = self.graph.apply(GraphUpdate(remove_connections=(gone,)))

    def stop(self, reason: str) -> _Drive:
        self.reason = reason
        return self

    def observe(
        self,
        status: ActionStatus = 'done',
        feedback: str = '',
        reveal: GraphUpdate | None = None,
    ) -> Observation:
        """What the drive showed, and what was revealed at its end."""
        said = [f'the way from {c.source} to {c.target} is blocked' for c in self._blocked]
        if self.reason:
            status = 'failed'
        said += [text for text in (self.reason, feedback) if text]
        reveal = reveal or GraphUpdate()
        update = dataclasses.replace(
            reveal,
            remove_connections=(*self._blocked, *reveal.remove_connections),
            robot_location=self.here if self.here != self._start else None,
        )
        return Observation(update, '; '.join(said), status, round(self.distance_m, 3))


def _news(node: Node, shown: dict[str, Any]) -> dict[str, Any]:
    """What is shown of a node beyond what is known of it."""
    known = {**node.attributes, 'description': node.description}
    return {key: value for key, value in shown.items() if known.get(key) != value}


def _bare(node: Node) -> Node:
    """A node as it is seen from afar: nothing but what and where it is."""
    return Node(node.name, node.kind, node.position, '', class_attributes(node))


def _gap_m(node: Node, goal: tuple[float, float]) -> float:
    """How far a region is from a coordinate; infinite where it is not known to lie anywhere."""
    return math.inf if node.position is None else math.dist(node.position, goal)


def _way(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


def _connections_of(graph: SceneGraph, region: str) -> list[Connection]:
    return [c for ends, c in graph.connections.items() if region in ends]


def _other_end(connection: Connection, name: str) -> str:
    return connection.target if connection.source == name else connection.source


def _refused(reason: str) -> Observation:
    return Observation(feedback=reason, status='refused')


_ACTIONS: dict[str, Callable[..., Observation]] = {
    'goto': MappingSimulator._goto,
    'map_region': MappingSimulator._map_region,
    'explore_region': MappingSimulator._explore_region,
    'extend_map': MappingSimulator._extend_map,
    'inspect': MappingSimulator._inspect,
    'replan': MappingSimulator._replan,
    'answer': MappingSimulator._say,
    'clarify': MappingSimulator._say,
}
