"""A race to register for, on a real database."""

import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.auth.principals import Role
from chassis.database import Database
from chassis.secrets import new_key
from contracts import PaymentMethod, PaymentRejected, PaymentUploaded, PaymentVerified
from registration.app import build_app
from registration.base import service_tables
from registration.entries.handlers import handlers
from registration.settings import Settings
from registration.worker import sweep
from sqlalchemy import text
from testkit.harness import ManualClock, ServiceUnderTest
from testkit.plugin import FreshDatabase
from testkit.tokens import Issuer

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
        return await sweep(self.database, timedelta(minutes=self.settings.expiry_grace_minutes))

    async def deadline_passes(self) -> int:
        self.clock.advance(timedelta(hours=25))
        return await self.sweep()

    async def places(self, category_id: str | None = None) -> dict[str, int]:
        query = text("SELECT * FROM category_places WHERE category_id = CAST(:id AS uuid)")
        async with self.database.read() as session:
            row = (await session.execute(query, {"id": category_id or self.category["id"]})).mappings().one()
        return {name: value for name, value in row.items() if name != "category_id"}

    async def scalar(self, sql: str, **values: Any) -> Any:
        async with self.database.read() as session:
            return (await session.execute(text(sql), values)).scalar_one()

    async def live_participants(self) -> int:
        return int(await self.scalar("SELECT count(*) FROM participants WHERE live"))


def settings_for(url: str, **fields: Any) -> Settings:
    values: dict[str, Any] = {
        "database_url": url,
        "broker_url": "amqp://unused",
        "secret_keys": new_key(),
        "staff_jwks_url": "http://identity.test/jwks",
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
