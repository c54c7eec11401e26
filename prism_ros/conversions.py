# SPDX-License-Identifier: Apache-2.0
"""Between the messages of prism_msgs and the types of prism_core: graphs, updates and plans.

This file and `turn_conversions` are the only ones that know both sides. Pure functions. Message →
core → message is the identity for all that a graph, an update, a turn or a plan says; header, ids
and the execution status of steps are the envelope and stay on the ROS side. What core cannot hold
is refused, never dropped.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar

from prism_core import (
    MAX_NAME_CHARS,
    MAX_STEPS,
    Action,
    ActionTable,
    ArgumentKind,
    ConfigError,
    Connection,
    GraphUpdate,
    Node,
    Plan,
    PrismError,
    SceneGraph,
    SceneGraphError,
    quote,
)
from prism_msgs.msg import NodeAttributes, PlanStep, SceneEdge, SceneGraphUpdate, SceneNode
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_ros.node_attributes import (
    changes_from_message,
    changes_to_message,
    read_attributes,
    write_attributes,
)

FRAME = 'map'
_NODE_TYPES: dict[int, Literal['region', 'object']] = {
    SceneNode.TYPE_REGION: 'region',
    SceneNode.TYPE_OBJECT: 'object',
}
_EDGE_KINDS: dict[int, Literal['traversable', 'observed_from', 'in', 'on', 'held']] = {
    SceneEdge.KIND_TRAVERSABLE: 'traversable',
    SceneEdge.KIND_OBSERVED_FROM: 'observed_from',
    SceneEdge.KIND_IN: 'in',
    SceneEdge.KIND_ON: 'on',
    SceneEdge.KIND_HELD: 'held',
}
_TYPE_OF_NODE = {kind: number for number, kind in _NODE_TYPES.items()}
_KIND_OF_EDGE = {kind: number for number, kind in _EDGE_KINDS.items()}
_EUCLIDEAN = -1.0
# The bounds that prism_msgs/PlanStep states.
MAX_TARGETS = 8
MAX_ACTION_CHARS = 32
# The bounds that prism_msgs/SceneGraphUpdate states; no middleware enforces them.
UPDATE_LIMITS = {
    'upsert_nodes': 1024,
    'upsert_edges': 4096,
    'set_attributes': 1024,
    'remove_nodes': 1024,
    'remove_edges': 4096,
}

_T = TypeVar('_T')
_U = TypeVar('_U')


def node_from_message(message: SceneNode) -> Node:
    """Read a node.

    Raises:
        SceneGraphError: neither region nor object, or a field has a value that a node cannot have.
    """
    kind = _NODE_TYPES.get(message.type)
    if kind is None:
        raise SceneGraphError(
            f'node {quote(message.id)}: type must be 1 (region) or 2 (object), got {message.type}'
        )
    at = message.pose.position
    position = None if math.isnan(at.x) and math.isnan(at.y) else (at.x, at.y)
    return Node(message.id, kind, position, message.description, read_attributes(message))


def node_to_message(node: Node) -> SceneNode:
    """Write a node."""
    message = SceneNode(
        id=node.name, type=_TYPE_OF_NODE[node.kind], description=node.description, confidence=1.0
    )
    message.pose.position.x, message.pose.position.y = node.position or (math.nan, math.nan)
    write_attributes(message, node.attributes)
    return message


def connection_from_message(message: SceneEdge) -> Connection:
    """Read a connection.

    Raises:
        SceneGraphError: the kind is unknown or has no cost, the cost is not a number, or both ends
            are one node.
    """
    kind = _EDGE_KINDS.get(message.kind)
    if kind is None:
        raise SceneGraphError(
            f'connection {quote(message.source)} - {quote(message.target)}: kind must be '
            f'1 (traversable), 2 (observed from), 3 (in), 4 (on) or 5 (held), got {message.kind}'
        )
    cost_m = None if message.cost < 0 else message.cost
    return Connection(kind, message.source, message.target, cost_m)


def connection_to_message(connection: Connection) -> SceneEdge:
    """Write a connection."""
    return SceneEdge(
        source=connection.source,
        target=connection.target,
        kind=_KIND_OF_EDGE[connection.kind],
        cost=_EUCLIDEAN if connection.cost_m is None else float(connection.cost_m),
    )


def scene_graph_from_message(message: SceneGraphMessage) -> SceneGraph:
    """Read a scene graph.

    Raises:
        SceneGraphError: with one problem for each node or edge that core refuses.
    """
    _check_frame(message.header.frame_id)
    problems: list[str] = []
    nodes = _convert(message.nodes, node_from_message, problems)
    connections = _convert(message.edges, connection_from_message, problems)
    seen = Counter(connection.key for connection in connections)
    problems += [
        f'connection {quote(a)} - {quote(b)} comes twice' for (a, b), n in seen.items() if n > 1
    ]
    if problems:
        raise SceneGraphError(problems)
    return SceneGraph(
        nodes,
        connections,
        robot_location=message.robot_location or None,
        revision=message.revision,
        attributes={'map_id': message.map_id} if message.map_id else {},
    )


def scene_graph_to_message(graph: SceneGraph) -> SceneGraphMessage:
    """Write a scene graph; the stamp is the caller's to set.

    Of the attributes of the whole graph only `map_id` travels.
    """
    message = SceneGraphMessage(
        map_id=str(graph.attributes.get('map_id', '')),
        revision=graph.revision,
        robot_location=graph.robot_location or '',
        nodes=[node_to_message(node) for node in graph.nodes.values()],
        edges=[connection_to_message(connection) for connection in graph.connections.values()],
    )
    message.header.frame_id = FRAME
    return message


def update_from_message(message: SceneGraphUpdate) -> GraphUpdate:
    """Read an update.

    Raises:
        SceneGraphError: with one problem for each item that core refuses.
    """
    _check_frame(message.header.frame_id)
    problems = [
        f'{field} holds {len(getattr(message, field))} items, at most {limit} are allowed; send it '
        'in parts'
        for field, limit in UPDATE_LIMITS.items()
        if len(getattr(message, field)) > limit
    ]
    if problems:
        raise SceneGraphError(problems)
    update = GraphUpdate(
        upsert_nodes=_convert(message.upsert_nodes, node_from_message, problems),
        upsert_connections=_convert(message.upsert_edges, connection_from_message, problems),
        set_attributes=_attributes_from_messages(message.set_attributes, problems),
        remove_nodes=tuple(message.remove_nodes),
        remove_connections=_convert(message.remove_edges, connection_from_message, problems),
        robot_location=message.robot_location or None,
        map_id=message.map_id,
        source=message.source,
        base_revision=message.base_revision,
        revision=message.revision,
    )
    if problems:
        raise SceneGraphError(problems)
    return update


def update_to_message(update: GraphUpdate) -> SceneGraphUpdate:
    """Write an update; the stamp is the caller's to set."""
    message = SceneGraphUpdate(
        map_id=update.map_id,
        base_revision=update.base_revision,
        revision=update.revision,
        upsert_nodes=[node_to_message(node) for node in update.upsert_nodes],
        upsert_edges=[connection_to_message(c) for c in update.upsert_connections],
        set_attributes=[changes_to_message(*item) for item in update.set_attributes.items()],
        remove_nodes=list(update.remove_nodes),
        remove_edges=[connection_to_message(c) for c in update.remove_connections],
        robot_location=update.robot_location or '',
        source=update.source,
    )
    message.header.frame_id = FRAME
    return message


