"""Examples of the pages about reports of the gateway, and about kept money that it gives back."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .runner_apis import problem
from .walk import Example
from .walk_accounts_answers import KEPT, LINE, MONEY, ONE_KEPT, ownerless
from .walk_gateway_answers import (
    DIFFERENT,
    ONE_REPORT,
    ORDER,
    REPORT,
    REPORTS,
    SEND,
    UPLOAD,
    asked,
    given_back,
    nothing_compared,
    report,
)
from .walk_money_answers import COLLEAGUE, answer, at
from .walk_staff import OWNER

DATA: Final = (ORDER, "order_id", "gross_amount")

_AWAY: Final = httpx.Response(502)
_NONE: Final = answer({"items": [], "next_cursor": None})
_LIST: Final = "/console/gateway/reports"
_ONE: Final = f"{_LIST}/{REPORT}"
_FILE: Final = b"order_id,gross_amount"
_UNKNOWN: Final = problem(
    422, "unknown_report_format", detail="123", header=["order_id"], missing=["gross_amount", "order_id"]
)

_LISTED: Final = (
    Example(_LIST),
    Example(_LIST, answers={REPORTS: _NONE}, state="none"),
    Example(_LIST, 303, {}, file=_FILE),
    Example(_LIST, 422, {}, state="no file"),
    Example(_LIST, 422, {"a": "b"}, {UPLOAD: _UNKNOWN, REPORTS: _AWAY}, file=_FILE, state="unknown columns"),
    Example(
        _LIST,
        422,
        {"a": "b"},
        {UPLOAD: problem(422, "unreadable_number", detail="123", line=7, found="7b1")},
        file=_FILE,
        state="no number",
    ),
    Example(_LIST, 503, {"a": "b"}, {UPLOAD: _AWAY}, file=_FILE, state="no answer"),
)

_REPORT: Final = (
    *(Example(f"{_ONE}?done={each}") for each in ("compared", "repeated")),
    Example(_ONE, answers={ONE_REPORT: answer(report(*DIFFERENT, differences=250))}, state="differences"),
    Example(_ONE, answers={ONE_REPORT: answer(nothing_compared())}, state="nothing compared"),
    Example(f"{_LIST}/{LINE}", 404),
)

_MONEY: Final = f"/console/surplus/{MONEY}"
_SEND: Final = f"{_MONEY}/send"
_REFUSED: Final = problem(409, "gateway_refund_not_possible", detail="123", why_not="window_over")


def _kept(state: str, found: dict[str, Any], query: str = "") -> Example:
    return Example(f"{_MONEY}{query}", answers={ONE_KEPT: answer(found)}, state=state)


_STATES: Final = (
    _kept("by the gateway", given_back()),
    _kept("the gateway refused", given_back(gateway_error="no_balance"), "?done=send"),
    _kept("not by the gateway", given_back(gateway_until=None, why_not_gateway="virtual_account")),
    _kept("another order", given_back(gateway_until=None, why_not_gateway="other_order")),
    _kept("for another sender", given_back(waits_for_second=True, decided_by=str(OWNER))),
    _kept("for this sender", given_back(waits_for_second=True)),
    _kept("asked", asked(), "?done=send"),
    _kept("asked for long", asked(accepted_at=at(-1))),
    _kept("sent back", asked(state="refunded", refunded_at=at(-1), refund_reference=None, left="0.00")),
    _kept("gone in parts", given_back(state="open", gone_back="50000.00", left="100123.00")),
    _kept("the rest is due", given_back(gone_back="50000.00", left="100123.00", sent_by=COLLEAGUE, sent_at=at(-2))),
)

_LISTED_MONEY: Final = (
    Example("/console/surplus?second=awaited"),
    Example(
        "/console/surplus?state=asked",
        answers={
            KEPT: answer(
                {
                    "items": [
                        asked(),
                        given_back(waits_for_second=True),
                        given_back(gone_back="50000.00", left="100123.00"),
                        ownerless(),
                    ]
                }
            )
        },
        state="through the gateway",
    ),
)


def _sending(state: str, found: dict[str, Any], status: int = 200, refusal: httpx.Response | None = None) -> Example:
    answers = {ONE_KEPT: answer(found), **({SEND: refusal} if refusal else {})}
    return Example(_SEND, status, {} if refusal else None, answers, state=state)


_SENDING: Final = (
    _sending("a part", given_back(gone_back="50000.00", left="100123.00")),
    _sending("not by the gateway", given_back(gateway_until=None, why_not_gateway="not_by_gateway")),
    Example(_SEND, 303, {}),
    _sending("refused", given_back(), 409, _REFUSED),
    _sending("taken", asked(sent_by=COLLEAGUE), 409, problem(409, "no_refund_due", state="asked")),
    _sending("same person", given_back(), 409, problem(409, "same_person", detail="123")),
    _sending("no answer", given_back(), 503, _AWAY),
    Example(f"/console/surplus/{LINE}/send", 404),
)

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    _LIST: _LISTED,
    f"{_LIST}/{{report_id}}": _REPORT,
    "/console/surplus": _LISTED_MONEY,
    "/console/surplus/{money_id}": _STATES,
    "/console/surplus/{money_id}/send": _SENDING,
}
"""Examples by the path of the route in Indonesian."""
