# SPDX-License-Identifier: Apache-2.0
"""The other process of `prism bench`: the planner node with what its speed is held against."""

from __future__ import annotations

from collections.abc import Sequence

from std_msgs.msg import UInt64

from prism_core import DEFAULT_DOMAIN, Action, Plan, Role, SceneGraph, Turn, find_domain
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.srv import GetPlan
from prism_ros.conversions import scene_graph_from_message
from prism_ros.managed_node import latched, run_node
from prism_ros.planner_node import PlannerNode


class InstantPlanner:
    """A planner that takes no time: what remains of a call of /plan is what PRISM adds."""

    name = 'instant'

    def __init__(self):
        end = find_domain(DEFAULT_DOMAIN).table.of_role(Role.REPORT)
        assert end is not None  # noqa: S101 - missions of the default domain end with a report
        self._end = Action(end.name, ('done',))

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The same plan for everything."""
        return Plan((self._end,))

    def close(self) -> None:
        """Nothing to free."""


class BenchPeer(PlannerNode):
    """Offers a coroutine that does nothing beside /plan, and answers graphs with their revision."""

    def __init__(self) -> None:
        super().__init__()
        self._answers = self.create_publisher(UInt64, 'bench_received', latched())
        self.listen(SceneGraphMessage, 'bench_graph', self._receive, latched())
        self.create_service(GetPlan, 'bench_nothing', self._do_nothing, callback_group=self.group)

    def _receive(self, message: SceneGraphMessage) -> None:
        graph = scene_graph_from_message(message)
        self._answers.publish(UInt64(data=graph.revision))

    async def _do_nothing(self, request, response):
        return response


if __name__ == '__main__':
    run_node(BenchPeer)
