"""What the desk looks at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts import PaymentMethod
from sqlalchemy import Boolean, RowMapping, Select, literal_column, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from payment.desk.errors import UnknownPayment
from payment.invoices.tables import Invoice
from payment.paging import Position
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment

# Literal, so that it is the index's own expression: a bound parameter would not match it.
_DECIDED = literal_column("(payments.status <> 'uploaded')", Boolean)


@dataclass(frozen=True)
class Filter:
    """What the desk asks for; `q` is part of a registration number or of the payer's name."""

    status: PaymentStatus | None = None
    method: PaymentMethod | None = None
    q: str | None = None


async def list_payments(
    session: AsyncSession, wanted: Filter, *, limit: int, after: Position | None
) -> Sequence[RowMapping]:
    """Payments that wait first, then the decided ones; each group oldest first."""
    return (await session.execute(page(wanted, limit=limit, after=after))).mappings().all()


def page(wanted: Filter, *, limit: int, after: Position | None) -> Select[*tuple[Any, ...]]:
    """The query behind `list_payments`."""
    query = _narrowed(_with_invoice_and_twin(), wanted)
    if after is not None:
        query = query.where(tuple_(_DECIDED, Payment.uploaded_at, Payment.id) > tuple_(*after))
    return query.order_by(_DECIDED, Payment.uploaded_at, Payment.id).limit(limit)


async def payment_by_id(session: AsyncSession, payment_id: UUID) -> RowMapping:
    """One payment as the list shows it.

    Raises:
        UnknownPayment.
    """
    found = (await session.execute(_with_invoice_and_twin().where(Payment.id == payment_id))).mappings().first()
    if found is None:
        raise UnknownPayment
    return found


async def proof_of(session: AsyncSession, payment_id: UUID) -> tuple[str, str]:
    """Path and content type of a payment's image.

    Raises:
        UnknownPayment.
    """
    where = select(Payment.payment_proof_path, Payment.proof_content_type).where(Payment.id == payment_id)
    found = (await session.execute(where)).first()
    if found is None:
        raise UnknownPayment
    return found.payment_proof_path, found.proof_content_type


def _narrowed(query: Select[*tuple[Any, ...]], wanted: Filter) -> Select[*tuple[Any, ...]]:
    if wanted.status is not None:
        query = query.where(Payment.status == wanted.status)
    if wanted.status is PaymentStatus.UPLOADED:
        query = query.where(~_DECIDED)  # said in the index's words
    if wanted.method is not None:
        query = query.where(Payment.payment_method == wanted.method)
    if wanted.q:
        number = Invoice.registration_number.icontains(wanted.q, autoescape=True)
        query = query.where(or_(number, Invoice.payer_name.icontains(wanted.q, autoescape=True)))
    return query


def _with_invoice_and_twin() -> Select[*tuple[Any, ...]]:
    twin = _same_image_elsewhere().lateral("same_image")
    return (
        select(
            *(column for column in Payment.__table__.columns if column.name != "payment_proof_path"),
            Invoice.registration_number,
            Invoice.payer_name,
            Invoice.registration_ended,
            twin.c.twin_id,
            twin.c.twin_registration_id,
            twin.c.twin_number,
        )
        .join(Invoice, Invoice.registration_id == Payment.registration_id)
        .join(twin, true(), isouter=True)
    )


def _same_image_elsewhere() -> Select[*tuple[Any, ...]]:
    twin, invoice = aliased(Payment), aliased(Invoice)
    return (
        select(
            twin.id.label("twin_id"),
            twin.registration_id.label("twin_registration_id"),
            invoice.registration_number.label("twin_number"),
        )
        .join(invoice, invoice.registration_id == twin.registration_id)
        .where(twin.proof_sha256 == Payment.proof_sha256, twin.registration_id != Payment.registration_id)
        .order_by(twin.uploaded_at, twin.id)
        .limit(1)
        .correlate(Payment)
    )
