"""Queries for money that no invoice took."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from payment.incoming.errors import UnknownMoney
from payment.incoming.rules import MoneyKind, MoneyState
from payment.incoming.tables import UnassignedMoney
from payment.invoices.tables import Invoice
from payment.paging import Position


@dataclass(frozen=True)
class MoneyFilter:
    """Which money to list; None does not filter."""

    kind: MoneyKind | None = None
    state: MoneyState | None = None
    registration_id: UUID | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions of the query."""
        if self.kind is not None:
            yield UnassignedMoney.kind == self.kind
        if self.state is not None:
            yield UnassignedMoney.state == self.state
        if self.registration_id is not None:
            yield UnassignedMoney.registration_id == self.registration_id


async def list_money(
    session: AsyncSession, wanted: MoneyFilter, *, limit: int, after: Position | None
) -> Sequence[RowMapping]:
    """Return money that waits for a decision or refund first, then what is settled; each group oldest first."""
    order = (UnassignedMoney.settled, UnassignedMoney.received_at, UnassignedMoney.id)
    query = _with_number().where(*wanted.conditions()).order_by(*order).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return (await session.execute(query)).mappings().all()


async def money_by_id(session: AsyncSession, money_id: UUID) -> RowMapping:
    """Return one item with the columns of the list.

    Raises:
        UnknownMoney.
    """
    found = (await session.execute(_with_number().where(UnassignedMoney.id == money_id))).mappings().first()
    if found is None:
        raise UnknownMoney
    return found


def _with_number() -> Select[*tuple[Any, ...]]:
    columns = (*UnassignedMoney.__table__.columns, Invoice.registration_number)
    of = Invoice.registration_id == UnassignedMoney.registration_id
    return select(*columns).join_from(UnassignedMoney, Invoice, of, isouter=True)
