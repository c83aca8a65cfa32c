"""A service under test: its real application and handlers on a database of its own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import httpx
from chassis.database import Database, UnitOfWork
from chassis.errors import NotYet
from chassis.inbox import Handler, Handlers, Inbox
from contracts import Event, Payload, parse
from contracts.ownership import owner_of
from fastapi import FastAPI
from sqlalchemy import delete, select, update

from testkit.tokens import Issuer

_LEFT = "left"

PayloadT = TypeVar("PayloadT", bound=Payload)


class ManualClock:
    """The real time, moved ahead by what the test says."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._differs = timedelta()

    def __call__(self) -> datetime:
        return self.server() + self._differs

    def server(self) -> datetime:
        """Return the time of the database server: the test moves it, and no process's clock changes it."""
        return datetime.now(UTC) + self._ahead

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._ahead += by

    @contextmanager
    def differing(self, by: timedelta) -> Iterator[None]:
        """Let a process act whose own clock is ahead by `by`."""
        self._differs += by
        try:
            yield
        finally:
            self._differs -= by


class StoppedClock(ManualClock):
    """Stands still, so that a busy machine does not outlast a wait of a second."""

    def __init__(self) -> None:
        super().__init__()
        self._started = datetime.now(UTC)

    def server(self) -> datetime:
        """Return the time at which the clock was made, moved ahead by what the test says."""
        return self._started + self._ahead


class _Lost(Exception):
    """The transaction was not committed."""


class _Losing(Handlers):
    """Handlers that do all their work, which is then lost."""

    def __init__(self, handlers: Handlers) -> None:
        super().__init__()
        self._handlers = handlers

    def of(self, event: Event[Any]) -> Handler:
        handler = self._handlers.of(event)

        async def lose(event: Event[Any], work: UnitOfWork) -> None:
            await handler(event, work)
            await work.session.flush()
            raise _Lost

        return lose


class ServiceUnderTest:
    """Speaks to a service as the world does: HTTP in, events in, events out.

    Args:
        app: the service's application; its lifespan is not run unless the test does so.
        database: the service's database.
        handlers: the service's reactions.
        issuer: signs the tokens that the application accepts.
    """

    def __init__(self, app: FastAPI, database: Database, handlers: Handlers, issuer: Issuer) -> None:
        self.app = app
        self.database = database
        self.inbox = Inbox(database, handlers)
        self._losing = Inbox(database, _Losing(handlers))
        self.issuer = issuer
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://startline.test"
        )

    async def deliver(self, payload: Payload, *, subject: UUID, occurred_at: datetime | None = None) -> Event[Any]:
        """Have the service handle an event; its errors reach the test. Returns the event, to be delivered again."""
        event = self._event(payload, subject=subject, occurred_at=occurred_at)
        await self.inbox.handle(event.to_bytes())
        return event

    async def deliver_in_vain(
        self, payload: Payload, *, subject: UUID, occurred_at: datetime | None = None
    ) -> Event[Any]:
        """Have the service handle an event, and lose the effect. Returns the event, to be delivered again."""
        event = self._event(payload, subject=subject, occurred_at=occurred_at)
        with suppress(_Lost, NotYet):
            await self._losing.handle(event.to_bytes())
        return event

    def _event(self, payload: Payload, *, subject: UUID, occurred_at: datetime | None) -> Event[Any]:
        return Event[Any].of(
            payload,
            source=owner_of(payload.TYPE) or "nobody",
            subject=subject,
            occurred_at=occurred_at or self.database.clock(),
            correlation_id="test",
        )

    async def redeliver(self, event: Event[Any]) -> None:
        """The same event once more."""
        await self.inbox.handle(event.to_bytes())

    async def published(self, kind: type[PayloadT]) -> Sequence[Event[PayloadT]]:
        """Events of `kind` that the service published, oldest first. All have left it from now on."""
        outbox = self.database.tables.outbox
        async with self.database.work() as work:
            staying = select(outbox.c.id).where(outbox.c.queue != _LEFT).order_by(outbox.c.id).with_for_update()
            await work.session.execute(update(outbox).where(outbox.c.id.in_(staying)).values(queue=_LEFT))
            bodies = (await work.session.execute(select(outbox.c.payload).order_by(outbox.c.id))).scalars().all()
        return [event for event in map(parse, bodies) if isinstance(event.payload, kind)]

    async def forget_published(self) -> None:
        """Empty the outbox, as a relay would have."""
        async with self.database.work() as work:
            await work.session.execute(delete(self.database.tables.outbox))

    async def close(self) -> None:
        """Give everything back."""
        await self.http.aclose()
        await self.database.close()
