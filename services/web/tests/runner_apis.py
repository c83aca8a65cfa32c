"""The APIs as the pages of one registration call them, on answers that a test chooses."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from json import dumps
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
    return f"head.{urlsafe_b64encode(dumps(claims).encode()).decode().rstrip('=')}.signature"


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


def invoice(status: str = "open", *payments: dict[str, Any], expires_at: str | None = None) -> dict[str, Any]:
    """Return an invoice with its payments."""
    until = expires_at or at(18)
    about = {"registration_number": NUMBER, "amount": "1300042.00"}
    return {**about, "status": status, "expires_at": until, "payments": list(payments)}


INSTRUCTIONS = {
    "bank_name": "BCA",
    "account_number": "123-456-7890",
    "account_holder_name": "Panitia Bali Fun Run",
    "payment_instructions": None,
    "qris_image": "/api/payment/v1/instructions/qris.png",
}


@dataclass
class RunnerApis(Registration):
    """Registration's and payment's API for one registration. A failure of a part of the path replaces its answer."""

    registration: dict[str, Any] = field(default_factory=registered)
    invoice: dict[str, Any] | None = field(default_factory=invoice)
    instructions: dict[str, Any] = field(default_factory=lambda: dict(INSTRUCTIONS))
    failures: dict[str, Exception | httpx.Response] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        for part, failure in self.failures.items():
            if part in path:
                if isinstance(failure, Exception):
                    raise failure
                return failure
        if path.endswith("/proofs"):
            return httpx.Response(201, json={"payment_id": ID, "status": "uploaded"})
        if path.endswith("/instructions"):
            return httpx.Response(200, json=self.instructions)
        found = self.registration if "/registrations/" in path else self.invoice
        return httpx.Response(200, json=found) if found else problem(404, "invoice_not_found")

    def sent(self, part: str) -> list[httpx.Request]:
        """Return the requests whose path contains `part`."""
        return [each for each in self.requests if part in each.url.path]
