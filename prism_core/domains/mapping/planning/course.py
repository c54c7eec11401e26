# SPDX-License-Identifier: Apache-2.0
"""How far a mission has come with something that is made of parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.planning.mission import Mission, Step
from prism_core.domains.mapping.report_texts import fit_text
from prism_core.domains.mapping.reports import Report, parse_report, render_report
from prism_core.plan.actions import Action

if TYPE_CHECKING:  # they follow courses
    from prism_core.domains.mapping.kinds.kind import Kind

MAX_DRIVES = 4
"""So many drives without news are in one plan."""


class Course:
    """What is done of a mission, part by part, and what comes next.

    `mission` stands where the robot will be after `drives`, which bring no news and are put before
    the next step; `has_moved` tells whether any came to be since it began. What was carried out
    before `position` belongs to parts that are done.
    """

    def __init__(self, mission: Mission, position: int = 0, drives: Iterable[Action] = ()):
        self.mission = mission
        self.position = position
        self.drives = list(drives)
        self.has_moved = False

    def follow(self, part: Intent, *, is_last: bool) -> str | Step:
        """What a part gave, as a sentence, where it is done; else the next step for it."""
        from prism_core.domains.mapping.kinds import KINDS  # they follow courses

        return KINDS[part.kind].follow(self, part, is_last=is_last)

    def carry_on(self, kind: Kind, part: Intent, *, is_last: bool) -> str | Step:
        """The same for a part that is not made of others.

        A deed is done when it was carried out after the parts before it; what comes last is done
        where its own kind says so.
        """
        if kind.is_deed and not is_last:
            region = self._find_done(kind, part)
            if region:
                return self._been(region)
        step = self.tell(kind.decide(self.mission, part))
        if isinstance(step, Step) or not kind.is_deed or is_last:
            return step
        report = parse_report(step, self.mission.graph)
        return self._been(report.arguments[0]) if report.form == 'here' else step

    def tell(self, step: Step) -> str | Step:
        """What a step says, where it says what was found; the drives before it are to come."""
        if step[-1].name != 'answer':
            return step
        drives = step[:-1]
        if drives:
            self.drives += drives
            self.mission = self.mission.at(str(drives[-1].arguments[0]))
            self.has_moved = True
        return str(step[-1].arguments[0])

    def _find_done(self, kind: Kind, part: Intent) -> str:
        """The region of the first drive that did what a part asks for; '' where there is none."""
        for index, (action, observation) in enumerate(self.mission.carried_out()):
            is_new = index >= self.position and observation.status == 'done'
            if is_new and kind.is_step_done_by(part, action, self.mission):
                self.position = index + 1
                return str(action.arguments[0])
        return ''

    def _been(self, region: str) -> str:
        return render_report(Report('been_at', (region,)), self.mission.graph)

    def fork(self, position: int) -> Course:
        """The same course, to try a part on that comes after a position."""
        return Course(self.mission, position, self.drives)

    def join(self, trial: Course) -> None:
        """Go on from where a trial came to."""
        self.mission, self.drives = trial.mission, trial.drives
        self.position = max(self.position, trial.position)

    def finish(self, told: str | Step) -> Step:
        """The plan: the drives that are to come, and the step behind them or what is to be said."""
        is_question = isinstance(told, Step) and told[-1].name == 'clarify'
        if len(self.drives) > MAX_DRIVES and not is_question:
            return Step((*self.drives[:MAX_DRIVES], Action('replan')))
        if isinstance(told, Step):
            return told if is_question else Step((*self.drives, *told))
        return Step((*self.drives, Action('answer', (fit_text(told),))))
