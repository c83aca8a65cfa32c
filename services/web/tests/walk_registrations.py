"""Examples of the pages of a registration: its status, e-tickets, letter and corrections."""

from collections.abc import Mapping
from typing import Any

import httpx

from . import own_registration, walk_usdt
from .runner_apis import BANKS, BY_GATEWAY, BY_PROOF, CHARGE, NO_GATEWAY, at, charge, offer, paid, refund
from .walk import (
    API,
    NUMBER,
    PAYMENT,
    RACE,
    REGISTERED,
    Answers,
    Example,
    billed,
    collected,
    problem,
    registered,
    tickets,
)

STATUS = "/r/{number}"

_PAGE = f"/r/{NUMBER}"
_UNPAID = {**registered(), **billed()}
_FREE: Mapping[str, Any] = {"total_amount": "0.00"}
_SENT, _VERIFIED = paid(), paid("verified", verified_at=at(-1))
_FOUND = paid("verified", verified_at=at(-1), channel="midtrans")
_SUPERSEDED = paid("rejected", rejected_at=at(-1), superseded_by=REGISTERED)
_REFUSED = paid("rejected", rejected_at=at(-1), rejection_reason="123")
_NO_WAY: Mapping[str, Any] = {"offers": NO_GATEWAY, "account_number": None, "qris_image": None}
_ALL: Mapping[str, Any] = {"offers": (*BY_GATEWAY, *BY_PROOF)}
_LATE: Mapping[str, Any] = {
    "offers": (*(offer(each["method"], each["bank"], reason="too_late") for each in BY_GATEWAY), *BY_PROOF)
}
_ASKED: Mapping[str, Any] = {"payable_amount": "1299919.00"}
_CHEAPER: Mapping[str, Any] = {"list_amount": "1400042.00", "discount": "100000.00", "promo_code": "GBK"}
_WITH_AMOUNT: Mapping[str, Any] = {
    "qris_with_amount": True,
    "qris_merchant": {"name": "LARI CONTOH", "city": "BANDUNG", "nmid": "ID1020000000001"},
}
_AWAY: Answers = {("GET", f"{PAYMENT}/invoices/{REGISTERED}"): httpx.Response(502)}
_NO_INVOICE: Answers = {("GET", f"{PAYMENT}/invoices/{REGISTERED}"): problem(404, "invoice_not_found")}
_PAID_AT: Mapping[str, Any] = {"payment_verified_at": at(-1)}
_PERSON = own_registration.participant_id(0)
_PROOFS = ("POST", f"{PAYMENT}/invoices/{REGISTERED}/proofs")
_PATCH = ("PATCH", f"{API}/registrations/{REGISTERED}/participants/{_PERSON}")
_PROOF = {"payment_method": "qris", "amount": "1300042.00", "payment_date": "2027-01-04", "notes": "123"}
_OF_A_WAY = {**_PROOF, "way": "bank_transfer"}
_CORRECTED = {
    "jersey_size": "m",
    "whatsapp": "1",
    "email": "budi@example.com",
    "emergency_contact_name": "Siti",
    "emergency_contact_phone": "0812 9876 5432",
}
_WRONG = {"errors": [{"field": "whatsapp", "message": "0812?"}, {"field": "email", "message": "@?"}]}

