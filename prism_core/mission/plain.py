# SPDX-License-Identifier: Apache-2.0
"""Plans, observations, turns and graph updates as plain data, as a log keeps them; nothing of them
is lost. Who reads is told of what is none by KeyError, TypeError or ValueError, or a PrismError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prism_core.episode.episode import Turn
from prism_core.episode.observation import Observation
from prism_core.graph.elements import Connection, GraphUpdate, Node
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan


def write_update(update: GraphUpdate) -> dict[str, Any]:
    """What an update changes, without what is empty; not its map, source and revisions."""
    data = {
        'remove_nodes': list(update.remove_nodes),
        'remove_connections': [_write_connection(c) for c in update.remove_connections],
        'nodes': [_write_node(node) for node in update.upsert_nodes],
        'connections': [_write_connection(c) for c in update.upsert_connections],
        'attributes': {name: dict(told) for name, told in update.set_attributes.items()},
        'robot_location': update.robot_location,
    }
    return {key: value for key, value in data.items() if value}


def read_update(data: Mapping[str, Any]) -> GraphUpdate:
    """The update that `write_update` wrote."""
    return GraphUpdate(
        upsert_nodes=tuple(Node(**node) for node in data.get('nodes', ())),
        upsert_connections=tuple(Connection(*c) for c in data.get('connections', ())),
        set_attributes=data.get('attributes', {}),
        remove_nodes=tuple(data.get('remove_nodes', ())),
        remove_connections=tuple(Connection(*c) for c in data.get('remove_connections', ())),
        robot_location=data.get('robot_location'),
    )


def _write_node(node: Node) -> dict[str, Any]:
    position = None if node.position is None else list(node.position)
    return {
        'name': node.name,
        'kind': node.kind,
        'position': position,
        'description': node.description,
        'attributes': dict(node.attributes),
    }


def _write_connection(connection: Connection) -> list:
    return [connection.kind, connection.source, connection.target, connection.cost_m]


def write_observation(observation: Observation) -> dict[str, Any]:
    """All of an observation."""
    return {
        'status': observation.status,
        'feedback': observation.feedback,
        'distance_m': observation.distance_m,
        'update': write_update(observation.update),
    }


def read_observation(data: Mapping[str, Any]) -> Observation:
    """The observation that `write_observation` wrote."""
    update = read_update(data['update'])
    return Observation(update, data['feedback'], data['status'], data['distance_m'])


def write_plan(plan: Plan) -> dict[str, Any]:
    """A plan, without its notes; each step is its name and its arguments."""
    return {
        'primary_goal': plan.primary_goal,
        'relevant_graph': list(plan.relevant_graph),
        'reasoning': plan.reasoning,
        'plan': [[action.name, *action.arguments] for action in plan.actions],
    }


def read_plan(data: Mapping[str, Any]) -> Plan:
    """The plan that `write_plan` wrote."""
    return Plan(
        tuple(Action(name, tuple(arguments)) for name, *arguments in data['plan']),
        data['primary_goal'],
        tuple(data['relevant_graph']),
        data['reasoning'],
    )


def write_turn(turn: Turn) -> dict[str, Any]:
    """A turn, without what was known."""
    return {
        'plan': write_plan(turn.plan),
        'observations': [write_observation(seen) for seen in turn.observations],
        'robot_location': turn.robot_location,
        'request': turn.request,
    }


def read_turn(data: Mapping[str, Any]) -> Turn:
    """The turn that `write_turn` wrote."""
    seen = tuple(read_observation(one) for one in data['observations'])
    plan, location = read_plan(data['plan']), data['robot_location']
    return Turn(plan, seen, location, request=data['request'])
