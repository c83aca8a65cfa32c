"""Balances and movements of the ledger."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from chassis.database import Database
from sqlalchemy import ColumnElement, RowMapping, Select, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.tables import Invoice
from payment.ledger.rules import Account, Kind
from payment.ledger.tables import Movement

_EXPORTED_AT_ONCE: Final = 1000


@dataclass(frozen=True)
class MovementFilter:
    """Which movements to list; None does not filter. `since` is included, `until` is not."""

    account: Account | None = None
    kind: Kind | None = None
    registration_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions of the query."""
        if self.account is not None:
            yield or_(Movement.debit == self.account, Movement.credit == self.account)
        if self.kind is not None:
            yield Movement.kind == self.kind
        if self.registration_id is not None:
            yield Movement.registration_id == self.registration_id
        if self.since is not None:
            yield Movement.occurred_at >= self.since
        if self.until is not None:
            yield Movement.occurred_at < self.until


async def movements(
    session: AsyncSession, wanted: MovementFilter, *, limit: int, before: int | None
) -> Sequence[RowMapping]:
    """Return movements, the one recorded last first.

    Args:
        before: the id of the last movement of the page before; None for the first page.
    """
    return (await session.execute(_page(wanted, limit, before))).mappings().all()


def _page(wanted: MovementFilter, limit: int, before: int | None) -> Select[*tuple[Any, ...]]:
    query = select(Movement.__table__).where(*wanted.conditions()).order_by(Movement.id.desc()).limit(limit)
    return query if before is None else query.where(Movement.id < before)


async def every_movement(database: Database, wanted: MovementFilter) -> AsyncIterator[Sequence[RowMapping]]:
    """Yield all movements with their `registration_number` in pages, the one recorded last first.

    What is recorded meanwhile is left out. The number is None for money of no registration.
    """
    before: int | None = None
    while True:
        async with database.read_page() as session:
            page = (await session.execute(_numbered(wanted, before))).mappings().all()
        yield page
        if len(page) < _EXPORTED_AT_ONCE:
            return
        before = page[-1]["id"]


def _numbered(wanted: MovementFilter, before: int | None) -> Select[Any]:
    page = _page(wanted, _EXPORTED_AT_ONCE, before).subquery()
    return (
        select(page, Invoice.registration_number)
        .join_from(page, Invoice, Invoice.registration_id == page.c.registration_id, isouter=True)
        .order_by(page.c.id.desc())
    )


async def balances(session: AsyncSession, *, at: datetime | None = None) -> Sequence[RowMapping]:
    """Return the sums of each account and currency: `account`, `currency`, `debited`, `credited`, `balance`.

    The balance is what was debited less what was credited; all balances of a currency add up to zero.

    Args:
        at: count movements that occurred until then; None counts all.
    """
    counted = () if at is None else (Movement.occurred_at <= at,)
    debits = select(Movement.debit.label("account"), Movement.currency, Movement.amount.label("debited"))
    credits_ = select(Movement.credit.label("account"), Movement.currency, (-Movement.amount).label("debited"))
    signed = union_all(debits.where(*counted), credits_.where(*counted)).subquery()
    debited = func.coalesce(func.sum(signed.c.debited).filter(signed.c.debited > 0), 0)
    credited = func.coalesce(-func.sum(signed.c.debited).filter(signed.c.debited < 0), 0)
    query = (
        select(
            signed.c.account,
            signed.c.currency,
            debited.label("debited"),
            credited.label("credited"),
            (debited - credited).label("balance"),
        )
        .group_by(signed.c.account, signed.c.currency)
        .order_by(signed.c.currency, signed.c.account)
    )
    return (await session.execute(query)).mappings().all()
