"""What the APIs answer about how a race stands, and about what needs somebody."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx

from .conftest import NOW, category

REGISTRATION: Final = "/api/registration/v1"
STATS: Final = ("GET", f"{REGISTRATION}/stats")
TIMELINE: Final = ("GET", f"{REGISTRATION}/stats/timeline")
PAYMENTS: Final = ("GET", "/api/payment/v1/stats")
MESSAGES: Final = ("GET", "/api/notification/v1/stats")
PACKS: Final = ("GET", "/api/checkin/v1/stats")
CHECKINS: Final = ("GET", "/api/checkin/v1/checkins")
CONFLICTS: Final = ("GET", "/api/checkin/v1/conflicts")
KEPT: Final = ("GET", "/api/payment/v1/surplus")
RUNS: Final = ("GET", "/api/payment/v1/reconciliation/runs")
ACCOUNT: Final = ("GET", "/api/payment/v1/settings/midtrans")

_NOTHING: Final = {"count": 0, "oldest_at": None}


def json_of(content: Any) -> httpx.Response:
    return httpx.Response(200, json=content)


def ago(**span: float) -> str:
    """Return a time before `NOW`."""
    return (NOW - timedelta(**span)).isoformat()


def counts(name: str = "5K", **fields: Any) -> dict[str, Any]:
    """Return the counts of a category: by default of one that has just begun."""
    numbers = ("registered", "pending_payment", "payment_uploaded", "payment_verified", "expired", "cancelled")
    people = ("participants", "participants_paid", "places_taken", "places_offered", "places_burned")
    return {
        "category_id": category(name)["id"],
        "category_name": name,
        "event_id": category()["id"],
        "currency": "IDR",
        **dict.fromkeys((*numbers, *people, "waitlist_entries", "waitlist_participants"), 0),
        "amount_expected": "0.00",
        "amount_verified": "0.00",
        "quota": 500,
        "places_left": 500,
        **fields,
    }


SOLD: Final = counts(
    registered=312,
    pending_payment=20,
    payment_uploaded=18,
    payment_verified=250,
    expired=17,
    cancelled=7,
    participants=410,
    participants_paid=338,
    places_taken=423,
    places_offered=10,
    places_burned=3,
    places_left=77,
    waitlist_participants=12,
    amount_expected="61500000.00",
    amount_verified="50700000.00",
)
FULL: Final = counts("10K", registered=100, payment_verified=100, participants_paid=100, quota=100, places_left=0)


def stats(*categories: dict[str, Any]) -> httpx.Response:
    """Return the counts of a race."""
    return json_of({"items": [], "categories": list(categories)})


def bucket(at: datetime, registered: int = 0, verified: int = 0, **fields: Any) -> dict[str, Any]:
    """Return what happened from a moment."""
    amount = f"{150_000 * verified}.00"
    people = {"registered": registered, "participants": registered * 2, "verified": verified, "amount": amount}
    return {"at": at.isoformat(), **people, **fields}


def timeline(*registered: int, zone: str = "Asia/Jakarta") -> httpx.Response:
    """Return days with so many registrations, the last of which is today. Half of them are paid at once."""
    local = NOW.astimezone(ZoneInfo(zone))
    first = local.replace(hour=0, minute=0, second=0) - timedelta(days=len(registered) - 1)
    items = [bucket(first + timedelta(days=at), count, count // 2) for at, count in enumerate(registered)]
    return json_of({"items": items, "interval": "day", "timezone": zone, "currency": "IDR"})


def _paid(count: int) -> dict[str, Any]:
    return {"payments": count, "amount": f"{150_000 * count}.00", "currency": "IDR"}


def payments(
    *,
    waiting: Mapping[str, Any] = _NOTHING,
    refunds: int = 0,
    verified: Mapping[str, int] = MappingProxyType({}),
    **methods: int,
) -> httpx.Response:
    """Return the money by method and of two days, and what of it waits for a decision."""
    amounts = [{"payments": refunds, "amount": "150000.00", "currency": "IDR"}] if refunds else []
    by_method = [{"payment_method": name, **_paid(count)} for name, count in methods.items()]
    return json_of(
        {
            "waiting": waiting,
            "verified": {"today": [], "yesterday": [], **{day: [_paid(count)] for day, count in verified.items()}},
            "methods": by_method,
            "refunds_due": {"oldest_at": ago(days=4) if refunds else None, "amounts": amounts},
        }
    )


def messages(
    *, failed: Mapping[str, Any] = _NOTHING, lost: Mapping[str, Any] = _NOTHING, troubles: tuple[str, ...] = ()
) -> httpx.Response:
    """Return the messages that need somebody."""
    return json_of(
        {"failed": failed, "undelivered_tickets": lost, "channels_in_trouble": troubles, "counted_at_most": 1000}
    )


def cancelled_packs(count: int, *, more: bool = False) -> httpx.Response:
    """Return packs of registrations that were cancelled afterwards."""
    items = [{"checked_in_at": ago(hours=2), "full_name": "Budi Santoso"}] * count
    return json_of({"items": items, "next_cursor": "x" if more else None})


def conflicts(count: int, *, more: bool = False) -> httpx.Response:
    """Return scans made without a network that staff have to decide about."""
    items = [{"received_at": ago(hours=each + 1), "full_name": "Budi Santoso"} for each in range(count)]
    return json_of({"items": items, "next_cursor": "x" if more else None})


def kept(count: int, *, more: bool = False) -> httpx.Response:
    """Return money that waits for its owner, the oldest first."""
    items = [{"received_at": ago(hours=count - each), "amount": "150000.00"} for each in range(count)]
    return json_of({"items": items, "next_cursor": "x" if more else None})


def reconciled(differences: int) -> httpx.Response:
    """Return the last reconciliation."""
    return json_of({"items": [{"date": "2027-01-04", "ran_at": ago(hours=3), "differences": differences}]})


def account(refused_since: str | None = None) -> httpx.Response:
    """Return the account at the payment gateway, whose key may be refused."""
    return json_of({"mode": "sandbox", "merchant_id": "G7", "offers": ["qris"], "refused_since": refused_since})


OVERVIEW_ANSWERS: Final[Mapping[tuple[str, str], httpx.Response]] = {
    STATS: stats(SOLD, FULL),
    TIMELINE: timeline(*([0] * 3 + [3, 12, 40, 25, 31, 8] * 6 + [22])),
    PAYMENTS: payments(waiting={"count": 18, "oldest_at": ago(hours=7)}, refunds=2, qris=200, bank_transfer=50),
    MESSAGES: messages(failed={"count": 5, "oldest_at": ago(hours=1)}, lost={"count": 3, "oldest_at": ago(hours=9)}),
    PACKS: json_of({"handed_out": 12, "waiting": 326}),
    CHECKINS: cancelled_packs(2),
    CONFLICTS: conflicts(4),
    KEPT: kept(2),
    RUNS: reconciled(3),
    ACCOUNT: account(),
}
