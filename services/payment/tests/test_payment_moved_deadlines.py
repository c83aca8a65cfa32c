"""An invoice whose deadline cannot be moved does not keep an outage unsettled."""

import asyncio
from datetime import timedelta

from chassis.aside import SET_ASIDE
from contracts import PaymentDeadlineMoved
from payment.uptime import beats
from sqlalchemy import text
from structlog.testing import capture_logs

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .test_payment_uptime import HOUR, MINUTE, answers, beat

_UNMOVABLE = "UPDATE invoices SET sequence = 2147483647 WHERE registration_id = :id"


async def _close_and_open(driver: PaymentDriver) -> None:
    """Let no process take proofs for two hours."""
    driver.clock.advance(2 * HOUR)
    with capture_logs():
        await beat(driver)


async def _moved(driver: PaymentDriver, entry: Entry) -> bool:
    """Return whether the deadline was moved by the outage, once."""
    by = await driver.deadline(entry) - entry.expires_at
    assert by == timedelta() or abs(by - 2 * HOUR) < MINUTE
    return bool(by)


async def _aside(driver: PaymentDriver) -> int:
    [row] = await driver.rows("SELECT count(*) AS number FROM set_aside WHERE job LIKE 'outage:%'")
    assert SET_ASIDE.labels("outage")._value.get() == row["number"]
    return int(row["number"])


async def _after_a_minute(driver: PaymentDriver, beats_at_once: int = 1) -> None:
    driver.clock.advance(MINUTE + timedelta(seconds=1))
    await asyncio.gather(*(beats.beat(driver.database, driver.images) for _ in range(beats_at_once)))


async def test_an_invoice_that_fails_is_set_aside_and_the_outage_settled(driver: PaymentDriver) -> None:
    entries = [await driver.register() for _ in range(3)]
    broken, *fine = entries
    await driver.execute(_UNMOVABLE, id=broken.id)
    await beat(driver)

    await _close_and_open(driver)

    assert [await _moved(driver, entry) for entry in entries] == [False, True, True]
    moves = await driver.published_payloads(PaymentDeadlineMoved)
    assert {each.registration_id for each in moves} == {entry.id for entry in fine}
    assert len(moves) == len(fine)
    assert len(await answers(driver)) == 1, "deadlines pass again"
    assert await _aside(driver) == 1

    with capture_logs():
        await _after_a_minute(driver)
    assert await _aside(driver) == 1
    await driver.execute("UPDATE invoices SET sequence = 0 WHERE registration_id = :id", id=broken.id)
    await _after_a_minute(driver, beats_at_once=4)
    assert [await _moved(driver, entry) for entry in entries] == [True, True, True]
    assert [each.registration_id for each in await driver.published_payloads(PaymentDeadlineMoved)][2:] == [broken.id]
    assert await _aside(driver) == 0


async def test_an_invoice_that_is_locked_does_not_hold_up_the_outage(driver: PaymentDriver) -> None:
    locked, fine = [await driver.register() for _ in range(2)]
    await beat(driver)
    async with driver.database.engine.connect() as holder:
        lock = text("SELECT 1 FROM invoices WHERE registration_id = :id FOR UPDATE")
        await holder.execute(lock, {"id": locked.id})
        await _close_and_open(driver)
    assert (await _moved(driver, locked), await _moved(driver, fine), await _aside(driver)) == (False, True, 1)

    await _after_a_minute(driver)
    assert (await _moved(driver, locked), await _moved(driver, fine), await _aside(driver)) == (True, True, 0)


async def test_an_invoice_set_aside_that_is_paid_meanwhile_keeps_its_deadline(driver: PaymentDriver) -> None:
    entry = await driver.register()
    await driver.execute(_UNMOVABLE, id=entry.id)
    await beat(driver)
    await _close_and_open(driver)
    assert await _aside(driver) == 1

    await driver.execute("UPDATE invoices SET sequence = 0")
    await driver.upload_proof(entry)
    await _after_a_minute(driver)
    assert (await _moved(driver, entry), await _aside(driver)) == (False, 0)
