"""A race to register for, on a real database."""

import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from chassis.auth.principals import Role
from chassis.database import Database
from chassis.secrets import new_key
from contracts import Payload, PaymentMethod, PaymentRejected, PaymentUploaded, PaymentVerified
from registration.app import build_app
from registration.base import service_tables
from registration.handlers import handlers
from registration.settings import Settings
from registration.waitlist.rules import OfferTerms
from registration.worker import sweep
from sqlalchemy import RowMapping, text
from sqlalchemy.exc import DBAPIError
from testkit.harness import ManualClock, ServiceUnderTest
from testkit.plugin import FreshDatabase
from testkit.tokens import Issuer

_SEED = """
    WITH numbered AS (SELECT number, md5('entry' || number)::uuid AS id FROM generate_series(1, :count) AS number),
    entries AS (
        INSERT INTO registrations (id, event_id, race_category_id, registration_number, registration_type,
                                   total_participants, total_amount, currency, status, payment_id,
                                   expires_at, created_at, updated_at)
        SELECT id, CAST(:event_id AS uuid), CAST(:category_id AS uuid), 'SEED-' || number, 'individual', 1, 150000,
               'IDR', (ARRAY['payment_verified', 'payment_verified', 'expired', 'pending_payment'])[number % 4 + 1],
               id, CAST(:now AS timestamptz) + number * interval '1 minute',
               CAST(:now AS timestamptz) - number * interval '1 second', :now
          FROM numbered RETURNING 1
    )
    INSERT INTO participants (id, registration_id, event_id, position, person_key, live, bib_number, ticket_code,
                              is_pic, full_name, email, whatsapp, gender, date_of_birth, jersey_size,
                              emergency_contact_name, emergency_contact_phone)
    SELECT md5('person' || number)::uuid, id, CAST(:event_id AS uuid), 0, md5(number::text), true, 1000000 + number,
           md5('ticket' || number), true, 'Nama' || number % 300 || ' Keluarga' || number / 40,
           'runner' || number || '@example.com',
           '0899' || lpad(number::text, 8, '0'), 'female', '1990-01-31', 'm', 'Siti', '081298765432'
      FROM numbered
"""

GROUPS = {1: "individual", 5: "collective_5", 10: "collective_10"}


