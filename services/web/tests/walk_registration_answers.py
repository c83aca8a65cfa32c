"""What the APIs answer about one registration, participants and waiting lists to staff."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from . import own_registration, runner_apis
from .conftest import category
from .runner_apis import at as at  # noqa: PLC0414  # for the examples, too

API: Final = "/api/registration/v1"
PAYMENT: Final = "/api/payment/v1"
ID: Final = "0190c0de-0000-7000-8000-0000000000a1"
OTHER: Final = "0190c0de-0000-7000-8000-0000000000a2"
NUMBER: Final = "FR5K-2027-00001"
PERSON: Final = own_registration.participant_id(0)
PAID: Final = "0190c0de-0000-7000-8000-0000000000b1"
REFUSED: Final = "0190c0de-0000-7000-8000-0000000000b2"
MESSAGE: Final = "0190c0de-0000-7000-8000-0000000000c1"
WAITING: Final = "0190c0de-0000-7000-8000-0000000000d1"
STAFF_ID: Final = "0190c0de-0000-7000-8000-00000000000a"
LINK: Final = "https://lari.example/r/FR5K-2027-00001/k3Jd-_s8"

REGISTRATION: Final = ("GET", f"{API}/registrations/{ID}")
TIMELINE: Final = ("GET", f"{API}/registrations/{ID}/timeline")
NOTES: Final = ("GET", f"{API}/registrations/{ID}/notes")
EFFECTS: Final = ("GET", f"{API}/registrations/{ID}/cancellation")
INVOICE: Final = ("GET", f"{PAYMENT}/invoices/{ID}")
KEPT: Final = ("GET", f"{PAYMENT}/surplus")
CHARGES: Final = ("GET", f"{PAYMENT}/invoices/{ID}/charges")
MESSAGES: Final = ("GET", "/api/notification/v1/notifications")
PACKS: Final = ("GET", f"/api/checkin/v1/registrations/{ID}/packs")
PARTICIPANTS: Final = ("GET", f"{API}/participants")
LINE: Final = ("GET", f"{API}/waitlist")
IN_LINE: Final = ("GET", f"{API}/waitlist/{WAITING}")
STATS: Final = ("GET", f"{API}/stats")


def json_of(content: Any, status: int = 200) -> httpx.Response:
    """Return an answer."""
    return httpx.Response(status, json=content)


def page(*items: Any, next_cursor: str | None = None) -> httpx.Response:
    """Return a page of a list."""
    return json_of({"items": list(items), "next_cursor": next_cursor})


def registration(status: str = "payment_verified", *, people: int = 1, **fields: Any) -> httpx.Response:
    """Return a registration as staff see it."""
    bib = {} if status == "payment_verified" else {"bib_number": None}
    times = {"payment_verified": "payment_verified_at", "expired": "expired_at", "cancelled": "cancelled_at"}
    content = {
        "registration_id": ID,
        "registration_number": NUMBER,
        "registration_type": "individual" if people == 1 else "collective_5",
        "event": own_registration.event(),
        "participants": [own_registration.person(index, **bib) for index in range(people)],
        "total_participants": people,
        **({times[status]: at(-1)} if status in times else {}),
        **fields,
    }
    return json_of(runner_apis.registered(status, **content))


def event(kind: str, hours: float, actor: str = "registration", **details: Any) -> dict[str, Any]:
    """Return something that happened."""
    return {"at": at(hours), "kind": kind, "actor": actor, "details": details}


_BY: Final = f"staff:{STAFF_ID}"
_KNOWN: Final = (
    event("cancelled", -0.1, _BY, before={"status": "x"}, reason="123"),
    event("handed", -0.2, _BY),
    event("link_replaced", -0.3, _BY),
    event("note", -0.4, _BY, text="456", note_id="x"),
    event("corrected", -0.5, _BY, participant_id=PERSON, fields=["full_name", "jersey_size"]),
    event("tickets_issued", -0.6),
    event("verified", -0.6, "payment", payment_id=PAID),
    event("deadline_moved", -1, "payment", expires_at=at(3)),
    event("reopened", -2, "payment"),
    event("expired", -3),
    event("registered", -6, f"runner:{ID}", registration_type="collective_5", total_participants=5),
    event("offered_by_staff", -7, "staff:gone"),
    event("offered", -8, until=at(1)),
    event("joined_waitlist", -9, f"runner:{ID}"),
)


def payment(payment_id: str = PAID, status: str = "verified", **fields: Any) -> dict[str, Any]:
    """Return a payment of an invoice."""
    return {
        "payment_id": payment_id,
        "status": status,
        "amount": "150000.00",
        "payment_method": "bank_transfer",
        "payment_date": at(-5),
        "notes": None,
        "submitted_by": "runner",
        "uploaded_at": at(-4),
        "verified_at": at(-0.6) if status == "verified" else None,
        "rejected_at": at(-3) if status == "rejected" else None,
        "rejection_reason": "789" if status == "rejected" else None,
        **fields,
    }


def invoice(status: str = "open", *payments: dict[str, Any], **fields: Any) -> httpx.Response:
    """Return an invoice with its payments, oldest first."""
    content = {"amount": "150000.00", "status": status, "expires_at": at(18), "payments": list(payments)}
    return json_of({**content, "payable_amount": None, "refunds": [], **fields})


def going_back(state: str = "due", **fields: Any) -> dict[str, Any]:
    """Return a refund of an invoice."""
    done = {"done_at": at(-0.1)} if state == "done" else {"done_at": None}
    usual = {"refund_id": OTHER, "amount": "50000.00", "currency": "IDR", "state": state, "due_at": at(-0.2)}
    return {**usual, "way": "hand", **done, **fields}


def kept(state: str = "open", **fields: Any) -> dict[str, Any]:
    """Return money of a registration that its invoice did not take."""
    usual = {"id": OTHER, "kind": "surplus", "state": state, "channel": "midtrans", "amount": "150000.00"}
    return {**usual, "received_at": at(-0.3), **fields}


def charge(status: str = "pending", **fields: Any) -> dict[str, Any]:
    """Return a try to pay through the payment gateway."""
    usual = {"charge_id": OTHER, "order_id": f"{NUMBER}-7KQ2", "method": "midtrans_qris", "bank": None}
    return {**usual, "amount": "150000.00", "status": status, "created_at": at(-5.5), **fields}


def message(status: str = "sent", **fields: Any) -> dict[str, Any]:
    """Return a message of the log."""
    return {
        "id": MESSAGE,
        "resend_of": None,
        "channel": "whatsapp",
        "event_type": "registration.confirmed",
        "recipient": "6281***90",
        "status": status,
        "failed_reason": "timeout" if status in ("failed", "skipped") else None,
        "sent_at": at(-0.5) if status in ("sent", "delivered") else None,
        "created_at": at(-0.6),
        **fields,
    }


def _pack(*checkins: dict[str, Any]) -> dict[str, Any]:
    return {"participant_id": PERSON, "bib_number": 1042, "is_valid": True, "checkins": list(checkins)}


def _handed_out(**fields: Any) -> dict[str, Any]:
    place = {"station_name": "Gerbang 5", "location_name": "GBK", "notes": "12", "collected_by": "Rina Lestari"}
    undone = {"undone_at": None, "undone_by": None, "undo_reason": None}
    return {"checked_in_at": at(-0.05), **place, **undone, **fields}


UNDONE: Final = {"undone_at": at(-0.02), "undone_by": _BY, "undo_reason": "34"}


def effects(**fields: Any) -> httpx.Response:
    """Return the effects of a cancellation."""
    usual = {
        "places_freed": 1,
        "places_burned": 0,
        "bibs_burned": 0,
        "is_paid": False,
        "proof_waiting": False,
        "refund_due": None,
        "currency": "IDR",
        "waiting_next": None,
    }
    return json_of({**usual, **fields})


def participant(index: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a participant of the list."""
    return {
        "participant_id": own_registration.participant_id(index),
        "full_name": own_registration.NAMES[index],
        "gender": "male",
        "jersey_size": "l",
        "is_pic": index == 0,
        "bib_number": 1042,
        "registration_id": ID,
        "registration_number": NUMBER,
        "registration_type": "collective_5",
        "category_id": category()["id"],
        "status": "payment_verified",
        "created_at": at(-6),
        **fields,
    }


