# SPDX-License-Identifier: Apache-2.0
"""A planner's plan as its user gets it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from prism_core.episode.episode import Turn
from prism_core.graph.elements import quote
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable, Role
from prism_core.plan.gaps import describe_gap
from prism_core.plan.plan import Plan
from prism_core.plan.steps import render_steps
from prism_core.plan.validation import location_after


def finish_plan(
    plan: Plan, known_graph: SceneGraph, history: Sequence[Turn], table: ActionTable
) -> Plan:
    """The plan without drives to where the robot stands, unless it has no other step; with notes on
    what a user should know of the rest: a step that failed before, both sides of a gap that it
    tries to bridge.

    Args:
        plan: valid or not.
        known_graph: that it was made for.
        history: the turns of this mission, oldest first.
        table: the actions of the robot.
    """
    steps = tuple(_steps_that_move_on(plan.actions, known_graph, table)) or plan.actions
    notes = (*plan.notes, *_failed(steps, history), *_gaps(steps, known_graph, table))
    return replace(plan, actions=steps, notes=tuple(dict.fromkeys(notes)))


def _steps_that_move_on(
    actions: Sequence[Action], graph: SceneGraph, table: ActionTable
) -> Iterator[Action]:
    here = graph.robot_location
    for action in actions:
        spec = table.get(action.name)
        if spec is not None and spec.role is Role.DRIVE and action.arguments == (here,):
            continue
        yield action
        if spec is not None and all(name in graph.nodes for name in table.nodes_of(action)):
            here = location_after(action, spec, graph, here)


def _failed(actions: Sequence[Action], history: Sequence[Turn]) -> Iterator[str]:
    """Of each step that failed when it was tried last, why."""
    last = {
        action: observation
        for turn in history
        for action, observation in zip(turn.plan.actions, turn.observations)
    }
    for action in actions:
        observation = last.get(action)
        if observation is not None and observation.status != 'done':
            why = f': {quote(observation.feedback)}' if observation.feedback else ''
            yield f'{render_steps([action])} failed before{why}; it is tried again.'


def _gaps(actions: Sequence[Action], graph: SceneGraph, table: ActionTable) -> Iterator[str]:
    here, bridge = graph.robot_location, table.of_role(Role.BRIDGE)
    if here is None or bridge is None:
        return
    goals = [action.arguments for action in actions if action.name == bridge.name]
    for name, region in graph.regions.items() if goals else ():
        if region.position in goals and not graph.is_reachable(here, name):
            yield f"'{name}' cannot be reached from '{here}': {describe_gap(graph, here, name)}"
