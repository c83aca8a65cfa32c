"""Test messages: one is sent now, past the queue, through the account that messages use."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from chassis.database import Database, already_stored
from chassis.telemetry import logger
from chassis.wording import Wording

from notification.channels.errors import NotSent
from notification.channels.port import MessageChannel, OutboundMessage, Outcome
from notification.channels.provider_log import provider_texts
from notification.limiter.commands import end_slot, resume_sender, take_test_slot
from notification.messages.rules import Channel, Locale
from notification.preferences.connections import Connect
from notification.preferences.queries import PreferencesReader
from notification.preferences.rules import Preferences
from notification.queue.errors import ChannelNotConfigured, TooManyTests
from notification.templates.rendering import LinkFacts, Renderer
from notification.templates.rules import Template

log = logger(__name__)

TEST_LIMIT_SECONDS = 20.0
"""Time limit of a test message: a person waits for the answer."""

_GRACE_SECONDS = 5.0

_TEXTS: Mapping[Locale, Template] = {
    Locale.ENGLISH: Template(
        subject="Test message",
        body="This is a test message of the registration platform. If you can read it, messages to runners arrive.",
    ),
    Locale.INDONESIAN: Template(
        subject="Pesan uji",
        body="Ini pesan uji dari platform pendaftaran. Jika Anda membacanya, pesan untuk pelari akan sampai.",
    ),
}

SUMMARIES: Mapping[Outcome, Wording] = {
    Outcome.SENT: Wording(
        en="The provider accepted the message. Look whether it arrives.",
        id="Penyedia menerima pesan ini. Periksa apakah pesannya sampai.",
    ),
    Outcome.TEMPORARY: Wording(
        en="The provider did not accept the message now; it may accept it later.",
        id="Penyedia belum menerima pesan ini; mungkin diterima nanti.",
    ),
    Outcome.PERMANENT: Wording(
        en="The provider refused this message for good: check the address.",
        id="Penyedia menolak pesan ini: periksa alamatnya.",
    ),
    Outcome.SENDER_FAILURE: Wording(
        en="The account cannot send: check token, device, server and password.",
        id="Akun ini tidak dapat mengirim: periksa token, perangkat, server, dan kata sandinya.",
    ),
    Outcome.UNKNOWN: Wording(
        en="The provider did not answer in time; the message may have been sent.",
        id="Penyedia tidak menjawab tepat waktu; pesannya mungkin terkirim.",
    ),
}


@dataclass(frozen=True)
class ProbeResult:
    """The result of a test message. `reason` is the code of a failure, `provider_said` the provider's own words."""

    outcome: Outcome
    reason: str | None
    provider_said: str | None


@dataclass(frozen=True)
class Prober:
    """Sends test messages.

    Args:
        connecting: returns each channel for the current settings.
    """

    database: Database
    preferences: PreferencesReader
    renderer: Renderer
    connecting: Mapping[Channel, Connect]

    async def send(self, channel: Channel, recipient: str, *, by: str) -> ProbeResult:
        """Send a test message to a canonical address and return the result. Success ends the pause of the sender.

        Raises:
            ChannelNotConfigured, TooManyTests.
        """
        preferences, began = await self._begin(channel, by=by)
        message = self._message(channel, recipient, preferences.default_locale)
        result = await _sent(self.connecting[channel](preferences), message)
        with already_stored():
            await self._record(channel, result, began=began, by=by)
        return result

    async def _begin(self, channel: Channel, *, by: str) -> tuple[Preferences, datetime]:
        async with self.database.work() as work:
            preferences = await self.preferences.load(work.session)
            missing = preferences.missing(channel)
            if missing is not None:
                raise ChannelNotConfigured(missing=missing)
            began = await take_test_slot(work, channel)
            if began is None:
                raise TooManyTests
            await work.audit(by, "settings.test", channel)
        return preferences, began

    async def _record(self, channel: Channel, result: ProbeResult, *, began: datetime, by: str) -> None:
        succeeded = result.outcome is Outcome.SENT
        async with self.database.work() as work:
            await end_slot(work, channel, began=began, failure=None if succeeded else result.reason)
            if succeeded:
                await resume_sender(work, channel)
            await work.audit(by, "settings.test_result", channel, outcome=result.outcome, reason=result.reason)

    def _message(self, channel: Channel, recipient: str, locale: Locale) -> OutboundMessage:
        text, is_mail = _TEXTS[locale], channel is Channel.EMAIL
        return OutboundMessage(
            id=uuid4(),
            recipient=recipient,
            recipient_name="",
            body=text.body,
            subject=text.subject if is_mail else "",
            html=self.renderer.page(text, LinkFacts(()), locale, qr_source=None) if is_mail else "",
        )


async def _sent(provider: MessageChannel, message: OutboundMessage) -> ProbeResult:
    with provider_texts() as said:
        outcome, reason = await _outcome(provider, message)
    return ProbeResult(outcome, reason, said[-1] if said else None)


async def _outcome(provider: MessageChannel, message: OutboundMessage) -> tuple[Outcome, str | None]:
    try:
        async with asyncio.timeout(TEST_LIMIT_SECONDS + _GRACE_SECONDS):
            await provider.send(message)
    except NotSent as failure:
        return failure.outcome, failure.reason
    except TimeoutError:
        return Outcome.UNKNOWN, "took_too_long"
    except Exception as error:  # noqa: BLE001  # any error may have occurred after the message was sent
        log.warning("test_failed_unforeseen", error=type(error).__name__)
        return Outcome.UNKNOWN, f"unforeseen: {type(error).__name__}"
    return Outcome.SENT, None