def in_line(status: str = "waiting", **fields: Any) -> dict[str, Any]:
    """Return an entry of a waiting list, in a list of them."""
    return {
        "waitlist_id": WAITING,
        "event_id": WAITING,
        "category_id": category()["id"],
        "registration_type": "individual",
        "total_participants": 1,
        "status": status,
        "created_at": at(-30),
        "offered_at": at(-2) if status == "offered" else None,
        "offer_expires_at": at(22) if status == "offered" else None,
        "pic_name": "Sari Dewi",
        "pic_email": "sari@example.com",
        "pic_whatsapp": "6281234567890",
        **fields,
    }


def entry(status: str = "waiting", **fields: Any) -> httpx.Response:
    """Return one entry of a waiting list."""
    return json_of(
        {
            **in_line(status),
            "position": 12 if status == "waiting" else None,
            "reason": None,
            "event": own_registration.event(),
            "category_name": "5K",
            "participants": [{"participant_id": PERSON, "full_name": "Sari Dewi", "is_pic": True}],
            **fields,
        }
    )


def _counts(waiting: int) -> dict[str, Any]:
    counted = {"waitlist_entries": waiting, "waitlist_participants": waiting, "places_offered": 1, "places_left": 0}
    return {"category_id": category()["id"], **counted}


def stats(waiting: int = 3) -> httpx.Response:
    """Return the counts of a race with its waiting list."""
    counted = {"registrations": 2, "participants": 3, "amount": "450000.00", "currency": "IDR"}
    statuses = ("pending_payment", "payment_uploaded", "payment_verified", "expired", "cancelled")
    known = [{"category_id": category()["id"], "category_name": "5K", "status": each, **counted} for each in statuses]
    return json_of({"items": known, "categories": [_counts(waiting)]})


