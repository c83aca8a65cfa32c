"""The payer's name follows registration's corrections, in whatever order they arrive."""

from decimal import Decimal

import pytest
from chassis.errors import NotYet

from .payment_driver import PaymentDriver
from .payment_events import Entry


async def payer_of(driver: PaymentDriver, entry: Entry) -> str:
    return str(await driver.scalar("SELECT payer_name FROM invoices WHERE registration_id = :id", id=entry.id))


async def test_the_review_shows_and_finds_the_payer_under_the_corrected_name(driver: PaymentDriver) -> None:
    # given
    entry, payment = await driver.register_and_upload(payer="Budi Santos")
    # when
    event = await driver.deliver(entry.corrected("Budi Santoso"))
    await driver.redeliver(event)
    # then
    [row] = await driver.review_list(q="santoso")
    assert (row["payment_id"], row["payer_name"]) == (str(payment), "Budi Santoso")


async def test_the_newest_correction_wins_in_any_order(driver: PaymentDriver) -> None:
    entry = await driver.register()
    await driver.deliver(entry.corrected("Budi Newest", revision=3))
    await driver.deliver(entry.corrected("Budi Older", revision=2))
    assert await payer_of(driver, entry) == "Budi Newest"


async def test_a_correction_of_another_participant_keeps_the_payer(driver: PaymentDriver) -> None:
    entry = await driver.register(payer="Siti Aminah")
    await driver.deliver(entry.corrected("Somebody Corrected", is_pic=False))
    assert await payer_of(driver, entry) == "Siti Aminah"


async def test_a_correction_that_comes_before_the_registration_is_retried(driver: PaymentDriver) -> None:
    entry = driver.new_entry(amount=Decimal("0.00"))
    with pytest.raises(NotYet):
        await driver.deliver(entry.corrected("Budi Corrected"))
    await driver.deliver(entry.created())
    await driver.deliver(entry.corrected("Budi Corrected"))
    assert await payer_of(driver, entry) == "Budi Corrected"


async def test_an_expiry_is_applied_though_a_newer_correction_came_first(driver: PaymentDriver) -> None:
    # given
    entry = await driver.register()
    await driver.deliver(entry.corrected("Budi Corrected", revision=3))
    # when
    await driver.deliver(entry.expired(revision=2))
    # then
    assert (await driver.invoice(entry))["status"] == "expired"


async def test_a_correction_after_the_cancellation_is_shown_in_the_review(driver: PaymentDriver) -> None:
    # given
    entry, _ = await driver.register_and_upload()
    await driver.deliver(entry.cancelled(revision=3))
    # when
    await driver.deliver(entry.corrected("Budi Corrected", revision=2))
    # then
    [row] = await driver.review_list()
    assert (row["payer_name"], row["registration_ended"]) == ("Budi Corrected", "cancelled")
