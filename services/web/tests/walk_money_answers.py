"""What payment's API answers to the pages about money: proofs at the desk, payments, a statement and refunds."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import httpx

from .conftest import NOW
from .own_registration import event
from .runner_apis import problem, registered
from .walk_staff import CATALOG, CONSOLE_ANSWERS

PAYMENT: Final = "/api/payment/v1"
REGISTRATION: Final = "/api/registration/v1"
PROOF: Final = "0190c0de-0000-7000-8000-0000000000a1"
NEXT: Final = "0190c0de-0000-7000-8000-0000000000a2"
OTHER: Final = "0190c0de-0000-7000-8000-0000000000a3"
REFUND: Final = "0190c0de-0000-7000-8000-0000000000d1"
ENTRY: Final = "0190c0de-0000-7000-8000-0000000000b1"
COLLEAGUE: Final = "0190c0de-0000-7000-8000-0000000000c1"
ME: Final = "0190c0de-0000-7000-8000-00000000000a"

NUMBER: Final = "FR5K-2027-00042"
NOTE: Final = "BCA 8271645512"
REASON: Final = ("Gambarnya tidak terbaca.", "The picture cannot be read.")

_PICTURE: Final = b"\xff\xd8\xff\xe0 a picture"


def at(hours: float) -> str:
    """Return a time before (negative) or after now."""
    return (NOW + timedelta(hours=hours)).isoformat()


def answer(content: Any, status: int = 200) -> httpx.Response:
    """Return an answer in JSON."""
    return httpx.Response(status, json=content)


def paid(payment_id: str = PROOF, **fields: Any) -> dict[str, Any]:
    """Return a payment as staff see it: it waits for review since two hours."""
    return {
        "payment_id": payment_id,
        "registration_id": ENTRY,
        "registration_number": NUMBER,
        "payer_name": "Budi Santoso",
        "registration_ended": None,
        "status": "uploaded",
        "amount": "150123.00",
        "currency": "IDR",
        "payment_method": "bank_transfer",
        "payment_date": at(-3),
        "notes": NOTE,
        "submitted_by": "runner",
        "uploaded_at": at(-2),
        "age_seconds": 7200,
        "duplicate_of": None,
        "verified_at": None,
        "verified_by": None,
        "rejected_at": None,
        "rejected_by": None,
        "rejection_reason": None,
        "registration_type": "individual",
        "leased_by": None,
        "leased_until": None,
        "held": None,
        "channel": "proof",
        "received": None,
        "source": None,
        "needs_second": False,
        "checked_by": None,
        "checked_at": None,
        **fields,
    }


def checked(*, by: str = COLLEAGUE, **fields: Any) -> dict[str, Any]:
    """Return a payment that one of two people has checked."""
    return paid(**{"needs_second": True, "checked_by": by, "checked_at": at(-1), **fields})


def line(line_id: str = NEXT, **fields: Any) -> dict[str, Any]:
    """Return a line of a statement that may be the money of a proof."""
    return {
        "line_id": line_id,
        "statement_id": OTHER,
        "booked_on": "2027-01-04",
        "amount": "150123.00",
        "text": "TRSF BUDI SANTOSO",
        "reference": None,
        "why": ["number_and_amount", "same_amount_and_payer"],
        **fields,
    }


def held(outcome: str = "verified", *, by: str = ME, seconds: float = 9, reason: str | None = None) -> dict[str, Any]:
    """Return a decision that can be undone for so many seconds."""
    return {"outcome": outcome, "reason": reason, "by": by, "at": at(0), "until": at(seconds / 3600)}


def verified(**fields: Any) -> dict[str, Any]:
    """Return a payment that somebody else verified."""
    return paid(**{"status": "verified", "verified_at": at(-1), "verified_by": COLLEAGUE, **fields})


def invoice(amount: str = "150123.00", *payments: dict[str, Any], status: str = "proof_uploaded") -> dict[str, Any]:
    """Return the invoice of a payment."""
    return {"amount": amount, "status": status, "expires_at": at(18), "payments": list(payments)}


def flag(code: str, **fields: Any) -> dict[str, Any]:
    """Return a warning."""
    nothing = dict.fromkeys(("other", "expected", "deadline", "paid_at", "ended"))
    return {"code": code, **nothing, **fields}


def on_the_desk(
    *flags: dict[str, Any],
    due: str = "150123.00",
    waiting: int = 12,
    lines: Sequence[dict[str, Any]] = (),
    **fields: Any,
) -> httpx.Response:
    """Return the proof that is leased next."""
    return answer(
        {
            "payment": paid(**fields),
            "invoice": invoice(due),
            "flags": list(flags),
            "candidate_lines": list(lines),
            "leased_until": at(1 / 30),
            "waiting": {"count": waiting, "oldest_at": at(-2)},
        }
    )


def waiting(count: int) -> httpx.Response:
    """Return the counts of payment."""
    return answer({"waiting": {"count": count, "oldest_at": at(-2) if count else None}})


def listed(*payments: dict[str, Any], cursor: str | None = None) -> httpx.Response:
    """Return a page of payments or refunds."""
    return answer({"items": list(payments), "next_cursor": cursor})


def refund(**fields: Any) -> dict[str, Any]:
    """Return a refund that is due."""
    return {
        "refund_id": REFUND,
        "payment_id": PROOF,
        "registration_id": ENTRY,
        "registration_number": NUMBER,
        "payer_name": "Budi Santoso",
        "amount": "150123.00",
        "payment_amount": "150123.00",
        "currency": "IDR",
        "payment_method": "qris",
        "origin": "surplus",
        "state": "due",
        "way": "hand",
        "reason": "Surplus: another payment had already paid for this registration.",
        "due_at": at(-50),
        "gateway_until": None,
        "gateway_error": None,
        "why_not_gateway": "not_by_gateway",
        "asked_by": None,
        "approved_by": None,
        "approved_at": None,
        "cancelled_at": None,
        "cancelled_by": None,
        "cancel_reason": None,
        "done_at": None,
        "done_by": None,
        "reference": None,
        "age_seconds": 180_000,
        "event_id": None,
        "registration_ended": None,
        "payment_date": at(-60),
        "verified_at": at(-51),
        "verified_by": COLLEAGUE,
        "evidence": None,
        "proof": "/x",
        **fields,
    }


def refunded(**fields: Any) -> dict[str, Any]:
    """Return a refund that somebody else transferred."""
    return refund(**{"state": "done", "done_at": at(-1), "done_by": COLLEAGUE, "reference": "7b1", **fields})


def asked_for(*, by: str = COLLEAGUE, **fields: Any) -> dict[str, Any]:
    """Return a refund of a part, for which a member of staff asked."""
    part = {"amount": "50000.00", "origin": "staff", "asked_by": by, "reason": "7b1"}
    return refund(**{**part, **fields})


def entry(status: str = "payment_uploaded") -> httpx.Response:
    """Return the registration of a payment."""
    return answer(registered(status, event=event(name="Jakarta Fun Run")))


ANSWERS: Final[Mapping[tuple[str, str], httpx.Response]] = {
    CATALOG: CONSOLE_ANSWERS[CATALOG],
    ("GET", "/api/identity/v1/staff/names"): answer({"items": [{"id": COLLEAGUE, "name": "Peserta Budi"}]}),
    ("POST", f"{PAYMENT}/review/next"): on_the_desk(),
    ("GET", f"{PAYMENT}/review/reasons"): answer({"items": [{"key": 1, "id": REASON[0], "en": REASON[1]}]}),
    ("POST", f"{PAYMENT}/review/{PROOF}/release"): httpx.Response(204),
    ("GET", f"{PAYMENT}/stats"): waiting(0),
    ("GET", f"{PAYMENT}/payments"): listed(
        paid(
            duplicate_of={"payment_id": OTHER, "registration_number": "FR5K-2027-00007"}, registration_ended="expired"
        ),
        paid(NEXT, leased_by=COLLEAGUE, leased_until=at(1)),
        verified(payment_method="qris"),
        paid(OTHER, held=held("rejected")),
        cursor="x",
    ),
    ("GET", f"{PAYMENT}/payments/{PROOF}"): answer(paid()),
    ("GET", f"{PAYMENT}/payments/{PROOF}/proof"): httpx.Response(
        200, content=_PICTURE, headers={"Content-Type": "image/jpeg"}
    ),
    ("POST", f"{PAYMENT}/payments/{PROOF}/verify"): httpx.Response(204),
    ("POST", f"{PAYMENT}/payments/{PROOF}/reject"): httpx.Response(204),
    ("POST", f"{PAYMENT}/payments/{PROOF}/undo"): httpx.Response(204),
    ("GET", f"{PAYMENT}/invoices/{ENTRY}"): answer(
        invoice("150123.00", {"payment_id": PROOF, "status": "uploaded", "uploaded_at": at(-2)})
    ),
    ("GET", f"{REGISTRATION}/registrations/{ENTRY}"): entry(),
    ("POST", f"{PAYMENT}/payments/{PROOF}/lines/{NEXT}/confirm"): httpx.Response(204),
    ("GET", f"{PAYMENT}/payments/{PROOF}/lines"): answer({"items": []}),
    ("GET", f"{PAYMENT}/refunds"): listed(
        refund(),
        asked_for(state="waits_for_second"),
        asked_for(state="waits_for_second", by=ME),
        refund(gateway_until=at(100), gateway_error="no_balance"),
        refund(gateway_until=at(-1)),
        refund(state="asked", way="gateway"),
        refunded(reason="7b1"),
        refunded(way="gateway"),
        refund(state="cancelled"),
        cursor="x",
    ),
    ("GET", f"{PAYMENT}/refunds/{REFUND}"): answer(refund()),
    ("POST", f"{PAYMENT}/refunds/{REFUND}/done"): problem(409, "already_refunded", detail="123"),
    ("GET", f"{PAYMENT}/refunds/{REFUND}/evidence"): httpx.Response(
        200, content=_PICTURE, headers={"Content-Type": "image/png"}
    ),
}
