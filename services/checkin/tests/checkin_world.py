"""A pack-pickup day for tests: the real application and handlers, stations, devices, and registrations that come in."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
from chassis.auth.principals import Role
from chassis.database import Database
from chassis.secrets import new_key
from checkin.app import build_app
from checkin.base import service_tables
from checkin.handlers import handlers
from checkin.settings import Settings
from contracts import (
    CategoryName,
    ConfirmedParticipant,
    CorrectedParticipant,
    EventSummary,
    JerseySize,
    RaceChanged,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCorrected,
)
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select, text
from testkit.harness import ManualClock, ServiceUnderTest
from testkit.tokens import Headers, Issuer

API = "/api/checkin/v1"
PIN = "730461"
RACE = EventSummary(event_id=uuid4(), name="Lari Pagi", event_date=date(2027, 3, 7), location="Jakarta")
TEN_K = uuid4()


class QuickHasher(PasswordHash):
    """Argon2id at a cost only tests may pay; counts how often a PIN was looked at."""

    def __init__(self) -> None:
        super().__init__([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)])
        self.looked = 0

    def verify(self, password: str | bytes, hash: str | bytes, **_: Any) -> bool:  # noqa: A002  # pwdlib's name
        self.looked += 1
        return super().verify(password, hash)


@dataclass(frozen=True)
class Answer:
    """What the service said."""

    status: int
    body: Any
    headers: httpx.Headers

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.body["code"])

    @property
    def wrong_fields(self) -> list[str]:
        """The fields a 422 names."""
        return [each["field"] for each in self.body["errors"]]


@dataclass(frozen=True)
class OpenStation:
    """A station and a device logged in there."""

    id: UUID
    device: Headers


class PackDay(ServiceUnderTest):
    """Speaks to check-in as staff, devices and the registration service do."""

    def __init__(self, url: str, *, clock: ManualClock | None = None, settings: Settings | None = None) -> None:
        self.issuer = Issuer()
        self.settings = settings or settings_for(url)
        self.hasher = QuickHasher()
        database = Database(url, service="checkin", tables=service_tables, clock=clock or ManualClock())
        self.staff_http = self.issuer.http()
        app = build_app(self.settings, database, self.staff_http, pin_hasher=self.hasher)
        super().__init__(app, database, handlers, self.issuer)
        self.admin = self.issuer.staff(Role.ADMIN)

    async def close(self) -> None:
        await self.staff_http.aclose()
        await super().close()

    async def call(self, method: str, path: str, who: Headers | None = None, body: Any = None, **more: Any) -> Answer:
        """One request under the service's prefix."""
        headers = httpx.Headers([*(who or {}).items(), *more.pop("headers", {}).items()], encoding="utf-8")
        if body is not None:
            more["json"] = body
        found = await self.http.request(method, f"{API}{path}", headers=headers, **more)
        return Answer(found.status_code, found.json() if found.content else None, found.headers)

    async def station(
        self, name: str = "Desk 1", location_name: str = "Hall A", pin_code: str = PIN, race: EventSummary | None = None
    ) -> UUID:
        """A station that staff opened: for one race, or for any."""
        body = {"name": name, "location_name": location_name, "pin_code": pin_code}
        body |= {"event_id": str(race.event_id)} if race else {}
        answer = await self.call("POST", "/stations", self.admin, body)
        assert answer.status == 201, answer
        return UUID(answer.body["id"])

    async def log_in(self, station_id: UUID, pin_code: str = PIN, device_name: str = "Phone") -> Answer:
        """A device tries a PIN."""
        body = {"pin_code": pin_code, "device_name": device_name}
        return await self.call("POST", f"/stations/{station_id}/login", body=body)

    async def device(self, station_id: UUID) -> Headers:
        """A device logged in there."""
        answer = await self.log_in(station_id)
        assert answer.status == 200, answer
        return {"Authorization": f"Bearer {answer.body['device_token']}"}

    async def desk(
        self, name: str = "Desk 1", location_name: str = "Hall A", race: EventSummary | None = None
    ) -> OpenStation:
        """An open station with a device."""
        station_id = await self.station(name, location_name, race=race)
        return OpenStation(station_id, await self.device(station_id))

    async def confirmed(self, *people: ConfirmedParticipant, **more: Any) -> RegistrationConfirmed:
        """A registration whose payment was verified; the service heard of it."""
        said = confirmation(*(people or (person(),)), **more)
        await self.deliver(said, subject=said.registration_id)
        return said

    async def cancelled(self, said: RegistrationConfirmed, *, revision: int | None = None) -> RegistrationCancelled:
        """The registration was cancelled; the service heard of it."""
        news = cancellation(said, revision=revision)
        await self.deliver(news, subject=said.registration_id)
        return news

    async def renamed(self, race: EventSummary, **categories: UUID) -> RaceChanged:
        """Facts of a race changed; the service heard of it."""
        news = race_change(race, **categories)
        await self.deliver(news, subject=race.event_id)
        return news

    async def scan(self, device: Headers, ticket_code: str, *, key: str | None = None, **more: Any) -> Answer:
        """A device scans a ticket."""
        headers = {"Idempotency-Key": key} if key else {}
        return await self.call("POST", "/checkins", device, {"ticket_code": ticket_code, **more}, headers=headers)

    async def undo(self, participant_id: UUID, reason: str = "wrong runner") -> Answer:
        """Staff takes a check-in back."""
        return await self.call("DELETE", f"/checkins/{participant_id}", self.admin, {"reason": reason})

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """What the database holds."""
        async with self.database.read() as session:
            return [dict(row) for row in (await session.execute(text(sql), values)).mappings()]

    async def execute(self, sql: str, **values: Any) -> None:
        """Change the database behind the service's back."""
        async with self.database.work() as work:
            await work.session.execute(text(sql), values)

    async def audited(self) -> list[tuple[str, str, str]]:
        """Who did what to what, in order."""
        log = self.database.tables.audit_log
        async with self.database.read() as session:
            query = select(log.c.actor, log.c.action, log.c.subject).order_by(log.c.id)
            return [(row.actor, row.action, row.subject) for row in await session.execute(query)]


