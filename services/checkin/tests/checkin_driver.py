"""The driver of check-in: its real application and handlers, stations with devices, and payloads of registration."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Self
from uuid import UUID, uuid4

from chassis.auth.principals import Role
from chassis.clock import Clock
from chassis.secrets import new_key
from checkin.app import build_app
from checkin.service import SERVICE
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
from testkit.clocks import ManualClock
from testkit.driver import Answer, Headers, ServiceDriver
from testkit.polling import eventually
from testkit.tokens import Issuer

PIN = "730461"
WRONG_PIN = "528307"
RACE = EventSummary(event_id=uuid4(), name="Lari Pagi", event_date=date(2027, 3, 7), location="Jakarta")
TEN_K = uuid4()


class CountingHasher(PasswordHash):
    """Argon2id at a cost only tests may use; counts the PINs that were verified."""

    def __init__(self) -> None:
        super().__init__([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)])
        self.verified = 0

    def verify(self, password: str | bytes, hash: str | bytes, **_: Any) -> bool:  # noqa: A002  # pwdlib's name
        self.verified += 1
        return super().verify(password, hash)


@dataclass(frozen=True)
class Station:
    """An open station, and the headers of a device that is logged in there."""

    id: UUID
    device: Headers


class CheckinDriver(ServiceDriver[Settings]):
    """Uses check-in as staff, devices and the registration service do."""

    SERVICE = SERVICE

    def __init__(self, settings: Settings, *, clock: Clock | None = None, issuer: Issuer | None = None) -> None:
        self.hasher = CountingHasher()
        build = partial(build_app, pin_hasher=self.hasher)
        super().__init__(settings, clock=clock or ManualClock(), issuer=issuer, build_app=build)
        self.admin = self.staff(Role.ADMIN)

    def another_process(self, **settings: Any) -> Self:
        """Return a driver of another process of the same service, as a replica or after a restart."""
        return type(self)(self.settings.model_copy(update=settings), clock=self.clock, issuer=self.issuer)

    # --- stations and devices

    async def try_open_station(
        self, name: str = "Station 1", location_name: str = "Hall A", pin_code: str = PIN, **fields: Any
    ) -> Answer:
        """Open a station as staff does."""
        body = {"name": name, "location_name": location_name, "pin_code": pin_code, **fields}
        return await self.call("POST", "/stations", by=self.admin, json=body)

    async def open_station(
        self, name: str = "Station 1", location_name: str = "Hall A", *, race: EventSummary | None = None
    ) -> UUID:
        """Open a station, for one race or for any, and return its id."""
        fields = {"event_id": str(race.event_id)} if race else {}
        return UUID((await self.try_open_station(name, location_name, **fields)).require(201)["id"])

    async def set_up_station(
        self, name: str = "Station 1", location_name: str = "Hall A", *, race: EventSummary | None = None
    ) -> Station:
        """Open a station and log a device in there."""
        station_id = await self.open_station(name, location_name, race=race)
        return Station(station_id, await self.log_in(station_id))

    async def try_change_station(self, station_id: UUID, **changes: Any) -> Answer:
        """Change fields of a station as staff does."""
        return await self.call("PATCH", f"/stations/{station_id}", by=self.admin, json=changes)

    async def change_station(self, station_id: UUID, **changes: Any) -> dict[str, Any]:
        """Change fields of a station and return it."""
        station: dict[str, Any] = (await self.try_change_station(station_id, **changes)).require(200)
        return station

    async def try_log_in(self, station_id: UUID, pin_code: str = PIN, device_name: str = "Phone") -> Answer:
        """Log a device in at a station."""
        body = {"pin_code": pin_code, "device_name": device_name}
        return await self.call("POST", f"/stations/{station_id}/login", json=body)

    async def log_in(self, station_id: UUID) -> Headers:
        """Log a device in at a station and return its headers."""
        token = (await self.try_log_in(station_id)).require(200)["device_token"]
        return {"Authorization": f"Bearer {token}"}

    # --- registrations

    async def confirm(self, *people: ConfirmedParticipant, **fields: Any) -> RegistrationConfirmed:
        """Deliver that a registration was confirmed."""
        payload = confirmation(*(people or (person(),)), **fields)
        await self.deliver(payload)
        return payload

    async def cancel(self, confirmed: RegistrationConfirmed, *, revision: int | None = None) -> None:
        """Deliver that a confirmed registration was cancelled."""
        await self.deliver(cancellation(confirmed, revision=revision))

    async def change_race(self, race: EventSummary, **categories: UUID) -> None:
        """Deliver that a race and its categories, given by name, are called so now."""
        await self.deliver(race_change(race, **categories), subject=race.event_id)

    # --- check-ins

    async def try_scan(self, device: Headers, ticket_code: str, *, key: str | None = None, **remarks: Any) -> Answer:
        """Check in by a ticket's code."""
        headers = {"Idempotency-Key": key} if key else {}
        body = {"ticket_code": ticket_code, **remarks}
        return await self.call("POST", "/checkins", by=device, json=body, headers=headers)

    async def scan(
        self, device: Headers, ticket_code: str, *, key: str | None = None, **remarks: Any
    ) -> dict[str, Any]:
        """Check in by a ticket's code and return the check-in."""
        checkin: dict[str, Any] = (await self.try_scan(device, ticket_code, key=key, **remarks)).require(201)
        return checkin

    async def try_check_in(self, device: Headers, participant_id: UUID, **fields: Any) -> Answer:
        """Check in a participant who was found on the roster."""
        return await self.call("POST", "/checkins", by=device, json={"participant_id": str(participant_id), **fields})

    async def try_undo(self, participant_id: UUID, reason: str = "wrong runner") -> Answer:
        """Undo a check-in as staff does."""
        return await self.call("DELETE", f"/checkins/{participant_id}", by=self.admin, json={"reason": reason})

    async def undo(self, participant_id: UUID) -> None:
        """Undo a check-in as staff does."""
        (await self.try_undo(participant_id)).require(204)