_STAGES: Mapping[str, Answers] = {
    "unpaid": _UNPAID,
    "unpaid group": {**registered(people=10), **billed()},
    "unpaid, account only": {**registered(), **billed(offers=BY_PROOF[:1])},
    "unpaid, QRIS only": {**registered(), **billed(offers=BY_PROOF[1:])},
    "unpaid, QRIS with the amount": {**registered(), **billed(**_WITH_AMOUNT, offers=BY_PROOF[1:])},
    "unpaid, above the limit of QRIS": {
        **registered(),
        **billed(**_WITH_AMOUNT, offers=BY_PROOF[1:], qris_limit="1000000.00"),
    },
    "unpaid, all ways": {**registered(), **billed(**_ALL)},
    "unpaid, gateway only": {**registered(), **billed(offers=BY_GATEWAY)},
    "unpaid, too late for the gateway": {**registered(), **billed(**_LATE)},
    "unpaid, cheaper": {**registered(**_CHEAPER), **billed(**_ALL)},
    "unpaid, cheaper in a phase": {**registered(**_CHEAPER, price_phase="GBK"), **billed(**_ALL)},
    "unpaid, transfer begun": {**registered(**_CHEAPER), **billed(**_ALL, about=_ASKED)},
    "unpaid, transfer with a code added": {**registered(), **billed(**_ALL, about={"payable_amount": "1300165.00"})},
    "unpaid, QRIS begun": {**registered(), **billed(**_ALL, charges=[charge()])},
    **{f"unpaid, {bank} begun": {**registered(), **billed(**_ALL, charges=[charge(bank)])} for bank in BANKS},
    "unpaid, unknown bank begun": {**registered(), **billed(**_ALL, charges=[charge("gbk")])},
    "unpaid, asking": {**registered(), **billed(**_ALL, charges=[charge("bca", "asking")])},
    "settling": {**registered(), **billed(**_ALL, charges=[charge("permata", "settling")])},
    "unpaid, no way to pay": {**registered(), **billed(**_NO_WAY)},
    "no invoice yet": {**registered(), **_NO_INVOICE},
    "payment away": {**registered(), **_AWAY},
    "refused": {**registered(), **billed(_REFUSED)},
    "refused, no way that is offered": {**registered(), **billed(_REFUSED, offers=BY_GATEWAY)},
    "overdue": {**registered(), **billed(status="expired")},
    "checking": {**registered("payment_uploaded"), **billed(_SENT, status="proof_uploaded")},
    "checking again": {**registered("payment_uploaded"), **billed(_REFUSED, _SENT, status="proof_uploaded")},
    "confirming": {**registered("payment_uploaded"), **billed(_VERIFIED, status="paid")},
    "verified": {**registered("payment_verified", **_PAID_AT), **billed(_VERIFIED, status="paid")},
    "verified through the gateway": {
        **registered("payment_verified", **_PAID_AT),
        **billed(_SUPERSEDED, _FOUND, status="paid", about={"refunds": [refund("done"), refund("waits_for_second")]}),
    },
    "confirming through the gateway": {**registered(), **billed(_FOUND, status="paid")},
    "verified group": {**registered("payment_verified", people=10, **_PAID_AT), **billed(_VERIFIED, status="paid")},
    "verified group, some packs collected": {
        **registered("payment_verified", people=3, **_PAID_AT),
        **billed(_VERIFIED, status="paid"),
        **collected(2),
    },
    "verified, pack collected": {
        **registered("payment_verified", **_PAID_AT),
        **billed(_VERIFIED, status="paid"),
        **collected(),
    },
    "verified, payment away": {**registered("payment_verified", **_PAID_AT), **_AWAY},
    "free, confirming": {**registered(**_FREE), **_NO_INVOICE},
    "free, verified": {**registered("payment_verified", **_FREE, **_PAID_AT), **_NO_INVOICE},
    "expired": {**registered("expired", expired_at=at(-1)), **billed(status="expired")},
    "expired, paid": {**registered("expired", expired_at=at(-1)), **billed(_VERIFIED, status="paid")},
    "cancelled, money comes back": {
        **registered("cancelled", cancelled_at=at(-1)),
        **billed(_VERIFIED, status="paid", about={"refunds": [refund("due"), refund("asked")]}),
    },
    "cancelled": {**registered("cancelled", cancelled_at=at(-1)), **billed(status="cancelled")},
    "cancelled, no contact": {
        **registered("cancelled", cancelled_at=at(-1), event={**RACE, "contact_whatsapp": None, "is_active": False}),
        **billed(_VERIFIED, status="paid"),
    },
}


def _proof(status: int, code: str, *, headers: Mapping[str, str] | None = None) -> Example:
    answers = {**_UNPAID, _PROOFS: problem(status, code, headers=headers)}
    return Example(f"{_PAGE}/proof", status, _PROOF, answers, state=code, file=b"picture")


