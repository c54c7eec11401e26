# SPDX-License-Identifier: Apache-2.0
"""What a robot's day must not wear out."""

from __future__ import annotations

import subprocess
import sys

from prism_msgs.action import PlanMission
from prism_msgs.msg import NodeAttributes, SceneGraphUpdate
from prism_msgs.srv import GetSceneGraph, UpdateGraph
from prism_ros import managed_node

from .asking import TASK, plan, start_both

UPDATES = 1200


def test_a_robot_that_tells_where_it_is_for_long_still_gets_plans(ros):
    """A thousand updates that change no node and no connection once ended every answer."""
    node = start_both(ros)
    described = NodeAttributes(id='forklift_1')
    for number in range(UPDATES):
        update = SceneGraphUpdate()
        if number % 3 == 0:
            update.robot_location = ('field_1', 'field_2')[number // 3 % 2]
        elif number % 3 == 1:
            update.set_attributes = [described]
        assert ros.call(UpdateGraph, 'update_graph', update=update).success
    graph = ros.call(GetSceneGraph, 'get_scene_graph').graph
    assert (graph.revision, graph.robot_location) == (UPDATES, 'field_2')
    ros.spin_until(lambda: node._mirror.graph.revision == UPDATES)
    assert plan(ros).success


def test_results_of_goals_are_kept_for_a_while_and_not_for_ever(ros, monkeypatch):
    monkeypatch.setattr(managed_node, 'RESULT_TIMEOUT_S', 1)
    node = start_both(ros)
    (server,) = node._action_servers
    for _ in range(3):
        goal = ros.send_goal(PlanMission, 'plan_mission', PlanMission.Goal(task=TASK))
        asked = goal.get_result_async()
        ros.spin_until(asked.done)
        assert asked.result().result.plan.steps
    ros.spin_until(lambda: not server._goal_handles)
    assert not server._result_futures


HEAPS = """
import ctypes, threading
from prism_ros.process_memory import look_after_memory
look_after_memory()
barrier = threading.Barrier(12)
def work():
    kept = bytes(1000)
    barrier.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fdopen(1, b'w'))
libc.malloc_info(0, file)
libc.fflush(file)
"""
COLLECTIONS = """
import gc, weakref
from prism_ros import process_memory
process_memory.look_after_memory()
gc.disable()
class Circle:
    def __init__(self):
        self.me = self
old = Circle()
kept = [[] for _ in range(100_000)]
gc.collect()
assert gc.get_freeze_count() > 100_000
young = Circle()
seen = weakref.ref(old), weakref.ref(young)
del old, young
gc.collect()
print([one() is None for one in seen])
process_memory.WHOLE_EVERY_S = 0.0
gc.collect()
print([one() is None for one in seen])
"""


def run_python(program: str) -> str:
    return subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, check=True
    ).stdout


def test_threads_that_come_and_go_leave_few_heaps_behind():
    """A node grew with each planner that it started."""
    assert 1 <= run_python(HEAPS).count('<heap nr=') <= 2


def test_a_full_collection_looks_at_what_is_new_and_at_everything_now_and_then():
    assert run_python(COLLECTIONS).splitlines() == ['[False, True]', '[True, True]']
