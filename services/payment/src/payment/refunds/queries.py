"""Queries for refunds."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.tables import Invoice
from payment.paging import Position
from payment.proofs.tables import Payment
from payment.refunds.tables import Refund


class RefundStatus(StrEnum):
    """Whether a refund still has to be transferred."""

    DUE = "due"
    DONE = "done"


_DONE = Refund.done_at.is_not(None)


async def list_refunds(
    session: AsyncSession, *, status: RefundStatus | None, limit: int, after: Position | None
) -> Sequence[RowMapping]:
    """Return refunds that are due first, then the completed ones; each group oldest first."""
    query = _with_payment().order_by(_DONE, Refund.due_at, Refund.payment_id).limit(limit)
    if status is not None:
        query = query.where(_DONE if status is RefundStatus.DONE else ~_DONE)
    if after is not None:
        query = query.where(tuple_(_DONE, Refund.due_at, Refund.payment_id) > tuple_(*after))
    return (await session.execute(query)).mappings().all()


def _with_payment() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Refund.payment_id,
            Refund.reason,
            Refund.due_at,
            Refund.done_at,
            Refund.done_by,
            Refund.reference,
            Payment.registration_id,
            Payment.amount,
            Payment.currency,
            Payment.payment_method,
            Invoice.registration_number,
            Invoice.payer_name,
        )
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Invoice, Invoice.registration_id == Payment.registration_id)
    )
