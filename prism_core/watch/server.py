# SPDX-License-Identifier: Apache-2.0
"""WatchServer: shows a board to browsers of this machine, live, and takes what a person tells.

Listens on loopback only and takes neither names of elsewhere nor pages of other servers. What is
shown is written once, at a bounded rate, for all browsers; each has a thread of its own, so that
one that is slow or gone keeps nothing and nobody waiting.
"""

from __future__ import annotations

import json
import select
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prism_core.inference.endpoint.bounded_http import (
    BoundedHandler,
    BoundedServer,
    RequestRefused,
)
from prism_core.json_text import load_json
from prism_core.pictures.web_page import render_web_page
from prism_core.watch.board import WatchBoard
from prism_core.watch.commands import CommandRefused, read_command
from prism_core.watch.watched import RobotCommands

HOST = '127.0.0.1'
PERIOD_S = 0.2
"""What is shown changes so often at most."""
BEAT_S = 1.0
"""Something is sent so often at least, so that a page knows that it is up to date."""
SLOW_S = 5.0
"""A browser that takes nothing for so long is let go; it comes again by itself."""
MAX_STREAMS = 16
MAX_BODY_BYTES = 32 * 2**10
_PAGE = Path(__file__).parent / 'watch_page'
_HEADERS = {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "frame-ancestors 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
}


