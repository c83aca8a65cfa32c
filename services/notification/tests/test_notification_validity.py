"""Messages are sent while they hold and in time, and the most urgent go first."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from notification.channels.errors import TemporaryFailure
from notification.channels.port import OutboundMessage
from notification.messages.rules import Channel
from notification.queue import order
from notification.queue.commands import claim_next
from notification.queue.composition import MessageInputs, compose
from notification.templates.rendering import Renderer
from notification.worker import release
from simulators.testing import Stage
from testkit.clocks import ManualClock

from .notification_driver import NotificationDriver
from .notification_events import RACE, Entry, offered, runner
from .test_notification_sender_failures import Provider
from .test_notification_waitlist import OFFERED

MAIL, WHATSAPP = Channel.EMAIL, Channel.WHATSAPP
CREATED, UPLOADED, REJECTED = "registration.created", "payment.uploaded", "payment.rejected"


async def fail_all(driver: NotificationDriver) -> None:
    await driver.execute("UPDATE notifications SET status = 'failed', failed_reason = 'no' WHERE status = 'pending'")


async def failing_until(driver: NotificationDriver, kind: str) -> Entry:
    """Return a registration whose message of that type failed before another proof was uploaded."""
    entry, now, first = await driver.register(), driver.clock(), uuid4()
    if kind != CREATED:
        await driver.deliver(entry.uploaded(at=now, payment_id=first))
    if kind == REJECTED:
        await driver.deliver(entry.rejected(at=now + timedelta(minutes=1), payment_id=first))
    await fail_all(driver)
    await driver.deliver(entry.uploaded(at=now + timedelta(minutes=2)))
    return entry


@pytest.mark.parametrize("kind", [CREATED, UPLOADED, REJECTED])
async def test_a_message_that_failed_before_the_next_proof_is_not_tried_again(
    driver: NotificationDriver, kind: str
) -> None:
    await failing_until(driver, kind)
    failed = [each for each in await driver.messages(status="failed", channel="email") if each["event_type"] == kind]
    assert len(failed) == 1

    assert await driver.retry_failed() == {"retried": 0}
    answer = await driver.try_retry(failed[0]["id"])
    assert (answer.status, answer.code) == (409, "message_superseded")


async def test_the_newest_message_about_a_payment_is_retried_when_it_failed(driver: NotificationDriver) -> None:
    entry = await driver.register()
    await driver.deliver(entry.uploaded(at=driver.clock(), payment_id=(payment := uuid4())))
    await driver.deliver(entry.rejected(at=driver.clock(), payment_id=payment))
    await fail_all(driver)
    assert await driver.retry_failed() == {"retried": 2}


async def test_a_refusal_on_its_way_is_not_tried_again_after_the_next_proof(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    # given
    entry = await connected.register()
    await connected.deliver(entry.uploaded(at=clock(), payment_id=(payment := uuid4())))
    await connected.deliver(entry.rejected(at=clock(), payment_id=payment))
    async with connected.database.work() as work:
        assert await claim_next(work, MAIL, lease_for=timedelta(seconds=60))
    # when
    await connected.deliver(entry.uploaded(at=clock()))
    clock.advance(timedelta(seconds=61))
    await release(connected.database)
    await connected.lift_limits()
    await connected.send_due(MAIL, rounds=3)
    # then
    assert (REJECTED, "skipped") in await connected.statuses_of(entry, MAIL)
    assert len(await stage.items("mail")) == 1


async def test_a_refusal_whose_attempt_is_put_off_while_the_next_proof_arrives_is_not_tried_again(
    driver: NotificationDriver,
) -> None:
    """The attempt is under way when the proof arrives, and ends with 451."""
    entry, payment = await driver.register(), uuid4()
    await driver.deliver(entry.uploaded(at=driver.clock(), payment_id=payment))
    await driver.deliver(entry.rejected(at=driver.clock(), payment_id=payment))

    class Slow(Provider):
        async def send(self, message: OutboundMessage) -> str | None:
            if not self.tried:
                await driver.deliver(entry.uploaded(at=driver.clock()))
            return await super().send(message)

    provider = Slow(lambda _: TemporaryFailure("mail_refused_451") if len(provider.tried) == 1 else None)
    for _ in range(12):
        await provider.behind(driver.senders[MAIL]).send_due()
        driver.clock.advance(timedelta(minutes=10))

    assert (len(provider.tried), len(provider.sent)) == (2, 1)
    statuses = await driver.statuses_of(entry, MAIL)
    assert statuses[-2:] == [(REJECTED, "skipped"), (UPLOADED, "sent")]


async def test_an_event_that_arrives_while_a_message_is_composed_stops_it(
    driver: NotificationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event is handled after the message's parts were read and before it is tried."""
    entry = await driver.register()
    provider = Provider(lambda _: None)

    async def slowly(inputs: MessageInputs, renderer: Renderer) -> OutboundMessage:
        await driver.deliver(entry.cancelled())
        return await compose(inputs, renderer)

    monkeypatch.setattr("notification.queue.sender.compose", slowly)
    await provider.behind(driver.senders[MAIL]).send_one()
    assert provider.sent == []
    assert (CREATED, "skipped") in await driver.statuses_of(entry, MAIL)


