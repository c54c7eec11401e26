# SPDX-License-Identifier: Apache-2.0
"""What is left to be seen of a region, and how to look.

Regions carry what was looked at as attributes, which the robot sets when it looks: `mapped` (all
that the region shows is known) and `ways_m` (the lengths of all ways that lead away from it, in
metres, rounded up; those that no known connection accounts for lead to unknown regions).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.episode.episode import Turn
from prism_core.episode.mission_state import MissionState, survey_mission
from prism_core.episode.observation import Observation
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

MAPPED, WAYS_M = 'mapped', 'ways_m'
_RADIUS_STEP_M = 5.0


def survey(known_graph: SceneGraph, history: Sequence[Turn]) -> MissionState:
    """Where a mission of the mapping domain stands."""
    return survey_mission(known_graph, history, MAPPING_ACTIONS, look_around)


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


def shows_nothing_new(action: Action, observation: Observation, known_graph: SceneGraph) -> bool:
    """Whether a look found nothing that was not known before it: no object, no connection, no way
    on. That a region is mapped now, and how long its ways are, is no news then.
    """
    update = observation.update
    if observation.status != 'done' or observation.feedback or update.changes_nodes_or_connections:
        return False
    if not update.set_attributes:
        return True
    region = str(action.arguments[0]) if action.arguments else ''
    marks = update.set_attributes.get(region, {})
    if action.name != 'map_region' or len(update.set_attributes) > 1 or not marks:
        return False
    if not marks.keys() <= {MAPPED, WAYS_M}:
        return False
    return not unexplored_m(known_graph.apply(replace(update, base_revision=0)), region)


def exploration_radius_m(ways_on_m: Sequence[float]) -> float:
    """The smallest round radius above zero that takes in all ways on."""
    return max(1, math.ceil(max(ways_on_m) / _RADIUS_STEP_M)) * _RADIUS_STEP_M