def check_table(table: ActionTable) -> None:
    """See that each action of a table can travel as a step.

    Raises:
        ConfigError: an action has a name that is too long, or too many nodes.
    """
    for spec in table.values():
        nodes = sum(argument.kind.is_node for argument in spec.arguments)
        if len(spec.name) > MAX_ACTION_CHARS or nodes > MAX_TARGETS:
            raise ConfigError(
                f'action {spec.signature} does not fit a PlanStep: expected a name of at most '
                f'{MAX_ACTION_CHARS} characters and at most {MAX_TARGETS} nodes'
            )


def step_from_message(message: PlanStep, table: ActionTable) -> Action:
    """Read a step by the action table; an unknown action keeps its name, for the validator.

    Raises:
        PrismError: it names more or fewer nodes than the action has arguments for, or a field is
            set that the action has none for.
    """
    spec = table.get(message.action)
    if spec is None:
        return Action(message.action)
    kinds = [argument.kind for argument in spec.arguments]
    named = sum(kind.is_node for kind in kinds)
    if len(message.targets) != named:
        raise PrismError(
            f"step {spec.signature}: field 'targets' must hold {named} names, got "
            f'{str(list(message.targets))[:80]}'
        )
    targets = iter(message.targets)
    values = {
        ArgumentKind.X_M: message.point.x,
        ArgumentKind.Y_M: message.point.y,
        ArgumentKind.RADIUS_M: message.radius,
        ArgumentKind.TEXT: message.text,
    }
    action = Action(
        spec.name, tuple(next(targets) if kind.is_node else values[kind] for kind in kinds)
    )
    used = step_to_message(action, table)
    for field in ('point', 'has_point', 'radius', 'text'):
        if getattr(message, field) != getattr(used, field):
            raise PrismError(
                f"step {spec.signature}: field '{field}' cannot be "
                f'{str(getattr(message, field))[:80]!r}'
            )
    return action


