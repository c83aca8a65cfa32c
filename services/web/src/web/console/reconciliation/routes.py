"""The reconciliation of a day: each account as expected and as seen, and what to do about every difference."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.errors import InvalidFields, NotFound
from chassis.wording import Wording
from fastapi import Query, Request, Response

from web.console.access import Finance
from web.console.apis import Failure, Payment, StaffApi, unless_away
from web.console.menu import ROOT
from web.console.pages import console_page, done
from web.console.routing import ConsoleRouter
from web.forms import FieldError, Form
from web.languages import language_of_path
from web.sessions.staff import StaffSession
from web.upstream.client import Answer, Refused

router = ConsoleRouter()

PATH: Final = "/reconciliation"
_RUNS: Final = 31
_DIFFERENCE: Final = "difference"
_PLACES: Final[Mapping[str, str]] = {
    "bank": "/statements",
    "surplus": "/surplus?kind=surplus",
    "unknown": "/surplus?kind=unknown",
    "midtrans": "/ledger?account=midtrans",
    "qris": "/ledger?account=qris",
    "runners": "/payments",
    "usdt": "/usdt/transfers",
}
"""Where the work on a channel is done, if an item says nothing more exact."""

_NO_DAY: Final = Wording(en="Write a day such as 2027-08-17.", id="Tulis tanggal seperti 2027-08-17.")


class Item(Answer):
    """Something to look at, or to know: `severity` says which. `who` has to do `what`, in both languages.

    It stands for `count` of its kind, and `amount` is theirs in all.
    """

    kind: str
    severity: str = _DIFFERENCE
    amount: Decimal | None = None
    count: int = 1
    registration_id: UUID | None = None
    registration_number: str | None = None
    reference: str | None = None
    age_days: int | None = None
    who: str
    what: Mapping[str, str]
    line_id: UUID | None = None
    money_id: UUID | None = None
    refund_id: UUID | None = None
    payment_id: UUID | None = None

    @property
    def is_difference(self) -> bool:
        """Return whether a person has to look at it. Accounts may agree all the same."""
        return self.severity == _DIFFERENCE

    def place(self, channel: str) -> str:
        """Return the page where the work is done, in Indonesian; empty if there is none."""
        exact = (
            ("statements/lines", self.line_id),
            ("surplus", self.money_id),
            ("refunds", self.refund_id),
            ("payments", self.payment_id),
            ("registrations", self.registration_id),
        )
        found = next((f"{ROOT}/{path}/{subject}" for path, subject in exact if subject), None)
        return found or (ROOT + _PLACES[channel] if channel in _PLACES else "")


class Channel(Answer):
    """An account: what was expected in it, what was seen, and what explains the rest.

    Attributes:
        waits: what is to be seen yet, and need not have been.
        differences: number of items to look at, with those that are not listed; `difference` may be 0 all the same.
        left_out: number of items that are not listed.
    """

    channel: str
    currency: str
    expected: Decimal
    seen: Decimal
    waits: Decimal = Decimal(0)
    difference: Decimal
    differences: int = 0
    left_out: int = 0
    items: tuple[Item, ...]


class Reconciliation(Answer):
    """The reconciliation of a day; `differences` is the number of items to look at."""

    date: date
    timezone: str
    ran_at: datetime
    channels: tuple[Channel, ...]
    differences: int


class Run(Answer):
    """A stored reconciliation; `differences` is the number of items to look at."""

    date: date
    ran_at: datetime
    differences: int


class Runs(Answer):
    """The last reconciliations, the newest first."""

    items: tuple[Run, ...]


@router.page(PATH)
async def show_reconciliation(
    request: Request,
    staff: Finance,
    payment: Payment,
    day: Annotated[str, Query(alias="date", max_length=10)] = "",
) -> Response:
    """Show the reconciliation of a day; without one, that of today."""
    return await _page(request, staff, payment, day)


@router.action(PATH)
async def run_now(request: Request, staff: Finance, payment: Payment) -> Response:
    """Compute today's reconciliation now and store it."""
    failure = await payment.change("POST", PATH)
    if failure is None:
        return done(request, ROOT + PATH, "ran")
    return await _page(request, staff, payment, "", failure)


async def _page(
    request: Request, staff: StaffSession, payment: StaffApi, typed: str, failure: Failure | None = None
) -> Response:
    today = request.app.state.clock().astimezone(ZoneInfo(request.app.state.settings.timezone)).date()
    day = _day(typed) if typed else today
    errors = [] if day else [FieldError("date", _NO_DAY.said(language_of_path(request.url.path)))]
    runs = payment.get(Runs, f"{PATH}/runs", limit=_RUNS)
    found, past = await asyncio.gather(_of_day(payment, day if typed else None) if day else _none(), unless_away(runs))
    return console_page(
        request,
        staff,
        "reconciliation/page.html",
        status=failure.status if failure else InvalidFields.status if errors else 200,
        form=Form({"date": (day or today).isoformat() if not errors else typed}, errors),
        found=found,
        day=day,
        is_today=day == today,
        before=day - timedelta(days=1) if day and day > date.min else None,
        after=day + timedelta(days=1) if day and day < today else None,
        runs=_shown(past),
        message=failure.message if failure else None,
    )


def _shown(past: Runs | None) -> Sequence[Run]:
    return past.items if past else ()


async def _none() -> None:
    return None


async def _of_day(payment: StaffApi, day: date | None) -> Reconciliation | None:
    """Return the reconciliation of a day; None if there was none.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    try:
        return await payment.get(Reconciliation, PATH, date=day.isoformat() if day else None)
    except Refused as refused:
        if refused.status not in (NotFound.status, InvalidFields.status):
            raise
        return None


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None
