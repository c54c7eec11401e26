# SPDX-License-Identifier: Apache-2.0
"""`prism bag`: what our nodes publish, recorded, and the graph out of it bit for bit."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import struct
import threading
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message

from prism_core import GraphUpdate, SceneGraph, parse_scene_graph
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import PlanningStatus, PlanStep, SceneGraphUpdate
from prism_msgs.msg import SceneGraph as SceneGraphMessage
from prism_msgs.srv import GetSceneGraph, UpdateGraph
from prism_ros.bag_commands import bag
from prism_ros.conversions import scene_graph_to_message, update_to_message
from prism_ros.errors import Refusal
from prism_ros.managed_node import latched

from ..core.strategies import fitting_updates, scene_graphs
from ..faults import recovery
from .robots import code, start_today
from .test_recording import OVERRIDES

pytest.importorskip('mcap')

from prism_core.mcap_file import McapRecording, read_recording
from prism_ros import recording
from prism_ros.recording import (
    TOPICS,
    define_kind,
    find_graph,
    name_of_kind,
    read_graph_of,
    record_topics,
    render_qos,
)


def raw_graph(graph: SceneGraph, epoch: int = 1) -> bytes:
    message = scene_graph_to_message(graph)
    message.epoch = epoch
    return bytes(serialize_message(message))


def bits(value) -> object:
    """All that a message says, its numbers to the last bit; not the bytes that fill gaps in CDR,
    which nobody sets.
    """
    if isinstance(value, float):
        return struct.pack('d', value)
    if hasattr(value, 'get_fields_and_field_types'):
        return {name: bits(getattr(value, name)) for name in value.get_fields_and_field_types()}
    return [bits(item) for item in value] if isinstance(value, list) else value


def bits_of(graph: SceneGraph) -> object:
    """As it goes over the wire, where costs are of single precision."""
    raw = bytes(serialize_message(scene_graph_to_message(graph)))
    return bits(deserialize_message(raw, SceneGraphMessage))


def raw_update(update: GraphUpdate, epoch: int = 1) -> bytes:
    message = update_to_message(update)
    message.epoch = epoch
    return bytes(serialize_message(message))


def write(path, messages) -> None:
    """Messages of (relative topic, bytes) in a new file."""
    with McapRecording(path) as recording:
        for name, (kind, _) in TOPICS.items():
            recording.add_topic(f'/{name}', name_of_kind(kind), define_kind(kind), '[]')
        for number, (name, raw) in enumerate(messages):
            recording.write(f'/{name}', raw, number)


@st.composite
def lives(draw) -> tuple[list[tuple[str, bytes]], list[SceneGraph]]:
    """What an owner publishes while its graph changes, and the graph at each revision."""
    graph = draw(scene_graphs(any_kind=True)).with_revision(0)
    states, messages = [graph], [('scene_graph', raw_graph(graph))]
    for _ in range(draw(st.integers(0, 4))):
        update = draw(fitting_updates(graph)) if graph.nodes else GraphUpdate()
        graph = graph.apply(update)
        numbered = GraphUpdate(
            **{
                **{key: getattr(update, key) for key in vars(update)},
                'base_revision': graph.revision - 1,
                'revision': graph.revision,
            }
        )
        states.append(graph)
        messages.append(('scene_graph_updates', raw_update(numbered)))
        if draw(st.booleans()):
            messages.append(('scene_graph', raw_graph(graph)))
    return messages, states


@settings(max_examples=20, deadline=None)
@given(life=lives(), data=st.data())
def test_every_state_of_a_graph_comes_out_of_a_recording_bit_for_bit(tmp_path_factory, life, data):
    messages, states = life
    path = tmp_path_factory.mktemp('bag') / 'a.mcap'
    write(path, messages)
    assert bits_of(read_graph_of(path).graph) == bits_of(states[-1])
    revision = data.draw(st.integers(0, len(states) - 1))
    assert bits_of(read_graph_of(path, revision).graph) == bits_of(states[revision])


@pytest.fixture
def messages():
    """Two lives of a graph: the second one begins at revision 3."""
    graph = parse_scene_graph('{"regions": [{"name": "a", "coords": [0, 0]}]}')
    moved = GraphUpdate(robot_location='a', base_revision=0, revision=1)
    return [
        ('scene_graph', raw_graph(graph, 7)),
        ('scene_graph_updates', raw_update(moved, 7)),
        ('scene_graph', raw_graph(graph.with_revision(3), 8)),
    ]


def test_a_life_and_a_revision_can_be_named(tmp_path, messages):
    path = tmp_path / 'a.mcap'
    write(path, messages)
    found = read_graph_of(path)
    assert (found.epoch, found.graph.revision, found.graph.robot_location) == (8, 3, None)
    found = read_graph_of(path, epoch=7)
    assert (found.epoch, found.graph.revision, found.graph.robot_location) == (7, 1, 'a')
    assert read_graph_of(path, 0).epoch == 7


def test_a_state_that_is_not_there_is_refused(tmp_path, messages):
    path = tmp_path / 'a.mcap'
    write(path, messages)
    with pytest.raises(Refusal, match='revision 9 of a scene graph, got one that ends at revision'):
        read_graph_of(path, 9)
    with pytest.raises(Refusal, match='a scene graph of epoch 5, got none'):
        read_graph_of(path, epoch=5)
    with pytest.raises(Refusal, match=r"got none; .*in namespace 'robot1', there is '' \(--names"):
        read_graph_of(path, namespace='robot1')
    with pytest.raises(Refusal, match='got none'):
        find_graph([])


def test_the_commands_print_and_write_the_graph_and_say_what_is_wrong(tmp_path, messages):
    path, out = tmp_path / 'a.mcap', tmp_path / 'a.json'
    write(path, messages)
    done = CliRunner().invoke(bag, ['graph', str(path), '--epoch', '7', '--out', str(out)])
    assert done.output == f'wrote {out}: epoch 7, revision 1\n'
    printed = CliRunner().invoke(bag, ['graph', str(path), '--epoch', '7']).output
    assert parse_scene_graph(printed) == parse_scene_graph(out.read_text())
    for arguments, words in (
        (['graph', str(path), '--revision', '9'], '[NO_SCENE_GRAPH 12010]'),
        (['graph', str(tmp_path / 'none.mcap')], 'No such file'),
        (['record', str(path), '--seconds', '1'], 'File exists; name a new file'),
    ):
        done = CliRunner().invoke(bag, arguments)
        assert done.exit_code == 1
        assert words in done.output


def test_another_reader_decodes_what_was_recorded_by_its_definitions(tmp_path, messages):
    factory = pytest.importorskip('mcap_ros2.decoder').DecoderFactory
    from mcap.reader import make_reader

    path = tmp_path / 'a.mcap'
    write(path, messages)
    with path.open('rb') as file:
        found = [
            m for *_, m in make_reader(file, decoder_factories=[factory()]).iter_decoded_messages()
        ]
    assert [(m.epoch, m.revision) for m in found] == [(7, 0), (7, 1), (8, 3)]
    assert found[1].robot_location == found[0].nodes[0].id == 'a'


def test_each_topic_of_the_settings_of_rosbag2_is_recorded_but_for_pictures():
    told = {topic.strip('/'): said['depth'] for topic, said in OVERRIDES.items()}
    assert told.pop('scene_graph/markers') == 1
    assert {name: depth for name, (_, depth) in TOPICS.items()} == told


@pytest.mark.parametrize('kind', [kind for kind, _ in TOPICS.values()])
def test_a_definition_has_all_kinds_within_once(kind):
    text = define_kind(kind)
    headings = [line for line in text.splitlines() if line.startswith('MSG: ')]
    assert len(headings) == len(set(headings)) > 1
    assert 'MSG: std_msgs/Header' in headings
    assert f'MSG: {name_of_kind(kind).replace("/msg", "")}' not in headings


class Recorder:
    """A recording that goes on until it is stopped."""

    def __init__(self, ros, path):
        self.path, self.counts, self._is_over = path, {}, threading.Event()
        named = {'domain_id': ros.domain, 'is_over': self._is_done}
        self._thread = threading.Thread(target=record_topics, args=[path], kwargs=named)
        self._thread.start()

    def _is_done(self, so_far) -> bool:
        self.counts = so_far
        return self._is_over.is_set()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join()


@pytest.fixture
def record(ros, tmp_path):
    """Starts recordings, and stops them at last."""
    with contextlib.ExitStack() as stack:

        def start() -> Recorder:
            recorder = Recorder(ros, tmp_path / f'{len(recorders)}.mcap')
            stack.callback(recorder.stop)
            recorders.append(recorder)
            return recorder

        recorders: list[Recorder] = []
        yield start


def check_is_of_owner(ros, path) -> None:
    """That the graph in a recording is that of its owner now, to the last bit."""
    owned, found = ros.call(GetSceneGraph, 'get_scene_graph').graph, read_graph_of(path)
    made = scene_graph_to_message(found.graph)
    made.epoch, made.header.stamp = found.epoch, owned.header.stamp
    assert bits(made) == bits(owned)


def test_a_recording_that_begins_late_has_the_graph_of_the_owner_bit_for_bit(ros, record):
    ros.start_graph()
    changes = [GraphUpdate(robot_location=place) for place in ('field_1', 'gate_1')]
    changes.append(GraphUpdate(set_attributes={'truck_1': {'color': 'red', 'seen': [1, 2.5]}}))
    for update in changes[:2]:
        assert ros.call(UpdateGraph, 'update_graph', update=update_to_message(update)).success
    late = record()
    ros.spin_until(lambda: late.counts.get('/scene_graph_updates') == 2)
    ros.spin_until(lambda: late.counts['/scene_graph'])
    assert ros.call(UpdateGraph, 'update_graph', update=update_to_message(changes[2])).success
    ros.spin_until(lambda: late.counts['/scene_graph_updates'] == 3)
    late.stop()
    check_is_of_owner(ros, late.path)
    types = {message.topic: message.type for message in read_recording(late.path)}
    assert types['/scene_graph'] == name_of_kind(SceneGraphMessage)
    assert types['/scene_graph_updates'] == name_of_kind(SceneGraphUpdate)


def test_a_mission_leaves_the_graph_of_its_owner_to_who_records_it_and_to_who_comes_when_it_is_over(
    ros, record, tmp_path
):
    robot, whole = start_today(ros, tmp_path, 'mapping'), record()
    ros.spin_until(lambda: whole.counts.get('/scene_graph'))
    result = robot.run('what color is the bicycle?')
    assert code(result) == 'NONE', result.error_msg
    revision = ros.call(GetSceneGraph, 'get_scene_graph').graph.revision
    assert revision > 5
    late = record()
    for recorder in (whole, late):
        ros.spin_until(lambda r=recorder: r.counts.get('/scene_graph_updates') == revision)
        ros.spin_until(lambda r=recorder: r.counts['/current_plan'] > 1)
        ros.spin_until(lambda r=recorder: r.counts['/planner_status'])
        recorder.stop()
        check_is_of_owner(ros, recorder.path)
        recorded = [*read_recording(recorder.path)]
        plans = [r.raw for r in recorded if r.topic == '/current_plan']
        plans = [deserialize_message(raw, PlanMessage) for raw in plans]
        last = [plan for plan in plans if plan.plan_id == result.last_plan.plan_id]
        # The planner tells it, too, which does not know how it went.
        assert PlanStep.SUCCEEDED in {plan.steps[-1].status for plan in last}
        last = {message.topic: message for message in recorded}
        status = deserialize_message(last['/planner_status'].raw, PlanningStatus)
        assert (status.state, status.last.attempts) == (PlanningStatus.READY, 1)
    assert 'bicycle_1' not in read_graph_of(whole.path, 0).graph.nodes


class SmallDisk(io.FileIO):
    """A file on a disk that has room for its beginning only."""

    room = 100_000

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


def open_on_small_disk(path: Path, mode: str = 'r', **settings):
    return (
        io.BufferedWriter(SmallDisk(path, mode)) if mode == 'xb' else open(path, mode, **settings)
    )


def test_a_disk_that_is_full_ends_a_recording_and_keeps_what_was_flushed(
    ros, tmp_path, monkeypatch
):
    node = ros.start_graph()
    monkeypatch.setattr(recording, 'FLUSH_S', 0.05)

    def describe() -> None:
        if node._graph_publisher.get_subscription_count():
            node._change(GraphUpdate(set_attributes={'truck_1': {'said': os.urandom(900).hex()}}))

    node.every(0.02, describe)
    small, large = tmp_path / 'a.mcap', tmp_path / 'b.mcap'
    with recovery('disk full: a recording') as fault:
        with monkeypatch.context() as patch:
            patch.setattr(Path, 'open', open_on_small_disk)
            done = CliRunner().invoke(bag, ['record', str(small)])
        said = f'Error: cannot write {small}: No space left on device; the recording ends there'
        assert done.output.splitlines()[-1] == said
        fault.says(f'exit status {done.exit_code}')
        assert read_graph_of(small).graph.regions
        fault.is_mended()
        counts = record_topics(
            large, domain_id=ros.domain, is_over=lambda counts: counts['/scene_graph']
        )
        assert counts['/scene_graph']


def test_qos_is_noted_as_rosbag2_does():
    (said,) = yaml.safe_load(render_qos(latched(256)))
    assert (said['history'], said['depth'], said['reliability'], said['durability']) == (
        1,
        256,
        1,
        1,
    )
