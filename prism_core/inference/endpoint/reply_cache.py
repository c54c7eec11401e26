# SPDX-License-Identifier: Apache-2.0
"""Replies of a language model in a file, so that a run that is killed replays them without paying.

A reply is stored before it is used. kill -9 loses the calls in flight and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

from prism_core.errors import ConfigError, PlannerUnavailable
from prism_core.inference.endpoint.spending import Spending

_NUMBERS = [f.name for f in fields(Spending)]
_SCHEMA = f"""
    CREATE TABLE IF NOT EXISTS calls (
        id INTEGER PRIMARY KEY,
        key TEXT,
        text TEXT NOT NULL,
        refusal TEXT NOT NULL,
        served_model TEXT NOT NULL,
        {', '.join(f'{name} NUMERIC NOT NULL' for name in _NUMBERS)}
    );
    CREATE INDEX IF NOT EXISTS calls_by_key ON calls (key);
"""
_BUSY_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Reply:
    """What came of a call: a text, or why the model gave none; who gave it, and what it cost."""

    text: str = ''
    refusal: str = ''
    served_model: str = ''
    spending: Spending = field(default_factory=Spending)


def make_key(**request) -> str:
    """The key of a request: a hash of all that may change the reply.

    Raises:
        UnicodeEncodeError: a text holds half of a surrogate pair.
    """
    text = json.dumps(request, sort_keys=True, ensure_ascii=False, separators=(',', ':'))
    return hashlib.sha256(text.encode()).hexdigest()


class ReplyCache:
    """An SQLite file in WAL mode; safe to use from several threads.

    Two episodes that ask the same get the same reply, and it is paid for once. Where both asked at
    the same time, both are paid for, and the first reply is everyone's. What cannot be read or
    written later (a full disk) is a PlannerUnavailable.

    Args:
        path: the file; it is made where there is none.

    Raises:
        ConfigError: the file cannot be used.
    """

    def __init__(self, path: Path):
        self._path = path
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(
                path, _BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._db.execute('PRAGMA journal_mode=WAL')
            self._db.execute('PRAGMA synchronous=NORMAL')
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise ConfigError(
                f'{path} cannot be used as a cache of replies: {error}; remove it or name another'
            ) from error

    def get(self, key: str) -> Reply | None:
        """The reply that is stored under a key."""
        with self._use():
            return self._find(key)

    def put(self, key: str, reply: Reply) -> Reply:
        """Store a reply and what it cost; the reply that is now stored under the key."""
        with self._use():
            self._insert(key, reply)
            return self._find(key) or reply

    def add_lost(self, spending: Spending) -> None:
        """Store the cost of a call that was never answered."""
        with self._use():
            self._insert(None, Reply(spending=spending))

    @property
    def spending(self) -> Spending:
        """What all stored calls cost together."""
        sums = ', '.join(f'TOTAL({name})' for name in _NUMBERS)
        with self._use():
            (row,) = self._db.execute(f'SELECT {sums} FROM calls')  # noqa: S608 - our own names
        kinds = [type(value) for value in astuple(Spending())]
        return Spending(*(kind(value) for kind, value in zip(kinds, row)))

    @property
    def served_models(self) -> frozenset[str]:
        """The models that gave the stored replies, as the endpoint named them."""
        with self._use():
            rows = self._db.execute("SELECT DISTINCT served_model FROM calls WHERE key <> ''")
            return frozenset(row[0] for row in rows)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def _use(self) -> Iterator[None]:
        """The database, for one thread at a time.

        Raises:
            PlannerUnavailable: it cannot be read or written.
        """
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise PlannerUnavailable(
                    f'the cache of replies {self._path} cannot be used: {error}; correct that and '
                    'resume'
                ) from error

    def _find(self, key: str) -> Reply | None:
        row = self._db.execute(
            'SELECT * FROM calls WHERE key = ? ORDER BY id LIMIT 1', (key,)
        ).fetchone()
        if row is None:
            return None
        text, refusal, served_model, *numbers = row[2:]
        return Reply(text, refusal, served_model, Spending(*numbers))

    def _insert(self, key: str | None, reply: Reply) -> None:
        row = (key, reply.text, reply.refusal, reply.served_model, *astuple(reply.spending))
        marks = ', '.join('?' * (len(row) + 1))
        self._db.execute(f'INSERT INTO calls VALUES ({marks})', (None, *row))  # noqa: S608
