"""Corrected participants: messages go to the address of now, in whatever order events arrive; old rows are read."""

import asyncio
import secrets
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from chassis.errors import NotYet
from contracts import RegistrationCorrected
from notification.contacts.commands import canonicalize_batch
from notification.contacts.rules import canonical_addresses
from notification.messages.rules import Channel
from notification.templates.rules import safe_name
from notification.worker import in_portions
from simulators.testing import Stage
from testkit.golden import golden

from .notification_driver import NotificationDriver
from .notification_events import runner

WRONG, RIGHT, FINAL = "budi@gmial.example", "budi@gmail.example", "budi.santoso@gmail.example"


async def people(driver: NotificationDriver) -> list[dict[str, Any]]:
    return await driver.rows("SELECT full_name, email, whatsapp, bib_number FROM contact_participants")


async def test_a_message_that_waits_goes_to_the_corrected_address_and_nothing_is_sent_by_itself(
    connected: NotificationDriver, stage: Stage
) -> None:
    # given
    who = runner("Budi", email=WRONG)
    entry = await connected.register(who)
    # when
    await connected.deliver(entry.corrected(who, revision=2, email=RIGHT, whatsapp="6281200001111", full_name="Budi S"))
    await connected.send_due()
    # then
    (chat,), (mail,) = await stage.items("whatsapp"), await stage.items("mail")
    assert (chat["to"], mail["to"]) == ("6281200001111", RIGHT)
    assert "Halo Budi S," in chat["text"]


async def test_a_sent_ticket_can_be_sent_again_to_the_corrected_address(
    connected: NotificationDriver, stage: Stage
) -> None:
    await connected.lift_limits()
    who = runner("Budi", email=WRONG)
    entry = await connected.register_confirmed(who)
    await connected.send_due(Channel.EMAIL)
    await connected.deliver(entry.corrected(who, revision=4, email=RIGHT))
    (ticket,) = await connected.messages(channel="email", status="sent")
    assert (await connected.try_resend(ticket["id"])).status == 202
    await connected.send_due(Channel.EMAIL)
    assert [each["to"] for each in await stage.items("mail")] == [WRONG, RIGHT]
    assert [each["recipient"] for each in await connected.messages(channel="email", status="sent")] == [WRONG, RIGHT]


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_the_newest_data_hold_whatever_the_order_of_the_events(
    driver: NotificationDriver, order: tuple[int, ...]
) -> None:
    # given: an event that comes too early is delivered again later, as retries do
    who = runner("Budi", email=WRONG)
    entry = driver.new_entry(who)
    confirmed = entry.confirmed(revision=3)
    events = [
        entry.created(),
        entry.corrected(who, revision=2, email=RIGHT, full_name="Budi S"),
        confirmed.model_copy(
            update={"participants": (confirmed.participants[0].model_copy(update={"full_name": "Budi S"}),)}
        ),
        entry.corrected(who, revision=4, email=FINAL, full_name="Budi Santoso"),
    ]
    # when
    waiting = [events[place] for place in order]
    while waiting:
        early = []
        for each in waiting:
            try:
                await driver.deliver(each)
            except NotYet:
                early.append(each)
        assert len(early) < len(waiting)
        waiting = early
    # then
    expected = {"full_name": "Budi Santoso", "email": FINAL, "whatsapp": who.whatsapp, "bib_number": 1000}
    assert await people(driver) == [expected]


async def test_corrections_at_once_end_with_the_newest(driver: NotificationDriver) -> None:
    who = runner("Budi")
    entry = await driver.register(who)
    events = [entry.corrected(who, revision=n, email=f"budi{n}@example.com") for n in range(2, 8)]
    secrets.SystemRandom().shuffle(events)
    await asyncio.gather(*(driver.deliver(each) for each in events))
    assert [each["email"] for each in await people(driver)] == ["budi7@example.com"]


async def test_the_golden_correction_waits_for_its_participant(driver: NotificationDriver) -> None:
    with pytest.raises(NotYet):
        await driver.inbox.handle(golden(RegistrationCorrected).to_bytes())


def test_what_has_no_canonical_form_stays_as_it_was_typed() -> None:
    assert canonical_addresses({"email": "budi..s@example.com", "whatsapp": "0812"}) == {
        "email": "budi..s@example.com",
        "whatsapp": "0812",
        "unreadable": ["email", "whatsapp"],
    }


