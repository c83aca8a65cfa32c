"""The stream of a registration's changes, passed on from registration's API to the runner's browser."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Final

import httpx
from chassis.telemetry import logger
from chassis.web.open_ended import OpenEndedResponse
from fastapi import Depends, Header

from web.access import OwnAccess, Registration
from web.pages import PRIVATE
from web.visitors import CurrentVisitor

log = logger(__name__)

SILENT_SECONDS: Final = 60.0
"""The API sends something every 15 s; one that is silent for longer is not there any more."""


class PassedOnStream(OpenEndedResponse):
    """Passes a stream of events on as it comes, until it ends, the visitor leaves or the service stops."""

    media_type = "text/event-stream"

    def __init__(self, upstream: httpx.Response) -> None:
        headers = {**PRIVATE, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        super().__init__(200, headers)
        self._upstream = upstream
        self._is_ended = False
        self._waiting: asyncio.Timeout | None = None

    def end(self) -> None:
        """End the stream, also while it waits for the API."""
        self._is_ended = True
        if self._waiting is not None and not self._waiting.expired():
            self._waiting.reschedule(0)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield what the API sends."""
        chunks = self._upstream.aiter_raw()
        while not self._is_ended:
            chunk = await self._next(chunks)
            if chunk is None:
                return
            yield chunk

    async def _next(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        try:
            async with asyncio.timeout(SILENT_SECONDS) as self._waiting:
                return await anext(chunks, None)
        except TimeoutError:
            return None
        except httpx.HTTPError as error:
            log.info("stream_broke_off", error=type(error).__name__)
            return None
        finally:
            self._waiting = None


LastEventId = Annotated[str | None, Header(max_length=20, pattern=r"^\d+$")]


async def _upstream_of(
    access: OwnAccess, registration: Registration, visitor: CurrentVisitor, last_event_id: LastEventId = None
) -> AsyncIterator[httpx.Response]:
    """Yield the API's stream until the response has ended.

    Raises:
        Refused: 404, or 429 and 503 if too many streams are open.
        Unavailable.
    """
    headers = {"Accept-Encoding": "identity", **({"Last-Event-ID": last_event_id} if last_event_id else {})}
    path = f"/registrations/{access.registration_id}/stream"
    async with registration.stream(path, visitor, token=access.token, headers=headers) as upstream:
        yield upstream


Upstream = Annotated[httpx.Response, Depends(_upstream_of, scope="request")]
