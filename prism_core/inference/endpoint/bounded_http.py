# SPDX-License-Identifier: Apache-2.0
"""An HTTP server of this machine's own clients in which one that is slow, silent or many holds no
place that another one needs.
"""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MAX_CONNECTIONS = 128
"""So many are open. For a further one that is cut which has been silent or sending for longest."""
READ_TIMEOUT_S = 5.0
"""From the first byte of a request to its last."""
SOCKET_TIMEOUT_S = 30.0
"""Until the first byte of a request has come, and until a reply has gone."""
_FULL = b'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'


class BoundedServer(ThreadingHTTPServer):
    """Keeps count of its connections and knows which of them have sent a whole request."""

    daemon_threads = True
    request_queue_size = MAX_CONNECTIONS

    def __init__(self, address: tuple[str, int], handler: type[BoundedHandler]):
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._unread: dict[socket.socket, None] = {}  # the oldest first
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection: in the place of a slow one, or not at all, where there are many."""
        with self._lock:
            if len(self._open) >= MAX_CONNECTIONS and self._unread:
                self._cut(next(iter(self._unread)))
            is_full = len(self._open) >= MAX_CONNECTIONS
            if not is_full:
                self._open.add(request)
                self._unread[request] = None
        if is_full:
            with contextlib.suppress(OSError):  # it has gone
                request.send(_FULL)
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection and close it."""
        with self._lock:
            self._open.discard(request)
            self._unread.pop(request, None)
        super().shutdown_request(request)

    def note_read(self, request: socket.socket, *, whole: bool) -> None:
        """Whether all of a connection's request has come."""
        with self._lock:
            self._unread.pop(request, None)
            if not whole and request in self._open:
                self._unread[request] = None

    def _cut(self, request: socket.socket) -> None:
        self._open.discard(request)
        del self._unread[request]
        with contextlib.suppress(OSError):  # it has gone by itself
            request.shutdown(socket.SHUT_RDWR)


class BoundedHandler(BaseHTTPRequestHandler):
    """Reads each request within its time; who answers says so by `begin_reply`."""

    protocol_version = 'HTTP/1.1'
    wbufsize = -1  # a reply goes out whole
    server: BoundedServer

    def setup(self) -> None:
        """Read through a clock."""
        super().setup()
        self._reader = _TimedReader(self.connection)
        self.rfile = io.BufferedReader(self._reader)

    def handle_one_request(self) -> None:
        """Wait for a request and answer it."""
        self._reader.begin()
        self.server.note_read(self.connection, whole=False)
        try:
            super().handle_one_request()
        except ConnectionError:  # it was cut, or the client has gone
            self.close_connection = True

    def begin_reply(self) -> None:
        """A reply may take its own time."""
        self.connection.settimeout(SOCKET_TIMEOUT_S)


class _TimedReader(io.RawIOBase):
    """Reads a socket; all of a request within its time, however it is dripped in."""

    def __init__(self, connection: socket.socket):
        self._connection = connection
        self._until_s: float | None = None

    def begin(self) -> None:
        """A request may come."""
        self._until_s = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._until_s is None:
            self._connection.settimeout(SOCKET_TIMEOUT_S)
            count = self._connection.recv_into(buffer)
            self._until_s = time.monotonic() + READ_TIMEOUT_S
            return count
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._connection.settimeout(left_s)
        return self._connection.recv_into(buffer)
