"""Of many requests at once one proof is taken and one decision counts; with the guards off these tests fail."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from chassis.auth.principals import Role, Staff
from chassis.database import UnitOfWork
from chassis.images.processing import reencode
from contracts import PaymentMethod, PaymentRejected, PaymentUploaded, PaymentVerified
from payment.invoices import commands as invoices
from payment.invoices.rules import InvoiceStatus, RegistrationEnd
from payment.invoices.tables import Invoice
from payment.proofs import commands as proofs
from payment.proofs.commands import Proof
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.review import commands as review
from sqlalchemy import update
from testkit.clocks import ManualClock
from testkit.driver import Answer
from testkit.polling import eventually

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .payment_pictures import jpeg

AT_ONCE = 12


def statuses(answers: list[Answer]) -> list[int]:
    return sorted(answer.status for answer in answers)


async def test_of_many_proofs_sent_at_once_exactly_one_is_taken_and_only_its_image_kept(driver: PaymentDriver) -> None:
    # given
    entry = await driver.register()
    # when
    answers = await asyncio.gather(*(driver.try_upload_proof(entry) for _ in range(AT_ONCE)))
    # then
    assert statuses(answers) == [201] + [409] * (AT_ONCE - 1)
    assert {answer.code for answer in answers if answer.status == 409} <= {"proof_pending", "proof_in_progress"}
    assert len(await driver.rows("SELECT 1 FROM payments")) == 1
    assert len(await driver.published(PaymentUploaded)) == 1
    assert len(driver.stored_images()) == 1


class Gate:
    """Holds each task until all have come, so that the race is certain."""

    def __init__(self, tasks: int) -> None:
        self._barrier = asyncio.Barrier(tasks)

    async def __call__(self) -> None:
        async with asyncio.timeout(10):
            await self._barrier.wait()


async def record_at_once(driver: PaymentDriver, entry: Entry, monkeypatch: pytest.MonkeyPatch) -> Sequence[Any]:
    """Record two proofs by a command that reads first and writes later, without a guard; return the outcomes."""
    gate = Gate(2)

    async def look_then_write(
        work: UnitOfWork, registration_id: UUID, amount: Decimal, *, arrived: datetime
    ) -> Invoice:
        await invoices.ensure_payable(work.session, registration_id, amount, now=arrived)
        await gate()
        write = update(Invoice).where(Invoice.registration_id == registration_id)
        taken = write.values(status=InvoiceStatus.PROOF_UPLOADED).returning(Invoice)
        return (await work.session.execute(taken)).scalar_one()

    monkeypatch.setattr(proofs, "claim_for_proof", look_then_write)
    proof = Proof(entry.id, PaymentMethod.QRIS, entry.amount, driver.clock(), None)

    async def record(path: str) -> UUID:
        async with driver.database.work() as work:
            return await proofs.record_proof(work, proof, reencode(jpeg()), path)

    return await asyncio.gather(record("proofs/a"), record("proofs/b"), return_exceptions=True)


async def test_without_the_conditional_update_the_index_still_allows_one_live_payment(
    driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await driver.register()
    outcomes = await record_at_once(driver, entry, monkeypatch)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["IntegrityError", "UUID"]
    assert len(await driver.published(PaymentUploaded)) == 1


async def test_with_both_guards_off_two_proofs_are_taken(
    driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await driver.register()
    await driver.execute("DROP INDEX uq_payments_registration_id_live")
    outcomes = await record_at_once(driver, entry, monkeypatch)
    assert [type(outcome) for outcome in outcomes] == [UUID, UUID]
    assert len(await driver.published(PaymentUploaded)) == 2


async def test_of_many_verifications_at_once_exactly_one_succeeds(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_upload()
    answers = await asyncio.gather(*(driver.try_verify(payment) for _ in range(AT_ONCE)))
    assert statuses(answers) == [204] + [409] * (AT_ONCE - 1)
    assert len(await driver.published(PaymentVerified)) == 1
    assert len(await driver.audit_log("payment.verify")) == 1
    assert (await driver.invoice(entry))["status"] == "paid"


async def test_of_verifying_and_rejecting_at_once_one_counts_and_the_invoice_agrees(driver: PaymentDriver) -> None:
    for _ in range(5):
        # given
        entry, payment = await driver.register_and_upload()
        await driver.forget_published()
        # when
        answers = await asyncio.gather(
            driver.try_verify(payment),
            driver.try_reject(payment),
            driver.try_verify(payment),
            driver.try_reject(payment),
        )
        # then
        assert statuses(list(answers)) == [204, 409, 409, 409]
        verified, rejected = await driver.published(PaymentVerified), await driver.published(PaymentRejected)
        assert len(verified) + len(rejected) == 1
        assert (await driver.invoice(entry))["status"] == ("paid" if verified else "open")


async def test_with_the_guard_off_a_payment_is_verified_twice(
    driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    _, payment = await driver.register_and_upload()
    gate = Gate(2)

    async def look_then_write(work: UnitOfWork, payment_id: UUID, **outcome: Any) -> Payment:
        found = await work.session.get(Payment, payment_id)
        assert found is not None
        assert found.status == PaymentStatus.UPLOADED
        await gate()
        write = update(Payment).where(Payment.id == payment_id).values(**outcome).returning(Payment)
        return (await work.session.execute(write)).scalar_one()

    monkeypatch.setattr(review, "record_decision", look_then_write)

    async def verify() -> None:
        async with driver.database.work() as work:
            await review.verify_payment(work, payment, by=Staff(payment, Role.FINANCE, payment))

    # when
    await asyncio.gather(verify(), verify())
    # then
    assert len(await driver.audit_log("payment.verify")) == 2


async def test_an_expiry_at_the_same_time_as_a_proof_comes_wholly_before_or_after_it(driver: PaymentDriver) -> None:
    outcomes = set()
    for round_ in range(8):
        # given
        entry = await driver.register()
        expiry = driver.deliver(entry.expired())
        upload = driver.try_upload_proof(entry)
        # when
        first, second = await asyncio.gather(*((expiry, upload) if round_ % 2 else (upload, expiry)))
        answer = second if isinstance(second, Answer) else first
        assert isinstance(answer, Answer)
        # then
        status = (await driver.invoice(entry))["status"]
        outcomes.add((answer.status, status))
    assert outcomes <= {(201, "proof_uploaded"), (409, "expired")}


async def test_a_proof_while_an_expiry_is_not_yet_committed_waits_and_is_refused(driver: PaymentDriver) -> None:
    # given
    entry = await driver.register()
    async with driver.database.work() as work:
        await invoices.close_invoice(work, entry.id, RegistrationEnd.EXPIRED, revision=2)
        # when
        upload = asyncio.create_task(driver.try_upload_proof(entry))
        await _until_a_transaction_waits_for_a_lock(driver)
    # then
    assert (await upload).is_problem(409, "invoice_expired")
    assert driver.stored_images() == []


async def test_a_rejection_and_an_expiry_at_once_leave_the_invoice_closed(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    for _ in range(5):
        entry, payment = await driver.register_and_upload()
        clock.advance(timedelta(minutes=1))
        await asyncio.gather(driver.try_reject(payment), driver.deliver(entry.expired()))
        assert (await driver.invoice(entry))["status"] == "expired"


async def _until_a_transaction_waits_for_a_lock(driver: PaymentDriver) -> None:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    await eventually(lambda: driver.rows(waiting))
