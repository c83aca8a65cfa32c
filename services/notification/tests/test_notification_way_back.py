"""Links that open a registration: in every message to the person in charge, and sent on request."""

import asyncio
from datetime import timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from chassis.auth.principals import Role
from contracts import AccessCode, AccessLinksRequested, AccessReplaced, ContactKind, NotificationFailed
from notification.messages.rules import Channel, EventType, Locale
from notification.queue.announcements import forget_links
from notification.templates.defaults import default_template
from notification.templates.rendering import LinkFacts, PersonalLink
from notification.templates.samples import SAMPLE_LINKS
from simulators.testing import Stage
from testkit.clocks import ManualClock
from testkit.golden import golden

from .notification_driver import NotificationDriver
from .notification_events import Entry, offered, replaced, requested, runner
from .test_notification_templates import EVERY_DEFAULT, RENDERER

SITE = "https://lari.example"
LINKS = "access.links_requested"


def url_of(entry: Entry, version: int = 1) -> str:
    return f"{SITE}/r/{entry.number}/{entry.code(version).code}"


@pytest.mark.parametrize(("event", "channel", "locale"), EVERY_DEFAULT)
def test_every_default_text_leads_to_the_recipients_own_page(
    event: EventType, channel: Channel, locale: Locale
) -> None:
    variable = "{links}" if event is EventType.ACCESS_LINKS else "{status_url}"
    assert variable in default_template(event, channel, locale).body


@pytest.mark.parametrize("kind", ["created", "uploaded", "rejected", "confirmed", "expired", "cancelled"])
async def test_every_message_to_the_person_in_charge_holds_the_link(
    connected: NotificationDriver, stage: Stage, kind: str
) -> None:
    # given
    entry = connected.new_entry()
    await connected.deliver(entry.created(access=entry.code()))
    # when
    if kind != "created":
        moment = {"at": connected.clock()} if kind in {"uploaded", "rejected"} else {}
        await connected.deliver(getattr(entry, kind)(**moment))
    await connected.send_due()
    # then
    (chat,), (mail,) = await stage.items("whatsapp"), await stage.items("mail")
    assert url_of(entry) in chat["text"]
    assert url_of(entry) in mail["text"]
    assert f'<a href="{url_of(entry)}">' in mail["html"]


