"""Verifying and rejecting proofs: of concurrent decisions about one payment exactly one succeeds."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import exists, select, update

from payment.instructions.queries import payment_deadline
from payment.invoices.commands import current_versions, mark_paid, request_new_proof
from payment.proofs import announce
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.refunds.commands import SURPLUS, create_refund
from payment.review.errors import AlreadyDecided, UnknownPayment


async def verify_payment(work: UnitOfWork, payment_id: UUID, *, by: Staff) -> None:
    """Verify a payment: mark the invoice as paid and publish `PaymentVerified`.

    If another payment has paid the invoice, a refund is created instead of the event.

    Raises:
        UnknownPayment, AlreadyDecided.
    """
    payment = await record_decision(
        work, payment_id, status=PaymentStatus.VERIFIED, verified_at=work.now, verified_by=by.id
    )
    if await mark_paid(work, payment.registration_id):
        payment.sequence, payment.registration_revision = await current_versions(work, payment.registration_id)
        work.publish(announce.verified(payment), subject=payment.registration_id)
    else:
        await create_refund(work, payment_id, payment.registration_id, reason=SURPLUS)
    await work.audit(by.actor, "payment.verify", str(payment_id), registration_id=str(payment.registration_id))


async def reject_payment(work: UnitOfWork, payment_id: UUID, *, reason: str, by: Staff) -> None:
    """Reject a proof, publish `PaymentRejected`, and open the invoice for another one if the registration is alive.

    Raises:
        UnknownPayment, AlreadyDecided.
    """
    payment = await record_decision(
        work,
        payment_id,
        status=PaymentStatus.REJECTED,
        rejected_at=work.now,
        rejected_by=by.id,
        rejection_reason=reason,
    )
    hours = await payment_deadline(work.session)
    until = await request_new_proof(work, payment.registration_id, until=work.now + timedelta(hours=hours))
    payment.sequence, _ = await current_versions(work, payment.registration_id)
    work.publish(announce.rejected(payment, expires_at=until), subject=payment.registration_id)
    await work.audit(by.actor, "payment.reject", str(payment_id), registration_id=str(payment.registration_id))


async def record_decision(work: UnitOfWork, payment_id: UUID, **outcome: Any) -> Payment:
    """Store the decision about a payment and return it.

    Raises:
        UnknownPayment, AlreadyDecided.
    """
    waiting = (Payment.id == payment_id, Payment.status == PaymentStatus.UPLOADED)
    decided = (
        await work.session.execute(update(Payment).where(*waiting).values(**outcome).returning(Payment))
    ).scalar_one_or_none()
    if decided is not None:
        return decided
    known = (await work.session.execute(select(exists().where(Payment.id == payment_id)))).scalar_one()
    raise AlreadyDecided if known else UnknownPayment
