"""Many at once: one proof is taken, one decision counts. With the guards off these tests see it go wrong."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from chassis.auth.principals import Role, Staff
from chassis.database import UnitOfWork
from contracts import PaymentMethod, PaymentRejected, PaymentUploaded, PaymentVerified
from payment.images.processing import reencode
from payment.invoices import commands as invoices
from payment.invoices.rules import InvoiceStatus, RegistrationEnd
from payment.invoices.tables import Invoice
from payment.proofs import commands as proofs
from payment.proofs.commands import Proof
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.review import commands as review
from sqlalchemy import update
from testkit.harness import ManualClock
from testkit.polling import eventually

from .payment_pictures import jpeg
from .payment_world import Answer, Entry, Office

AT_ONCE = 12
_VERIFIED = "SELECT 1 FROM audit_log WHERE action = 'payment.verify'"


def statuses(answers: list[Answer]) -> list[int]:
    return sorted(answer.status for answer in answers)


async def test_of_many_proofs_sent_at_once_exactly_one_is_taken_and_only_its_image_kept(office: Office) -> None:
    # given
    entry = await office.registered()
    # when
    answers = await asyncio.gather(*(office.upload(entry) for _ in range(AT_ONCE)))
    # then
    assert statuses(answers) == [201] + [409] * (AT_ONCE - 1)
    assert {answer.body["code"] for answer in answers if answer.status == 409} <= {"proof_pending", "proof_in_progress"}
    assert len(await office.rows("SELECT 1 FROM payments")) == 1
    assert len(await office.said(PaymentUploaded)) == 1
    assert len(office.stored()) == 1


class Gate:
    """Holds everybody until all are there, so that a race surely happens."""

    def __init__(self, people: int) -> None:
        self._barrier = asyncio.Barrier(people)

    async def __call__(self) -> None:
        async with asyncio.timeout(10):
            await self._barrier.wait()


async def record_at_once(office: Office, entry: Entry, monkeypatch: pytest.MonkeyPatch) -> Sequence[Any]:
    """Two proofs recorded by a command that looks first and then writes, as if nobody else were there."""
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
    proof = Proof(entry.id, PaymentMethod.QRIS, entry.amount, office.clock(), None)

    async def record(path: str) -> UUID:
        async with office.database.work() as work:
            return await proofs.record_proof(work, proof, reencode(jpeg()), path)

    return await asyncio.gather(record("proofs/a"), record("proofs/b"), return_exceptions=True)


async def test_without_the_conditional_update_the_index_still_allows_one_live_payment(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await office.registered()
    outcomes = await record_at_once(office, entry, monkeypatch)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["IntegrityError", "UUID"]
    assert len(await office.said(PaymentUploaded)) == 1


async def test_with_both_guards_off_two_proofs_are_taken(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = await office.registered()
    await office.execute("DROP INDEX uq_payments_registration_id_live")
    outcomes = await record_at_once(office, entry, monkeypatch)
    assert [type(outcome) for outcome in outcomes] == [UUID, UUID]
    assert len(await office.said(PaymentUploaded)) == 2


async def test_of_many_who_verify_at_once_exactly_one_does(office: Office) -> None:
    entry, payment = await office.waiting()
    answers = await asyncio.gather(*(office.verify(payment) for _ in range(AT_ONCE)))
    assert statuses(answers) == [204] + [409] * (AT_ONCE - 1)
    assert len(await office.said(PaymentVerified)) == 1
    assert len(await office.rows(_VERIFIED)) == 1
    assert (await office.invoice(entry))["status"] == "paid"


async def test_of_verifying_and_rejecting_at_once_one_counts_and_the_invoice_agrees(office: Office) -> None:
    for _ in range(5):
        # given
        entry, payment = await office.waiting()
        await office.service.forget_published()
        # when
        answers = await asyncio.gather(
            office.verify(payment), office.reject(payment), office.verify(payment), office.reject(payment)
        )
        # then
        assert statuses(list(answers)) == [204, 409, 409, 409]
        verified, rejected = await office.said(PaymentVerified), await office.said(PaymentRejected)
        assert len(verified) + len(rejected) == 1
        assert (await office.invoice(entry))["status"] == ("paid" if verified else "open")


async def test_with_the_guard_off_two_people_both_verify(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    _, payment = await office.waiting()
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
        async with office.database.work() as work:
            await review.verify_payment(work, payment, by=Staff(payment, Role.FINANCE, payment))

    # when
    await asyncio.gather(verify(), verify())
    # then
    assert len(await office.rows(_VERIFIED)) == 2


async def test_an_expiry_that_races_a_proof_either_finds_it_or_comes_first_and_nothing_in_between(
    office: Office,
) -> None:
    outcomes = set()
    for round_ in range(8):
        # given
        entry = await office.registered()
        expiry = office.hear(entry.expired())
        upload = office.upload(entry)
        # when
        first, second = await asyncio.gather(*((expiry, upload) if round_ % 2 else (upload, expiry)))
        answer = second if isinstance(second, Answer) else first
        assert isinstance(answer, Answer)
        # then
        status = (await office.invoice(entry))["status"]
        outcomes.add((answer.status, status))
    assert outcomes <= {(201, "proof_uploaded"), (409, "expired")}


async def test_a_proof_after_the_expiry_was_noted_but_before_it_is_committed_waits_and_is_refused(
    office: Office,
) -> None:
    # given
    entry = await office.registered()
    async with office.database.work() as work:
        await invoices.close_invoice(work, entry.id, RegistrationEnd.EXPIRED, revision=2)
        # when
        upload = asyncio.create_task(office.upload(entry))
        await _until_somebody_waits_for_a_lock(office)
    # then
    assert (await upload).refused_with(409, "invoice_expired")
    assert office.stored() == []


async def test_a_rejection_and_an_expiry_at_once_leave_the_invoice_closed(office: Office, clock: ManualClock) -> None:
    for _ in range(5):
        entry, payment = await office.waiting()
        clock.advance(timedelta(minutes=1))
        await asyncio.gather(office.reject(payment), office.hear(entry.expired()))
        assert (await office.invoice(entry))["status"] == "expired"


async def _until_somebody_waits_for_a_lock(office: Office) -> None:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    await eventually(lambda: office.rows(waiting))
