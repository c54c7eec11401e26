# SPDX-License-Identifier: Apache-2.0
"""What a mission may take and what it keeps to, why it can end, and how far a step is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from prism_core.episode.closed_loop import FindBreaches, no_breaches
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable, ArgumentKind

Phase = Literal['planning', 'approving', 'acting', 'ended']
MissionEnding = Literal[
    'reported',
    'asked',
    'planned',
    'turn_limit',
    'replan_limit',
    'distance_limit',
    'time_limit',
    'stuck',
    'plan_stale',
    'repeated_failure',
    'planner_error',
    'approval_denied',
    'skill_unavailable',
    'skill_failed',
    'canceled',
]
"""Why a mission ended. `planned`: it was a dry run. `repeated_failure`: a step was planned again
that failed twice for the same reason, after the planner was told so."""

Note = Callable[[str, dict[str, Any]], None]
"""Takes what a mission is told, for its log: what it is, and the facts."""


@dataclass(frozen=True)
class Budget:
    """What a mission may take: plans, plans after a step that was not done, metres, seconds.

    A step is not begun if the shortest known way to it would lead beyond `max_distance_m`; a way
    that turns out to be blocked can make it longer.
    """

    max_turns: int = 64
    max_replans: int = 10
    max_distance_m: float = float('inf')
    max_time_s: float = float('inf')


@dataclass(frozen=True)
class Rules:
    """What else a mission keeps to.

    Attributes:
        approval_actions: names of actions that need approval.
        approve_all: every action that a skill carries out needs it.
        is_dry: it ends when there is a plan.
        find_breaches: what is refused beyond what the validator refuses, see `Domain`.
    """

    approval_actions: frozenset[str] = frozenset()
    approve_all: bool = False
    is_dry: bool = False
    find_breaches: FindBreaches = field(default=no_breaches)


def note_nothing(what: str, facts: dict[str, Any]) -> None:
    """Keeps no log."""


def known_way_m(action: Action, graph: SceneGraph, table: ActionTable) -> float:
    """The shortest known way from the robot to where an action is done, in metres; 0 where it is
    done here or nothing is known; to a coordinate the straight line.
    """
    here = graph.robot_location
    if here is None:
        return 0.0
    distances, position = graph.distances_m(here), graph.position_of(here)
    values = {a.kind: v for a, v in zip(table[action.name].arguments, action.arguments)}
    goal = [float(values[k]) for k in (ArgumentKind.X_M, ArgumentKind.Y_M) if k in values]
    ways = [math.dist(position, goal)] if position is not None and len(goal) == 2 else []
    for name in table.nodes_of(action):
        goals = graph.viewpoints.get(name, (name,))
        ways.append(min((distances[goal] for goal in goals if goal in distances), default=0.0))
    return max(ways, default=0.0)
