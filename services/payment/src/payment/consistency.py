"""The state of each invoice, for comparison with the other services (`startline doctor`)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.refunds.rules import Origin, RefundState
from payment.refunds.tables import Refund
from payment.uptime.tables import Outage

_BATCH = 1000
_UNSETTLED_AFTER = timedelta(minutes=10)


_OF_NO_PLACE = (Refund.origin.in_((Origin.EVENT, Origin.SURPLUS)), Refund.state != RefundState.CANCELLED)
"""Refunds of payments for which there is no place: one of a payment at most. Staff give back parts of others, too."""

_IS_RETURNED = Payment.refund_total + Payment.taken_back >= func.coalesce(Payment.received, Payment.amount)


@dataclass(frozen=True)
class InvoiceState:
    """The invoice of one registration and its payments. At most one paid payment is not refunded.

    `refund_due_ids` and `refunded_ids` are payments that were not honoured, and go back for that; not those of which
    staff give back a part. `returned_ids` are payments of which nothing is left, with all that goes back. `sequence` is
    that of the newest published event.
    """

    registration_id: UUID
    status: InvoiceStatus
    amount: Decimal
    currency: str
    expires_at: datetime
    sequence: int
    paid_payment_ids: tuple[UUID, ...]
    waiting_payment_ids: tuple[UUID, ...]
    refund_due_ids: tuple[UUID, ...]
    refunded_ids: tuple[UUID, ...]
    returned_ids: tuple[UUID, ...] = ()


async def snapshot(session: AsyncSession) -> AsyncIterator[InvoiceState]:
    """Stream the state of every invoice, ordered by registration id, from one database snapshot."""
    found = await session.stream(_query().execution_options(yield_per=_BATCH))
    async for row in found.mappings():
        yield _state(row)


def _query() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Invoice.registration_id,
            Invoice.status,
            Invoice.amount,
            Invoice.currency,
            Invoice.expires_at,
            Invoice.sequence,
            _payments(Payment.status == PaymentStatus.VERIFIED).label("paid_payment_ids"),
            _payments(Payment.status == PaymentStatus.UPLOADED).label("waiting_payment_ids"),
            _payments(Refund.id.is_not(None) & Refund.done_at.is_(None)).label("refund_due_ids"),
            _payments(Refund.done_at.is_not(None)).label("refunded_ids"),
            _payments(_IS_RETURNED).label("returned_ids"),
        )
        .outerjoin(Payment, Payment.registration_id == Invoice.registration_id)
        .outerjoin(Refund, and_(Refund.payment_id == Payment.id, *_OF_NO_PLACE))
        .group_by(Invoice.registration_id)
        .order_by(Invoice.registration_id)
    )


def _payments(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.array_agg(Payment.id).filter(condition)


def _state(row: RowMapping) -> InvoiceState:
    ids = {name: tuple(value or ()) for name, value in row.items() if name.endswith("_ids")}
    return InvoiceState(
        registration_id=row["registration_id"],
        status=InvoiceStatus(row["status"]),
        amount=row["amount"],
        currency=row["currency"],
        expires_at=row["expires_at"],
        sequence=row["sequence"],
        **ids,
    )


async def unsettled_outages(session: AsyncSession) -> Sequence[datetime]:
    """Return the ends of outages that ended minutes ago and whose time has not been added to all deadlines."""
    overdue = ~Outage.settled & (Outage.ended_at < func.now() - _UNSETTLED_AFTER)
    return (await session.execute(select(Outage.ended_at).where(overdue).order_by(Outage.id))).scalars().all()