@dataclass
class Race:
    """Speaks to registration as runners, staff and payment do."""

    service: ServiceUnderTest
    clock: ManualClock
    settings: Settings
    event: dict[str, Any] = field(default_factory=dict)
    category: dict[str, Any] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def http(self) -> httpx.AsyncClient:
        return self.service.http

    @property
    def database(self) -> Database:
        return self.service.database

    @property
    def terms(self) -> OfferTerms:
        return OfferTerms(self.settings.waitlist_offer_time, self.settings.access_codes())

    @property
    def today(self) -> date:
        """The day it is at the race, in Jakarta."""
        return self.clock().astimezone(ZoneInfo("Asia/Jakarta")).date()

    def staff(self, role: Role = Role.ADMIN) -> dict[str, str]:
        return self.service.issuer.staff(role)

    def url(self, path: str) -> str:
        return f"/api/registration/v1{path}"

    async def open(self, *, quota: int = 100, bibs: int | None = None, **fields: Any) -> dict[str, Any]:
        """A category with `quota` places; the event comes with the first one."""
        if not self.event:
            await self.create_event()
        number = next(self.numbers)
        start = 1000 * number
        body = {
            "name": f"Category {number}",
            "slug": f"category-{number}",
            "price_individual": "150000.00",
            "price_collective_5": "140000.00",
            "price_collective_10": "130000.00",
            "quota": quota,
            "registration_prefix": f"R{number}",
            "bib_start_number": start,
            "bib_end_number": start + (bibs or quota) - 1,
            **fields,
        }
        path = self.url(f"/events/{self.event['id']}/categories")
        answer = await self.http.post(path, json=body, headers=self.staff())
        assert answer.status_code == 201, answer.text
        self.category = answer.json()
        return self.category

    async def create_event(self, **fields: Any) -> dict[str, Any]:
        number = next(self.numbers)
        body = {
            "name": "Jakarta Fun Run",
            "slug": f"jakarta-{number}",
            "event_date": (self.clock() + timedelta(days=90)).date().isoformat(),
            "location": "Senayan",
            **fields,
        }
        answer = await self.http.post(self.url("/events"), json=body, headers=self.staff())
        assert answer.status_code == 201, answer.text
        self.event = answer.json()
        return self.event

    def person(self, **fields: Any) -> dict[str, Any]:
        number = next(self.numbers)
        return {
            "full_name": f"Budi Santoso {number}",
            "email": f"budi{number}@example.com",
            "whatsapp": f"0812{number:08d}",
            "gender": "male",
            "date_of_birth": "1990-01-31",
            "jersey_size": "l",
            "emergency_contact_name": "Siti",
            "emergency_contact_phone": "081298765432",
            **fields,
        }

    def form(self, group: int = 1, *, category_id: str | None = None, **fields: Any) -> dict[str, Any]:
        people = [self.person(is_pic=index == 0) for index in range(group)]
        return {
            "category_id": category_id or self.category["id"],
            "registration_type": GROUPS[group],
            "participants": people,
            **fields,
        }

    async def register(
        self, group: int = 1, *, form: dict[str, Any] | None = None, key: str | None = None, **fields: Any
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        body = form or self.form(group, **fields)
        return await self.http.post(self.url("/registrations"), json=body, headers=headers)

    async def registered(self, group: int = 1, **fields: Any) -> dict[str, Any]:
        answer = await self.register(group, **fields)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def seed(self, count: int) -> None:
        """Many registrations of the category in one statement: for plans and long answers, not in step with places."""
        values = {"count": count, "event_id": self.event["id"], "category_id": self.category["id"], "now": self.clock()}
        async with self.database.work() as work:
            await work.session.execute(text(_SEED), values)

    async def show(self, registration_id: str) -> dict[str, Any]:
        answer = await self.http.get(self.url(f"/registrations/{registration_id}"), headers=self.staff())
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def status(self, registration_id: str) -> str:
        return str((await self.show(registration_id))["status"])

    async def cancel(self, registration_id: str) -> httpx.Response:
        path = self.url(f"/registrations/{registration_id}/cancel")
        return await self.http.post(path, json={"reason": "asked to"}, headers=self.staff())

    async def proof(self, entry: dict[str, Any], *, ago: timedelta = timedelta()) -> UUID:
        payment_id = uuid4()
        payload = PaymentUploaded(
            payment_id=payment_id,
            registration_id=entry["registration_id"],
            amount=Decimal(entry["total_amount"]),
            currency="IDR",
            payment_method=PaymentMethod.QRIS,
            uploaded_at=self.clock() - ago,
        )
        await self.service.deliver(payload, subject=UUID(entry["registration_id"]))
        return payment_id

    async def verify(self, entry: dict[str, Any], payment_id: UUID | None = None) -> UUID:
        payment_id = payment_id or uuid4()
        await self.service.deliver(self.verified(entry, payment_id), subject=UUID(entry["registration_id"]))
        return payment_id

    def verified(self, entry: dict[str, Any], payment_id: UUID) -> PaymentVerified:
        return PaymentVerified(
            payment_id=payment_id,
            registration_id=entry["registration_id"],
            amount=Decimal(entry["total_amount"]),
            currency="IDR",
            verified_at=self.clock(),
            verified_by=uuid4(),
        )

    async def reject(self, entry: dict[str, Any], payment_id: UUID) -> None:
        payload = PaymentRejected(
            payment_id=payment_id,
            registration_id=entry["registration_id"],
            amount=Decimal(entry["total_amount"]),
            currency="IDR",
            reason="unreadable",
            rejected_at=self.clock(),
            expires_at=self.clock() + timedelta(hours=24),
        )
        await self.service.deliver(payload, subject=UUID(entry["registration_id"]))

    async def sweep(self) -> int:
        grace = timedelta(minutes=self.settings.expiry_grace_minutes)
        return await sweep(self.database, grace, self.terms)

    async def deadline_passes(self) -> int:
        """All events have left, a day passes, and the worker looks for what is overdue."""
        await self.service.published(Payload)
        self.clock.advance(timedelta(hours=25))
        return await self.sweep()

    async def places(self, category_id: str | None = None) -> dict[str, int]:
        query = "SELECT * FROM category_places WHERE category_id = CAST(:id AS uuid)"
        row = await self._row(query, id=category_id or self.category["id"])
        return {name: value for name, value in row.items() if name != "category_id"}

    async def execute(self, sql: str, **values: Any) -> None:
        async with self.database.work() as work:
            await work.session.execute(text(sql), values)

    async def scalar(self, sql: str, **values: Any) -> Any:
        [value] = (await self._row(sql, **values)).values()
        return value

    async def _row(self, sql: str, **values: Any) -> RowMapping:
        """One row, asked for again on a fresh connection when the pooled one had been cut."""
        for _ in range(2):
            try:
                async with self.database.read() as session:
                    return (await session.execute(text(sql), values)).mappings().one()
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
        raise AssertionError("the database is gone")

    async def live_participants(self) -> int:
        return int(await self.scalar("SELECT count(*) FROM participants WHERE live"))


def settings_for(url: str, **fields: Any) -> Settings:
    values: dict[str, Any] = {
        "database_url": url,
        "broker_url": "amqp://unused",
        "secret_keys": new_key(),
        "staff_jwks_url": "http://identity.test/jwks",
        "public_url": "https://lari.example",
        **fields,
    }
    return Settings(**values)


def build_race(url: str, clock: ManualClock, **fields: Any) -> Race:
    """One process of registration on the database at `url`."""
    settings = settings_for(url, **fields)
    database = Database(url, service="registration", tables=service_tables, pool_size=10, clock=clock)
    issuer = Issuer()
    app = build_app(settings, database, issuer.http())
    return Race(ServiceUnderTest(app, database, handlers, issuer), clock, settings)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def build() -> Callable[..., Race]:
    """Makes further processes."""
    return build_race


@pytest.fixture
async def race(fresh_database: FreshDatabase, clock: ManualClock) -> AsyncIterator[Race]:
    made = build_race(await fresh_database("registration"), clock)
    yield made
    await made.service.close()


@pytest.fixture
async def second_process(race: Race) -> AsyncIterator[Race]:
    """Another API process on the same database."""
    made = build_race(race.settings.database_url, race.clock, secret_keys=race.settings.secret_keys.get_secret_value())
    made.service.issuer = race.service.issuer
    yield made
    await made.service.close()
