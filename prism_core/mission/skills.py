# SPDX-License-Identifier: Apache-2.0
"""What carries out the actions of a mission, and the mission driven with it in one thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from prism_core.episode.observation import Observation
from prism_core.episode.planner import Planner, Simulator
from prism_core.errors import PlannerError, SkillFailed, SkillUnavailable
from prism_core.graph.scene_graph import SceneGraph
from prism_core.mission.mission import RobotMission
from prism_core.plan.actions import Action

Approve = Callable[[Action], tuple[bool, str]]
"""Whether an action may be carried out, and why."""


@runtime_checkable
class Skills(Protocol):
    """A robot that carries out actions one by one."""

    @property
    def known_graph(self) -> SceneGraph:
        """What is known now, with all that the actions revealed so far."""

    def execute(self, action: Action, timeout_s: float) -> Observation:
        """Carry out one action, and say what it revealed.

        Args:
            action: valid on the known graph.
            timeout_s: the time for it.

        Raises:
            SkillUnavailable: nobody carries it out.
            SkillFailed: it did not end in time; it was stopped.
        """


class SimulatedSkills:
    """The skills of a simulator, which takes no time."""

    def __init__(self, simulator: Simulator):
        self._simulator = simulator

    @property
    def known_graph(self) -> SceneGraph:
        """What is known now."""
        return self._simulator.known_graph

    def execute(self, action: Action, timeout_s: float) -> Observation:
        """Carry out one action."""
        return self._simulator.execute(action)


def deny(action: Action) -> tuple[bool, str]:
    """Nobody is there to ask."""
    return False, 'nobody was there to approve it'


def run_mission(
    mission: RobotMission, planner: Planner, skills: Skills, *, approve: Approve = deny
) -> RobotMission:
    """Drive a mission to its end, in this thread; the mission.

    Neither a planner nor a skill is interrupted: both are told how much time there is.
    """
    while not mission.check_time():
        if mission.phase == 'planning':
            graph = skills.known_graph
            try:
                plan = planner.plan(mission.request, graph, mission.history)
            except PlannerError as error:
                mission.fail_to_plan(str(error))
            else:
                mission.take_plan(plan, skills.known_graph)
            continue
        action = mission.action
        assert action is not None  # noqa: S101 - as the phase says
        if mission.phase == 'approving':
            mission.take_approval(*approve(action), skills.known_graph)
            continue
        try:
            observation = skills.execute(action, mission.remaining_s)
        except SkillUnavailable as error:
            mission.fail_to_act('skill_unavailable', str(error))
        except SkillFailed as error:
            mission.fail_to_act('skill_failed', str(error))
        else:
            mission.take_observation(observation, skills.known_graph)
    return mission
