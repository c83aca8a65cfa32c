"""Facts decide, in any order of their events."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from contracts import (
    Payload,
    PaymentDeadlineMoved,
    PaymentMethod,
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationExpired,
    RegistrationReopened,
)
from registration.entries import payments

from .registration_driver import RegistrationDriver

Payloads = Sequence[Payload]


class PaymentDouble:
    """Payment's half of one registration: it numbers its events and decides what was in time."""

    def __init__(self, driver: RegistrationDriver, entry: dict[str, Any]) -> None:
        self._driver = driver
        self.id = UUID(entry["registration_id"])
        self._facts = {
            "registration_id": self.id,
            "amount": Decimal(entry["total_amount"]),
            "currency": "IDR",
        }
        self._sequence = 0

    def _next(self, payment_id: UUID) -> dict[str, Any]:
        self._sequence += 1
        return {**self._facts, "payment_id": payment_id, "sequence": self._sequence}

    def uploaded(self, payment_id: UUID, *, due_at: datetime | None = None) -> PaymentUploaded:
        method = PaymentMethod.QRIS
        return PaymentUploaded(
            **self._next(payment_id), payment_method=method, uploaded_at=self._driver.clock(), due_at=due_at
        )

    def rejected(self, payment_id: UUID, *, hours: float = 24) -> PaymentRejected:
        now = self._driver.clock()
        until = now + timedelta(hours=hours)
        return PaymentRejected(**self._next(payment_id), reason="unreadable", rejected_at=now, expires_at=until)

    def verified(self, payment_id: UUID, *, knowing: int | None = None) -> PaymentVerified:
        now = self._driver.clock()
        return PaymentVerified(
            **self._next(payment_id), verified_at=now, verified_by=uuid4(), registration_revision=knowing
        )

    def moved(self, until: datetime) -> PaymentDeadlineMoved:
        sequence = self._next(uuid4())["sequence"]
        return PaymentDeadlineMoved(
            registration_id=self.id,
            expires_at=until,
            sequence=sequence,
            registration_revision=1,
            moved_at=self._driver.clock(),
        )

    async def publish(self, *events: Payload) -> None:
        for each in events:
            await self._driver.deliver(each, subject=self.id)


async def open_double(driver: RegistrationDriver, **fields: Any) -> PaymentDouble:
    """Create a registration for the only place, and its invoice."""
    await driver.open_category(quota=1, bibs=9, **fields)
    return PaymentDouble(driver, await driver.register())


async def payloads_of(driver: RegistrationDriver, kind: type[Any]) -> list[Any]:
    return [event.payload for event in await driver.published(kind)]


async def status_of(driver: RegistrationDriver, double: PaymentDouble) -> str:
    return await driver.status(str(double.id))


def _proof_rejection_and_second_proof(driver: RegistrationDriver, double: PaymentDouble) -> Payloads:
    """Return three events that payment accepted as in time, the last long after the first deadline."""
    first, second = uuid4(), uuid4()
    driver.clock.advance(timedelta(hours=23, minutes=59))
    events: list[Payload] = [double.uploaded(first)]
    driver.clock.advance(timedelta(minutes=30))
    events.append(double.rejected(first))
    driver.clock.advance(timedelta(minutes=30))
    return [*events, double.uploaded(second)]


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
async def test_proofs_and_rejections_handled_after_an_expiry_end_the_same_in_every_order(
    driver: RegistrationDriver, order: Sequence[int]
) -> None:
    double = await open_double(driver)
    events = _proof_rejection_and_second_proof(driver, double)
    await driver.published(Payload)
    assert await driver.sweep() == 1

    await double.publish(*(events[index] for index in order))

    assert await status_of(driver, double) == "payment_uploaded"
    assert (await driver.places())["taken"] == 1


