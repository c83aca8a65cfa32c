"""A service under test: its real application and handlers on a database of its own."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import httpx
from chassis.database import Database
from chassis.errors import NotYet
from chassis.inbox import Handlers, Inbox
from contracts import Event, Payload, parse
from contracts.ownership import owner_of
from fastapi import FastAPI
from sqlalchemy import delete, select, update

from testkit.clocks import ManualClock, StoppedClock
from testkit.driver import _LEFT, _Losing, _Lost
from testkit.tokens import Issuer

__all__ = ["ManualClock", "ServiceUnderTest", "StoppedClock"]

PayloadT = TypeVar("PayloadT", bound=Payload)


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
