"""An offer's time begins when notification has confirmed it."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from contracts import Event, WaitlistOffered
from registration.entries.expiry import DEADLINES_WAIT
from registration.waitlist import deadlines
from structlog.testing import capture_logs

from .registration_driver import RegistrationDriver
from .registration_marks import Sweeps, offer_received
from .waitlist_driver import WaitlistDriver

MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE
TIME = 12 * HOUR


@pytest.fixture
def sweeps(driver: RegistrationDriver) -> Sweeps:
    return Sweeps.of(driver)


Offers = tuple[dict[str, Any], dict[str, Any], Event[WaitlistOffered]]


@pytest.fixture
async def offered(driver: RegistrationDriver, waitlist: WaitlistDriver) -> Offers:
    """Return the entry with an offer, the next one, and the event that notification has not confirmed yet."""
    return await an_offer(driver, waitlist)


async def an_offer(driver: RegistrationDriver, waitlist: WaitlistDriver, **fields: Any) -> Offers:
    [taken] = await waitlist.sell_out(**fields)
    first, second = await waitlist.join(), await waitlist.join()
    await driver.cancel(taken["registration_id"])
    [event] = await driver.published(WaitlistOffered)
    return first, second, event


async def rounds(driver: RegistrationDriver, sweeps: Sweeps, count: int = 3) -> None:
    """Have the worker process deadlines and waiting lists."""
    for _ in range(count):
        await sweeps.round()
        await sweeps.deadlines.process_waitlists()
        driver.clock.advance(31 * MINUTE / 60)


async def newest(driver: RegistrationDriver) -> WaitlistOffered:
    payload: WaitlistOffered = (await driver.published(WaitlistOffered))[-1].payload
    return payload


async def test_an_offer_that_notification_confirmed_expires_at_its_end(
    driver: RegistrationDriver, waitlist: WaitlistDriver, sweeps: Sweeps, offered: Offers
) -> None:
    first, second, event = offered
    await driver.redeliver(offer_received(event, driver.clock()))
    driver.clock.advance(TIME + 3 * MINUTE)
    await rounds(driver, sweeps)
    assert await waitlist.statuses(first, second) == ["expired", "offered"]


@pytest.mark.parametrize(
    ("past", "statuses"), [(23 * HOUR, ["offered", "waiting"]), (25 * HOUR, ["expired", "offered"])]
)
async def test_an_offer_that_was_not_confirmed_keeps_its_place_for_a_day(
    driver: RegistrationDriver,
    waitlist: WaitlistDriver,
    sweeps: Sweeps,
    offered: Offers,
    past: timedelta,
    statuses: list[str],
) -> None:
    first, second, _ = offered
    driver.clock.advance(TIME + past)
    await rounds(driver, sweeps)
    assert await waitlist.statuses(first, second) == statuses


async def test_an_offer_confirmed_after_its_end_is_renewed_for_its_whole_time(
    driver: RegistrationDriver, waitlist: WaitlistDriver, sweeps: Sweeps, offered: Offers
) -> None:
    first, second, event = offered
    driver.clock.advance(20 * HOUR)
    await driver.redeliver(offer_received(event, driver.clock()))
    await rounds(driver, sweeps, 1)
    renewed = await newest(driver)
    assert renewed.registration_id == event.payload.registration_id
    assert renewed.revision == event.payload.revision + 1
    assert abs(renewed.offer_expires_at - (driver.clock() + TIME)) < MINUTE

    driver.clock.advance(TIME - 5 * MINUTE)
    await rounds(driver, sweeps)
    assert await waitlist.statuses(first, second) == ["offered", "waiting"]
    await waitlist.accept(first)


async def test_a_renewed_offer_that_expires_goes_to_the_next(
    driver: RegistrationDriver, waitlist: WaitlistDriver, sweeps: Sweeps, offered: Offers
) -> None:
    first, second, event = offered
    driver.clock.advance(20 * HOUR)
    await driver.redeliver(offer_received(event, driver.clock()))
    await rounds(driver, sweeps, 1)
    await driver.redeliver(offer_received((await driver.published(WaitlistOffered))[-1], driver.clock()))
    driver.clock.advance(TIME + 3 * MINUTE)
    await rounds(driver, sweeps)
    assert await waitlist.statuses(first, second) == ["expired", "offered"]
    assert len([who for who in await waitlist.offered_to() if who == first["waitlist_id"]]) <= 1


@pytest.mark.parametrize(("delay", "moved"), [(4 * MINUTE, False), (6 * MINUTE, True)])
async def test_a_normal_delay_changes_nothing(
    driver: RegistrationDriver,
    waitlist: WaitlistDriver,
    offered: Offers,
    sweeps: Sweeps,
    *,
    delay: timedelta,
    moved: bool,
) -> None:
    first, _, event = offered
    driver.clock.advance(delay)
    await driver.redeliver(offer_received(event, driver.clock()))
    await sweeps.deadlines.process_waitlists()
    ends = datetime.fromisoformat((await waitlist.show(first))["offer_expires_at"])
    assert (ends > event.payload.offer_expires_at) is moved


async def test_a_repeated_confirmation_gives_no_more_time(
    driver: RegistrationDriver, waitlist: WaitlistDriver, sweeps: Sweeps, offered: Offers
) -> None:
    first, _, event = offered
    await driver.redeliver(offer_received(event, driver.clock()))
    driver.clock.advance(HOUR)
    await driver.redeliver(offer_received(event, driver.clock()))
    await sweeps.deadlines.process_waitlists()
    assert (await newest(driver)).offer_expires_at == event.payload.offer_expires_at
    assert datetime.fromisoformat((await waitlist.show(first))["offer_expires_at"]) == event.payload.offer_expires_at


async def test_a_confirmation_of_an_older_revision_does_not_count(
    driver: RegistrationDriver, waitlist: WaitlistDriver, sweeps: Sweeps, offered: Offers
) -> None:
    """The offer was renewed; what comes late is about the one before."""
    first, second, event = offered
    driver.clock.advance(20 * HOUR)
    await driver.redeliver(offer_received(event, driver.clock()))
    await rounds(driver, sweeps, 1)
    await driver.redeliver(offer_received(event, driver.clock()))
    driver.clock.advance(TIME + HOUR)
    await rounds(driver, sweeps)
    assert await waitlist.statuses(first, second) == ["offered", "waiting"]


async def test_a_confirmation_by_a_clock_that_is_ahead_gives_no_time(
    driver: RegistrationDriver, waitlist: WaitlistDriver, sweeps: Sweeps, offered: Offers
) -> None:
    """It would give some again and again."""
    first, second, event = offered
    await driver.redeliver(offer_received(event, driver.clock() + HOUR))
    await sweeps.deadlines.process_waitlists()
    driver.clock.advance(TIME + 3 * MINUTE)
    await rounds(driver, sweeps)
    assert await waitlist.statuses(first, second) == ["expired", "offered"]


async def test_no_offer_is_longer_than_registration_is_open(
    driver: RegistrationDriver, waitlist: WaitlistDriver, sweeps: Sweeps
) -> None:
    closes_at = driver.clock() + 30 * HOUR
    _, _, event = await an_offer(driver, waitlist, registration_close_at=closes_at.isoformat())
    driver.clock.advance(25 * HOUR)
    await driver.redeliver(offer_received(event, driver.clock()))
    await rounds(driver, sweeps, 1)
    assert (await newest(driver)).offer_expires_at == closes_at


Ending = Callable[[WaitlistDriver, dict[str, Any]], Awaitable[Any]]


@pytest.mark.parametrize("end", [WaitlistDriver.accept, WaitlistDriver.withdraw])
async def test_an_offer_that_ended_is_not_changed_by_its_confirmation(
    driver: RegistrationDriver, waitlist: WaitlistDriver, sweeps: Sweeps, offered: Offers, end: Ending
) -> None:
    first, _, event = offered
    await end(waitlist, first)
    before = await waitlist.show(first)
    driver.clock.advance(HOUR)
    await driver.redeliver(offer_received(event, driver.clock()))
    await sweeps.deadlines.process_waitlists()
    assert await waitlist.show(first) == before


@pytest.mark.parametrize(("past", "warned"), [(5 * MINUTE, False), (15 * MINUTE, True)])
async def test_offers_that_wait_for_confirmation_are_measured_and_logged(
    driver: RegistrationDriver, sweeps: Sweeps, offered: Offers, past: timedelta, *, warned: bool
) -> None:
    driver.clock.advance(TIME + past)
    with capture_logs() as logs:
        await sweeps.deadlines.report()
    assert DEADLINES_WAIT._value.get() == pytest.approx((past - 2 * MINUTE).total_seconds(), abs=60)
    assert [each["event"] for each in logs] == (["deadlines_wait"] if warned else [])


async def test_late_offers_that_are_not_renewed_yet_do_not_expire(
    driver: RegistrationDriver, waitlist: WaitlistDriver, sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many offers of a category were confirmed after their end; one call renews some of them."""
    monkeypatch.setattr(deadlines, "_RENEWED_AT_ONCE", 1)
    taken = await waitlist.sell_out(quota=3)
    entries = [await waitlist.join() for _ in taken]
    for entry in taken:
        await driver.cancel(entry["registration_id"])
    offers = await driver.published(WaitlistOffered)
    driver.clock.advance(TIME + HOUR)
    await sweeps.rounds()
    for event in offers:
        await driver.redeliver(offer_received(event, driver.clock()))

    await sweeps.deadlines.process_waitlists()

    assert await waitlist.statuses(*entries) == ["offered"] * 3
    await rounds(driver, sweeps)
    ends = [datetime.fromisoformat((await waitlist.show(entry))["offer_expires_at"]) for entry in entries]
    assert min(ends) > driver.clock() + TIME - HOUR
