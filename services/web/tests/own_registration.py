"""Registration's API for one registration of a runner."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from .conftest import NOW, Registration

ID = "0190c0de-0000-7000-8000-000000000001"
NUMBER = "FR5K-2027-00001"
API = "/api/registration/v1"
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="296px" height="296px" viewBox="0 0 296 296"></svg>'
NAMES = ("Budi Santoso", "Siti Aminah", "Agus", "Ni Luh Ayu", "Rahmat Hidayat", "Dewi Lestari", "Joko W", "Rina")

_claims = {"sub": ID, "exp": int((NOW + timedelta(hours=24)).timestamp())}
_TOKEN = f"head.{urlsafe_b64encode(json.dumps(_claims).encode()).decode().rstrip('=')}.signature"
COOKIE = {"Cookie": f"runner=code~{_TOKEN}"}


def participant_id(index: int) -> str:
    """Return the id of a participant, from 0."""
    return f"0190c0de-0000-7000-8000-0000000001{index:02}"


def event(**fields: Any) -> dict[str, Any]:
    """Return a race as registration's API shows it to its runners."""
    return {
        "name": "Jakarta Fun Run",
        "slug": "jakarta-fun-run",
        "event_date": "2027-08-17",
        "location": "Senayan, Jakarta",
        "timezone": "Asia/Jakarta",
        "is_active": True,
        "changes_until": None,
        "pickup_info": "14 Agustus, 10.00 di GBK\nGerbang 5",
        "contact_whatsapp": "6281100000000",
        "brand_color": "#0b5fff",
        **fields,
    }


def person(index: int, **fields: Any) -> dict[str, Any]:
    """Return a confirmed participant."""
    return {
        "participant_id": participant_id(index),
        "full_name": NAMES[index % len(NAMES)],
        "email": f"p{index}@example.com",
        "whatsapp": f"62812345678{index:02}",
        "gender": "male",
        "date_of_birth": "1990-01-31",
        "jersey_size": "l",
        "identity_number": "3171000000000001",
        "emergency_contact_name": "Ibu Budi",
        "emergency_contact_phone": "62215551234",
        "is_pic": index == 0,
        "bib_number": 1042 + index,
        **fields,
    }


def code(index: int) -> str:
    """Return the code of a ticket."""
    return f"{index:032x}"


def ticket_number(index: int) -> str:
    """Return the number of a ticket."""
    return f"TIX-{NUMBER}-{index + 1:02d}"


def pack(index: int) -> dict[str, Any]:
    """Return a race pack that was handed out, as check-in shows it to its runner."""
    at = "2027-01-03T03:05:00Z"
    return {"participant_id": participant_id(index), "checked_in_at": at, "location_name": "Senayan, Jakarta"}


@dataclass
class OwnApi(Registration):
    """The API: a verified registration of some people, and how single calls are answered otherwise.

    Attributes:
        is_older: whether it is of a release without ticket numbers.
        collected: numbers of the people whose race packs were handed out.
        instead: answers by method and last part of the path.
    """

    people: list[dict[str, Any]] = field(default_factory=lambda: [person(0)])
    event: dict[str, Any] = field(default_factory=event)
    status: str = "payment_verified"
    ticketless: set[int] = field(default_factory=set)
    is_older: bool = False
    collected: set[int] = field(default_factory=set)
    instead: dict[tuple[str, str], httpx.Response | Exception] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path.removeprefix(API)
        answer = self.instead.get((request.method, path.split("/")[-1])) or self._usual(request.method, path)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _usual(self, method: str, path: str) -> httpx.Response:
        if path.endswith(".svg"):
            return httpx.Response(200, text=PICTURE, headers={"Content-Type": "image/svg+xml"})
        if path.startswith("/tickets/"):
            return self._held(path.rpartition("/")[2])
        if path.endswith(f"/registrations/{ID}/checkins"):
            return httpx.Response(200, json={"items": [pack(index) for index in sorted(self.collected)]})
        if path == f"/registrations/{ID}/tickets":
            return httpx.Response(200, json=self._tickets())
        if method == "PATCH":
            return httpx.Response(200, json={})
        return httpx.Response(200, json=self._entry())

    def _held(self, ticket_code: str) -> httpx.Response:
        if ticket_code != code(0):
            return problem(404, "unknown_ticket")
        live = self.status == "payment_verified"
        held = {"short_name": "Budi S.", "bib_number": 1042, "category_name": "5K", "jersey_size": "l", "live": live}
        return httpx.Response(200, json={**held, **self._number(0), "event": self.event})

    def _number(self, index: int) -> dict[str, str]:
        return {} if self.is_older else {"ticket_number": ticket_number(index)}

    def _tickets(self) -> list[dict[str, Any]]:
        names = ("participant_id", "full_name", "bib_number")
        return [
            {
                **{name: each[name] for name in names},
                "category_name": "5K",
                "ticket_code": code(index),
                **self._number(index),
            }
            for index, each in enumerate(self.people)
            if index not in self.ticketless
        ]

    def _entry(self) -> dict[str, Any]:
        return {
            "registration_id": ID,
            "registration_number": NUMBER,
            "event_id": ID,
            "category_id": ID,
            "registration_type": "individual",
            "status": self.status,
            "total_participants": len(self.people),
            "total_amount": "150000.00",
            "currency": "IDR",
            "created_at": "2027-01-01T00:00:00Z",
            "expires_at": "2027-01-02T00:00:00Z",
            "payment_verified_at": "2027-01-01T01:00:00Z",
            "expired_at": None,
            "cancelled_at": None,
            "event": self.event,
            "category_name": "5K",
            "participants": self.people,
        }


def problem(status: int, name: str, **fields: str) -> httpx.Response:
    """Return a problem document; `fields` are messages by field."""
    errors = [{"field": each, "message": message} for each, message in fields.items()]
    return httpx.Response(status, json={"code": name, "detail": "Permintaan ini ditolak.", "errors": errors})
