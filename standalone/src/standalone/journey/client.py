"""HTTP clients of a running platform: runners, staff and devices."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import uuid4

import httpx

from standalone.journey.pictures import payment_proof

_TOO_BUSY = 503


class UnexpectedAnswer(AssertionError):
    """The platform gave another answer than the journey expects."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}")
        self.answer = answer


class Site:
    """A platform at a URL.

    Args:
        simulators_url: base URL of the simulators, if it differs.
    """

    def __init__(self, base_url: str, *, simulators_url: str | None = None) -> None:
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=50)
        self.http = httpx.AsyncClient(base_url=base_url, timeout=60.0, limits=limits)
        self.simulators = f"{simulators_url or base_url}/simulators"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def call(
        self, method: str, path: str, *, token: str | None = None, expect: int | tuple[int, ...] = 200, **options: Any
    ) -> httpx.Response:
        """Send one request under `/api`; repeat it later after a 429.

        Raises:
            UnexpectedAnswer: the status is not the expected one.
        """
        headers = dict(options.pop("headers", {}))
        if token:
            headers["Authorization"] = f"Bearer {token}"
        answer = await self.http.request(method, f"/api{path}", headers=headers, **options)
        while answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            await asyncio.sleep(int(answer.headers["Retry-After"]))
            answer = await self.http.request(method, f"/api{path}", headers=headers, **options)
        if answer.status_code not in (expect if isinstance(expect, tuple) else (expect,)):
            raise UnexpectedAnswer(answer)
        return answer

    async def mails(self, to: str | None = None) -> list[dict[str, Any]]:
        """Return the mails that the mail simulator received."""
        return await self._inbox("mail", to)

    async def whatsapps(self, to: str | None = None) -> list[dict[str, Any]]:
        """Return the messages that the Fonnte simulator received."""
        return await self._inbox("whatsapp", to)

    async def _inbox(self, kind: str, to: str | None) -> list[dict[str, Any]]:
        answer = await self.http.get(f"{self.simulators}/{kind}", params={"to": to} if to else {})
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def raw_mail(self, mail_id: str) -> bytes:
        """Return a received mail in its original form."""
        answer = await self.http.get(f"{self.simulators}/mail/{mail_id}/raw")
        answer.raise_for_status()
        return answer.content


@dataclass
class StaffMember:
    """A member of staff who is logged in, and logs in again when the token is about to expire."""

    site: Site
    credentials: Mapping[str, str]
    token: str = ""
    renew_at: float = 0.0

    @classmethod
    async def login(cls, site: Site, email: str, password: str) -> Self:
        """Log in."""
        member = cls(site, {"email": email, "password": password})
        await member._log_in()
        return member

    async def _log_in(self) -> None:
        answer = (await self.site.call("POST", "/identity/v1/login", json=self.credentials)).json()
        self.token = answer["access_token"]
        self.renew_at = time.monotonic() + answer["expires_in"] / 2

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """Send one request with this member's token and return the JSON of the answer."""
        if time.monotonic() > self.renew_at:
            await self._log_in()
        answer = await self.site.call(method, path, token=self.token, **options)
        return answer.json() if answer.content else None

    async def verify(self, payment_id: str) -> None:
        """Verify a proof."""
        await self.call("POST", f"/payment/v1/payments/{payment_id}/verify", expect=204)

    async def reject(self, payment_id: str, reason: str) -> None:
        """Reject a proof."""
        await self.call("POST", f"/payment/v1/payments/{payment_id}/reject", json={"reason": reason}, expect=204)