_REVIEW: Final = {"verified_by": STAFF_ID, "rejected_by": None, "duplicate_of": None}
_DUPLICATE: Final = {"payment_id": OTHER, "registration_id": OTHER, "registration_number": "FR5K-2027-00002"}

ANSWERS: Final[Mapping[tuple[str, str], httpx.Response]] = {
    REGISTRATION: registration(people=5),
    TIMELINE: page(*_KNOWN, next_cursor="x"),
    NOTES: page(*({"id": PAID, "written_by": STAFF_ID, "text": "456", "created_at": at(-0.4)} for _ in range(6))),
    INVOICE: invoice("paid", payment(REFUSED, "rejected", payment_method="qris", notes="567"), payment()),
    ("GET", f"{PAYMENT}/payments/{PAID}"): json_of({"payment_id": PAID, **_REVIEW}),
    ("GET", f"{PAYMENT}/payments/{REFUSED}"): json_of(
        {"payment_id": REFUSED, **_REVIEW, "verified_by": None, "rejected_by": STAFF_ID, "duplicate_of": _DUPLICATE}
    ),
    ("GET", f"{PAYMENT}/payments/{PAID}/proof"): httpx.Response(
        200, content=b"picture", headers={"Content-Type": "image/png"}
    ),
    MESSAGES: page(
        message(resend_of=OTHER),
        message("failed", channel="email"),
        message("pending", event_type="payment.uploaded"),
        message("skipped", event_type="registration.created"),
        message("unknown", event_type="race.changed"),
    ),
    PACKS: json_of({"items": [_pack(_handed_out(**UNDONE), _handed_out())]}),
    ("GET", "/api/identity/v1/staff/names"): json_of({"items": [{"id": STAFF_ID, "name": "Budi Santoso"}]}),
    EFFECTS: effects(places_freed=5, bibs_burned=5, is_paid=True, refund_due="700000.00"),
    ("POST", f"{API}/registrations/{ID}/access-code"): json_of({"status_url": LINK}),
    PARTICIPANTS: page(participant(), participant(1, bib_number=None), next_cursor="x"),
    LINE: page(in_line(), in_line(registration_type="collective_5"), next_cursor="x"),
    IN_LINE: entry(),
    STATS: stats(),
}
"""What the APIs answer if an example does not say otherwise."""
