"""Queries for reviewing payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    RowMapping,
    ScalarSelect,
    Select,
    and_,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from payment.charges.queries import id_in
from payment.charges.tables import GatewayNotice
from payment.incoming.tables import UnassignedMoney
from payment.instructions.tables import PaymentSettings
from payment.invoices.tables import Invoice
from payment.paging import Position
from payment.proofs.rules import Method, PaymentStatus
from payment.proofs.tables import Payment
from payment.review.errors import UnknownPayment
from payment.review.second import came_in

# A literal, as in the index: an expression with a bound parameter would not use the index.
_DECIDED = literal_column("(payments.status <> 'uploaded')", Boolean)
_NEEDS_SECOND: Final[ColumnElement[bool]] = func.coalesce(
    (Payment.status == PaymentStatus.UPLOADED)
    & (came_in >= select(PaymentSettings.second_check_from).where(PaymentSettings.id == 1).scalar_subquery()),
    false(),
)
_WAITS_FOR_SECOND: Final[ColumnElement[bool]] = and_(
    ~_DECIDED, Payment.checked_by.is_not(None), Payment.held_until.is_(None), _NEEDS_SECOND
)


@dataclass(frozen=True)
class PaymentFilter:
    """Which payments to list; None does not filter.

    Attributes:
        q: part of a registration number or of the payer's name.
        since, until: times between which the proof arrived; `until` is not included.
        waits_for_second: whether the first of two people has verified it, and another one has to.
    """

    status: PaymentStatus | None = None
    method: Method | None = None
    q: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    event_id: UUID | None = None
    waits_for_second: bool | None = None


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
    if wanted.waits_for_second is not None:
        query = query.where(_WAITS_FOR_SECOND if wanted.waits_for_second else ~_WAITS_FOR_SECOND)
    return _arrived(query, wanted)


def _arrived(query: Select[*tuple[Any, ...]], wanted: PaymentFilter) -> Select[*tuple[Any, ...]]:
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
            _NEEDS_SECOND.label("needs_second"),
            _last_notice().label("last_notice_at"),
            duplicate.c.duplicate_id,
            duplicate.c.duplicate_registration_id,
            duplicate.c.duplicate_number,
        )
        .join(Invoice, Invoice.registration_id == Payment.registration_id)
        .join(duplicate, true(), isouter=True)
    )


def _last_notice() -> ScalarSelect[datetime]:
    """Return when the gateway last sent a notification about the charge of a payment: it paid, or was kept before."""
    money = select(UnassignedMoney.source).where(UnassignedMoney.id == id_in(Payment.source, "money"))
    source = func.coalesce(money.correlate(Payment).scalar_subquery(), Payment.source)
    of_charge = GatewayNotice.charge_id == id_in(source, "charge")
    return select(func.max(GatewayNotice.received_at)).where(of_charge).correlate(Payment).scalar_subquery()


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
