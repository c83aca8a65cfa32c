"""Payment as runners, staff and registration speak to it."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
from chassis.auth.principals import Role
from chassis.database import Database
from chassis.secrets import new_key
from contracts import (
    CorrectedParticipant,
    Event,
    EventSummary,
    JerseySize,
    Payload,
    RegisteredParticipant,
    RegistrationCancelled,
    RegistrationCorrected,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationReopened,
    RegistrationSurplus,
    RegistrationType,
)
from payment.app import build_app
from payment.handlers import handlers
from payment.images.store import TRASH, ImageStore, image_store
from payment.proofs.sweep import sweep_orphans
from payment.settings import Settings
from payment.tables import service_tables
from sqlalchemy import RowMapping, text
from testkit.harness import ManualClock, ServiceUnderTest
from testkit.tokens import Headers, Issuer

from .payment_pictures import jpeg

PayloadT = TypeVar("PayloadT", bound=Payload)

_COPIED = (
    "registration_id",
    "amount",
    "currency",
    "payment_method",
    "payment_date",
    "proof_content_type",
    "proof_sha256",
    "uploaded_at",
)

PRICE = Decimal("150000.00")


def settings_for(url: str, folder: Path, **others: Any) -> Settings:
    """Settings of a service under test."""
    return Settings(
        database_url=url,
        broker_url="amqp://unused",
        secret_keys=new_key(),
        staff_jwks_url="http://identity.test/jwks",
        runner_jwks_url="http://registration.test/jwks",
        proof_store=folder.as_uri(),
        **others,
    )


@dataclass
class Entry:
    """A registration that payment was, or will be, told about."""

    number: str
    amount: Decimal
    expires_at: datetime
    payer: str
    id: UUID = field(default_factory=uuid4)
    revision: int = 1

    def created(self) -> RegistrationCreated:
        """What registration said when it began."""
        return RegistrationCreated(
            registration_id=self.id,
            registration_number=self.number,
            revision=1,
            event=EventSummary(event_id=uuid4(), name="Fun Run", event_date=date(2027, 3, 14), location="Bandung"),
            category_id=uuid4(),
            category_name="5K",
            registration_type=RegistrationType.INDIVIDUAL,
            total_participants=1,
            total_amount=self.amount,
            currency="IDR",
            expires_at=self.expires_at,
            participants=(_person("Somebody Else", is_pic=False), _person(self.payer, is_pic=True)),
        )

    def expired(
        self, *, revision: int | None = None, refund: UUID | None = None, heard: int | None = None
    ) -> RegistrationExpired:
        """What registration says at the deadline; `heard` is payment's newest news that it had taken in."""
        return RegistrationExpired(
            registration_id=self.id,
            registration_number=self.number,
            revision=self._next(revision),
            refund_payment_id=refund,
            payment_sequence=heard,
        )

    def reopened(
        self, *, revision: int | None = None, heard: int = 1, expires_at: datetime | None = None, awaits: bool = False
    ) -> RegistrationReopened:
        """What registration says when a proof in time undoes an expiry."""
        return RegistrationReopened(
            registration_id=self.id,
            registration_number=self.number,
            revision=self._next(revision),
            expires_at=expires_at or self.expires_at,
            awaits_payment=awaits,
            payment_sequence=heard,
        )

    def cancelled(self, *, revision: int | None = None, refund: UUID | None = None) -> RegistrationCancelled:
        """What registration says when staff cancel."""
        return RegistrationCancelled(
            registration_id=self.id,
            registration_number=self.number,
            revision=self._next(revision),
            reason="asked for by phone",
            refund_payment_id=refund,
        )

    def surplus(self, payment: UUID, *, honoured: UUID) -> RegistrationSurplus:
        """What registration says about money for what another payment has paid."""
        return RegistrationSurplus(
            registration_id=self.id,
            registration_number=self.number,
            revision=self._next(None),
            payment_id=payment,
            honoured_payment_id=honoured,
        )

    def corrected(self, name: str, *, revision: int | None = None, is_pic: bool = True) -> RegistrationCorrected:
        """What registration says when a participant's data were corrected."""
        person = _person(name, is_pic=is_pic).model_dump()
        return RegistrationCorrected(
            registration_id=self.id,
            registration_number=self.number,
            revision=self._next(revision),
            participant=CorrectedParticipant(**person, jersey_size=JerseySize.M),
            changed=("full_name",),
            confirmed=False,
        )

    def _next(self, revision: int | None) -> int:
        self.revision = revision or self.revision + 1
        return self.revision


def _person(name: str, *, is_pic: bool) -> RegisteredParticipant:
    return RegisteredParticipant(
        participant_id=uuid4(), full_name=name, email="someone@example.com", whatsapp="081234567890", is_pic=is_pic
    )


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: Any
    headers: Mapping[str, str]
    content: bytes

    @classmethod
    def of(cls, response: httpx.Response) -> "Answer":
        is_json = response.content and "json" in response.headers["content-type"]
        body = response.json() if is_json else None
        return cls(response.status_code, body, response.headers, response.content)

    def refused_with(self, status: int, code: str) -> bool:
        """Whether it is this problem; shows what it was if not."""
        assert self.body is not None, self.content
        assert (self.status, self.body["code"]) == (status, code), self.body
        return True

    @property
    def fields(self) -> list[str]:
        """Names of the fields that were wrong."""
        return [error["field"] for error in self.body["errors"]]


