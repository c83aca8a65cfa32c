"""The filters of the ledger: as they stand in the address, and as payment takes them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.wording import Wording
from fastapi import Depends, Query, Request

from web.console.apis import StaffApi
from web.console.reports.period import Period
from web.console.search.finding import find
from web.forms import FieldError
from web.languages import language_of_path

ACCOUNTS: Final = (
    "bank",
    "midtrans",
    "qris",
    "cash",
    "usdt",
    "fees",
    "rounding",
    "runners",
    "surplus",
    "unknown",
)
KINDS: Final = (
    "payment",
    "surplus",
    "unknown",
    "assignment",
    "refund",
    "reversal",
    "chargeback",
    "payout",
    "fee",
    "rounding",
)
_NOT_FOUND: Final = Wording(
    en="There is no such registration. Write its whole number, such as FR5K-00042.",
    id="Pendaftaran ini tidak ada. Tulis nomornya lengkap, misalnya FR5K-00042.",
)


@dataclass(frozen=True)
class Asked(Period):
    """Filters in the address. Days bound the movements; balances are those at the end of the last day."""

    account: Annotated[str, Query(max_length=20)] = ""
    kind: Annotated[str, Query(max_length=20)] = ""
    registration: Annotated[str, Query(max_length=100)] = ""
    cursor: Annotated[str, Query(max_length=1000)] = ""

    def known(self) -> "Asked":
        """Return the filters without words that name nothing, and with trimmed ones."""
        account, kind = self.account if self.account in ACCOUNTS else "", self.kind if self.kind in KINDS else ""
        return replace(self, account=account, kind=kind, registration=self.registration.strip())

    def query(self, **changes: str) -> str:
        """Return the query string of the first page with changes; empty values leave a parameter out."""
        wanted = {**asdict(self), "cursor": "", **changes}
        return urlencode({name: value for name, value in wanted.items() if value})

    def without(self, name: str) -> str:
        """Return the query string without a filter, for its chip."""
        return self.query(**{name: ""})

    def value(self, name: str) -> str:
        """Return a filter; empty if it is not set."""
        return str(getattr(self, name, ""))

    @property
    def is_filtered(self) -> bool:
        """Return whether any filter is set."""
        return bool(self.query())


Filters = Annotated[Asked, Depends()]


@dataclass(frozen=True)
class Wanted:
    """What payment is asked for, or what is wrong with the filters.

    Attributes:
        end: of the last day; None if it is open.
    """

    query: Mapping[str, str | None]
    end: datetime | None = None
    errors: Sequence[FieldError] = ()


async def wanted(asked: Asked, request: Request, payment: StaffApi, registration: StaffApi) -> Wanted:
    """Return what the filters ask for. Days are those of the console's zone.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    language = language_of_path(request.url.path)
    errors = asked.errors(language)
    registration_id = None if errors else await _registration_id(asked.registration, payment, registration)
    if asked.registration and registration_id is None and not errors:
        errors = [FieldError("registration", _NOT_FOUND.said(language))]
    if errors:
        return Wanted({}, errors=errors)
    begin, end = asked.moments(ZoneInfo(request.app.state.settings.timezone))
    query = {
        "account": asked.account or None,
        "kind": asked.kind or None,
        "registration_id": str(registration_id) if registration_id else None,
        "from": begin.isoformat() if begin else None,
        "to": end.isoformat() if end else None,
    }
    return Wanted(query, end)


async def _registration_id(text: str, payment: StaffApi, registration: StaffApi) -> UUID | None:
    """Return the registration that a number or id names; None if it is none, or several fit."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        hits = await find(registration, payment, text, by_amount=False)
    return hits[0].registration_id if len(hits) == 1 else None
