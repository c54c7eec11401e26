# SPDX-License-Identifier: Apache-2.0
"""An HTTP server of this machine's own clients in which one that is slow, silent or many holds no
place that another one needs, and web pages of elsewhere are refused.
"""

from __future__ import annotations

import contextlib
import io
import ipaddress
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

MAX_CONNECTIONS = 128
"""So many are open. For a further one that is cut which has been silent or sending for longest."""
READ_TIMEOUT_S = 5.0
"""From the first byte of a request to its last."""
SOCKET_TIMEOUT_S = 30.0
"""Until the first byte of a request has come, and until a reply has gone."""
_FULL = b'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'


class RequestRefused(Exception):
    """A request that is not carried out: a status of HTTP and one sentence."""

    def __init__(self, status: int, sentence: str):
        self.status = status
        super().__init__(sentence)


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host.strip('[]')).is_loopback
    except ValueError:
        return host == 'localhost'


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

    def finish(self) -> None:
        """Close the connection; what a client that has gone did not take is dropped."""
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - named upstream
        """Say nothing."""

    def read_body(self, max_bytes: int) -> bytes:
        """All of the body of a request.

        Raises:
            RequestRefused: its length is not said, it is too long, or it comes too slowly; the
                connection is closed behind the reply, since the body was not read.
        """
        length = self.headers.get('Content-Length', '' if self.command == 'POST' else '0')
        if not length.isdecimal() or 'Transfer-Encoding' in self.headers:
            raise self._last_words(411, 'expected a body with its Content-Length, got none')
        if int(length) > max_bytes:
            raise self._last_words(
                413, f'the body has {length} bytes; at most {max_bytes} are read'
            )
        try:
            return self.rfile.read(int(length))
        except TimeoutError:
            raise self._last_words(
                408, f'expected all of the request within {READ_TIMEOUT_S:g} s; send it faster'
            ) from None

    def _last_words(self, status: int, sentence: str) -> RequestRefused:
        self.close_connection = True
        return RequestRefused(status, sentence)

    def check_origin(self, *, is_local: bool, is_strict: bool = False) -> None:
        """Refuse web pages of elsewhere, and their names for this machine (DNS rebinding).

        Args:
            is_local: the server listens on loopback only.
            is_strict: pages of other servers of this machine are refused, too.

        Raises:
            RequestRefused: it is one.
        """
        said = self.headers.get('Host', '')
        host = _host_of(f'//{said}')
        if is_local and said and not is_loopback(host):
            raise RequestRefused(403, f'expected a name of this machine as host, got {host[:80]!r}')
        origin = self.headers.get('Origin')
        if origin is None or (is_loopback(_host_of(origin)) and not is_strict):
            return
        is_own = origin == f'http://{said}' if is_strict else _host_of(origin) == host
        if not is_own or (is_local and not is_strict):
            raise RequestRefused(
                403, f'expected no web page of elsewhere to ask, got Origin {origin[:80]!r}'
            )

    def check_is_json(self) -> None:
        """Refuse what a web page may post anywhere, without asking first.

        Raises:
            RequestRefused: the body is said to be no JSON.
        """
        if self.headers.get_content_type() != 'application/json':
            said = self.headers.get('Content-Type', 'none')
            raise RequestRefused(415, f'expected Content-Type application/json, got {said[:80]}')

    def send_json(self, status: int, body: Any) -> None:
        """Send a whole reply."""
        data = json.dumps(body).encode()
        self.begin_reply()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        if self.close_connection:
            self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.write(data)

    def begin_reply(self) -> None:
        """A reply may take its own time."""
        self.connection.settimeout(SOCKET_TIMEOUT_S)


def _host_of(url: str) -> str:
    """The host of an address; what cannot be read is no host of this machine."""
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


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
