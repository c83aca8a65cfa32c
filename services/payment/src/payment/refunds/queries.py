"""Queries for refunds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.tables import Invoice
from payment.paging import Position
from payment.proofs.tables import Payment
from payment.refunds.errors import UnknownRefund
from payment.refunds.tables import Refund


class RefundStatus(StrEnum):
    """Whether a refund still has to be transferred."""

    DUE = "due"
    DONE = "done"


_DONE = Refund.done_at.is_not(None)


@dataclass(frozen=True)
class RefundFilter:
    """Which refunds to list; None does not filter. `q` is part of a registration number or of the payer's name."""

    status: RefundStatus | None = None
    event_id: UUID | None = None
    q: str | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions of the query."""
        if self.status is not None:
            yield _DONE if self.status is RefundStatus.DONE else ~_DONE
        if self.event_id is not None:
            yield Payment.event_id == self.event_id
        if self.q:
            number = Invoice.registration_number.icontains(self.q, autoescape=True)
            yield or_(number, Invoice.payer_name.icontains(self.q, autoescape=True))


async def list_refunds(
    session: AsyncSession, wanted: RefundFilter, *, limit: int, after: Position | None
) -> Sequence[RowMapping]:
    """Return refunds that are due first, then the completed ones; each group oldest first."""
    query = _with_payment().where(*wanted.conditions()).order_by(_DONE, Refund.due_at, Refund.payment_id).limit(limit)
    if after is not None:
        query = query.where(tuple_(_DONE, Refund.due_at, Refund.payment_id) > tuple_(*after))
    return (await session.execute(query)).mappings().all()


async def refund_by_id(session: AsyncSession, payment_id: UUID) -> RowMapping:
    """Return one refund with the columns of the list.

    Raises:
        UnknownRefund.
    """
    found = (await session.execute(_with_payment().where(Refund.payment_id == payment_id))).mappings().first()
    if found is None:
        raise UnknownRefund
    return found


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
            Payment.channel,
            Payment.event_id,
            Payment.payment_date,
            Payment.verified_at,
            Payment.verified_by,
            Invoice.registration_ended,
            Invoice.registration_number,
            Invoice.payer_name,
        )
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Invoice, Invoice.registration_id == Payment.registration_id)
    )
