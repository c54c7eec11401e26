# SPDX-License-Identifier: Apache-2.0
"""The planner of the tabletop: one move at a time, by what a sentence means, what is known now, and
what was tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prism_core.domains.tabletop.actions import SAYINGS, TABLETOP_ACTIONS
from prism_core.domains.tabletop.follow_ups import spell_out
from prism_core.domains.tabletop.meaning import Meaning
from prism_core.domains.tabletop.moves import next_move
from prism_core.domains.tabletop.state import Table, read_course, support_kind
from prism_core.domains.tabletop.wishes import Question, find_wants
from prism_core.episode.episode import Task, Turn
from prism_core.episode.mission_state import MAX_TRIES, count_actions
from prism_core.episode.requests import own_turns
from prism_core.errors import ConfigError
from prism_core.graph.calling import class_of
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan

NOTHING_LEFT = 'nothing left'
"""The goal of a plan that only says that all is done."""

GOALS = ('put', 'nothing', 'which', 'no', 'cannot', 'what')
"""The first words of all goals."""

Reader = Callable[[str, SceneGraph], Meaning]
"""What a sentence means on a known graph."""


@dataclass(frozen=True)
class TabletopPlanner:
    """Plans by what its reader makes of a sentence."""

    name: str
    read: Reader

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """One action: the next pick or place, a question, or that all is done."""
        said = spell_out(request, known_graph, history)
        return plan_next(self.read(said, known_graph), known_graph, history)

    def close(self) -> None:
        """Nothing to free."""


def make_teacher(task: Task) -> TabletopPlanner:
    """The embedded teacher, handed what the sentence means.

    Raises:
        ConfigError: the task does not say what it means.
    """
    meaning = task.intent
    if not isinstance(meaning, Meaning):
        raise ConfigError(
            f'{task.request!r:.80}: the embedded teacher needs what a sentence means; take tasks '
            'that tell it, or another teacher'
        )
    return TabletopPlanner('teacher', lambda request, graph: meaning)


def plan_next(meaning: Meaning, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
    """The next action toward what a sentence means.

    What was done for something said earlier counts only where all is to be as it was before.
    """
    if meaning != Meaning('undo'):
        history = own_turns(history)
    course = read_course(known_graph, history)
    now = course.now
    try:
        wants = find_wants(meaning, course)
        move = next_move(wants, now)
        if move is None:
            if not now.held or not history:
                return _explain(NOTHING_LEFT, Action('done'), known_graph)
            return _place(now.held, now.surface, now, known_graph)
        if now.held:
            return _place(move.block, move.spot, now, known_graph)
        pick = Action('pick', (move.block,))
        if count_actions(history, TABLETOP_ACTIONS)[1][pick] >= MAX_TRIES:
            raise Question('cannot', f'move {class_of(now.nodes[move.block])}')
        return _explain(_say(move.block, move.spot, now), pick, known_graph)
    except Question as question:
        ask = Action('ask', (SAYINGS[question.saying],))
        return _explain(question.goal, ask, known_graph)


def _place(block: str, spot: str, table: Table, graph: SceneGraph) -> Plan:
    return _explain(_say(block, spot, table), Action('place', (block, spot)), graph)


def _say(block: str, spot: str, table: Table) -> str:
    """A move as the goal of a plan, such as `put red block in blue bowl`."""
    what, where = table.nodes[block], table.nodes[spot]
    return f'put {class_of(what)} {support_kind(where)} {class_of(where)}'


def _explain(goal: str, action: Action, graph: SceneGraph) -> Plan:
    names = [str(argument) for argument in action.arguments if argument in graph.nodes]
    return Plan((action,), goal, tuple(dict.fromkeys(names)))
