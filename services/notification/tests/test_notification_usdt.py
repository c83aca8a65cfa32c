"""Messages about payments in USDT: too little, money that is kept, and transfers that the network undid."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from chassis.errors import NotYet
from contracts import UsdtKept, UsdtKeptReason, UsdtTakenBack, UsdtUnderpaid
from contracts.topology import subscribers_of
from notification.messages.rules import Locale
from notification.templates.formatting import USDT_KEPT, moment, network, reason, usdt
from simulators.testing import Stage
from testkit.golden import golden

from .notification_driver import NotificationDriver
from .notification_events import RACE, Entry, runner

UNDERPAID, KEPT, TAKEN_BACK = UsdtUnderpaid.TYPE, UsdtKept.TYPE, UsdtTakenBack.TYPE
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
TX_HASH = f"0x{'5c' * 32}"


def underpaid(entry: Entry, amount: str = "11", missing: str = "10.03", *, at: datetime, hours: int = 5) -> Any:
    """Return the event of too little that arrived."""
    return UsdtUnderpaid(
        registration_id=entry.id,
        amount=Decimal(amount),
        decided_at=at,
        missing=Decimal(missing),
        network="bsc",
        address=ADDRESS,
        expires_at=at + timedelta(hours=hours),
    )


def kept(entry: Entry, why: Any = UsdtKeptReason.SURPLUS, *, transfer: UUID | None = None) -> UsdtKept:
    """Return the event of money that was kept."""
    return UsdtKept(registration_id=entry.id, amount=Decimal("8.97"), transfer_id=transfer or uuid4(), reason=why)


def taken_back(entry: Entry, *, at: datetime, settled: bool = False, tx_hash: str = TX_HASH) -> UsdtTakenBack:
    """Return the event of a transfer that is gone."""
    return UsdtTakenBack(
        registration_id=entry.id,
        amount=Decimal("21.030000"),
        decided_at=at,
        network="polygon",
        tx_hash=tx_hash,
        settled=settled,
    )


async def about_usdt(driver: NotificationDriver, entry: Entry) -> list[tuple[str, str]]:
    """Return type and status of the messages about USDT, oldest first."""
    kinds = {UNDERPAID, KEPT, TAKEN_BACK}
    return [each for each in await driver.statuses_of(entry) if each[0] in kinds]


def test_only_notification_subscribes() -> None:
    for kind in (UsdtUnderpaid, UsdtKept, UsdtTakenBack):
        assert subscribers_of(kind.TYPE) == ("notification",)


async def test_the_golden_events_wait_for_their_registration(driver: NotificationDriver) -> None:
    for kind in (UsdtUnderpaid, UsdtKept, UsdtTakenBack):
        with pytest.raises(NotYet):
            await driver.inbox.handle(golden(kind).to_bytes())


# --- what they say


async def texts(driver: NotificationDriver, stage: Stage, locale: str, payload: Any, entry: Entry) -> list[str]:
    """Return the texts, by WhatsApp and by mail with its subject, of the message about an event."""
    await driver.lift_limits()
    await driver.change_settings(default_locale=locale)
    for each in (entry.created(access=entry.code()), payload):
        await driver.deliver(each)
        await driver.send_due()
    chat, mail = (await stage.items("whatsapp"))[-1], (await stage.items("mail"))[-1]
    assert f"/r/{entry.number}/{entry.code().code}" in chat["text"]
    return [chat["text"], f"{mail['subject']}\n{mail['text']}"]


@pytest.mark.parametrize(
    ("locale", "words"), [("id", "Masih kurang 10.03 USDT"), ("en", "10.03 USDT are still missing")]
)
async def test_too_little_says_how_much_is_missing_until_when_and_where(
    connected: NotificationDriver, stage: Stage, locale: str, words: str
) -> None:
    entry = connected.new_entry(runner("Ani"))
    event = underpaid(entry, at=connected.clock())
    deadline = moment(event.expires_at, ZoneInfo("Asia/Jakarta"), Locale(locale))
    for text in await texts(connected, stage, locale, event, entry):
        assert words in text
        assert "11 USDT" in text
        assert "BNB Smart Chain" in text
        assert ADDRESS in text
        assert deadline in text
        assert "Ani" in text


@pytest.mark.parametrize(("locale", "words"), [("id", "mengirimnya kembali"), ("en", "sends it back")])
@pytest.mark.parametrize("why", list(UsdtKeptReason))
async def test_kept_money_says_why_and_that_it_goes_back(
    connected: NotificationDriver, stage: Stage, locale: str, words: str, why: UsdtKeptReason
) -> None:
    entry = connected.new_entry()
    for text in await texts(connected, stage, locale, kept(entry, why), entry):
        assert words in text
        assert "8.97 USDT" in text
        assert reason(f"{USDT_KEPT}{why}", Locale(locale)) in text


@pytest.mark.parametrize(("locale", "words"), [("id", "dibatalkan oleh jaringan"), ("en", "undone by the network")])
async def test_a_transfer_that_is_gone_says_which_and_what_to_do(
    connected: NotificationDriver, stage: Stage, locale: str, words: str
) -> None:
    entry = connected.new_entry()
    for text in await texts(connected, stage, locale, taken_back(entry, at=connected.clock()), entry):
        assert words in text
        assert "21.03 USDT" in text
        assert "Polygon" in text
        assert TX_HASH in text


@pytest.mark.parametrize("locale", list(Locale))
def test_every_reason_has_a_text_and_one_of_a_newer_release_none(locale: Locale) -> None:
    words = {reason(f"{USDT_KEPT}{why}", locale) for why in UsdtKeptReason}
    assert len(words - {""}) == len(UsdtKeptReason)
    assert reason(f"{USDT_KEPT}of_tomorrow", locale) == ""
    assert reason("paid twice", locale) == "paid twice"


def test_amounts_and_networks_are_written_as_on_our_pages() -> None:
    assert [usdt(Decimal(each)) for each in ("20.000000", "1250.5", "0.1")] == ["20 USDT", "1250.5 USDT", "0.1 USDT"]
    assert [network(each) for each in ("bsc", "polygon", "optimism", "")] == [
        "BNB Smart Chain",
        "Polygon",
        "Optimism",
        "",
    ]


# --- once, in any order


async def test_each_fact_is_one_message_however_often_and_in_whatever_order_its_events_come(
    driver: NotificationDriver,
) -> None:
    now, transfer = driver.clock(), uuid4()
    for order in permutations(range(4)):
        entry = await driver.register()
        payloads = [
            underpaid(entry, "11", "10.03", at=now),
            underpaid(entry, "16", "5.03", at=now + timedelta(minutes=1)),
            taken_back(entry, at=now + timedelta(minutes=2)),
            kept(entry, transfer=transfer),
        ]
        await driver.deliver_all(*(payloads[index] for index in order), *payloads)
        statuses = sorted(await about_usdt(driver, entry))
        assert statuses == [
            (KEPT, "pending"),
            (TAKEN_BACK, "pending"),
            (UNDERPAID, "pending"),
            (UNDERPAID, "skipped"),
        ]
        pending = await driver.rows(
            "SELECT context -> 'usdt' ->> 'amount' AS amount FROM notifications WHERE registration_id = :id"
            " AND event_type = :kind AND status = 'pending' AND channel = 'email'",
            id=entry.id,
            kind=UNDERPAID,
        )
        assert pending == [{"amount": "16"}]


async def test_a_decision_that_is_published_again_is_one_message(driver: NotificationDriver) -> None:
    entry, now = await driver.register(), driver.clock()
    for amount in ("11", "11.000000"):
        await driver.deliver(underpaid(entry, amount, at=now))
    assert await about_usdt(driver, entry) == [(UNDERPAID, "pending")]


async def test_a_sum_that_was_taken_back_and_arrives_again_is_another_message(driver: NotificationDriver) -> None:
    entry, now = await driver.register(), driver.clock()
    await driver.deliver_all(
        underpaid(entry, "11", at=now),
        taken_back(entry, at=now + timedelta(minutes=1)),
        underpaid(entry, "11", at=now + timedelta(minutes=2)),
    )
    assert sorted(await about_usdt(driver, entry)) == [
        (TAKEN_BACK, "skipped"),
        (UNDERPAID, "pending"),
        (UNDERPAID, "skipped"),
    ]


async def test_an_older_sum_that_failed_is_not_sent_after_a_newer_one(driver: NotificationDriver) -> None:
    entry, now = await driver.register(), driver.clock()
    await driver.deliver(underpaid(entry, at=now))
    await driver.execute("UPDATE notifications SET status = 'failed', failed_reason = 'x' WHERE status = 'pending'")
    await driver.deliver(underpaid(entry, "16", "5.03", at=now + timedelta(minutes=1)))
    assert await driver.retry_failed() == {"retried": 2}, "how to pay, on both channels"


async def test_a_transfer_that_came_back_before_it_was_sent_is_skipped(driver: NotificationDriver) -> None:
    """More arrived since: the newer message says what is missing."""
    entry, now = await driver.register(), driver.clock()
    await driver.deliver_all(taken_back(entry, at=now), underpaid(entry, "16", "5.03", at=now + timedelta(minutes=1)))
    assert await about_usdt(driver, entry) == [(TAKEN_BACK, "skipped"), (UNDERPAID, "pending")]


# --- until the registration is paid, or ends


@pytest.mark.parametrize("end", ["confirmed", "expired", "cancelled"])
@pytest.mark.parametrize("late", [True, False])
async def test_what_is_missing_is_skipped_after_the_end(driver: NotificationDriver, end: str, *, late: bool) -> None:
    entry = await driver.register()
    events = [underpaid(entry, at=driver.clock()), getattr(entry, end)()]
    await driver.deliver_all(*(reversed(events) if late else events))
    assert await about_usdt(driver, entry) == [(UNDERPAID, "skipped")]


async def test_what_is_missing_is_not_sent_after_the_deadline(driver: NotificationDriver) -> None:
    entry = await driver.register()
    await driver.deliver(underpaid(entry, at=driver.clock() - timedelta(hours=6)))
    assert await about_usdt(driver, entry) == [(UNDERPAID, "skipped")]


@pytest.mark.parametrize(("settled", "status"), [(True, "pending"), (False, "skipped")])
@pytest.mark.parametrize("late", [True, False])
async def test_a_transfer_that_is_gone_is_sent_to_a_confirmed_registration_only_if_it_had_paid(
    driver: NotificationDriver, status: str, *, settled: bool, late: bool
) -> None:
    entry = await driver.register()
    events = [entry.confirmed(), taken_back(entry, at=driver.clock(), settled=settled)]
    await driver.deliver_all(*(events if late else reversed(events)))
    assert await about_usdt(driver, entry) == [(TAKEN_BACK, status)]


@pytest.mark.parametrize("end", ["confirmed", "expired", "cancelled"])
async def test_kept_money_is_sent_whatever_the_registration_is_and_after_the_race(
    driver: NotificationDriver, end: str
) -> None:
    entry = await driver.register()
    await driver.deliver_all(getattr(entry, end)(), kept(entry))
    assert await about_usdt(driver, entry) == [(KEPT, "pending")]
    driver.clock.advance(timedelta(days=(RACE.event_date - driver.clock().date()).days + 2))
    await driver.deliver(kept(entry))
    assert await about_usdt(driver, entry) == [(KEPT, "pending"), (KEPT, "pending")]


async def test_only_the_person_in_charge_is_written_to(driver: NotificationDriver) -> None:
    entry = await driver.register(runner("Ani"), runner("Bima", is_pic=False))
    await driver.deliver(kept(entry))
    found = await driver.rows("SELECT DISTINCT participant_id FROM notifications WHERE event_type = :kind", kind=KEPT)
    assert found == [{"participant_id": entry.pic.participant_id}]
