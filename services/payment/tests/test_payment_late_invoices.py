"""An invoice that is opened late may be paid for as long as if it had been opened in time."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from chassis.database import UnitOfWork
from contracts import Payload, PaymentDeadlineMoved, PaymentUploaded, PaymentVerified
from payment.invoices.commands import open_invoice

from .payment_driver import PaymentDriver
from .payment_events import Entry

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


async def register_late(driver: PaymentDriver, late: timedelta = 2 * HOUR, **entry: Any) -> Entry:
    """Return a registration with an hour to pay, whose event is delivered so late."""
    registered = driver.new_entry(hours=1, **entry)
    registered_at = driver.clock()
    driver.clock.advance(late)
    await driver.deliver(registered.created(), occurred_at=registered_at)
    return registered


async def test_the_lost_time_is_added_and_published(driver: PaymentDriver) -> None:
    entry = await register_late(driver)

    [moved] = await driver.published_payloads(PaymentDeadlineMoved)
    assert abs(moved.expires_at - entry.expires_at - 2 * HOUR) < MINUTE
    assert (moved.registration_id, moved.sequence, moved.registration_revision) == (entry.id, 1, 1)
    assert await driver.deadline(entry) == moved.expires_at
    await driver.upload_proof(entry)
    [proof] = await driver.published_payloads(PaymentUploaded)
    assert (proof.sequence, proof.due_at) == (2, moved.expires_at)


@pytest.mark.parametrize("minutes", [-10, 0, 2, 4])
async def test_a_delay_within_the_difference_of_clocks_moves_no_deadline(driver: PaymentDriver, minutes: int) -> None:
    entry = await register_late(driver, minutes * MINUTE)
    assert await driver.published_payloads(PaymentDeadlineMoved) == []
    assert await driver.deadline(entry) == entry.expires_at


async def test_a_repeated_registration_event_moves_no_deadline(driver: PaymentDriver) -> None:
    entry, registered_at = await driver.register(), driver.clock()
    driver.clock.advance(2 * HOUR)
    await driver.deliver(entry.created(), occurred_at=registered_at)
    assert await driver.published_payloads(PaymentDeadlineMoved) == []
    assert await driver.deadline(entry) == entry.expires_at


async def test_a_free_registration_moves_no_deadline(driver: PaymentDriver) -> None:
    await register_late(driver, amount=Decimal("0.00"))
    assert await driver.published_payloads(PaymentDeadlineMoved) == []
    assert [verified.sequence for verified in await driver.published_payloads(PaymentVerified)] == [1]


async def test_an_ended_registration_moves_no_deadline(driver: PaymentDriver) -> None:
    entry = driver.new_entry(hours=1)
    created = entry.created().model_copy(update={"awaits_payment": False})
    await driver.deliver(created, occurred_at=driver.clock() - 2 * HOUR)
    assert await driver.published_payloads(PaymentDeadlineMoved) == []


async def test_an_expiry_that_did_not_know_of_the_late_invoice_leaves_it_open(driver: PaymentDriver) -> None:
    entry = await register_late(driver)
    await driver.deliver(entry.expired(known_sequence=0))
    assert (await driver.invoice(entry))["status"] == "open"
    await driver.deliver(entry.expired(known_sequence=1))
    assert (await driver.invoice(entry))["status"] == "expired"


async def test_without_the_moved_deadline_that_expiry_closes_it(
    driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: without the later deadline and its event."""

    async def as_before(work: UnitOfWork, created: Any, *, registered_at: datetime) -> None:
        await open_invoice(work, created, registered_at=max(registered_at, work.now))

    monkeypatch.setattr("payment.invoices.commands.open_invoice", as_before)
    entry = await register_late(driver)
    assert (await driver.try_upload_proof(entry)).is_problem(409, "invoice_expired")
    await driver.deliver(entry.expired(known_sequence=0))
    assert (await driver.invoice(entry))["status"] == "expired"


async def test_a_moved_deadline_is_republished_as_it_was(driver: PaymentDriver) -> None:
    entry = await register_late(driver)
    [first] = await driver.published_payloads(PaymentDeadlineMoved)
    in_time = await driver.register()
    assert await driver.republish(entry, in_time) == [first]


async def test_a_moved_deadline_in_the_outbox_holds_the_answer_to_a_mark_back(driver: PaymentDriver) -> None:
    entry = await register_late(driver)
    assert (await driver.answer_mark()).spoken_until < entry.expires_at - HOUR
    await driver.published(Payload)
    answer = await driver.answer_mark()
    assert answer.spoken_until == answer.sent_at
