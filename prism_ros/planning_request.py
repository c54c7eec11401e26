# SPDX-License-Identifier: Apache-2.0
"""What a planning request asks for, checked: the goal of the service and of the action alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from prism_core import MAX_TURNS, ActionTable, PrismError, SceneGraph, Turn, parse_scene_graph
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import PlanErrorCode
from prism_ros.errors import Refusal
from prism_ros.turn_conversions import (
    MAX_FEEDBACK_CHARS,
    MAX_REQUEST_CHARS,
    turn_from_message,
)

# The bounds of prism_msgs/GetPlan and PlanMission, which no middleware enforces.
MAX_TASK_CHARS = 4096
MAX_PLANNER_CHARS = 160
MAX_JSON_CHARS = 1_048_576
MAX_OBSERVATIONS = 128


@dataclass(frozen=True)
class PlanningRequest:
    """A request that can be worked on. `timeout_s` is the time from now to the reply; `adapter` is
    the one that planners which have any shall plan with, '' for their first. `last_plan` is that of
    the last turn as it was told; None for a new mission.
    """

    task: str
    start_location: str
    planners: tuple[str, ...]
    timeout_s: float
    min_graph_revision: int
    history: tuple[Turn, ...]
    scene_graph_json: str
    adapter: str = ''
    last_plan: PlanMessage | None = field(default=None, compare=False, repr=False)

    def choose_graph(self, current: SceneGraph | None, max_nodes: int) -> SceneGraph:
        """The graph to plan on: the request's own or the current one, with the robot where it is.

        Raises:
            Refusal: there is no graph, it is too large, or the robot's location is not in it.
            SceneGraphError: the request's own graph is none.
        """
        graph = current
        if self.scene_graph_json:
            graph = parse_scene_graph(self.scene_graph_json)
            if len(graph.nodes) > max_nodes:
                raise Refusal(
                    PlanErrorCode.GRAPH_TOO_LARGE,
                    f'scene_graph_json has {len(graph.nodes)} nodes; graph.max_nodes allows '
                    f'{max_nodes}',
                )
        if graph is None:
            raise no_graph()
        if self.start_location:
            try:
                graph = graph.at(self.start_location)
            except PrismError as error:
                raise Refusal(PlanErrorCode.UNKNOWN_LOCATION, f'start_location: {error}') from error
        if graph.robot_location is None:
            raise Refusal(
                PlanErrorCode.UNKNOWN_LOCATION,
                'the scene graph does not say where the robot is; name a start_location',
            )
        return graph


def no_graph() -> Refusal:
    """The refusal of whoever needs a graph before one has come."""
    return Refusal(
        PlanErrorCode.NO_SCENE_GRAPH,
        'no scene graph has come on topic scene_graph; is prism_scene_graph active?',
    )


def read_planning_request(
    message: Any,
    *,
    planners: Sequence[str],
    default_timeout_s: float,
    max_timeout_s: float,
    table: ActionTable,
    find_graph: Callable[[PlanMessage], SceneGraph | None] = lambda plan: None,
) -> PlanningRequest:
    """Check and read a GetPlan request or a PlanMission goal; `find_graph` tells what a plan of its
    history was made on.

    Raises:
        Refusal: INVALID_REQUEST or UNKNOWN_PLANNER, with what was expected and what came.
    """
    _check_length('task', message.task, MAX_TASK_CHARS)
    if not message.task.strip():
        raise _invalid("task is empty; say what the robot should do, such as 'inspect the truck'")
    if '\0' in message.task:
        raise _invalid('task holds a NUL character')
    _check_length('planner', message.planner, MAX_PLANNER_CHARS)
    planner, adapter = message.planner, ''
    if planner not in planners:
        planner, _, adapter = planner.partition(':')
    if planner and planner not in planners:
        raise Refusal(
            PlanErrorCode.UNKNOWN_PLANNER,
            f"unknown planner '{planner[:80]}'; configured are {', '.join(planners)}",
        )
    timeout_s = message.timeout_s or default_timeout_s
    if not (math.isfinite(timeout_s) and timeout_s > 0):
        raise _invalid(f'timeout_s must be a positive number of seconds, got {timeout_s}')
    scene_graph_json = getattr(message, 'scene_graph_json', '')
    _check_length('scene_graph_json', scene_graph_json, MAX_JSON_CHARS)
    return PlanningRequest(
        task=message.task,
        start_location=message.start_location,
        planners=(planner,) if planner else tuple(planners),
        timeout_s=min(timeout_s, max_timeout_s),
        min_graph_revision=message.min_graph_revision,
        history=_read_history(message.history, table, find_graph),
        scene_graph_json=scene_graph_json,
        adapter=adapter,
        last_plan=message.history[-1].plan if message.history else None,
    )


def _read_history(
    messages: Sequence[Any],
    table: ActionTable,
    find_graph: Callable[[PlanMessage], SceneGraph | None],
) -> tuple[Turn, ...]:
    if len(messages) > MAX_TURNS:
        raise _invalid(f'history holds {len(messages)} turns; at most {MAX_TURNS} are allowed')
    turns: list[Turn] = []
    for index, message in enumerate(messages):
        if len(message.observations) > MAX_OBSERVATIONS:
            raise _invalid(
                f'history[{index}] holds {len(message.observations)} observations; at most '
                f'{MAX_OBSERVATIONS} are allowed'
            )
        for at, observation in enumerate(message.observations):
            name = f'history[{index}].observations[{at}].feedback'
            _check_length(name, observation.feedback, MAX_FEEDBACK_CHARS)
        _check_request(index, message.request, turns[-1].request if turns else None)
        try:
            turns.append(turn_from_message(message, table, find_graph(message.plan)))
        except PrismError as error:
            raise _invalid(f'history[{index}]: {error}') from error
    return tuple(turns)


def _check_request(index: int, request: str, before: str | None) -> None:
    """Raises: Refusal: what a turn was planned for cannot have been said where it stands."""
    name = f'history[{index}].request'
    _check_length(name, request, MAX_REQUEST_CHARS)
    if '\0' in request:
        raise _invalid(f'{name} holds a NUL character')
    if request and before == '':
        raise _invalid(
            f"{name}: expected '' as in the turn before it, which was planned for task, got "
            f'{request[:80]!r}; put the turns of earlier requests first'
        )


def _check_length(name: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise _invalid(f'{name} has {len(text)} characters; at most {limit} are allowed')


def _invalid(sentence: str) -> Refusal:
    return Refusal(PlanErrorCode.INVALID_REQUEST, sentence)
