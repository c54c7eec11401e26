# SPDX-License-Identifier: Apache-2.0
"""A teacher at work: it plays tasks in the simulator, and the judge says how it went."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from prism_core.domain import SYMBOLIC as SYMBOLIC
from prism_core.domain import Domain, open_planner_of
from prism_core.episode.episode import Episode, Turn
from prism_core.episode.planner import MAX_TURNS, Planner, run_episode
from prism_core.errors import ConfigError, PlannerError, PlannerUnavailable, RunStopped
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from prism_core.inference.lm_factory import make_teacher_planner
from prism_core.inference.lm_planner import Rejected
from prism_core.inference.text_model import TextModel
from prism_core.plan.actions import ActionTable
from prism_core.plan.plan import Plan
from prism_core.plan.validation import validate_plan

LM = 'lm'


@dataclass(frozen=True)
class LanguageModel:
    """A language model and how it is reached."""

    text_model: TextModel
    config: TeacherConfig


class Classroom:
    """Plays tasks with one teacher; one for a process, safe to use from several threads.

    Args:
        teacher: `symbolic` (the embedded one, handed what the sentence means), `lm` (a language
            model), or the name of a planner or `package.module:factory`.
        domain: where.
        model: the language model of teacher `lm`.
    """

    def __init__(self, teacher: str, domain: Domain, model: LanguageModel | None = None):
        self._teacher = teacher
        self._domain = domain
        self._model = model
        self._of_thread = threading.local()

    def play(self, task: Episode, *, max_turns: int = MAX_TURNS) -> Episode:
        """The task as the teacher played it, with so many plans at most, judged.

        What a plan holds behind the action that ends its turn is left out: it is never carried out.
        `provenance` says who taught; what it answered and was sent back for is kept there as
        `rejected`, and never trained on.

        Raises:
            RunStopped: the teacher cannot be reached or refuses to work.
        """
        planner = Watched(self._planner_for(task))
        rejected = self._rejected()
        rejected.clear()
        run = run_episode(planner, self._domain.make_simulator(task), task, max_turns=max_turns)
        facts: dict[str, Any] = {**task.provenance, 'teacher': planner.name}
        if self._teacher == SYMBOLIC:
            facts['teacher'] = SYMBOLIC
        if rejected:
            facts['rejected'] = [one.as_json() for one in rejected]
        turns = tuple(_without_the_rest(turn, self._domain.table) for turn in run.turns)
        run = replace(run, turns=turns, provenance=facts)
        return replace(run, outcome=self._domain.judge(run))

    def advise(
        self, task: Episode, known_graph: SceneGraph, history: Sequence[Turn]
    ) -> Turn | None:
        """What the teacher would do where another planner has come to: one plan.

        Returns:
            The plan as a turn that is not carried out; None where it has none that the validator
            accepts.

        Raises:
            RunStopped: the teacher cannot be reached or refuses to work.
        """
        try:
            planner = Watched(self._planner_for(task))
            plan = planner.plan(task.task.request, known_graph, history)
        except PlannerError:
            return None
        table = self._domain.table
        if not validate_plan(plan, known_graph, table).is_valid:
            return None
        return _without_the_rest(Turn(plan, (), known_graph.robot_location or ''), table)

    def _planner_for(self, task: Episode) -> Planner:
        if self._teacher == SYMBOLIC:
            return self._domain.make_teacher(task.task)
        planner = getattr(self._of_thread, 'planner', None)
        if planner is None:
            planner = self._of_thread.planner = self._open_planner()
        return planner

    def _open_planner(self) -> Planner:
        if self._teacher != LM:
            return open_planner_of(self._domain, self._teacher)
        if self._model is None:
            raise ConfigError('teacher lm needs a language model; set one up')
        text_model, config = self._model.text_model, self._model.config
        return make_teacher_planner(
            text_model, self._domain, config, on_rejected=self._rejected().append
        )

    def _rejected(self) -> list[Rejected]:
        """What the planner of this thread was sent back for in the episode under way."""
        if not hasattr(self._of_thread, 'rejected'):
            self._of_thread.rejected = []
        return self._of_thread.rejected


def _without_the_rest(turn: Turn, table: ActionTable) -> Turn:
    if any(observation.status == 'refused' for observation in turn.observations):
        return turn  # as a whole, to see why
    actions = turn.plan.actions
    for index, action in enumerate(actions[:-1]):
        if action.name in table and table[action.name].ends_turn:
            return replace(turn, plan=replace(turn.plan, actions=actions[: index + 1]))
    return turn


def stop_run(error: PlannerUnavailable) -> RunStopped:
    """What ends a run when its teacher is unavailable."""
    return RunStopped(f'{error}; what was done is kept: go on with --resume')


class Watched:
    """A planner that others bring: when it is unavailable the run stops, and whatever else it
    raises is an error of the planner.
    """

    def __init__(self, planner: Planner):
        self._planner = planner
        self.name = planner.name

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """What the planner answers.

        Raises:
            RunStopped: it is unavailable.
            PlannerError: it has no plan, or raised what planners do not raise.
        """
        try:
            plan: object = self._planner.plan(request, known_graph, history)
        except PlannerUnavailable as error:
            raise stop_run(error) from error
        except PlannerError:
            raise
        except Exception as error:  # the code of others: anything may come
            raise PlannerError(f'{self.name} raised {error!r}') from error
        if not isinstance(plan, Plan):
            raise PlannerError(f'{self.name} gave {plan!r:.80}, expected a Plan')
        return plan

    def close(self) -> None:
        """Free it."""
        self._planner.close()
