"""Queries for reviewing payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts import PaymentMethod
from sqlalchemy import Boolean, RowMapping, Select, literal_column, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from payment.invoices.tables import Invoice
from payment.paging import Position
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.review.errors import UnknownPayment

# A literal, as in the index: an expression with a bound parameter would not use the index.
_DECIDED = literal_column("(payments.status <> 'uploaded')", Boolean)


@dataclass(frozen=True)
class PaymentFilter:
    """Which payments to list; None does not filter.

    Attributes:
        q: part of a registration number or of the payer's name.
        since, until: times between which the proof arrived; `until` is not included.
    """

    status: PaymentStatus | None = None
    method: PaymentMethod | None = None
    q: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    event_id: UUID | None = None


async def list_payments(
    session: AsyncSession, wanted: PaymentFilter, *, limit: int, after: Position | None
) -> Sequence[RowMapping]:
    """Return payments to review first, then the decided ones; each group oldest first."""
    return (await session.execute(page(wanted, limit=limit, after=after))).mappings().all()


def page(wanted: PaymentFilter, *, limit: int, after: Position | None) -> Select[*tuple[Any, ...]]:
    """Return the query of `list_payments`."""
    query = _filtered(_with_invoice_and_duplicate(), wanted)
    if after is not None:
        query = query.where(tuple_(_DECIDED, Payment.uploaded_at, Payment.id) > tuple_(*after))
    return query.order_by(_DECIDED, Payment.uploaded_at, Payment.id).limit(limit)


async def payment_by_id(session: AsyncSession, payment_id: UUID) -> RowMapping:
    """Return one payment with the columns of the list.

    Raises:
        UnknownPayment.
    """
    found = (await session.execute(_with_invoice_and_duplicate().where(Payment.id == payment_id))).mappings().first()
    if found is None:
        raise UnknownPayment
    return found


async def proof_of(session: AsyncSession, payment_id: UUID) -> tuple[str, str]:
    """Return path and content type of a payment's image.

    Raises:
        UnknownPayment.
    """
    where = select(Payment.payment_proof_path, Payment.proof_content_type).where(Payment.id == payment_id)
    found = (await session.execute(where)).first()
    if found is None or found.payment_proof_path is None:
        raise UnknownPayment
    return found.payment_proof_path, found.proof_content_type


def _filtered(query: Select[*tuple[Any, ...]], wanted: PaymentFilter) -> Select[*tuple[Any, ...]]:
    if wanted.status is not None:
        query = query.where(Payment.status == wanted.status)
        query = query.where(~_DECIDED if wanted.status is PaymentStatus.UPLOADED else _DECIDED)  # as in the index
    if wanted.event_id is not None:
        query = query.where(Payment.event_id == wanted.event_id)
    if wanted.method is not None:
        query = query.where(Payment.payment_method == wanted.method)
    if wanted.q:
        number = Invoice.registration_number.icontains(wanted.q, autoescape=True)
        query = query.where(or_(number, Invoice.payer_name.icontains(wanted.q, autoescape=True)))
    if wanted.since is not None:
        query = query.where(Payment.uploaded_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Payment.uploaded_at < wanted.until)
    return query


def _with_invoice_and_duplicate() -> Select[*tuple[Any, ...]]:
    duplicate = _same_image_of_another_registration().lateral("same_image")
    return (
        select(
            *(column for column in Payment.__table__.columns if column.name != "payment_proof_path"),
            Invoice.registration_number,
            Invoice.payer_name,
            Invoice.registration_ended,
            duplicate.c.duplicate_id,
            duplicate.c.duplicate_registration_id,
            duplicate.c.duplicate_number,
        )
        .join(Invoice, Invoice.registration_id == Payment.registration_id)
        .join(duplicate, true(), isouter=True)
    )


def _same_image_of_another_registration() -> Select[*tuple[Any, ...]]:
    duplicate, invoice = aliased(Payment), aliased(Invoice)
    return (
        select(
            duplicate.id.label("duplicate_id"),
            duplicate.registration_id.label("duplicate_registration_id"),
            invoice.registration_number.label("duplicate_number"),
        )
        .join(invoice, invoice.registration_id == duplicate.registration_id)
        .where(duplicate.proof_sha256 == Payment.proof_sha256, duplicate.registration_id != Payment.registration_id)
        .order_by(duplicate.uploaded_at, duplicate.id)
        .limit(1)
        .correlate(Payment)
    )
