"""A teacher at work: it plays tasks in the simulator, and the judge says how it went."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prism_core.config_file import read_config
from prism_core.domain import Domain
from prism_core.episode import Episode, Turn
from prism_core.errors import PlannerError, PlannerUnavailable, RunStopped
from prism_core.inference.lm_planner import LMPlanner, Rejected
from prism_core.inference.teacher_config import TeacherConfig
from prism_core.inference.text_model import TextModel
from prism_core.plan import Plan
from prism_core.planner import Planner, find_planner, run_episode
from prism_core.scene_graph import SceneGraph

SYMBOLIC, LM = 'symbolic', 'lm'


@dataclass(frozen=True)
class Teacher:
    """Which teacher: `symbolic` (the embedded one, handed what the sentence means), `lm` (a
    language model behind an endpoint, set up by a file), or the name of a planner or
    `package.module:factory`.
    """

    name: str = SYMBOLIC
    config: str = ''

    def read_config(self) -> TeacherConfig:
        """The settings of the endpoint."""
        return read_config(Path(self.config), TeacherConfig)


class Classroom:
    """Plays tasks with one teacher; one for a process, safe to use from several threads.

    Args:
        teacher: who plans.
        domain: where.
        model: the language model of teacher `lm`.
    """

    def __init__(self, teacher: Teacher, domain: Domain, model: TextModel | None = None):
        self._teacher = teacher
        self._domain = domain
        self._model = model
        self._of_thread = threading.local()

    def play(self, task: Episode) -> Episode:
        """The task as the teacher played it, judged.

        `provenance` says who taught; what it answered and was sent back for is kept there as
        `rejected`, and never trained on.

        Raises:
            RunStopped: the teacher cannot be reached or refuses to work.
        """
        rejected: list[Rejected] = []
        planner = _Watched(self._planner_for(task, rejected))
        run = run_episode(planner, self._domain.make_simulator(task), task)
        facts: dict[str, Any] = {**task.provenance, 'teacher': planner.name}
        if rejected:
            facts['rejected'] = [vars(one) for one in rejected]
        return replace(run, outcome=self._domain.judge(run), provenance=facts)

    def _planner_for(self, task: Episode, rejected: list[Rejected]) -> Planner:
        if self._teacher.name == SYMBOLIC:
            return self._domain.make_teacher(task.task)
        if self._teacher.name == LM and self._model is not None:
            dialect = self._domain.make_dialect('spine')
            return LMPlanner(
                self._model,
                dialect,
                self._domain.table,
                header=self._domain.make_header(dialect),
                on_rejected=rejected.append,
            )
        planner = getattr(self._of_thread, 'planner', None)
        if planner is None:
            planner = self._of_thread.planner = find_planner(self._teacher.name)()
        return planner


class _Watched:
    """A planner that others bring: when it is unavailable the run stops, and whatever else it
    raises is an error of the planner.
    """

    def __init__(self, planner: Planner):
        self._planner = planner
        self.name = planner.name

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        try:
            plan: object = self._planner.plan(request, known_graph, history)
        except PlannerUnavailable as error:
            raise RunStopped(f'{error}; what was done is kept: go on with --resume') from error
        except PlannerError:
            raise
        except Exception as error:  # the code of others: anything may come
            raise PlannerError(f'{self.name} raised {error!r}') from error
        if not isinstance(plan, Plan):
            raise PlannerError(f'{self.name} gave {plan!r:.80}, expected a Plan')
        return plan

    def close(self) -> None:
        self._planner.close()
