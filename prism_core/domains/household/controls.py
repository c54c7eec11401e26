# SPDX-License-Identifier: Apache-2.0
"""Planners that deserve no success: what they do rests on nothing that is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from prism_core.domains.household.actions import SAYINGS
from prism_core.domains.household.affordances import possible_actions
from prism_core.domains.household.home import read_home
from prism_core.domains.household.planning import make_plan
from prism_core.domains.household.skills import Skill
from prism_core.episode.episode import Turn
from prism_core.errors import PlanParseError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan

CONTROLS = ('random_action', 'always_done', 'always_ask', 'first_thing')
"""The names of the junk planners."""

_Decide = Callable[[str, SceneGraph, Sequence[Turn]], Plan]


@dataclass(frozen=True)
class HouseholdControl:
    """A planner by a rule that no judge should reward."""

    name: str
    decide: _Decide

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The next plan."""
        return self.decide(request, known_graph, history)

    def close(self) -> None:
        """Nothing to free."""


def make_control(name: str) -> HouseholdControl:
    """A junk planner by its name."""
    return HouseholdControl(name, _DECIDE[name])


def _ask(*_: object) -> Plan:
    return Plan((Action('ask', (SAYINGS['what'],)),))


def _done(*_: object) -> Plan:
    return Plan((Action('done'),))


def _random(request: str, graph: SceneGraph, history: Sequence[Turn]) -> Plan:
    """Any action that is possible."""
    rng = Random(f'{request} {len(history)} {graph.robot_location}')  # noqa: S311 - no secret
    return Plan((rng.choice([*possible_actions(graph), Action('done')]),))


def _first_thing(request: str, graph: SceneGraph, history: Sequence[Turn]) -> Plan:
    """Brings the first thing to the first furniture that takes it, and is done."""
    home = read_home(graph)
    things = [home.class_of(n) for n in home.holders if home.is_thing(n)]
    places = [home.class_of(n) for n in home.nodes if home.is_furniture(n)]
    for place in dict.fromkeys(places) if things and not history else ():
        skills = (Skill('take', things[0]), Skill('put', place), Skill('done'))
        try:
            return make_plan('', skills, graph)
        except PlanParseError:
            continue
    return _done()


_DECIDE: Mapping[str, _Decide] = {
    'random_action': _random,
    'always_done': _done,
    'always_ask': _ask,
    'first_thing': _first_thing,
}
