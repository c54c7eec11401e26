# SPDX-License-Identifier: Apache-2.0
"""Our topics in an MCAP file, as they travelled, and the scene graph that they make.

What is recorded is what anybody hears who joins late: the latched graph and each delta. The graph
is made of it by the mirror that planners follow the graph with, so what comes of a recording is
what a planner knew.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rclpy
import yaml
from ament_index_python.packages import get_package_share_directory
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message

from prism_core import SceneGraph
from prism_core.mcap_file import McapRecording, Recorded, read_recording
from prism_msgs.msg import Plan, PlanErrorCode, PlanningStatus, SceneGraphUpdate
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_ros.errors import Refusal
from prism_ros.graph_mirror import GraphMirror, read_version
from prism_ros.managed_node import latched

TOPICS: dict[str, tuple[Any, int]] = {
    'scene_graph': (SceneGraphMessage, 1),
    'scene_graph_updates': (SceneGraphUpdate, 256),
    'scene_graph/heartbeat': (SceneGraphUpdate, 1),
    'current_plan': (Plan, 1),
    'planner_status': (PlanningStatus, 1),
}
"""What is recorded: relative names, kinds, and depths as they are published with."""

FLUSH_S = 1.0
_TURN_S = 0.2
_BETWEEN = '=' * 80
_FIELD = re.compile(r'^\s*(?P<type>[A-Za-z][\w/]*)(?:<=\d+)?(?:\[.*?\])?\s+\w', re.MULTILINE)
_BUILT_IN = re.compile(r'(?:bool|byte|char|w?string|(?:float|u?int)\d+)')


def record_topics(
    path: Path,
    *,
    namespace: str = '',
    domain_id: int | None = None,
    is_over: Callable[[dict[str, int]], bool] = lambda counts: False,
) -> dict[str, int]:
    """Record our topics until told to end.

    Args:
        path: of the new file.
        namespace: of the robot; '' for none.
        domain_id: the ROS domain; None for that of the environment.
        is_over: told how many messages there are of each topic, several times a second; whether
            to end. It goes on until the process is told to end where this never is.

    Returns:
        How many messages there are of each topic, by full names.

    Raises:
        ConfigError: the file is there already, or cannot be written.
    """
    with McapRecording(path) as recording:
        context = rclpy.Context()
        rclpy.init(context=context, domain_id=domain_id)
        node = rclpy.create_node('prism_recorder', namespace=namespace, context=context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        try:
            for name, (kind, depth) in TOPICS.items():
                _follow(node, recording, name, kind, latched(depth))
            flushed_s = time.monotonic()
            while context.ok() and not is_over(recording.counts):
                executor.spin_once(timeout_sec=_TURN_S)
                if time.monotonic() - flushed_s >= FLUSH_S:
                    recording.flush()
                    flushed_s = time.monotonic()
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        finally:
            executor.shutdown()
            node.destroy_node()
            rclpy.try_shutdown(context=context)
        return recording.counts


def _follow(node: Any, recording: McapRecording, name: str, kind: Any, qos: QoSProfile) -> None:
    topic = node.resolve_topic_name(name)
    recording.add_topic(topic, name_of_kind(kind), define_kind(kind), render_qos(qos))

    def take(raw: bytes, info: dict) -> None:
        stamp_ns = info.get('received_timestamp') or node.get_clock().now().nanoseconds
        recording.write(topic, raw, stamp_ns)

    node.create_subscription(kind, name, take, qos, raw=True)


def name_of_kind(kind: Any) -> str:
    """A kind of messages in full, such as `std_msgs/msg/String`."""
    return f'{kind.__module__.partition(".")[0]}/msg/{kind.__name__}'


def define_kind(kind: Any) -> str:
    """The definition of a kind of messages and of all within it, as `ros2msg` of MCAP has it."""
    package, _, name = name_of_kind(kind).split('/')
    parts: dict[str, str] = {}
    waiting = [(package, name)]
    while waiting:
        package, name = waiting.pop(0)
        full = f'{package}/{name}'
        if full in parts:
            continue
        folder = Path(get_package_share_directory(package))
        text = parts[full] = (folder / 'msg' / f'{name}.msg').read_text('utf-8')
        waiting += _kinds_in(text, package)
    (_, first), *others = parts.items()
    return first + ''.join(f'\n{_BETWEEN}\nMSG: {full}\n{text}' for full, text in others)


def _kinds_in(text: str, package: str) -> Iterator[tuple[str, str]]:
    """The kinds of the fields of a definition, but for the built-in ones."""
    for line in text.splitlines():
        field = _FIELD.match(line.partition('#')[0])
        if field is None or _BUILT_IN.fullmatch(field['type']):
            continue
        *prefix, name = field['type'].split('/')
        yield (prefix[0] if prefix else package), name


def render_qos(qos: QoSProfile) -> str:
    """A QoS profile as rosbag2 notes what was offered: YAML, a list of one."""
    return yaml.safe_dump(
        [
            {
                'history': int(qos.history),
                'depth': qos.depth,
                'reliability': int(qos.reliability),
                'durability': int(qos.durability),
                'deadline': {'sec': 2147483647, 'nsec': 4294967295},
                'lifespan': {'sec': 2147483647, 'nsec': 4294967295},
                'liveliness': int(qos.liveliness),
                'liveliness_lease_duration': {'sec': 2147483647, 'nsec': 4294967295},
                'avoid_ros_namespace_conventions': False,
            }
        ]
    )


@dataclass(frozen=True)
class RecordedGraph:
    """The scene graph of a moment of a recording, and its epoch."""

    graph: SceneGraph
    epoch: int


def find_graph(
    messages: Iterable[Recorded], revision: int | None = None, epoch: int | None = None
) -> RecordedGraph:
    """The scene graph that recorded messages make.

    Args:
        messages: of one robot, in the order in which they came.
        revision: which state of the graph; None for the last one.
        epoch: of which life of the graph; None for the last one that was recorded.

    Raises:
        Refusal: there is no such state in the recording.
        SceneGraphError: a message is no valid graph or update.
    """
    mirror, found = GraphMirror(), None
    for message in messages:
        if message.type == name_of_kind(SceneGraphMessage):
            version = read_version(message.raw)
            if not _is_wanted(version, revision, epoch):
                continue
            mirror.take_graph(message.raw)
        elif message.topic.endswith('scene_graph_updates'):
            update = deserialize_message(message.raw, SceneGraphUpdate)
            if not _is_wanted((update.epoch, update.revision), revision, epoch):
                continue
            mirror.take_update(update)
        if mirror.graph is not None and revision in (None, mirror.graph.revision):
            found = RecordedGraph(mirror.graph, mirror.epoch)
    if found is None:
        wanted = 'a scene graph' if revision is None else f'revision {revision} of a scene graph'
        of = '' if epoch is None else f' of epoch {epoch}'
        last = mirror.graph
        got = 'none' if last is None else f'one that ends at revision {last.revision}'
        raise Refusal(
            PlanErrorCode.NO_SCENE_GRAPH, f'expected a recording with {wanted}{of}, got {got}'
        )
    return found


def _is_wanted(version: tuple[int, int], revision: int | None, epoch: int | None) -> bool:
    return epoch in (None, version[0]) and (revision is None or version[1] <= revision)


def read_graph_of(
    path: Path, revision: int | None = None, epoch: int | None = None, namespace: str = ''
) -> RecordedGraph:
    """The scene graph of a recording, see `find_graph`; of several robots, that of a namespace.

    Raises:
        ConfigError: the file cannot be read.
        Refusal: there is no such state in the recording.
        SceneGraphError: a message is no valid graph or update.
    """
    prefix = f'/{namespace.strip("/")}/' if namespace else '/'
    names = {f'{prefix}{name}' for name in TOPICS}
    others = set[str]()  # robots whose graphs are there

    def ours() -> Iterator[Recorded]:
        for message in read_recording(path):
            if message.topic in names:
                yield message
            elif message.type == name_of_kind(SceneGraphMessage):
                others.add(message.topic.removesuffix('scene_graph').strip('/'))

    try:
        return find_graph(ours(), revision, epoch)
    except Refusal as refusal:
        if not others:
            raise
        there = ', '.join(f"'{other}'" for other in sorted(others))
        whose = f"namespace '{namespace}'" if namespace else 'no namespace'
        raise Refusal(
            refusal.code, f'{refusal}; it was sought in {whose}, there is {there} (--namespace)'
        ) from refusal
