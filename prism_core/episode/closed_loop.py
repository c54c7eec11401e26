# SPDX-License-Identifier: Apache-2.0
"""The closed loop of a mission, turn by turn: it says what is next, and is told what came of it.

It asks no planner and moves no robot, so that whoever plays an episode in a simulator and whoever
drives a robot go through the same code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from prism_core.episode.episode import Ending, Turn
from prism_core.episode.observation import Observation
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionTable, Role
from prism_core.plan.plan import Plan
from prism_core.plan.steps import render_steps
from prism_core.plan.validation import Problem, ValidationReport, validate_plan

FindBreaches = Callable[[Plan, str, SceneGraph, Sequence[Turn]], Iterable[Problem]]
"""What a valid plan would do that a request forbids, see `Domain`."""

MAX_REFUSED_IN_A_ROW = 3
MAX_SAME = 4
"""So many turns that do the same in the same place and see the same, without news in between, end a
mission: one more than any action is worth (`MAX_TRIES`)."""
MAX_ALIKE = 12
"""So many with the same actions on the same nodes, in other words."""


def no_breaches(
    plan: Plan, request: str, known_graph: SceneGraph, history: Sequence[Turn]
) -> Iterable[Problem]:
    """No request forbids anything."""
    return ()


class ClosedLoop:
    """A mission under way.

    While `action` is None and `ending` is '' the next plan is wanted (`take_plan`), else what came
    of that action (`take_observation`). A turn ends where the robot's would: behind an action that
    may bring news, and where one was not done. A plan that is refused is not carried out; its turn
    holds the feedback as `refused` observation.

    Args:
        request: the sentence.
        table: the actions of the robot.
        find_breaches: what is refused beyond what the validator refuses.
        history: the turns before, oldest first.

    Attributes:
        plan: the last plan that was taken, accepted or not.
        ending, error: why it ended, '' while it goes on.
    """

    def __init__(
        self,
        request: str,
        table: ActionTable,
        *,
        find_breaches: FindBreaches = no_breaches,
        history: Sequence[Turn] = (),
    ):
        self.request = request
        self.table = table
        self.plan: Plan | None = None
        self.ending: Ending = ''
        self.error = ''
        self._find_breaches = find_breaches
        self._before = tuple(history)
        self._turns: list[Turn] = []
        self._known_graph: SceneGraph | None = None  # that the plan was made on
        self._pending: tuple[Action, ...] = ()
        self._observations: list[Observation] = []
        self._refused_in_a_row = 0
        self._in_vain = _InVain()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Its own turns so far, without the one under way."""
        return tuple(self._turns)

    @property
    def history(self) -> tuple[Turn, ...]:
        """These, and those before."""
        return (*self._before, *self._turns)

    @property
    def action(self) -> Action | None:
        """What is to be carried out now; None where a plan is wanted, or the mission ended."""
        return self._pending[0] if self._pending else None

    @property
    def rest(self) -> tuple[Action, ...]:
        """What is left of the plan, the action that is to be carried out now included."""
        return self._pending

    @property
    def step(self) -> int:
        """The number of that action in its plan, from 0."""
        return len(self._observations)

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What the steps of the last plan have shown so far."""
        return tuple(self._observations)

    def check(self, plan: Plan, known_graph: SceneGraph) -> ValidationReport:
        """Whether a plan could be carried out now, and the request lets it."""
        report = validate_plan(plan, known_graph, self.table)
        if not report.is_valid:
            return report
        breaches = self._find_breaches(plan, self.request, known_graph, self.history)
        return ValidationReport(tuple(breaches))

    def take_plan(self, plan: Plan, known_graph: SceneGraph) -> ValidationReport:
        """Take the next plan; what is wrong with it, if it is not carried out."""
        report = self.check(plan, known_graph)
        self.plan, self._known_graph = plan, known_graph
        self._observations = []
        if report.is_valid:
            self._refused_in_a_row = 0
            self._pending = plan.actions
            return report
        self._observations = [Observation(feedback=report.feedback, status='refused')]
        self._add_turn(plan)
        self._refused_in_a_row += 1
        if self._refused_in_a_row == MAX_REFUSED_IN_A_ROW:
            self.end('invalid_plans')
        return report

    def take_observation(self, observation: Observation) -> None:
        """Take what the action has shown."""
        assert self.plan is not None  # noqa: S101 - there is an action
        action, *rest = self._pending
        self._pending = tuple(rest)
        self._observations.append(observation)
        spec = self.table[action.name]
        if observation.status == 'done' and not spec.ends_turn and rest:
            return
        turn = self._add_turn(self.plan)
        if spec.ends_mission:
            self.end('asked' if spec.role is Role.ASK else 'reported')
        elif error := self._in_vain.note(turn):
            self.end('stuck', error)

    def break_off(self) -> None:
        """End the turn under way where it is; what was carried out of it stays."""
        if self._pending and self._observations and self.plan is not None:
            self._add_turn(self.plan)
        self._pending = ()

    def end(self, ending: Ending, error: str = '') -> None:
        """End the mission."""
        self._pending = ()
        self.ending, self.error = ending, error

    def _add_turn(self, plan: Plan) -> Turn:
        graph = self._known_graph
        assert graph is not None  # noqa: S101 - a plan was taken
        location = graph.robot_location or ''
        turn = Turn(plan, tuple(self._observations), location, known_graph=graph)
        self._turns.append(turn)
        self._pending = ()
        return turn


class _InVain:
    """What a mission did since the last news, and how often."""

    def __init__(self) -> None:
        self._times: Counter[tuple] = Counter()

    def note(self, turn: Turn) -> str:
        """Count a turn; what was done too often, '' while nothing was."""
        if any(observation.is_news for observation in turn.observations):
            self._times.clear()
            return ''
        steps = list(zip(turn.plan.actions, turn.observations))
        same = tuple((action, seen.status, seen.feedback) for action, seen in steps)
        alike = tuple((action.name, _node_of(action)) for action, _ in steps)
        for what, most in ((same, MAX_SAME), (alike, MAX_ALIKE)):
            self._times[turn.robot_location, what] += 1
            if (times := self._times[turn.robot_location, what]) == most:
                last = render_steps([action for action, _ in steps[-1:]])
                return f'{last} brought no news, {times} times from the same place'
        return ''


def _node_of(action: Action) -> str:
    """What an action is done on, where its first argument says so."""
    first = action.arguments[0] if action.arguments else ''
    return first if isinstance(first, str) else ''
