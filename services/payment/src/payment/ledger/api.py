"""Routes of the ledger, for finance."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.auth.access import Finance
from chassis.database import Database
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import OwnDatabase, Read, from_state
from chassis.web.downloads import CsvFile, DownloadRunning, Downloads, csv_file
from chassis.web.models import Amount, Cursor, Limit, Moment, Page, Total, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Depends, Query
from pydantic import Field

from payment.dependencies import Zone
from payment.ledger import queries
from payment.ledger.queries import MovementFilter
from payment.ledger.rules import Account, Kind

router = Router(tags=["ledger"])

_LARGEST_ID: Final = 2**63 - 1
_COLUMNS: Final = (
    *("id", "recorded_at", "occurred_at", "source", "leg", "kind", "debit", "credit", "amount", "currency"),
    *("registration_id", "payment_id", "method", "registration_number"),
)
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


def _filter(
    account: Account | None = None,
    kind: Kind | None = None,
    registration_id: UUID | None = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to")] = None,
) -> MovementFilter:
    return MovementFilter(account, kind, registration_id, since, until)


Wanted = Annotated[MovementFilter, Depends(_filter)]


@router.get("/ledger/movements")
async def list_movements(
    _: Finance, session: Read, wanted: Wanted, limit: Limit = 50, cursor: Cursor = None
) -> Page[MovementView]:
    """Return movements, the one recorded last first."""
    after = _cursors.decode(cursor)
    rows = await queries.movements(session, wanted, limit=limit + 1, before=after[0] if after else None)
    items = [MovementView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=_cursors.encode(items[-1].id) if len(rows) > limit else None)


async def _exported(
    staff: Finance,
    wanted: Wanted,
    database: OwnDatabase,
    downloads: Annotated[Downloads, from_state("downloads")],
    zone: Zone,
) -> AsyncIterator[AsyncIterator[Sequence[Sequence[Any]]]]:
    with downloads.one_of(staff.id) as until_read:
        yield until_read(_rows(database, wanted, zone))


async def _rows(database: Database, wanted: MovementFilter, zone: ZoneInfo) -> AsyncIterator[Sequence[Sequence[Any]]]:
    async for page in queries.every_movement(database, wanted):
        yield [[_cell(row[name], zone) for name in _COLUMNS] for row in page]


def _cell(value: Any, zone: ZoneInfo) -> Any:
    return value.astimezone(zone).isoformat() if isinstance(value, datetime) else value


Exported = Annotated[AsyncIterator[Sequence[Sequence[Any]]], Depends(_exported, scope="request")]


@router.get("/ledger.csv", response_class=CsvFile, responses=errors(DownloadRunning))
async def export_movements(rows: Exported) -> CsvFile:
    """Return movements as CSV with the filters of the list, the one recorded last first.

    Times are in the zone of the service's settings, with its offset.
    """
    return csv_file("ledger", _COLUMNS, rows)


@router.get("/ledger/balances")
async def show_balances(_: Finance, session: Read, at: Moment | None = None) -> Balances:
    """Return the balance of each account, now or at a time."""
    rows = await queries.balances(session, at=at)
    return Balances(at=at, accounts=[BalanceView.model_validate(row) for row in rows])
