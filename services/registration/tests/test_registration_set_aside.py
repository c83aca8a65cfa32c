"""Items set aside are processed like all others when they are tried again, after them."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from chassis import aside
from chassis.database import Database
from contracts import Payload
from registration import worker as background
from registration.marks.rules import NEVER
from sqlalchemy import text
from structlog.testing import capture_logs

from .registration_driver import RegistrationDriver
from .registration_events import proof_uploaded
from .waitlist_driver import WaitlistDriver

_ASIDE = """
    INSERT INTO set_aside (job, subject_id, reason, since, retry_at)
    VALUES (:job, CAST(:id AS uuid), 'LockNotAvailable', :at, :at)
"""


async def _set_aside(driver: RegistrationDriver, job: str, subject_id: str) -> None:
    """Store an item that failed a while ago and is to be tried again."""
    await driver.execute(_ASIDE, job=job, id=subject_id, at=driver.clock() - timedelta(minutes=1))


async def _overdue_and_aside(driver: RegistrationDriver) -> dict[str, Any]:
    await driver.open_category()
    entry = await driver.register()
    await driver.published(Payload)
    driver.clock.advance(timedelta(hours=24, minutes=20))
    await _set_aside(driver, "expiry", entry["registration_id"])
    return entry


async def _swept(driver: RegistrationDriver, **options: Any) -> int:
    return await background.sweep(driver.database, driver.grace, driver.terms, **options)


async def test_an_item_set_aside_does_not_expire_while_no_event_can_arrive(driver: RegistrationDriver) -> None:
    """Its deadline may have been moved since it failed, and has passed while the broker was down."""
    entry = await _overdue_and_aside(driver)

    await _swept(driver, received_until=NEVER)
    assert await driver.status(entry["registration_id"]) == "pending_payment"

    await _set_aside(driver, "expiry", entry["registration_id"])
    await _swept(driver, received_until=driver.clock())
    assert await driver.status(entry["registration_id"]) == "expired"


async def test_an_item_set_aside_does_not_expire_while_its_proof_waits_for_another_try(
    driver: RegistrationDriver,
) -> None:
    """The proof's event may have failed for the same reason as the sweep, such as a lock."""
    entry = await _overdue_and_aside(driver)
    payload = proof_uploaded(entry, driver.clock(), sequence=1)
    event = driver.event_of(payload)
    await driver.inbox.schedule_retry(event.to_bytes(), RuntimeError())

    await _swept(driver)

    assert await driver.status(entry["registration_id"]) == "pending_payment"


async def test_items_set_aside_are_processed_after_all_others(
    driver: RegistrationDriver, waitlist: WaitlistDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round has a limit of time: what failed before must not use it up."""
    stuck = await driver.open_category()
    failed = await driver.register()
    [taken] = await waitlist.sell_out()
    lapsing = await waitlist.join()
    await driver.cancel(taken["registration_id"])
    await driver.open_category()
    overdue = await driver.register()
    await driver.published(Payload)
    driver.clock.advance(timedelta(hours=24, minutes=20))
    await _set_aside(driver, "expiry", failed["registration_id"])
    await _set_aside(driver, "waitlist", stuck["id"])
    order: list[str] = []
    for_one = aside._for_one

    async def noted(database: Database, job: str, subject_id: UUID, do: aside.Work) -> int:
        order.append(
            f"{job} again, {await driver.status(overdue['registration_id'])}, {await waitlist.status(lapsing)}"
        )
        return await for_one(database, job, subject_id, do)

    monkeypatch.setattr(aside, "_for_one", noted)
    await driver.sweep()
    await background.process_waitlists(driver.database, driver.terms)

    assert order == ["expiry again, expired, offered", "waitlist again, expired, expired"]


async def test_many_that_wait_for_one_lock_do_not_use_up_the_round(driver: RegistrationDriver) -> None:
    """Of eight seconds each, as others wait for a lock, they would take forty."""
    held = await driver.open_category()
    for _ in range(4):
        await driver.register()
    await driver.open_category()
    fine = await driver.register()
    await driver.published(Payload)
    driver.clock.advance(timedelta(hours=24, minutes=20))
    async with driver.database.engine.connect() as holder:
        lock = "SELECT 1 FROM category_places WHERE category_id = CAST(:id AS uuid) FOR UPDATE"
        await holder.execute(text(lock), {"id": held["id"]})

        with capture_logs():  # printing them takes longer than the locks
            async with asyncio.timeout(15):
                assert await _swept(driver) == 1

    assert await driver.status(fine["registration_id"]) == "expired"


async def test_a_busy_category_is_tried_again_in_seconds_and_is_no_finding(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    """In a rush its row of places is locked most of the time: that is nothing wrong, unless it lasts."""
    [taken] = await waitlist.sell_out()
    waiting = await waitlist.join()
    await driver.execute("UPDATE category_places SET taken = 0")
    async with driver.database.engine.connect() as holder:
        await holder.execute(text("SELECT 1 FROM category_places FOR UPDATE"))
        with capture_logs():
            await background.process_waitlists(driver.database, driver.terms)
    assert await _reasons(driver) == ["waits for a lock"]
    assert await _findings(driver) == []

    driver.clock.advance(timedelta(seconds=16))
    await background.process_waitlists(driver.database, driver.terms)

    assert await waitlist.status(waiting) == "offered"
    assert await _reasons(driver) == []
    assert taken


async def test_a_lock_that_lasts_is_found(driver: RegistrationDriver) -> None:
    entry = await _overdue_and_aside(driver)
    busy = "UPDATE set_aside SET reason = 'waits for a lock', since = now() - CAST(:age AS interval)"

    for age, found in ((timedelta(minutes=9), []), (timedelta(minutes=11), [UUID(entry["registration_id"])])):
        await driver.execute(busy, age=age)
        assert await _findings(driver) == found


async def _reasons(driver: RegistrationDriver) -> list[str]:
    return [row["reason"] for row in await driver.rows("SELECT reason FROM set_aside")]


async def _findings(driver: RegistrationDriver) -> list[UUID]:
    """What the doctor would say."""
    async with driver.database.read() as session:
        return [subject for _, subject, _ in await aside.all_aside(session)]
