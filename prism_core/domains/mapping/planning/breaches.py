# SPDX-License-Identifier: Apache-2.0
"""What a plan of anybody would do that its request forbids, before it is driven."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.looking import survey
from prism_core.domains.mapping.planning.bounds import Bounds, stand_at
from prism_core.episode.episode import Turn
from prism_core.episode.mission_state import MissionState
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, Role
from prism_core.plan.plan import Plan
from prism_core.plan.steps import render_steps
from prism_core.plan.validation import Problem, ProblemKind, location_after

_MOST_NAMED = 3


def find_breaches(
    plan: Plan, intent: Intent, known_graph: SceneGraph, history: Sequence[Turn]
) -> Iterator[Problem]:
    """The first step of a valid plan that enters, or may enter, what a request forbids.

    Args:
        plan: that the validator accepts.
        intent: what the request means.
        known_graph: on which the plan was made.
        history: the turns of the mission so far.
    """
    bounds = Bounds.of(intent, known_graph, history)
    if bounds is None:
        return
    state = stand_at(survey(known_graph, history), bounds.view, known_graph.robot_location or '')
    for index, action in enumerate(plan.actions):
        sentence = _why_not(action, bounds, state)
        if sentence:
            yield Problem(ProblemKind.FORBIDDEN, index, sentence)
            return
        spec = MAPPING_ACTIONS[action.name]
        here = location_after(action, spec, bounds.graph, state.here) or state.here
        bounds = bounds.at(here)
        state = stand_at(state, bounds.view, here)


def _why_not(action: Action, bounds: Bounds, state: MissionState) -> str:
    """Why a step must not be taken from where a mission stands; '' where it may."""
    step, role = render_steps([action]), MAPPING_ACTIONS[action.name].role
    if role is Role.BRIDGE:
        return f'{step} drives where nobody knows what it enters, and the request says where not.'
    if not any(argument.kind.is_node for argument in MAPPING_ACTIONS[action.name].arguments):
        return ''
    name = str(action.arguments[0])
    if name in bounds.forbidden:
        return f"the request says not to enter '{name}'."
    entered = bounds.entered_by(name, state.here)
    if entered and not bounds.is_open(name, state.here):
        called = ', '.join(f"'{region}'" for region in entered[:_MOST_NAMED])
        return f'{step} enters {called}, which the request says not to, and no way around is known.'
    kept = bounds.keep((action,), state)
    if kept == (action,):
        return ''
    way = render_steps(kept)
    if entered:
        return f"{step} enters '{entered[0]}', which the request says not to. Try {way}."
    return f'{step} may find its way blocked, and turn into what is forbidden. Try {way} first.'
