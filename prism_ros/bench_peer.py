"""The other process of `prism bench`: the planner node with what its speed is held against."""

from __future__ import annotations

from collections.abc import Sequence

from std_msgs.msg import UInt64

from prism_core import Action, Plan, SceneGraph, Turn
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.srv import GetPlan
from prism_ros.conversions import scene_graph_from_message
from prism_ros.managed_node import latched, run_node
from prism_ros.planner_node import PlannerNode


class InstantPlanner:
    """A planner that takes no time: what remains of a call of /plan is what PRISM adds."""

    name = 'instant'

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The same plan for everything."""
        return Plan((Action('answer', ('done',)),))

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
