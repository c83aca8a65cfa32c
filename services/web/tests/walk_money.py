"""Examples of the pages about money, as an owner sees them."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .runner_apis import problem
from .walk import Answers, Example
from .walk_money_answers import (
    COLLEAGUE,
    ENTRY,
    ME,
    NEXT,
    NOTE,
    NUMBER,
    OTHER,
    PAYMENT,
    PROOF,
    REASON,
    REGISTRATION,
    answer,
    asked_for,
    at,
    checked,
    flag,
    held,
    invoice,
    line,
    listed,
    on_the_desk,
    paid,
    refund,
    refunded,
    verified,
    waiting,
)

DATA: Final = (
    NUMBER,
    NOTE,
    *REASON,
    "FR5K-2027-00007",
    "FR5K-2027-00099",
    "same_moon",
    "TRSF BUDI SANTOSO",
    "Payment gateway",
    "QRIS 7",
    "Esc",
)

_NEXT: Final = ("POST", f"{PAYMENT}/review/next")
_ONE: Final = ("GET", f"{PAYMENT}/payments/{PROOF}")
_LIST: Final = ("GET", f"{PAYMENT}/payments")
_REFUNDS: Final = ("GET", f"{PAYMENT}/refunds")
_LINES: Final = ("GET", f"{PAYMENT}/payments/{PROOF}/lines")
_CHARGE: Final = ("GET", f"{PAYMENT}/charges/{NEXT}")
_STATS: Final = ("GET", f"{PAYMENT}/stats")
_OTHER: Final = {
    "payment_id": OTHER,
    "registration_number": "FR5K-2027-00007",
    "status": "verified",
    "uploaded_at": at(-30),
}
_WARNED: Final = on_the_desk(
    flag("same_picture", other=_OTHER),
    flag("looks_like", other=_OTHER),
    flag("same_reference", other=_OTHER),
    flag("paid_already", other=_OTHER),
    flag("amount_differs", expected="200123.00"),
    flag("late", deadline=at(-4), paid_at=at(-3)),
    flag("registration_ended", ended="expired"),
    flag("same_moon"),
    due="200123.00",
    notes=None,
    submitted_by=f"staff:{COLLEAGUE}",
)
_AWAY: Final = httpx.Response(502)


def _desk(state: str, query: str = "", answers: Answers | None = None, **fields: Any) -> Example:
    return Example(f"/console/review{query}", answers=answers or {}, state=state, **fields)


def _after(outcome: str, payment: dict[str, Any], *, state: str = "") -> Example:
    query = f"?done={outcome}&last={PROOF}"
    return _desk(state or outcome, query, {_ONE: answer(payment)})


_DESK: Final = (
    _desk("a proof"),
    _desk("with warnings", "?view=4.1", {_NEXT: _WARNED}),
    _desk("enlarged", "?view=2.3&skips=1"),
    _desk("no such view", "?view=9.x"),
    _desk("cancelled", answers={_NEXT: on_the_desk(flag("registration_ended", ended="cancelled"), waiting=1)}),
    _desk("registrations away", answers={("GET", f"{REGISTRATION}/registrations/{ENTRY}"): _AWAY}),
    _desk("nothing waits", answers={_NEXT: httpx.Response(204)}),
    _desk("others review all", answers={_NEXT: httpx.Response(204), _STATS: waiting(2)}),
    _desk(
        "own wait for a second person",
        answers={_NEXT: httpx.Response(204), _STATS: waiting(2), _LIST: listed(checked(by=ME))},
    ),
    _desk("nothing is known", f"?done=verified&last={NEXT}", {_NEXT: httpx.Response(204), _STATS: _AWAY}),
    _desk("with a line", answers={_NEXT: on_the_desk(lines=[line()])}),
    _desk("with lines", "?skips=1", {_NEXT: on_the_desk(lines=[line(), line(OTHER, reference="QRIS 7")])}),
    _desk("a second person", answers={_NEXT: on_the_desk(needs_second=True, checked_by=COLLEAGUE, checked_at=at(-1))}),
    _desk("a first person", answers={_NEXT: on_the_desk(needs_second=True)}),
    _desk("a unique amount", answers={_NEXT: on_the_desk(received="149877.00")}),
    _desk("of one race", "?race=bandung-lari"),
    _desk("nothing waits for a race", "?race=bandung-lari", {_NEXT: httpx.Response(204)}),
    _desk("no such race", "?race=gone", status=404),
    _after("verified", paid(held=held())),
    _after("verified", paid(held=held(seconds=-1)), state="too late to undo"),
    _after("rejected", paid(held=held("rejected", reason="7b1"))),
    _after("undone", paid()),
    _after("checked", checked(by=ME)),
    _after("same_person", checked(by=ME)),
    _after("line_taken", paid()),
    _after("skipped", paid()),
    _after("back", paid()),
    _after("gone", paid()),
    _after("late", verified(verified_by=ME)),
    _after("taken", paid(status="rejected", rejected_at=at(-1), rejected_by=COLLEAGUE, rejection_reason="7b1")),
    _desk("lost", f"?had={OTHER}"),
    _desk("payments away", answers={_NEXT: _AWAY}, status=503),
    Example(
        f"/console/review/{PROOF}/refuse",
        422,
        {"reason": ""},
        {
            ("POST", f"{PAYMENT}/payments/{PROOF}/reject"): problem(
                422, "invalid_fields", errors=[{"field": "reason", "message": "123"}]
            )
        },
    ),
)

_REJECTED: Final = paid(
    status="rejected", rejected_at=at(-1), rejected_by=ME, rejection_reason="7b1", submitted_by=f"staff:{ME}"
)
_PAGE: Final = f"/console/payments/{PROOF}"
_WITHOUT_A_PERSON: Final = "00000000-0000-0000-0000-000000000000"


_PAID_BY: Final = answer({"order_id": "FR5K-7KQ2", "method": "midtrans_va", "bank": "bca"})
_WITH_FEE: Final = answer({"order_id": "FR5K-7KQ2", "method": "midtrans_qris", "bank": None, "fee": "1050.00"})


def _recognised(channel: str, **fields: Any) -> dict[str, Any]:
    return verified(channel=channel, notes=None, verified_by=_WITHOUT_A_PERSON, **fields)


_PAYMENT: Final = (
    Example(_PAGE),
    Example(
        _PAGE,
        answers={_ONE: answer(verified()), _REFUNDS: listed(asked_for(), refunded(), refund(state="cancelled"))},
        state="paid back in part",
    ),
    Example(_PAGE, answers={_ONE: answer(verified()), _REFUNDS: listed(refunded(reason="7b1"))}, state="paid back"),
    Example(_PAGE, answers={_ONE: answer(_REJECTED)}, state="refused"),
    Example(
        _PAGE,
        answers={_ONE: answer(_recognised("midtrans", source=f"charge:{NEXT}")), _CHARGE: _PAID_BY},
        state="through the gateway",
    ),
    Example(
        _PAGE,
        answers={
            _ONE: answer(_recognised("midtrans", source=f"charge:{NEXT}", last_notice_at=at(-1))),
            _CHARGE: _WITH_FEE,
        },
        state="with a notice and a fee",
    ),
    Example(
        _PAGE,
        answers={_ONE: answer(_recognised("statement", source=f"line:{NEXT}", received="149877.00"))},
        state="from a statement",
    ),
    Example(_PAGE, answers={_ONE: answer(_recognised("statement"))}, state="from a line that is not named"),
    Example(_PAGE, answers={_LINES: answer({"items": [line()]})}, state="with a line"),
    Example(_PAGE, answers={_ONE: answer(checked()), _LINES: answer({"items": [line()]})}, state="for a second person"),
    Example(f"{_PAGE}?done=checked", answers={_ONE: answer(checked(by=ME))}, state="checked"),
    Example(f"{_PAGE}?done=verified", answers={_ONE: answer(paid(held=held()))}, state="held"),
    Example(f"{_PAGE}?done=taken", answers={_ONE: answer(verified(verified_by=ME))}, state="taken"),
    Example(
        _PAGE,
        answers={
            _ONE: answer(paid(duplicate_of=_OTHER, registration_ended="cancelled", leased_by=NEXT, leased_until=at(1)))
        },
        state="with warnings",
    ),
    Example(
        _PAGE,
        answers={
            ("GET", f"{PAYMENT}/invoices/{ENTRY}"): answer(
                invoice("200123.00", {"payment_id": OTHER, "status": "rejected", "uploaded_at": at(-9)})
            )
        },
        state="another amount and another proof",
    ),
    Example(
        _PAGE,
        answers={
            ("GET", f"{PAYMENT}/invoices/{ENTRY}"): _AWAY,
            ("GET", f"{REGISTRATION}/registrations/{ENTRY}"): _AWAY,
            ("GET", "/api/identity/v1/staff/names"): _AWAY,
        },
    ),
    Example(
        f"{_PAGE}/refuse",
        422,
        {"own_reason": "7b1"},
        {
            ("POST", f"{PAYMENT}/payments/{PROOF}/reject"): problem(
                422, "invalid_fields", errors=[{"field": "reason", "message": "123"}]
            )
        },
    ),
    Example(f"/console/payments/{NEXT}", 404),
)

_LISTED: Final = (
    Example("/console/payments"),
    Example("/console/payments?q=Budi+Santoso&status=uploaded&method=qris&age=1d&cursor=x"),
    Example("/console/payments?status=verified", answers={_LIST: listed()}),
    Example("/console/payments?second=awaited", answers={_LIST: listed(checked())}),
    Example("/console/payments", answers={_LIST: listed()}, state="none"),
    Example(
        "/console/payments?status=7b1",
        422,
        answers={_LIST: problem(422, "invalid_fields", errors=[{"field": "status", "message": "123"}])},
    ),
)

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    "/console/review": (
        *_DESK,
        Example(f"/console/review/{PROOF}/verify", 303, {}),
        Example(f"/console/review/{PROOF}/confirm", 303, {"line": NEXT}),
        Example(f"/console/review/{PROOF}/refuse", 303, {"reason": "7b1"}),
        Example(f"/console/review/{PROOF}/undo", 303, {"current": NEXT}),
        Example(f"/console/review/{PROOF}/skip", 303, {}),
        Example(f"/console/review/{PROOF}/back", 303, {}),
    ),
    "/console/payments": _LISTED,
    "/console/payments/{payment_id}": (
        *_PAYMENT,
        Example(f"{_PAGE}/verify", 303, {}),
        Example(f"{_PAGE}/confirm", 303, {"line": NEXT}),
        Example(f"{_PAGE}/undo", 303, {}),
    ),
    "/console/payments/statement": (Example("/console/payments/statement", 303),),
}
"""Examples by the path of the route in Indonesian."""
