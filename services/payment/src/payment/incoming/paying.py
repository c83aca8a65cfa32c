"""Paying an invoice with money that needs no review."""

from typing import Final
from uuid import UUID, uuid4

from chassis.database import UnitOfWork
from sqlalchemy import select, update

from payment.incoming.rules import Received
from payment.invoices.commands import NO_VERIFIER, current_versions, mark_paid
from payment.invoices.tables import Invoice
from payment.ledger.commands import record
from payment.ledger.rules import Account, Entry, Kind, account_of, payment_source
from payment.proofs import announce
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

    Return None if the invoice is not over this amount, or is paid already. An invoice whose registration has ended is
    paid: registration decides whether it still has places, and asks for a refund if not. A proof that waits is rejected
    as superseded.

    Args:
        by: the member of staff who assigned the money; the nil UUID if it was recognised.
        kept: the account where the money was kept; None for money that arrives now.
    """
    if money.registration_id is None or not await _is_over(work, money):
        return None
    payment_id = uuid4()
    # In the order of a review: payments before their invoice. A proof that arrived in between is found the second time.
    await _supersede(work, money.registration_id, payment_id)
    if not await mark_paid(work, money.registration_id):
        return None
    await _supersede(work, money.registration_id, payment_id)
    await _verified_payment(work, money, payment_id, by=by, kept=kept)
    return payment_id


async def _is_over(work: UnitOfWork, money: Received) -> bool:
    same = (
        Invoice.registration_id == money.registration_id,
        Invoice.amount == money.amount,
        Invoice.currency == money.currency,
        Invoice.status != "paid",
    )
    return (await work.session.execute(select(Invoice.registration_id).where(*same))).first() is not None


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
    work: UnitOfWork, money: Received, payment_id: UUID, *, by: UUID, kept: Account | None
) -> None:
    assert money.registration_id is not None  # noqa: S101  # checked by the caller
    sequence, revision = await current_versions(work, money.registration_id)
    payment = Payment(
        id=payment_id,
        registration_id=money.registration_id,
        status=PaymentStatus.VERIFIED,
        amount=money.amount,
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
    await record(work, _entry(payment, kept))
    work.publish(announce.verified(payment), subject=payment.registration_id)


def _entry(payment: Payment, kept: Account | None) -> Entry:
    return Entry(
        source=payment_source(payment.id),
        kind=Kind.PAYMENT if kept is None else Kind.ASSIGNMENT,
        debit=kept or account_of(payment.channel, payment.payment_method),
        credit=Account.RUNNERS,
        amount=payment.amount,
        currency=payment.currency,
        occurred_at=payment.payment_date if kept is None else payment.verified_at or payment.payment_date,
        registration_id=payment.registration_id,
        payment_id=payment.id,
        method=payment.payment_method,
    )
