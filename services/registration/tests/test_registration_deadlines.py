"""Deadlines run only while they can be met and heard of, and one item never stops the rest."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.database import Database
from chassis.inbox import Inbox
from chassis.transports import RabbitTransport
from contracts import Event, Payload, PaymentMethod, PaymentUploaded, WaitlistEnd, WaitlistEnded
from contracts.topology import Names
from registration import worker as background
from registration.aside.commands import SET_ASIDE
from registration.base import service_tables
from registration.handlers import handlers
from registration.service import SERVICE
from sqlalchemy import text
from testkit.brokers import BrokerPrefix, purge
from testkit.example.recording_listener import message as on_its_way
from testkit.polling import eventually

from .conftest import Race
from .registration_line import Line
from .registration_marks import payment_answers


@pytest.fixture
def line(race: Race) -> Line:
    return Line(race)


async def _status_is(race: Race, entry: dict[str, Any], status: str) -> bool:
    return await race.status(entry["registration_id"]) == status


# --- what was never announced


async def test_a_registration_that_nobody_could_hear_of_does_not_expire(race: Race) -> None:
    await race.open(payment_deadline_hours=1)
    entry = await race.registered()
    race.clock.advance(timedelta(hours=1, minutes=11))

    assert await race.sweep() == 0
    await race.service.published(Payload)

    assert await race.sweep() == 1
    assert await race.status(entry["registration_id"]) == "expired"


async def test_an_event_that_nobody_can_send_does_not_keep_a_place_for_ever(race: Race) -> None:
    await race.open(payment_deadline_hours=1)
    await race.registered()
    race.clock.advance(timedelta(hours=1, minutes=41))

    assert await race.sweep() == 1


async def test_an_offer_that_nobody_could_hear_of_does_not_lapse(race: Race, line: Line) -> None:
    [taken] = await line.sell_out()
    first = await line.waiting()
    await race.cancel(taken["registration_id"])
    race.clock.advance(timedelta(hours=12, minutes=3))

    await background.process_waitlists(race.database, race.terms)
    assert await line.status(first) == "offered"
    await race.service.published(Payload)
    await background.process_waitlists(race.database, race.terms)

    assert await line.status(first) == "expired"


async def test_a_proof_that_waits_for_another_try_keeps_its_place(race: Race) -> None:
    await race.open()
    entry = await race.registered()
    await race.service.published(Payload)
    payload = _proof(entry, race)
    event = Event[Any].of(
        payload, source="payment", subject=payload.registration_id, occurred_at=race.clock(), correlation_id="test"
    )
    await Inbox(race.database, handlers).schedule_retry(event.to_bytes(), RuntimeError())
    await Inbox(race.database, handlers).schedule_retry(b"garbage", RuntimeError())
    for strange in (b'"subject":"nobody"', b'"subject":"\\u0000"'):
        body = event.to_bytes().replace(f'"subject":"{payload.registration_id}"'.encode(), strange)
        body = body.replace(str(event.event_id).encode(), str(uuid4()).encode())
        await Inbox(race.database, handlers).schedule_retry(body, RuntimeError())
    race.clock.advance(timedelta(hours=24, minutes=20))

    assert await race.sweep() == 0


def _proof(entry: dict[str, Any], race: Race) -> PaymentUploaded:
    return PaymentUploaded(
        payment_id=uuid4(),
        registration_id=UUID(entry["registration_id"]),
        amount=Decimal(150000),
        currency="IDR",
        payment_method=PaymentMethod.QRIS,
        uploaded_at=race.clock(),
        sequence=1,
    )


# --- what waits in the queue


@asynccontextmanager
async def _running(race: Race, url: str, names: Names) -> AsyncIterator[None]:
    """The worker as a process runs it."""
    database = Database(race.settings.database_url, service="registration", tables=service_tables, clock=race.clock)
    transport = RabbitTransport(url, names=names)
    settings = race.settings.model_copy(update={"expiry_sweep_seconds": 0.1})
    worker = SERVICE.build_worker(settings, database, transport)
    await transport.start()
    await worker.start()
    try:
        yield
    finally:
        await transport.stop()
        await worker.stop()
        await database.close()


@pytest.fixture
async def names(rabbitmq_url: str) -> AsyncIterator[Names]:
    prefix = BrokerPrefix.new()
    yield Names(prefix)
    await purge(rabbitmq_url, prefix.names)


async def _proof_waits(race: Race, entry: dict[str, Any], url: str, names: Names) -> None:
    """Payment's worker published a proof that was in time; registration's has been away since, past the grace."""
    payment = RabbitTransport(url, names=names)
    await payment.start()
    payload = _proof(entry, race)
    event = Event[Any].of(
        payload, source="payment", subject=payload.registration_id, occurred_at=race.clock(), correlation_id="test"
    )
    await payment.publish(on_its_way(event))
    await payment.stop()
    race.clock.advance(timedelta(hours=24, minutes=20))


async def test_a_proof_in_the_queue_comes_before_the_deadline_that_passed_while_the_worker_was_away(
    race: Race, line: Line, rabbitmq_url: str, names: Names
) -> None:
    [entry] = await line.sell_out()
    waiting = await line.waiting()
    await race.service.published(Payload)
    await _proof_waits(race, entry, rabbitmq_url, names)
    overdue = await _overdue_besides(race)

    async with payment_answers(rabbitmq_url, names), _running(race, rabbitmq_url, names):
        await eventually(lambda: _status_is(race, overdue, "expired"), within=20)

    assert await race.status(entry["registration_id"]) == "payment_uploaded"
    assert await line.status(waiting) == "waiting"


async def test_without_the_mark_the_place_is_lost(
    race: Race, line: Line, rabbitmq_url: str, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the sweep looks at the clock alone, and the queue is slow."""
    [entry] = await line.sell_out()
    await race.service.published(Payload)
    await _proof_waits(race, entry, rabbitmq_url, names)
    _heard_at_once(monkeypatch)
    swept = asyncio.Event()
    monkeypatch.setattr(Inbox, "deliver", _after(swept, Inbox.deliver))

    async with _running(race, rabbitmq_url, names):
        await eventually(lambda: _status_is(race, entry, "expired"), within=20)
        swept.set()


