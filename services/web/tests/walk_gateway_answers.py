"""What payment's API answers about reports of the gateway, and kept money that it gives back."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .walk_accounts_answers import ANSWERS as OF_ACCOUNTS
from .walk_accounts_answers import MONEY, kept, settling
from .walk_money_answers import COLLEAGUE, ENTRY, NUMBER, PAYMENT, answer, at
from .walk_staff import OWNER

REPORT: Final = "0190c0de-0000-7000-8000-0000000000d6"
ORDER: Final = "FR5K-7KQ2"

REPORTS: Final = ("GET", f"{PAYMENT}/gateway/reports")
ONE_REPORT: Final = ("GET", f"{PAYMENT}/gateway/reports/{REPORT}")
UPLOAD: Final = ("POST", f"{PAYMENT}/gateway/reports")
SEND: Final = settling("send")


def difference(kind: str = "unknown_order", **fields: Any) -> dict[str, Any]:
    """Return a row for which no fee was booked."""
    nothing = dict.fromkeys(("expected", "found", "charge_id", "registration_id", "registration_number", "line_id"))
    words = {"en": "There is no such order here.", "id": "Order ini belum pernah dibuat."}
    return {"line": 7, "order_id": ORDER, "kind": kind, **nothing, "words": words, **fields}


def report(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a report as it was compared last."""
    return {
        "report_id": REPORT,
        "file_name": None,
        "uploaded_at": at(-3),
        "uploaded_by": COLLEAGUE,
        "compared_at": at(-1),
        "repeated_file": False,
        "rows": 12,
        "others": 1,
        "currency": "IDR",
        "amount": "1800000.00",
        "fees": "12600.00",
        "net": "1787400.00",
        "booked": 9,
        "booked_amount": "9450.00",
        "known": 3,
        "differences": len(items),
        "items": list(items),
        **fields,
    }


def nothing_compared(**fields: Any) -> dict[str, Any]:
    """Return a report of a file without a payment."""
    sums = dict.fromkeys(("amount", "fees", "net", "booked_amount"), "0.00")
    return report(**{"rows": 0, "booked": 0, "known": 0, **sums, **fields})


DIFFERENT: Final = (
    difference(),
    difference("amount_differs", expected="150123.00", found="150000.00", registration_id=ENTRY),
    difference("not_paid", expected="paid", found="expired", registration_id=ENTRY, registration_number=NUMBER),
    difference("fee_in_payout", line_id=MONEY),
    *(
        difference(each)
        for each in ("net_differs", "fee_differs", "fee_too_large", "order_twice", "impossible_day", "same_moon")
    ),
)


def given_back(**fields: Any) -> dict[str, Any]:
    """Return kept money that is to go back, and that the gateway can give back."""
    decided = {"decided_at": at(-2), "decided_by": COLLEAGUE, "reason": "7b1"}
    way = {"way": "hand", "sent_at": None, "sent_by": None, "accepted_at": None}
    gateway = {"gateway_until": at(200), "why_not_gateway": None, "gateway_error": None}
    parts = {"waits_for_second": False, "gone_back": "0.00", "left": "150123.00"}
    return kept(**{"state": "refund_due", **decided, **way, **gateway, **parts, **fields})


def asked(**fields: Any) -> dict[str, Any]:
    """Return kept money that the gateway was asked to give back."""
    sent = {"state": "asked", "way": "gateway", "sent_at": at(-1), "sent_by": str(OWNER)}
    return given_back(**{**sent, **fields})


ANSWERS: Final[Mapping[tuple[str, str], httpx.Response]] = {
    **OF_ACCOUNTS,
    REPORTS: answer({"items": [report(), report(differences=2, uploaded_by=str(OWNER))], "next_cursor": "x"}),
    ONE_REPORT: answer(report()),
    UPLOAD: answer(report(), 201),
    SEND: answer(asked(), 202),
}
