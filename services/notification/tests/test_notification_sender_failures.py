"""One address never stops the others, and a cause that messages share is not judged message by message."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from notification.channels.errors import NotSent, OutcomeUnknown, SenderFailure, TemporaryFailure
from notification.channels.port import Culprit, OutboundMessage
from notification.limiter import circuit_breaker
from notification.limiter.rules import is_sender_failure, pause_when_silent
from notification.messages.rules import Channel
from notification.queue.sender import Sender
from notification.worker import release
from testkit.clocks import ManualClock

from .moody_mail_server import BEFORE_DATA, DRIPS_AT_END, MoodyServer, serving
from .notification_driver import NotificationDriver, settings_for
from .notification_events import runner

MAIL, WHATSAPP = Channel.EMAIL, Channel.WHATSAPP
TICKETS = "SELECT status, count(*) AS count FROM notifications WHERE channel = :on AND event_type = :of GROUP BY 1"


class Provider:
    """Takes every message, or fails as `failure` returns."""

    def __init__(self, failure: Callable[[OutboundMessage], NotSent | None]) -> None:
        self.failure = failure
        self.tried: list[str] = []
        self.sent: list[str] = []

    async def send(self, message: OutboundMessage) -> str | None:
        self.tried.append(message.recipient)
        failure = self.failure(message)
        if failure is not None:
            raise failure
        self.sent.append(message.recipient)
        return None

    def behind(self, sender: Sender) -> Sender:
        """Return that sender with this provider at the other end."""
        return replace(sender, connect=lambda _: self)


@asynccontextmanager
async def writing_to(server: MoodyServer, url: str, clock: ManualClock) -> AsyncIterator[NotificationDriver]:
    async with serving(server) as port:
        settings = settings_for(url, smtp_port=port, send_timeout_seconds=0.1, send_lease_seconds=1)
        driver = NotificationDriver(settings, clock=clock)
        try:
            await driver.lift_limits()
            yield driver
        finally:
            await driver.close()


async def hours(driver: NotificationDriver, count: int) -> None:
    for _ in range(12 * count):
        await driver.send_due(MAIL)
        driver.clock.advance(timedelta(minutes=5))


async def tickets(driver: NotificationDriver, channel: Channel = MAIL) -> dict[str, int]:
    found = await driver.rows(TICKETS, on=channel.value, of="registration.confirmed")
    return {row["status"]: row["count"] for row in found}


async def ticket_to(driver: NotificationDriver, *addresses: str) -> None:
    for address in addresses:
        await driver.register_confirmed(runner(email=address))


OTHERS = [f"r{place}@example.com" for place in range(6)]


@pytest.mark.parametrize("mood", [None, *BEFORE_DATA])
async def test_an_address_that_a_mail_server_cannot_serve_ends_alone(
    database_url: str, clock: ManualClock, mood: str | None
) -> None:
    server = MoodyServer({"budi@tarpit.example": mood}.get)
    async with writing_to(server, database_url, clock) as driver:
        await ticket_to(driver, "budi@tarpit.example", *OTHERS)
        await hours(driver, 2)
        assert sorted(set(server.taken) - {"budi@tarpit.example"}) == OTHERS

        await hours(driver, 4)
        assert await tickets(driver) == ({"sent": 7} if mood is None else {"sent": 6, "failed": 1})


async def test_addresses_with_all_kinds_of_trouble_leave_the_others_their_mail(
    database_url: str, clock: ManualClock
) -> None:
    # given
    moods = {f"m{place}@tarpit.example": mood for place, mood in enumerate([*BEFORE_DATA, DRIPS_AT_END])}
    server = MoodyServer(moods.get)
    async with writing_to(server, database_url, clock) as driver:
        await ticket_to(driver, *moods, *OTHERS)
        # when
        await hours(driver, 2)
        # then
        assert sorted(server.taken) == OTHERS
        await hours(driver, 6)
        assert await tickets(driver) == {"sent": 6, "failed": 5, "unknown": 1}


async def test_a_line_that_begins_with_a_troubled_domain_reaches_the_others(
    driver: NotificationDriver, clock: ManualClock
) -> None:
    def failure(message: OutboundMessage) -> NotSent | None:
        down = message.recipient.endswith("@down.example")
        return SenderFailure("mail_refused_421", Culprit.RECIPIENT) if down else None

    provider = Provider(failure)
    await driver.lift_limits()
    await ticket_to(driver, *(f"m{place}@down.example" for place in range(20)), *OTHERS)
    for _ in range(120):
        await provider.behind(driver.senders[MAIL]).send_due()
        clock.advance(timedelta(minutes=5))
    assert sorted(provider.sent) == OTHERS
    assert await tickets(driver) == {"sent": 6, "failed": 20}


async def test_a_message_that_met_trouble_goes_behind_all_others(
    driver: NotificationDriver, clock: ManualClock
) -> None:
    provider = Provider(lambda message: SenderFailure("no") if message.recipient == "budi@x.example" else None)
    await driver.lift_limits()
    await ticket_to(driver, "budi@x.example", *OTHERS)
    for _ in range(100):
        await provider.behind(driver.senders[MAIL]).send_due()
        clock.advance(timedelta(minutes=4))

    assert provider.tried[: len(OTHERS) + 1] == ["budi@x.example", *OTHERS]
    assert await tickets(driver) == {"sent": 6, "failed": 1}
    assert provider.tried.count("budi@x.example") == 10, "the first try may have been the sender's trouble"


async def test_without_stepping_behind_one_address_would_be_tried_first_again_and_again(
    driver: NotificationDriver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def senders(*_: Any, **__: Any) -> circuit_breaker.Attribution:
        return circuit_breaker.Attribution(is_sender_failure=True, streak=0, suspected=False)

    monkeypatch.setattr("notification.queue.outcomes.record_failure", senders)
    provider = Provider(lambda message: SenderFailure("no") if message.recipient == "budi@x.example" else None)
    await ticket_to(driver, "budi@x.example", *OTHERS)
    for _ in range(10):
        await provider.behind(driver.senders[MAIL]).send_one()
        clock.advance(timedelta(minutes=4))
    assert provider.sent == []


async def an_hour_of(driver: NotificationDriver, failure: NotSent, channel: Channel) -> Provider:
    start = driver.clock()
    provider = Provider(lambda _: failure if driver.clock() - start < timedelta(hours=1) else None)
    sender = provider.behind(driver.senders[channel])
    for _ in range(180):
        await sender.send_due()
        driver.clock.advance(timedelta(seconds=60))
    return provider


@pytest.mark.parametrize(
    "failure", [TemporaryFailure("mail_refused_451"), SenderFailure("mail_refused_421", Culprit.RECIPIENT)]
)
async def test_an_hour_in_which_every_message_is_refused_costs_none(
    driver: NotificationDriver, failure: NotSent
) -> None:
    await ticket_to(driver, *OTHERS)
    provider = await an_hour_of(driver, failure, MAIL)

    assert sorted(provider.sent) == OTHERS
    assert len(provider.tried) < 25, "the sender rested"
    assert {each["retry_count"] for each in await driver.messages(channel="email", status="sent")} == {0}


@pytest.mark.parametrize("lone", [TemporaryFailure("mail_refused_451"), SenderFailure("silent", Culprit.RECIPIENT)])
async def test_an_hour_in_which_the_only_message_is_put_off_costs_it_nothing(
    driver: NotificationDriver, lone: NotSent
) -> None:
    await ticket_to(driver, "ani@example.com")
    provider = await an_hour_of(driver, lone, MAIL)

    assert provider.sent == ["ani@example.com"]
    assert len(provider.tried) < 8


async def test_whatsapp_that_is_busy_for_an_hour_gets_the_only_message_in_the_end(driver: NotificationDriver) -> None:
    await ticket_to(driver, "ani@example.com")
    provider = await an_hour_of(driver, TemporaryFailure("whatsapp_refused"), WHATSAPP)
    assert len(provider.sent) == 1


async def test_what_was_put_off_often_costs_the_others_no_turn(driver: NotificationDriver) -> None:
    # given
    slow = Provider(lambda message: TemporaryFailure("451") if message.recipient == "budi@x.example" else None)
    sender = slow.behind(driver.senders[MAIL])
    await driver.lift_limits()
    await ticket_to(driver, "budi@x.example")
    for _ in range(4):
        await sender.send_due()
        driver.clock.advance(timedelta(hours=1))
    # when
    await ticket_to(driver, *OTHERS)
    await sender.send_due()
    # then
    assert slow.tried == ["budi@x.example"] * 4 + [*OTHERS, "budi@x.example"]


async def test_a_message_that_is_put_off_past_its_deadline_is_not_tried_again(driver: NotificationDriver) -> None:
    await driver.register()
    provider = Provider(lambda _: TemporaryFailure("451"))
    await driver.execute("UPDATE notifications SET deadline = :at", at=driver.clock() + timedelta(minutes=20))
    for _ in range(30):
        await provider.behind(driver.senders[MAIL]).send_due()
        driver.clock.advance(timedelta(minutes=5))

    (message,) = await driver.messages(channel="email")
    assert (message["status"], len(message["attempts"])) == ("skipped", 3)


async def test_a_provider_that_takes_messages_and_never_answers_leaves_a_handful_unknown(
    driver: NotificationDriver,
) -> None:
    # given
    for _ in range(12):
        await driver.register_confirmed()
    await an_hour_of(driver, OutcomeUnknown("whatsapp_silent"), WHATSAPP)
    unknown = (await tickets(driver, WHATSAPP))["unknown"]
    assert 2 <= unknown <= 5
    # when staff retry all of them at once
    assert await driver.retry_failed() == {"retried": 0}
    assert await driver.retry_failed(include_unknown="true", channel="whatsapp") == {"retried": unknown}
    # then
    assert "unknown" not in await tickets(driver, WHATSAPP)


def _without_circuit_breaker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attribute every failure to its message."""

    async def messages(*_: Any, **__: Any) -> circuit_breaker.Attribution:
        return circuit_breaker.Attribution(is_sender_failure=False, streak=0)

    monkeypatch.setattr("notification.queue.outcomes.record_failure", messages)