def _heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sweep_at_once(self: background.Deadlines) -> None:
        await background.sweep(self.database, self.grace, self.terms)

    monkeypatch.setattr(background.Deadlines, "keep", sweep_at_once)


def _after(opened: asyncio.Event, deliver: Callable[[Inbox, bytes, str], Awaitable[None]]) -> Any:
    async def late(self: Inbox, body: bytes, sender: str) -> None:
        await opened.wait()
        await deliver(self, body, sender)

    return late


async def test_no_deadline_runs_while_the_broker_is_out_of_reach(race: Race, rabbitmq_url: str, names: Names) -> None:
    entry = await _overdue_besides(race)
    looked = 0
    keep = background.Deadlines.keep

    async def counted(self: background.Deadlines) -> None:
        nonlocal looked
        await keep(self)
        looked += 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(background.Deadlines, "keep", counted)
        async with _running(race, "amqp://guest:guest@127.0.0.1:1/", names):
            await eventually(lambda: _so(looked > 5))
    assert await race.status(entry["registration_id"]) == "pending_payment"

    async with payment_answers(rabbitmq_url, names), _running(race, rabbitmq_url, names):
        await eventually(lambda: _status_is(race, entry, "expired"), within=20)


async def test_no_deadline_runs_while_payment_is_away(race: Race, rabbitmq_url: str, names: Names) -> None:
    entry = await _overdue_besides(race)

    async with _running(race, rabbitmq_url, names):
        own_mark = "SELECT count(*) FROM queue_mark WHERE heard_until IS NOT NULL"
        await eventually(lambda: race.scalar(own_mark), within=20)
        race.clock.advance(timedelta(hours=2))
        await eventually(lambda: race.scalar("SELECT count(*) FROM queue_mark WHERE heard_until = sent_at"), within=20)
        assert await race.status(entry["registration_id"]) == "pending_payment"

        async with payment_answers(rabbitmq_url, names):
            await eventually(lambda: _status_is(race, entry, "expired"), within=20)


async def _so(it_is: bool) -> bool:
    return it_is


async def _overdue_besides(race: Race) -> dict[str, Any]:
    """A registration of another category that nobody paid: the control that deadlines do run."""
    await race.open()
    entry = await race.registered()
    await race.service.published(Payload)
    overdue = race.clock() - timedelta(hours=1)
    await race.execute("UPDATE registrations SET expires_at = :at WHERE id = :id", at=overdue, id=entry_id(entry))
    return entry


def entry_id(entry: dict[str, Any]) -> UUID:
    return UUID(entry["registration_id"])


# --- one that fails


async def test_an_item_that_fails_is_put_aside_counted_and_tried_again(race: Race) -> None:
    await race.open()
    fine = await race.registered()
    bad = await race.open()
    stuck = await race.registered()
    await race.execute("UPDATE category_places SET taken = 0 WHERE category_id = CAST(:id AS uuid)", id=bad["id"])

    assert await race.deadline_passes() == 1

    assert await race.status(fine["registration_id"]) == "expired"
    assert await race.status(stuck["registration_id"]) == "pending_payment"
    assert await race.scalar("SELECT subject_id FROM set_aside WHERE job = 'expiry'") == entry_id(stuck)
    assert SET_ASIDE.labels("expiry")._value.get() == 1

    await race.execute("UPDATE category_places SET taken = 1 WHERE category_id = CAST(:id AS uuid)", id=bad["id"])
    assert await race.sweep() == 0
    race.clock.advance(timedelta(minutes=11))
    await race.sweep()
    assert await race.status(stuck["registration_id"]) == "expired"
    assert SET_ASIDE.labels("expiry")._value.get() == 0


