"""Speaking to a running platform as each of its people does."""

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
    """The platform answered something else than the story expects."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}")
        self.answer = answer


class Site:
    """A platform at an address.

    Args:
        simulators_url: where messages are caught, if not at the same address.
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
        """One call under `/api`; where one address may not ask so often, it is asked again a little later.

        Raises:
            UnexpectedAnswer: another status than expected.
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
        """What the mail simulator caught."""
        return await self._inbox("mail", to)

    async def whatsapps(self, to: str | None = None) -> list[dict[str, Any]]:
        """What the Fonnte simulator took."""
        return await self._inbox("whatsapp", to)

    async def _inbox(self, kind: str, to: str | None) -> list[dict[str, Any]]:
        answer = await self.http.get(f"{self.simulators}/{kind}", params={"to": to} if to else {})
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def raw_mail(self, mail_id: str) -> bytes:
        """A caught mail as it came."""
        answer = await self.http.get(f"{self.simulators}/mail/{mail_id}/raw")
        answer.raise_for_status()
        return answer.content


@dataclass
class StaffMember:
    """Somebody of the organiser, logged in: again whenever the token is about to expire."""

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
        """One call with this member's token; the answer's JSON."""
        if time.monotonic() > self.renew_at:
            await self._log_in()
        answer = await self.site.call(method, path, token=self.token, **options)
        return answer.json() if answer.content else None

    async def verify(self, payment_id: str) -> None:
        """Accept a proof."""
        await self.call("POST", f"/payment/v1/payments/{payment_id}/verify", expect=204)

    async def reject(self, payment_id: str, reason: str) -> None:
        """Refuse a proof."""
        await self.call("POST", f"/payment/v1/payments/{payment_id}/reject", json={"reason": reason}, expect=204)


@dataclass
class Buyer:
    """Somebody who registers, alone or for a group."""

    site: Site
    form: dict[str, Any]
    key: str
    registration: dict[str, Any] | None = None
    refusal: dict[str, Any] | None = None

    @classmethod
    def of(cls, site: Site, form: dict[str, Any]) -> Self:
        """With a key of their own, so that asking again never registers twice."""
        return cls(site, form, uuid4().hex)

    @property
    def size(self) -> int:
        """How many places they want."""
        return len(self.form["participants"])

    @property
    def entry(self) -> dict[str, Any]:
        """The registration they got.

        Raises:
            LookupError: they got none.
        """
        if self.registration is None:
            raise LookupError("this buyer has no registration")
        return self.registration

    @property
    def token(self) -> str:
        """Opens their registration."""
        return str(self.entry["runner_token"])

    async def ask(self, *, expect: int | tuple[int, ...] = 201) -> httpx.Response:
        """Ask for places, once; asking again is the same request."""
        path, headers = "/registration/v1/registrations", {"Idempotency-Key": self.key}
        return await self.site.call("POST", path, json=self.form, headers=headers, expect=expect)

    async def register(self) -> Self:
        """Ask for places; a busy platform is asked again."""
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
        """Where the registration stands."""
        path = f"/registration/v1/registrations/{self.entry['registration_id']}"
        return str((await self.site.call("GET", path, token=self.token)).json()["status"])

    async def tickets(self) -> list[dict[str, Any]]:
        """Their tickets."""
        path = f"/registration/v1/registrations/{self.entry['registration_id']}/tickets"
        found: list[dict[str, Any]] = (await self.site.call("GET", path, token=self.token)).json()
        return found

    async def has_invoice(self) -> bool:
        """Whether payment knows of the registration yet."""
        path = f"/payment/v1/invoices/{self.entry['registration_id']}"
        return (await self.site.call("GET", path, token=self.token, expect=(200, 404))).status_code == httpx.codes.OK

    async def pay(self, *, method: str = "qris", amount: str | None = None, expect: int = 201) -> httpx.Response:
        """Upload a photo of the payment."""
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
        """Hand out the pack of whoever holds this code."""
        return await self.site.call(
            "POST", "/checkin/v1/checkins", token=self.token, json={"ticket_code": ticket_code}, expect=expect
        )