@dataclass
class Buyer:
    """A person who registers, alone or for a group."""

    site: Site
    form: dict[str, Any]
    key: str
    registration: dict[str, Any] | None = None
    refusal: dict[str, Any] | None = None

    @classmethod
    def of(cls, site: Site, form: dict[str, Any]) -> Self:
        """Return a buyer with a new idempotency key, so that repeated requests never register twice."""
        return cls(site, form, uuid4().hex)

    @property
    def size(self) -> int:
        """Return the number of places requested."""
        return len(self.form["participants"])

    @property
    def entry(self) -> dict[str, Any]:
        """Return the registration.

        Raises:
            LookupError: there is none.
        """
        if self.registration is None:
            raise LookupError("this buyer has no registration")
        return self.registration

    @property
    def token(self) -> str:
        """Return the token of the registration."""
        return str(self.entry["runner_token"])

    async def ask(self, *, expect: int | tuple[int, ...] = 201) -> httpx.Response:
        """Send the registration request once; repeated calls send the same request."""
        path, headers = "/registration/v1/registrations", {"Idempotency-Key": self.key}
        return await self.site.call("POST", path, json=self.form, headers=headers, expect=expect)

    async def register(self) -> Self:
        """Register; repeat the request while the platform is too busy."""
        while True:
            answer = await self.ask(expect=(201, 409, _TOO_BUSY))
            if answer.status_code == _TOO_BUSY:
                continue
            if answer.status_code == httpx.codes.CREATED:
                self.registration, self.refusal = answer.json(), None
            else:
                self.refusal = answer.json()
            return self

    async def status(self) -> str:
        """Return the status of the registration."""
        path = f"/registration/v1/registrations/{self.entry['registration_id']}"
        return str((await self.site.call("GET", path, token=self.token)).json()["status"])

    async def tickets(self) -> list[dict[str, Any]]:
        """Return the tickets of the registration."""
        path = f"/registration/v1/registrations/{self.entry['registration_id']}/tickets"
        found: list[dict[str, Any]] = (await self.site.call("GET", path, token=self.token)).json()
        return found

    async def has_invoice(self) -> bool:
        """Return whether payment has the invoice yet."""
        path = f"/payment/v1/invoices/{self.entry['registration_id']}"
        return (await self.site.call("GET", path, token=self.token, expect=(200, 404))).status_code == httpx.codes.OK

    async def pay(self, *, method: str = "qris", amount: str | None = None, expect: int = 201) -> httpx.Response:
        """Upload a picture of the payment."""
        entry = self.entry
        picture = payment_proof(entry["registration_number"], entry["total_amount"])
        return await self.site.call(
            "POST",
            f"/payment/v1/invoices/{entry['registration_id']}/proofs",
            token=self.token,
            files={"file": ("proof.jpg", picture, "image/jpeg")},
            data={
                "payment_method": method,
                "amount": amount or entry["total_amount"],
                "payment_date": datetime.now(UTC).isoformat(),
            },
            expect=expect,
        )


@dataclass
class Device:
    """A phone at a pick-up desk."""

    site: Site
    token: str
    station: dict[str, Any]

    @classmethod
    async def login(cls, site: Site, station_id: str, pin: str, name: str) -> Self:
        """Log in at a station."""
        body = {"pin_code": pin, "device_name": name}
        answer = (await site.call("POST", f"/checkin/v1/stations/{station_id}/login", json=body)).json()
        return cls(site, answer["device_token"], answer["station"])

    async def scan(self, ticket_code: str, *, expect: int | tuple[int, ...] = 201) -> httpx.Response:
        """Check in the holder of this ticket code."""
        return await self.site.call(
            "POST", "/checkin/v1/checkins", token=self.token, json={"ticket_code": ticket_code}, expect=expect
        )

    async def roster(self) -> list[dict[str, Any]]:
        """Return the runners as a phone keeps them for hours without a network."""
        answer = await self.site.call("GET", "/checkin/v1/roster/snapshot", token=self.token)
        entries: list[dict[str, Any]] = answer.json()["entries"]
        return entries

    async def send(self, scans: Mapping[str, str]) -> list[dict[str, Any]]:
        """Send scans that were made just now without a network, ticket codes by key, and return what became of them."""
        now = datetime.now(UTC).isoformat()
        items = [{"key": key, "ticket_code": code, "scanned_at": now} for key, code in scans.items()]
        body = {"device_time": now, "items": items}
        merged: list[dict[str, Any]] = (
            await self.site.call("POST", "/checkin/v1/checkins/batch", token=self.token, json=body)
        ).json()["items"]
        return merged
