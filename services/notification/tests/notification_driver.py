"""The driver of notification's tests."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from chassis.auth.principals import Role
from chassis.database import Database
from chassis.secrets import new_key
from contracts import AccessLinksRequested, Event, Payload, RaceChanged, RegisteredParticipant
from notification import service
from notification.consistency import QueueState, queue_state
from notification.messages.rules import Channel
from notification.queue.sender import Sender
from notification.settings import Settings
from notification.worker import build_senders
from testkit.clocks import ManualClock
from testkit.driver import Answer, ServiceDriver

from .notification_events import Entry, runner

WEBHOOK_SECRET = "a-secret-that-is-long-enough"


def settings_for(url: str, **more: Any) -> Settings:
    """Return settings that need no environment; nothing listens at the providers' addresses unless given."""
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
        "send_timeout_seconds": 5,
        "send_lease_seconds": 60,
    }
    return Settings(**{**values, **more})


class NotificationDriver(ServiceDriver[Settings]):
    """Uses notification as staff, Fonnte and the other services do, and sends its messages."""

    SERVICE = service.SERVICE
    clock: ManualClock

    def __init__(self, settings: Settings, *, clock: ManualClock) -> None:
        database = Database(
            settings.database_url,
            service=self.SERVICE.name,
            tables=self.SERVICE.tables,
            clock=clock,
            server_clock=clock.server,
        )
        super().__init__(settings, clock=clock, database=database)
        self.senders: dict[Channel, Sender] = {each.channel: each for each in build_senders(settings, database)}

    @asynccontextmanager
    async def another_process(self, **settings: Any) -> AsyncIterator["NotificationDriver"]:
        """Run a second process on the same database, with other settings."""
        changed = Settings(**{**dict(self.settings), **settings})
        other = NotificationDriver(changed, clock=self.clock)
        try:
            yield other
        finally:
            await other.close()

    # --- events

    def _event(self, payload: Payload, *, subject: UUID | None, occurred_at: datetime | None) -> Event[Any]:
        return super()._event(payload, subject=subject or _subject_of(payload), occurred_at=occurred_at)

    async def deliver_all(self, *payloads: Payload) -> list[Event[Any]]:
        """Have the service handle events one after the other. Return them, to be delivered again."""
        return [await self.deliver(each) for each in payloads]

    def new_entry(self, *runners: RegisteredParticipant, amount: str = "150000.00") -> Entry:
        """Return a registration that the service has no event of yet; it has a day to be paid."""
        number = f"FR10K-{secrets.randbelow(10**8):08d}"
        deadline = self.clock() + timedelta(days=1)
        return Entry(uuid4(), number, runners or (runner(),), Decimal(amount), deadline)

    async def register(self, *runners: RegisteredParticipant, **more: Any) -> Entry:
        """Deliver the event of a new registration."""
        entry = self.new_entry(*runners, **more)
        await self.deliver(entry.created())
        return entry

    async def register_confirmed(self, *runners: RegisteredParticipant, **more: Any) -> Entry:
        """Deliver the events of a new registration and of its confirmation."""
        entry = await self.register(*runners, **more)
        await self.deliver(entry.confirmed())
        return entry

    # --- staff

    async def try_change_settings(self, **changes: Any) -> Answer:
        """Change settings as an admin."""
        return await self.call("PUT", "/settings", by=self.staff(), json=changes)

    async def change_settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings as an admin; return them as they are now."""
        found: dict[str, Any] = (await self.try_change_settings(**changes)).require(200)
        return found

    async def read_settings(self) -> dict[str, Any]:
        """Return the settings as an admin sees them."""
        found: dict[str, Any] = (await self.call("GET", "/settings", by=self.staff())).require(200)
        return found

    async def sender_states(self) -> list[dict[str, Any]]:
        """Return the state of the senders as an admin sees it: of WhatsApp's, then of email's."""
        found: list[dict[str, Any]] = (await self.call("GET", "/senders", by=self.staff())).require(200)
        return found

    async def lift_limits(self) -> None:
        """Change settings so that no message waits for the one before it."""
        await self.change_settings(
            whatsapp_delay_seconds=0, whatsapp_max_per_minute=600, email_delay_seconds=0, email_max_per_minute=600
        )

    async def messages(self, **filters: str) -> list[dict[str, Any]]:
        """Return the log as an admin sees it, oldest message first."""
        answer = await self.call("GET", "/notifications", by=self.staff(), params={"limit": "200", **filters})
        found: list[dict[str, Any]] = answer.require(200)["items"]
        return found[::-1]

    async def statuses_of(self, entry: Entry, channel: Channel = Channel.WHATSAPP) -> list[tuple[str, str]]:
        """Return type and status of an entry's messages on a channel, oldest first."""
        found = await self.messages(registration_id=str(entry.id), channel=channel.value)
        return [(each["event_type"], each["status"]) for each in found]

    async def detail(self, message_id: object, role: Role = Role.ADMIN) -> dict[str, Any]:
        """Return one message with the content of its attempts, as staff of this role see it."""
        answer = await self.call("GET", f"/notifications/{message_id}", by=self.staff(role))
        found: dict[str, Any] = answer.require(200)
        return found

    async def retry_several(self, *message_ids: object) -> list[tuple[str, str | None]]:
        """Retry messages as an admin; return result and status of each."""
        body = {"ids": [str(each) for each in message_ids]}
        answer = await self.call("POST", "/notifications/bulk/retry", by=self.staff(), json=body)
        return [(each["result"], each["status"]) for each in answer.require(200)["items"]]

    async def try_test_message(self, channel: Channel, to: str, role: Role = Role.ADMIN) -> Answer:
        """Send a test message as staff of this role."""
        return await self.call("POST", "/settings/test", by=self.staff(role), json={"channel": channel.value, "to": to})

    async def try_retry(self, message_id: object) -> Answer:
        """Retry a message as an admin."""
        return await self.call("POST", f"/notifications/{message_id}/retry", by=self.staff())

    async def try_resend(self, message_id: object) -> Answer:
        """Send a message once more as an admin."""
        return await self.call("POST", f"/notifications/{message_id}/resend", by=self.staff())

    async def retry_failed(self, **params: str) -> dict[str, Any]:
        """Retry all failed messages as an admin; return how many."""
        answer = await self.call("POST", "/notifications/retry-failed", by=self.staff(), params=params)
        found: dict[str, Any] = answer.require(200)
        return found

    # --- sending

    async def send_due(self, *channels: Channel, rounds: int = 1) -> None:
        """Send what is due on these channels, all by default.

        Between two rounds of a channel as much time passes as the limits ask for at most.
        """
        for channel in channels or Channel:
            for turn in range(rounds):
                if turn:
                    self.clock.advance(timedelta(seconds=61))
                await self.senders[channel].send_due()

    def sender_with(self, channel: Channel, **settings: Any) -> Sender:
        """Return a sender like the real one with other settings."""
        return replace(self.senders[channel], settings=self.settings.model_copy(update=settings))

    async def queue_state(self) -> QueueState:
        """Return the snapshot of the queue that `startline doctor` judges."""
        async with self.database.read() as session:
            return await queue_state(session)


def _subject_of(payload: Payload) -> UUID | None:
    """The subject of an event that is not about one registration."""
    match payload:
        case RaceChanged():
            return payload.event.event_id
        case AccessLinksRequested():
            return payload.request_id
    return None
