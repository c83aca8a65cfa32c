"""The APIs as the pages of one registration call them, on answers that a test chooses."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from .conftest import NOW, Registration

ID = "0190c0de-0000-7000-8000-000000000001"
NUMBER = "FR5K-00042"
CODE = "k3Jd-_s8"
PAGE = f"/r/{NUMBER}"


def token(*, until: timedelta = timedelta(hours=24), subject: str = ID) -> str:
    """Return a token as registration signs them; its signature is for the APIs to check."""
    claims = {"sub": subject, "exp": int((NOW + until).timestamp())}
    return f"head.{urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


COOKIE = {"Cookie": f"runner={CODE}~{token()}"}


def problem(status: int, code: str, *, headers: dict[str, str] | None = None, **members: Any) -> httpx.Response:
    """Return an API's refusal."""
    body = {"code": code, "detail": f"Kata API: {code}", "errors": [], **members}
    return httpx.Response(status, json=body, headers=headers)


def at(hours: float) -> str:
    """Return a time before (negative) or after now."""
    return (NOW + timedelta(hours=hours)).isoformat()


def runner(number: int = 0, *, bib: int | None = None) -> dict[str, Any]:
    """Return a participant; the first is in charge."""
    return {
        "participant_id": f"0190c0de-0000-7000-8000-0000000001{number:02d}",
        "full_name": f"Budi Santoso {number}",
        "email": "budi@example.com",
        "whatsapp": "6281234567890",
        "gender": "male",
        "date_of_birth": "1990-01-31",
        "jersey_size": "l",
        "emergency_contact_name": "Siti",
        "emergency_contact_phone": "6281298765432",
        "is_pic": number == 0,
        "bib_number": bib,
    }


def collected(number: int = 0, **fields: Any) -> dict[str, Any]:
    """Return the race pack of a participant that was handed out, as check-in shows it to its runner."""
    base = {"participant_id": runner(number)["participant_id"], "checked_in_at": at(-2)}
    return {**base, "location_name": "Gate 3, Renon", **fields}


def registered(status: str = "pending_payment", **fields: Any) -> dict[str, Any]:
    """Return a registration as its runner sees it: made six hours ago, to be paid within eighteen."""
    return {
        "registration_id": ID,
        "registration_number": NUMBER,
        "event_id": ID,
        "category_id": ID,
        "registration_type": "individual",
        "status": status,
        "total_participants": 1,
        "total_amount": "1300042.00",
        "created_at": at(-6),
        "expires_at": at(18),
        "payment_verified_at": None,
        "expired_at": None,
        "cancelled_at": None,
        "terms_accepted_at": at(-6),
        "category_name": "5K",
        "participants": [runner()],
        "event": {
            "name": "Bali Fun Run",
            "slug": "bali-fun-run",
            "event_date": "2027-08-17",
            "location": "Renon, Denpasar",
            "timezone": "Asia/Makassar",
            "is_active": True,
            "changes_until": None,
            "pickup_info": "Gate 3, 10-18",
            "contact_whatsapp": "6281234567890",
            "brand_color": "#0b6b7a",
        },
        **fields,
    }


def paid(status: str = "uploaded", **fields: Any) -> dict[str, Any]:
    """Return a payment as its runner sees it."""
    return {
        "status": status,
        "payment_method": "qris",
        "uploaded_at": at(-3),
        "verified_at": None,
        "rejected_at": None,
        "rejection_reason": None,
        **fields,
    }


def invoice(
    status: str = "open", *payments: dict[str, Any], expires_at: str | None = None, **fields: Any
) -> dict[str, Any]:
    """Return an invoice with its payments."""
    until = expires_at or at(18)
    about: dict[str, Any] = {
        "registration_number": NUMBER,
        "amount": "1300042.00",
        "payable_amount": None,
        "refunds": [],
    }
    return {**about, "status": status, "expires_at": until, "payments": list(payments), **fields}


def refund(state: str, **fields: Any) -> dict[str, Any]:
    """Return a refund as its runner sees it."""
    done = at(-0.5) if state == "done" else None
    return {"refund_id": ID, "amount": "1300042.00", "state": state, "due_at": at(-2), "done_at": done, **fields}


def offer(method: str, bank: str | None = None, *, reason: str | None = None) -> dict[str, Any]:
    """Return a way to pay as payment lists it."""
    return {"method": method, "bank": bank, "available": reason is None, "reason": reason}


