"""Routes of the ledger, for finance."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth.access import Finance
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import Read
from chassis.web.models import Amount, Cursor, Limit, Moment, Page, Total, View
from chassis.web.routing import Router
from fastapi import Query
from pydantic import Field

from payment.ledger import queries
from payment.ledger.queries import MovementFilter
from payment.ledger.rules import Account, Kind

router = Router(prefix="/ledger", tags=["ledger"])

_LARGEST_ID = 2**63 - 1
_cursors = CursorOf(tuple[Annotated[int, Field(ge=0, le=_LARGEST_ID)]])


class MovementView(View):
    """Money that moved from the credit account to the debit account."""

    id: int
    source: str
    leg: int
    kind: str
    debit: str
    credit: str
    amount: Amount
    currency: str
    registration_id: UUID | None
    payment_id: UUID | None
    method: str | None
    occurred_at: datetime
    recorded_at: datetime


class BalanceView(View):
    """The sums of an account. `balance` is `debited` less `credited`; it is negative for what is owed or earned."""

    account: Account
    currency: str
    debited: Total
    credited: Total
    balance: Total


class Balances(View):
    """The accounts of the ledger. The balances of each currency add up to zero."""

    at: datetime | None
    accounts: Sequence[BalanceView]


@router.get("/movements")
async def list_movements(
    _: Finance,
    session: Read,
    account: Account | None = None,
    kind: Kind | None = None,
    registration_id: UUID | None = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MovementView]:
    """Return movements, the one recorded last first."""
    wanted = MovementFilter(account, kind, registration_id, since, until)
    after = _cursors.decode(cursor)
    rows = await queries.movements(session, wanted, limit=limit + 1, before=after[0] if after else None)
    items = [MovementView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=_cursors.encode(items[-1].id) if len(rows) > limit else None)


@router.get("/balances")
async def show_balances(_: Finance, session: Read, at: Moment | None = None) -> Balances:
    """Return the balance of each account, now or at a time."""
    rows = await queries.balances(session, at=at)
    return Balances(at=at, accounts=[BalanceView.model_validate(row) for row in rows])