def _held(**fields: object) -> Answers:
    held = {"short_name": "Budi S.", "bib_number": 1042, "category_name": "5K", "jersey_size": "l", "live": True}
    number = {"ticket_number": own_registration.ticket_number(0)}
    answer = httpx.Response(200, json={**held, **number, "event": RACE, **fields})
    return {("GET", f"{API}/tickets/{own_registration.code(0)}"): answer}


def _correction(status: int, answer: httpx.Response, state: str) -> Example:
    return Example(f"{_PAGE}/runners/{_PERSON}", status, _CORRECTED, {**_UNPAID, _PATCH: answer}, state=state)


_INVOICE = f"{PAYMENT}/invoices/{REGISTERED}"
_CHARGES, _TRANSFER = ("POST", f"{_INVOICE}/charges"), ("POST", f"{_INVOICE}/transfer")
_CANCEL = ("POST", f"{PAYMENT}/charges/{CHARGE}/cancel")
_OPEN = {**registered(), **billed(**_ALL)}
_BEGUN = {**registered(), **billed(**_ALL, charges=[charge("bca")])}


def _way(slug: str, answers: Answers, state: str) -> Example:
    return Example(f"{_PAGE}/pay/{slug}", answers=answers, state=state)


def _chosen(slug: str, status: int, answer: httpx.Response, state: str, *, given: Answers = _OPEN) -> Example:
    asked = {_CHARGES: answer, _TRANSFER: answer, _CANCEL: answer}
    form = {"replace": CHARGE} if given is _BEGUN else {}
    return Example(f"{_PAGE}/pay/{slug}", status, form, {**given, **asked}, state=state)


_CLOSED = registered(event={**RACE, "changes_until": at(-1)})