async def old_rows(driver: NotificationDriver, *addresses: tuple[str, str]) -> None:
    """Store participants as an older release did."""
    entry = await driver.register()
    for email, whatsapp in addresses:
        await driver.execute(
            "INSERT INTO contact_participants (participant_id, registration_id, full_name, email, whatsapp, is_pic)"
            " VALUES (:id, :entry, 'Budi', :email, :whatsapp, false)",
            id=uuid4(),
            entry=entry.id,
            email=email,
            whatsapp=whatsapp,
        )


async def test_old_rows_are_brought_into_canonical_form_in_portions_and_nothing_is_dropped(
    driver: NotificationDriver,
) -> None:
    # given
    await old_rows(driver, *((f"a{n}@EXAMPLE.com", f"+62 812-0000-{n:04d}") for n in range(4)), ("jörg@x", "00812345"))
    assert (await driver.queue_state()).unreadable_contacts == 0
    # when
    counts = []
    for _ in range(4):
        async with driver.database.work() as work:
            counts.append(await canonicalize_batch(work, limit=2))
    # then
    assert counts == [2, 2, 1, 0]
    found = {each["email"]: each["whatsapp"] for each in await people(driver)}
    assert {f"a{n}@example.com": f"628120000{n:04d}" for n in range(4)}.items() <= found.items()
    assert found["jörg@x"] == "00812345"
    assert (await driver.queue_state()).unreadable_contacts == 1
    unreadable = await driver.rows("SELECT unreadable FROM contact_participants WHERE unreadable <> '{}'")
    assert unreadable == [{"unreadable": ["email", "whatsapp"]}]


async def test_several_workers_read_old_rows_side_by_side(driver: NotificationDriver) -> None:
    await old_rows(driver, *((f"a{n}@example.com", "0812 0000 0000") for n in range(450)))
    await asyncio.gather(*(in_portions(driver.database, canonicalize_batch) for _ in range(3)))
    left = await driver.rows("SELECT 1 FROM contact_participants WHERE unreadable IS NULL OR whatsapp LIKE '08%'")
    assert left == []


async def test_a_correction_makes_an_unreadable_address_readable(driver: NotificationDriver) -> None:
    who = runner(email="budi..s@example.com")
    entry = await driver.register(who)
    assert (await driver.queue_state()).unreadable_contacts == 1
    await driver.deliver(entry.corrected(who, revision=2, email=RIGHT))
    assert (await driver.queue_state()).unreadable_contacts == 0


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("Budi Santoso", "Budi Santoso"),
        ("R. A. Kartini", "R. A. Kartini"),
        ("Ma\u2019ruf O'Neil-Đặng", "Ma\u2019ruf O'Neil-Đặng"),
        ("山田太郎", "山田太郎"),
        ("\U0001f600", "\U0001f600"),
        ("Bu\u200bdi", "Budi"),
        ("Ani hadiah.com/klaim", "Ani hadiah com klaim"),
        ("https://evil.example", "https evil example"),
        ("Ani \uff57\uff57\uff57\uff0eevil\uff0e\uff43\uff4f\uff4d", "Ani www evil com"),
        ("ani@example.com", "ani example com"),
        ("=?utf-8?q?=0d=0aBcc:x?=", "utf q d aBcc x"),
        ("Ani\nBcc: all", "Ani Bcc all"),
        ("Budi\u3164\u202esir", "Budi sir"),
        ("\u3164\u115f", "-"),
        ("", "-"),
    ],
)
def test_names_of_old_rows_do_not_act_on_their_reader(stored: str, shown: str) -> None:
    assert safe_name(stored) == shown


async def test_a_name_with_an_address_reaches_no_part_of_a_message(connected: NotificationDriver, stage: Stage) -> None:
    await connected.lift_limits()
    await connected.register_confirmed(runner("Ani www.hadiah.com"))
    await connected.send_due()
    (chat,), (mail,) = await stage.items("whatsapp"), await stage.items("mail")
    for text in (chat["text"], mail["text"], mail["html"], mail["subject"], str(mail)):
        assert "hadiah.com" not in text
    assert "Halo Ani www hadiah com," in chat["text"]
