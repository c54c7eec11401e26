# SPDX-License-Identifier: Apache-2.0
"""A mission as a state machine: plan, act, observe, plan again, until an answer, a question, the
end of a budget, or a stop.

It asks no planner, moves no robot and waits for nobody: whoever drives it looks at `phase`, does
what is due, and tells what came of it. So the same code runs in a simulator, behind ROS and from a
log. Every step is checked against the scene graph of that moment before it is due.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal

from prism_core.episode.closed_loop import ClosedLoop
from prism_core.episode.episode import Turn
from prism_core.episode.mission_state import MAX_TURNS
from prism_core.episode.observation import Observation
from prism_core.graph.elements import quote
from prism_core.graph.scene_graph import SceneGraph
from prism_core.mission.rules import (
    Budget,
    MissionEnding,
    Note,
    Phase,
    Rules,
    known_way_m,
    note_nothing,
)
from prism_core.plan.actions import Action, ActionTable, Role
from prism_core.plan.plan import Plan
from prism_core.plan.steps import render_steps
from prism_core.plan.validation import ValidationReport


class RobotMission:
    """One mission.

    | phase | what is due | then call |
    |---|---|---|
    | planning | the next plan for `request` and `history` | `take_plan` or `fail_to_plan` |
    | approving | somebody allows or forbids `action` | `take_approval` |
    | acting | a skill carries out `action` | `take_observation` or `fail_to_act` |
    | ended | nothing: `ending`, `answer` and `reason` say how it went | |

    `cancel` ends it in any phase, `check_time` where the time is over. Where a robot acts by itself
    without a skill (it answers, it asks, it stands in for what is planned later) nothing is due.

    Args:
        request: the sentence.
        table: the actions of the robot.
        budget: what it may take.
        rules: what else it keeps to.
        history: the turns of the mission that it goes on with, oldest first.
        clock: seconds that only ever grow.
        note: takes all that it is told.

    Attributes:
        turns, replans, distance_m: the plans that it took, those behind a step that was not done,
            and how far the robot drove.
        ending, reason: why it ended, '' while it goes on, and one sentence where that is no
            answer.
        answer: what was reported or asked.
        refused: why the last step was not even tried, `stale` or `repeated`; '' where it was.
    """

    def __init__(
        self,
        request: str,
        table: ActionTable,
        *,
        budget: Budget | None = None,
        rules: Rules | None = None,
        history: Sequence[Turn] = (),
        clock: Callable[[], float] = time.monotonic,
        note: Note = note_nothing,
    ):
        self.budget = budget or Budget()
        self.rules = rules or Rules()
        self.ending: MissionEnding | Literal[''] = ''
        self.reason = ''
        self.answer = ''
        self.refused: Literal['', 'stale', 'repeated'] = ''
        self.turns = self.replans = 0
        self.distance_m = 0.0
        self._phase: Phase = 'planning'
        self._loop = ClosedLoop(
            request, table, find_breaches=self.rules.find_breaches, history=history
        )
        self._before = len(history)
        self._clock = clock
        self._note = note
        self._began_s = clock()
        self._now_s = 0.0  # when it was told the last thing
        self._failures: Counter[tuple[Action, str]] = Counter()
        self._told: set[Action] = set()  # of what the planner knows that it is not tried again
        self._allowed_step: int | None = None
        self._checked: SceneGraph | None = None  # on which the rest of the plan is valid
        self._check_turns()

    # ------------------------------------------------------------------------------ what is due

    @property
    def phase(self) -> Phase:
        """What is due."""
        return self._phase

    @property
    def request(self) -> str:
        """The sentence."""
        return self._loop.request

    @property
    def table(self) -> ActionTable:
        """The actions of the robot."""
        return self._loop.table

    @property
    def history(self) -> tuple[Turn, ...]:
        """All turns that are over, oldest first, those that it goes on with included."""
        return self._loop.history

    @property
    def plan(self) -> Plan | None:
        """The last plan."""
        return self._loop.plan

    @property
    def action(self) -> Action | None:
        """What is to be approved or carried out."""
        return self._loop.action

    @property
    def step(self) -> int:
        """Its number in the plan, from 0."""
        return self._loop.step

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What the steps of the last plan have shown so far."""
        return self._loop.observations

    @property
    def elapsed_s(self) -> float:
        """Since it began; until its end, once it has ended."""
        return self._now_s if self.ending else self._clock() - self._began_s

    @property
    def remaining_s(self) -> float:
        """What is left of its time."""
        return max(0.0, self.budget.max_time_s - self.elapsed_s)

    # ---------------------------------------------------------------------------- what came of it

    def take_plan(self, plan: Plan, known_graph: SceneGraph) -> ValidationReport:
        """Take the plan that is due, and check it on the graph of now; what is wrong with it.

        One that cannot be carried out is told to the planner, which is asked again.
        """
        self._expect('planning')
        self._tell('plan', plan=plan, graph=known_graph)
        if self._is_over():
            return ValidationReport()
        self.turns += 1
        report = self._loop.take_plan(plan, known_graph)
        self._checked, self._allowed_step = known_graph, None
        self.refused = '' if report.is_valid else 'stale'
        if not report.is_valid:
            self._end_turn()
        elif self.rules.is_dry:
            self._end('planned')
        else:
            self._go_on(known_graph)
        return report

    def fail_to_plan(self, reason: str) -> None:
        """No plan came: end the mission."""
        self._expect('planning')
        self._tell('no_plan', reason=reason)
        self._end('planner_error', reason)

    def take_approval(self, is_approved: bool, reason: str, known_graph: SceneGraph) -> None:
        """Take what was said of the action: it becomes due, or the mission ends."""
        self._expect('approving')
        said = {'step': self.step, 'is_approved': is_approved, 'reason': reason}
        self._tell('approval', **said, graph=known_graph)
        if self._is_over():
            return
        if is_approved:
            self._allowed_step = self.step
            self._go_on(known_graph)
            return
        step = render_steps([self._due])
        self._break_off('approval_denied', f'{step} was not approved: {reason}')

    def take_observation(self, observation: Observation, known_graph: SceneGraph) -> None:
        """Take what the action has shown, and the graph with that in it."""
        self._expect('acting')
        facts = {'step': self.step, 'action': self._due, 'observation': observation}
        self._tell('observation', **facts, graph=known_graph)
        if observation.status != 'done':
            self._failures[self._due, observation.feedback or observation.status] += 1
        self._take(observation)
        if not self._is_over():
            self._go_on(known_graph)

    def fail_to_act(
        self,
        ending: Literal['skill_unavailable', 'skill_failed'],
        reason: str,
        observation: Observation | None = None,
    ) -> None:
        """No skill carries out the action, or it hangs: end the mission.

        Args:
            ending: which of both.
            reason: one sentence.
            observation: what the skill has shown all the same.
        """
        self._expect('acting')
        self._break_off(ending, reason, observation)

    def cancel(self, reason: str, observation: Observation | None = None) -> None:
        """End the mission, whatever it is at; nothing where it has ended.

        Args:
            reason: one sentence.
            observation: what the action under way has shown before it was stopped.
        """
        if not self.ending:
            self._break_off('canceled', reason, observation)

    def check_time(self, observation: Observation | None = None) -> bool:
        """End the mission if its time is over; whether it has ended.

        Args:
            observation: what the action under way has shown before it was stopped.
        """
        if not self.ending:
            self._now_s = self.elapsed_s
        return self._is_over(observation)

    # -------------------------------------------------------------------------------------- inside

    def _tell(self, what: str, **facts: Any) -> None:
        """Note what it is told, and when."""
        self._now_s = self.elapsed_s
        self._note(what, {'at_s': self._now_s, **facts})

    def _is_over(self, observation: Observation | None = None) -> bool:
        """End the mission if its time was over when it was told the last thing; whether it has
        ended.
        """
        if not self.ending and self._now_s >= self.budget.max_time_s:
            limit = f'the mission may take {self.budget.max_time_s:g} s, which are over'
            self._break_off('time_limit', limit, observation)
        return bool(self.ending)

    @property
    def _due(self) -> Action:
        action = self._loop.action
        assert action is not None  # noqa: S101 - as the phase says
        return action

    def _expect(self, phase: Phase) -> None:
        if self._phase != phase:
            raise ValueError(f'expected a mission that is {phase}, it is {self._phase}')

    def _go_on(self, graph: SceneGraph) -> None:
        """To the next action that is due, or to the next plan."""
        while not self.ending:
            action = self._loop.action
            if action is None:
                self._end_turn()
                return
            if self._checked is not graph and not self._is_still_valid(graph):
                continue
            self._checked = graph
            spec = self._loop.table[action.name]
            if spec.ends_mission or spec.role is Role.STAND_IN:
                if self._needs_approval(action):
                    return
                self._take(Observation())
                continue
            if self._was_in_vain(action) or self._is_too_far(action, graph):
                continue
            if not self._needs_approval(action):
                self._phase = 'acting'
            return

    def _is_still_valid(self, graph: SceneGraph) -> bool:
        """Whether the rest of the plan can be carried out as things are now."""
        report = self._loop.check(Plan(self._loop.rest), graph)
        if not report.is_valid:
            said = f'the scene graph has changed since this was planned. {report.feedback}'
            self._refuse('stale', said)
        return report.is_valid

    def _was_in_vain(self, action: Action) -> bool:
        """Whether an action failed too often already; the planner is told so once."""
        reasons = (r for (a, r), times in self._failures.items() if a == action and times > 1)
        why = next(reasons, '')
        if not why:
            return False
        step = render_steps([action])
        said = f'{step} failed twice for the same reason ({why})'
        if action in self._told:
            self._break_off('repeated_failure', f'{said}, and was planned again')
        else:
            self._told.add(action)
            self._refuse('repeated', f'{said} and is not tried again')
        return True

    def _is_too_far(self, action: Action, graph: SceneGraph) -> bool:
        """Whether the shortest known way to where an action is done leads beyond the budget."""
        ahead_m = known_way_m(action, graph, self._loop.table)
        limit_m = self.budget.max_distance_m
        if self.distance_m + ahead_m <= limit_m:
            return False
        self._break_off(
            'distance_limit',
            f'{render_steps([action])} is {ahead_m:.1f} m away; the mission may drive '
            f'{limit_m:g} m and has driven {self.distance_m:.1f} m',
        )
        return True

    def _needs_approval(self, action: Action) -> bool:
        """Whether the action waits for approval now; the phase says so then."""
        spec = self._loop.table[action.name]
        by_skill = not (spec.ends_mission or spec.role is Role.STAND_IN)
        is_marked = action.name in self.rules.approval_actions
        is_needed = is_marked or (self.rules.approve_all and by_skill)
        if not is_needed or self._allowed_step == self.step:
            return False
        self._phase = 'approving'
        return True

    def _refuse(self, why: Literal['stale', 'repeated'], feedback: str) -> None:
        """Do not even try the action, and say so to the planner."""
        self.refused = why
        self._take(Observation(feedback=feedback, status='refused'))

    def _take(self, observation: Observation) -> None:
        self.distance_m += observation.distance_m
        self._loop.take_observation(observation)

    def _end_turn(self) -> None:
        """Ask for the next plan, or end."""
        loop = self._loop
        last = loop.turns[-1].observations[-1]
        if loop.ending in ('reported', 'asked'):
            said = loop.turns[-1].plan.actions[len(loop.turns[-1].observations) - 1].arguments
            self.answer = str(said[0]) if said else ''
            self._end(loop.ending)
        elif loop.ending == 'stuck':
            self._end('stuck', loop.error)
        elif loop.ending:
            self._end('plan_stale', f'no plan could be carried out: {last.feedback}')
        elif last.status != 'done' and self.replans >= self.budget.max_replans:
            limit = f'the mission may plan again after {self.budget.max_replans} failures'
            self._end('replan_limit', f'{limit}; the last was: {_say(last)}')
        else:
            self.replans += last.status != 'done'
            self._phase = 'planning'
            self._check_turns()

    def _check_turns(self) -> None:
        """End the mission where it may plan no more."""
        most = min(self.budget.max_turns, MAX_TURNS - self._before)
        if self.turns >= most:
            self._end('turn_limit', f'the mission may take {most} plans, which brought no answer')

    def _break_off(
        self, ending: MissionEnding, reason: str, observation: Observation | None = None
    ) -> None:
        if ending in ('skill_unavailable', 'skill_failed', 'canceled', 'time_limit'):
            # The rest follows from what it was told before.
            self._tell('break', ending=ending, reason=reason, observation=observation)
        if observation is not None and self._phase == 'acting':
            self._take(observation)
        self._loop.break_off()
        self._end(ending, reason)

    def _end(self, ending: MissionEnding, reason: str = '') -> None:
        facts = {'answer': self.answer, 'turns': self.turns, 'replans': self.replans}
        self._note('end', {'at_s': self._now_s, 'ending': ending, 'reason': reason, **facts})
        self.ending, self.reason = ending, reason
        self._phase = 'ended'


def _say(observation: Observation) -> str:
    return quote(observation.feedback) if observation.feedback else observation.status
