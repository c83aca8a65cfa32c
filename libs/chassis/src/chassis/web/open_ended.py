"""Responses that last until their client leaves or their server stops, or until they end by themselves."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, nullcontext, suppress

from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from chassis.errors import StartlineError
from chassis.telemetry import logger
from chassis.web.connections import connection_of
from chassis.web.middleware import OPEN_ENDED

log = logger(__name__)

STALLED_SECONDS = 30.0
"""Time for a client to read what was sent; after that the connection is cut off."""


class OpenEndedResponse(StreamingResponse):
    """A response whose chunks come over minutes."""

    def __init__(self, status_code: int, headers: Mapping[str, str]) -> None:
        super().__init__((), status_code, headers)

    @abstractmethod
    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield what is sent, until `end` was called."""

    @abstractmethod
    def end(self) -> None:
        """Have `chunks` return soon. May be called at any time, and more than once."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the chunks until the client leaves, the server stops or there are no more."""
        scope[OPEN_ENDED] = True
        connection = connection_of(scope)
        leaving = asyncio.create_task(_until_left(receive))
        leaving.add_done_callback(lambda _: self.end())
        try:
            with connection.calling(self.end) if connection else nullcontext():
                await self._send_all(send)
        except TimeoutError:
            log.info("stream_cut_off", path=scope["path"])
            if connection is not None:
                connection.cut_off()
                await asyncio.wait({leaving}, timeout=1)  # or uvicorn would log that the response is incomplete
        finally:
            leaving.cancel()

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                await _send_in_time(send, {"type": "http.response.body", "body": chunk, "more_body": True})
        await _send_in_time(send, {"type": "http.response.body", "body": b"", "more_body": False})


async def _send_in_time(send: Send, message: Message) -> None:
    async with asyncio.timeout(STALLED_SECONDS):
        await send(message)


async def _until_left(receive: Receive) -> None:
    """Return when the client has left, or sends a body, which is ignored, that is too large or too slow."""
    with suppress(StartlineError):
        while (await receive())["type"] != "http.disconnect":
            pass
