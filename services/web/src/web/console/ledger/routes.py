"""The ledger: what each account holds, and every movement, which is never changed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from chassis.errors import InvalidFields
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Payment, Registration, StaffApi, unless_away
from web.console.ledger.asked import ACCOUNTS, KINDS, Asked, Filters, wanted
from web.console.menu import ROOT
from web.console.pages import console_page
from web.console.routing import ConsoleRouter
from web.forms import FieldError, Form
from web.upstream.client import Answer, Refused

router = ConsoleRouter()

PATH: Final = "/ledger"
_SOURCES: Final[Mapping[str, str]] = {
    "payment": "payments",
    "money": "surplus",
    "refund": "refunds",
    "line": "statements/lines",
    "payout": "statements/lines",
}
"""Pages of what movements record, by the first word of their source."""


class Movement(Answer):
    """Money that moved from the credit account to the debit account."""

    id: int
    source: str
    kind: str
    debit: str
    credit: str
    amount: Decimal
    currency: str
    registration_id: UUID | None
    payment_id: UUID | None
    occurred_at: datetime
    recorded_at: datetime

    @property
    def place(self) -> str:
        """Return the page of what it records, in Indonesian; empty if there is none."""
        word, _, subject = self.source.partition(":")
        try:
            return f"{ROOT}/{_SOURCES[word]}/{UUID(subject)}"
        except (KeyError, ValueError):
            return f"{ROOT}/payments/{self.payment_id}" if self.payment_id else ""


class _Movements(Answer):
    items: tuple[Movement, ...]
    next_cursor: str | None = None


class Balance(Answer):
    """The sums of an account. `balance` is negative for what is owed or earned."""

    account: str
    currency: str
    balance: Decimal


class _Balances(Answer):
    accounts: tuple[Balance, ...]


@dataclass(frozen=True)
class _Found:
    movements: _Movements | None = None
    balances: Sequence[Balance] | None = None
    errors: Sequence[FieldError] = ()


@router.page(PATH)
async def show_ledger(
    request: Request,
    staff: Finance,
    payment: Payment,
    registration: Registration,
    asked: Filters,
) -> Response:
    """Show the balances, and movements, the one recorded last first."""
    known = asked.known()
    found = await _read(known, request, payment, registration)
    return console_page(
        request,
        staff,
        "ledger/page.html",
        status=InvalidFields.status if found.errors else 200,
        asked=known,
        form=Form({name: str(value) for name, value in asdict(known).items()}, found.errors),
        balances=found.balances,
        movements=found.movements.items if found.movements else (),
        next_cursor=found.movements.next_cursor if found.movements else None,
        accounts=ACCOUNTS,
        kinds=KINDS,
    )


async def _read(asked: Asked, request: Request, payment: StaffApi, registration: StaffApi) -> _Found:
    """Return what the filters ask for, or what is wrong with them.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    of_filters = await wanted(asked, request, payment, registration)
    if of_filters.errors:
        return _Found(errors=of_filters.errors)
    try:
        movements, balances = await asyncio.gather(
            payment.get(_Movements, f"{PATH}/movements", cursor=asked.cursor or None, **of_filters.query),
            unless_away(payment.get(_Balances, f"{PATH}/balances", at=_moment_before(of_filters.end))),
        )
    except Refused as refused:
        if refused.status != InvalidFields.status:
            raise
        return _Found(errors=[FieldError("first_day", text) for text in refused.field_errors.values()][:1])
    return _Found(movements, balances.accounts if balances else None)


def _moment_before(end: datetime | None) -> str | None:
    """Return the last moment of a day that is over at `end`, as balances count what occurred until then."""
    return (end - timedelta(microseconds=1)).isoformat() if end else None
