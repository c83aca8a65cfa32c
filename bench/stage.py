"""Where a comparison takes place: a database of registration's own, with categories to register for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
from chassis.database import Database, UnitOfWork
from chassis.migrations import upgrade
from registration.catalog import commands
from registration.consistency import (
    wrong_counts,
    wrong_people,
    wrong_people_counts,
    wrong_places,
    wrong_timeline,
    wrong_uses,
)
from registration.entries.tables import Registration
from registration.idempotency.tables import IdempotencyKey
from registration.prices import commands as prices
from registration.prices.forms import NewPricePhase, NewPromoCode
from registration.prices.rules import PromoKind
from registration.tables import service_tables
from sqlalchemy import func, select
from standalone.seed import category_fields
from testkit.databases import Databases, plain

PLACES = 2_000_000


class Violation(Exception):
    """The platform broke its word while it was measured. A run with a violation has no speed."""


@dataclass(frozen=True)
class Stage:
    """A database with an open event. With a promo code, its categories have a phase of prices that counts, too."""

    url: str
    event_id: UUID
    categories: tuple[UUID, ...]
    promo_code: str | None = None

    @property
    def plain_url(self) -> str:
        """For programs that know no SQLAlchemy."""
        return plain(self.url)


class Stages:
    """Makes stages on one server.

    Args:
        server_url: a database on it whose user may create others.
    """

    def __init__(self, server_url: str) -> None:
        self.server_url = server_url
        self._databases = Databases(server_url)
        asyncio.run(self._databases.sweep())

    @contextmanager
    def new(self, *, categories: int = 1, places: int = PLACES, promo_code: str | None = None) -> Iterator[Stage]:
        """A stage that is gone afterwards; `places` are those of each category."""
        with self.database("registration") as url:
            yield asyncio.run(_open_event(url, categories, places, promo_code))

    @contextmanager
    def database(self, service: str) -> Iterator[str]:
        """The URL of an empty database of a service, for SQLAlchemy. It is gone afterwards."""
        template = asyncio.run(self._databases.template(service, lambda url: upgrade(url, service)))
        url = asyncio.run(self._databases.clone(template))
        try:
            yield url
        finally:
            asyncio.run(self._databases.drop(url))

    def close(self) -> None:
        """Remove what is left."""
        asyncio.run(self._databases.drop_all())


def open_database(url: str, *, pool_size: int = 4) -> Database:
    """As the service itself opens it; the caller closes it."""
    return Database(url, service="registration", tables=service_tables, pool_size=pool_size)


async def settle(url: str) -> None:
    """What the server does by itself in quiet hours."""
    connection = await asyncpg.connect(plain(url))
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def _open_event(url: str, categories: int, places: int, promo_code: str | None) -> Stage:
    database = open_database(url)
    try:
        async with database.work() as work:
            event = {
                "name": "Bench",
                "slug": "bench",
                "event_date": work.now.date() + timedelta(days=90),
                "location": "here",
                "timezone": "UTC",
                "is_active": True,
            }
            event_id = await commands.create_event(work, event, by="bench")
            opened = [await _open_category(work, event_id, index, places) for index in range(categories)]
            if promo_code:
                for category_id in opened:
                    await _set_prices(work, category_id, places, promo_code)
    finally:
        await database.close()
    return Stage(url, event_id, tuple(opened), promo_code)


async def _set_prices(work: UnitOfWork, category_id: UUID, places: int, promo_code: str) -> None:
    """A phase that is over, one that counts its participants, one to come, and a limited code."""
    phases = (
        NewPricePhase(name="presale", ends_at=work.now - timedelta(days=1), price_individual=Decimal(70_000)),
        NewPricePhase(name="early bird", max_participants=places // 2, price_individual=Decimal(80_000)),
        NewPricePhase(name="regular", ends_at=work.now + timedelta(days=30), price_individual=Decimal(90_000)),
    )
    for phase in phases:
        fields = phase.model_dump(exclude={"max_participants"})
        await prices.create_phase(work, category_id, fields, max_participants=phase.max_participants, by="bench")
    code = NewPromoCode(
        category_id=category_id, code=promo_code, kind=PromoKind.PERCENT, value=Decimal(10), max_uses=places // 2
    )
    await prices.create_codes(
        work, [code.code], code.terms(), event_id=None, category_id=category_id, max_uses=code.max_uses, by="bench"
    )


async def _open_category(work: UnitOfWork, event_id: UUID, index: int, places: int) -> UUID:
    bibs = (index * places + 1, (index + 1) * places)
    name = f"H{index}"
    category = {"name": name, "slug": name, "distance": None, "prefix": name, "bibs": bibs, "price": 100_000}
    return await commands.create_category(work, event_id, category_fields(category), by="bench")


def check(stage: Stage, *, accepted: int) -> None:
    """What the clients were told and what is stored must be one and the same.

    Raises:
        Violation: saying what differs.
    """
    found = asyncio.run(_wrong(stage, accepted))
    if found:
        raise Violation("; ".join(found[:20]))


async def _wrong(stage: Stage, accepted: int) -> list[str]:
    database = open_database(stage.url)
    own = Registration.race_category_id.in_(stage.categories)
    queries = {
        "registrations": select(func.count()).select_from(Registration).where(own),
        "idempotency keys": select(func.count()).select_from(IdempotencyKey),
        "events in the outbox": select(func.count()).select_from(service_tables.outbox),
    }
    async with database.read() as session:
        counts = {what: (await session.execute(query)).scalar_one() for what, query in queries.items()}
        places, people = await wrong_places(session), await wrong_people(session)
        checks = (wrong_counts, wrong_timeline, wrong_people_counts, wrong_uses)
        uncounted = [f"{check.__name__} are found" for check in checks for _ in await check(session)]
    await database.close()
    differing = [f"{count} {what}, {accepted} accepted" for what, count in counts.items() if count != accepted]
    uncounted += [f"the places of {row.name} differ" for row in places]
    return [*differing, *uncounted, *(f"{row.registration_number} has other participants" for row in people)]