async def test_without_the_sequence_another_order_ends_differently(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: each event is taken for the newest."""
    monkeypatch.setattr(payments, "_is_newer", lambda *_: True)
    double = await open_double(driver)
    events = _proof_rejection_and_second_proof(driver, double)

    await double.publish(*reversed(events))

    assert await status_of(driver, double) == "payment_uploaded"
    await double.publish(events[1])
    assert await status_of(driver, double) == "pending_payment"


async def test_a_rejection_by_a_fast_clock_does_not_outdate_the_proof_after_it(driver: RegistrationDriver) -> None:
    double = await open_double(driver)
    first = double.uploaded(uuid4())
    driver.clock.advance(timedelta(seconds=100))
    rejected = double.rejected(first.payment_id)
    driver.clock.advance(timedelta(seconds=-90))
    second = double.uploaded(uuid4())

    await double.publish(first, rejected, second)

    assert await status_of(driver, double) == "payment_uploaded"


async def test_a_reopening_is_published_with_a_newer_revision(driver: RegistrationDriver) -> None:
    double = await open_double(driver)
    proof = double.uploaded(uuid4())
    await driver.pass_deadline()

    await double.publish(proof)

    [gone], [back] = await payloads_of(driver, RegistrationExpired), await payloads_of(driver, RegistrationReopened)
    assert (gone.payment_sequence, back.payment_sequence) == (0, proof.sequence)
    assert back.revision > gone.revision
    assert not back.awaits_payment


async def test_a_rejection_reopens_with_the_deadline_of_another_proof(driver: RegistrationDriver) -> None:
    double = await open_double(driver)
    rejected = double.rejected(double.uploaded(uuid4()).payment_id, hours=48)
    await driver.pass_deadline()

    await double.publish(rejected)

    [back] = await payloads_of(driver, RegistrationReopened)
    assert (back.awaits_payment, back.expires_at) == (True, rejected.expires_at)
    assert await status_of(driver, double) == "pending_payment"
    driver.clock.advance(timedelta(hours=1))
    assert await driver.sweep() == 0


async def test_a_reopened_registration_whose_proof_is_rejected_waits_until_the_deadline_of_the_rejection(
    driver: RegistrationDriver,
) -> None:
    double = await open_double(driver)
    driver.clock.advance(timedelta(hours=23, minutes=59))
    proof = double.uploaded(uuid4())
    driver.clock.advance(timedelta(minutes=20))
    await driver.published(Payload)
    assert await driver.sweep() == 1
    await double.publish(proof)
    rejected = double.rejected(proof.payment_id, hours=6)
    await double.publish(rejected)
    await driver.published(Payload)

    driver.clock.advance(timedelta(minutes=11))
    assert await driver.sweep() == 0

    assert await status_of(driver, double) == "pending_payment"
    assert await driver.scalar("SELECT expires_at FROM registrations") == rejected.expires_at
    driver.clock.advance(timedelta(hours=6))
    assert await driver.sweep() == 1


async def test_a_rejection_without_another_chance_reopens_nothing(driver: RegistrationDriver) -> None:
    double = await open_double(driver)
    rejected = double.rejected(uuid4(), hours=0)
    await driver.pass_deadline()

    await double.publish(rejected)

    assert await status_of(driver, double) == "expired"


async def test_when_the_place_is_gone_the_expiry_is_published_again_with_the_sequence_of_the_proof(
    driver: RegistrationDriver,
) -> None:
    double = await open_double(driver)
    proof = double.uploaded(uuid4())
    await driver.pass_deadline()
    await driver.execute("UPDATE category_places SET taken = quota")

    await double.publish(proof)

    first, again = await payloads_of(driver, RegistrationExpired)
    assert (first.payment_sequence, again.payment_sequence) == (0, proof.sequence)
    assert again.revision > first.revision


async def test_a_cancellation_that_crosses_a_verification_holds_and_refunds_the_payment(
    driver: RegistrationDriver,
) -> None:
    double = await open_double(driver)
    proof = double.uploaded(uuid4())
    await double.publish(proof)
    verified = double.verified(proof.payment_id, knowing=1)
    driver.clock.advance(timedelta(minutes=5))
    await driver.cancel(str(double.id))

    await double.publish(verified)
    await double.publish(verified)

    assert await status_of(driver, double) == "cancelled"
    refunds = [each.refund_payment_id for each in await payloads_of(driver, RegistrationCancelled)]
    assert refunds == [None, proof.payment_id, proof.payment_id]  # the second for a listener that missed the first


async def test_a_verification_that_knows_of_the_cancellation_reopens_it_by_any_clock(
    driver: RegistrationDriver,
) -> None:
    double = await open_double(driver)
    proof = double.uploaded(uuid4())
    await double.publish(proof)
    await driver.cancel(str(double.id))
    [cancelled] = await payloads_of(driver, RegistrationCancelled)
    driver.clock.advance(timedelta(seconds=-90))

    await double.publish(double.verified(proof.payment_id, knowing=cancelled.revision))

    assert await status_of(driver, double) == "payment_verified"


async def test_a_payment_of_nothing_reopens_nothing(driver: RegistrationDriver) -> None:
    double = await open_double(driver, price_individual="0.00")
    await driver.cancel(str(double.id))
    driver.clock.advance(timedelta(minutes=1))

    await double.publish(double.verified(uuid4()))

    assert await status_of(driver, double) == "cancelled"
    assert [each.refund_payment_id for each in await payloads_of(driver, RegistrationCancelled)] == [None]


@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_payment_counts_once_however_late_it_is_replayed(driver: RegistrationDriver, forgotten: bool) -> None:
    """Paid, cancelled, refunded; then paid by another payment, cancelled, refunded."""
    double = await open_double(driver)
    payments_made = [double.verified(uuid4()), double.verified(uuid4())]
    for verified in payments_made:
        driver.clock.advance(timedelta(minutes=1))
        again = verified.model_copy(update={"verified_at": driver.clock()})
        await double.publish(again)
        assert await status_of(driver, double) == "payment_verified"
        await driver.cancel(str(double.id))
    if forgotten:
        await driver.execute("DELETE FROM processed_events")

    for verified in payments_made:
        driver.clock.advance(timedelta(days=31))
        await double.publish(verified.model_copy(update={"verified_at": driver.clock()}))

    assert await status_of(driver, double) == "cancelled"
    assert len(await payloads_of(driver, RegistrationConfirmed)) == 2


async def test_a_payment_published_as_refund_does_not_count_when_a_place_is_free_later(
    driver: RegistrationDriver,
) -> None:
    double = await open_double(driver)
    await driver.pass_deadline()
    await driver.execute("UPDATE category_places SET taken = quota")
    verified = double.verified(uuid4())
    await double.publish(verified)
    await driver.execute("UPDATE category_places SET taken = 0")

    await double.publish(verified)

    assert await status_of(driver, double) == "expired"
    ends = await payloads_of(driver, RegistrationExpired)
    assert [each.refund_payment_id for each in ends] == [None, verified.payment_id, verified.payment_id]
    assert ends[2].revision > ends[1].revision


async def test_an_event_published_again_is_handled_though_it_changes_nothing(
    driver: RegistrationDriver,
) -> None:
    """The doctor compares the sequence that registration has handled, and has payment publish the rest again."""
    double = await open_double(driver)
    verified = double.verified(uuid4())
    await double.publish(verified)
    await driver.execute("UPDATE registrations SET payment_sequence = 0")

    await double.publish(verified)

    assert await driver.scalar("SELECT payment_sequence FROM registrations") == 1
    assert len(await payloads_of(driver, RegistrationConfirmed)) == 1
