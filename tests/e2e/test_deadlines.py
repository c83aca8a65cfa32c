"""Registration and payment over a real broker, while one of them is away for longer than a deadline."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from chassis.database import Database, UnitOfWork
from chassis.secrets import new_key
from chassis.transports import RabbitTransport
from contracts.topology import Names
from registration import worker as background
from registration.marks import commands as marks
from registration.marks.rules import QueueProgress
from sqlalchemy import text
from standalone.journey.people import Crowd
from standalone.journey.pictures import payment_proof
from standalone.services import service_named
from testkit.brokers import BrokerPrefix
from testkit.clocks import ManualClock
from testkit.plugin import FreshDatabase
from testkit.polling import eventually
from testkit.tokens import Issuer

HOUR = timedelta(hours=1)


class Half:
    """One service on a database of its own: HTTP always, the worker while it is at work."""

    def __init__(self, name: str, url: str, clock: ManualClock, broker: tuple[str, Names], **settings: Any) -> None:
        self.service, self.issuer = service_named(name), settings.pop("issuer")
        common = {"database_url": url, "broker_url": broker[0], "secret_keys": new_key()}
        jwks = {"staff_jwks_url": "http://identity/jwks"}
        self.settings: Any = self.service.settings(**common, **jwks, **settings)
        self._broker = broker
        self.database = self._opened(clock)
        self._clock = clock
        app = self.service.build_app(self.settings, self.database, self.issuer.http())
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://startline/api/{name}/v1")

    def _opened(self, clock: ManualClock) -> Database:
        return self.service.open_database(self.settings.database_url, clock=clock)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        database = self._opened(self._clock)
        transport = RabbitTransport(self._broker[0], names=self._broker[1])
        worker = self.service.build_worker(self.settings, database, transport)
        await transport.start()
        await worker.start()
        try:
            yield
        finally:
            await transport.stop()
            await worker.stop()
            await database.close()

    async def scalar(self, sql: str, **values: Any) -> Any:
        async with self.database.read() as session:
            return (await session.execute(text(sql), values)).scalar_one_or_none()


class Pair:
    """Registration with a race of one place, and payment."""

    def __init__(self, registration: Half, payment: Half, issuer: Issuer, clock: ManualClock) -> None:
        self.registration, self.payment = registration, payment
        self.clock = clock
        self._issuer = issuer
        self._crowd = Crowd()
        self._category = ""

    async def open_race(self, **fields: Any) -> None:
        """One place."""
        event = {"name": "Night Run", "slug": "night-run", "event_date": "2099-01-01", "location": "Bandung"}
        made = await self._call("/events", event, self._issuer.staff())
        category = {
            "name": "5K",
            "slug": "5k",
            "price_individual": "150000.00",
            "quota": 1,
            "registration_prefix": "NR",
            "bib_start_number": 1,
            "bib_end_number": 9,
            **fields,
        }
        self._category = (await self._call(f"/events/{made['id']}/categories", category, self._issuer.staff()))["id"]

    async def _call(self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
        answer = await self.registration.http.post(path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def registered(self) -> UUID:
        """Somebody has the place."""
        return UUID((await self._call("/registrations", self._crowd.form(self._category)))["registration_id"])

    async def in_line(self) -> UUID:
        """Somebody waits for it."""
        return UUID((await self._call("/waitlist", self._crowd.form(self._category)))["waitlist_id"])

    async def pays(self, entry: UUID) -> int:
        """The runner sends a proof; the status of the answer."""
        answer = await self.payment.http.post(
            f"/invoices/{entry}/proofs",
            headers=self._issuer.runner(entry),
            data={"payment_method": "qris", "amount": "150000.00", "payment_date": self.clock().isoformat()},
            files={"file": ("proof.jpg", payment_proof("NR", "150000.00"), "image/jpeg")},
        )
        return answer.status_code

    async def status(self, entry: UUID) -> Any:
        return await self.registration.scalar("SELECT status FROM registrations WHERE id = :id", id=entry)

    async def deadline(self, half: Half, entry: UUID) -> datetime | None:
        table = {"registration": ("registrations", "id"), "payment": ("invoices", "registration_id")}
        name, key = table[half.service.name]
        found: datetime | None = await half.scalar(f"SELECT expires_at FROM {name} WHERE {key} = :id", id=entry)
        return found

    async def standing(self, waiting: UUID) -> Any:
        return await self.registration.scalar("SELECT status FROM waitlist_entries WHERE id = :id", id=waiting)


@pytest.fixture
async def pair(
    fresh_database: FreshDatabase, rabbitmq_url: str, broker_prefix: BrokerPrefix, tmp_path: Path
) -> AsyncIterator[Pair]:
    clock, issuer, broker = ManualClock(), Issuer(), (rabbitmq_url, Names(broker_prefix))
    registration = Half(
        "registration",
        await fresh_database("registration"),
        clock,
        broker,
        issuer=issuer,
        public_url="https://lari.example",
        image_store=(tmp_path / "race-images").as_uri(),
        expiry_sweep_seconds=1,
    )
    payment = Half(
        "payment",
        await fresh_database("payment"),
        clock,
        broker,
        issuer=issuer,
        runner_jwks_url="http://registration/jwks",
        proof_store=(tmp_path / "images").as_uri(),
    )
    async with AsyncExitStack() as stack:
        for half in (registration, payment):
            stack.push_async_callback(half.database.close)
            stack.push_async_callback(half.http.aclose)
        pair = Pair(registration, payment, issuer, clock)
        await pair.open_race()
        yield pair


async def paid_in_time_and_unheard(pair: Pair) -> tuple[UUID, UUID]:
    """Who sent a proof in time before payment's worker went away past the deadline, and who waits in line."""
    entry, waiting = await pair.registered(), await pair.in_line()
    async with pair.registration.at_work(), pair.payment.at_work():
        await eventually(lambda: pair.deadline(pair.payment, entry), within=20)
    assert await pair.pays(entry) == 201
    pair.clock.advance(24 * HOUR + HOUR / 2)
    return entry, waiting


