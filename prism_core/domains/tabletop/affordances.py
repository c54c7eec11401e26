# SPDX-License-Identifier: Apache-2.0
"""What can be done on a table now, and how likely it is to succeed: what SayCan multiplies with
what a language model says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prism_core.domains.tabletop.actions import SAYINGS, TABLETOP_ACTIONS
from prism_core.domains.tabletop.state import read_table
from prism_core.episode.episode import Turn
from prism_core.episode.mission_state import count_actions
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

DONE = 0.2
"""SayCan's own figure for the end."""
ASK = 0.1
_AFTER_FAILURE = 0.7  # for each time that it was tried in vain


def possible_moves(graph: SceneGraph) -> list[Action]:
    """Every pick or place that the table takes now, in the graph's order."""
    table = read_table(graph)
    if table.held:
        spots = [name for name in graph.nodes if name != table.held and table.carries(name)]
        return [Action('place', (table.held, spot)) for spot in spots]
    free = [name for name in table.movable if name not in table.covers]
    return [Action('pick', (name,)) for name in free] if table.gripper else []


def afford(graph: SceneGraph, history: Sequence[Turn]) -> Mapping[Action, float]:
    """Each next action that is possible, in a fixed order, with how likely it is to succeed; less
    for each time that it failed without news.
    """
    _, failures = count_actions(history, TABLETOP_ACTIONS)
    moves = {action: _AFTER_FAILURE ** failures[action] for action in possible_moves(graph)}
    questions = {Action('ask', (text,)): ASK for text in SAYINGS.values()}
    return {**moves, Action('done'): DONE, **questions}
