"""A post office for tests: the real application, handlers and senders, and news that come in."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
from chassis.auth.principals import Role
from chassis.database import Database
from chassis.secrets import new_key
from contracts import (
    AccessCode,
    AccessLink,
    ConfirmedParticipant,
    CorrectedParticipant,
    Event,
    EventSummary,
    JerseySize,
    PaymentMethod,
    PaymentRejected,
    PaymentUploaded,
    RegisteredParticipant,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCorrected,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationReopened,
    RegistrationType,
)
from notification.app import build_app
from notification.base import service_tables
from notification.handlers import handlers
from notification.messages.rules import Channel
from notification.queue.sender import Sender
from notification.settings import Settings
from notification.worker import build_senders
from sqlalchemy import select, text
from testkit.harness import ManualClock, ServiceUnderTest
from testkit.tokens import Headers, Issuer

API = "/api/notification/v1"
WEBHOOK_SECRET = "a-secret-that-is-long-enough"
RACE = EventSummary(
    event_id=uuid4(),
    name="Lari Pagi Jakarta",
    event_date=date(2027, 3, 7),
    location="Monas",
    timezone="Asia/Jakarta",
    revision=1,
)
TEN_K = uuid4()


@dataclass(frozen=True)
class Answer:
    """What the service said."""

    status: int
    body: Any

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.body["code"])

    @property
    def wrong_fields(self) -> list[str]:
        """The fields a 422 names."""
        return [each["field"] for each in self.body["errors"]]


@dataclass(frozen=True)
class Entry:
    """A registration and the news about it."""

    id: UUID
    number: str
    runners: tuple[RegisteredParticipant, ...]
    amount: Decimal
    expires_at: datetime

    @property
    def codes(self) -> dict[UUID, str]:
        """Each runner's ticket code."""
        return {runner.participant_id: runner.participant_id.hex for runner in self.runners}

    @property
    def pic(self) -> RegisteredParticipant:
        """The person in charge."""
        return next(runner for runner in self.runners if runner.is_pic)

    def created(self, **more: Any) -> RegistrationCreated:
        """Places are held."""
        said: dict[str, Any] = {
            "registration_id": self.id,
            "registration_number": self.number,
            "revision": 1,
            "event": RACE,
            "category_id": TEN_K,
            "category_name": "10K",
            "registration_type": RegistrationType.INDIVIDUAL,
            "total_participants": len(self.runners),
            "total_amount": self.amount,
            "currency": "IDR",
            "expires_at": self.expires_at,
            "participants": self.runners,
        }
        return RegistrationCreated(**{**said, **more})

    def uploaded(self, *, at: datetime, payment_id: UUID | None = None, sequence: int = 0) -> PaymentUploaded:
        """A proof came in."""
        return PaymentUploaded(
            payment_id=payment_id or uuid4(),
            registration_id=self.id,
            amount=self.amount,
            currency="IDR",
            payment_method=PaymentMethod.QRIS,
            uploaded_at=at,
            sequence=sequence,
        )

    def rejected(
        self, *, at: datetime, reason: str = "Buram", payment_id: UUID | None = None, sequence: int = 0, hours: int = 24
    ) -> PaymentRejected:
        """The proof was refused; a day more to send another."""
        return PaymentRejected(
            payment_id=payment_id or uuid4(),
            registration_id=self.id,
            amount=self.amount,
            currency="IDR",
            reason=reason,
            rejected_at=at,
            expires_at=at + timedelta(hours=hours),
            sequence=sequence,
        )

    def code(self, version: int = 1) -> AccessCode:
        """The access code of that version."""
        return AccessCode(version=version, code=f"code{version}{self.id.hex}")

    def link(self, version: int = 1, *, number: str | None = "") -> AccessLink:
        """What a request for links says about this registration; without a number, about a place in line."""
        return AccessLink(
            registration_id=self.id,
            registration_number=self.number if number == "" else number,
            participant_name=self.pic.full_name,
            event_name=RACE.name,
            category_name="10K",
            access=self.code(version),
        )

    def corrected(self, who: RegisteredParticipant, *, revision: int, **fields: Any) -> RegistrationCorrected:
        """Data of one runner changed."""
        participant = CorrectedParticipant(**{**who.model_dump(), **fields}, jersey_size=JerseySize.M)
        return RegistrationCorrected(
            registration_id=self.id,
            registration_number=self.number,
            revision=revision,
            participant=participant,
            changed=tuple(fields),
            confirmed=False,
        )

    def confirmed(self, *, revision: int = 3, **more: Any) -> RegistrationConfirmed:
        """Everybody has a BIB."""
        return RegistrationConfirmed(
            registration_id=self.id,
            registration_number=self.number,
            revision=revision,
            event=more.get("event", RACE),
            category_id=TEN_K,
            category_name=more.get("category_name", "10K"),
            payment_id=uuid4(),
            participants=tuple(
                ConfirmedParticipant(
                    participant_id=runner.participant_id,
                    full_name=runner.full_name,
                    bib_number=1000 + place,
                    ticket_code=self.codes[runner.participant_id],
                    jersey_size=JerseySize.M,
                    is_pic=runner.is_pic,
                )
                for place, runner in enumerate(self.runners)
            ),
        )

    def expired(
        self, *, revision: int = 2, refund: UUID | None = None, heard: int | None = None
    ) -> RegistrationExpired:
        """The places went back; `heard` is payment's newest news that registration had taken in."""
        return RegistrationExpired(
            registration_id=self.id,
            registration_number=self.number,
            revision=revision,
            refund_payment_id=refund,
            payment_sequence=heard,
        )

    def reopened(
        self, *, revision: int, heard: int = 1, expires_at: datetime | None = None, awaits: bool = False
    ) -> RegistrationReopened:
        """The places are held again."""
        return RegistrationReopened(
            registration_id=self.id,
            registration_number=self.number,
            revision=revision,
            expires_at=expires_at or self.expires_at,
            awaits_payment=awaits,
            payment_sequence=heard,
        )

    def cancelled(self, *, revision: int = 2, refund: UUID | None = None) -> RegistrationCancelled:
        """Staff ended it."""
        return RegistrationCancelled(
            registration_id=self.id,
            registration_number=self.number,
            revision=revision,
            reason="Data ganda",
            refund_payment_id=refund,
        )


