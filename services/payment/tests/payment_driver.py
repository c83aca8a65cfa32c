"""The driver of payment: runners send proofs, staff review them, registration publishes events."""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import url2pathname
from uuid import UUID, uuid4

from chassis.auth.principals import Role
from chassis.images.store import TRASH, ImageStore, image_store
from chassis.secrets import new_key
from contracts import Event, Payload, PaymentQueueMark, QueueMark
from payment import service
from payment.review.republish import republish
from payment.settings import Settings
from payment.sweep import sweep_orphans
from testkit.clocks import ManualClock
from testkit.driver import Answer, Headers, ServiceDriver
from testkit.tokens import Issuer

from .payment_events import Entry, Race
from .payment_pictures import jpeg

PayloadT = TypeVar("PayloadT", bound=Payload)

NO_VERIFIER = UUID(int=0)
PRICE = Decimal("150000.00")

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


def settings_for(database_url: str, folder: Path, **others: Any) -> Settings:
    """Return settings with images in this folder."""
    return Settings(
        database_url=database_url,
        broker_url="amqp://unused",
        secret_keys=new_key(),
        staff_jwks_url="http://identity.test/jwks",
        runner_jwks_url="http://registration.test/jwks",
        proof_store=folder.as_uri(),
        **others,
    )


class PaymentDriver(ServiceDriver[Settings]):
    """Uses payment as runners, staff and registration do; and looks at its rows and images.

    Attributes:
        folder: where payment keeps its images.
        finance: headers of a reviewer.
    """

    SERVICE = service.SERVICE
    clock: ManualClock

    def __init__(self, settings: Settings, *, clock: ManualClock, issuer: Issuer | None = None) -> None:
        super().__init__(settings, clock=clock, issuer=issuer)
        self.folder = Path(url2pathname(settings.proof_store.removeprefix("file://")))
        self.images: ImageStore = image_store(settings)
        self.finance: Headers = self.staff(Role.FINANCE)

    def another_process(self, **settings: Any) -> "PaymentDriver":
        """Return a process on the same database and images, with these settings changed; the caller closes it."""
        changed = Settings(**{**self.settings.model_dump(), **settings})
        return PaymentDriver(changed, clock=self.clock, issuer=self.issuer)

    # --- registrations

    def new_entry(
        self, *, amount: Decimal = PRICE, hours: float = 24, payer: str = "Budi Santoso", race: Race | None = None
    ) -> Entry:
        """Return a registration of which payment got no event yet; it may be paid for so many hours."""
        return Entry(amount, self.clock() + timedelta(hours=hours), payer, race=race or Race())

    async def register(self, **entry: Any) -> Entry:
        """Return a registration whose invoice is open. Takes what `new_entry` takes."""
        registered = self.new_entry(**entry)
        await self.deliver(registered.created())
        return registered

    async def register_and_upload(self, **entry: Any) -> tuple[Entry, UUID]:
        """Return a registration and its payment, which waits for review."""
        registered = await self.register(**entry)
        return registered, await self.upload_proof(registered)

    async def register_and_pay(self, **entry: Any) -> tuple[Entry, UUID]:
        """Return a registration and its verified payment."""
        registered, payment = await self.register_and_upload(**entry)
        await self.verify(payment)
        return registered, payment

    # --- runners

    async def try_upload_proof(
        self,
        entry: Entry,
        *,
        file: bytes | None = None,
        by: Headers | None = None,
        headers: Mapping[str, str] | None = None,
        **form: Any,
    ) -> Answer:
        """Send a proof, by the registration's runner unless `by` is given; fields given as None are left out."""
        fields = {
            "payment_method": "bank_transfer",
            "amount": f"{entry.amount:.2f}",
            "payment_date": self.clock().isoformat(),
            **form,
        }
        return await self.call(
            "POST",
            f"/invoices/{entry.id}/proofs",
            by=self.runner(entry.id) if by is None else by,
            headers=headers or {},
            data={name: value for name, value in fields.items() if value is not None},
            files={"file": ("proof.jpg", jpeg() if file is None else file, "image/jpeg")},
        )

    async def upload_proof(self, entry: Entry, **proof: Any) -> UUID:
        """Send a proof and return the payment's id. Takes what `try_upload_proof` takes."""
        return UUID((await self.try_upload_proof(entry, **proof)).require(201)["payment_id"])

    async def insert_second_payment(self, payment: UUID) -> UUID:
        """Insert another payment that waits for review, as a channel without proofs may record one."""
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

    async def invoice(self, entry: Entry) -> dict[str, Any]:
        """Return the invoice as its runner sees it."""
        answer = await self.call("GET", f"/invoices/{entry.id}", by=self.runner(entry.id))
        body: dict[str, Any] = answer.require(200)
        return body

    async def deadline(self, entry: Entry) -> datetime:
        """Return until when the invoice may be paid."""
        return datetime.fromisoformat((await self.invoice(entry))["expires_at"])

    # --- staff

    async def try_verify(self, payment: UUID, *, by: Headers | None = None, **body: Any) -> Answer:
        """Verify a payment, by finance unless `by` is given."""
        return await self._decide(f"/payments/{payment}/verify", by, body)

    async def _decide(self, path: str, by: Headers | None, body: Mapping[str, Any]) -> Answer:
        return await self.call("POST", path, by=self.finance if by is None else by, **({"json": body} if body else {}))

    async def verify(self, payment: UUID) -> None:
        """Verify a payment that waits for review."""
        (await self.try_verify(payment)).require(204)

    async def try_reject(self, payment: UUID, reason: str = "cannot be read") -> Answer:
        """Reject a payment, by finance."""
        return await self.call("POST", f"/payments/{payment}/reject", by=self.finance, json={"reason": reason})

    async def reject(self, payment: UUID, reason: str = "cannot be read") -> None:
        """Reject a payment that waits for review."""
        (await self.try_reject(payment, reason)).require(204)

    async def try_lease(self, by: Headers | None = None, **body: Any) -> Answer:
        """Ask for the next proof to review, by finance unless `by` is given."""
        return await self._decide("/review/next", by, body)

    async def lease(self, by: Headers | None = None, **body: Any) -> dict[str, Any]:
        """Return the next proof to review. Takes what `try_lease` takes."""
        item: dict[str, Any] = (await self.try_lease(by, **body)).require(200)
        return item

    async def leased(self, by: Headers | None = None, **body: Any) -> UUID:
        """Return the payment of the next proof to review. Takes what `try_lease` takes."""
        return UUID((await self.lease(by, **body))["payment"]["payment_id"])

    async def try_mark_refunded(self, payment: UUID, reference: str) -> Answer:
        """Mark a payment as paid back, by finance."""
        return await self.call("POST", f"/refunds/{payment}/done", by=self.finance, json={"reference": reference})

    async def mark_refunded(self, payment: UUID, reference: str) -> None:
        """Mark a payment that is due back as paid back."""
        (await self.try_mark_refunded(payment, reference)).require(204)

    async def show_proof(self, payment: UUID) -> Answer:
        """Get the image of a payment, by finance."""
        return await self.call("GET", f"/payments/{payment}/proof", by=self.finance)

    async def review_list(self, **params: Any) -> list[dict[str, Any]]:
        """Return the payments of a page of the review list."""
        return await self._items("/payments", params)

    async def invoices_of(self, amount: object) -> list[dict[str, Any]]:
        """Return what a search by amount finds."""
        return await self._items("/invoices", {"amount": str(amount)})

    async def refunds(self, **params: Any) -> list[dict[str, Any]]:
        """Return the refunds of a page."""
        return await self._items("/refunds", params)

    async def _items(self, path: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        answer = await self.call("GET", path, by=self.finance, params=params)
        items: list[dict[str, Any]] = answer.require(200)["items"]
        return items

    async def try_change_settings(self, **settings: Any) -> Answer:
        """Put the payment settings, by an admin."""
        return await self.call("PUT", "/settings", by=self.staff(Role.ADMIN), json=settings)

    async def change_settings(self, **settings: Any) -> dict[str, Any]:
        """Put the payment settings and return them as they are now."""
        body: dict[str, Any] = (await self.try_change_settings(**settings)).require(200)
        return body

    async def set_qris_image(self, image: bytes) -> None:
        """Set the QRIS image, and empty all other settings."""
        await self.change_settings(qris_image=base64.b64encode(image).decode())

    # --- events

    async def published_payloads(self, kind: type[PayloadT]) -> list[PayloadT]:
        """Return what `published` does, without the envelopes."""
        return [event.payload for event in await self.published(kind)]

    async def republish(self, *entries: Entry) -> list[Payload]:
        """Return what is published when the payments of these registrations are published again."""
        await self.forget_published()
        async with self.database.work() as work:
            await republish(work, [entry.id for entry in entries])
        return await self.published_payloads(Payload)

    async def answer_mark(self, *, sent_at: datetime | None = None) -> PaymentQueueMark:
        """Return the answer to a queue mark, and leave in the outbox what is there."""
        mark = QueueMark(sent_at=sent_at or self.clock())
        await self.deliver(mark, subject=NO_VERIFIER)
        newest = await self.scalar("SELECT payload FROM outbox ORDER BY id DESC LIMIT 1")
        event = Event[PaymentQueueMark].model_validate_json(newest)
        assert (event.subject, event.payload.sent_at) == (NO_VERIFIER, mark.sent_at)
        return event.payload

    # --- images

    def stored_images(self) -> list[Path]:
        """Return the images in the store, without those in the trash."""
        return sorted(
            path for path in self.folder.rglob("*") if path.is_file() and self.folder / TRASH not in path.parents
        )

    def trashed_images(self) -> list[Path]:
        """Return the images in the trash."""
        return sorted(path for path in (self.folder / TRASH).rglob("*") if path.is_file())

    async def sweep(self) -> int:
        """Move images without a row into the trash; return how many."""
        return await sweep_orphans(self.database, self.images)
