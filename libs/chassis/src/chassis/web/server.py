"""HTTP/1.1 connections with limits on memory and time.

uvicorn reads headers of any length and waits for them without a time limit. Here a header is limited in size and time,
idle connections are closed if there are too many of them, and a request that is not HTTP is answered with a problem
document.
"""

import asyncio
import resource
from collections import OrderedDict
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from chassis.errors import BadRequest, HeaderTooLarge, StartlineError
from chassis.telemetry import correlated, new_correlation_id
from chassis.web.connections import Connection
from chassis.web.middleware import complete_headers
from chassis.web.problems import render

HEADER_BYTES = 32 * 1024
HEADER_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 75
"""Longer than clients and proxies keep an idle connection (5 to 60 s).

The server should not be the side that closes it first, as a request that is just being sent would be lost.
"""
LAST_SECONDS = 1.0
"""Time for a client of a server that is stopping: for a request on its way, or to read the end of a stream."""
BODY_SECONDS = 120.0
"""Time for a body that is still arriving after its response was sent; before that, the route's own limit applies."""


def most_waiting() -> int:
    """Return the maximum of connections that wait for their clients: half of the files that the process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 4096 if soft == resource.RLIM_INFINITY else max(64, min(soft // 2, 4096))


class Waiting:
    """Connections that wait for data from their clients. At the maximum, the longest waiting one is closed first.

    Args:
        most: maximum of waiting connections.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._timers: OrderedDict[BoundedHttp, asyncio.TimerHandle] = OrderedDict()

    def __len__(self) -> int:
        return len(self._timers)

    def start(self, connection: "BoundedHttp", seconds: float) -> None:
        """Wait for the client for at most `seconds`, then close the connection."""
        self.stop(connection)
        if len(self._timers) >= self._most:
            next(iter(self._timers)).give_up()
        self._timers[connection] = connection.loop.call_later(seconds, connection.give_up)

    def stop(self, connection: "BoundedHttp") -> None:
        """Stop waiting for the client."""
        timer = self._timers.pop(connection, None)
        if timer is not None:
            timer.cancel()


_waiting = Waiting(most_waiting())


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol with limits and without WebSocket; for `uvicorn --http chassis.web.server:BoundedHttp`."""

    waiting = _waiting
    header_seconds = HEADER_SECONDS
    body_seconds = BODY_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's own
        """Start waiting for the first header."""
        super().connection_made(transport)
        self._in_header, self._in_body, self._is_timed, self._is_last = True, False, True, False
        self._unused_bytes, self._is_large, self._is_too_large = 0, False, False
        self._connection = Connection(transport)
        self.waiting.start(self, self.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self.waiting.stop(self)
        super().connection_lost(exc)
        self._connection.end()

    def shutdown(self) -> None:
        """Answer requests in progress, then close. A request that is arriving or about to arrive is answered as well.

        A client that has just connected has usually sent a request already, and cannot know whether it was read.
        Streams end by themselves; one whose client does not read its end is cut off.
        """
        if self._in_header and self._is_timed:
            self._is_last = True
            self.waiting.start(self, LAST_SECONDS)
        else:
            super().shutdown()
        if self._connection.end():
            self.loop.call_later(LAST_SECONDS, self._connection.cut_off)

    def give_up(self) -> None:
        """Close a connection whose client sent nothing for too long."""
        self.waiting.stop(self)
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Parse received data and limit the time for the rest of the message.

        The size of data that is kept unused is limited, too: header, trailer, and what arrives during a response.
        """
        self._unused_bytes += len(data)
        self._is_large = self._unused_bytes > HEADER_BYTES
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._is_timed and (self._in_header or self._in_body):
            self._is_timed = True
            self.waiting.start(self, self.header_seconds if self._in_header else self.body_seconds)
        if self._unused_bytes > HEADER_BYTES:
            self._refuse(HeaderTooLarge())

    def on_headers_complete(self) -> None:
        """Start the application; the body has a separate time limit.

        Only after that many bytes can a header be too large: counting each line would take a fifth of the total time.
        """
        if self._is_large:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            self._is_too_large = size > HEADER_BYTES
            if self._is_too_large:
                raise HeaderTooLarge  # the parser stops, and uvicorn calls `send_400_response`
        self._in_header, self._in_body, self._is_timed, self._unused_bytes = False, True, False, 0
        self._connection.enter(self.scope)  # type: ignore[arg-type]  # a scope with a key of ours
        super().on_headers_complete()
        if self.parser.should_upgrade() or self._is_last:
            self.cycle.keep_alive = False  # the rest is in the requested protocol, or the server is stopping

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body; uvicorn limits how much of it may be buffered."""
        self._unused_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop waiting while the application works."""
        self._in_body, self._unused_bytes = False, 0
        super().on_message_complete()
        self.waiting.stop(self)
        if self.cycle.response_complete:
            self._expect_header()

    def on_response_complete(self) -> None:
        """Wait for the next request, unless an unread body is still arriving."""
        super().on_response_complete()
        if self.cycle.response_complete and not self._in_body and not self.transport.is_closing():
            self._expect_header()

    def _expect_header(self) -> None:
        self._in_header, self._is_timed = True, False
        self.waiting.start(self, self.config.timeout_keep_alive)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's text is not for clients
        """Answer a request that is not HTTP or is too large."""
        self._refuse(HeaderTooLarge() if self._is_too_large else BadRequest())

    def _refuse(self, error: StartlineError) -> None:
        if not (self.cycle and self.cycle.response_started and not self.cycle.response_complete):
            self.transport.write(_answer(error))
        self.transport.close()

    def _should_upgrade_to_ws(self) -> bool:
        return False

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: a client may ask for another protocol at any time and is answered with HTTP."""


def _answer(error: StartlineError) -> bytes:
    identifier = new_correlation_id()
    with correlated(identifier):
        response = render(error)
    headers = complete_headers([*response.raw_headers, (b"connection", b"close")], identifier)
    lines = [STATUS_LINE[response.status_code], *(b"%b: %b\r\n" % header for header in headers), b"\r\n"]
    return b"".join(lines) + bytes(response.body)


def serving_options() -> dict[str, Any]:
    """Return uvicorn's options for the platform's servers; `deploy/Dockerfile` has the same."""
    return {
        "http": BoundedHttp,
        "ws": "none",
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,  # the client's address is determined where needed, by the number of trusted proxies
    }
