# SPDX-License-Identifier: Apache-2.0
"""Plans as behaviour trees: XML of BehaviorTree.CPP 4 for Nav2 and whatever else runs such trees.

A plan is a `Sequence` of its steps. A drive to a region of known position is Nav2's NavigateToPose;
any other step is an action node with the name of the action as ID and a port for each argument,
which the robot's own nodes carry out. `parse_behaviour_tree` reads such a tree back.

A port holds its text as it is. What BehaviorTree.CPP would read as something else, `{...}` as an
entry of its blackboard, and what XML cannot hold, is a JSON string in double quotes, and so is a
text that itself begins with one.

Sources: https://www.behaviortree.dev/docs/learn-the-basics/xml_format and, of the goal as nine
numbers and texts with semicolons between them, nav2_behavior_tree/bt_utils.hpp of
https://github.com/ros-navigation/navigation2.
"""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator

from prism_core.errors import PlanParseError, PrismError
from prism_core.graph.elements import quote
from prism_core.graph.poses import pose_in
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionSpec, ActionTable, Argument, ArgumentKind, Role
from prism_core.plan.plan import Plan
from prism_core.plan.steps import parse_steps, render_steps

NAVIGATE = 'NavigateToPose'
FRAME = 'map'
MAX_TREE_CHARS = 1_048_576
_TREE_ID = 'Plan'
_MAX_NAME_CHARS = 200  # of a node, as an editor shows it
_NOT_IN_XML = re.compile('[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')
_POINTER = re.compile(r'\s*\{.*\}\s*', re.DOTALL)
_PORT = re.compile(r'[A-Za-z]\w*', re.ASCII)
_RESERVED = ('name', 'ID')  # attributes of every node


def render_behaviour_tree(
    plan: Plan, table: ActionTable, known_graph: SceneGraph | None = None, *, frame: str = FRAME
) -> str:
    """Write a plan as a behaviour tree.

    A goal of Nav2 looks along the last known way to it, east where none is known.

    Args:
        plan: a valid plan; its steps follow each other, and the first that fails ends it.
        table: the actions of the robot.
        known_graph: where regions lie; None makes each drive an action node of its own.
        frame: the frame of the positions.

    Raises:
        PrismError: the plan has no steps, or one that does not fit the table.
    """
    if not plan.actions:
        raise PrismError('expected a plan of at least one step, got an empty one')
    root = ElementTree.Element('root', BTCPP_format='4', main_tree_to_execute=_TREE_ID)
    tree = ElementTree.SubElement(root, 'BehaviorTree', ID=_TREE_ID)
    title = {'name': _write(plan.primary_goal)} if plan.primary_goal else {}
    sequence = ElementTree.SubElement(tree, 'Sequence', title)
    here = None if known_graph is None else known_graph.robot_location
    used: dict[str, ActionSpec] = {}
    for action in plan.actions:
        spec = _spec_of(action, table)
        region = _drives_to(action, spec)
        goal = None
        if region and known_graph is not None and NAVIGATE not in table:
            goal = _goal(region, here, known_graph, frame)
            here = region if region in known_graph.regions else here
        if goal is None:
            used[spec.name] = spec
            ports = zip(_ports(spec), map(_write, action.arguments))
            attributes = {'ID': spec.name, 'name': _title(action), **dict(ports)}
        else:
            attributes = {'ID': NAVIGATE, 'name': _step(action), 'goal': goal}
        ElementTree.SubElement(sequence, 'Action', attributes)
    if used:
        _describe(root, used.values())
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding='unicode') + '\n'


def parse_behaviour_tree(text: str, table: ActionTable) -> Plan:
    """Read a plan from a tree that `render_behaviour_tree` wrote.

    Raises:
        PlanParseError: it is no XML, or none of such a tree, or names an action that is not in the
            table.
    """
    if len(text) > MAX_TREE_CHARS or '<!' in text:
        raise PlanParseError(
            f'expected a tree of at most {MAX_TREE_CHARS} characters, without comments and types'
        )
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - it declares no entities
    except (ElementTree.ParseError, ValueError) as error:
        raise PlanParseError(f'not valid XML: {error}') from None
    if root.get('BTCPP_format') != '4':
        raise PlanParseError(
            f'expected <root BTCPP_format="4">, got {quote(root.get("BTCPP_format"))}'
        )
    sequence = root.find('BehaviorTree/Sequence')
    if sequence is None:
        raise PlanParseError('expected a BehaviorTree that is a Sequence, got another one')
    actions = tuple(_read_action(node, table) for node in sequence)
    return Plan(actions, primary_goal=_read(sequence.get('name', '')))