async def test_a_line_that_fails_does_not_stop_the_others(race: Race, line: Line) -> None:
    await line.sell_out()
    stuck = await line.waiting()
    bad = race.category["id"]
    await line.sell_out(quota=1, bibs=9)
    entry = await line.waiting()
    await race.execute("UPDATE waitlist_entries SET status = 'offered', offered_at = now(), offer_expires_at = now()")
    counted = "UPDATE category_places SET taken = 2, offered = 1, quota = 2 WHERE category_id <> CAST(:id AS uuid)"
    await race.execute(counted, id=bad)

    await line.time_passes(1)

    assert await line.status(entry) == "expired"
    assert await race.scalar("SELECT subject_id FROM set_aside WHERE job = 'waitlist'") == UUID(bad)
    # then it is left alone for a while, and tried again
    await race.execute("UPDATE category_places SET taken = 2, offered = 1, quota = 2, bib_end = bib_end + 1")
    await line.process_waitlist()
    assert await line.status(stuck) == "offered"
    await line.time_passes(0.2)
    assert await line.status(stuck) == "expired"


async def test_a_category_that_somebody_holds_does_not_stop_the_others(race: Race) -> None:
    await race.open()
    fine = await race.registered()
    held = await race.open()
    stuck = await race.registered()
    async with race.database.engine.connect() as holder:
        lock = "SELECT 1 FROM category_places WHERE category_id = CAST(:id AS uuid) FOR UPDATE"
        await holder.execute(text(lock), {"id": held["id"]})

        assert await race.deadline_passes() == 1

    assert await race.status(fine["registration_id"]) == "expired"
    assert await race.scalar("SELECT subject_id FROM set_aside WHERE job = 'expiry'") == entry_id(stuck)


# --- the end of an offer


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda line, entry: line.withdraw(entry), WaitlistEnd.WITHDRAWN),
        (lambda line, entry: line.staff(entry, "remove", reason="asked to"), WaitlistEnd.REMOVED),
        (lambda line, entry: line.time_passes(13), WaitlistEnd.LAPSED),
    ],
)
async def test_the_end_of_an_open_offer_is_told_with_its_reason(
    race: Race, line: Line, end: Callable[..., Awaitable[Any]], reason: WaitlistEnd
) -> None:
    [taken] = await line.sell_out()
    offered = await line.waiting()
    await line.waiting()
    await race.cancel(taken["registration_id"])

    await end(line, offered)

    [ended] = [event.payload for event in await race.service.published(WaitlistEnded)]
    assert (str(ended.registration_id), ended.reason, ended.revision) == (offered["waitlist_id"], reason, 1)


async def test_the_end_of_registration_ends_offers_aloud_and_waiting_in_silence(race: Race, line: Line) -> None:
    [taken] = await line.sell_out()
    offered, waiting = await line.waiting(), await line.waiting()
    await race.cancel(taken["registration_id"])

    await line.change(is_active=False)
    await line.process_waitlist()

    ended = [event.payload for event in await race.service.published(WaitlistEnded)]
    assert [(str(each.registration_id), each.reason) for each in ended] == [
        (offered["waitlist_id"], WaitlistEnd.CLOSED)
    ]
    assert await line.status(waiting) == "closed"


# --- who was called ahead


async def test_places_are_saved_up_for_a_group_that_was_called_ahead(race: Race, line: Line) -> None:
    holders = await line.sell_out(quota=5)
    group, single = await line.waiting(5), await line.waiting()
    assert (await line.staff(group, "offer")).status_code == 200

    for count, holder in enumerate(holders, start=1):
        await race.cancel(holder["registration_id"])
        assert (await race.places())["offered"] == count
        await line.must_be_in_order()

    assert await line.statuses(group, single) == ["offered", "waiting"]


async def test_what_was_saved_up_goes_to_the_next_when_the_group_leaves(race: Race, line: Line) -> None:
    holders = await line.sell_out(quota=5)
    group, single = await line.waiting(5), await line.waiting()
    await line.staff(group, "offer")
    await race.cancel(holders[0]["registration_id"])

    await line.withdraw(group)

    assert await line.status(single) == "offered"
    await line.must_be_in_order()


async def test_nothing_is_saved_up_for_a_group_that_could_not_accept(race: Race, line: Line) -> None:
    holders = await line.sell_out(quota=5)
    group, single = await line.waiting(5), await line.waiting()
    await line.staff(group, "offer")
    await race.cancel(holders[0]["registration_id"])
    assert (await race.places())["offered"] == 1

    await line.change(price_collective_5=None)
    await line.process_waitlist()

    assert await line.status(single) == "offered"
    await line.must_be_in_order()
