"""Stopping a server without losing connections that are not accepted yet.

Closing a listener resets the connections that wait to be accepted. A proxy has sent its request by then and must not
send it again if it changes something, so each stop of a busy replica would lose some.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvloop

ProtocolFactory = Callable[[], asyncio.Protocol]


class StoppingLoop(uvloop.Loop):
    """The event loop for `uvicorn --loop chassis.web.stopping:StoppingLoop`."""

    async def create_server(  # type: ignore[override]  # the address parameters are passed on
        self, protocol_factory: ProtocolFactory, *where: Any, **options: Any
    ) -> Any:
        """Listen as usual; when the server is closed, waiting connections are accepted first."""
        return _Listening(self, protocol_factory, await super().create_server(protocol_factory, *where, **options))


class _Listening:
    """The methods of a server that uvicorn calls."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol_factory: ProtocolFactory, server: Any) -> None:
        self._loop, self._protocol_factory, self._server = loop, protocol_factory, server
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def sockets(self) -> Any:
        return self._server.sockets

    def close(self) -> None:
        """Stop listening and accept the waiting connections; only microseconds lie between."""
        listeners = [socket.socket(fileno=os.dup(each.fileno())) for each in self.sockets]
        self._server.close()
        for listener in listeners:
            for connection in _waiting(listener):
                task = self._loop.create_task(self._serve(connection))
                self._serving.add(task)
                task.add_done_callback(self._serving.discard)
            listener.close()

    async def wait_closed(self) -> None:
        """Return once all connections are closed."""
        await self._server.wait_closed()

    async def _serve(self, connection: socket.socket) -> None:
        _, protocol = await self._loop.connect_accepted_socket(self._protocol_factory, connection)
        protocol.shutdown()  # type: ignore[attr-defined]  # as uvicorn does with the connections it knows


def _waiting(listener: socket.socket) -> Iterator[socket.socket]:
    listener.setblocking(False)
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        yield connection
