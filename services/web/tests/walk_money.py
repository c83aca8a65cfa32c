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
    at,
    flag,
    held,
    invoice,
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
    "QRIS 7",
    "Esc",
)

_NEXT: Final = ("POST", f"{PAYMENT}/review/next")
_ONE: Final = ("GET", f"{PAYMENT}/payments/{PROOF}")
_LIST: Final = ("GET", f"{PAYMENT}/payments")
_REFUND: Final = ("GET", f"{PAYMENT}/refunds/{PROOF}")
_STATS: Final = ("GET", f"{PAYMENT}/stats")
_OTHER: Final = {
    "payment_id": OTHER,
    "registration_number": "FR5K-2027-00007",
    "status": "verified",
    "uploaded_at": at(-30),
}
_WARNED: Final = on_the_desk(
    flag("same_picture", other=_OTHER),
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
    _desk("nothing is known", f"?done=verified&last={NEXT}", {_NEXT: httpx.Response(204), _STATS: _AWAY}),
    _desk("of one race", "?race=bandung-lari"),
    _desk("nothing waits for a race", "?race=bandung-lari", {_NEXT: httpx.Response(204)}),
    _desk("no such race", "?race=gone", status=404),
    _after("verified", paid(held=held())),
    _after("verified", paid(held=held(seconds=-1)), state="too late to undo"),
    _after("rejected", paid(held=held("rejected", reason="7b1"))),
    _after("undone", paid()),
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


def _recognised(channel: str) -> dict[str, Any]:
    return verified(channel=channel, notes=None, verified_by=_WITHOUT_A_PERSON)


_PAYMENT: Final = (
    Example(_PAGE),
    Example(_PAGE, answers={_ONE: answer(verified()), _REFUND: answer(refund())}, state="to be paid back"),
    Example(_PAGE, answers={_ONE: answer(verified()), _REFUND: answer(refunded(reason="7b1"))}, state="paid back"),
    Example(_PAGE, answers={_ONE: answer(_REJECTED)}, state="refused"),
    Example(_PAGE, answers={_ONE: answer(_recognised("midtrans"))}, state="through the gateway"),
    Example(_PAGE, answers={_ONE: answer(_recognised("statement"))}, state="from a statement"),
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
    Example("/console/payments", answers={_LIST: listed()}, state="none"),
    Example(
        "/console/payments?status=7b1",
        422,
        answers={_LIST: problem(422, "invalid_fields", errors=[{"field": "status", "message": "123"}])},
    ),
)

_STATEMENT: Final = "/console/payments/statement"
_LINES: Final = "\n".join(
    (
        "date;amount;description",
        f"03/01/2027;150.123,00;{NUMBER}",
        "04/01/2027;150.000,00;TRSF BUDI SANTOSO",
        "04/01/2027;175.000,00;FR5K-2027-00099",
        "01/12/2026;275.000,00;QRIS 7",
        "04/01/2027;99.000,00;QRIS 7",
        "04/01/2027;-1.000,00;QRIS 7",
        "04/01/2027;QRIS;QRIS 7",
        "QRIS 7;1.000.000,00;QRIS 7",
    )
)
_WAITING: Final = listed(
    paid(),
    paid(NEXT, registration_number="FR5K-2027-00007", amount="150000.00", duplicate_of=_OTHER),
    paid(OTHER, registration_number="FR5K-2027-00099", amount="170000.00"),
    paid(ENTRY, registration_number=NUMBER, amount="275000.00", registration_ended="expired", payer_name="QRIS"),
    paid(ME, registration_number=NUMBER, amount="500000.00", notes=None),
)
_BULK: Final = ("POST", f"{PAYMENT}/payments/bulk/verify")
_TICKED: Final = {"do": "verify", "payment": f"{PROOF} {NUMBER} 150123.00"}


def _statement(state: str, form: Mapping[str, str], answers: Answers | None = None, status: int = 200) -> Example:
    return Example(_STATEMENT, status, form, answers or {}, state=state)


_STATEMENTS: Final = (
    Example(_STATEMENT),
    _statement("nothing", {"do": "read", "text": ""}, status=422),
    _statement("no amounts", {"do": "read", "text": "QRIS 7\nQRIS 7"}, status=422),
    _statement("too long", {"do": "read", "text": "1;2;3\n" * 2002}, status=422),
    _statement("proposals", {"do": "read", "text": _LINES}, {_LIST: _WAITING}),
    _statement("nothing fits", {"do": "read", "text": "QRIS 7;1;QRIS 7"}, {_LIST: listed()}),
    _statement("none ticked", {"do": "verify", "text": _LINES}, {_LIST: _WAITING}, status=422),
    _statement("all verified", _TICKED, {_BULK: answer({"items": [{"payment_id": PROOF, "result": "verified"}]})}),
    _statement("decided before", {"do": "verify", "payment": f"{NEXT} {NUMBER} 150123.00"}),
    _statement("gone", {"do": "verify", "payment": f"{OTHER}"}),
    _statement("no answer", _TICKED, {_BULK: _AWAY}),
    _statement("payments away", {"do": "read", "text": _LINES}, {_LIST: _AWAY}, status=503),
)

_REFUND_PAGE: Final = f"/console/refunds/{OTHER}"
_OTHER_REFUND: Final = ("GET", f"{PAYMENT}/refunds/{OTHER}")
_FINISH: Final = ("POST", f"{PAYMENT}/refunds/{OTHER}/done")

_REFUNDS: Final = (
    Example("/console/refunds"),
    Example("/console/refunds?q=Budi+Santoso&status=due&cursor=x"),
    Example("/console/refunds?status=done", answers={("GET", f"{PAYMENT}/refunds"): listed()}),
    Example("/console/refunds", answers={("GET", f"{PAYMENT}/refunds"): listed()}, state="none"),
    Example(
        "/console/refunds?status=7b1",
        422,
        answers={
            ("GET", f"{PAYMENT}/refunds"): problem(
                422, "invalid_fields", errors=[{"field": "status", "message": "123"}]
            )
        },
    ),
)

_ONE_REFUND: Final = (
    Example(_REFUND_PAGE),
    Example(_REFUND_PAGE, answers={_OTHER_REFUND: answer(refund(proof=None))}, state="without a picture"),
    Example(
        f"{_REFUND_PAGE}?done=done",
        answers={_OTHER_REFUND: answer(refunded(reason="The payment came too late: no place was left."))},
        state="recorded",
    ),
    Example(_REFUND_PAGE, 409, {"reference": "7b1"}, {_OTHER_REFUND: answer(refunded())}, state="taken"),
    Example(
        _REFUND_PAGE,
        422,
        {"reference": ""},
        {_FINISH: problem(422, "invalid_fields", errors=[{"field": "reference", "message": "123"}])},
    ),
    Example(_REFUND_PAGE, 503, {"reference": "7b1"}, {_FINISH: _AWAY}),
    Example(f"/console/refunds/{NEXT}", 404),
)

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    "/console/review": (
        *_DESK,
        Example(f"/console/review/{PROOF}/verify", 303, {}),
        Example(f"/console/review/{PROOF}/refuse", 303, {"reason": "7b1"}),
        Example(f"/console/review/{PROOF}/undo", 303, {"current": NEXT}),
        Example(f"/console/review/{PROOF}/skip", 303, {}),
        Example(f"/console/review/{PROOF}/back", 303, {}),
    ),
    "/console/payments": _LISTED,
    "/console/payments/{payment_id}": (
        *_PAYMENT,
        Example(f"{_PAGE}/verify", 303, {}),
        Example(f"{_PAGE}/undo", 303, {}),
    ),
    "/console/payments/statement": _STATEMENTS,
    "/console/refunds": _REFUNDS,
    "/console/refunds/{payment_id}": _ONE_REFUND,
}
"""Examples by the path of the route in Indonesian."""