def settings_for(url: str) -> Settings:
    """Return settings that need no environment."""
    return Settings(
        database_url=url,
        broker_url="amqp://unused",
        secret_keys=new_key(),
        staff_jwks_url="http://identity.test/jwks",
        runner_jwks_url="http://registration.test/jwks",
    )


def person(full_name: str = "Budi Santoso", *, bib: int | None = None, is_pic: bool = True) -> ConfirmedParticipant:
    """Return a runner with a BIB and a ticket."""
    return ConfirmedParticipant(
        participant_id=uuid4(),
        full_name=full_name,
        bib_number=bib or 1000 + secrets.randbelow(2**30),
        ticket_code=secrets.token_hex(16),
        jersey_size=JerseySize.L,
        is_pic=is_pic,
    )


def confirmation(*people: ConfirmedParticipant, revision: int = 3, **fields: Any) -> RegistrationConfirmed:
    """Return the payload of a confirmed registration."""
    defaults: dict[str, Any] = {
        "registration_id": uuid4(),
        "registration_number": f"FR10K-{secrets.randbelow(10**8):08d}",
        "event": RACE,
        "category_id": TEN_K,
        "category_name": "10K",
        "payment_id": uuid4(),
    }
    return RegistrationConfirmed(**{**defaults, **fields}, revision=revision, participants=people)


def cancellation(confirmed: RegistrationConfirmed, *, revision: int | None = None) -> RegistrationCancelled:
    """Return the payload of the cancellation of a registration."""
    return RegistrationCancelled(
        registration_id=confirmed.registration_id,
        registration_number=confirmed.registration_number,
        revision=revision or confirmed.revision + 1,
        reason="asked for",
    )


def statuses(answers: Sequence[Answer]) -> list[int]:
    """Return the answers' statuses in order of size."""
    return sorted(answer.status for answer in answers)


async def wait_for_a_lock(driver: CheckinDriver, *, waiting: int = 1) -> None:
    """Return once so many statements wait for locks that others hold."""
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    async def they_wait() -> bool:
        return len(await driver.rows(query)) == waiting

    await eventually(they_wait)


def another_race(name: str, *, revision: int = 1) -> EventSummary:
    """Return a race beside `RACE`."""
    return EventSummary(
        event_id=uuid4(), name=name, event_date=RACE.event_date, location=RACE.location, revision=revision
    )


def race_change(race: EventSummary, **categories: UUID) -> RaceChanged:
    """Return the payload of a change of the names of a race and its categories, which are given by name."""
    named = tuple(CategoryName(category_id=category_id, name=name) for name, category_id in categories.items())
    return RaceChanged(event=race, categories=named, changed=("name", "categories"), notify_runners=False)


def correction(
    confirmed: RegistrationConfirmed,
    runner: ConfirmedParticipant,
    *,
    revision: int,
    full_name: str | None = None,
    jersey_size: JerseySize = JerseySize.L,
    is_confirmed: bool = True,
) -> RegistrationCorrected:
    """Return the payload of a correction of a participant's data."""
    corrected = CorrectedParticipant(
        participant_id=runner.participant_id,
        full_name=full_name or runner.full_name,
        email="runner@example.com",
        whatsapp="6281234567890",
        is_pic=runner.is_pic,
        jersey_size=jersey_size,
    )
    return RegistrationCorrected(
        registration_id=confirmed.registration_id,
        registration_number=confirmed.registration_number,
        revision=revision,
        participant=corrected,
        changed=("full_name", "jersey_size"),
        confirmed=is_confirmed,
    )
