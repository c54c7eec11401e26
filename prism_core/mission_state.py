"""Where a mission stands: what is left to look at, and what was tried in vain.

Computed from the known graph and the history, so that no planner has to remember or to measure.
Regions carry what was looked at as attributes, which the robot sets when it looks: `mapped` (all
that the region shows is known) and `ways_m` (the lengths of all ways that lead away from it, in
metres, rounded up; those that no known connection accounts for lead to unknown regions).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prism_core.actions import Action
from prism_core.episode import Turn
from prism_core.scene_graph import SceneGraph

MAPPED, WAYS_M = 'mapped', 'ways_m'
MAX_TURNS = 128
MAX_TRIES = 3
_RADIUS_STEP_M = 5.0
# How many arguments an action has that is remembered by them; one that lacks some was refused.
_ARGUMENTS = {'goto': 1, 'map_region': 1, 'explore_region': 2, 'extend_map': 2, 'inspect': 2}


@dataclass(frozen=True)
class Frontier:
    """A region that something is left to be seen from, how to look, and how far it is in metres."""

    region: str
    action: Action
    distance_m: float


@dataclass(frozen=True)
class MissionState:
    """Where the robot is; what is left to look at, nearest first; what was done in this mission.

    `done` are the actions that were carried out, `failures` counts those that failed without any
    news.
    """

    here: str
    frontiers: tuple[Frontier, ...]
    unreachable: frozenset[str]
    done: frozenset[Action]
    failures: Mapping[Action, int]
    turns_left: int

    @property
    def tried(self) -> frozenset[Action]:
        """What was carried out or failed."""
        return self.done | self.failures.keys()

    def done_on(self, action: str) -> set[str]:
        """The nodes on which an action was carried out, whatever its other arguments."""
        return {str(a.arguments[0]) for a in self.done if a.name == action}

    def is_blocked(self, action: Action) -> bool:
        """Whether an action failed so often that it is not worth another try."""
        return self.failures.get(action, 0) >= MAX_TRIES


def survey_mission(known_graph: SceneGraph, history: Sequence[Turn]) -> MissionState:
    """Sum up a mission; the robot's location must be known."""
    here = known_graph.robot_location
    if here is None:
        raise ValueError('the robot location is unknown')
    done, failures = count_actions(history)
    distances = known_graph.distances_m(here)
    order = {name: index for index, name in enumerate(known_graph.regions)}
    frontiers = []
    for region in sorted(distances, key=lambda name: (distances[name], order[name])):
        action = look_around(known_graph, region)
        if action is not None and action not in done and failures[action] < MAX_TRIES:
            frontiers.append(Frontier(region, action, distances[region]))
    return MissionState(
        here=here,
        frontiers=tuple(frontiers),
        unreachable=frozenset(order.keys() - distances.keys()),
        done=done,
        failures=failures,
        turns_left=MAX_TURNS - len(history),
    )


def count_actions(history: Sequence[Turn]) -> tuple[frozenset[Action], Counter[Action]]:
    """The actions that were carried out, and how often each one failed without any news: where a
    way turned out to be blocked, another try goes another way. An action that lacked an argument
    counts nothing.
    """
    done, failures = set(), Counter[Action]()
    for turn in history:
        for action, observation in zip(turn.plan.actions, turn.observations):
            if len(action.arguments) != _ARGUMENTS.get(action.name, len(action.arguments)):
                continue
            if observation.status == 'done':
                done.add(action)
            elif not observation.is_news:
                failures[action] += 1
    return frozenset(done), failures


def feedback_of(history: Sequence[Turn]) -> dict[Action, str]:
    """What was said, '' for nothing, when each action was carried out last."""
    return {
        action: observation.feedback
        for turn in history
        for action, observation in zip(turn.plan.actions, turn.observations)
        if observation.status == 'done'
    }


def look_around(known_graph: SceneGraph, region: str) -> Action | None:
    """The action by which a region shows what it has not shown yet; None when there is nothing."""
    attributes = known_graph.nodes[region].attributes
    if not attributes.get(MAPPED):
        return Action('map_region', (region,))
    ways_on_m = unexplored_m(known_graph, region)
    if ways_on_m:
        return Action('explore_region', (region, exploration_radius_m(ways_on_m)))
    return None


def unexplored_m(known_graph: SceneGraph, region: str) -> list[int]:
    """The lengths of the ways from a mapped region that no known connection accounts for."""
    lengths_m = list(known_graph.nodes[region].attributes.get(WAYS_M, ()))
    known_m = known_graph.way_lengths_m(region)
    if lengths_m == known_m:
        return []
    for length_m in known_m:
        if length_m in lengths_m:
            lengths_m.remove(length_m)
    return lengths_m


def exploration_radius_m(ways_on_m: Sequence[float]) -> float:
    """The smallest round radius above zero that takes in all ways on."""
    return max(1, math.ceil(max(ways_on_m) / _RADIUS_STEP_M)) * _RADIUS_STEP_M
