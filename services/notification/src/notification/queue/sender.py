"""Sending the messages of one channel, one after the other. Several replicas may run concurrently."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

from chassis.database import Database, is_unavailable
from chassis.errors import OutcomeUnknown
from chassis.telemetry import logger
from prometheus_client import Counter

from notification.channels.errors import NotSent
from notification.channels.port import MessageChannel, OutboundMessage, Outcome
from notification.limiter.commands import record_enabled
from notification.limiter.queries import find_sender, may_send
from notification.limiter.rules import PROBE_AFTER, Pace
from notification.message_log.rules import KEPT
from notification.message_log.sealing import MessageSealer, SealedMessage
from notification.messages.rules import Channel
from notification.preferences.connections import Connect
from notification.preferences.queries import PreferencesReader
from notification.preferences.rules import ChannelPreferences, Preferences
from notification.queue import commands, outcomes
from notification.queue.commands import Attempt, Claim
from notification.queue.composition import compose, load_inputs
from notification.queue.outcomes import AttemptResult, RetryPolicy
from notification.queue.reports import apply_report, lock_provider_id
from notification.queue.rules import NO_ACCOUNT, OFF
from notification.settings import Settings
from notification.templates.rendering import Renderer

log = logger(__name__)

ATTEMPTS = Counter("startline_notification_attempts_total", "Attempts to send a message", ["channel", "outcome"])

Result = TypeVar("Result")

_RECORD_RETRY_SECONDS = (0.2, 1.0, 3.0, 10.0)
_ROUND_SECONDS = 30.0


@dataclass(frozen=True)
class Sender:
    """Sends the messages of one channel.

    Args:
        sealer: seals what was sent, for the log.
        connect: returns the channel for the current settings.
    """

    channel: Channel
    database: Database
    settings: Settings
    preferences: PreferencesReader
    renderer: Renderer
    sealer: MessageSealer
    connect: Connect

    @cached_property
    def lease_for(self) -> timedelta:
        """Return the duration of a claim."""
        return timedelta(seconds=self.settings.send_lease_seconds)

    async def send_due(self) -> None:
        """Send until no message is due, the rate limit is reached, or 30 s are over: periodic jobs have a time limit.

        When cancelled, the message being sent is finished first.
        """
        ends = time.monotonic() + _ROUND_SECONDS
        while await self._finishing(self.send_one()) and time.monotonic() < ends:
            pass

    async def _finishing(self, sending: Coroutine[Any, Any, bool]) -> bool:
        task = asyncio.ensure_future(sending)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.gather(task, return_exceptions=True)
            raise

    async def send_one(self) -> bool:
        """Send the next message. Return False if none may be sent now."""
        async with self.database.read() as session:
            preferences = await self.preferences.load(session)
            sender = await find_sender(session, self.channel)
            now = await self.database.server_time(session)
        chosen = preferences.channels[self.channel]
        if sender.enabled != chosen.enabled:
            await self._record_enabled(enabled=chosen.enabled)
        if not chosen.enabled or preferences.missing(self.channel) is not None:
            await self._skip_channel(preferences, chosen)
            return False
        if not may_send(sender, chosen.pace, now=now):
            return False
        async with self.database.work() as work:
            claim = await commands.claim_next(
                work,
                self.channel,
                lease_for=self.lease_for,
                gap=chosen.pace.gap,
                probing=sender.troubles >= PROBE_AFTER,
            )
        return claim is not None and await self._send(claim, preferences, chosen)

    async def _send(self, claim: Claim, preferences: Preferences, chosen: ChannelPreferences) -> bool:
        policy = self._policy(chosen)
        try:
            async with self.database.read() as session:
                inputs = await load_inputs(session, claim, preferences.default_locale, now=self.database.clock())
            if inputs.superseded:
                return await self._skip(claim)
            message = await compose(inputs, self.renderer)
        except Exception as error:
            if is_unavailable(error):
                raise
            await self._record_composition_failure(claim, error, policy)
            return True
        attempt = await self._begin(claim, chosen.pace, message)
        if attempt is None:
            return False
        result = await self._call(message, self.connect(preferences))
        sealed = self.sealer.seal(self.channel, message) if result.outcome in KEPT else None
        await self._record(attempt, result, policy, sealed)
        return True

    async def _begin(self, claim: Claim, pace: Pace, message: OutboundMessage) -> Attempt | None:
        """Record the attempt. If the answer to COMMIT gets lost, check whether it is stored: nothing was sent yet."""
        try:
            async with self.database.work() as work:
                return await commands.begin_attempt(
                    work, claim, pace, lease_for=self.lease_for, recipient=message.recipient
                )
        except OutcomeUnknown:
            return await self._with_retries(lambda: self._resume(claim))

    async def _resume(self, claim: Claim) -> Attempt | None:
        async with self.database.work() as work:
            return await commands.resume_attempt(work, claim, lease_for=self.lease_for)

    async def _skip_channel(self, preferences: Preferences, chosen: ChannelPreferences) -> None:
        """Skip all waiting messages, unless the account exists and only its secret cannot be decrypted."""
        if chosen.enabled and preferences.is_set_up(self.channel):
            return
        async with self.database.work() as work:
            await commands.skip_channel(work, self.channel, NO_ACCOUNT if chosen.enabled else OFF)

    async def _call(self, message: OutboundMessage, provider: MessageChannel) -> AttemptResult:
        try:
            async with asyncio.timeout(self.settings.send_guard_seconds):
                result = AttemptResult(Outcome.SENT, provider_id=await provider.send(message))
        except NotSent as failure:
            result = AttemptResult(failure.outcome, reason=failure.reason, culprit=failure.culprit)
        except TimeoutError:
            result = AttemptResult(Outcome.UNKNOWN, reason=f"{self.channel}_took_too_long")
        except Exception as error:  # noqa: BLE001  # any error may have occurred after the message was sent
            log.warning("send_failed_unforeseen", channel=self.channel, error=type(error).__name__)
            result = AttemptResult(Outcome.UNKNOWN, reason=f"unforeseen: {type(error).__name__}")
        ATTEMPTS.labels(self.channel, result.outcome).inc()
        log.info("message_attempted", channel=self.channel, notification_id=str(message.id), outcome=result.outcome)
        return result

    async def _record(
        self, attempt: Attempt, result: AttemptResult, policy: RetryPolicy, sealed: SealedMessage | None
    ) -> None:
        """Record the result: without a record it counts as unknown."""
        await self._with_retries(lambda: self._record_once(attempt, result, policy, sealed))

    async def _with_retries(self, store: Callable[[], Awaitable[Result]]) -> Result:
        """Store something, with retries while the database is unavailable."""
        for delay in _RECORD_RETRY_SECONDS:
            try:
                return await store()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                await asyncio.sleep(delay)
        return await store()

    async def _record_once(
        self, attempt: Attempt, result: AttemptResult, policy: RetryPolicy, sealed: SealedMessage | None
    ) -> None:
        async with self.database.work() as work:
            if result.provider_id is not None:
                await lock_provider_id(work, result.provider_id)
            await outcomes.end_attempt(work, attempt, result, policy, sealed=sealed)
            if result.provider_id is not None:
                await apply_report(work, result.provider_id)

    async def _record_composition_failure(self, claim: Claim, error: Exception, policy: RetryPolicy) -> None:
        """Record that a message could not be composed. It is retried, as staff may fix the template."""
        log.warning("message_not_composed", notification_id=str(claim.id), error=type(error).__name__)
        result = AttemptResult(Outcome.TEMPORARY, reason=f"could not be composed: {type(error).__name__}")
        async with self.database.work() as work:
            await outcomes.apply_result(work, claim, result, policy)

    async def _skip(self, claim: Claim) -> bool:
        async with self.database.work() as work:
            await commands.skip(work, claim)
        return True

    async def _record_enabled(self, *, enabled: bool) -> None:
        async with self.database.work() as work:
            await record_enabled(work, self.channel, enabled=enabled)

    def _policy(self, chosen: ChannelPreferences) -> RetryPolicy:
        return RetryPolicy(
            limit=chosen.retry_limit,
            base=timedelta(seconds=self.settings.retry_base_seconds),
            pause_base=timedelta(seconds=self.settings.pause_base_seconds),
        )
