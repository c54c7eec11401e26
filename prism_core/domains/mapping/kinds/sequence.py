# SPDX-License-Identifier: Apache-2.0
"""sequence: do several things in order."""

from __future__ import annotations

from collections.abc import Sequence as Steps
from typing import TYPE_CHECKING

from prism_core.domains.mapping.changes import Pair
from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.intents import IntentSource
from prism_core.domains.mapping.kinds.attribute import Attribute
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.kinds.parts import change_one_of, kind_of
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.planning.course import Course
from prism_core.domains.mapping.planning.mission import Mission, Step
from prism_core.domains.mapping.report_texts import join_texts
from prism_core.domains.mapping.truth import Truth
from prism_core.episode.criterion import Criterion
from prism_core.errors import WorldRejected
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action

if TYPE_CHECKING:  # a reader asks the kinds
    from prism_core.domains.mapping.reading.reading import Reading

_PASSING_BY = 0.7


class Sequence(Kind):
    """Intents have `steps`, each an intent of a kind that may be one."""

    __slots__ = ()

    name = 'sequence'
    said_goal = 'do several things one after the other'
    asks = 'two or three things in order: go to a region, find out an attribute (steps)'
    slots = 'steps'
    forms = ('done', 'unseen')
    must_be_accounted_for = True
    looks_again = True
    drives_on = True
    read_rank = 80
    most_steps = 4
    tells_each = True

    def draw(self, source: IntentSource) -> Intent:
        """Two or three steps, at least one of which is more than driving by."""
        steps = []
        number = source.rng.choice((2, 2, 3))
        looking = source.rng.randrange(number)
        for index in range(number):
            if index != looking and source.rng.random() < _PASSING_BY:
                steps.append(Intent('go_to', region=source.draw_region()))
            else:
                steps.append(Attribute().draw(source))
        return Intent('sequence', steps=tuple(steps))

    def phrasing_group(self, intent: Intent) -> str:
        """By how many steps there are; where the last of them is the way back, that it is."""
        if len(intent.steps) > 1 and intent.steps[-1].kind == 'return':
            return 'composed_return'
        composed = 'composed_' if self.is_composed(intent) else ''
        return f'{composed}sequence_{len(intent.steps)}'

    def clause_group(self, intent: Intent) -> str:
        """By how many steps there are."""
        return f'step_sequence_{len(intent.steps)}'

    def is_composed(self, intent: Intent) -> bool:
        """Where not all steps are places to drive to and things to look at."""
        return not all(kind_of(step).is_step for step in intent.steps)

    def solve(self, truth: Truth, intent: Intent) -> Criterion:
        """To have done all steps in order."""
        if self.is_composed(intent):
            return self.solve_part(truth, intent, is_last=True)
        facts = [kind_of(step).step_fact(truth, step) for step in intent.steps]
        if len(set(facts)) < len(facts):
            raise WorldRejected('two steps are the same')
        return Criterion('any', evidence=tuple(facts), in_order=True)

    def solve_part(self, truth: Truth, intent: Intent, *, is_last: bool) -> Criterion:
        """To have done all steps in order, and to say what each gave."""
        if len(set(intent.steps)) < len(intent.steps):
            raise WorldRejected('two steps are the same')
        end = intent.steps[-1:]
        parts = [
            kind_of(step).solve_part(truth, step, is_last=is_last and (step,) == end)
            for step in intent.steps
        ]
        return Criterion('parts', parts=tuple(parts), in_order=True)

    def change(self, pair: Pair) -> SceneGraph | None:
        """Another answer to one of the steps, where each is reported."""
        return change_one_of(pair.intent.steps, pair) if self.is_composed(pair.intent) else None

    def guess(self, intent: Intent, graph: SceneGraph, lexicon: Lexicon) -> str:
        """What might be right of each step."""
        return ' '.join(kind_of(step).guess(step, graph, lexicon) for step in intent.steps)

    def follow(self, course: Course, intent: Intent, *, is_last: bool) -> str | Step:
        """What each step gave; or the next step."""
        told = []
        for number, step in enumerate(intent.steps, start=1):
            is_end = is_last and number == len(intent.steps)
            said = course.follow(step, is_last=is_end)
            if isinstance(said, Step):
                return said
            told.append(said)
        return join_texts(told)

    def decide(self, mission: Mission, intent: Intent) -> Step:
        """The first step that is not done, and with it the drives before it: they bring no news."""
        if self.is_composed(intent):
            course = Course(mission)
            return course.finish(self.follow(course, intent, is_last=True))
        drives: list[Action] = []
        for step in _undone(mission, intent.steps):
            following = kind_of(step).take_step(mission, step)
            if isinstance(following, Step):
                return Step((*drives, *following))
            drives.append(following)
        return Step((*drives, *mission.answer('done', _tell(mission, intent.steps))))

    def read(self, reading: Reading) -> Intent | None:
        """Several things are asked for."""
        steps = reading.steps()
        return Intent('sequence', steps=steps) if steps else None


def _undone(mission: Mission, steps: Steps[Intent]) -> Steps[Intent]:
    """The steps that are left, in order."""
    left = list(steps)
    for action, observation in mission.carried_out():
        if observation.status != 'done':
            continue
        if left and kind_of(left[0]).is_step_done_by(left[0], action, mission):
            left.pop(0)
    return left


def _tell(mission: Mission, steps: Steps[Intent]) -> str:
    """What was found by steps that are done; places that were driven to are left to the end."""
    said = [kind_of(step).decide(mission, step) for step in steps if not kind_of(step).is_deed]
    return join_texts(str(step[0].arguments[0]) for step in said if step[0].name == 'answer')
