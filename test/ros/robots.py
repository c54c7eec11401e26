# SPDX-License-Identifier: Apache-2.0
"""Robots for tests of missions: all nodes, on a small world; and skill servers that err."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from action_msgs.msg import GoalStatus

from prism_core import SceneGraph, find_domain, parse_scene_graph, render_scene_graph
from prism_core.inference.planning_domain import packaged_graphs
from prism_msgs.action import ExecuteMission, ExecuteSkill, PlanMission
from prism_msgs.msg import Observation, Plan, PlanErrorCode, PlanStep, SceneEdge, SceneGraphUpdate
from prism_ros.errors import CODE_NAMES, Refusal
from prism_ros.executor_node import ExecutorNode
from prism_ros.managed_node import ManagedNode
from prism_ros.mock_skills_node import MockSkillsNode
from prism_ros.parameters import MOCK_SKILLS_PARAMETERS, PLANNER_PARAMETERS

from ..core.hand_made import make_known, make_true
from .asking import order

MAPPING = find_domain('mapping')
KNOWN = make_known('gate_3', 'yard_7', 'shed_2', 'lane_4', objects=())
TRUE = make_true(('shed_2', 'yard_7'))
"""In truth a crate is there that is not known, and a way that is known is blocked."""
MISSION_S = 40.0


class Robot:
    """Nodes that carry out missions, and a client that sends them.

    Args:
        ros: the domain.
        folder: for graphs and logs.
        planners: what `planner.order` names.
        known, true: what is known and what is; None for the packaged depot, all of it known.
        domain: that is planned in.
        executor, skills: parameters of both.
        has_skills: whether simulated skills are there.
    """

    def __init__(
        self,
        ros,
        folder: Path,
        *planners: str,
        known: SceneGraph | None = KNOWN,
        true: SceneGraph | None = TRUE,
        domain: str = MAPPING.name,
        executor: dict[str, Any] | None = None,
        skills: dict[str, Any] | None = None,
        has_skills: bool = True,
    ):
        self.ros = ros
        self.feedback: list[Any] = []
        self.plans = ros.collect(Plan, 'current_plan')
        files = {}
        for name, graph in (('known', known), ('true', true)):
            if graph is not None:
                files[name] = str(folder / f'{name}.json')
                Path(files[name]).write_text(render_scene_graph(graph), 'utf-8')
        self.owns = {'graph__file': files['known']} if known else {}
        self.graph = ros.start_graph(**self.owns, domain=domain)
        if planners:
            self.planner = ros.start_planner(planner__order=order(*planners), domain=domain)
        if has_skills:
            world = {'world__file': files['true']} if true else {}
            self.skills = ros.start(MockSkillsNode, **{**world, **(skills or {})}, domain=domain)
        self.executor = ros.start(ExecutorNode, **(executor or {}), domain=domain)
        follow = [self.executor]
        follow += [self.planner] if planners else []
        follow += [self.skills] if has_skills else []
        ros.spin_until(lambda: all(node._mirror.graph is not None for node in follow))

    def send(self, task: str, **fields: Any):
        """Send a mission; the future of its result."""
        self.goal = self.ros.send_goal(
            ExecuteMission,
            'execute_mission',
            ExecuteMission.Goal(task=task, **fields),
            lambda message: self.feedback.append(message.feedback),
        )
        return self.goal.get_result_async()

    def end_of(self, future):
        """The result of a mission, with the name of its code and its status."""
        self.ros.spin_until(future.done, MISSION_S)
        response = future.result()
        is_success = response.status == GoalStatus.STATUS_SUCCEEDED
        assert is_success == (response.result.error_code == PlanErrorCode.NONE)
        return response.result

    def run(self, task: str, **fields: Any):
        """Send a mission and wait for its result."""
        return self.end_of(self.send(task, **fields))

    def wait_for(self, phase: int) -> Any:
        """The first feedback from now on that has a phase."""
        self.feedback.clear()
        return self.ros.spin_until(
            lambda: next((f for f in self.feedback if f.phase == phase), None), MISSION_S
        )


def start_today(ros, folder: Path, domain: str) -> Robot:
    """The robot of the commands in docs/missions.md: it knows the first packaged graph of a domain,
    the last one is the world.
    """
    first, *_, last = packaged_graphs(find_domain(domain)).values()
    known, true = (parse_scene_graph(path.read_text('utf-8')) for path in (first, last))
    return Robot(ros, folder, 'symbolic', known=known, true=true, domain=domain)


def code(result) -> str:
    return CODE_NAMES[result.error_code]


def steps(result) -> list[tuple[str, str, int]]:
    """Action, first target and status of each step that was tried."""
    return [(s.action, (list(s.targets) or [''])[0], s.status) for s in result.history]


class OddSkills(ManagedNode):
    """Serves one skill, goto, in a way that the field `how` says."""

    def __init__(self, **node_arguments: Any):
        super().__init__('odd_skills', MOCK_SKILLS_PARAMETERS, **node_arguments)
        self.how = 'fits'
        self.steps: list[PlanStep] = []

    def configure(self) -> None:
        self.serve_action(ExecuteSkill, 'skills/goto', self._go, lambda goal_handle: None)

    def _go(self, goal_handle: Any, result: ExecuteSkill.Result) -> None:
        step = goal_handle.request.step
        self.steps.append(step)
        if self.how == 'fits':
            result.observation.update.robot_location = step.targets[0]
        elif self.how == 'does not fit':
            edge = SceneEdge(source='gate_3', target='atlantis')
            result.observation.update = SceneGraphUpdate(remove_edges=[edge])
        elif self.how == 'cannot be read':
            result.observation = Observation(status=9)
        elif self.how == 'aborts':
            raise Refusal(PlanErrorCode.SKILL_FAILED, 'a wheel came off')
        elif self.how == 'has no base':
            raise Refusal(PlanErrorCode.SKILL_UNAVAILABLE, 'the base is off')
        elif self.how == 'breaks':
            raise ZeroDivisionError('a bug in a skill')


class OddPlanner(ManagedNode):
    """Plans the same drive over and over, to where nobody has ever been unless it is told where."""

    def __init__(self, **node_arguments: Any):
        super().__init__('prism_planner', PLANNER_PARAMETERS, **node_arguments)
        self.goal = 'atlantis'
        self.serve_action(PlanMission, 'plan_mission', self._plan, lambda goal_handle: None)

    def _plan(self, goal_handle: Any, result: PlanMission.Result) -> None:
        result.plan = Plan(steps=[PlanStep(action='goto', targets=[self.goal])])
