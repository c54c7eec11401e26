# SPDX-License-Identifier: Apache-2.0
"""Recordings of ROS topics as MCAP files, of messages as they travelled. Knows no ROS.

The form is the one that rosbag2 writes, so that `ros2 bag play` and Foxglove read it: schemas are
ROS message definitions, messages are CDR. Sources: https://mcap.dev/spec/registry (profile ros2)
and rosbag2_storage_mcap of https://github.com/ros2/rosbag2 (metadata of a channel).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from prism_core.errors import ConfigError

PROFILE = 'ros2'
SCHEMA_ENCODING, MESSAGE_ENCODING = 'ros2msg', 'cdr'
CHUNK_BYTES = 1024 * 1024
_MAGIC = b'\x89MCAP0\r\n'  # at both ends of a file


class Recorded(NamedTuple):
    """A message: its topic and type, when it was received in nanoseconds, and its bytes."""

    topic: str
    type: str
    time_ns: int
    raw: bytes


class McapRecording:
    """A recording that is being written; a new file. Use as a context manager.

    Raises:
        ConfigError: the file is there already, or cannot be written; by each method, too, where
            the disk is full: what was flushed before can be read.
    """

    def __init__(self, path: Path):
        from mcap.writer import Writer

        try:
            self._file = path.open('xb')
        except OSError as error:
            raise ConfigError(f'cannot write {path}: {error.strerror}; name a new file') from error
        self._path = path
        self._writer = Writer(self._file, chunk_size=CHUNK_BYTES)
        self._writer.start(profile=PROFILE)
        self._channels: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def __enter__(self) -> McapRecording:
        return self

    def __exit__(self, *_: Any) -> None:
        try:
            with self._writing():
                self._writer.finish()
                self._file.close()
        finally:
            with suppress(OSError):  # the same again
                self._file.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigError(
                f'cannot write {self._path}: {error.strerror}; the recording ends there'
            ) from error

    def add_topic(self, topic: str, kind: str, definition: str, qos: str) -> None:
        """Say what a topic carries, before its first message.

        Args:
            topic: its full name.
            kind: of its messages, such as `std_msgs/msg/String`.
            definition: of the kind and of those within it, as `ros2msg` has it.
            qos: the offered QoS profiles, as YAML that rosbag2 reads.
        """
        schema = self._writer.register_schema(kind, SCHEMA_ENCODING, definition.encode())
        self._channels[topic] = self._writer.register_channel(
            topic, MESSAGE_ENCODING, schema, {'offered_qos_profiles': qos}
        )
        self._numbers[topic] = 0

    def write(self, topic: str, raw: bytes, time_ns: int) -> None:
        """Add a message as it came, received at a time."""
        self._numbers[topic] += 1
        with self._writing():
            self._writer.add_message(
                self._channels[topic], time_ns, raw, time_ns, sequence=self._numbers[topic]
            )

    def flush(self) -> None:
        """Hand all to the operating system, so that it survives the end of the process."""
        with self._writing():
            self._writer.flush()

    @property
    def counts(self) -> dict[str, int]:
        """How many messages there are of each topic."""
        return dict(self._numbers)


def read_recording(path: Path) -> Iterator[Recorded]:
    """The messages of a recording in the order in which they were written.

    A file that was cut off, as by a power failure, is read as far as it goes.

    Raises:
        ConfigError: it cannot be read, is no MCAP file, or a part of it is damaged.
    """
    from mcap.records import Channel, Message, Schema
    from mcap.stream_reader import StreamReader

    schemas: dict[int, str] = {}
    channels: dict[int, tuple[str, str]] = {}
    is_whole = True
    try:
        with path.open('rb') as file:
            head = file.read(len(_MAGIC))
            file.seek(-min(len(_MAGIC), file.seek(0, 2)), 2)
            is_whole = file.read() == _MAGIC or not _MAGIC.startswith(head)
            file.seek(0)
            for record in StreamReader(file, validate_crcs=True).records:
                if isinstance(record, Schema):
                    schemas[record.id] = record.name
                elif isinstance(record, Channel):
                    channels[record.id] = record.topic, schemas.get(record.schema_id, '')
                elif isinstance(record, Message):
                    yield Recorded(*channels[record.channel_id], record.log_time, record.data)
    except OSError as error:
        raise ConfigError(f'cannot read {path}: {error.strerror}') from error
    except Exception as error:  # of mcap, of struct and of whatever decompresses
        if is_whole:
            raise ConfigError(f'{path}: expected an MCAP file, {error!r}') from error
