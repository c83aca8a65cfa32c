"""Deadlines pass only while they can be met and published, and one item never stops the rest."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis import aside
from chassis.aside import SET_ASIDE, Work
from chassis.database import Database
from chassis.inbox import Inbox
from chassis.transports import RabbitTransport
from contracts import Payload
from contracts.topology import Names
from registration import worker as background
from registration.base import service_tables
from registration.service import SERVICE
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from testkit.brokers import BrokerPrefix, purge
from testkit.example.recording_listener import message as on_its_way
from testkit.polling import eventually

from .registration_driver import RegistrationDriver
from .registration_events import proof_uploaded
from .registration_marks import payment_answers
from .waitlist_driver import WaitlistDriver


async def _status_is(driver: RegistrationDriver, entry: dict[str, Any], status: str) -> bool:
    return await driver.status(entry["registration_id"]) == status


# --- events that have not left


async def test_a_registration_whose_event_has_not_left_does_not_expire(driver: RegistrationDriver) -> None:
    await driver.open_category(payment_deadline_hours=1)
    entry = await driver.register()
    driver.clock.advance(timedelta(hours=1, minutes=11))

    assert await driver.sweep() == 0
    await driver.published(Payload)

    assert await driver.sweep() == 1
    assert await driver.status(entry["registration_id"]) == "expired"


async def test_an_event_that_cannot_leave_does_not_keep_a_place_for_ever(driver: RegistrationDriver) -> None:
    await driver.open_category(payment_deadline_hours=1)
    await driver.register()
    driver.clock.advance(timedelta(hours=1, minutes=41))

    assert await driver.sweep() == 1


async def test_an_offer_whose_event_has_not_left_does_not_expire(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    first = await waitlist.join()
    await driver.cancel(taken["registration_id"])
    driver.clock.advance(timedelta(hours=12, minutes=3))

    await background.process_waitlists(driver.database, driver.terms)
    assert await waitlist.status(first) == "offered"
    await driver.published(Payload)
    await background.process_waitlists(driver.database, driver.terms)

    assert await waitlist.status(first) == "expired"


async def test_a_proof_that_waits_for_another_try_keeps_its_place(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.published(Payload)
    payload = proof_uploaded(entry, driver.clock(), sequence=1)
    event = driver.event_of(payload)
    await driver.inbox.schedule_retry(event.to_bytes(), RuntimeError())
    await driver.inbox.schedule_retry(b"garbage", RuntimeError())
    for strange in (b'"subject":"nobody"', b'"subject":"\\u0000"'):
        body = event.to_bytes().replace(f'"subject":"{payload.registration_id}"'.encode(), strange)
        body = body.replace(str(event.event_id).encode(), str(uuid4()).encode())
        await driver.inbox.schedule_retry(body, RuntimeError())
    driver.clock.advance(timedelta(hours=24, minutes=20))

    assert await driver.sweep() == 0


# --- what waits in the queue


@asynccontextmanager
async def _running(driver: RegistrationDriver, url: str, names: Names) -> AsyncIterator[None]:
    """Run the worker as a process does."""
    database = Database(driver.settings.database_url, service="registration", tables=service_tables, clock=driver.clock)
    transport = RabbitTransport(url, names=names)
    settings = driver.settings.model_copy(update={"expiry_sweep_seconds": 0.1})
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


async def _proof_waits(
    driver: RegistrationDriver, entry: dict[str, Any], url: str, names: Names, *, before: Sequence[Payload] = ()
) -> None:
    """Publish a proof that was in time, while registration's worker is down until after the grace.

    Args:
        before: events that are in the queue before the proof.
    """
    payment = RabbitTransport(url, names=names)
    await payment.start()
    for payload in (*before, proof_uploaded(entry, driver.clock(), sequence=1)):
        await payment.publish(on_its_way(driver.event_of(payload)))
    await payment.stop()
    driver.clock.advance(timedelta(hours=24, minutes=20))


async def _backlog(driver: RegistrationDriver, count: int) -> Sequence[Payload]:
    """Create a registration of another category; return `count` events about it."""
    await driver.open_category()
    other = await driver.register()
    return [proof_uploaded(other, driver.clock(), sequence=number) for number in range(1, count + 1)]


@pytest.mark.parametrize("backlog", [0, 50, 400])
async def test_a_proof_in_the_queue_comes_before_the_deadline_that_passed_while_the_worker_was_away(
    driver: RegistrationDriver, waitlist: WaitlistDriver, rabbitmq_url: str, names: Names, backlog: int
) -> None:
    [entry] = await waitlist.sell_out()
    waiting = await waitlist.join()
    before = await _backlog(driver, backlog)
    await driver.published(Payload)
    await _proof_waits(driver, entry, rabbitmq_url, names, before=before)
    overdue = await _overdue_besides(driver)

    async with payment_answers(rabbitmq_url, names), _running(driver, rabbitmq_url, names):
        await eventually(lambda: _status_is(driver, overdue, "expired"), within=50)

    assert await driver.status(entry["registration_id"]) == "payment_uploaded"
    assert await waitlist.status(waiting) == "waiting"


async def test_without_the_mark_the_place_is_lost(
    driver: RegistrationDriver,
    waitlist: WaitlistDriver,
    rabbitmq_url: str,
    names: Names,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control: the sweep looks at the clock alone, and the queue is slow."""
    [entry] = await waitlist.sell_out()
    await driver.published(Payload)
    await _proof_waits(driver, entry, rabbitmq_url, names)
    _sweep_by_the_clock(monkeypatch)
    swept = asyncio.Event()
    monkeypatch.setattr(Inbox, "deliver", _after(swept, Inbox.deliver))

    async with _running(driver, rabbitmq_url, names):
        await eventually(lambda: _status_is(driver, entry, "expired"), within=20)
        swept.set()


