# SPDX-License-Identifier: Apache-2.0
"""What can be done in a home now, and how likely it is to succeed: what SayCan multiplies with what
a language model says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from prism_core.domains.household.actions import HOUSEHOLD_ACTIONS, SAYINGS
from prism_core.domains.household.home import Home, read_home
from prism_core.domains.household.simulator import find_obstacle
from prism_core.episode.episode import Turn
from prism_core.episode.mission_state import count_actions
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

DONE = 0.2
"""SayCan's own figure for the end."""
ASK = 0.1
_AFTER_FAILURE = 0.7  # for each time that it was tried in vain


def possible_actions(graph: SceneGraph) -> list[Action]:
    """Every action on what is known that can be carried out now, in the graph's order."""
    home = read_home(graph)
    ways = graph.distances_m(home.here) if home.here else {}
    drives = [Action('Navigation', (n,)) for n in graph.regions if n in ways and n != home.here]
    return [*drives, *(a for a in _list_here(home) if not find_obstacle(a, home))]


def _list_here(home: Home) -> Iterator[Action]:
    """The actions on what is within reach, possible or not."""
    here = [n for n, node in home.nodes.items() if n == home.here or home.place_of(n) == home.here]
    alone = [spec for spec in HOUSEHOLD_ACTIONS.values() if len(spec.arguments) == 1]
    for name in here:
        if home.held:
            yield Action('PutObject', (home.held, name))
        kind = home.nodes[name].kind
        names = (s.name for s in alone if s.role is None and s.arguments[0].kind.takes(kind))
        yield from (Action(each, (name,)) for each in names)


def afford(graph: SceneGraph, history: Sequence[Turn]) -> Mapping[Action, float]:
    """Each next action that is possible, in a fixed order, with how likely it is to succeed; less
    for each time that it failed without news.
    """
    _, failures = count_actions(history, HOUSEHOLD_ACTIONS)
    acts = {action: _AFTER_FAILURE ** failures[action] for action in possible_actions(graph)}
    questions = {Action('ask', (text,)): ASK for text in SAYINGS.values()}
    return {**acts, Action('done'): DONE, **questions}