@pytest.mark.parametrize(
    ("moment", "sent"),
    [(datetime(2027, 3, 7, 16, 30, tzinfo=UTC), 1), (datetime(2027, 3, 7, 17, 30, tzinfo=UTC), 0)],
)
async def test_a_ticket_leaves_until_the_race_day_is_over_where_it_is_run(
    driver: NotificationDriver, clock: ManualClock, moment: datetime, sent: int
) -> None:
    assert RACE.timezone == "Asia/Jakarta"
    await driver.register_confirmed()
    clock.advance(moment - clock())
    provider = Provider(lambda _: None)
    await provider.behind(driver.senders[MAIL]).send_due()
    assert len(provider.sent) == sent
    (ticket,) = [each for each in await driver.messages(channel="email") if each["event_type"] != CREATED]
    assert ticket["failed_reason"] == (None if sent else "its time was over before it was sent")


async def test_a_cancellation_is_sent_after_the_race_day_too(driver: NotificationDriver, clock: ManualClock) -> None:
    entry = await driver.register_confirmed()
    clock.advance(datetime(2027, 3, 9, tzinfo=UTC) - clock())
    await driver.deliver(entry.cancelled(revision=4))
    provider = Provider(lambda _: None)
    await provider.behind(driver.senders[MAIL]).send_due()
    assert provider.sent == [entry.pic.email]


@pytest.mark.parametrize("kind", [CREATED, REJECTED])
async def test_what_asks_to_pay_does_not_leave_after_the_deadline(
    driver: NotificationDriver, clock: ManualClock, kind: str
) -> None:
    entry = await driver.register()
    if kind == REJECTED:
        await driver.deliver(entry.rejected(at=clock()))
    clock.advance(timedelta(hours=25))
    provider = Provider(lambda _: None)
    await provider.behind(driver.senders[MAIL]).send_due()
    assert provider.sent == []
    assert (kind, "skipped") in await driver.statuses_of(entry, MAIL)
    await fail_all(driver)
    assert await driver.retry_failed() == {"retried": 0}


async def an_offer(driver: NotificationDriver, *, lasts: timedelta) -> Entry:
    entry = driver.new_entry(runner("Offer"))
    offer = offered(entry)
    await driver.deliver(offer.model_copy(update={"offer_expires_at": driver.clock() + lasts}))
    return entry


async def names_sent(driver: NotificationDriver, *, rounds: int, gap: timedelta = timedelta(seconds=11)) -> list[str]:
    names: list[str] = []

    def note(message: OutboundMessage) -> None:
        names.append(message.recipient_name)

    sender = Provider(note).behind(driver.senders[WHATSAPP])
    for _ in range(rounds):
        await sender.send_due()
        driver.clock.advance(gap)
    return names


async def test_an_offer_that_would_lapse_behind_the_tickets_goes_before_them(driver: NotificationDriver) -> None:
    for place in range(40):
        await driver.register_confirmed(runner(f"Ticket {place}"))
    entry = await an_offer(driver, lasts=timedelta(minutes=5))
    assert (await names_sent(driver, rounds=3))[0] == "Offer"
    assert await driver.statuses_of(entry) == [(OFFERED, "sent")]


@pytest.mark.parametrize("urgent", [True, False])
async def test_how_to_pay_with_an_hour_left_is_sent_in_time_behind_forty_tickets(
    driver: NotificationDriver, monkeypatch: pytest.MonkeyPatch, *, urgent: bool
) -> None:
    """One message in two minutes; the negative control sends strictly by priority."""
    if not urgent:
        monkeypatch.setattr(order, "_SAFETY_FACTOR", 0)
    await driver.change_settings(whatsapp_delay_seconds=120)
    for place in range(40):
        await driver.register_confirmed(runner(f"Ticket {place}"))
    entry = driver.new_entry(runner("Payer"))
    await driver.deliver(entry.created(expires_at=driver.clock() + timedelta(hours=1)))

    names = await names_sent(driver, rounds=42, gap=timedelta(seconds=121))

    assert ("Payer" in names) is urgent
    assert await driver.statuses_of(entry) == [(CREATED, "sent" if urgent else "skipped")]


async def test_an_offer_that_has_time_waits_for_the_tickets(driver: NotificationDriver) -> None:
    for place in range(4):
        await driver.register_confirmed(runner(f"Ticket {place}"))
    await an_offer(driver, lasts=timedelta(hours=12))
    assert (await names_sent(driver, rounds=5))[-1] == "Offer"


async def test_of_several_that_are_urgent_the_most_urgent_goes_first(driver: NotificationDriver) -> None:
    for minutes in (9, 3, 6):
        await an_offer(driver, lasts=timedelta(minutes=minutes))
    rows = "SELECT deadline FROM notifications WHERE channel = 'whatsapp' ORDER BY sent_at"
    await driver.change_settings(whatsapp_delay_seconds=120)
    sender = Provider(lambda _: None).behind(driver.senders[WHATSAPP])
    for _ in range(3):
        await sender.send_due()
        driver.clock.advance(timedelta(seconds=60))
        await driver.execute("UPDATE senders SET last_sent_at = NULL")
    sent = [row["deadline"] for row in await driver.rows(rows)]
    assert sent == sorted(sent)
