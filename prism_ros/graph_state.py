# SPDX-License-Identifier: Apache-2.0
"""What the owner of a scene graph keeps on disk, so that its restart loses nothing.

A folder holds a snapshot (two lines of JSON: where the graph came from, and the graph as SPINE
JSON) and a journal of the updates accepted since, one line of JSON each, written before anybody
hears of the update. A killed process loses nothing, as the kernel has the lines; a power cut may
lose the last ones, which the next start takes for a new epoch of the graph.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prism_core import (
    GraphUpdate,
    SceneGraph,
    SceneGraphError,
    parse_scene_graph,
    parse_update,
    render_scene_graph,
    render_update,
)
from prism_ros.graph_files import write_whole

COMPACT_UPDATES = 1000
COMPACT_BYTES = 8 * 1024 * 1024
RETRY_S = 10.0
_SCHEMA_VERSION = 1
_MAX_EPOCH = 2**63
_HEADER = {
    'epoch': int,
    **{'file': str, 'sha256': str, 'start': str, 'boot_id': str},
    **{'is_lost': bool, 'is_closed': bool},
}
_BOOT_ID = Path('/proc/sys/kernel/random/boot_id')


@dataclass(frozen=True)
class Origin:
    """What a graph was first made from: parameter `graph.file`, and the sha256 of that file."""

    file: str = ''
    sha256: str = ''


@dataclass(frozen=True)
class OwnedGraph:
    """A graph and its life.

    `is_lost`: what was known before is lost, and no update has said since where the robot is.
    `start`: parameter `graph.robot_location`, as it was when it last counted.
    """

    graph: SceneGraph
    epoch: int
    origin: Origin = Origin()
    start: str = ''
    is_lost: bool = False

    def after(self, update: GraphUpdate) -> OwnedGraph:
        """The same life, one update on.

        Raises:
            SceneGraphError: the update does not fit the graph.
        """
        return replace(
            self,
            graph=self.graph.apply(update),
            is_lost=self.is_lost and update.robot_location is None,
        )


def origin_of(setting: str, path: Path | None) -> Origin:
    """The origin of a graph that is read from a file now.

    Raises:
        OSError: the file cannot be read.
    """
    return Origin(setting, '' if path is None else hashlib.sha256(path.read_bytes()).hexdigest())


def new_epoch(last: int) -> int:
    """An epoch for a graph whose life begins now: above the last one known, 0 for none."""
    return max(time.time_ns(), last + 1)


class GraphState:
    """The state of one graph in a folder of its own, locked while it is in use.

    What cannot be read or written is said once in an error line; work goes on without, and what
    stands on the disk is set aside, so that nobody takes it for the latest.

    Args:
        folder: where; None keeps nothing.
        logger: has `info`, `warning` and `error`.
    """

    def __init__(self, folder: Path | None, logger: Any):
        self.last_epoch = 0  # the latest that is known of, 0 for none
        self.is_lost = False  # there was a state, and it cannot be used
        self._logger = logger
        self._failed_s: float | None = None  # when, if the last write failed
        self._lock: int | None = None
        self._journal: int | None = None
        self._updates = self._bytes = 0  # in the journal
        if folder is None:
            return
        self._folder = folder
        self._snapshot_path = folder / 'snapshot.jsonl'
        self._journal_path = folder / 'journal.jsonl'
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _lock(folder / 'lock')
        except OSError as error:
            self._fail(error)

    @property
    def is_failing(self) -> bool:
        """Whether it could not be written when that was last tried."""
        return self._failed_s is not None

    def restore(self, origin: Origin) -> OwnedGraph | None:
        """The graph as it was; None where it has to be made from its file."""
        if self._lock is None:
            return None
        try:
            owned, boot_id, is_closed = _parse_snapshot(self._snapshot_path.read_text('utf-8'))
            journal = b''
            with contextlib.suppress(FileNotFoundError):
                journal = self._journal_path.read_bytes()
        except FileNotFoundError:
            self.is_lost = any(
                list(self._folder.glob(f'{kind}_*')) for kind in ('broken', 'outdated')
            )
            return None
        except (OSError, ValueError, SceneGraphError) as error:
            self.is_lost = True
            aside = self._set_aside('broken')
            self._logger.error(
                f'the state of the scene graph is lost: {self._snapshot_path}: {error}; '
                f'it is kept as {aside}, and the graph is made from its file'
            )
            return None
        self.last_epoch = owned.epoch
        if owned.origin != origin:
            what = 'names another file' if owned.origin.file != origin.file else 'has changed'
            self._logger.info(
                f'the scene graph is made from its file, as graph.file {what} since its state was '
                f'kept; that is now {self._set_aside("former")}'
            )
            return None
        owned, is_whole = _replay(owned, journal)
        if not is_whole or not (is_closed or boot_id == _boot_id()):
            owned = replace(owned, epoch=new_epoch(owned.epoch), is_lost=True)
            self._logger.warning(
                f'the scene graph is restored at revision {owned.graph.revision}, but the last '
                'updates before the end may be missing; tell where the robot is'
            )
        return owned

    def record(self, update: GraphUpdate, owned: OwnedGraph) -> None:
        """Note an update; `owned` is what it leads to."""
        if self._lock is None:
            return
        if self._journal is None:
            if self._failed_s is not None and time.monotonic() - self._failed_s >= RETRY_S:
                self.save(owned)
            return
        entry = {
            'epoch': owned.epoch,
            'revision': owned.graph.revision,
            'update': render_update(update),
        }
        line = json.dumps(entry).encode() + b'\n'
        try:
            _append(self._journal, line)
        except OSError as error:
            self._fail(error)
            return
        self._updates += 1
        self._bytes += len(line)
        if self._updates >= COMPACT_UPDATES or self._bytes >= COMPACT_BYTES:
            self.save(owned)

    def save(self, owned: OwnedGraph, *, is_closed: bool = False) -> None:
        """Write a snapshot, and empty the journal."""
        if self._lock is None:
            return
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            write_whole(self._snapshot_path, _render_snapshot(owned, is_closed))
            if self._journal is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
                self._journal = os.open(self._journal_path, flags, 0o600)
            os.ftruncate(self._journal, 0)
        except OSError as error:
            self._fail(error)
            return
        self._updates = self._bytes = 0
        if self._failed_s is not None:
            self._failed_s = None
            self._logger.info(f'the state of the scene graph is kept in {self._folder} again')

    def close(self) -> None:
        """Let go of the folder."""
        for file in (self._journal, self._lock):
            if file is not None:
                os.close(file)
        self._journal = self._lock = None

    def _fail(self, error: OSError) -> None:
        is_first, self._failed_s = self._failed_s is None, time.monotonic()
        if self._journal is not None:
            os.close(self._journal)
            self._journal = None
        if self._lock is not None:
            self._set_aside('outdated')
        if is_first:
            self._logger.error(
                f'cannot keep the state of the scene graph in {self._folder}: {error.strerror}; '
                'it goes on without, and a restart would lose what it is told'
            )

    def _set_aside(self, kind: str) -> Path:
        """Rename snapshot and journal, which takes no room on a disk; where the snapshot is now."""
        number = 1
        while list(self._folder.glob(f'{kind}_{number}.*')):
            number += 1
        paths = self._snapshot_path, self._journal_path
        aside, *_ = targets = [path.with_name(f'{kind}_{number}.{path.name}') for path in paths]
        for path, target in zip(paths, targets):
            with contextlib.suppress(OSError):
                path.rename(target)
        return aside


def _append(file: int, line: bytes) -> None:
    if os.fstat(file).st_nlink == 0:
        raise OSError(errno.ENOENT, 'the journal was deleted')
    if os.write(file, line) < len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _lock(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        raise OSError(error.errno, 'another node keeps its state there') from None
    return file


def _boot_id() -> str:
    """Of this run of the kernel: what was written to a file in the same one is still there."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ''


