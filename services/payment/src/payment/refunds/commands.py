"""Creating and completing refunds."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from chassis.audit_log import shown_value
from chassis.database import UnitOfWork
from chassis.errors import NotYet
from contracts import RefundDone, RefundDue
from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert

from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.refunds.booking import book_refund
from payment.refunds.errors import AlreadyRefunded, UnknownRefund
from payment.refunds.tables import Refund

SURPLUS: Final = "Surplus: another payment had already paid for this registration."
"""Reason of the refund of a second payment for one registration."""


async def create_refund(work: UnitOfWork, payment_id: UUID, registration_id: UUID, *, reason: str) -> None:
    """Create the refund of a verified payment and publish `RefundDue`. Idempotent.

    Raises:
        NotYet: the payment is not verified. Retries end in a dead letter, so that staff see it.
    """
    payment = await work.session.get(Payment, payment_id)
    if payment is None or payment.registration_id != registration_id or payment.status != PaymentStatus.VERIFIED:
        raise NotYet(f"payment {payment_id} is not a verified one of registration {registration_id}")
    owed = insert(Refund).values(payment_id=payment_id, reason=reason, due_at=work.now)
    first = owed.on_conflict_do_nothing().returning(Refund.payment_id)
    if (await work.session.execute(first)).first() is None:
        return
    work.publish(refund_due(payment, reason=reason), subject=registration_id)


async def complete_refund(work: UnitOfWork, payment_id: UUID, *, reference: str, by: UUID, actor: str) -> None:
    """Record that a refund was transferred under `reference`, publish `RefundDone` and book it.

    Raises:
        UnknownRefund, AlreadyRefunded.
    """
    done = (
        update(Refund)
        .where(Refund.payment_id == payment_id, Refund.done_at.is_(None))
        .values(done_at=work.now, done_by=by, reference=reference)
        .returning(Refund.payment_id)
    )
    if (await work.session.execute(done)).first() is None:
        known = (await work.session.execute(select(exists().where(Refund.payment_id == payment_id)))).scalar_one()
        raise AlreadyRefunded if known else UnknownRefund
    payment = await work.session.get_one(Payment, payment_id)
    work.publish(refund_done(payment, reference=reference, at=work.now), subject=payment.registration_id)
    await book_refund(work, payment, done_at=work.now)
    await work.audit(
        actor,
        "refund.done",
        str(payment_id),
        reference=reference,
        amount=shown_value(payment.amount),
        before={"status": "due"},
        after={"status": "done"},
    )


def refund_due(payment: Payment, *, reason: str) -> RefundDue:
    """Return the event for a refund that is due."""
    return RefundDue(**_money(payment), reason=reason)


def refund_done(payment: Payment, *, reference: str, at: datetime) -> RefundDone:
    """Return the event for a completed refund."""
    return RefundDone(**_money(payment), reference=reference, done_at=at)


def _money(payment: Payment) -> dict[str, Any]:
    return {
        "payment_id": payment.id,
        "registration_id": payment.registration_id,
        "amount": payment.amount,
        "currency": payment.currency,
    }
