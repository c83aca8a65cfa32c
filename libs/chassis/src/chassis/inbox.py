"""Receiving events. Each takes effect once with every transport, also if it is delivered several times."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from contracts import Event, MalformedEvent, Payload, UnknownEvent, parse, parse_head
from faststream_outbox.client import OutboxClient
from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.crash_guard import UNFINISHED, TookReaderDown
from chassis.database import Database, UnitOfWork, is_out_of_reach, is_unavailable
from chassis.errors import NotYet, StartlineError
from chassis.senders import Refused, require_owner
from chassis.tables import RETRY_QUEUE
from chassis.telemetry import EVENTS_HANDLED, EVENTS_REFUSED, correlated, logger

log = logger(__name__)

Handler = Callable[[Event[Any], UnitOfWork], Awaitable[None]]
HandlerT = TypeVar("HandlerT", bound=Handler)

_FIRST_RETRY = timedelta(milliseconds=250)
_WAIT_BRIEFLY = text("SET LOCAL lock_timeout = '1s'")


class Handlers:
    """The event handlers of a service, by type and version of event."""

    def __init__(self) -> None:
        self._by_kind: dict[tuple[str, int], Handler] = {}

    def on(self, payload: type[Payload]) -> Callable[[HandlerT], HandlerT]:
        """Register the only handler of `payload`. It must be correct in any order and any number of times."""

        kind = (payload.TYPE, payload.VERSION)

        def register(handler: HandlerT) -> HandlerT:
            if kind in self._by_kind:
                raise TypeError(f"{_name(*kind)} has a handler already")
            self._by_kind[kind] = handler
            return handler

        return register

    def of(self, event: Event[Any]) -> Handler:
        """Return the handler of an event.

        Raises:
            UnknownEvent: this release has no handler; a newer one may have one.
        """
        try:
            return self._by_kind[event.type, event.version]
        except KeyError:
            raise UnknownEvent(f"{_name(event.type, event.version)} has no handler here") from None

    @property
    def kinds(self) -> frozenset[tuple[str, int]]:
        """Return the types and versions that are handled."""
        return frozenset(self._by_kind)


def _name(event_type: str, version: int) -> str:
    return f"{event_type} v{version}"


class Inbox:
    """Receives the events of one service. `deliver` is the same for every transport."""

    def __init__(self, database: Database, handlers: Handlers) -> None:
        self._database = database
        self._handlers = handlers
        self.service = database.service
        processed = database.tables.processed
        # The values are passed separately: SQLAlchemy would compile a statement that contains them for each event.
        self._note = upsert(processed).on_conflict_do_nothing().returning(processed.c.event_id)

    async def deliver(self, body: bytes, sender: str) -> None:
        """Handle an event, or park it with the reason. An event that its owner did not send becomes a dead letter.

        An event that waits for a lock is parked, too, as it must not block those behind it.

        Args:
            sender: the service that the transport authenticated; see `chassis.senders`.

        Raises:
            Exception: the database is unavailable, so the event was neither handled nor parked; see `is_out_of_reach`.
        """
        try:
            require_owner(body, sender)
            await self.handle(body)
        except Refused as refused:
            await self._refuse(body, refused)
        except Exception as error:  # the event must not be lost, whatever a handler raises
            if is_out_of_reach(error):
                raise
            await self.schedule_retry(body, error)

    async def deliver_with_backoff(self, body: bytes, sender: str) -> None:
        """Call `deliver`, retrying while the database is down: for transports that limit delivery attempts."""
        await self._with_backoff(lambda: self.deliver(body, sender))

    async def _with_backoff(self, take: Callable[[], Awaitable[None]]) -> None:
        delay = 0.2
        while True:
            try:
                return await take()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("database_down_holding_event", service=self.service, error=type(error).__name__)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)

    async def handle(self, body: bytes, *, briefly: bool = False) -> None:
        """Handle an event in one transaction with the record that it was processed.

        Args:
            briefly: wait for a lock for at most a second, as many events may wait for the same one.

        Raises:
            MalformedEvent, UnknownEvent, NotYet: or any error of the handler; nothing was changed then.
        """
        event = parse(body)
        handler = self._handlers.of(event)
        with correlated(event.correlation_id):
            async with self._database.work() as work:
                if briefly:
                    await work.session.execute(_WAIT_BRIEFLY)
                fresh = await self._is_first(event, work)
                if fresh:
                    await handler(event, work)
        EVENTS_HANDLED.labels(self.service, event.type, "done" if fresh else "repeated").inc()

    async def _is_first(self, event: Event[Any], work: UnitOfWork) -> bool:
        note = {"event_id": event.message_id, "type": event.type}
        return (await work.session.execute(self._note, note)).first() is not None

    async def schedule_retry(self, body: bytes, error: Exception) -> None:
        """Park an event for a retry. An event that is parked twice is stored once.

        An event that may have killed its process is retried alone; see `chassis.crash_guard`.
        """
        message_id, event_type = _identity(body)
        reason = reason_of(error)
        level = log.info if isinstance(error, NotYet) else log.warning
        level("event_parked", service=self.service, message_id=message_id, event_type=event_type, reason=reason)
        retries: OutboxClient = self._database.retries
        suspect = {UNFINISHED: "1"} if isinstance(error, TookReaderDown) else {}
        async with self._database.work() as work:
            await retries.insert(
                work.session,
                queue=RETRY_QUEUE,
                payload=body,
                headers={"event_id": message_id or "", "event_type": event_type, "reason": reason, **suspect},
                activate_in=_FIRST_RETRY,
                timer_id=message_id,
            )
        EVENTS_HANDLED.labels(self.service, event_type, "parked").inc()

    async def retry_alone(self, body: bytes, sender: str) -> None:
        """Schedule a retry of an event whose process was killed too often, most likely with other events in progress.

        Waits while the database is down, as this is the only copy of the event.
        """
        await self._with_backoff(lambda: self._retry_alone(body, sender))

    async def _retry_alone(self, body: bytes, sender: str) -> None:
        try:
            require_owner(body, sender)
        except Refused as refused:
            await self._refuse(body, refused)
        else:
            await self.schedule_retry(body, TookReaderDown())

    async def _refuse(self, body: bytes, refused: Refused) -> None:
        await self.give_up(body, refused.refusal.value, str(refused))
        EVENTS_REFUSED.labels(self.service, refused.refusal.value).inc()

    async def give_up(self, body: bytes, failure: str, reason: str) -> None:
        """Store an event as a dead letter."""
        message_id, event_type = _identity(body)
        log.error(
            "event_given_up",
            service=self.service,
            message_id=message_id,
            event_type=event_type,
            failure=failure,
            reason=reason,
        )
        async with self._database.work() as work:
            await work.session.execute(
                insert(self._database.tables.dead_letters).values(
                    original_id=0,
                    queue=RETRY_QUEUE,
                    payload=body,
                    headers={"event_id": message_id or "", "event_type": event_type},
                    deliveries_count=0,
                    created_at=work.now,
                    failure_reason=failure,
                    last_exception=reason,
                )
            )


def reason_of(error: BaseException) -> str:
    """Return the reason of a failure without personal data.

    An unexpected error may quote a row, so only its class is returned.
    """
    if isinstance(error, NotYet | MalformedEvent | UnknownEvent | StartlineError):
        return _storable(f"{type(error).__name__}: {error}")
    return type(error).__name__


def _identity(body: bytes) -> tuple[str | None, str]:
    try:
        head = parse_head(body)
    except MalformedEvent:
        return None, "unreadable"
    return str(head.message_id), head.type


def _storable(words: str) -> str:
    """Remove NUL characters, which PostgreSQL cannot store in text."""
    return words.replace("\0", "")
