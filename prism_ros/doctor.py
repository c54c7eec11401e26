# SPDX-License-Identifier: Apache-2.0
"""What is on this machine and in this ROS domain: for `prism doctor` and `ros2 doctor`.

The student's part needs no ROS; what needs it is left out where there is none, which is said.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections import Counter
from typing import Any

from prism_core.inference.self_check import Checked, check_student

LISTEN_S = 4.0
"""Longer than the 3 s after which Fast DDS has a node that was not heard announce itself again; a
latched status comes with that.
"""
_VARIABLES = (
    *('ROS_DISTRO', 'ROS_DOMAIN_ID', 'ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_STATIC_PEERS'),
    *('ROS_LOCALHOST_ONLY', 'CYCLONEDDS_URI', 'FASTRTPS_DEFAULT_PROFILES_FILE'),
)


def examine(listen_s: float = LISTEN_S) -> list[Checked]:
    """All that is known here: the student, the middleware, and the nodes that are heard.

    Args:
        listen_s: how long nodes are listened for.
    """
    return [*check_student(), *_check_ros(listen_s)]


def _check_ros(listen_s: float) -> list[Checked]:
    if importlib.util.find_spec('rclpy') is None:
        fault = 'ROS 2 is not sourced; source /opt/ros/<distro>/setup.bash or .venv/setup.sh'
        return [Checked('ROS', 'none', fault)]
    import rclpy

    named = ', '.join(f'{name}={os.environ[name]}' for name in _VARIABLES if name in os.environ)
    found = [
        Checked('RMW', rclpy.get_rmw_implementation_identifier()),
        Checked('ROS variables', named or 'none: domain 0, all machines of the network'),
    ]
    try:
        from prism_msgs.msg import PlanningStatus, SceneGraphUpdate
    except ImportError as error:
        fault = f'prism_msgs cannot be imported ({error}); source install/setup.bash'
        return [*found, Checked('prism_msgs', 'none', fault, is_error=True)]
    heard = _listen({'planner_status': PlanningStatus, 'heartbeat': SceneGraphUpdate}, listen_s)
    planners = [
        _check_planner(topic, message, PlanningStatus)
        for (topic, message) in heard['planner_status'].items()
    ]
    graphs = [_check_graph(topic, message) for topic, message in heard['heartbeat'].items()]
    nodes = heard['nodes']
    return [
        *found,
        *(planners or [Checked('planner', f'none heard in {listen_s:g} s')]),
        *(graphs or [Checked('scene graph', f'no owner heard in {listen_s:g} s')]),
        *_check_doubled(nodes),
    ]


def _listen(kinds: dict[str, Any], listen_s: float) -> dict[str, Any]:
    """The last message of every topic whose name ends so, and the full names of all nodes."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.node import Node

    from prism_ros.managed_node import latched

    context = rclpy.Context()
    rclpy.init(context=context)
    node = Node(
        f'prism_doctor_{os.getpid()}',
        context=context,
        start_parameter_services=False,
        enable_rosout=False,
    )
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    heard: dict[str, dict[str, Any]] = {ending: {} for ending in kinds}
    followed: set[str] = set()
    end_s = time.monotonic() + listen_s
    try:
        while time.monotonic() < end_s:
            for topic, _ in node.get_topic_names_and_types():
                ending = topic.rpartition('/')[2]
                if ending in kinds and topic not in followed:
                    followed.add(topic)
                    keep = heard[ending]
                    node.create_subscription(
                        kinds[ending],
                        topic,
                        lambda message, topic=topic, keep=keep: keep.update({topic: message}),
                        latched(),
                    )
            executor.spin_once(timeout_sec=0.1)
        names = [
            f'{space.rstrip("/")}/{name}' for name, space in node.get_node_names_and_namespaces()
        ]
        return {**heard, 'nodes': names}
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)


def _check_planner(topic: str, status: Any, kind: Any) -> Checked:
    names = {getattr(kind, name): name for name in ('READY', 'LOADING', 'PLANNING', 'DEGRADED')}
    state = {**names, kind.FAULT: 'FAULT', kind.INACTIVE: 'INACTIVE'}.get(status.state, '?')
    is_well = state in ('READY', 'LOADING', 'PLANNING')
    name = f'planner at {topic.rpartition("/")[0] or "/"}'
    said = f'{state}: {status.detail}'
    fault = '' if is_well else f'{name} is {said}; topic /diagnostics says more'
    return Checked(name, said, fault, is_error=state == 'FAULT')


def _check_graph(topic: str, beat: Any) -> Checked:
    name = f'scene graph at {topic.rpartition("/scene_graph/")[0] or "/"}'
    place = f'the robot in {beat.robot_location}' if beat.robot_location else 'no robot location'
    fault = '' if beat.robot_location else f'{name}: nobody has told where the robot is'
    return Checked(name, f'epoch {beat.epoch}, revision {beat.revision}, {place}', fault)


def _check_doubled(nodes: list[str]) -> list[Checked]:
    """Nodes of ours that are there more than once under one name."""
    return [
        Checked(
            'node',
            name,
            f'{count} nodes are called {name}, and any of them answers; end all but one, or give '
            'each robot a namespace',
            is_error=True,
        )
        for name, count in sorted(Counter(nodes).items())
        if count > 1 and name.rpartition('/')[2].startswith('prism_')
    ]
