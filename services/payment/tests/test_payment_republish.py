"""Republishing publishes the present state of a payment."""

from datetime import timedelta
from decimal import Decimal

from contracts import PaymentRejected, PaymentUploaded, PaymentVerified, RefundDone, RefundDue
from testkit.clocks import ManualClock

from .payment_driver import PaymentDriver


async def test_a_proof_that_waits_is_republished_as_it_was(driver: PaymentDriver) -> None:
    entry, _ = await driver.register_and_upload()
    [first] = await driver.published_payloads(PaymentUploaded)

    assert await driver.republish(entry) == [first]


async def test_a_verified_payment_is_republished_as_it_was(driver: PaymentDriver) -> None:
    entry, _ = await driver.register_and_pay()
    [first] = await driver.published_payloads(PaymentVerified)

    assert await driver.republish(entry) == [first]


async def test_a_rejected_proof_is_republished_as_it_was_until_another_one_comes(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_upload()
    await driver.reject(payment)
    [first] = await driver.published_payloads(PaymentRejected)

    assert await driver.republish(entry) == [first]

    await driver.upload_proof(entry)
    [waiting] = await driver.republish(entry)
    assert isinstance(waiting, PaymentUploaded)


async def test_the_newest_proof_is_republished_though_a_slower_clock_dated_it(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    entry, payment = await driver.register_and_upload()
    await driver.reject(payment)
    clock.advance(timedelta(seconds=-30))  # another process
    await driver.upload_proof(entry)
    [waiting] = await driver.republish(entry)
    assert isinstance(waiting, PaymentUploaded)


async def test_of_a_refunded_payment_only_the_refund_is_republished(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(refund=payment))
    [due] = await driver.published_payloads(RefundDue)
    assert await driver.republish(entry) == [due]

    await driver.mark_refunded(payment, "BCA 42")
    [done] = await driver.published_payloads(RefundDone)
    assert await driver.republish(entry) == [done]


async def test_a_free_registration_is_republished_with_the_same_payment_until_it_ends(driver: PaymentDriver) -> None:
    entry = await driver.register(amount=Decimal(0))
    [first] = await driver.published_payloads(PaymentVerified)

    assert await driver.republish(entry) == [first]

    await driver.deliver(entry.cancelled())
    assert await driver.republish(entry) == []


async def test_a_free_registration_that_awaits_no_payment_publishes_nothing(driver: PaymentDriver) -> None:
    entry = driver.new_entry(amount=Decimal(0))

    await driver.deliver(entry.created().model_copy(update={"awaits_payment": False}))

    assert (await driver.invoice(entry))["status"] == "paid"
    assert await driver.published(PaymentVerified) == []


async def test_a_registration_without_a_proof_republishes_nothing(driver: PaymentDriver) -> None:
    assert await driver.republish(await driver.register()) == []