def _sweep_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sweep_at_once(self: background.Deadlines) -> None:
        await background.sweep(self.database, self.grace, self.terms)

    monkeypatch.setattr(background.Deadlines, "keep", sweep_at_once)


def _after(opened: asyncio.Event, deliver: Callable[[Inbox, bytes, str], Awaitable[None]]) -> Any:
    async def late(self: Inbox, body: bytes, sender: str) -> None:
        await opened.wait()
        await deliver(self, body, sender)

    return late


async def test_no_deadline_runs_while_the_broker_is_out_of_reach(
    driver: RegistrationDriver, rabbitmq_url: str, names: Names
) -> None:
    entry = await _overdue_besides(driver)
    looked = 0
    keep = background.Deadlines.keep

    async def counted(self: background.Deadlines) -> None:
        nonlocal looked
        await keep(self)
        looked += 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(background.Deadlines, "keep", counted)
        async with _running(driver, "amqp://guest:guest@127.0.0.1:1/", names):
            await eventually(lambda: _so(looked > 5))
    assert await driver.status(entry["registration_id"]) == "pending_payment"

    async with payment_answers(rabbitmq_url, names), _running(driver, rabbitmq_url, names):
        await eventually(lambda: _status_is(driver, entry, "expired"), within=20)


async def test_no_deadline_runs_while_payment_is_away(
    driver: RegistrationDriver, rabbitmq_url: str, names: Names
) -> None:
    entry = await _overdue_besides(driver)

    async with _running(driver, rabbitmq_url, names):
        own_mark = "SELECT count(*) FROM queue_mark WHERE heard_until IS NOT NULL"
        await eventually(lambda: driver.scalar(own_mark), within=20)
        driver.clock.advance(timedelta(hours=2))
        await eventually(
            lambda: driver.scalar("SELECT count(*) FROM queue_mark WHERE heard_until = sent_at"), within=20
        )
        assert await driver.status(entry["registration_id"]) == "pending_payment"

        async with payment_answers(rabbitmq_url, names):
            await eventually(lambda: _status_is(driver, entry, "expired"), within=20)


async def _so(it_is: bool) -> bool:
    return it_is


