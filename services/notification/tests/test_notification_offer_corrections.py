"""Offers whose contact is corrected while they are open: one message for each address, the newest data in each."""

from typing import Any

import pytest
from contracts import WaitlistOffered
from notification.messages.rules import Channel
from notification.queue.commands import claim_next
from simulators.testing import Stage

from .notification_driver import NotificationDriver
from .notification_events import Entry, offered, runner
from .test_notification_waitlist import CREATED, OFFERED

WRONG, RIGHT = "ani@gmial.example", "ani@gmail.example"
MAIL = Channel.EMAIL


def corrected(entry: Entry, driver: NotificationDriver, revision: int, **fields: Any) -> WaitlistOffered:
    """Return the event of an open offer whose contact was corrected."""
    contact = entry.pic.model_copy(update=fields)
    return offered(entry).model_copy(update={"contact": contact, "revision": revision})


async def an_offer(driver: NotificationDriver, *, sent: bool = True) -> Entry:
    await driver.lift_limits()
    entry = driver.new_entry(runner("Ani", email=WRONG))
    await driver.deliver(offered(entry))
    if sent:
        await driver.send_due()
    return entry


async def addresses(stage: Stage) -> list[str]:
    return [each["to"] for each in await stage.items("mail")]


async def test_an_offer_that_waits_goes_to_the_corrected_contact_once(
    connected: NotificationDriver, stage: Stage
) -> None:
    entry = await an_offer(connected, sent=False)
    await connected.deliver(corrected(entry, connected, 1, full_name="Ani S", email=RIGHT, whatsapp="6281200001111"))
    await connected.send_due()

    (chat,), (mail,) = await stage.items("whatsapp"), await stage.items("mail")
    assert (chat["to"], mail["to"]) == ("6281200001111", RIGHT)
    assert "Halo Ani S," in chat["text"]
    assert await connected.rows("SELECT revision FROM contacts") == [{"revision": 1}]


async def test_an_offer_that_was_sent_goes_to_the_corrected_address_too_and_only_there(
    connected: NotificationDriver, stage: Stage
) -> None:
    entry = await an_offer(connected)
    for _ in range(2):
        await connected.deliver(corrected(entry, connected, 1, email=RIGHT))
        await connected.send_due()

    assert await addresses(stage) == [WRONG, RIGHT]
    assert len(await stage.items("whatsapp")) == 1, "the number is as it was"
    original, copy = await connected.messages(channel="email")
    assert (copy["resend_of"], copy["status"]) == (original["id"], "sent")


@pytest.mark.parametrize("fields", [{"full_name": "Ani S"}, {"email": "Ani@gmial.example"}])
async def test_a_correction_that_leaves_the_address_sends_no_second_offer(
    connected: NotificationDriver, stage: Stage, fields: dict[str, str]
) -> None:
    entry = await an_offer(connected)
    await connected.deliver(corrected(entry, connected, 1, **fields))
    await connected.send_due()

    assert await addresses(stage) == [WRONG]
    assert await connected.statuses_of(entry) == [(OFFERED, "sent")]


async def test_a_correction_that_is_taken_back_sends_no_second_offer_to_the_first_address(
    connected: NotificationDriver, stage: Stage
) -> None:
    entry = await an_offer(connected)
    await connected.deliver(corrected(entry, connected, 1, email=RIGHT))
    await connected.send_due()
    await connected.deliver(corrected(entry, connected, 2, email=WRONG))
    await connected.send_due()

    assert await addresses(stage) == [WRONG, RIGHT]


async def test_an_older_offer_that_comes_late_takes_nothing_back(connected: NotificationDriver, stage: Stage) -> None:
    await connected.lift_limits()
    entry = connected.new_entry(runner("Ani", email=WRONG))
    await connected.deliver(corrected(entry, connected, 1, email=RIGHT))
    await connected.send_due()
    await connected.deliver(offered(entry))
    await connected.send_due()

    assert await addresses(stage) == [RIGHT]


async def test_an_offer_that_failed_at_the_old_address_is_tried_at_the_new_one(
    connected: NotificationDriver, stage: Stage
) -> None:
    await stage.mode("mail", "failing")
    entry = await an_offer(connected)
    await connected.execute("UPDATE notifications SET status = 'failed', failed_reason = 'no' WHERE channel = 'email'")
    await stage.mode("mail", "ok")
    await connected.deliver(corrected(entry, connected, 1, email=RIGHT))
    await connected.send_due()

    assert await addresses(stage) == [RIGHT]
    assert await connected.statuses_of(entry, MAIL) == [(OFFERED, "sent")]


async def test_a_worker_that_holds_the_message_with_the_old_address_gives_it_up(
    connected: NotificationDriver, stage: Stage
) -> None:
    entry = await an_offer(connected, sent=False)
    async with connected.database.work() as work:
        assert await claim_next(work, MAIL, lease_for=connected.senders[MAIL].lease_for)
    await connected.deliver(corrected(entry, connected, 1, email=RIGHT))
    assert await connected.statuses_of(entry, MAIL) == [(OFFERED, "pending")]
    await connected.send_due()

    assert await addresses(stage) == [RIGHT]


async def test_an_offer_that_was_accepted_is_not_sent_to_a_corrected_address(
    connected: NotificationDriver, stage: Stage
) -> None:
    entry = await an_offer(connected)
    await connected.deliver_all(entry.created(revision=2), corrected(entry, connected, 1, email=RIGHT))

    assert await connected.statuses_of(entry) == [(OFFERED, "sent"), (CREATED, "pending")]
    assert await connected.rows("SELECT email, revision FROM contact_participants") == [{"email": WRONG, "revision": 2}]