@pytest.mark.parametrize("guarded", [True, False])
async def test_only_the_circuit_breaker_saves_messages_from_a_long_trouble_of_the_provider(
    driver: NotificationDriver, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    if not guarded:
        _without_circuit_breaker(monkeypatch)
    await driver.lift_limits()
    await ticket_to(driver, *OTHERS)
    provider = Provider(lambda _: TemporaryFailure("mail_refused_451"))
    for _ in range(24):
        await provider.behind(driver.senders[MAIL]).send_due()
        driver.clock.advance(timedelta(minutes=30))

    assert await tickets(driver) == {"pending" if guarded else "failed": len(OTHERS)}


async def test_without_the_circuit_breaker_a_silent_provider_leaves_every_message_unknown(
    driver: NotificationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    _without_circuit_breaker(monkeypatch)
    for _ in range(12):
        await driver.register_confirmed()
    await an_hour_of(driver, OutcomeUnknown("whatsapp_silent"), WHATSAPP)

    assert await tickets(driver, WHATSAPP) == {"unknown": 12}


async def test_retrying_the_unknown_ones_ends_the_senders_pause(driver: NotificationDriver) -> None:
    for _ in range(3):
        await driver.register_confirmed()
    sender = Provider(lambda _: OutcomeUnknown("whatsapp_silent")).behind(driver.senders[WHATSAPP])
    for _ in range(3):
        await sender.send_due()
        driver.clock.advance(timedelta(seconds=61))
    assert (await driver.sender_states())[0]["trouble"] == "whatsapp_silent"

    await driver.retry_failed(include_unknown="true")
    assert (await driver.sender_states())[0]["paused_until"] is None


async def lose_the_worker_of(driver: NotificationDriver, address: str) -> None:
    """Lose the worker that took the message to that address before it tried to send it."""
    taken = (
        "UPDATE notifications SET status = 'sending', lease = gen_random_uuid(), leased_until = now() - interval '1 s'"
        " WHERE participant_id = (SELECT participant_id FROM contact_participants WHERE email = :address)"
        " AND status = 'pending'"
    )
    await driver.execute(taken, address=address)
    await release(driver.database)


async def test_a_worker_dying_of_a_message_does_not_keep_the_others_waiting(driver: NotificationDriver) -> None:
    await ticket_to(driver, "deadly@x.example", "ani@example.com")
    for _ in range(2):
        await lose_the_worker_of(driver, "deadly@x.example")
    provider = Provider(lambda _: None)
    await provider.behind(driver.senders[MAIL]).send_one()
    assert provider.sent == ["ani@example.com"]


async def test_a_message_whose_worker_went_once_keeps_its_place(driver: NotificationDriver) -> None:
    await ticket_to(driver, "unlucky@x.example", "ani@example.com")
    await lose_the_worker_of(driver, "unlucky@x.example")
    provider = Provider(lambda _: None)
    await driver.lift_limits()
    await provider.behind(driver.senders[MAIL]).send_due()
    assert provider.sent == ["unlucky@x.example", "ani@example.com"]
    (message, _) = await driver.messages(channel="email", status="sent")
    assert message["failed_reason"] is None


@pytest.mark.parametrize(
    ("culprit", "others", "again", "senders"),
    [
        (Culprit.SENDER, False, False, True),
        (Culprit.SENDER, False, True, True),
        (Culprit.RECIPIENT, False, False, False),
        (Culprit.RECIPIENT, True, False, True),
        (Culprit.EITHER, False, False, True),
        (Culprit.EITHER, False, True, False),
        (Culprit.EITHER, True, True, True),
    ],
)
def test_the_culprit_decides_whose_trouble_it_is(culprit: Culprit, others: bool, again: bool, senders: bool) -> None:
    assert is_sender_failure(culprit, others=others, again=again) is senders


@pytest.mark.parametrize(("troubles", "minutes"), [(1, 15), (2, 30), (4, 120), (5, 240), (6, 240), (1000, 240)])
def test_pauses_in_silence_double_up_to_four_hours(troubles: int, minutes: int) -> None:
    assert pause_when_silent(troubles) == timedelta(minutes=minutes)
