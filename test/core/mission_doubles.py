# SPDX-License-Identifier: Apache-2.0
"""What tests of missions share: a clock, a world made by hand, skills that err."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prism_core import Action, Observation, SceneGraph, find_domain
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.mission import Budget, RobotMission, Rules, SimulatedSkills, run_mission
from prism_core.testing import ScriptedPlanner

from .hand_made import make_simulator

MAPPING = find_domain('mapping')


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Erring(SimulatedSkills):
    """Skills of a simulator of which some steps go wrong.

    Args:
        simulator: of the world.
        err: what a step shows instead, or raises; None where it goes as in the simulator.
    """

    def __init__(self, simulator, err: Callable[[Action], Observation | Exception | None]):
        super().__init__(simulator)
        self.tried: list[Action] = []
        self._err = err

    def execute(self, action: Action, timeout_s: float) -> Observation:
        self.tried.append(action)
        shown = self._err(action)
        if isinstance(shown, Exception):
            raise shown
        return super().execute(action, timeout_s) if shown is None else shown


def make_mission(request='do it', *, budget=None, rules=None, **options) -> RobotMission:
    return RobotMission(
        request, MAPPING_ACTIONS, budget=budget or Budget(), rules=rules or Rules(), **options
    )


def run_script(
    script: Sequence, *, true: SceneGraph | None = None, known=None, err=lambda _: None, **options
) -> tuple[RobotMission, Erring]:
    """The mission of a planner that gives these plans, and the skills that carried it out."""
    approve = options.pop('approve', lambda action: (False, 'no'))
    skills = Erring(make_simulator(true, known), err)
    mission = make_mission(**options)
    return run_mission(mission, ScriptedPlanner(script), skills, approve=approve), skills