def _render_snapshot(owned: OwnedGraph, is_closed: bool) -> str:
    header = {
        'schema_version': _SCHEMA_VERSION,
        'epoch': owned.epoch,
        'file': owned.origin.file,
        'sha256': owned.origin.sha256,
        'start': owned.start,
        'is_lost': owned.is_lost,
        'is_closed': is_closed,
        'boot_id': _boot_id(),
    }
    return f'{json.dumps(header)}\n{render_scene_graph(owned.graph)}\n'


def _parse_snapshot(text: str) -> tuple[OwnedGraph, str, bool]:
    """The graph, the boot in which it was written, and whether nothing can have come after.

    Raises:
        ValueError, SceneGraphError: that is no snapshot.
    """
    first, _, rest = text.partition('\n')
    header = json.loads(first)
    if not isinstance(header, dict) or header.get('schema_version') != _SCHEMA_VERSION:
        raise ValueError(f'expected a snapshot of schema version {_SCHEMA_VERSION}')
    wrong = [key for key, kind in _HEADER.items() if type(header.get(key)) is not kind]
    if wrong or not 0 < header['epoch'] < _MAX_EPOCH:
        raise ValueError(f'expected another value of {", ".join(wrong) or "epoch"}')
    owned = OwnedGraph(
        parse_scene_graph(rest),
        header['epoch'],
        Origin(header['file'], header['sha256']),
        header['start'],
        header['is_lost'],
    )
    return owned, header['boot_id'], header['is_closed']


def _replay(owned: OwnedGraph, journal: bytes) -> tuple[OwnedGraph, bool]:
    """The graph after the updates of a journal, and whether each of its whole lines was one.

    A torn last line is of an update that nobody has heard of.
    """
    *lines, _ = journal.split(b'\n')
    for line in lines:
        try:
            entry = json.loads(line)
            revision = owned.graph.revision
            if entry['epoch'] != owned.epoch or entry['revision'] <= revision:
                continue
            if entry['revision'] != revision + 1:
                return owned, False
            kinds = {name: node.kind for name, node in owned.graph.nodes.items()}
            owned = owned.after(parse_update(entry['update'], kinds))
        except (ValueError, KeyError, TypeError, SceneGraphError):
            return owned, False
    return owned, True