class Office:
    """One payment service with its database and folder."""

    def __init__(self, url: str, *, clock: ManualClock, folder: Path, **others: Any) -> None:
        self.clock = clock
        self.folder = folder
        self.settings = settings_for(url, folder, **others)
        self.database = Database(url, service="payment", tables=service_tables, clock=clock, pool_size=24)
        self.issuer = Issuer()
        self._jwks = self.issuer.http()
        self.app = build_app(self.settings, self.database, self._jwks)
        self.service = ServiceUnderTest(self.app, self.database, handlers, self.issuer)
        self.images: ImageStore = image_store(self.settings)
        self._count = 0

    async def close(self) -> None:
        await self.service.close()
        await self._jwks.aclose()

    # --- what registration says

    def entry(self, *, amount: Decimal = PRICE, hours: float = 24, payer: str = "Budi Santoso") -> Entry:
        """A registration nobody was told about yet."""
        self._count += 1
        return Entry(f"FR5K-{self._count:05d}", amount, self.clock() + timedelta(hours=hours), payer)

    async def registered(self, **how: Any) -> Entry:
        """A registration whose invoice is open."""
        entry = self.entry(**how)
        await self.hear(entry.created())
        return entry

    async def hear(self, payload: Payload) -> Event[Any]:
        """An event comes in."""
        return await self.service.deliver(payload, subject=getattr(payload, "registration_id"))  # noqa: B009  # every event here has one

    async def said(self, kind: type[PayloadT]) -> Sequence[Event[PayloadT]]:
        """Events that payment sent."""
        return await self.service.published(kind)

    # --- what people do

    def staff(self, role: Role = Role.FINANCE) -> Headers:
        return self.issuer.staff(role)

    async def call(
        self, verb: str, path: str, /, *, headers: Headers | None = None, json: Any = None, **params: Any
    ) -> Answer:
        """Any call; by finance unless said otherwise."""
        response = await self.service.http.request(
            verb,
            f"/api/payment/v1{path}",
            headers=self.staff() if headers is None else headers,
            json=json,
            params=params,
        )
        return Answer.of(response)

    async def upload(
        self, entry: Entry, *, file: bytes | None = None, headers: Headers | None = None, **form: Any
    ) -> Answer:
        """Send a proof; fields given as None are left out."""
        fields = {
            "payment_method": "bank_transfer",
            "amount": f"{entry.amount:.2f}",
            "payment_date": self.clock().isoformat(),
            **form,
        }
        response = await self.service.http.post(
            f"/api/payment/v1/invoices/{entry.id}/proofs",
            headers=self.issuer.runner(entry.id) if headers is None else headers,
            data={name: value for name, value in fields.items() if value is not None},
            files={"file": ("proof.jpg", jpeg() if file is None else file, "image/jpeg")},
        )
        return Answer.of(response)

    async def uploaded(self, entry: Entry, **form: Any) -> UUID:
        """A proof that was taken."""
        answer = await self.upload(entry, **form)
        assert answer.status == 201, answer.body
        return UUID(answer.body["payment_id"])

    async def waiting(self, **how: Any) -> tuple[Entry, UUID]:
        """A registration whose proof waits for staff."""
        entry = await self.registered(**how)
        return entry, await self.uploaded(entry)

    async def another_payment(self, payment: UUID) -> UUID:
        """A second payment that waits for staff, as a channel without proofs may record one."""
        await self.execute("DROP INDEX IF EXISTS uq_payments_registration_id_live")
        other = uuid4()
        copied = ", ".join(_COPIED)
        await self.execute(
            f"INSERT INTO payments (id, status, payment_proof_path, {copied})"
            f" SELECT :other, 'uploaded', :path, {copied} FROM payments WHERE id = :payment",
            other=other,
            path=f"proofs/{other.hex}.png",
            payment=payment,
        )
        return other

    async def refunds(self, **params: Any) -> list[dict[str, Any]]:
        answer = await self.call("GET", "/refunds", **params)
        assert answer.status == 200, answer.body
        items: list[dict[str, Any]] = answer.body["items"]
        return items

    async def verify(self, payment: UUID) -> Answer:
        return await self.call("POST", f"/payments/{payment}/verify")

    async def reject(self, payment: UUID, reason: str = "cannot be read") -> Answer:
        return await self.call("POST", f"/payments/{payment}/reject", json={"reason": reason})

    async def paid(self, **how: Any) -> tuple[Entry, UUID]:
        """A registration whose payment was verified."""
        entry, payment = await self.waiting(**how)
        assert (await self.verify(payment)).status == 204
        return entry, payment

    async def invoice(self, entry: Entry) -> dict[str, Any]:
        answer = await self.call("GET", f"/invoices/{entry.id}", headers=self.issuer.runner(entry.id))
        assert answer.status == 200, answer.body
        body: dict[str, Any] = answer.body
        return body

    async def review_list(self, **params: Any) -> list[dict[str, Any]]:
        answer = await self.call("GET", "/payments", **params)
        assert answer.status == 200, answer.body
        items: list[dict[str, Any]] = answer.body["items"]
        return items

    async def set_qris_image(self, image: bytes) -> None:
        encoded = base64.b64encode(image).decode()
        answer = await self.call("PUT", "/settings", headers=self.staff(Role.ADMIN), json={"qris_image": encoded})
        assert answer.status == 200, answer.body

    # --- what is behind

    def stored(self) -> list[Path]:
        """Images in the store, without those in the trash."""
        return sorted(
            path for path in self.folder.rglob("*") if path.is_file() and self.folder / TRASH not in path.parents
        )

    def trashed(self) -> list[Path]:
        """Images in the trash."""
        return sorted(path for path in (self.folder / TRASH).rglob("*") if path.is_file())

    async def sweep(self) -> int:
        return await sweep_orphans(self.database, self.images)

    async def rows(self, sql: str, **params: Any) -> Sequence[RowMapping]:
        async with self.database.read() as session:
            return (await session.execute(text(sql), params)).mappings().all()

    async def execute(self, sql: str, **params: Any) -> None:
        async with self.database.work() as work:
            await work.session.execute(text(sql), params)
