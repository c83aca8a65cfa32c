"""Routes for the state of senders and for test messages."""

from collections.abc import Mapping
from typing import Annotated, Any

from chassis.auth.access import Admin, AnyStaff
from chassis.canonical.emails import canonical_email
from chassis.canonical.phones import canonical_whatsapp
from chassis.errors import InvalidFields
from chassis.web.dependencies import OwnDatabase, Read, from_state
from chassis.web.models import Body, Line, View, Words
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Refused
from pydantic import AwareDatetime

from notification.channels.port import Outcome
from notification.limiter.queries import sender_state
from notification.limiter.rules import SenderState
from notification.messages.rules import Channel
from notification.preferences.queries import PreferencesReader
from notification.preferences.rules import ChannelPreferences
from notification.queue.errors import ChannelNotConfigured, TooManyTests
from notification.queue.health import MOST_COUNTED, throughput
from notification.queue.probe import SUMMARIES, Prober

_READERS: Mapping[Channel, Any] = {Channel.EMAIL: canonical_email, Channel.WHATSAPP: canonical_whatsapp}


class SenderView(View):
    """The state of a channel's sender.

    `trouble` is the code of the failure that pauses the sender; the provider's text is in the log. The last failure may
    also be one of a single recipient. `waiting` counts 100,000 messages at most; `left_this_minute` is how many more
    may be sent within the current 60 seconds.
    """

    channel: Channel
    enabled: bool
    configured: bool
    missing: str | None
    trouble: str | None
    trouble_since: AwareDatetime | None
    paused_until: AwareDatetime | None
    last_sent_at: AwareDatetime | None
    last_success_at: AwareDatetime | None
    last_failure_at: AwareDatetime | None
    last_failure_reason: str | None
    sent_last_hour: int
    sent_last_day: int
    waiting: int
    waiting_is_more: bool
    limit_per_minute: int
    left_this_minute: int


class MessageTest(Body):
    """The channel to test and the address to send to."""

    channel: Channel
    to: Line


class MessageTestResult(View):
    """What became of a test message.

    `reason` is the code of a failure; `provider_said` the provider's own words without addresses and numbers, null if
    it said none; `summary` what it means.
    """

    channel: Channel
    to: str
    outcome: Outcome
    reason: str | None
    provider_said: str | None
    summary: Words


Reader = Annotated[PreferencesReader, from_state("preferences")]
OwnProber = Annotated[Prober, from_state("prober")]

router = Router(tags=["settings"])


@router.get("/senders")
async def list_senders(_: AnyStaff, session: Read, database: OwnDatabase, reader: Reader) -> list[SenderView]:
    """Return the state of each channel's sender: what it may send, what it sent, and what went wrong last."""
    preferences = await reader.load(session)
    now = await database.server_time(session)
    return [
        _view(
            channel,
            preferences.channels[channel],
            await sender_state(session, channel, now=now),
            missing=preferences.missing(channel),
            **vars(await throughput(session, channel, now=now)),
        )
        for channel in Channel
    ]


def _view(
    channel: Channel, chosen: ChannelPreferences, state: SenderState, *, missing: str | None, **counts: int
) -> SenderView:
    limit = chosen.pace.max_per_minute
    fields = {name: value for name, value in vars(state).items() if name != "recent"}
    return SenderView(
        channel=channel,
        enabled=chosen.enabled,
        configured=missing is None,
        missing=missing,
        **fields,
        **counts,
        waiting_is_more=counts["waiting"] == MOST_COUNTED,
        limit_per_minute=limit,
        left_this_minute=max(0, limit - state.recent),
    )


@router.post("/settings/test", responses=errors(InvalidFields, ChannelNotConfigured, TooManyTests))
async def send_test_message(body: MessageTest, staff: Admin, prober: OwnProber) -> MessageTestResult:
    """Send one test message now, also while the channel is off or pauses, and answer what the provider said.

    One in 20 seconds for each channel. The limits of other messages count it, and success ends a pause.
    """
    try:
        recipient = _READERS[body.channel](body.to)
    except Refused as refused:
        raise InvalidFields(("to", refused.wording)) from None
    result = await prober.send(body.channel, recipient, by=staff.actor)
    summary = Words.model_validate(SUMMARIES[result.outcome])
    return MessageTestResult(channel=body.channel, to=recipient, **vars(result), summary=summary)
