# SPDX-License-Identifier: Apache-2.0
"""Where a mission stands: what is left to look at, and what was tried in vain.

Computed from the known graph and the history, so that no planner has to remember or to measure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from prism_core.episode.episode import Turn
from prism_core.episode.requests import own_turns
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable

LookAround = Callable[[SceneGraph, str], Action | None]
"""The action by which a region shows what it has not shown yet; None when there is nothing."""

MAX_TURNS = 128
MAX_TRIES = 3
NEAREST_FRONTIERS = 4
"""So many of the nearest frontiers are weighed against each other, and listed in a prompt."""


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
    news; `in_vain` are those that failed since the last news.
    """

    here: str
    frontiers: tuple[Frontier, ...]
    unreachable: frozenset[str]
    done: frozenset[Action]
    failures: Mapping[Action, int]
    turns_left: int
    in_vain: frozenset[Action] = field(default=frozenset())

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


def survey_mission(
    known_graph: SceneGraph,
    history: Sequence[Turn],
    table: ActionTable,
    look_around: LookAround,
) -> MissionState:
    """Sum up what was done for the request that is worked on now; what was done for earlier ones is
    in what is known. The robot's location must be known.
    """
    history = own_turns(history)
    here = known_graph.robot_location
    if here is None:
        raise ValueError('the robot location is unknown')
    done, failures = count_actions(history, table)
    distances = known_graph.distances_m(here)
    order = {name: index for index, name in enumerate(known_graph.regions)}
    frontiers = []
    for region in sorted(distances, key=lambda name: (distances[name], order[name])):
        action = look_around(known_graph, region)
        if action is not None and action not in done and failures[action] < MAX_TRIES:
            frontiers.append(Frontier(region, action, distances[region]))
    frontiers.sort(key=lambda frontier: failures[frontier.action])  # what failed comes last
    return MissionState(
        here=here,
        frontiers=tuple(frontiers),
        unreachable=frozenset(order.keys() - distances.keys()),
        done=done,
        failures=failures,
        turns_left=MAX_TURNS - len(history),
        in_vain=_find_in_vain(history),
    )


def _find_in_vain(history: Sequence[Turn]) -> frozenset[Action]:
    """The actions that failed since the last news."""
    failed: set[Action] = set()
    for turn in history:
        for action, observation in zip(turn.plan.actions, turn.observations):
            if observation.is_news:
                failed.clear()
            elif observation.status != 'done':
                failed.add(action)
    return frozenset(failed)


def count_actions(
    history: Sequence[Turn], table: ActionTable
) -> tuple[frozenset[Action], Counter[Action]]:
    """The actions that were carried out, and how often each one failed without any news: where a
    way turned out to be blocked, another try goes another way. An action that lacked an argument
    counts nothing.
    """
    done, failures = set(), Counter[Action]()
    for turn in history:
        for action, observation in zip(turn.plan.actions, turn.observations):
            spec = table.get(action.name)
            if spec is not None and len(action.arguments) != len(spec.arguments):
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