def runner(full_name: str = "Budi Santoso", *, is_pic: bool = True, **more: Any) -> RegisteredParticipant:
    """Somebody who wants to run."""
    fields: dict[str, Any] = {
        "participant_id": uuid4(),
        "full_name": full_name,
        "email": f"runner{secrets.randbelow(10**9)}@example.com",
        "whatsapp": f"62812{secrets.randbelow(10**8):08d}",
        "is_pic": is_pic,
    }
    return RegisteredParticipant(**{**fields, **more})


def settings_for(url: str, **more: Any) -> Settings:
    """Settings that need no environment; the providers' addresses lead nowhere unless given."""
    values: dict[str, Any] = {
        "database_url": url,
        "broker_url": "amqp://unused",
        "secret_keys": new_key(),
        "staff_jwks_url": "http://identity.test/jwks",
        "public_url": "https://lari.example",
        "fonnte_base_url": "http://127.0.0.1:9",
        "fonnte_token": "device-token",
        "fonnte_webhook_secret": WEBHOOK_SECRET,
        "smtp_host": "127.0.0.1",
        "smtp_port": 9,
        "smtp_security": "none",
        "email_from_address": "panitia@lari.example",
        "email_from_name": "Panitia Lari",
        "send_timeout_seconds": 1,
        "send_lease_seconds": 60,
    }
    return Settings(**{**values, **more})