async def _overdue_besides(driver: RegistrationDriver) -> dict[str, Any]:
    """Create an overdue, unpaid registration of another category: the control that deadlines do pass."""
    await driver.open_category()
    entry = await driver.register()
    await driver.published(Payload)
    overdue = driver.clock() - timedelta(hours=1)
    await driver.execute("UPDATE registrations SET expires_at = :at WHERE id = :id", at=overdue, id=entry_id(entry))
    return entry


def entry_id(entry: dict[str, Any]) -> UUID:
    return UUID(entry["registration_id"])


# --- one that fails


async def test_an_item_that_fails_is_set_aside_counted_and_tried_again(driver: RegistrationDriver) -> None:
    await driver.open_category()
    fine = await driver.register()
    bad = await driver.open_category()
    stuck = await driver.register()
    await driver.execute("UPDATE category_places SET taken = 0 WHERE category_id = CAST(:id AS uuid)", id=bad["id"])

    assert await driver.pass_deadline() == 1

    assert await driver.status(fine["registration_id"]) == "expired"
    assert await driver.status(stuck["registration_id"]) == "pending_payment"
    assert await driver.scalar("SELECT subject_id FROM set_aside WHERE job = 'expiry'") == entry_id(stuck)
    assert SET_ASIDE.labels("expiry")._value.get() == 1

    await driver.execute("UPDATE category_places SET taken = 1 WHERE category_id = CAST(:id AS uuid)", id=bad["id"])
    assert await driver.sweep() == 0
    driver.clock.advance(timedelta(minutes=11))
    await driver.sweep()
    assert await driver.status(stuck["registration_id"]) == "expired"
    assert SET_ASIDE.labels("expiry")._value.get() == 0


async def test_without_trying_one_by_one_an_item_that_fails_stops_the_others(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a batch that fails is left as it is."""

    async def all_at_once(database: Database, _: str, ids: Sequence[UUID], do: Work) -> int:
        async with database.work() as work:
            return await do(work, ids)

    monkeypatch.setattr(aside, "for_all", all_at_once)
    await driver.open_category()
    fine = await driver.register()
    bad = await driver.open_category()
    await driver.register()
    await driver.execute("UPDATE category_places SET taken = 0 WHERE category_id = CAST(:id AS uuid)", id=bad["id"])

    with pytest.raises(IntegrityError, match="ck_category_places"):
        await driver.pass_deadline()

    assert await driver.status(fine["registration_id"]) == "pending_payment"


async def test_a_waiting_list_that_fails_does_not_stop_the_others(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await waitlist.sell_out()
    stuck = await waitlist.join()
    bad = driver.category["id"]
    await waitlist.sell_out(quota=1, bibs=9)
    entry = await waitlist.join()
    await driver.execute("UPDATE waitlist_entries SET status = 'offered', offered_at = now(), offer_expires_at = now()")
    counted = "UPDATE category_places SET taken = 2, offered = 1, quota = 2 WHERE category_id <> CAST(:id AS uuid)"
    await driver.execute(counted, id=bad)

    await waitlist.pass_time(1)

    assert await waitlist.status(entry) == "expired"
    assert await driver.scalar("SELECT subject_id FROM set_aside WHERE job = 'waitlist'") == UUID(bad)
    # then it is left alone for a while, and tried again
    await driver.execute("UPDATE category_places SET taken = 2, offered = 1, quota = 2, bib_end = bib_end + 1")
    await waitlist.process()
    assert await waitlist.status(stuck) == "offered"
    await waitlist.pass_time(0.2)
    assert await waitlist.status(stuck) == "expired"


async def test_a_locked_category_does_not_stop_the_others(driver: RegistrationDriver) -> None:
    await driver.open_category()
    fine = await driver.register()
    held = await driver.open_category()
    stuck = await driver.register()
    async with driver.database.engine.connect() as holder:
        lock = "SELECT 1 FROM category_places WHERE category_id = CAST(:id AS uuid) FOR UPDATE"
        await holder.execute(text(lock), {"id": held["id"]})

        assert await driver.pass_deadline() == 1

    assert await driver.status(fine["registration_id"]) == "expired"
    assert await driver.scalar("SELECT subject_id FROM set_aside WHERE job = 'expiry'") == entry_id(stuck)