BANKS = ("bca", "bni", "bri", "cimb", "mandiri", "permata")
BY_PROOF = (offer("bank_transfer"), offer("qris"))
NO_GATEWAY = (offer("midtrans_qris", reason="not_offered"), offer("midtrans_va", "bca", reason="not_offered"))
BY_GATEWAY = (offer("midtrans_qris"), *(offer("midtrans_va", bank) for bank in BANKS))
CHARGE = "0190c0de-0000-7000-8000-00000000c4a1"
QR_STRING = "00020101021226620014COM.CONTOH.WWW5802ID5911LARI CONTOH6304ABCD"


def charge(bank: str | None = None, status: str = "pending", **fields: Any) -> dict[str, Any]:
    """Return a charge as its runner sees it: of QRIS, or of a virtual account."""
    paid_with: dict[str, Any] = dict.fromkeys(("qr_string", "va_number", "biller_code", "bill_key"))
    if status == "pending" and bank == "mandiri":
        paid_with |= {"biller_code": "70012", "bill_key": "123456789012"}
    elif status == "pending":
        paid_with |= {"va_number": "8808123456789012"} if bank else {"qr_string": QR_STRING}
    return {
        "charge_id": CHARGE,
        "registration_id": ID,
        "order_id": f"{NUMBER}-ABC234",
        "method": "midtrans_va" if bank else "midtrans_qris",
        "bank": bank,
        "amount": "1300042.00",
        "currency": "IDR",
        "status": status,
        "created_at": at(-1),
        "expires_at": at(17.99),
        **paid_with,
        **fields,
    }


INSTRUCTIONS = {
    "bank_name": "BCA",
    "account_number": "123-456-7890",
    "account_holder_name": "Panitia Bali Fun Run",
    "payment_instructions": None,
    "qris_image": "/api/payment/v1/instructions/qris.png",
}


@dataclass
class RunnerApis(Registration):
    """Registration's, payment's and check-in's API for one registration.

    Attributes:
        packs: that were handed out.
        failures: by a part of the path, instead of its answer.
        refusals: the same, of what is to change something.
    """

    registration: dict[str, Any] = field(default_factory=registered)
    invoice: dict[str, Any] | None = field(default_factory=invoice)
    instructions: dict[str, Any] = field(default_factory=lambda: dict(INSTRUCTIONS))
    offers: list[dict[str, Any]] = field(default_factory=lambda: [*BY_PROOF, *NO_GATEWAY])
    charges: list[dict[str, Any]] = field(default_factory=list)
    packs: list[dict[str, Any]] = field(default_factory=list)
    failures: dict[str, Exception | httpx.Response] = field(default_factory=dict)
    refusals: dict[str, Exception | httpx.Response] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        refusals = self.refusals if request.method == "POST" else {}
        for part, failure in {**self.failures, **refusals}.items():
            if part in path:
                if isinstance(failure, Exception):
                    raise failure
                return failure
        if path.endswith("/instructions"):
            return httpx.Response(200, json=self.instructions)
        if path.endswith("/checkins"):
            return httpx.Response(200, json={"items": self.packs})
        if "/registrations/" in path:
            return httpx.Response(200, json=self.registration)
        if self.invoice is None:
            return problem(404, "invoice_not_found")
        return self._changed(request) if request.method == "POST" else self._read(path)

    def _read(self, path: str) -> httpx.Response:
        if "/usdt" in path:
            return problem(404, "not_found")
        lists = {"methods": self.offers, "charges": self.charges}
        word = path.rpartition("/")[2]
        return httpx.Response(200, json={"items": lists[word]} if word in lists else self.invoice)

    def _changed(self, request: httpx.Request) -> httpx.Response:
        """Do what payment does: one charge is active at a time, and the same way gets the same charge."""
        word = request.url.path.rpartition("/")[2]
        if word == "charges":
            return self._charged(json.loads(request.content)["bank"])
        if word == "cancel":
            for each in self.charges:
                each["status"] = "cancelled"
            return httpx.Response(204)
        if word == "transfer":
            assert self.invoice is not None
            self.invoice["payable_amount"] = "1299919.00"
            return httpx.Response(200, json={"payable_amount": "1299919.00", "unique_code": 123})
        return httpx.Response(201, json={"payment_id": ID, "status": "uploaded"})

    def _charged(self, bank: str | None) -> httpx.Response:
        active = [each for each in self.charges if each["status"] in ("pending", "asking")]
        if active and active[0]["bank"] != bank:
            return problem(409, "charge_active", charge_id=active[0]["charge_id"])
        if not active:
            self.charges.insert(0, charge(bank))
        return httpx.Response(201, json=self.charges[0])

    def sent(self, part: str) -> list[httpx.Request]:
        """Return the requests whose path contains `part`."""
        return [each for each in self.requests if part in each.url.path]