class PostOffice(ServiceUnderTest):
    """Speaks to notification as staff, Fonnte and the other services do, and sends its mail."""

    def __init__(self, settings: Settings, *, clock: ManualClock) -> None:
        self.settings = settings
        self.clock = clock
        self.issuer = Issuer()
        self.staff_http = self.issuer.http()
        database = Database(
            settings.database_url,
            service="notification",
            tables=service_tables,
            clock=clock,
            server_clock=clock.server,
        )
        super().__init__(build_app(settings, database, self.staff_http), database, handlers, self.issuer)
        self.senders: dict[Channel, Sender] = {each.channel: each for each in build_senders(settings, database)}
        self.admin = self.issuer.staff(Role.ADMIN)

    async def close(self) -> None:
        await self.staff_http.aclose()
        await super().close()

    async def call(self, method: str, path: str, who: Headers | None = None, body: Any = None, **more: Any) -> Answer:
        """One request under the service's prefix."""
        if body is not None:
            more["json"] = body
        found = await self.http.request(method, f"{API}{path}", headers=httpx.Headers(who or {}), **more)
        return Answer(found.status_code, found.json() if found.content else None)

    async def put_settings(self, **changes: Any) -> Answer:
        """An admin changes settings, which succeeds."""
        answer = await self.call("PUT", "/settings", self.admin, changes)
        assert answer.status == 200, answer
        return answer

    def an_entry(self, *runners: RegisteredParticipant, amount: str = "150000.00") -> Entry:
        """A registration that exists elsewhere."""
        number = f"FR10K-{secrets.randbelow(10**8):08d}"
        deadline = self.clock() + timedelta(days=1)
        return Entry(uuid4(), number, runners or (runner(),), Decimal(amount), deadline)

    async def hear(self, *news: Any) -> list[Event[Any]]:
        """The service hears these events, one after the other."""
        return [await self.deliver(each, subject=each.registration_id) for each in news]

    async def registered(self, *runners: RegisteredParticipant, **more: Any) -> Entry:
        """A registration of which the service has heard."""
        entry = self.an_entry(*runners, **more)
        await self.hear(entry.created())
        return entry

    async def ticketed(self, *runners: RegisteredParticipant, **more: Any) -> Entry:
        """A registration that was confirmed."""
        entry = await self.registered(*runners, **more)
        await self.hear(entry.confirmed())
        return entry

    async def in_a_hurry(self) -> None:
        """Nothing waits between two messages."""
        await self.put_settings(
            whatsapp_delay_seconds=0, whatsapp_max_per_minute=600, email_delay_seconds=0, email_max_per_minute=600
        )

    async def send_all(self) -> None:
        """Both channels send what is due."""
        for channel in Channel:
            await self.send(channel)

    async def send(self, channel: Channel, *, rounds: int = 1) -> None:
        """Let a channel's sender work; between two rounds, as much time passes as the limits ask for at most."""
        for turn in range(rounds):
            if turn:
                self.clock.advance(timedelta(seconds=61))
            await self.senders[channel].send_due()

    def hurried(self, channel: Channel, **settings: Any) -> Sender:
        """A sender like the real one with other settings."""
        return replace(self.senders[channel], settings=self.settings.model_copy(update=settings))

    async def log(self, **filters: str) -> list[dict[str, Any]]:
        """The log as an admin sees it, oldest first."""
        answer = await self.call("GET", "/notifications", self.admin, params={"limit": "200", **filters})
        assert answer.status == 200, answer
        found: list[dict[str, Any]] = answer.body["items"]
        return found[::-1]

    async def told(self, entry: Entry, channel: Channel = Channel.WHATSAPP) -> list[tuple[str, str]]:
        """Type and status of an entry's messages on a channel, oldest first."""
        found = await self.log(registration_id=str(entry.id), channel=channel.value)
        return [(each["event_type"], each["status"]) for each in found]

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """What the database holds."""
        async with self.database.read() as session:
            return [dict(row) for row in (await session.execute(text(sql), values)).mappings()]

    async def execute(self, sql: str, **values: Any) -> None:
        """Change the database behind the service's back."""
        async with self.database.work() as work:
            await work.session.execute(text(sql), values)

    async def audited(self) -> Sequence[str]:
        """What staff did, in order."""
        log = self.database.tables.audit_log
        async with self.database.read() as session:
            return (await session.execute(select(log.c.action).order_by(log.c.id))).scalars().all()
