"""The other process of `prism bench`: takes graphs, and serves a plan call that does nothing."""

from __future__ import annotations

from collections.abc import Sequence

from std_msgs.msg import UInt64

from prism_core import Action, Plan, SceneGraph, Turn
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.srv import GetPlan
from prism_ros.conversions import scene_graph_from_message
from prism_ros.managed_node import ManagedNode, latched, run_node
from prism_ros.parameters import AUTOSTART


class InstantPlanner:
    """A planner that takes no time: what remains of a call of /plan is what PRISM adds."""

    name = 'instant'

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The same plan for everything."""
        return Plan((Action('answer', ('done',)),))

    def close(self) -> None:
        """Nothing to free."""


class BenchPeer(ManagedNode):
    """Answers every graph with its revision as soon as it is a SceneGraph again."""

    def __init__(self) -> None:
        super().__init__('prism_bench_peer', [AUTOSTART])
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
