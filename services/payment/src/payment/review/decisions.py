"""Storing decisions: of concurrent decisions about one payment exactly one succeeds.

A decision that is held is stored beside the payment, which stays `uploaded` until a job of the worker lets the
decision take effect. So no deadline or expiry touches the registration meanwhile, and a crash loses nothing.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import select, update

from payment.invoices.tables import Invoice
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.review.errors import AlreadyDecided, NothingToUndo, UnknownPayment
from payment.review.second import take_back_check, unless_own

_NOT_HELD: Final[dict[str, None]] = dict.fromkeys(
    ("held_outcome", "held_reason", "held_by", "held_at", "held_until", "held_revision")
)


async def record_decision(work: UnitOfWork, payment_id: UUID, **outcome: Any) -> Payment:
    """Store the decision about a payment and return it.

    Raises:
        UnknownPayment, AlreadyDecided.
    """
    undecided = (Payment.id == payment_id, Payment.status == PaymentStatus.UPLOADED, Payment.held_until.is_(None))
    decided = (
        await work.session.execute(update(Payment).where(*undecided).values(**outcome).returning(Payment))
    ).scalar_one_or_none()
    if decided is None:
        raise await _refusal(work, payment_id)
    return decided


async def hold_decision(
    work: UnitOfWork,
    payment_id: UUID,
    outcome: PaymentStatus,
    *,
    by: Staff,
    seconds: int,
    reason: str | None = None,
) -> None:
    """Store a decision that takes effect in so many seconds, unless it is undone before.

    Raises:
        UnknownPayment, AlreadyDecided.
    """
    known = select(Invoice.revision).where(Invoice.registration_id == Payment.registration_id).scalar_subquery()
    payment = await record_decision(
        work,
        payment_id,
        held_outcome=outcome,
        held_reason=reason,
        held_by=by.id,
        held_at=work.now,
        held_until=work.now + timedelta(seconds=seconds),
        held_revision=known,
        **(unless_own(by) if outcome is PaymentStatus.VERIFIED else {}),
    )
    registration_id = str(payment.registration_id)
    await work.audit(by.actor, "payment.hold", str(payment_id), registration_id=registration_id, decision=outcome)


async def undo_decision(work: UnitOfWork, payment_id: UUID, *, by: Staff, leased_until: datetime) -> None:
    """Put a payment with a held decision back into the queue, leased to the person who undoes it.

    The first of two people who verify a payment takes the own check back.

    Raises:
        UnknownPayment, NothingToUndo.
    """
    held = (Payment.id == payment_id, Payment.status == PaymentStatus.UPLOADED, Payment.held_until > work.now)
    undone = update(Payment).where(*held).values(**_NOT_HELD, leased_by=by.id, leased_until=leased_until)
    found = (await work.session.execute(undone.returning(Payment.registration_id))).scalar_one_or_none()
    if found is None:
        if await take_back_check(work, payment_id, by=by, leased_by=by.id, leased_until=leased_until):
            return
        raise NothingToUndo if await work.session.get(Payment, payment_id) else UnknownPayment
    await work.audit(by.actor, "payment.undo", str(payment_id), registration_id=str(found))


async def take_up(work: UnitOfWork, payment_id: UUID) -> Payment | None:
    """Lock a payment whose held decision is due and return it; None if another process did, or it was undone."""
    due = (Payment.id == payment_id, Payment.status == PaymentStatus.UPLOADED, Payment.held_until <= work.now)
    return (await work.session.execute(select(Payment).where(*due).with_for_update())).scalar_one_or_none()


def release_hold(payment: Payment) -> None:
    """Clear the held decision of a payment, which has taken effect."""
    for name, nothing in _NOT_HELD.items():
        setattr(payment, name, nothing)


async def _refusal(work: UnitOfWork, payment_id: UUID) -> UnknownPayment | AlreadyDecided:
    payment = await work.session.get(Payment, payment_id, populate_existing=True)
    if payment is None:
        return UnknownPayment()
    outcome, by, at = decision_of(payment)
    if by is None or at is None:
        return AlreadyDecided()  # undone a moment ago
    return AlreadyDecided.of(outcome, by=by, at=at, until=payment.held_until)


def decision_of(payment: Payment) -> tuple[str, UUID | None, datetime | None]:
    """Return the outcome of a decision, who made it and when, also of one that is held."""
    match payment.status:
        case PaymentStatus.VERIFIED:
            return payment.status, payment.verified_by, payment.verified_at
        case PaymentStatus.REJECTED:
            return payment.status, payment.rejected_by, payment.rejected_at
        case _:
            return payment.held_outcome or payment.status, payment.held_by, payment.held_at
