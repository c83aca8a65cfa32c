"""A minimal service based on the chassis. It uses the name of payment, so that it has subscriptions."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import httpx
from chassis.clock import Clock, utcnow
from chassis.database import Database, UnitOfWork
from chassis.inbox import Handlers
from contracts import Event, RegistrationCancelled
from contracts.topology import SUBSCRIPTIONS
from fastapi import FastAPI
from sqlalchemy import Table, func, insert, select

from testkit.example.tables import Effect, service_tables

SERVICE = "payment"
PACKAGE = "testkit.example"
OWNER = "registration"
"""The service that publishes the event that the example handles."""

Connect: TypeAlias = Callable[..., Database]
BuildApp: TypeAlias = Callable[..., FastAPI]
Browse: TypeAlias = Callable[[FastAPI], httpx.AsyncClient]
"""Types of the fixtures `connect`, `build_app` and `browse`."""


def example_database(url: str, *, clock: Clock = utcnow, connections: int = 4) -> Database:
    """Return the example's database at `url`, with few connections, as several tests may share the server."""
    return Database(url, service=SERVICE, tables=service_tables, clock=clock, pool_size=connections, pool_overflow=0)


def cancelled(registration_id: UUID | None = None) -> Event[Any]:
    """Return an event that the example subscribes to."""
    subject = registration_id or uuid4()
    payload = RegistrationCancelled(
        registration_id=subject, registration_number="FR5K-00042", revision=2, reason="asked to"
    )
    return Event[Any].of(
        payload, source=OWNER, subject=subject, occurred_at=utcnow(), correlation_id="example-correlation"
    )


async def leave_effect(event: Event[Any], work: UnitOfWork) -> None:
    """Handle an event by storing an effect."""
    await work.session.execute(insert(Effect).values(event_id=event.message_id))


def example_handlers() -> Handlers:
    """Return handlers that store an effect for each `cancelled` event."""
    handlers = Handlers()
    handlers.on(RegistrationCancelled)(leave_effect)
    return handlers


def complete(handlers: Handlers) -> Handlers:
    """Return `handlers` with one that stores an effect added for each further event that the example subscribes to."""
    for payload in SUBSCRIPTIONS[SERVICE]:
        if (payload.TYPE, payload.VERSION) not in handlers.kinds:
            handlers.on(payload)(leave_effect)
    return handlers


async def effects(database: Database) -> Sequence[UUID]:
    """Return the event id of each effect, oldest first."""
    async with database.read() as session:
        return (await session.execute(select(Effect.event_id).order_by(Effect.id))).scalars().all()


async def rows(database: Database, table: Table) -> int:
    """Return the number of rows in `table`."""
    async with database.read() as session:
        return int((await session.execute(select(func.count()).select_from(table))).scalar_one())
