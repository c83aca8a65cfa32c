"""The connection of a request, for responses that last for minutes: when it ends, and how to cut it off.

ASGI tells an application that its client left, but not that its server is about to stop and waits for it.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.types import Scope

_KEY = "startline.connection"


class Connection:
    """A connection as seen by the responses on it.

    It knows the transport and not the protocol, so that scope and protocol form no cycle that only the garbage
    collector can free.
    """

    __slots__ = ("_callbacks", "_is_ending", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._callbacks: list[Callable[[], None]] = []
        self._is_ending = False

    def enter(self, scope: Scope) -> None:
        """Make the connection known to the application that gets `scope`."""
        scope[_KEY] = self

    @contextmanager
    def calling(self, ended: Callable[[], None]) -> Iterator[None]:
        """Call `ended` when the connection is lost or the server stops within the block; at once if it is ending."""
        self._callbacks.append(ended)
        if self._is_ending:
            ended()
        try:
            yield
        finally:
            self._callbacks.remove(ended)

    def end(self) -> bool:
        """Call the callbacks of responses in progress, as the connection ends; return whether there are any."""
        self._is_ending = True
        for ended in [*self._callbacks]:
            ended()
        return bool(self._callbacks)

    def cut_off(self) -> None:
        """Close the connection without waiting for what its client has not read."""
        self._transport.abort()


def connection_of(scope: Scope) -> Connection | None:
    """Return the connection of a request; None if the server is another than `chassis.web.server`."""
    found: Connection | None = scope.get(_KEY)
    return found
