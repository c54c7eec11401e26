# SPDX-License-Identifier: Apache-2.0
"""The next plan for an intent: the decisions of SymbolicPlanner.

Every decision depends on what a prompt tells and on nothing else: the graph, its order, and the
mission's state. Objects are taken in the graph's order, those in the robot's region first; what is
left to look at is taken nearest first, but of the nearest few one that is typical of the place
where the object is usual.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from prism_core.dialects.handles import class_words
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.bounds import Bounds, stand_at
from prism_core.domains.mapping.planning.course import Course
from prism_core.domains.mapping.planning.mission import Mission, Step
from prism_core.domains.mapping.planning.reasons import make_plan
from prism_core.domains.mapping.report_texts import fit_text
from prism_core.domains.mapping.reports import Report, render_report
from prism_core.domains.mapping.said_goals import BOUND
from prism_core.episode.episode import Turn
from prism_core.episode.mission_state import MissionState
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan

_MAX_LEFT_OUT = 3
_ABOUT_ALL = re.compile(
    r'\bno\b|cannot be reached|Number of [^:]*: |I have (?:been at each|mapped)', re.IGNORECASE
)


def decide(
    intent: Intent,
    known_graph: SceneGraph,
    state: MissionState,
    history: Sequence[Turn],
    lexicon: Lexicon,
) -> Plan:
    """The shortest plan that brings news, or the answer when it has been observed."""
    bounds = Bounds.of(intent, known_graph, history)
    if bounds is not None:
        state = stand_at(state, bounds.view, state.here)
    mission = Mission(known_graph, state, history, lexicon, bounds)
    mission.has_parts = KINDS[intent.kind].is_composed(intent)
    step = _step_for(mission, intent)
    ends = step[-1].name in ('answer', 'clarify')
    if state.turns_left <= 1 and not ends:
        step = mission.answer('gave_up')
    plan = make_plan(goal_of(intent, lexicon, known_graph), step, known_graph)
    return replace(plan, notes=tuple(mission.notes))


def _step_for(mission: Mission, intent: Intent) -> Step:
    """What to do next, by way of where the mission must have been, and nowhere where it must not
    be.
    """
    course, step = Course(mission), None
    for constraint in intent.constraints:
        if constraint.kind == 'only_by':
            told = course.follow(Intent('go_to', region=constraint.region), is_last=False)
            if isinstance(told, Step) or told.endswith('cannot be reached.'):
                step = course.finish(told)
                break
    if step is None:
        step = course.finish(KINDS[intent.kind].decide(course.mission, intent))
    if mission.bounds is None:
        return step
    kept = Step(mission.bounds.keep(step, mission.state))
    if kept[-1].name != 'answer':
        return kept
    said = str(kept[-1].arguments[0])
    return Step((*kept[:-1], Action('answer', (fit_text(said, _left_out(mission, intent, said)),))))


def _left_out(mission: Mission, intent: Intent, said: str) -> str:
    """Where the mission did not look or go, where that matters to what it says of all there is."""
    names = [] if mission.bounds is None else mission.bounds.left_out()
    if not names or not _ABOUT_ALL.search(said):
        return ''
    kinds = {constraint.kind for constraint in intent.constraints}
    form = 'avoided' if 'avoid' in kinds else 'off_limits' if 'stay_on' in kinds else 'too_far'
    return render_report(Report(form, (' or '.join(names[:_MAX_LEFT_OUT]),)), mission.graph)


def goal_of(intent: Intent, lexicon: Lexicon, known_graph: SceneGraph) -> str:
    """The intent as a few words: its kind, what its target is called, and what bounds it."""

    def call(target: Target) -> str:
        node = known_graph.nodes.get(target.name)
        return lexicon.call(target) if node is None else class_words(node)

    target = intent.target or intent.region
    said = intent.kind if target is None else f'{intent.kind} {call(target)}'
    bounds = (
        c.kind if c.region is None else f'{c.kind} {call(c.region)}' for c in intent.constraints
    )
    return BOUND.join((said, *bounds))
