"""Publishing the current state of payments again, for a service that missed events."""

from collections.abc import Sequence
from uuid import UUID

from chassis.database import UnitOfWork
from contracts.payments import PaymentPayload
from sqlalchemy import exists, select

from payment.invoices.commands import deadline_moved, free_of_charge
from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice
from payment.proofs import announce
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.refunds.announce import refund_done, refund_due
from payment.refunds.rules import Origin, RefundState
from payment.refunds.tables import Refund
from payment.review.commands import rejection_of


async def republish(work: UnitOfWork, registration_ids: Sequence[UUID]) -> None:
    """Publish the newest payment of each registration and its refunds as they are now.

    Idempotent for subscribers: they recognise a payment by its id and older events by their sequence.
    """
    chosen = select(Invoice).where(Invoice.registration_id.in_(registration_ids)).order_by(Invoice.registration_id)
    for invoice in (await work.session.execute(chosen.with_for_update())).scalars().all():
        payment = await _newest(work, invoice.registration_id)
        event = _free(invoice) if payment is None else await _event(work, payment, invoice)
        if event is not None:
            work.publish(event, subject=invoice.registration_id)
        if _was_moved(invoice, payment):
            work.publish(deadline_moved(invoice, at=invoice.created_at), subject=invoice.registration_id)
        for refund in await _refunds(work, invoice.registration_id):
            work.publish(refund, subject=invoice.registration_id)


async def _refunds(work: UnitOfWork, registration_id: UUID) -> list[PaymentPayload]:
    query = select(Payment, Refund).join(Refund, Refund.payment_id == Payment.id).order_by(Refund.due_at, Refund.id)
    unknown = (Refund.origin == Origin.STAFF) & (Refund.state == RefundState.WAITS_FOR_SECOND)
    told = (Payment.registration_id == registration_id, Refund.state != RefundState.CANCELLED, ~unknown)
    rows = (await work.session.execute(query.where(*told))).all()
    return [
        refund_due(payment, refund)
        if refund.done_at is None or refund.reference is None
        else refund_done(payment, refund, reference=refund.reference, at=refund.done_at)
        for payment, refund in rows
    ]


async def _newest(work: UnitOfWork, registration_id: UUID) -> Payment | None:
    """Return the payment with the highest sequence, as arrival times come from several clocks. Old rows have 0.

    One that pays for nothing is left out: an event caused its refund. A refund by staff takes no place away.
    """
    owed = (Refund.payment_id == Payment.id, Refund.origin.in_((Origin.EVENT, Origin.SURPLUS)))
    query = (
        select(Payment)
        .where(Payment.registration_id == registration_id, ~exists().where(*owed))
        .order_by(Payment.sequence.desc(), Payment.uploaded_at.desc())
        .limit(1)
    )
    return (await work.session.execute(query)).scalar_one_or_none()


def _was_moved(invoice: Invoice, payment: Payment | None) -> bool:
    """Return whether the newest event of an invoice is the move of its deadline."""
    known = 0 if payment is None else payment.sequence
    unpaid = invoice.status not in (InvoiceStatus.PROOF_UPLOADED, InvoiceStatus.PAID)
    return invoice.amount > 0 and unpaid and invoice.sequence > known


def _free(invoice: Invoice) -> PaymentPayload | None:
    if invoice.status != InvoiceStatus.PAID or invoice.amount > 0 or invoice.registration_ended is not None:
        return None
    return free_of_charge(
        invoice.registration_id,
        invoice.currency,
        at=invoice.created_at,
        sequence=invoice.sequence,
        revision=invoice.revision,
    )


async def _event(work: UnitOfWork, payment: Payment, invoice: Invoice) -> PaymentPayload:
    match payment.status:
        case PaymentStatus.UPLOADED:
            return announce.uploaded(payment)
        case PaymentStatus.VERIFIED:
            return announce.verified(payment)
        case _:
            return await rejection_of(work, payment, expires_at=invoice.expires_at)
