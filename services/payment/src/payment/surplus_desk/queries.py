"""Queries for money that no invoice took, with the charges that it came by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, false, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from payment.charges.queries import id_in
from payment.charges.tables import Charge
from payment.incoming.errors import UnknownMoney
from payment.incoming.rules import MoneyKind, MoneyState
from payment.incoming.tables import UnassignedMoney
from payment.instructions.tables import PaymentSettings
from payment.invoices.tables import Invoice
from payment.paging import Position
from payment.refund_desk.queries import REFUNDABLE_UNTIL

_SECOND_FROM: Final = select(PaymentSettings.second_check_from).where(PaymentSettings.id == 1).scalar_subquery()
_WAITS_FOR_SECOND: Final[ColumnElement[bool]] = and_(
    func.coalesce(UnassignedMoney.amount >= _SECOND_FROM, false()),
    or_(
        and_(UnassignedMoney.state == MoneyState.OPEN, UnassignedMoney.checked_by.is_not(None)),
        UnassignedMoney.state == MoneyState.REFUND_DUE,
    ),
)


@dataclass(frozen=True)
class MoneyFilter:
    """Which money to list; None does not filter.

    Attributes:
        waits_for_second: whether another person has to assign it or send it back than the one who decided that.
    """

    kind: MoneyKind | None = None
    state: MoneyState | None = None
    registration_id: UUID | None = None
    waits_for_second: bool | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions of the query."""
        if self.kind is not None:
            yield UnassignedMoney.kind == self.kind
        if self.state is not None:
            yield UnassignedMoney.state == self.state
        if self.registration_id is not None:
            yield UnassignedMoney.registration_id == self.registration_id
        if self.waits_for_second is not None:
            yield _WAITS_FOR_SECOND if self.waits_for_second else ~_WAITS_FOR_SECOND


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


async def order_of(session: AsyncSession, money_id: UUID) -> tuple[UUID, str] | None:
    """Return id and order id of the charge that money came by; None if it came otherwise."""
    query = select(Charge.id, Charge.order_id).join_from(UnassignedMoney, Charge, _CAME_BY)
    row = (await session.execute(query.where(UnassignedMoney.id == money_id))).first()
    return None if row is None else (row.id, row.order_id)


_CAME_BY: Final[ColumnElement[bool]] = Charge.id == id_in(UnassignedMoney.source, "charge")


def _with_number() -> Select[*tuple[Any, ...]]:
    proposed = aliased(Invoice)
    of = Invoice.registration_id == UnassignedMoney.registration_id
    to = proposed.registration_id == UnassignedMoney.proposed_registration_id
    columns = (
        *UnassignedMoney.__table__.columns,
        Invoice.registration_number,
        proposed.registration_number.label("proposed_registration_number"),
        _WAITS_FOR_SECOND.label("waits_for_second"),
        Charge.method.label("charge_method"),
        Charge.status.label("charge_status"),
        REFUNDABLE_UNTIL.label("refundable_until"),
    )
    query = select(*columns).join_from(UnassignedMoney, Invoice, of, isouter=True)
    return query.join(proposed, to, isouter=True).join(Charge, _CAME_BY, isouter=True)
