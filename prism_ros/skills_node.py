# SPDX-License-Identifier: Apache-2.0
"""SkillsNode: what nodes share that serve the skills of a robot, `skills/<action>`.

One step at a time, whatever the action; a cancel interrupts it. The scene graph is followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from prism_core import Action, Domain, SceneGraph
from prism_core.inference.planning_domain import find_planning_domain
from prism_msgs.action import ExecuteSkill
from prism_msgs.msg import PlanErrorCode, SceneGraphUpdate
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_ros.conversions import check_table, step_from_message
from prism_ros.errors import Refusal
from prism_ros.graph_mirror import KEPT_UPDATES, GraphMirror
from prism_ros.managed_node import ManagedNode, latched
from prism_ros.parameter_spec import ParameterSpec
from prism_ros.waiting import Waiter

GRAPH_S = 5.0  # that the first graph is waited for


class SkillsNode(ManagedNode):
    """Serves skills, one step at a time. Subclasses call `offer` in `configure`, and override
    `carry_out`.
    """

    def __init__(self, name: str, parameters: Sequence[ParameterSpec], **node_arguments: Any):
        super().__init__(name, parameters, **node_arguments)
        self._domain: Domain | None = None  # once it is configured
        self._servers: list[Any] = []
        self._mirror = GraphMirror()
        self._waiter: Waiter | None = None  # of the step under way
        self.listen(SceneGraphMessage, 'scene_graph', self._take_graph, latched(), raw=True)
        self.listen(
            SceneGraphUpdate, 'scene_graph_updates', self._take_update, latched(KEPT_UPDATES)
        )

    @property
    def domain(self) -> Domain:
        """The domain, once it was found."""
        assert self._domain is not None  # noqa: S101 - who serves is configured
        return self._domain

    @property
    def known(self) -> SceneGraph:
        """The scene graph as it is known now; there is one while an action is carried out."""
        assert self._mirror.graph is not None  # noqa: S101 - it was waited for
        return self._mirror.graph

    async def carry_out(
        self, action: Action, goal_handle: Any, waiter: Waiter, result: ExecuteSkill.Result
    ) -> None:
        """Carry out an action and fill the result. A graph is known.

        Args:
            action: a step of the domain, not checked against the graph.
            goal_handle: of the goal, for feedback.
            waiter: is interrupted when the step is canceled.
            result: gets the observation, in whichever way the step ends.

        Raises:
            Refusal: it could not do its work.
        """
        raise NotImplementedError

    def find_domain(self) -> Domain:
        """The domain that parameter `domain` names; steps are read by its table."""
        domain = find_planning_domain(self.get_parameter('domain').value)
        check_table(domain.table)
        self._domain = domain
        return domain

    def offer(self, names: Iterable[str]) -> None:
        """Serve the skills of some actions."""
        prefix = self.get_parameter('skills.prefix').value
        self._servers = [
            self.serve_action(ExecuteSkill, f'{prefix}{name}', self._executing(name), self._cancel)
            for name in names
        ]

    def deactivate(self) -> None:
        """End the step under way."""
        self._cancel(None)

    def cleanup(self) -> None:
        """Offer no skills any more."""
        for server in self._servers:
            self.end_action(server)
        self._servers = []

    def _executing(self, name: str) -> Any:
        async def execute(goal_handle: Any, result: ExecuteSkill.Result) -> None:
            await self._execute(name, goal_handle, result)

        return execute

    async def _execute(self, name: str, goal_handle: Any, result: ExecuteSkill.Result) -> None:
        if self._waiter is not None:
            raise Refusal(PlanErrorCode.BUSY, 'the robot is at another step; cancel that first')
        step = goal_handle.request.step
        if step.action != name:
            raise Refusal(
                PlanErrorCode.INVALID_ACTION, f"expected a step of {name}, got '{step.action[:80]}'"
            )
        action = step_from_message(step, self.domain.table)
        waiter = self._waiter = Waiter(self)
        try:
            if goal_handle.is_cancel_requested:
                waiter.interrupt()
            await waiter.until(lambda: self._mirror.graph is not None, GRAPH_S)
            if self._mirror.graph is None:
                raise Refusal(PlanErrorCode.NO_SCENE_GRAPH, 'no scene graph has come yet')
            await self.carry_out(action, goal_handle, waiter, result)
        finally:
            self._waiter = None

    def _cancel(self, goal_handle: Any) -> None:
        if self._waiter is not None:
            self._waiter.interrupt()

    def _take_graph(self, raw: bytes) -> None:
        self._mirror.take_graph(raw)

    def _take_update(self, message: SceneGraphUpdate) -> None:
        self._mirror.take_update(message)

    def _texts(self, name: str) -> list[str]:
        """The texts of a parameter that lists some; `['']` stands for none."""
        return [text for text in self.get_parameter(name).value if text]
