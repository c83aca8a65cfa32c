"""Published again, a payment says what is true now."""

from datetime import timedelta
from decimal import Decimal

from contracts import Payload, PaymentRejected, PaymentUploaded, PaymentVerified, RefundDone, RefundDue
from payment.review.republish import republish
from testkit.harness import ManualClock

from .payment_world import Entry, Office


async def republished(office: Office, *entries: Entry) -> list[Payload]:
    """What goes out when the payments of these registrations are published again."""
    await office.service.forget_published()
    async with office.service.database.work() as work:
        await republish(work, [entry.id for entry in entries])
    return [event.payload for event in await office.said(Payload)]


async def test_a_proof_that_waits_is_published_as_it_was(office: Office) -> None:
    entry, _ = await office.waiting()
    [first] = await office.said(PaymentUploaded)

    assert await republished(office, entry) == [first.payload]


async def test_a_verified_payment_is_published_as_it_was(office: Office) -> None:
    entry, _ = await office.paid()
    [first] = await office.said(PaymentVerified)

    assert await republished(office, entry) == [first.payload]


async def test_a_rejected_proof_is_published_as_it_was_until_another_one_comes(office: Office) -> None:
    entry, payment = await office.waiting()
    assert (await office.reject(payment)).status == 204
    [first] = await office.said(PaymentRejected)

    assert await republished(office, entry) == [first.payload]

    await office.uploaded(entry)
    [waiting] = await republished(office, entry)
    assert isinstance(waiting, PaymentUploaded)


async def test_a_proof_that_a_slower_clock_took_in_is_the_newest_all_the_same(
    office: Office, clock: ManualClock
) -> None:
    entry, payment = await office.waiting()
    assert (await office.reject(payment)).status == 204
    clock.advance(timedelta(seconds=-30))  # another process
    await office.uploaded(entry)
    [waiting] = await republished(office, entry)
    assert isinstance(waiting, PaymentUploaded)


async def test_of_money_that_goes_back_only_that_is_published_again(office: Office) -> None:
    entry, payment = await office.paid()
    await office.hear(entry.cancelled(refund=payment))
    [due] = await office.said(RefundDue)
    assert await republished(office, entry) == [due.payload]

    answer = await office.call("POST", f"/refunds/{payment}/done", json={"reference": "BCA 42"})
    assert answer.status == 204
    [done] = await office.said(RefundDone)
    assert await republished(office, entry) == [done.payload]


async def test_what_costs_nothing_is_paid_again_by_the_same_payment_while_the_registration_lives(
    office: Office,
) -> None:
    entry = await office.registered(amount=Decimal(0))
    [first] = await office.said(PaymentVerified)

    assert await republished(office, entry) == [first.payload]

    await office.hear(entry.cancelled())
    assert await republished(office, entry) == []


async def test_what_costs_nothing_and_waits_for_nothing_is_noted_in_silence(office: Office) -> None:
    entry = office.entry(amount=Decimal(0))

    await office.hear(entry.created().model_copy(update={"awaits_payment": False}))

    assert (await office.invoice(entry))["status"] == "paid"
    assert await office.said(PaymentVerified) == []


async def test_a_registration_without_a_proof_has_nothing_to_publish(office: Office) -> None:
    assert await republished(office, await office.registered()) == []
