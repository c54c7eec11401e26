# SPDX-License-Identifier: Apache-2.0
"""Recordings as MCAP files: what is written comes back, cut off or not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_core import ConfigError

pytest.importorskip('mcap')

from prism_core.mcap_file import McapRecording, Recorded, read_recording

TOPICS = {'/scene_graph': 'a_msgs/msg/A', '/robot1/status': 'b_msgs/msg/B'}
written = st.lists(
    st.tuples(st.sampled_from(list(TOPICS)), st.binary(max_size=200), st.integers(0, 2**63 - 1))
)


def write(path, messages, flush_behind: int | None = None) -> McapRecording:
    with McapRecording(path) as recording:
        for topic, kind in TOPICS.items():
            recording.add_topic(topic, kind, 'uint8 x', '- {depth: 1}')
        for index, (topic, raw, time_ns) in enumerate(messages):
            recording.write(topic, raw, time_ns)
            if index == flush_behind:
                recording.flush()
    return recording


@settings(max_examples=30, deadline=None)
@given(messages=written)
def test_messages_come_back_in_the_order_in_which_they_were_written(tmp_path_factory, messages):
    path = tmp_path_factory.mktemp('bag') / 'a.mcap'
    recording = write(path, messages)
    assert sum(recording.counts.values()) == len(messages)
    assert list(read_recording(path)) == [
        Recorded(topic, TOPICS[topic], time_ns, raw) for topic, raw, time_ns in messages
    ]


def test_a_file_that_was_cut_off_has_what_was_flushed(tmp_path):
    path = tmp_path / 'a.mcap'
    messages = [('/scene_graph', bytes([i]) * 50, i) for i in range(20)]
    write(path, messages, flush_behind=11)
    whole = path.read_bytes()
    found = []
    for length in range(0, len(whole), 41):
        path.write_bytes(whole[:length])
        found.append(len(list(read_recording(path))))
    assert found == sorted(found)
    assert set(found) == {0, 12, 20}


def test_another_reader_finds_the_profile_the_schemas_and_the_qos(tmp_path):
    from mcap.reader import make_reader

    path = tmp_path / 'a.mcap'
    write(path, [('/scene_graph', b'x', 5)])
    with path.open('rb') as file:
        reader = make_reader(file)
        assert reader.get_header().profile == 'ros2'
        summary = reader.get_summary()
    assert {schema.name: schema.encoding for schema in summary.schemas.values()} == dict.fromkeys(
        TOPICS.values(), 'ros2msg'
    )
    channel = next(c for c in summary.channels.values() if c.topic == '/scene_graph')
    assert channel.message_encoding == 'cdr'
    assert channel.metadata == {'offered_qos_profiles': '- {depth: 1}'}


def test_what_is_there_is_not_written_over(tmp_path):
    path = tmp_path / 'a.mcap'
    path.write_text('mine')
    with pytest.raises(ConfigError, match=r'cannot write .*a\.mcap: File exists; name a new file'):
        McapRecording(path)
    assert path.read_text() == 'mine'


def test_what_is_no_recording_or_damaged_is_refused(tmp_path):
    path = tmp_path / 'a.mcap'
    with pytest.raises(ConfigError, match=r'cannot read .*a\.mcap: No such file'):
        list(read_recording(path))
    path.write_text('this is a text of more than a few bytes')
    with pytest.raises(ConfigError, match='expected an MCAP file'):
        list(read_recording(path))
    path.unlink()
    write(path, [('/scene_graph', b'x' * 500, 5)])
    whole = bytearray(path.read_bytes())
    at = whole.index(b'zstd') + 20
    whole[at : at + 8] = b'\0' * 8
    path.write_bytes(whole)
    with pytest.raises(ConfigError, match='expected an MCAP file'):
        list(read_recording(path))
