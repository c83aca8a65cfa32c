"""Paying an invoice with money that needs no review."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid4

from chassis.database import UnitOfWork
from sqlalchemy import or_, select, update

from payment.incoming.rules import Received
from payment.invoices.commands import NO_VERIFIER, current_versions, mark_paid
from payment.invoices.tables import Invoice, TransferAmount
from payment.ledger.commands import record
from payment.ledger.rules import Account, Entry, Kind, account_of
from payment.proofs import announce
from payment.proofs.booking import entries_of
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment

SUPERSEDED: Final = "Another payment has paid for this registration; this proof is not needed any more."
"""Reason of the rejection of a proof that waited while other money paid its invoice. Its runner gets no message."""


_NOT_UNDER_REVIEW: Final = dict.fromkeys(
    ("held_outcome", "held_reason", "held_by", "held_at", "held_until", "held_revision", "leased_by", "leased_until")
)


async def pay_invoice(
    work: UnitOfWork, money: Received, *, by: UUID = NO_VERIFIER, kept: Account | None = None
) -> UUID | None:
    """Pay the invoice of the registration that `money` names, and publish `PaymentVerified`. Return the payment's id.

    Return None if the invoice is not over this amount and its payer was not asked for it, or if it is paid already. An
    invoice whose registration has ended is paid: registration decides whether it still has places, and asks for a
    refund if not. A proof that waits is rejected as superseded.

    Args:
        by: the member of staff who assigned the money; the nil UUID if it was recognised.
        kept: the account where the money was kept; None for money that arrives now.
    """
    amount = await _amount_due(work, money)
    if amount is None or money.registration_id is None:
        return None
    payment_id = uuid4()
    # In the order of a review: payments before their invoice. A proof that arrived in between is found the second time.
    await _supersede(work, money.registration_id, payment_id)
    if not await mark_paid(work, money.registration_id):
        return None
    await _supersede(work, money.registration_id, payment_id)
    await _verified_payment(work, money, payment_id, amount=amount, by=by, kept=kept)
    return payment_id


async def _amount_due(work: UnitOfWork, money: Received) -> Decimal | None:
    """Return the amount of the invoice that the money pays; None if it pays none, or that is paid."""
    asked = or_(Invoice.amount == money.amount, TransferAmount.payable_amount == money.amount)
    due = (
        Invoice.registration_id == money.registration_id,
        Invoice.currency == money.currency,
        Invoice.status != "paid",
        asked,
    )
    of = TransferAmount.registration_id == Invoice.registration_id
    query = select(Invoice.amount).join_from(Invoice, TransferAmount, of, isouter=True).where(*due)
    return (await work.session.execute(query)).scalar_one_or_none()


async def _supersede(work: UnitOfWork, registration_id: UUID, payment_id: UUID) -> None:
    """Reject the proof that waits for review, if there is one. A held decision about it is dropped."""
    waiting = (Payment.registration_id == registration_id, Payment.status == PaymentStatus.UPLOADED)
    rejected = {
        "status": PaymentStatus.REJECTED,
        "rejected_at": work.now,
        "rejected_by": NO_VERIFIER,
        "rejection_reason": SUPERSEDED,
        "superseded_by": payment_id,
    }
    superseded = update(Payment).where(*waiting).values(**_NOT_UNDER_REVIEW, **rejected).returning(Payment.id)
    for each in (await work.session.execute(superseded)).scalars():
        await work.audit(
            "system", "payment.supersede", str(each), registration_id=str(registration_id), payment_id=str(payment_id)
        )


async def _verified_payment(
    work: UnitOfWork, money: Received, payment_id: UUID, *, amount: Decimal, by: UUID, kept: Account | None
) -> None:
    assert money.registration_id is not None  # noqa: S101  # checked by the caller
    sequence, revision = await current_versions(work, money.registration_id)
    came_in = money.came_in or money.amount
    payment = Payment(
        id=payment_id,
        registration_id=money.registration_id,
        status=PaymentStatus.VERIFIED,
        amount=amount,
        received=None if came_in == amount else came_in,
        currency=money.currency,
        payment_method=money.method,
        channel=money.channel,
        source=money.source,
        payment_date=money.received_at,
        uploaded_at=money.received_at,
        verified_at=work.now,
        verified_by=by,
        sequence=sequence,
        registration_revision=revision,
        booked=True,
    )
    work.session.add(payment)
    await work.session.flush()
    await record(work, *_entries(payment, kept))
    work.publish(announce.verified(payment), subject=payment.registration_id)


def _entries(payment: Payment, kept: Account | None) -> Iterator[Entry]:
    if kept is None:
        arrived = account_of(payment.channel, payment.payment_method)
        return entries_of(payment, debit=arrived, kind=Kind.PAYMENT, at=payment.payment_date)
    return entries_of(payment, debit=kept, kind=Kind.ASSIGNMENT, at=payment.verified_at or payment.payment_date)
