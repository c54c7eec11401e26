# SPDX-License-Identifier: Apache-2.0
"""Is a plan one that the robot can carry out on the graph it knows?

The same check judges plans of teachers, students and users. It closes the holes of SPINE's: numbers
that are not finite, arguments too many or too few, empty texts and plans, steps behind the end of
the mission. Knows nothing of what is right for a task, nor of what a site forbids.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from prism_core.graph.elements import MAX_COORDINATE_M, quote
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionSpec, ActionTable, Argument, ArgumentKind, Role
from prism_core.plan.gaps import describe_gap
from prism_core.plan.plan import Plan
from prism_core.plan.steps import render_steps

MAX_STEPS = 128  # the bound of prism_msgs/Plan
MAX_TEXT_CHARS = 1024  # the bound of prism_msgs/PlanStep
MAX_RADIUS_M = 1_000.0


class ProblemKind(Enum):
    """Why a plan is refused."""

    SHAPE = 'shape'
    """The plan is empty, too long, or goes on behind the end of the mission."""

    ACTION = 'action'
    """There is no such action, or its arguments are wrong."""

    UNKNOWN_NODE = 'unknown_node'
    """A node is not in the known graph."""
    UNREACHABLE = 'unreachable'
    """No known connections lead to a node."""
    FORBIDDEN = 'forbidden'
    """The request says not to, see `Domain.find_breaches`."""


@dataclass(frozen=True)
class Problem:
    """One reason to refuse a plan; `step` counts from 0, None for the whole plan."""

    kind: ProblemKind
    step: int | None
    sentence: str


@dataclass(frozen=True)
class ValidationReport:
    """What the validator found; a plan without problems is valid."""

    problems: tuple[Problem, ...] = ()

    @property
    def is_valid(self) -> bool:
        """Whether the plan may be carried out."""
        return not self.problems

    @property
    def feedback(self) -> str:
        """The problems as a planner gets them: one sentence each, with the step they are in."""
        return ' '.join(
            p.sentence if p.step is None else f'Step {p.step + 1}: {p.sentence}'
            for p in self.problems
        )


def validate_plan(plan: Plan, known_graph: SceneGraph, table: ActionTable) -> ValidationReport:
    """Check every step of a plan, each from where the steps before it leave the robot."""
    if not plan.actions:
        return _refusal('The plan is empty; expected at least one step.')
    if len(plan.actions) > MAX_STEPS:
        return _refusal(f'The plan has {len(plan.actions)} steps; at most {MAX_STEPS} are allowed.')
    problems: list[Problem] = []
    location = known_graph.robot_location
    ended_by: str | None = None
    for index, action in enumerate(plan.actions):
        if ended_by is not None:
            sentence = f'{ended_by} ends the mission; no step may follow it.'
            problems.append(Problem(ProblemKind.SHAPE, index, sentence))
            break
        spec = table.get(action.name)
        if spec is None:
            sentence = (
                f"There is no action '{action.name[:80]}'; the actions are {', '.join(table)}."
            )
            problems.append(Problem(ProblemKind.ACTION, index, sentence))
            continue
        found = _check_arguments(action, spec, known_graph, location, table)
        problems.extend(Problem(kind, index, sentence) for kind, sentence in found)
        if not found:
            location = location_after(action, spec, known_graph, location)
        if spec.ends_mission:
            ended_by = spec.name
    return ValidationReport(tuple(problems))


def _refusal(sentence: str) -> ValidationReport:
    return ValidationReport((Problem(ProblemKind.SHAPE, None, sentence),))


def _check_arguments(
    action: Action,
    spec: ActionSpec,
    graph: SceneGraph,
    location: str | None,
    table: ActionTable,
) -> list[tuple[ProblemKind, str]]:
    if len(action.arguments) != len(spec.arguments):
        sentence = (
            f'{spec.signature}: expected {len(spec.arguments)} argument(s), '
            f'got {len(action.arguments)}.'
        )
        return [(ProblemKind.ACTION, sentence)]
    found = []
    for argument, value in zip(spec.arguments, action.arguments):
        if argument.kind.is_node:
            problem = _check_node(value, argument.kind, spec, graph, location, table)
        elif argument.kind is ArgumentKind.TEXT:
            problem = _check_text(value, argument.name, spec)
        else:
            problem = _check_number(value, argument.name, argument.kind, spec)
        if problem is not None:
            found.append(problem)
    return found


def _check_node(
    value: Argument,
    kind: ArgumentKind,
    spec: ActionSpec,
    graph: SceneGraph,
    location: str | None,
    table: ActionTable,
) -> tuple[ProblemKind, str] | None:
    node = graph.nodes.get(value) if isinstance(value, str) else None
    if node is None:
        stand_in = table.of_role(Role.STAND_IN)
        hint = (
            f'; use {stand_in.signature} as stand-in for what is not found yet' if stand_in else ''
        )
        return ProblemKind.UNKNOWN_NODE, f'The scene graph does not contain {quote(value)}{hint}.'
    if not kind.takes(node.kind):
        others = ', '.join(table.taking(node.kind))
        hint = f'; {_a(node.kind)} is for {others}' if others else ''
        return ProblemKind.ACTION, (
            f"{spec.name} expects {_a(kind.value)}, '{node.name}' is {_a(node.kind)}{hint}."
        )
    if location is None:
        return ProblemKind.UNREACHABLE, (
            f"Where the robot is is unknown, so no way to '{node.name}' can be planned."
        )
    goals = graph.viewpoints.get(node.name, (node.name,))
    if not goals:
        return ProblemKind.UNREACHABLE, (
            f"'{node.name}' is connected to no region it is seen from."
        )
    if any(graph.is_reachable(location, goal) for goal in goals):
        return None
    gap, way_out = (
        describe_gap(graph, location, goals[0]),
        _way_out(graph, location, goals[0], table),
    )
    return ProblemKind.UNREACHABLE, (
        f"'{node.name}' cannot be reached from '{location}': {gap}{way_out}"
    )


def _way_out(graph: SceneGraph, start: str, end: str, table: ActionTable) -> str:
    """What to try where no known way leads, as a sentence; '' where nothing is known to try."""
    drive, bridge = table.of_role(Role.DRIVE), table.of_role(Role.BRIDGE)
    pair = graph.closest_pair(start, end)
    position = graph.nodes[pair[1]].position if pair else None
    if pair is None or position is None or drive is None or bridge is None:
        return ''
    steps = [Action(drive.name, (pair[0],)), Action(bridge.name, position)]
    return f' Try {render_steps(steps)}.'


def _check_text(value: Argument, name: str, spec: ActionSpec) -> tuple[ProblemKind, str] | None:
    if not isinstance(value, str) or not value.strip():
        return ProblemKind.ACTION, f'{spec.signature} needs a {name} that is not empty.'
    if len(value) > MAX_TEXT_CHARS:
        return ProblemKind.ACTION, (
            f'{spec.signature}: the {name} has {len(value)} characters; '
            f'at most {MAX_TEXT_CHARS} are allowed.'
        )
    return None


def _check_number(
    value: Argument, name: str, kind: ArgumentKind, spec: ActionSpec
) -> tuple[ProblemKind, str] | None:
    if kind is ArgumentKind.RADIUS_M:
        low, high, wanted = 0.0, MAX_RADIUS_M, f'more than 0 and at most {MAX_RADIUS_M:g}'
    else:
        low, high = -MAX_COORDINATE_M, MAX_COORDINATE_M
        wanted = f'between {low:g} and {high:g}'
    is_wide_enough = value != 0 or kind is not ArgumentKind.RADIUS_M
    if isinstance(value, (int, float)) and low <= value <= high and is_wide_enough:
        return None
    return ProblemKind.ACTION, (
        f'{spec.signature}: {name} must be a number of metres {wanted}, got {quote(value)}.'
    )


def location_after(
    action: Action, spec: ActionSpec, graph: SceneGraph, location: str | None
) -> str | None:
    """A region that an action on known nodes leaves the robot in, as far as the known graph
    tells.
    """
    for argument, value in zip(spec.arguments, action.arguments):
        if not argument.kind.is_node:
            continue
        viewpoints = graph.viewpoints.get(str(value))
        if viewpoints is None:
            location = str(value)
        elif location is not None and location not in viewpoints:
            reachable = (region for region in viewpoints if graph.is_reachable(location, region))
            location = next(reachable, location)
    return location


def _a(noun: str) -> str:
    return f'an {noun}' if noun[0] in 'aeiou' else f'a {noun}'
