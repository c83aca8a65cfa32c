"""Responses with server-sent events, which last until their client leaves, for a bounded time.

They follow https://html.spec.whatwg.org/multipage/server-sent-events.html. A client that is disconnected
connects again with the id of the last event that it received.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import Request

from chassis.auth.access import accepted_until, authenticate
from chassis.auth.principals import Staff
from chassis.auth.sessions import EndedSessions
from chassis.clock import utcnow
from chassis.database import is_unavailable
from chassis.errors import SessionEnded, StartlineError
from chassis.telemetry import OPEN_STREAMS
from chassis.web.open_ended import OpenEndedResponse

HEARTBEAT = b":\n\n"
"""A comment. It keeps proxies from closing a connection on which nothing happens."""

_RETRY_MILLISECONDS = (2000, 5000)
_SHORTEST_SHARE = 0.8
_CHECK_SECONDS = 5.0


@dataclass(frozen=True)
class ServerSentEvent:
    """An event of a stream; neither field contains a line break."""

    id: str
    name: str
    data: str

    def encode(self) -> bytes:
        """Return the event as it is sent."""
        return f"id: {self.id}\nevent: {self.name}\ndata: {self.data}\n\n".encode()


class LatestEvent:
    """The newest event that a stream has not sent yet.

    A newer one replaces it, so that a client that reads slowly misses states in between and takes no memory.
    """

    def __init__(self) -> None:
        self._event: ServerSentEvent | None = None
        self._changed = asyncio.Event()
        self.is_ended = False

    def put(self, event: ServerSentEvent) -> None:
        """Store `event`, which the stream sends next."""
        self._event = event
        self._changed.set()

    def end(self) -> None:
        """End the stream."""
        self.is_ended = True
        self._changed.set()

    async def take(self, *, within: float) -> ServerSentEvent | None:
        """Wait for an event; return None if there is none within that many seconds, or if the stream ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._changed.wait()
        self._changed.clear()
        event, self._event = self._event, None
        return event


StillAllowed = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class StreamTimes:
    """Times of a stream, in seconds.

    Attributes:
        heartbeat: maximum between two things that are sent.
        maximum: after which the stream ends, and its client connects again. Each stream has a little less, at random.
    """

    heartbeat: float = 15.0
    maximum: float = 600.0


class EventStream(OpenEndedResponse):
    """A stream of the events that are put into `events`, until the connection or the caller's right to it ends.

    Args:
        until: the time at which the caller's token is no longer accepted.
        still_allowed: asked after each event and heartbeat.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        events: LatestEvent,
        *,
        times: StreamTimes,
        until: datetime,
        still_allowed: StillAllowed,
        status_code: int = 200,  # FastAPI's document takes the default from here
    ) -> None:
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(status_code, headers)
        self._events = events
        self._heartbeat = times.heartbeat
        longest = times.maximum * random.uniform(_SHORTEST_SHARE, 1)  # noqa: S311  # spreads clients, no secret
        self._seconds = min(longest, (until - utcnow()).total_seconds())
        self._still_allowed = still_allowed

    def end(self) -> None:
        """End the stream after what is being sent."""
        self._events.end()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield events, and heartbeats between them."""
        clock = asyncio.get_running_loop().time
        end = clock() + self._seconds
        # The first bytes come at once, so that all on the way see that it began, and all clients do not come back at
        # the same moment.
        yield b"retry: %d\n\n" % random.randint(*_RETRY_MILLISECONDS)  # noqa: S311  # as above
        while not self._events.is_ended and (left := end - clock()) > 0:
            event = await self._events.take(within=min(self._heartbeat, left))
            if event is not None:
                yield event.encode()
            elif not self._events.is_ended:
                yield HEARTBEAT
            if self._events.is_ended or not await self._still_allowed():
                return


async def event_stream(request: Request, events: LatestEvent, times: StreamTimes) -> EventStream:
    """Return the stream of `events` for the authenticated caller of `request`, until token or session end."""
    return EventStream(events, times=times, until=accepted_until(request), still_allowed=await _session_check(request))


async def _session_check(request: Request) -> StillAllowed:
    caller = await authenticate(request)
    sessions: EndedSessions = request.app.state.ended_sessions

    async def goes_on() -> bool:
        """Return whether the caller's session goes on; while the database is unavailable, it does."""
        if not isinstance(caller, Staff):
            return True
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await sessions.refuse_ended(caller.session_id)
        except SessionEnded:
            return False
        except Exception as error:
            if not is_unavailable(error):
                raise
        return True

    return goes_on


class TooManyStreams(StartlineError):
    """Too many streams of this are open: close one, or ask without a stream."""

    indonesian = "Terlalu banyak aliran data yang terbuka untuk ini: tutup salah satu, atau minta tanpa aliran data."
    code = "too_many_streams"
    status = 429

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "30"})


class StreamsExhausted(StartlineError):
    """All streams of this server are in use: try again later, or ask without a stream."""

    indonesian = "Semua aliran data server ini sedang dipakai: coba lagi nanti, atau minta tanpa aliran data."
    code = "streams_exhausted"
    status = 503

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "30"})


class OpenStreams:
    """Open streams of this process, limited in all and for each subject.

    Args:
        service: label of the gauge.
        maximum: in all.
        per_subject: about the same thing, a registration for instance.
    """

    def __init__(self, service: str, *, maximum: int, per_subject: int) -> None:
        self._gauge = OPEN_STREAMS.labels(service)
        self._maximum = maximum
        self._per_subject = per_subject
        self._open: Counter[UUID] = Counter()
        self._total = 0

    def __len__(self) -> int:
        return self._total

    @contextmanager
    def one_of(self, subject: UUID) -> Iterator[None]:
        """Count a stream about `subject` until the block ends.

        Raises:
            TooManyStreams, StreamsExhausted.
        """
        if self._open[subject] >= self._per_subject:
            raise TooManyStreams
        if self._total >= self._maximum:
            raise StreamsExhausted
        self._count(subject, 1)
        try:
            yield
        finally:
            self._count(subject, -1)

    def _count(self, subject: UUID, change: int) -> None:
        self._total += change
        self._open[subject] += change
        if not self._open[subject]:
            del self._open[subject]
        self._gauge.inc(change)
