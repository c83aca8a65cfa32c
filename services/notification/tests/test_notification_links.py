"""Links are sent only to the address that is the registration's contact when they are sent."""

from typing import Any

import pytest
from contracts import ContactKind
from notification.messages.rules import Channel
from simulators.testing import Stage

from .notification_driver import NotificationDriver
from .notification_events import Entry, offered, replaced, requested, runner
from .test_notification_way_back import url_of

OLD = {"email": "ani.lama@example.com", "whatsapp": "6281200001111"}
NEW = {"email": "ani.baru@example.com", "whatsapp": "6281200002222"}
BOX = {"email": "mail", "whatsapp": "whatsapp"}


async def links_failed(driver: NotificationDriver, stage: Stage, kind: ContactKind, *entries: Entry) -> str:
    """Fail to send links to the old address; return the id of the message."""
    await driver.lift_limits()
    await stage.mode(BOX[kind], "failing")
    await driver.deliver(requested(*entries, contact=OLD[kind], kind=kind))
    await driver.send_due(Channel(kind))
    await stage.mode(BOX[kind], "ok")
    (message,) = [each for each in await driver.messages(status="failed") if each["registration_id"] is None]
    return str(message["id"])


async def moved(driver: NotificationDriver, entry: Entry, kind: ContactKind) -> None:
    """Deliver the events of a new contact and a new code."""
    await driver.deliver_all(entry.corrected(entry.pic, revision=2, **{kind.value: NEW[kind]}), replaced(entry, 2))


async def texts_to(stage: Stage, kind: ContactKind, address: str) -> list[str]:
    return [each["text"] for each in await stage.items(BOX[kind]) if each["to"] == address]


@pytest.mark.parametrize("route", ["retry-failed", "resend"])
@pytest.mark.parametrize("kind", list(ContactKind))
async def test_a_new_code_does_not_reach_the_address_of_before(
    connected: NotificationDriver, stage: Stage, kind: ContactKind, route: str
) -> None:
    # given
    who: Any = OLD
    entry = await connected.register(runner("Ani", **who))
    message = await links_failed(connected, stage, kind, entry)
    await moved(connected, entry, kind)
    # when
    path = "/notifications/retry-failed" if route == "retry-failed" else f"/notifications/{message}/resend"
    assert (await connected.call("POST", path, by=connected.staff())).status in {200, 202}
    await connected.send_due()
    # then
    assert await texts_to(stage, kind, OLD[kind]) == []
    (skipped,) = await connected.messages(status="skipped")
    assert skipped["id"] == message


@pytest.mark.parametrize("kind", list(ContactKind))
async def test_only_the_links_of_registrations_that_moved_are_left_out(
    connected: NotificationDriver, stage: Stage, kind: ContactKind
) -> None:
    # given: one that moved, one that stays, one without any event
    who: Any = OLD
    gone, stays = await connected.register(runner("Ani", **who)), await connected.register(runner("Ani", **who))
    unknown = connected.new_entry(runner("Ani", **who))
    message = await links_failed(connected, stage, kind, gone, stays, unknown)
    await moved(connected, gone, kind)
    # when
    await connected.try_resend(message)
    await connected.send_due()
    # then
    (text,) = [each for each in await texts_to(stage, kind, OLD[kind]) if "/r/" in each and gone.number not in each]
    assert (url_of(stays) in text, url_of(unknown) in text) == (True, True)
    assert all(gone.code(2).code not in each for each in await texts_to(stage, kind, OLD[kind]))


async def test_a_friend_in_the_group_is_not_its_contact(connected: NotificationDriver, stage: Stage) -> None:
    entry = await connected.register(runner("Ani"), runner("Bima", is_pic=False, email=OLD["email"]))
    await connected.deliver(requested(entry, contact=OLD["email"]))
    await connected.send_due()
    assert await texts_to(stage, ContactKind.EMAIL, OLD["email"]) == []


async def test_an_offered_place_keeps_its_link(connected: NotificationDriver, stage: Stage) -> None:
    entry = connected.new_entry(runner("Ani", email="Ani.Lama@example.com"))
    await connected.lift_limits()
    await connected.deliver(offered(entry))
    await connected.deliver(requested(entry, contact=OLD["email"]))
    await connected.send_due()
    (text,) = await texts_to(stage, ContactKind.EMAIL, OLD["email"])
    assert url_of(entry) in text


async def test_a_row_that_was_never_read_keeps_its_link(connected: NotificationDriver, stage: Stage) -> None:
    entry = await connected.register(runner("Ani"))
    await connected.execute("UPDATE contact_participants SET whatsapp = '0812-0000-1111', unreadable = NULL")
    await connected.execute("UPDATE notifications SET status = 'skipped', failed_reason = 'not of interest'")
    await connected.deliver(requested(entry, contact=OLD["whatsapp"], kind=ContactKind.WHATSAPP))
    await connected.send_due()
    (text,) = await texts_to(stage, ContactKind.WHATSAPP, OLD["whatsapp"])
    assert url_of(entry) in text


async def test_links_that_were_sent_are_not_sent_again(connected: NotificationDriver) -> None:
    await connected.deliver(requested(connected.new_entry(), contact=OLD["email"]))
    await connected.send_due()
    (message,) = await connected.messages(status="sent")
    answer = await connected.try_resend(message["id"])
    assert (answer.status, answer.code, answer.body["status_now"]) == (409, "message_superseded", "sent")
    assert len(await connected.messages()) == 1