def step_to_message(action: Action, table: ActionTable) -> PlanStep:
    """Write a valid action as a step that waits to be carried out."""
    message = PlanStep(action=action.name, targets=table.nodes_of(action))
    for argument, value in zip(table[action.name].arguments, action.arguments):
        if argument.kind is ArgumentKind.X_M:
            message.point.x, message.has_point = float(value), True
        elif argument.kind is ArgumentKind.Y_M:
            message.point.y, message.has_point = float(value), True
        elif argument.kind is ArgumentKind.RADIUS_M:
            message.radius = float(value)
        elif argument.kind is ArgumentKind.TEXT:
            message.text = wire_text(str(value))
    return message


def plan_from_message(message: PlanMessage, table: ActionTable) -> Plan:
    """Read what a plan says, without its envelope.

    Raises:
        PrismError: too many steps, or one has a field that its action has no argument for.
    """
    if len(message.steps) > MAX_STEPS:
        raise PrismError(
            f'the plan has {len(message.steps)} steps; at most {MAX_STEPS} are allowed'
        )
    return Plan(
        actions=tuple(step_from_message(step, table) for step in message.steps),
        primary_goal=message.primary_goal,
        relevant_graph=tuple(message.relevant_nodes),
        reasoning=message.reasoning,
        notes=tuple(message.warnings),
    )


def plan_to_message(plan: Plan, table: ActionTable) -> PlanMessage:
    """Write what a valid plan says; the envelope is the caller's to fill."""
    message = PlanMessage(
        primary_goal=wire_text(plan.primary_goal),
        relevant_nodes=[wire_text(name)[:MAX_NAME_CHARS] for name in plan.relevant_graph],
        reasoning=wire_text(plan.reasoning),
        steps=[step_to_message(action, table) for action in plan.actions],
        warnings=[wire_text(note) for note in plan.notes],
    )
    message.header.frame_id = FRAME
    return message


def _convert(
    messages: Iterable[_T], convert: Callable[[_T], _U], problems: list[str]
) -> tuple[_U, ...]:
    converted = []
    for message in messages:
        try:
            converted.append(convert(message))
        except SceneGraphError as error:
            problems.extend(error.problems)
    return tuple(converted)


def _attributes_from_messages(
    messages: Iterable[NodeAttributes], problems: list[str]
) -> dict[str, dict[str, Any]]:
    attributes: dict[str, dict[str, Any]] = {}
    for name, changes in _convert(messages, changes_from_message, problems):
        if name in attributes:
            problems.append(f'node {quote(name)} comes twice in set_attributes')
        attributes[name] = changes
    return attributes


def wire_text(text: str) -> str:
    """A planner's text without what no ROS string can hold: NUL and halves of surrogate pairs."""
    return text.replace('\0', '').encode('utf-8', 'replace').decode('utf-8')


def _check_frame(frame: str) -> None:
    if frame not in ('', FRAME):
        raise SceneGraphError(f"expected coordinates in frame '{FRAME}', got {quote(frame)}")