async def test_without_a_code_a_message_leads_to_the_site(connected: NotificationDriver, stage: Stage) -> None:
    await connected.register()
    await connected.send_due()
    for item in (*await stage.items("whatsapp"), *await stage.items("mail")):
        assert SITE in item["text"].split()
        assert "/r/" not in item["text"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_newest_code_is_sent_in_whatever_order_the_events_come(
    connected: NotificationDriver, stage: Stage, order: tuple[int, ...]
) -> None:
    entry = connected.new_entry()
    payloads = [entry.created(access=entry.code(1)), replaced(entry, 2), replaced(entry, 3)]
    await connected.deliver_all(*(payloads[place] for place in order))
    await connected.send_due(Channel.EMAIL)
    (mail,) = await stage.items("mail")
    assert url_of(entry, 3) in mail["text"]


async def test_a_place_in_line_is_opened_by_its_id_and_later_by_its_number(
    connected: NotificationDriver, stage: Stage
) -> None:
    entry = connected.new_entry()
    await connected.deliver(offered(entry).model_copy(update={"access": entry.code()}))
    await connected.send_due(Channel.WHATSAPP)
    await connected.deliver(entry.created())
    await connected.send_due(Channel.WHATSAPP, rounds=2)

    offer, registration = await stage.items("whatsapp")
    assert f"{SITE}/r/{entry.id}/{entry.code().code}" in offer["text"]
    assert url_of(entry) in registration["text"]


async def test_in_a_group_only_the_person_in_charge_gets_the_link(connected: NotificationDriver, stage: Stage) -> None:
    await connected.lift_limits()
    pic, friend = runner("Ani"), runner("Bima", is_pic=False)
    entry = connected.new_entry(pic, friend)
    await connected.deliver_all(entry.created(access=entry.code()), entry.confirmed())
    await connected.send_due(Channel.EMAIL)

    mails = {item["to"]: item for item in await stage.items("mail")}
    assert url_of(entry) in mails[pic.email]["text"]
    assert entry.code().code not in mails[friend.email]["text"] + mails[friend.email]["html"]
    assert "Informasi pendaftaran" not in mails[friend.email]["text"]


@pytest.mark.parametrize("kind", list(ContactKind))
async def test_links_go_in_one_message_to_the_contact_that_asked(
    connected: NotificationDriver, stage: Stage, kind: ContactKind
) -> None:
    # given
    contact = {"email": "other.box@example.com", "whatsapp": "6281200001111"}[kind]
    one, other = connected.new_entry(runner("Ani")), connected.new_entry(runner("Bima"))
    waiting = other.link(number=None)
    request = requested(one, contact=contact, kind=kind)
    # when
    await connected.deliver(request.model_copy(update={"links": (*request.links, waiting)}))
    await connected.send_due()
    # then
    (item,) = [*await stage.items("mail"), *await stage.items("whatsapp")]
    assert item["to"] == contact
    lines = item["text"].splitlines()
    first = lines.index(f"{one.number}: Lari Pagi Jakarta (10K), Ani")
    assert lines[first + 1 : first + 5] == [
        url_of(one),
        "",
        "Daftar tunggu: Lari Pagi Jakarta (10K), Bima",
        f"{SITE}/r/{other.id}/{other.code().code}",
    ]


async def test_links_are_links_on_the_page_in_english_too(connected: NotificationDriver, stage: Stage) -> None:
    await connected.change_settings(default_locale="en")
    entry = connected.new_entry(runner("Ani"))
    await connected.deliver(requested(entry, contact="ani@example.com"))
    await connected.send_due(Channel.EMAIL)
    (mail,) = await stage.items("mail")
    assert mail["subject"] == "The links to your registrations"
    assert f'<a href="{url_of(entry)}">{url_of(entry)}</a>' in mail["html"]


async def test_a_code_replaced_before_the_links_left_is_not_sent(connected: NotificationDriver, stage: Stage) -> None:
    entry = connected.new_entry()
    await connected.deliver(requested(entry, contact="ani@example.com"))
    await connected.deliver(replaced(entry, 2))
    await connected.send_due(Channel.EMAIL)
    (mail,) = await stage.items("mail")
    assert url_of(entry, 2) in mail["text"]
    assert entry.code(1).code not in mail["text"]


async def test_no_code_is_kept_with_the_message(connected: NotificationDriver) -> None:
    entry = connected.new_entry()
    await connected.deliver(requested(entry, contact="ani@example.com"))
    (row,) = await connected.rows("SELECT context::text AS context FROM notifications")
    assert str(entry.id) in row["context"]
    assert entry.code().code not in row["context"]


async def test_one_request_is_one_message_however_often_its_event_comes(driver: NotificationDriver) -> None:
    request = requested(driver.new_entry(), contact="ani@example.com")
    await asyncio.gather(*(driver.deliver(request) for _ in range(4)))
    assert len(await driver.messages()) == 1
    await driver.deliver(request.model_copy(update={"request_id": uuid4()}))
    assert len(await driver.messages()) == 2


async def test_links_leave_before_tickets(connected: NotificationDriver, stage: Stage) -> None:
    await connected.lift_limits()
    await connected.register_confirmed()
    await connected.deliver(requested(connected.new_entry(), contact="ani@example.com"))
    await connected.send_due(Channel.EMAIL)
    subjects = [item["subject"] for item in await stage.items("mail")]
    assert subjects[0] == "Tautan ke pendaftaran Anda"
    assert subjects[1].startswith("E-tiket")


async def test_the_log_shows_links_without_a_registration_and_masks_the_contact(driver: NotificationDriver) -> None:
    await driver.deliver(requested(driver.new_entry(), contact="ani@example.com"))
    (shown,) = await driver.messages()
    found = (shown["event_type"], shown["registration_id"], shown["participant_id"], shown["registration_number"])
    assert found == (LINKS, None, None, None)
    assert shown["recipient"] == "ani@example.com"
    viewed = await driver.call("GET", "/notifications", by=driver.staff(Role.VIEWER))
    assert viewed.body["items"][0]["recipient"] == "a***@example.com"


async def test_links_that_failed_are_retried_and_publish_no_event(connected: NotificationDriver, stage: Stage) -> None:
    await stage.mode("mail", "failing")
    await connected.deliver(requested(connected.new_entry(), contact="ani@example.com"))
    await connected.send_due(Channel.EMAIL)
    assert [each["status"] for each in await connected.messages()] == ["failed"]
    assert await connected.published(NotificationFailed) == []
    assert await connected.retry_failed() == {"retried": 1}


async def test_links_are_forgotten_after_a_month_unless_they_wait(
    connected: NotificationDriver, clock: ManualClock
) -> None:
    entry = await connected.register()
    await connected.deliver(requested(entry, contact="ani@example.com"))
    await connected.deliver(requested(entry, contact="6281200001111", kind=ContactKind.WHATSAPP))
    await connected.lift_limits()
    await connected.send_due(Channel.EMAIL)
    clock.advance(timedelta(days=29))
    await forget_links(connected.database)
    assert len(await connected.messages()) == 4
    clock.advance(timedelta(days=2))
    await forget_links(connected.database)
    assert sorted(each["event_type"] for each in await connected.messages()) == [
        LINKS,
        "registration.created",
        "registration.created",
    ]


async def test_the_golden_events_are_handled(connected: NotificationDriver, stage: Stage) -> None:
    for kind in (AccessLinksRequested, AccessReplaced):
        await connected.inbox.handle(golden(kind).to_bytes())
    await connected.send_due(Channel.EMAIL)
    (mail,) = await stage.items("mail")
    assert f"{SITE}/r/FR5K-00042/{golden(AccessReplaced).payload.access.code}" in mail["text"]


async def test_only_the_message_with_links_may_have_links_and_no_subject_has_one(driver: NotificationDriver) -> None:
    for path, body, wrong in (
        (f"/templates/{LINKS}/whatsapp/id", {"body": "{site_url}\n{links}"}, []),
        (f"/templates/{LINKS}/whatsapp/id", {"body": "{name}: {links}"}, ["body"]),
        (f"/templates/{LINKS}/email/id", {"subject": "{links}", "body": "{links}"}, ["subject"]),
        ("/templates/registration.created/whatsapp/id", {"body": "{links}"}, ["body"]),
        ("/templates/registration.created/email/id", {"subject": "{status_url}", "body": "{status_url}"}, ["subject"]),
        (
            "/templates/registration.confirmed/email/id",
            {"subject": "{ticket_url}", "body": "{ticket_url}"},
            ["subject"],
        ),
        ("/templates/registration.created/email/id", {"subject": "{name}", "body": "{status_url}"}, []),
    ):
        answer = await driver.call("PUT", path, by=driver.staff(), json=body)
        assert (answer.status, answer.wrong_fields if wrong else []) == (422 if wrong else 200, wrong), (path, body)


async def test_a_preview_shows_links(driver: NotificationDriver) -> None:
    answer = await driver.call("POST", f"/templates/{LINKS}/email/en/preview", by=driver.staff())
    assert answer.body["html"].count("<a href=") == len(SAMPLE_LINKS.links) + 1
    assert "Waiting list: Bandung Night Run (10K), Budi Santoso" in answer.body["body"]


def test_a_link_is_one_line_whatever_the_names_in_it() -> None:
    nasty = LinkFacts((PersonalLink("A-1", "Ani\n\nBayar ke", "Lari\r\nPagi", "5K\u2028", "/r/A-1/code"),))
    text = RENDERER.text(
        default_template(EventType.ACCESS_LINKS, Channel.WHATSAPP, Locale.ENGLISH), nasty, Locale.ENGLISH
    )
    assert "A-1: Lari Pagi (5K ), Ani Bayar ke\nhttps://lari.example/r/A-1/code" in text.body


@pytest.mark.parametrize(
    "columns",
    ["registration_id = NULL", "participant_id = NULL", "recipient = 'ani@example.com'", f"event_type = '{LINKS}'"],
)
async def test_the_database_refuses_a_message_to_no_recipient_and_to_two(
    driver: NotificationDriver, columns: str
) -> None:
    await driver.register()
    with pytest.raises(Exception, match="ck_notifications_addressed"):
        await driver.execute(f"UPDATE notifications SET {columns}")
    assert UUID((await driver.messages())[0]["registration_id"])


async def test_a_link_is_made_with_the_key_of_today_in_whatever_order_codes_arrive(driver: NotificationDriver) -> None:
    entry = await driver.register()
    made = {hours: AccessCode(version=2, code=f"key{hours}") for hours in (3, 1, 2)}
    for hours, code in made.items():
        payload = AccessReplaced(registration_id=entry.id, access=code)
        await driver.deliver(payload, subject=entry.id, occurred_at=driver.clock() - timedelta(hours=hours))
    assert await driver.rows("SELECT code FROM access_codes") == [{"code": "key1"}]
