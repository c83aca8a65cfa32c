"""Examples of the pages about refunds, as an owner sees them."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .runner_apis import problem
from .walk import Answers, Example
from .walk_money_answers import (
    COLLEAGUE,
    ME,
    NEXT,
    PAYMENT,
    PROOF,
    REFUND,
    answer,
    asked_for,
    at,
    listed,
    paid,
    refund,
    refunded,
    verified,
)

_PAGE: Final = f"/console/refunds/{REFUND}"
_NEW: Final = f"/console/payments/{PROOF}/refund"
_LIST: Final = ("GET", f"{PAYMENT}/refunds")
_ONE: Final = ("GET", f"{PAYMENT}/refunds/{REFUND}")
_PAYMENT: Final = ("GET", f"{PAYMENT}/payments/{PROOF}")
_ASK: Final = ("POST", f"{PAYMENT}/refunds")
_AWAY: Final = httpx.Response(502)
_DONE: Final = httpx.Response(204)


def _step(name: str) -> tuple[str, str]:
    return ("POST", f"{PAYMENT}/refunds/{REFUND}/{name}")


def _wrong(field: str) -> httpx.Response:
    return problem(422, "invalid_fields", errors=[{"field": field, "message": "123"}])


def _seen(state: str, query: str = "", /, **fields: Any) -> Example:
    return Example(_PAGE + query, answers={_ONE: answer(refund(**fields))}, state=state)


_LISTED: Final = (
    Example("/console/refunds"),
    Example("/console/refunds?q=Budi+Santoso&status=due&cursor=x"),
    Example("/console/refunds?status=done", answers={_LIST: listed()}),
    Example("/console/refunds?second=awaited", answers={_LIST: listed(refund(state="waits_for_second"))}),
    Example("/console/refunds", answers={_LIST: listed()}, state="none"),
    Example("/console/refunds?status=7b1", 422, answers={_LIST: _wrong("status")}),
)

_WAITS: Final = {"state": "waits_for_second", "origin": "staff"}
_LATE: Final = "The payment came too late: no place was left."
_OVER: Final = {"state": "cancelled", "cancelled_at": at(-1), "cancelled_by": ME, "cancel_reason": "7b1"}

_STATES: Final = (
    Example(_PAGE),
    _seen("without a picture", proof=None),
    _seen("a part", amount="50000.00", origin="staff", asked_by=COLLEAGUE, approved_by=ME, approved_at=at(-1)),
    _seen("by the gateway", gateway_until=at(100), origin="staff", asked_by=ME),
    _seen("too late for the gateway", gateway_until=at(-1)),
    _seen("the gateway refused", gateway_error="window_over"),
    _seen("the gateway has another word", gateway_error="7b1"),
    _seen("asked", "?done=send", state="asked", way="gateway"),
    _seen("for another person", "?done=made", asked_by=ME, **_WAITS),
    _seen("for this person", asked_by=COLLEAGUE, **_WAITS),
    _seen("for anybody", "?done=done", state="waits_for_second", origin="event", reason=_LATE),
    _seen("sent too early", "?done=send", state="waits_for_second"),
    _seen("approved by oneself", "?done=approve", approved_by=ME, approved_at=at(-1)),
    _seen("made", "?done=made", origin="staff", asked_by=ME),
    _seen("cancelled", "?done=cancel", **_OVER),
    _seen("made at the gateway", origin="gateway", state="done", way="gateway", done_at=at(-1), reference="7b1"),
    _seen("with evidence", "?done=evidence", evidence="/x"),
    Example(f"{_PAGE}?done=done", answers={_ONE: answer(refunded(reason=_LATE))}, state="recorded"),
    Example(f"/console/refunds/{NEXT}", 404),
)


def _refused(state: str, step: str, refusal: httpx.Response, form: Mapping[str, str], /, **fields: Any) -> Example:
    """Return an example of a step that the API refuses."""
    path = _PAGE if step == "done" else f"{_PAGE}/{step}"
    answers: Answers = {_ONE: answer(refund(**fields)), _step(step): refusal}
    return Example(path, refusal.status_code if refusal is not _AWAY else 503, form, answers, state=state)


_NOT_OPEN: Final = problem(409, "refund_not_open", detail="123", state_now="asked")
_NO_PICTURE: Final = problem(422, "unsupported_image", detail="123")
_STEPS: Final = (
    Example(_PAGE, 409, {"reference": "7b1"}, {_ONE: answer(refunded())}, state="taken"),
    _refused("changed", "done", _NOT_OPEN, {"reference": "7b1"}, state="asked", way="gateway"),
    _refused("", "done", _wrong("reference"), {"reference": ""}),
    _refused("lost", "done", _AWAY, {"reference": "7b1"}),
    _refused(
        "not by the gateway",
        "send",
        problem(409, "gateway_refund_not_possible", detail="123", why_not="virtual_account"),
        {},
    ),
    _refused("same person", "approve", problem(409, "same_person", detail="123"), {}, asked_by=ME, **_WAITS),
    _refused("no reason", "cancel", _wrong("reason"), {"reason": ""}, origin="staff", asked_by=ME),
    Example(_PAGE, 303, {"reference": "7b1"}, {_step("done"): _DONE}),
    Example(f"{_PAGE}/send", 303, {}, {_step("send"): answer(refund(state="asked"), 202)}),
    Example(f"{_PAGE}/approve", 303, {}, {_step("approve"): _DONE}),
    Example(f"{_PAGE}/cancel", 303, {"reason": "7b1"}, {_step("cancel"): _DONE}),
    Example(f"{_PAGE}/evidence", 422, {"file": ""}, state="no file"),
    Example(f"{_PAGE}/evidence", 303, {"a": "b"}, {_step("evidence"): _DONE}, file=b"x"),
    Example(f"{_PAGE}/evidence", 422, {"a": "b"}, {_step("evidence"): _NO_PICTURE}, file=b"x", state="no picture"),
)

_PAID: Final[Answers] = {_PAYMENT: answer(verified()), _LIST: listed()}
_ASKED: Final = {"amount": "Rp 50.000", "reason": "7b1", "refund": REFUND}
_TOO_MUCH: Final = problem(409, "refund_exceeds_payment", detail="123", refundable="100123.00")

_ASKING: Final = (
    Example(_NEW, answers=_PAID),
    Example(_NEW, answers={**_PAID, _LIST: listed(asked_for())}, state="a part is left"),
    Example(_NEW, answers={**_PAID, _LIST: listed(refund())}, state="nothing is left"),
    Example(_NEW, answers={_PAYMENT: answer(paid()), _LIST: listed()}, state="not verified"),
    Example(f"/console/payments/{NEXT}/refund", 404),
    Example(_NEW, 303, _ASKED, {**_PAID, _ASK: answer(asked_for(), 201)}),
    Example(_NEW, 422, {**_ASKED, "amount": "7b1"}, _PAID, state="no amount"),
    Example(_NEW, 422, {**_ASKED, "reason": ""}, {**_PAID, _ASK: _wrong("reason")}, state="no reason"),
    Example(_NEW, 409, _ASKED, {**_PAID, _ASK: _TOO_MUCH}, state="too much"),
    Example(_NEW, 503, _ASKED, {**_PAID, _ASK: _AWAY}, state="lost"),
)

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    "/console/refunds": _LISTED,
    "/console/refunds/{refund_id}": (*_STATES, *_STEPS),
    "/console/payments/{payment_id}/refund": _ASKING,
}
"""Examples by the path of the route in Indonesian."""
