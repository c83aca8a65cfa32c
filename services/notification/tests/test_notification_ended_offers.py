"""Offers that end without being accepted: a pending one is skipped, and after a sent one its end is sent."""

from itertools import permutations
from typing import Any

import pytest
from chassis.errors import NotYet
from contracts import WaitlistEnd, WaitlistEnded
from notification.messages.rules import Locale
from notification.templates.formatting import OFFER_ENDED, reason
from simulators.testing import Stage

from .notification_driver import NotificationDriver
from .notification_events import Entry, offered, runner

OFFERED, ENDED, CREATED = "waitlist.offered", "waitlist.ended", "registration.created"


def ended(entry: Entry, why: Any = WaitlistEnd.LAPSED, *, revision: int = 1) -> WaitlistEnded:
    """Return the event of the end of an offer."""
    return WaitlistEnded(registration_id=entry.id, revision=revision, reason=why)


@pytest.mark.parametrize("why", list(WaitlistEnd))
async def test_an_offer_that_ended_before_it_was_sent_is_skipped(
    connected: NotificationDriver, why: WaitlistEnd
) -> None:
    entry = connected.new_entry()
    await connected.deliver_all(offered(entry), ended(entry, why))
    assert await _statuses_in_the_end(connected, entry) == [(OFFERED, "skipped")]


async def _statuses_in_the_end(driver: NotificationDriver, entry: Entry) -> list[tuple[str, str]]:
    """Send all that is due; return what became of the messages."""
    await driver.lift_limits()
    await driver.send_due()
    return await driver.statuses_of(entry)


async def test_after_an_offer_was_sent_its_end_is_sent_with_the_reason(
    connected: NotificationDriver, stage: Stage
) -> None:
    await connected.lift_limits()
    entry = connected.new_entry(runner("Ani"))
    await connected.deliver(offered(entry))
    await connected.send_due()
    over = ended(entry, WaitlistEnd.CLOSED)
    await connected.deliver_all(over, over)
    await connected.send_due()
    assert await connected.statuses_of(entry) == [(OFFERED, "sent"), (ENDED, "sent")]
    for place in ("whatsapp", "mail"):
        [text] = [item["text"] for item in await stage.items(place) if "sudah berakhir" in item["text"]]
        assert "Alasan: pendaftaran sudah ditutup" in text


@pytest.mark.parametrize("locale", list(Locale))
def test_every_reason_of_an_end_has_a_text_and_one_of_a_newer_release_none(locale: Locale) -> None:
    words = {reason(f"{OFFER_ENDED}{why}", locale) for why in WaitlistEnd}
    assert len(words) == len(WaitlistEnd)
    assert "" not in words
    assert reason(f"{OFFER_ENDED}moved", locale) == ""
    assert reason("closed", locale) == "closed"


async def test_an_end_waits_for_its_offer(connected: NotificationDriver) -> None:
    entry = connected.new_entry()
    with pytest.raises(NotYet):
        await connected.deliver(ended(entry))
    await connected.deliver_all(offered(entry), ended(entry))
    assert await _statuses_in_the_end(connected, entry) == [(OFFERED, "skipped")]


async def test_an_offer_published_again_after_its_end_stays_over(connected: NotificationDriver) -> None:
    for order in permutations([1, 2]):
        entry = connected.new_entry()
        corrected = offered(entry).model_copy(update={"revision": 1})
        await connected.deliver(offered(entry))
        await connected.deliver_all(*(corrected if each == 1 else ended(entry, revision=2) for each in order))
        assert await _statuses_in_the_end(connected, entry) == [(OFFERED, "skipped")]


async def test_an_end_changes_nothing_for_who_took_the_offer(driver: NotificationDriver) -> None:
    entry = driver.new_entry()
    await driver.deliver_all(offered(entry), entry.created(), ended(entry))
    assert await driver.statuses_of(entry) == [(OFFERED, "skipped"), (CREATED, "pending")]


async def test_events_of_a_registration_wait_after_an_offer_ended(driver: NotificationDriver) -> None:
    entry = driver.new_entry()
    await driver.deliver_all(offered(entry), ended(entry))
    with pytest.raises(NotYet):
        await driver.deliver(entry.confirmed())


async def test_a_failed_offer_that_ended_is_not_sent_again(driver: NotificationDriver) -> None:
    entry = driver.new_entry()
    await driver.deliver(offered(entry))
    await driver.execute("UPDATE notifications SET status = 'failed', failed_reason = 'nobody there'")
    await driver.deliver(ended(entry))
    await driver.retry_failed()
    assert await driver.statuses_of(entry) == [(OFFERED, "failed")]