class WatchServer:
    """Use as context manager, or call `serve` and, from another thread, `close`.

    Args:
        board: what is shown.
        commands: who does what a person tells; None where nobody may tell anything.
        port: 0 for any that is free.
        refresh: called before each look at the board, on the server's own thread.

    Raises:
        OSError: the port cannot be used.
    """

    def __init__(
        self,
        board: WatchBoard,
        commands: RobotCommands | None,
        *,
        port: int = 0,
        refresh: Callable[[], None] = lambda: None,
    ):
        self.commands = commands
        self.feed = _Feed()
        self.streams = threading.BoundedSemaphore(MAX_STREAMS)
        self.page = render_page(can_act=commands is not None)
        self._board = board
        self._refresh = refresh
        self._closing = threading.Event()
        self._map_version = -1
        self._http = _WatchHttp((HOST, port), self)

    @property
    def url(self) -> str:
        """The address of the page."""
        return f'http://{HOST}:{self._http.server_address[1]}'

    def serve(self) -> None:
        """Show the board until `close` is called."""
        looking = threading.Thread(target=self._look, name='prism-watch-look', daemon=True)
        looking.start()
        try:
            self._http.serve_forever(poll_interval=0.1)
        finally:
            self._closing.set()
            self.feed.close()
            looking.join()

    def close(self) -> None:
        """Show nothing any more."""
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self) -> WatchServer:
        threading.Thread(target=self.serve, name='prism-watch', daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _look(self) -> None:
        while not self._closing.is_set():
            try:
                self._refresh()
                self._publish()
            except Exception as error:  # a page that stands still would look like a robot that does
                self._board.note(f'unexpected {type(error).__name__}: {error}', is_bad=True)
            self._closing.wait(PERIOD_S)

    def _publish(self) -> None:
        version = self._board.map_version
        if version != self._map_version:
            self._map_version = version
            shown = self._board.show_map()
            if shown is not None:
                self.feed.put('map', json.dumps(shown))
        self.feed.put('state', json.dumps(self._board.show_state()))


def render_page(*, can_act: bool) -> str:
    """The page; what it shows comes later.

    Args:
        can_act: with buttons and fields by which a person tells the robot something.
    """
    data = json.dumps({'canAct': can_act})
    return render_web_page(_PAGE, ('watch.js',), data, policy="connect-src 'self'")


class _Feed:
    """The last event of each kind, and who waits for a newer one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._events: dict[str, tuple[int, str]] = {}
        self._number = 0
        self.is_closed = False

    def put(self, kind: str, text: str) -> None:
        """Exchange the event of a kind, where it says something else."""
        with self._changed:
            if self._events.get(kind, (0, ''))[1] != text:
                self._number += 1
                self._events[kind] = self._number, text
                self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()

    def wait(self, after: int) -> tuple[int, bytes]:
        """What is newer than a number, as server-sent events; a comment where nothing is in time.

        Source: HTML Living Standard, 9.2 (server-sent events).
        """
        with self._changed:
            if self._number <= after and not self.is_closed:
                self._changed.wait(BEAT_S)
            newer = [(kind, text) for kind, (n, text) in self._events.items() if n > after]
            number = self._number
        said = ''.join(f'event: {kind}\ndata: {text}\n\n' for kind, text in newer)
        return number, (said or 'event: beat\ndata: {}\n\n').encode()


class _WatchHttp(BoundedServer):
    def __init__(self, address: tuple[str, int], owner: WatchServer):
        self.owner = owner
        super().__init__(address, _WatchHandler)


class _WatchHandler(BoundedHandler):
    server: _WatchHttp

    def do_GET(self) -> None:  # noqa: N802 - named upstream
        self._guard(self._show)

    def do_POST(self) -> None:  # noqa: N802 - named upstream
        self._guard(self._tell)

    def _guard(self, work: Callable[[bytes], None]) -> None:
        """Read all of a request, see who asks, and answer."""
        try:
            body = self.read_body(MAX_BODY_BYTES)
            self.server.note_read(self.connection, whole=True)
            self.check_origin(is_local=True, is_strict=True)
            work(body)
        except RequestRefused as refused:
            self._fail(refused.status, str(refused))
        except CommandRefused as refused:
            self._fail(400, str(refused))
        except OSError:  # the browser has gone or is too slow
            self.close_connection = True
        except Exception as error:
            self._fail(500, f'unexpected {type(error).__name__}: {error}')

    def _fail(self, status: int, sentence: str) -> None:
        self.send_json(status, {'done': False, 'said': sentence})

    def end_headers(self) -> None:
        """Let nobody frame, keep or guess what is sent."""
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def _show(self, _: bytes) -> None:
        if self.path == '/':
            self._send_page(self.server.owner.page.encode())
        elif self.path == '/events':
            self._stream()
        else:
            raise RequestRefused(404, f'there is no {self.path[:80]}; the page is /')

    def _send_page(self, page: bytes) -> None:
        self.begin_reply()
        self.send_response(200)
        self.send_header('Content-Type', 'text/html; charset=utf-8')
        self.send_header('Content-Length', str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def _stream(self) -> None:
        owner = self.server.owner
        if not owner.streams.acquire(blocking=False):
            raise RequestRefused(503, f'{MAX_STREAMS} pages are open; close one')
        try:
            self.close_connection = True
            self.connection.settimeout(SLOW_S)
            self.send_response(200)
            self.send_header('Content-Type', 'text/event-stream')
            self.send_header('Connection', 'close')
            self.end_headers()
            number = 0
            while not owner.feed.is_closed and not self._is_gone():
                number, said = owner.feed.wait(number)
                self.wfile.write(said)
                self.wfile.flush()
        finally:
            owner.streams.release()

    def _is_gone(self) -> bool:
        """Whether the browser has closed the connection."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def _tell(self, raw: bytes) -> None:
        robot = self.server.owner.commands
        self.check_is_json()
        if robot is None:
            raise RequestRefused(403, 'this page only shows; start prism watch without --view-only')
        try:
            body: Any = load_json(raw.decode())
        except (ValueError, RecursionError) as error:
            raise RequestRefused(400, f'the body is not JSON: {error}') from None
        command = read_command(self.path, body)
        if command is None:
            raise RequestRefused(
                404, f'there is no {self.path[:80]}; post to /stop, /approve or /task'
            )
        reply = command(robot)
        self.send_json(200, {'done': reply.is_done, 'said': reply.said})
