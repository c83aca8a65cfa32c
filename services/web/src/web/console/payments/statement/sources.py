"""The payments that a statement is compared with, as payment's API lists them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from web.console.apis import StaffApi
from web.console.payments.models import UPLOADED, VERIFIED, Payment, Payments
from web.console.payments.statement.matching import Claim
from web.console.payments.statement.reading import Statement

_PAGE: Final = 200
_MOST_WAITING: Final = 10_000
_MOST_VERIFIED: Final = 4_000
_BEFORE, _AFTER = timedelta(days=4), timedelta(days=15)


@dataclass(frozen=True)
class Claims:
    """Payments to compare with. `is_cut`: more of them wait; `is_verified_cut`: more were verified."""

    waiting: Sequence[Claim]
    verified: Sequence[Claim]
    is_cut: bool = False
    is_verified_cut: bool = False


async def claims_for(payment: StaffApi, statement: Statement, zone: ZoneInfo) -> Claims:
    """Return the payments that wait, and those that were verified of proofs from the days of a statement.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    days = [line.day for line in statement.lines if line.day is not None]
    (waiting, is_cut), (verified, is_verified_cut) = await asyncio.gather(
        _all(payment, UPLOADED, _MOST_WAITING), _all(payment, VERIFIED if days else None, _MOST_VERIFIED, days)
    )
    return Claims(
        [_claim(each, zone) for each in waiting if each.is_waiting],
        [_claim(each, zone) for each in verified if not each.is_waiting],
        is_cut,
        is_verified_cut,
    )


async def _all(
    payment: StaffApi, status: str | None, most: int, days: Sequence[date] = ()
) -> tuple[Sequence[Payment], bool]:
    """Return the payments in a status, and whether there are more than these."""
    found: list[Payment] = []
    between = {"from": _moment(min(days) - _BEFORE), "to": _moment(max(days) + _AFTER)} if days else {}
    cursor = None
    while status is not None:
        page = await payment.get(Payments, "/payments", status=status, limit=_PAGE, cursor=cursor, **between)
        found += page.items
        cursor = page.next_cursor
        if cursor is None or len(found) >= most:
            break
    return found, cursor is not None


def _moment(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()


def _claim(payment: Payment, zone: ZoneInfo) -> Claim:
    return Claim(
        payment.payment_id,
        payment.registration_number,
        payment.payer_name,
        payment.amount,
        payment.payment_date.astimezone(zone).date(),
        payment.notes,
        has_ended=payment.registration_ended is not None,
        is_duplicate=payment.duplicate_of is not None,
    )