async def own_mark_came_back(pair: Pair) -> bool:
    newest = "SELECT heard_until >= :since FROM queue_mark"
    return bool(await pair.registration.scalar(newest, since=pair.clock() - HOUR / 6))


async def test_a_proof_that_payment_could_not_tell_of_in_time_keeps_its_place(pair: Pair) -> None:
    entry, waiting = await paid_in_time_and_unheard(pair)

    async with pair.registration.at_work():
        await eventually(lambda: own_mark_came_back(pair), within=20)
        pair.clock.advance(HOUR)
        await eventually(lambda: own_mark_came_back(pair), within=20)
        assert (await pair.status(entry), await pair.standing(waiting)) == ("pending_payment", "waiting")
        async with pair.payment.at_work():
            await eventually(lambda: _is(pair, entry, "payment_uploaded"), within=20)

    assert await pair.standing(waiting) == "waiting"


async def test_with_the_mark_of_its_own_queue_alone_the_place_is_lost(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""

    async def send_mark(work: UnitOfWork) -> QueueProgress:
        own = (await marks.send_mark(work)).own
        return QueueProgress(own, own, own)

    monkeypatch.setattr(background, "send_mark", send_mark)
    entry, waiting = await paid_in_time_and_unheard(pair)

    async with pair.registration.at_work():
        await eventually(lambda: _is(pair, entry, "expired"), within=20)
        async with pair.payment.at_work():
            heard = "SELECT payment_sequence FROM registrations WHERE id = :id"
            await eventually(lambda: pair.registration.scalar(heard, id=entry), within=20)

    assert (await pair.status(entry), await pair.standing(waiting)) == ("expired", "offered")


async def test_who_registered_while_payment_was_away_has_the_whole_time_to_pay(pair: Pair) -> None:
    entry, waiting = await pair.registered(), await pair.in_line()
    was = await pair.deadline(pair.registration, entry)
    async with pair.registration.at_work():
        pair.clock.advance(25 * HOUR)
        await eventually(lambda: own_mark_came_back(pair), within=20)
        assert await pair.status(entry) == "pending_payment"

        async with pair.payment.at_work():
            await eventually(lambda: _has_until(pair, entry, later_than=was), within=20)
            await _no_deadline_waits(pair)
            assert await pair.pays(entry) == 201
            await eventually(lambda: _is(pair, entry, "payment_uploaded"), within=20)

    assert await pair.standing(waiting) == "waiting"


async def _has_until(pair: Pair, entry: UUID, *, later_than: datetime | None) -> bool:
    """Whether both know of the same later deadline, 24 hours from when there was an invoice."""
    here, there = await pair.deadline(pair.registration, entry), await pair.deadline(pair.payment, entry)
    assert later_than is not None
    return here == there and here is not None and here - later_than >= 25 * HOUR


async def _no_deadline_waits(pair: Pair) -> None:
    """Marks have been answered after the deadline of old."""
    answered = "SELECT spoken_until >= :since FROM queue_mark"
    await eventually(lambda: pair.registration.scalar(answered, since=pair.clock() - HOUR / 6), within=20)


async def _is(pair: Pair, entry: UUID, status: str) -> bool:
    return bool(await pair.status(entry) == status)
