"""Warnings about a proof, for the person who reviews it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.web.models import Amount, View
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.rules import RegistrationEnd
from payment.invoices.tables import Invoice
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.review.lookalikes import OtherPayment, looks_like, same_picture, same_reference


class FlagCode(StrEnum):
    """What a warning is about. What looks like another proof is that picture in other brightness or colours."""

    SAME_PICTURE = "same_picture"
    LOOKS_LIKE = "looks_like"
    SAME_REFERENCE = "same_reference"
    AMOUNT_DIFFERS = "amount_differs"
    LATE = "late"
    REGISTRATION_ENDED = "registration_ended"
    PAID_ALREADY = "paid_already"


class OtherPaymentView(View):
    """The payment that a warning refers to."""

    payment_id: UUID
    registration_id: UUID
    registration_number: str
    status: PaymentStatus
    uploaded_at: datetime


class Flag(View):
    """A warning, with what it refers to; the other members are null.

    `other` for the same picture or reference, one that looks like it, and a payment that paid already; `expected` is
    the amount of the invoice; `deadline` and `paid_at` are those of a late payment; `ended` says how the registration
    ended.
    """

    code: FlagCode
    other: OtherPaymentView | None = None
    expected: Amount | None = None
    deadline: datetime | None = None
    paid_at: datetime | None = None
    ended: RegistrationEnd | None = None


async def flags_of(session: AsyncSession, payment: Payment, invoice: Invoice) -> Sequence[Flag]:
    """Return the warnings about a payment as things are now: a later proof may have the same picture."""
    pictures = await same_picture(session, payment)
    alike = await looks_like(session, payment)
    references = await same_reference(session, payment)
    paid = await _paid_by(session, payment, invoice)
    return [
        *_about(FlagCode.SAME_PICTURE, pictures),
        *_about(FlagCode.LOOKS_LIKE, alike),
        *_about(FlagCode.SAME_REFERENCE, references),
        *_about(FlagCode.PAID_ALREADY, paid),
        *_facts(payment, invoice),
    ]


def _about(code: FlagCode, others: Sequence[OtherPayment]) -> Iterator[Flag]:
    for other in others:
        yield Flag(code=code, other=OtherPaymentView.model_validate(other))


def _facts(payment: Payment, invoice: Invoice) -> Iterator[Flag]:
    deadline = payment.due_at or invoice.expires_at
    paid_at = max(payment.payment_date, payment.uploaded_at)
    if payment.amount != invoice.amount:
        yield Flag(code=FlagCode.AMOUNT_DIFFERS, expected=invoice.amount)
    if paid_at > deadline:
        yield Flag(code=FlagCode.LATE, deadline=deadline, paid_at=paid_at)
    if invoice.registration_ended is not None:
        yield Flag(code=FlagCode.REGISTRATION_ENDED, ended=RegistrationEnd(invoice.registration_ended))


async def _paid_by(session: AsyncSession, payment: Payment, invoice: Invoice) -> Sequence[OtherPayment]:
    """Return verified payments of the same registration."""
    query = select(Payment.id.label("payment_id"), Payment.registration_id, Payment.status, Payment.uploaded_at)
    same = (Payment.registration_id == payment.registration_id, Payment.id != payment.id)
    verified = query.where(*same, Payment.status == PaymentStatus.VERIFIED).order_by(Payment.uploaded_at)
    rows = (await session.execute(verified)).mappings()
    return [OtherPayment(**row, registration_number=invoice.registration_number) for row in rows]