def settings_for(url: str) -> Settings:
    """Settings that need no environment."""
    return Settings(
        database_url=url,
        broker_url="amqp://unused",
        secret_keys=new_key(),
        staff_jwks_url="http://identity.test/jwks",
    )


def person(full_name: str = "Budi Santoso", *, bib: int | None = None, is_pic: bool = True) -> ConfirmedParticipant:
    """A runner with a BIB and a ticket."""
    return ConfirmedParticipant(
        participant_id=uuid4(),
        full_name=full_name,
        bib_number=bib or 1000 + secrets.randbelow(2**30),
        ticket_code=secrets.token_hex(16),
        jersey_size=JerseySize.L,
        is_pic=is_pic,
    )


def confirmation(*people: ConfirmedParticipant, revision: int = 3, **more: Any) -> RegistrationConfirmed:
    """News that a registration was confirmed."""
    said: dict[str, Any] = {
        "registration_id": uuid4(),
        "registration_number": f"FR10K-{secrets.randbelow(10**8):08d}",
        "event": RACE,
        "category_id": TEN_K,
        "category_name": "10K",
        "payment_id": uuid4(),
    }
    return RegistrationConfirmed(**{**said, **more}, revision=revision, participants=people)


def cancellation(said: RegistrationConfirmed, *, revision: int | None = None) -> RegistrationCancelled:
    """News that this registration was cancelled."""
    return RegistrationCancelled(
        registration_id=said.registration_id,
        registration_number=said.registration_number,
        revision=revision or said.revision + 1,
        reason="asked for",
    )


def statuses(answers: Sequence[Answer]) -> list[int]:
    """The answers' statuses in order of size."""
    return sorted(answer.status for answer in answers)


def another_race(name: str, *, revision: int = 1) -> EventSummary:
    """A race beside `RACE`."""
    return EventSummary(
        event_id=uuid4(), name=name, event_date=RACE.event_date, location=RACE.location, revision=revision
    )


def race_change(race: EventSummary, **categories: UUID) -> RaceChanged:
    """News that a race and its categories, given by name, are called so now."""
    named = tuple(CategoryName(category_id=category_id, name=name) for name, category_id in categories.items())
    return RaceChanged(event=race, categories=named, changed=("name", "categories"), notify_runners=False)


def correction(
    said: RegistrationConfirmed,
    runner: ConfirmedParticipant,
    *,
    revision: int,
    full_name: str | None = None,
    jersey_size: JerseySize = JerseySize.L,
    confirmed: bool = True,
) -> RegistrationCorrected:
    """News that a participant's data was corrected."""
    corrected = CorrectedParticipant(
        participant_id=runner.participant_id,
        full_name=full_name or runner.full_name,
        email="runner@example.com",
        whatsapp="6281234567890",
        is_pic=runner.is_pic,
        jersey_size=jersey_size,
    )
    return RegistrationCorrected(
        registration_id=said.registration_id,
        registration_number=said.registration_number,
        revision=revision,
        participant=corrected,
        changed=("full_name", "jersey_size"),
        confirmed=confirmed,
    )
