"""Refunds: a message is queued when one is due and when it is done, whatever was sent before."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from chassis.errors import NotYet
from contracts import RefundCause, RefundDone, RefundDue
from contracts.topology import subscribers_of
from notification.messages.rules import Channel, EventType, Locale
from notification.templates.commands import check_template
from notification.templates.defaults import Variant, default_template
from notification.templates.formatting import refund_reason
from simulators.testing import Stage
from testkit.golden import golden

from .notification_driver import NotificationDriver
from .notification_events import Entry, runner

RefundT = TypeVar("RefundT", RefundDue, RefundDone)

DUE, DONE = "payment.refund_due", "payment.refund_done"
RAW = "The payment came too late: no place was left."
"""A reason in the words of payment."""


def due(entry: Entry, payment_id: UUID, amount: str = "175000.00") -> RefundDue:
    """Return the event of a refund that is due."""
    return RefundDue(
        payment_id=payment_id, registration_id=entry.id, amount=Decimal(amount), currency="IDR", reason=RAW
    )


def done(entry: Entry, payment_id: UUID, *, at: datetime, amount: str = "175000.00") -> RefundDone:
    """Return the event of a refund that was done."""
    return RefundDone(
        payment_id=payment_id,
        registration_id=entry.id,
        amount=Decimal(amount),
        currency="IDR",
        reference="BCA 77",
        done_at=at,
    )


def corrected(event: RefundDone, reference: str, *, at: datetime) -> RefundDone:
    """Return the event of a refund whose reference was corrected."""
    return event.model_copy(update={"reference": reference, "corrected_at": at})


def part(event: RefundT, refund_id: UUID) -> RefundT:
    """Return the event of one of several refunds of a payment."""
    return event.model_copy(update={"refund_id": refund_id})


def test_only_notification_subscribes_to_refunds() -> None:
    assert subscribers_of(RefundDue.TYPE) == subscribers_of(RefundDone.TYPE) == ("notification",)


@pytest.mark.parametrize("end", ["expired", "cancelled"])
async def test_a_refund_is_queued_when_the_registration_ended_before_the_payment_was_seen(
    driver: NotificationDriver, end: str
) -> None:
    entry, payment = await driver.register(), uuid4()
    ended = getattr(entry, end)
    await driver.deliver_all(ended(revision=2), ended(revision=3, refund=payment), due(entry, payment))
    statuses = await driver.statuses_of(entry, Channel.EMAIL)
    assert statuses[1:] == [(f"registration.{end}", "pending"), (DUE, "pending")]
    await driver.deliver(done(entry, payment, at=driver.clock()))
    assert (await driver.statuses_of(entry, Channel.EMAIL))[-1] == (DONE, "pending")


async def test_a_payment_verified_after_its_place_was_taken_is_one_expiry_and_one_refund(
    driver: NotificationDriver,
) -> None:
    """The proof is in time, the place is not free when registration handles it, and staff verify it."""
    entry, payment = await driver.register(), uuid4()
    payloads = [
        entry.uploaded(at=driver.clock(), payment_id=payment, sequence=1),
        entry.expired(revision=2, sequence=0),
        entry.expired(revision=3, sequence=1),
        entry.expired(revision=4, sequence=2, refund=payment),
        due(entry, payment),
    ]

    await driver.deliver_all(*payloads)
    await driver.deliver_all(*payloads)

    for channel in Channel:
        pending = [kind for kind, status in await driver.statuses_of(entry, channel) if status == "pending"]
        assert pending == ["registration.expired", DUE]


async def test_the_messages_name_the_amount_that_goes_back_and_the_reference(
    connected: NotificationDriver, stage: Stage
) -> None:
    await connected.lift_limits()
    entry, payment = await connected.register(runner("Ani")), uuid4()
    await connected.deliver(entry.cancelled())
    for payload in (due(entry, payment), done(entry, payment, at=connected.clock())):
        await connected.deliver(payload)
        await connected.send_due(rounds=2)
    chats = [item["text"] for item in await stage.items("whatsapp")]
    mails = [item["text"] for item in await stage.items("mail")]
    for texts in (chats, mails):
        about = [text for text in texts if "Rp175.000" in text]
        assert len(about) == 2
        assert sum("BCA 77" in text for text in about) == 1


@pytest.mark.parametrize(
    ("cause", "locale", "words"),
    [
        (RefundCause.TOO_LATE, Locale.INDONESIAN, "pembayarannya kami terima setelah tempatnya dilepas"),
        (RefundCause.CANCELLED, Locale.INDONESIAN, "pendaftaran ini dibatalkan (salah kategori)"),
        (RefundCause.SURPLUS, Locale.ENGLISH, "another payment has already paid for this registration"),
        (RefundCause.STAFF, Locale.ENGLISH, "salah kategori"),
    ],
)
async def test_the_message_names_the_one_cause_of_a_refund(
    connected: NotificationDriver, stage: Stage, cause: RefundCause, locale: Locale, words: str
) -> None:
    await connected.lift_limits()
    await connected.change_settings(default_locale=locale)
    entry = await connected.register(runner("Ani"))
    await connected.deliver(due(entry, uuid4()).model_copy(update={"cause": cause, "reason": "salah kategori"}))
    await connected.send_due(rounds=4)
    for kind in ("whatsapp", "mail"):
        texts = [item["text"].replace("\r\n", "\n") for item in await stage.items(kind)]
        [text] = [each for each in texts if "Alasan: " in each or "Reason: " in each]
        assert f": {words}\n" in text
        others = {refund_reason(each, "", locale) for each in RefundCause if each not in {cause, "staff"}}
        assert not any(each in text for each in others)


@pytest.mark.parametrize("locale", list(Locale))
def test_a_cause_that_is_not_known_is_one_of_three(locale: Locale) -> None:
    assert refund_reason("of_tomorrow", "x", locale) == refund_reason("", "x", locale)
    assert refund_reason("", "x", locale).count(",") == 2


@pytest.mark.parametrize("cause", [None, RefundCause.STAFF])
async def test_what_is_queued_has_the_words_for_the_release_before_and_its_rows_have_no_cause(
    connected: NotificationDriver, stage: Stage, cause: RefundCause | None
) -> None:
    """Processes of the release before show `reason` as it is, and queue no `cause`."""
    # given
    await connected.lift_limits()
    entry = await connected.register(runner("Ani"))
    await connected.deliver(due(entry, uuid4()).model_copy(update={"cause": cause}))
    queued = "SELECT DISTINCT context->>'reason' AS reason FROM notifications WHERE event_type = :due"
    assert [row["reason"] for row in await connected.rows(queued, due=DUE)] == [RAW]
    # when
    await connected.execute("UPDATE notifications SET context = context - 'cause' WHERE event_type = :due", due=DUE)
    await connected.send_due(rounds=4)
    # then
    for kind in ("whatsapp", "mail"):
        [text] = [item["text"] for item in await stage.items(kind) if "Alasan: " in item["text"]]
        assert f"Alasan: {refund_reason('', '', Locale.INDONESIAN)}" in text
        assert RAW not in text


async def test_each_refund_is_queued_once_however_often_and_in_whatever_order_its_events_come(
    driver: NotificationDriver,
) -> None:
    one, other = uuid4(), uuid4()
    for order in permutations(range(3)):
        entry = await driver.register()
        payloads = [due(entry, one), done(entry, one, at=driver.clock()), due(entry, other)]
        await driver.deliver_all(*(payloads[index] for index in order), *payloads)
        statuses = [each for each in await driver.statuses_of(entry) if each[0] in {DUE, DONE}]
        assert sorted(statuses) == sorted([(DUE, "skipped"), (DUE, "pending"), (DONE, "pending")])


async def test_parts_of_one_payment_are_refunds_of_their_own(driver: NotificationDriver) -> None:
    """Also beside one that an event caused, which has the id of its payment, as in events of the release before."""
    payment, parts = uuid4(), [uuid4(), uuid4()]
    for order in permutations(range(4)):
        entry = await driver.register()
        payloads = [
            due(entry, payment, "100000.00"),
            part(due(entry, payment, "20000.00"), parts[0]),
            part(done(entry, payment, at=driver.clock(), amount="20000.00"), parts[0]),
            part(due(entry, payment, "30000.00"), parts[1]),
        ]
        await driver.deliver_all(*(payloads[index] for index in order), *payloads)
        again = part(due(entry, payment, "100000.00"), payment)
        await driver.deliver(again)
        statuses = [each for each in await driver.statuses_of(entry) if each[0] in {DUE, DONE}]
        assert sorted(statuses) == sorted([(DUE, "skipped"), (DUE, "pending"), (DUE, "pending"), (DONE, "pending")])


async def test_a_refund_that_was_done_is_not_announced_as_due_any_more(driver: NotificationDriver) -> None:
    # given: the message of the due refund failed
    entry, payment = await driver.register(), uuid4()
    await driver.deliver_all(entry.cancelled(), due(entry, payment))
    failing = (
        "UPDATE notifications SET status = 'failed', failed_reason = 'x' WHERE event_type = :due AND channel = :on"
    )
    await driver.execute(failing, due=DUE, on="email")
    # when
    await driver.deliver(done(entry, payment, at=driver.clock()))
    # then
    assert [each for each in await driver.statuses_of(entry) if each[0] == DUE] == [(DUE, "skipped")]
    assert await driver.retry_failed() == {"retried": 0}


async def test_a_corrected_reference_reaches_the_runner(connected: NotificationDriver, stage: Stage) -> None:
    # given
    await connected.lift_limits()
    entry, first = await connected.register(runner("Ani")), uuid4()
    sent = done(entry, first, at=connected.clock())
    await connected.deliver(sent)
    await connected.send_due(rounds=2)
    # when
    correction = corrected(sent, "0xright", at=connected.clock())
    await connected.deliver_all(correction, correction, sent)
    await connected.send_due(rounds=4)
    # then
    for where in ("whatsapp", "mail"):
        texts = [item["text"] for item in await stage.items(where)]
        [told] = [text for text in texts if "0xright" in text]
        assert "Nomor referensi yang benar: 0xright" in told
        assert "Abaikan nomor referensi di pesan sebelumnya." in told
        assert sum("BCA 77" in text for text in texts) == 1


async def test_only_the_newest_reference_waits_in_whatever_order_the_corrections_come(
    driver: NotificationDriver,
) -> None:
    other = uuid4()
    for order in permutations(range(4)):
        entry, payment, now = await driver.register(), uuid4(), driver.clock()
        first = done(entry, payment, at=now)
        events = [
            first,
            corrected(first, "second", at=now + timedelta(minutes=1)),
            corrected(first, "third", at=now + timedelta(minutes=2)),
            done(entry, other, at=now),
        ]
        await driver.deliver_all(*(events[index] for index in order), *events)
        waiting = await driver.rows(
            "SELECT context->>'reference' AS reference FROM notifications"
            " WHERE registration_id = :id AND status = 'pending' AND event_type = :done AND channel = 'email'",
            id=entry.id,
            done=DONE,
        )
        assert sorted(row["reference"] for row in waiting) == ["BCA 77", "third"], order


async def test_a_message_with_a_wrong_reference_is_not_sent_again(driver: NotificationDriver) -> None:
    entry, payment = await driver.register(), uuid4()
    first = done(entry, payment, at=driver.clock())
    await driver.deliver(first)
    failing = (
        "UPDATE notifications SET status = 'failed', failed_reason = 'x' WHERE event_type = :done AND channel = :on"
    )
    await driver.execute(failing, done=DONE, on="email")
    await driver.deliver(corrected(first, "right", at=driver.clock()))
    assert await driver.retry_failed() == {"retried": 0}


@pytest.mark.parametrize("locale", list(Locale))
def test_the_text_of_a_correction_names_the_right_reference(locale: Locale) -> None:
    key = (EventType.PAYMENT_REFUND_DONE, Channel.EMAIL, locale)
    text = default_template(*key, Variant.CORRECTED)
    check_template(text, key)
    assert "{reference}" in text.body
    assert text != default_template(*key)
    assert default_template(*key, Variant.UNPAID) == default_template(*key)


async def test_the_golden_events_wait_for_their_registration(driver: NotificationDriver) -> None:
    for kind in (RefundDue, RefundDone):
        with pytest.raises(NotYet):
            await driver.inbox.handle(golden(kind).to_bytes())
