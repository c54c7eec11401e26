# SPDX-License-Identifier: Apache-2.0
"""The use of one robot, for `prism bench soak`: where it is at 10 Hz, nodes that come, move and go,
plans, goals, cancels, reads.

The graph is kept in step here, update by update, and compared with the owner's.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rclpy.action import ActionClient
from rclpy.node import Node as RosNode

from prism_core import Connection, GraphUpdate, Node, SceneGraph
from prism_msgs.action import PlanMission
from prism_msgs.msg import PlanErrorCode
from prism_msgs.srv import GetPlan, GetSceneGraph, UpdateGraph
from prism_ros.conversions import scene_graph_from_message, update_to_message
from prism_ros.errors import CODE_NAMES

LOST_S = 10.0
"""A call without a reply for so long is given up, and is a fault unless a node was killed."""
RECOVERY_S = 12.0
"""For so long after a kill calls may fail."""
REQUESTS = (
    'inspect the truck',
    'go to the warehouse',
    'how many trucks are there?',
    'is there something to put out a fire?',
    'what color is the forklift?',
    'Could you pop over to the gate and tell me whether it is shut?',
    'HX-201 status?',
    'map everything',
)
PLANNERS = ('', 'symbolic', 'student')
# Their own words for "no plan of mine": no fault of the nodes.
_ANSWERED = {PlanErrorCode.NONE, PlanErrorCode.INVALID_OUTPUT, PlanErrorCode.BUSY}


@dataclass
class Window:
    """What happened in one stretch of the run."""

    latency_s: dict[str, list[float]] = field(default_factory=dict)  # by what was asked
    faults: list[str] = field(default_factory=list)
    codes: Counter = field(default_factory=Counter)
    after_kills: Counter = field(default_factory=Counter)


class Load:
    """The mixed use of one robot; `step` starts what is due, replies come by callbacks."""

    def __init__(self, node: RosNode, graph: SceneGraph):
        self.window = Window()
        self.graph = graph
        self.excused_until_s = 0.0
        self._node = node
        self._clients = {
            kind: node.create_client(kind, name)
            for kind, name in (
                (UpdateGraph, 'update_graph'),
                (GetPlan, 'plan'),
                (GetSceneGraph, 'get_scene_graph'),
            )
        }
        self._goals = ActionClient(node, PlanMission, 'plan_mission')
        self._pending: dict[Any, tuple[str, float]] = {}
        self._updating: GraphUpdate | None = None
        self._turns = {'move': 0, 'change': 0, 'plan': 0, 'goal': 0}
        self._numbers = itertools.count(0, 1000)
        self._changes = _changes(graph, next(self._numbers))
        now_s = time.monotonic()
        self._tasks: list[list[Any]] = [
            [now_s, 0.1, self.move],
            [now_s + 0.05, 1.0, self._change],
            [now_s + 0.3, 2.0, self._plan],
            [now_s + 0.7, 5.0, self._goal],
            [now_s + 0.9, 10.0, self._ask_to_read],
        ]
        self._wants_read = False

    def step(self) -> None:
        """Start what is due and give up what is lost."""
        now_s = time.monotonic()
        for task in self._tasks:
            if now_s >= task[0]:
                task[0] = max(task[0] + task[1], now_s - task[1])
                task[2]()
        is_reading = any(what == 'read' for what, _ in self._pending.values())
        if self._wants_read and self._updating is None and not is_reading:
            self.read()
        self.give_up_lost()

    def give_up_lost(self) -> None:
        """Wait no longer for what had no reply for long."""
        now_s = time.monotonic()
        for future, (what, started_s) in list(self._pending.items()):
            if now_s - started_s > LOST_S:
                del self._pending[future]
                self._fault(f'{what}: no reply in {LOST_S:g} s', started_s)
                if what in ('move', 'change'):
                    self._updating, self._wants_read = None, True  # was it taken?
                elif what == 'read':
                    self._wants_read = True

    def excuse(self) -> None:
        """A node was killed: what fails for a while is no fault."""
        self.excused_until_s = time.monotonic() + RECOVERY_S

    def close(self) -> None:
        """Free the client of goals, which outlives its node otherwise."""
        self._goals.destroy()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._pending

    def _fault(self, sentence: str, since_s: float | None = None) -> None:
        if (since_s or time.monotonic()) < self.excused_until_s:
            self.window.after_kills[sentence.partition(':')[0]] += 1
        else:
            self.window.faults.append(sentence)

    def _send(self, what: str, future: Any, take: Callable[[Any], None]) -> None:
        self._pending[future] = (what, time.monotonic())

        def done(ended: Any) -> None:
            _, started_s = self._pending.pop(ended, (what, None))
            if started_s is not None:
                took_s = time.monotonic() - started_s
                self.window.latency_s.setdefault(what, []).append(took_s)
                take(ended.result())

        future.add_done_callback(done)

    # ------------------------------------------------------------------------------- the graph

    def move(self) -> None:
        """Tell that the robot is in the next region."""
        here = self.graph.robot_location or ''
        near = sorted(self.graph.region_network[here]) or [here]
        self._turns['move'] += 1
        self._update('move', GraphUpdate(robot_location=near[self._turns['move'] % len(near)]))

    def _change(self) -> None:
        if self._may_update:  # an update that is drawn is sent
            self._update('change', next(self._changes))

    @property
    def _may_update(self) -> bool:
        return self._updating is None and not self._wants_read

    def _update(self, what: str, update: GraphUpdate) -> None:
        if not self._may_update:
            return
        self._updating = update
        request = UpdateGraph.Request(update=update_to_message(update))
        self._send(what, self._clients[UpdateGraph].call_async(request), self._take_update)

    def _take_update(self, response: UpdateGraph.Response) -> None:
        update, self._updating = self._updating, None
        if update is None:
            return
        if response.success:
            self.graph = self.graph.apply(update)
        else:
            self._fault(f'update: {CODE_NAMES[response.error_code]} {response.error_msg}')

    def _ask_to_read(self) -> None:
        self._wants_read = True

    def read(self) -> None:
        """Have the owner's graph compared with the one that is kept here."""
        future = self._clients[GetSceneGraph].call_async(GetSceneGraph.Request())
        self._send('read', future, self._take_graph)

    def _take_graph(self, response: GetSceneGraph.Response) -> None:
        self._wants_read = False
        if response.success:
            self.compare(scene_graph_from_message(response.graph))
        else:
            self._fault(f'read: {CODE_NAMES[response.error_code]} {response.error_msg}')

    def compare(self, theirs: SceneGraph) -> None:
        """Hold the owner's graph against the one that is kept here."""
        if theirs.revision == self.graph.revision and theirs != self.graph:
            self._fault('graph: the owner has another one at the same revision')
        elif theirs.revision < self.graph.revision:
            self._fault(f'graph: at {theirs.revision}, {self.graph.revision} was confirmed')
        if theirs != self.graph:  # an update was taken, or lost, of which the reply did not come
            self._changes = _changes(theirs, next(self._numbers))
        self.graph = theirs

    # ------------------------------------------------------------------------------- planning

    def _next_request(self, kind: str) -> dict[str, str]:
        turn = self._turns[kind]
        self._turns[kind] += 1
        planner = PLANNERS[turn // len(REQUESTS) % len(PLANNERS)]
        return {'task': REQUESTS[turn % len(REQUESTS)], 'planner': planner}

    def _plan(self) -> None:
        request = GetPlan.Request(**self._next_request('plan'))
        self._send('plan', self._clients[GetPlan].call_async(request), self._take_plan)

    def _take_plan(self, response: Any) -> None:
        self.window.codes[CODE_NAMES[response.error_code]] += 1
        if response.error_code not in _ANSWERED:
            self._fault(f'plan: {CODE_NAMES[response.error_code]} {response.error_msg}')

    def _goal(self) -> None:
        cancels = self._turns['goal'] % 3 == 2
        goal = PlanMission.Goal(**self._next_request('goal'))

        def accepted(handle: Any) -> None:
            what = 'cancel' if cancels else 'goal'
            self._send(what, handle.get_result_async(), lambda end: ended(end.result))
            if cancels:
                handle.cancel_goal_async()

        def ended(result: PlanMission.Result) -> None:
            if not cancels or result.error_code != PlanErrorCode.CANCELED:
                self._take_plan(result)

        if self._goals.server_is_ready():
            self._send('accept', self._goals.send_goal_async(goal), accepted)


def _changes(graph: SceneGraph, first: int) -> Iterator[GraphUpdate]:
    """Objects that come, are moved and go, regions that are sent again, attributes that change.

    What was left in the middle goes first.
    """
    home, other = list(graph.regions)[:2]
    left = tuple(name for name in graph.objects if name.startswith('HX-'))
    if left:
        yield GraphUpdate(remove_nodes=left)
    for number in itertools.count(first):
        name = f'HX-{number}'
        crate = Node(name, 'object', (1.0, number % 7), attributes={'semantic_class': 'exchanger'})
        here = Connection('observed_from', name, home)
        yield GraphUpdate(upsert_nodes=(crate,), upsert_connections=(here,))
        yield GraphUpdate(set_attributes={name: {'state': f'open {number}'}})
        yield GraphUpdate(upsert_nodes=(graph.nodes[other],))
        yield GraphUpdate(
            upsert_connections=(Connection('observed_from', name, other),),
            remove_connections=(here,),
        )
        yield GraphUpdate(remove_nodes=(name,))