REGISTRATIONS: Mapping[str, tuple[Example, ...]] = {
    STATUS: (
        *(Example(_PAGE, answers=answers, state=state) for state, answers in _STAGES.items()),
        Example(f"{_PAGE}?saved=1", state="saved"),
        *walk_usdt.STATES,
    ),
    "/r/{number}/pay": (
        Example(f"{_PAGE}/pay", answers=_OPEN, state="nothing begun"),
        Example(f"{_PAGE}/pay", answers=_BEGUN, state="begun"),
        Example(f"{_PAGE}/pay", answers={**registered(), **billed(**_ALL, about=_ASKED)}, state="transfer begun"),
        Example(f"{_PAGE}/pay", answers={**registered("payment_verified", **_PAID_AT), **billed(status="paid")}),
        Example(f"{_PAGE}/pay", answers={**registered(), **_AWAY}, state="payment away"),
        *walk_usdt.CHOICES,
    ),
    "/r/{number}/pay/{way}": (
        _way("bank_transfer", _OPEN, "not begun"),
        _way("bank_transfer", _BEGUN, "charge begun"),
        _way("bank_transfer", {**registered(), **billed(**_ALL, about=_ASKED)}, "begun"),
        _way("qris", {**registered(), **billed(**_ALL, **_WITH_AMOUNT)}, "with the amount"),
        _way("midtrans_qris", {**registered(), **billed(**_ALL, charges=[charge()])}, "begun"),
        _way("midtrans_qris", _OPEN, "not begun"),
        _way("midtrans_qris", {**registered(), **billed(**_LATE)}, "too late"),
        _way("midtrans_va-bca", _BEGUN, "begun"),
        _way("midtrans_va-bni", _BEGUN, "another one begun"),
        _way("midtrans_va-gbk", _OPEN, "not offered"),
        Example(f"{_PAGE}/pay/none", 404),
        _chosen("midtrans_va-bca", 303, httpx.Response(201, json={}), "charge"),
        _chosen("bank_transfer", 303, httpx.Response(200, json={}), "amount"),
        _chosen("qris", 303, httpx.Response(404, json={}), "picture"),
        _chosen("midtrans_va-bni", 303, httpx.Response(204), "replaced", given=_BEGUN),
        _chosen("midtrans_va-bni", 503, problem(503, "gateway_unavailable"), "not replaced", given=_BEGUN),
        _chosen("bank_transfer", 303, problem(409, "already_paid"), "paid meanwhile"),
        _chosen("midtrans_va-bca", 503, problem(503, "gateway_unavailable"), "gateway down"),
        _chosen("midtrans_qris", 503, httpx.Response(502), "lost"),
        _chosen("midtrans_qris", 409, problem(409, "charge_active"), "active"),
        _chosen("midtrans_va-bca", 409, problem(409, "too_late_to_charge"), "too late"),
        _chosen("midtrans_va-gbk", 409, problem(409, "method_not_offered"), "not offered"),
        _chosen("bank_transfer", 409, problem(409, "transfer_not_offered"), "no account"),
        _chosen("bank_transfer", 429, problem(429, "too_many_requests", headers={"Retry-After": "7"}), "often"),
        *walk_usdt.WAYS,
    ),
    "/r/{number}/usdt-refund": walk_usdt.RETURNS,
    "/r/{number}/proof": (
        Example(f"{_PAGE}/proof", 303),
        Example(f"{_PAGE}/proof", 303, _PROOF, {_PROOFS: httpx.Response(201, json={})}, file=b"picture"),
        Example(f"{_PAGE}/proof", 422, _PROOF, state="no picture"),
        Example(f"{_PAGE}/proof", 422, _OF_A_WAY, state="no picture of a transfer"),
        Example(f"{_PAGE}/proof", 413, _PROOF, state="far too large", file=b"x" * 2_200_000),
        _proof(413, "payload_too_large"),
        _proof(415, "unsupported_image"),
        _proof(409, "amount_mismatch"),
        _proof(409, "invoice_expired"),
        _proof(409, "proof_in_progress", headers={"Retry-After": "5"}),
        _proof(503, "too_busy"),
        _proof(429, "too_many_requests", headers={"Retry-After": "7"}),
    ),
    "/r/{number}/tickets": (
        Example(f"{_PAGE}/tickets", answers=tickets()),
        Example(f"{_PAGE}/tickets", answers=tickets(10), state="ten"),
        Example(f"{_PAGE}/tickets", answers=tickets(2, missing=1), state="one missing"),
        Example(f"{_PAGE}/tickets", answers={**tickets(2), **collected()}, state="one collected"),
        Example(f"{_PAGE}/tickets", 409, state="unpaid"),
        Example(f"{_PAGE}/tickets", 409, answers=registered("payment_uploaded"), state="checking"),
        Example(f"{_PAGE}/tickets", 409, answers=registered("cancelled", cancelled_at=at(-1)), state="ended"),
    ),
    "/r/{number}/tickets/{participant_id}": (
        Example(f"{_PAGE}/tickets/{_PERSON}", answers=tickets(10)),
        Example(f"{_PAGE}/tickets/{_PERSON}", answers={**tickets(), **collected()}, state="collected"),
        Example(f"{_PAGE}/tickets/none", 404, answers=tickets()),
        Example(f"{_PAGE}/tickets/{_PERSON}", 409),
    ),
    "/r/{number}/letter": (
        Example(f"{_PAGE}/letter", answers=tickets()),
        Example(f"{_PAGE}/letter", answers=tickets(10), state="ten"),
        Example(f"{_PAGE}/letter", 409),
    ),
    "/r/{number}/runners/{participant_id}": (
        Example(f"{_PAGE}/runners/{_PERSON}"),
        Example(f"{_PAGE}/runners/{_PERSON}", answers=registered(event={**RACE, "changes_until": at(99)})),
        Example(f"{_PAGE}/runners/{_PERSON}", answers=_CLOSED, state="closed"),
        Example(f"{_PAGE}/runners/none", 404),
        _correction(422, httpx.Response(422, json={"code": "invalid_fields", "detail": "-", **_WRONG}), "errors"),
        _correction(409, problem(409, "already_registered"), "already registered"),
        _correction(409, problem(409, "already_waiting"), "already waiting"),
        _correction(409, problem(409, "changes_closed"), "closed"),
        _correction(503, httpx.Response(502), "away"),
        _correction(303, httpx.Response(200, json={}), "saved"),
    ),
    "/t/{ticket_code}": (
        Example(f"/t/{own_registration.code(0)}", answers=_held()),
        Example(f"/t/{own_registration.code(0)}", answers=_held(live=False), state="cancelled"),
        Example(f"/t/{own_registration.code(1)}", 404),
    ),
}
