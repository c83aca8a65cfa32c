"""Verifying and rejecting proofs, at once or after a time in which the decision can be undone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis.aside import aside_of, work_off
from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import Database, UnitOfWork
from contracts import PaymentMethod, PaymentRejected
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.instructions.queries import payment_deadline
from payment.invoices.commands import current_versions, mark_paid, request_new_proof
from payment.invoices.queries import payable_amount
from payment.proofs import announce
from payment.proofs.booking import book_payment
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import WAITING, Payment
from payment.refunds.commands import SURPLUS, create_refund
from payment.refunds.rules import Origin
from payment.review.decisions import hold_decision, record_decision, release_hold, take_up
from payment.review.held_lines import match_held_line, take_amount_of_held_line
from payment.review.second import check_first, unless_own

_JOB: Final = "held_decisions"
_AT_ONCE: Final = 100


async def verify_payment(work: UnitOfWork, payment_id: UUID, *, by: Staff, undo_seconds: int = 0) -> bool:
    """Verify a payment: mark the invoice as paid and publish `PaymentVerified`.

    If another payment has paid the invoice, a refund is created instead of the event. Return True if a second person
    has to verify it, too, and nothing else happened.

    Args:
        undo_seconds: seconds for which the decision is held and can be undone.

    Raises:
        UnknownPayment, AlreadyDecided, SamePerson.
    """
    if await check_first(work, payment_id, by=by):
        return True
    if undo_seconds:
        await hold_decision(work, payment_id, PaymentStatus.VERIFIED, by=by, seconds=undo_seconds)
        return False
    verified = {"status": PaymentStatus.VERIFIED, "verified_at": work.now, "verified_by": by.id}
    payment = await record_decision(work, payment_id, **verified, **unless_own(by))
    await _pay(work, payment, actor=by.actor)
    return False


async def reject_payment(work: UnitOfWork, payment_id: UUID, *, reason: str, by: Staff, undo_seconds: int = 0) -> None:
    """Reject a proof, publish `PaymentRejected`, and open the invoice for another one if the registration is alive.

    Args:
        undo_seconds: seconds for which the decision is held and can be undone.

    Raises:
        UnknownPayment, AlreadyDecided.
    """
    if undo_seconds:
        await hold_decision(work, payment_id, PaymentStatus.REJECTED, by=by, seconds=undo_seconds, reason=reason)
        return
    payment = await record_decision(
        work,
        payment_id,
        status=PaymentStatus.REJECTED,
        rejected_at=work.now,
        rejected_by=by.id,
        rejection_reason=reason,
    )
    await _ask_again(work, payment, actor=by.actor)


async def _pay(work: UnitOfWork, payment: Payment, *, actor: str, known_revision: int | None = None) -> None:
    """Mark the invoice of a verified payment as paid, publish that and book it; create a refund of a surplus.

    Args:
        known_revision: the revision of the registration that payment knew when staff decided; None for the current.
    """
    if await mark_paid(work, payment.registration_id):
        payment.sequence, revision = await current_versions(work, payment.registration_id)
        payment.registration_revision = revision if known_revision is None else known_revision
        work.publish(announce.verified(payment), subject=payment.registration_id)
    else:
        await create_refund(work, payment.id, payment.registration_id, reason=SURPLUS, origin=Origin.SURPLUS)
    await book_payment(work, payment)
    await _audit(work, "payment.verify", payment, actor=actor)


async def _ask_again(work: UnitOfWork, payment: Payment, *, actor: str) -> None:
    """Open the invoice of a rejected payment for another proof, and publish until when it may come."""
    hours = await payment_deadline(work.session)
    until = await request_new_proof(work, payment.registration_id, until=work.now + timedelta(hours=hours))
    payment.sequence, _ = await current_versions(work, payment.registration_id)
    work.publish(await rejection_of(work, payment, expires_at=until), subject=payment.registration_id)
    await _audit(work, "payment.reject", payment, actor=actor)


async def rejection_of(work: UnitOfWork, payment: Payment, *, expires_at: datetime) -> PaymentRejected:
    """Return the event of a rejected proof, with the amount that its payer was asked to transfer."""
    is_transfer = payment.payment_method == PaymentMethod.BANK_TRANSFER
    payable = await payable_amount(work.session, payment.registration_id) if is_transfer else None
    return announce.rejected(payment, expires_at=expires_at, payable_amount=payable)


async def _audit(work: UnitOfWork, action: str, payment: Payment, *, actor: str) -> None:
    await work.audit(
        actor,
        action,
        str(payment.id),
        registration_id=str(payment.registration_id),
        amount=shown_value(payment.amount),
        before={"status": PaymentStatus.UPLOADED.value},
        after={"status": shown_value(payment.status)},
    )


async def apply_held_decisions(database: Database) -> int:
    """Let the held decisions that are due take effect; return how many. Any number of workers may do so at once."""

    async def due(session: AsyncSession) -> Sequence[UUID]:
        over = select(Payment.id).where(WAITING, Payment.held_until <= database.clock())
        aside = Payment.id.not_in(await aside_of(session, _JOB))
        oldest = over.where(aside).order_by(Payment.held_until).limit(_AT_ONCE)
        # In the order in which lines of statements are accepted, too.
        query = select(Payment.id).where(Payment.id.in_(oldest)).order_by(Payment.registration_id)
        return (await session.execute(query)).scalars().all()

    return await work_off(database, _JOB, due, _apply)


async def _apply(work: UnitOfWork, payment_ids: Sequence[UUID]) -> int:
    done = 0
    for payment_id in payment_ids:
        payment = await take_up(work, payment_id)
        if payment is not None:
            await _take_effect(work, payment)
            done += 1
    return done


async def _take_effect(work: UnitOfWork, payment: Payment) -> None:
    """Let a held decision take effect, with the time and the knowledge of when it was made.

    The runner of a rejected proof has the whole time for another one, from now on.
    """
    by, at, revision = payment.held_by, payment.held_at, payment.held_revision
    verified, reason = payment.held_outcome == PaymentStatus.VERIFIED, payment.held_reason
    release_hold(payment)
    if verified:
        payment.status, payment.verified_at, payment.verified_by = PaymentStatus.VERIFIED, at, by
        if at is not None:
            await take_amount_of_held_line(work, payment, held_at=at)
        await work.session.flush()
        await _pay(work, payment, actor=f"staff:{by}", known_revision=revision)
        if at is not None:
            await match_held_line(work, payment, held_at=at)
    else:
        payment.status, payment.rejection_reason = PaymentStatus.REJECTED, reason
        payment.rejected_at, payment.rejected_by = at, by
        await work.session.flush()
        await _ask_again(work, payment, actor=f"staff:{by}")