def _spec_of(action: Action, table: ActionTable) -> ActionSpec:
    spec = table.get(action.name)
    if spec is None or len(spec.arguments) != len(action.arguments):
        expected = ', '.join(table) if spec is None else spec.signature
        raise PrismError(
            f'step {quote(render_steps([action]))}: expected {expected}; validate the plan first'
        )
    return spec


def _drives_to(action: Action, spec: ActionSpec) -> str:
    """The region that a step only drives to; '' for any other step."""
    kinds = [argument.kind for argument in spec.arguments]
    is_drive = spec.role is Role.DRIVE and kinds == [ArgumentKind.REGION]
    return str(action.arguments[0]) if is_drive else ''


def _goal(region: str, here: str | None, graph: SceneGraph, frame: str) -> str | None:
    """A pose in a region as Nav2 reads it; None where its position is not known."""
    if region not in graph.regions:
        return None
    before = None
    if here is not None and here != region and graph.is_reachable(here, region):
        before = graph.route(here, region)[-2]
    pose = pose_in(graph, region, before)
    if pose is None:
        return None
    yaw = pose.yaw_rad
    numbers = (pose.x_m, pose.y_m, pose.z_m, 0.0, 0.0, math.sin(yaw / 2), math.cos(yaw / 2))
    return ';'.join(('0', frame, *map(_number, numbers)))


def _number(value: float) -> str:
    return repr(float(value)).removesuffix('.0')


def _ports(spec: ActionSpec) -> list[str]:
    """The names of the ports of an action, one for each argument and no two alike."""
    names: list[str] = []
    for argument in spec.arguments:
        plain = re.sub(r'\W', '_', argument.name, flags=re.ASCII)
        if plain in _RESERVED or not _PORT.fullmatch(plain):
            plain = f'arg_{plain}'
        name, number = plain, 1
        while name in names:
            number += 1
            name = f'{plain}_{number}'
        names.append(name)
    return names


def _describe(root: ElementTree.Element, specs: Iterable[ActionSpec]) -> None:
    """Say which nodes the robot has to bring, with their ports, as editors read it."""
    model = ElementTree.SubElement(root, 'TreeNodesModel')
    for spec in specs:
        node = ElementTree.SubElement(model, 'Action', ID=spec.name)
        for name, argument in zip(_ports(spec), spec.arguments):
            kind = 'double' if argument.kind.is_number else 'std::string'
            ElementTree.SubElement(node, 'input_port', name=name, type=kind)


def _step(action: Action) -> str:
    """A step as text that XML can hold: what it cannot stands within quotes, where JSON has an
    escape for it.
    """
    return _NOT_IN_XML.sub(lambda match: f'\\u{ord(match[0]):04x}', render_steps([action]))


def _title(action: Action) -> str:
    step = _step(action)
    return step if len(step) <= _MAX_NAME_CHARS else step[: _MAX_NAME_CHARS - 3] + '...'


def _write(value: Argument) -> str:
    if not isinstance(value, str):
        return _number(value)
    is_plain = not (value.startswith('"') or _POINTER.fullmatch(value) or _NOT_IN_XML.search(value))
    return value if is_plain else json.dumps(value)


def _read(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        text = json.loads(value, strict=False)
        text.encode()
    except ValueError:
        raise PlanParseError(f'expected a JSON string, got {quote(value)}') from None
    return text


def _read_action(node: ElementTree.Element, table: ActionTable) -> Action:
    name = node.get('ID', '')
    if node.tag != 'Action' or (name not in table and name != NAVIGATE):
        raise PlanParseError(
            f'expected <Action> with ID {", ".join((NAVIGATE, *table))}, got <{node.tag[:40]}> '
            f'with {quote(name)}'
        )
    if name not in table:
        steps = parse_steps(node.get('name', ''), table)
        if len(steps) != 1 or not _is_drive(steps[0], table):
            raise PlanParseError(
                f'{NAVIGATE}: expected its step as name, got {quote(node.get("name"))}'
            )
        return steps[0]
    return Action(name, tuple(_read_ports(node, table[name])))


def _is_drive(action: Action, table: ActionTable) -> bool:
    spec = table.get(action.name)
    return spec is not None and len(action.arguments) == 1 and bool(_drives_to(action, spec))


def _read_ports(node: ElementTree.Element, spec: ActionSpec) -> Iterator[Argument]:
    for port, argument in zip(_ports(spec), spec.arguments):
        value = node.get(port)
        if value is None:
            raise PlanParseError(f'{spec.signature}: expected a port {port}, got none')
        if not argument.kind.is_number:
            yield _read(value)
            continue
        try:
            yield float(value)
        except ValueError:
            raise PlanParseError(
                f'{spec.signature}: expected a number as {port}, got {quote(value)}'
            ) from None
