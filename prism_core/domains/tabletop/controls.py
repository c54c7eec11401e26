# SPDX-License-Identifier: Apache-2.0
"""Planners that deserve no success: what they do rests on nothing that is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from prism_core.domains.tabletop.actions import SAYINGS
from prism_core.domains.tabletop.affordances import possible_moves
from prism_core.domains.tabletop.state import read_table
from prism_core.episode.episode import Turn
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan

CONTROLS = ('random_action', 'always_done', 'always_ask', 'first_object', 'pick_then_done')
"""The names of the junk planners."""
_LONGEST = 8

_Act = Callable[[str, SceneGraph, Sequence[Turn]], Action]


@dataclass(frozen=True)
class Control:
    """A planner that takes one action at a time, by a rule that no judge should reward."""

    name: str
    act: _Act

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """A plan of one action."""
        return Plan((self.act(request, known_graph, history),))

    def close(self) -> None:
        """Nothing to free."""


def make_control(name: str) -> Control:
    """A junk planner by its name."""
    return Control(name, _ACTS[name])


def _ask(*_: object) -> Action:
    return Action('ask', (SAYINGS['what'],))


def _random(request: str, graph: SceneGraph, history: Sequence[Turn]) -> Action:
    """Any action that is possible."""
    rng = Random(f'{request} {len(history)} {read_table(graph).supports}')  # noqa: S311 - no secret
    return rng.choice([*possible_moves(graph), Action('done'), _ask()])


def _first_object(request: str, graph: SceneGraph, history: Sequence[Turn]) -> Action:
    """Puts the first free block at the first place, and is done."""
    moves = possible_moves(graph)
    held = read_table(graph).held
    if not moves or (len(history) >= 2 and not held) or len(history) > _LONGEST:
        return Action('done')
    return moves[0]


def _pick_then_done(request: str, graph: SceneGraph, history: Sequence[Turn]) -> Action:
    moves = possible_moves(graph)
    return moves[0] if moves and not history else Action('done')


_ACTS: Mapping[str, _Act] = {
    'random_action': _random,
    'always_done': lambda *_: Action('done'),
    'always_ask': _ask,
    'first_object': _first_object,
    'pick_then_done': _pick_then_done,
}
